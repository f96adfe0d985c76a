"""Boxes of positions as the database keeps and compares them."""

from __future__ import annotations

from collections.abc import Mapping

Box = tuple[int, int, int, int]  # south, west, north, east

SIDES = ("south", "west", "north", "east")
# In SQL, from the values that ``corners`` gives.
BOX = "box(point(CAST(:west AS float8), CAST(:south AS float8)), point(CAST(:east AS float8), CAST(:north AS float8)))"


def corners(box: Box) -> Mapping[str, int]:
    """The sides by their names."""
    return dict(zip(SIDES, box, strict=True))
