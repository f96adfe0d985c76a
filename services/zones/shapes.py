"""The area a zone covers, from what draws it: polygons, or lines with a width. (latitude, longitude) in degrees x 10^7."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import cast, overload

import numpy as np
import shapely

from geo.position import Position
from geo.shapes import HALF_TURN_E7, TURN_E7, Corridor, MultiPolygon, Ring, ShapeError, from_geometry

Line = tuple[Position, ...]
Polygon = tuple[Line, ...]  # an outer ring, then its holes


class DrawnLine(Sequence[Position]):
    """A line as it is kept: eight bytes a point, where a tuple of positions takes some 130. Equal to the tuple of the same points."""

    __slots__ = ("flat",)

    def __init__(self, flat: array[int]) -> None:
        self.flat = flat  # latitude, longitude, latitude ...

    @classmethod
    def of(cls, flat: list[int]) -> Line:
        """For whoever wants a line: a tuple in all but its type. ``OverflowError`` for what is no position."""
        return cast(Line, cls(array("i", flat)))

    def __len__(self) -> int:
        return len(self.flat) // 2

    @overload
    def __getitem__(self, place: int) -> Position: ...

    @overload
    def __getitem__(self, place: slice) -> Line: ...

    def __getitem__(self, place: int | slice) -> Position | Line:
        return tuple(self)[place]

    def __iter__(self) -> Iterator[Position]:
        return map(Position, self.flat[::2], self.flat[1::2])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DrawnLine):
            return self.flat == other.flat
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def area_of_zone(
    polygons: Iterable[Polygon], lines: Sequence[Line], width_dm: int, *, is_checked: bool = False
) -> MultiPolygon:
    """The valid area of either; lines that overlap become one. Raises ``ShapeError`` saying what is wrong.

    What polygons draw need not be looked at again when it ``is_checked``.
    """
    if not lines:
        area = MultiPolygon.of(*([_rows(ring) for ring in polygon] for polygon in polygons))
        if not is_checked:
            area.check()
        return area
    corridors = [Corridor(line, width_dm / 10).area() for line in lines]
    if len(corridors) == 1:
        return corridors[0]
    west = corridors[0].box[1]
    if any(abs(corridor.box[1] - west) > 10**9 for corridor in corridors):
        raise ShapeError("the bores of one tunnel lie side by side")
    return from_geometry(shapely.union_all([corridor.to_geometry() for corridor in corridors]))


def _rows(ring: Line) -> Ring:
    return np.frombuffer(ring.flat, dtype=np.int32).reshape(-1, 2) if isinstance(ring, DrawnLine) else ring


def polygons_of(area: MultiPolygon) -> tuple[Polygon, ...]:
    """The polygons that draw the area, rings open."""
    polygons: dict[int, list[Line]] = {}
    for ring, number in enumerate(area.ring_polygon.tolist()):
        points = slice(int(area.ring_offset[ring]), int(area.ring_offset[ring + 1]) - 1)
        places = zip(area.latitude_e7[points].tolist(), area.longitude_e7[points].tolist(), strict=True)
        line = tuple(Position(up, (along + HALF_TURN_E7) % TURN_E7 - HALF_TURN_E7) for up, along in places)
        polygons.setdefault(number, []).append(line)
    return tuple(tuple(rings) for rings in polygons.values())
