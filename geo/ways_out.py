"""Where one leaves areas without coming into others that lie beside or round them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

from geo.plane import Plane
from geo.position import Position
from geo.shapes import METRES_PER_E7, TURN_E7, MultiPolygon

Int64s = npt.NDArray[np.int64]

ROOM_M = 30.0  # a way out leads at least so far past the edge


def outskirts(area: MultiPolygon) -> tuple[Int64s, Int64s, Int64s, Int64s]:
    """Straight pieces round an area a little outside its edge: latitude and longitude of the beginning and of the end of each."""
    plane = _plane(area)
    rings = shapely.get_rings(_flat(area, plane).buffer(ROOM_M, quad_segs=2))
    pieces = [np.hstack((ring[:-1], ring[1:])) for ring in (shapely.get_coordinates(each) for each in rings)]
    x1, y1, x2, y2 = np.concatenate(pieces).T
    ends = [(_north(plane, y), _east(plane, x)) for x, y in ((x1, y1), (x2, y2))]
    return ends[0][0], ends[0][1], ends[1][0], ends[1][1]


def nearest_way_out(
    inside: Sequence[MultiPolygon], closed: Sequence[MultiPolygon], place: Position
) -> tuple[Position, float] | None:
    """The place nearest by air on the outer edge of what one is ``inside``, away from all that is ``closed``, and its distance in metres;
    None where closed areas wall it in on all sides."""
    plane = Plane.at(place)
    whole = shapely.union_all([_flat(area, plane) for area in inside])
    if len(inside) > 1:  # no gap between two that share a fence is a way out
        whole = whole.buffer(ROOM_M, join_style="mitre").buffer(-ROOM_M, join_style="mitre")
    edge = whole.boundary
    if closed:
        edge = edge.difference(shapely.union_all([_flat(area, plane) for area in closed]).buffer(ROOM_M, quad_segs=2))
    if edge.is_empty:
        return None
    here = shapely.Point(0.0, 0.0)
    nearest = shapely.get_coordinates(shapely.shortest_line(here, edge))[-1:]
    where = Position(int(_north(plane, nearest[:, 1])[0]), int(_east(plane, nearest[:, 0])[0]))
    return where, float(here.distance(edge))


def _plane(area: MultiPolygon) -> Plane:
    south, west, north, east = area.box
    return Plane.at(Position((south + north) // 2, ((west + east) // 2 + TURN_E7 // 2) % TURN_E7 - TURN_E7 // 2))


def _flat(area: MultiPolygon, plane: Plane) -> shapely.geometry.base.BaseGeometry:
    """In metres; the whole of it the short way round from the plane's place."""
    middle = (int(area.longitude_e7.min()) + int(area.longitude_e7.max())) // 2
    turn = round((middle - plane.longitude_e7) / TURN_E7) * TURN_E7
    origin = np.array([plane.longitude_e7 + turn, plane.latitude_e7])
    scale = np.array([METRES_PER_E7 * plane.narrowing, METRES_PER_E7])
    return shapely.transform(area.to_geometry(), lambda xy: (xy - origin) * scale)


def _north(plane: Plane, y: npt.NDArray[np.float64]) -> Int64s:
    return np.rint(y / METRES_PER_E7).astype(np.int64) + plane.latitude_e7


def _east(plane: Plane, x: npt.NDArray[np.float64]) -> Int64s:
    longitude = np.rint(x / (METRES_PER_E7 * plane.narrowing)).astype(np.int64) + plane.longitude_e7
    wrapped: Int64s = (longitude + TURN_E7 // 2) % TURN_E7 - TURN_E7 // 2
    return wrapped
