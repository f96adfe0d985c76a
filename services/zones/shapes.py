"""The area a zone covers, from what draws it: polygons, or lines with a width. (latitude, longitude) in degrees x 10^7."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import shapely

from geo.position import Position
from geo.shapes import HALF_TURN_E7, TURN_E7, Corridor, MultiPolygon, ShapeError, from_geometry

Line = tuple[Position, ...]
Polygon = tuple[Line, ...]  # an outer ring, then its holes


def area_of_zone(polygons: Iterable[Polygon], lines: Sequence[Line], width_dm: int) -> MultiPolygon:
    """The valid area of either; lines that overlap become one. Raises ``ShapeError`` saying what is wrong."""
    if not lines:
        area = MultiPolygon.of(*polygons)
        area.check()
        return area
    corridors = [Corridor(line, width_dm / 10).area() for line in lines]
    if len(corridors) == 1:
        return corridors[0]
    west = corridors[0].box[1]
    if any(abs(corridor.box[1] - west) > 10**9 for corridor in corridors):
        raise ShapeError("the bores of one tunnel lie side by side")
    return from_geometry(shapely.union_all([corridor.to_geometry() for corridor in corridors]))


def polygons_of(area: MultiPolygon) -> tuple[Polygon, ...]:
    """The polygons that draw the area, rings open."""
    polygons: dict[int, list[Line]] = {}
    for ring, number in enumerate(area.ring_polygon.tolist()):
        points = slice(int(area.ring_offset[ring]), int(area.ring_offset[ring + 1]) - 1)
        places = zip(area.latitude_e7[points].tolist(), area.longitude_e7[points].tolist(), strict=True)
        line = tuple(Position(up, (along + HALF_TURN_E7) % TURN_E7 - HALF_TURN_E7) for up, along in places)
        polygons.setdefault(number, []).append(line)
    return tuple(tuple(rings) for rings in polygons.values())
