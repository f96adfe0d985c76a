"""Which authority may publish a zone: one inside its own division, or one above. Pure.

What is checked: the division the zone states against that of the authority, and, where the operator has imported boundaries, the
shape against every known division that is neither the authority's nor around it. Land that no imported shape covers is not
checked by shape, and whether the authority is of the right kind is the access table's matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from geo.divisions import Divisions
from services.errors import Finding
from services.errors.zones import ZONE_OUTSIDE_DIVISION
from services.registry.relations import division_prefix
from services.zones.model import Zone
from services.zones.proposals import DEPTH_M, SHARE

NATIONAL = frozenset({"000000", "100000"})  # whole-country bodies stand above every division


def check_publisher(division: str, zone: Zone, divisions: Divisions, path: str) -> tuple[Finding, ...]:
    """What keeps an authority of that division from publishing the zone, or from changing it as it is known.

    A zone that states no division is judged by its shape alone.
    """
    if division in NATIONAL:
        return ()
    return (*_stated(division, zone, path), *_drawn(division, zone, divisions, path))


def _stated(division: str, zone: Zone, path: str) -> Iterator[Finding]:
    if zone.division_code and not _covers(division, zone.division_code):
        yield _outside(division, zone.division_code, f"{path}.division_code")


def _drawn(division: str, zone: Zone, divisions: Divisions, path: str) -> Iterator[Finding]:
    """By shape; wider divisions around the authority's own are no strangers."""
    if not len(divisions):
        return
    touched = divisions.touched_by(zone.area(), share=SHARE, depth_m=DEPTH_M)
    strange = [code for code in touched if not _covers(division, code) and not _covers(code, division)]
    if strange:
        yield _outside(division, "、".join(strange), path)


def _covers(wider: str, code: str) -> bool:
    prefix = division_prefix(wider)
    return bool(prefix) and code.startswith(prefix)


def _outside(division: str, found: str, path: str) -> Finding:
    return Finding(reason=ZONE_OUTSIDE_DIVISION, path=path, values={"division": found, "yours": division or "-"})
