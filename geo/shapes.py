"""Areas on the map with exact membership: edges are straight lines in integer degrees x 10^7, (latitude, longitude).

The edges are *defined* as planar in these integers, so a point is inside, outside or on the boundary without any rounding.
The boundary belongs to the area. Longitudes are unwrapped: an area over the date line runs past 180 degrees, and two
consecutive points are joined the short way round.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
import shapely.geometry

from geo.position import E7, EARTH_RADIUS_M, Position

Int64s = npt.NDArray[np.int64]
Ring = Sequence[Position] | npt.NDArray[np.integer[Any]]  # or rows of (latitude, longitude)

TURN_E7 = 360 * E7
HALF_TURN_E7 = 180 * E7
METRES_PER_E7 = EARTH_RADIUS_M * np.pi / 180 / E7  # one unit of latitude, 1.1 cm


class ShapeError(ValueError):
    """This is not an area: too few points, a crossing of itself, or half the globe and more."""


@dataclass(frozen=True, eq=False, slots=True)
class MultiPolygon:
    """Polygons with holes as flat arrays. Every ring is closed (its first point is repeated) and unwrapped.

    Points of ring ``r`` are ``[ring_offset[r]:ring_offset[r + 1]]``; ``ring_polygon[r]`` numbers its polygon, whose first
    ring is the outer one. A point is inside when it lies on an edge or an odd number of edges passes beside it.
    """

    latitude_e7: Int64s
    longitude_e7: Int64s
    ring_offset: Int64s
    ring_polygon: Int64s

    @classmethod
    def of(cls, *polygons: Sequence[Ring]) -> MultiPolygon:
        """From polygons, each an outer ring and its holes, closed or not. ``ShapeError`` unless they span less than 180 degrees."""
        rings = [(number, _ring(ring)) for number, polygon in enumerate(polygons) for ring in polygon]
        if not rings:
            raise ShapeError("an area needs at least one ring")
        if len(rings) > 1:
            _align(rings)
        shape = cls(
            latitude_e7=np.concatenate([ring[0] for _, ring in rings]),
            longitude_e7=np.concatenate([ring[1] for _, ring in rings]),
            ring_offset=np.cumsum([0, *(len(ring[0]) for _, ring in rings)]),
            ring_polygon=np.array([number for number, _ in rings], dtype=np.int64),
        )
        if int(shape.longitude_e7.max()) - int(shape.longitude_e7.min()) >= HALF_TURN_E7:
            raise ShapeError("an area spans less than 180 degrees of longitude")
        return shape

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(south, west, north, east); west lies in +-180 degrees, give or take unwrapping."""
        latitudes, longitudes = self.latitude_e7, self.longitude_e7
        return int(latitudes.min()), int(longitudes.min()), int(latitudes.max()), int(longitudes.max())

    def contains(self, position: Position) -> bool:
        """Whether the point is inside or on the boundary; exact, in plain integers."""
        south, west, north, east = self.box
        if not south <= position.latitude_e7 <= north:
            return False
        longitude = west + (position.longitude_e7 - west) % TURN_E7
        return longitude <= east and _is_inside(self.edges(), position.latitude_e7, longitude)

    def edges(self) -> list[tuple[int, int, int, int]]:
        """Every edge as (latitude, longitude, latitude, longitude), unwrapped."""
        starts = self.edge_starts()
        columns = (self.latitude_e7, self.longitude_e7)
        return list(
            zip(*(column[starts + end].tolist() for end in (0, 1) for column in columns), strict=True),
        )

    def edge_starts(self) -> Int64s:
        """Indexes of points that an edge leaves: all but the last of every ring."""
        keep = np.ones(len(self.latitude_e7), dtype=bool)
        keep[self.ring_offset[1:] - 1] = False
        return np.flatnonzero(keep)

    def distance_m(self, position: Position) -> float:
        """Metres from a point to the nearest edge on a plane touching at the point: within 1 % up to 50 km at 60 degrees."""
        middle = (int(self.longitude_e7.min()) + int(self.longitude_e7.max())) // 2
        turn = round((middle - position.longitude_e7) / TURN_E7) * TURN_E7
        x = (self.longitude_e7 - (position.longitude_e7 + turn)) * np.cos(np.radians(position.latitude))
        y = (self.latitude_e7 - position.latitude_e7).astype(np.float64)
        ax, ay, dx, dy = x[:-1], y[:-1], np.diff(x), np.diff(y)
        along = np.minimum(np.maximum(-(ax * dx + ay * dy) / np.maximum(dx * dx + dy * dy, 1e-9), 0.0), 1.0)
        away = np.hypot(ax + along * dx, ay + along * dy)
        if len(self.ring_offset) > 2:
            away = away[self.edge_starts()]  # no edge joins two rings
        return float(away.min() * METRES_PER_E7)

    def half_width_m(self) -> float:
        """Area by length of the edge in metres: half the width of a strip, half the radius of a disk, less where there are holes."""
        starts = self.edge_starts()
        scale = math.cos(math.radians(int(self.latitude_e7.min() + self.latitude_e7.max()) / 2 / E7))
        x = (self.longitude_e7 - int(self.longitude_e7.min())) * scale
        y = (self.latitude_e7 - int(self.latitude_e7.min())).astype(np.float64)
        length = np.hypot(x[starts + 1] - x[starts], y[starts + 1] - y[starts]).sum()
        return float(self.to_geometry().area * scale / length * METRES_PER_E7) if length else 0.0

    def to_geometry(self) -> shapely.geometry.base.BaseGeometry:
        """The same area for shapely, x = longitude and y = latitude in degrees x 10^7, unwrapped."""
        parts: dict[int, list[npt.NDArray[np.int64]]] = {}
        for ring, number in enumerate(self.ring_polygon.tolist()):
            points = slice(int(self.ring_offset[ring]), int(self.ring_offset[ring + 1]))
            xy = np.column_stack([self.longitude_e7[points], self.latitude_e7[points]])
            parts.setdefault(number, []).append(xy)
        polygons = [shapely.geometry.Polygon(rings[0], rings[1:]) for rings in parts.values()]
        return polygons[0] if len(polygons) == 1 else shapely.geometry.MultiPolygon(polygons)

    def check(self) -> None:
        """``ShapeError`` saying where, unless rings are simple, holes lie inside and polygons apart."""
        geometry = self.to_geometry()
        if not shapely.is_valid(geometry):
            raise ShapeError(shapely.is_valid_reason(geometry))


@dataclass(frozen=True, slots=True)
class Corridor:
    """A road or pipeline with room on both sides: everything within half of ``width_m`` of the line, ends rounded off."""

    line: tuple[Position, ...]
    width_m: float

    def __post_init__(self) -> None:
        if len(self.line) < 2 or self.width_m <= 0:
            raise ShapeError("a corridor needs two points and a width")

    def area(self) -> MultiPolygon:
        """The area of the corridor; this polygon, not the line, is what decides. Width within 1 % over 50 km north to south."""
        latitudes = np.array([point.latitude_e7 for point in self.line], dtype=np.float64)
        longitudes = _unwrapped([point.longitude_e7 for point in self.line])
        scale = max(0.01, float(np.cos(np.radians((latitudes.min() + latitudes.max()) / 2 / E7))))
        if len(set(zip(latitudes.tolist(), longitudes.tolist(), strict=True))) == 1:
            flat = shapely.Point(longitudes[0] * scale, latitudes[0])
        else:
            flat = shapely.LineString(np.column_stack([longitudes * scale, latitudes]))
        wide = flat.buffer(self.width_m / 2 / METRES_PER_E7, quad_segs=4)
        return from_geometry(shapely.transform(wide, lambda xy: xy / [scale, 1.0]))


Shape = MultiPolygon | Corridor


def area_of(shape: Shape) -> MultiPolygon:
    """What decides membership: the polygon itself, or the one a corridor draws."""
    return shape.area() if isinstance(shape, Corridor) else shape


def from_geometry(geometry: shapely.geometry.base.BaseGeometry) -> MultiPolygon:
    """From a shapely (multi)polygon in degrees x 10^7, rounded to whole units without losing validity; ``ShapeError`` if nothing is left."""
    whole = shapely.set_precision(geometry, 1.0)
    polygons = [part for part in getattr(whole, "geoms", [whole]) if part.geom_type == "Polygon" and not part.is_empty]
    rings = [[_positions(ring.coords) for ring in (part.exterior, *part.interiors)] for part in polygons]
    return MultiPolygon.of(*rings)


def _positions(coordinates: Any) -> list[Position]:
    return [Position(round(y), _wrapped(round(x))) for x, y in coordinates]


def _wrapped(longitude_e7: int) -> int:
    """The same meridian in +-180 degrees."""
    return longitude_e7 if abs(longitude_e7) <= HALF_TURN_E7 else (longitude_e7 + HALF_TURN_E7) % TURN_E7 - HALF_TURN_E7


def from_geojson(geometry: Mapping[str, Any]) -> MultiPolygon:
    """From a GeoJSON Polygon or MultiPolygon ([longitude, latitude] in degrees). ``ShapeError`` for anything that is not a valid area."""
    try:
        kind, coordinates = geometry["type"], geometry["coordinates"]
        polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}[kind]
        rings = [
            [[Position.from_degrees(float(point[1]), float(point[0])) for point in ring] for ring in polygon]
            for polygon in polygons
        ]
    except ShapeError:
        raise
    except (KeyError, TypeError, IndexError, ValueError) as problem:
        raise ShapeError(f"not a GeoJSON area: {problem}") from problem
    shape = MultiPolygon.of(*rings)
    shape.check()
    return shape


def to_geojson(shape: MultiPolygon) -> dict[str, Any]:
    """A GeoJSON MultiPolygon with [longitude, latitude] in degrees; longitudes past 180 are wrapped back, point by point."""
    polygons: dict[int, list[list[list[float]]]] = {}
    for ring, number in enumerate(shape.ring_polygon.tolist()):
        points = slice(int(shape.ring_offset[ring]), int(shape.ring_offset[ring + 1]))
        pairs = zip(shape.longitude_e7[points].tolist(), shape.latitude_e7[points].tolist(), strict=True)
        polygons.setdefault(number, []).append([[_wrapped(x) / E7, y / E7] for x, y in pairs])
    return {"type": "MultiPolygon", "coordinates": list(polygons.values())}


def _ring(points: Ring) -> tuple[Int64s, Int64s]:
    """Closed and unwrapped; ``ShapeError`` below three distinct points."""
    rows = points if isinstance(points, np.ndarray) else [(point.latitude_e7, point.longitude_e7) for point in points]
    latitudes, longitudes = np.array(rows, dtype=np.int64).reshape(-1, 2).T.copy()
    if len(set((latitudes * TURN_E7 + longitudes).tolist())) < 3:
        raise ShapeError("a ring needs three distinct points")
    if latitudes[0] != latitudes[-1] or longitudes[0] != longitudes[-1]:
        latitudes, longitudes = np.append(latitudes, latitudes[0]), np.append(longitudes, longitudes[0])
    longitudes = _unwrapped(longitudes)
    if longitudes[0] != longitudes[-1]:
        raise ShapeError("a ring may not run round a pole")
    return latitudes, longitudes


def _unwrapped(longitudes_e7: Sequence[int] | Int64s) -> Int64s:
    """Each longitude moved by whole turns next to the one before it (+-180 degrees stays as given)."""
    values = np.array(longitudes_e7, dtype=np.int64)
    if len(values) and int(values.max()) - int(values.min()) <= HALF_TURN_E7:
        return values
    steps = np.diff(values)
    turns = np.where(steps > HALF_TURN_E7, -1, np.where(steps < -HALF_TURN_E7, 1, 0))
    values[1:] += np.cumsum(turns) * TURN_E7
    return values


def _align(rings: list[tuple[int, tuple[Int64s, Int64s]]]) -> None:
    """Move holes next to their outer ring and polygons next to the first one, by whole turns."""
    home: dict[int, int] = {}
    for number, (_, longitudes) in rings:
        middle = (int(longitudes.min()) + int(longitudes.max())) // 2
        target = home.get(number, home.get(0, middle))
        longitudes += round((target - middle) / TURN_E7) * TURN_E7
        home.setdefault(number, (int(longitudes.min()) + int(longitudes.max())) // 2)


def _is_inside(edges: Sequence[tuple[int, int, int, int]], latitude: int, longitude: int) -> bool:
    odd = False
    for a_latitude, a_longitude, b_latitude, b_longitude in edges:
        side = (b_longitude - a_longitude) * (latitude - a_latitude) - (b_latitude - a_latitude) * (
            longitude - a_longitude
        )
        if side == 0 and _between(a_latitude, latitude, b_latitude) and _between(a_longitude, longitude, b_longitude):
            return True
        if (a_latitude > latitude) != (b_latitude > latitude) and (side < 0) == (b_latitude < a_latitude):
            odd = not odd
    return odd


def _between(one: int, value: int, other: int) -> bool:
    return min(one, other) <= value <= max(one, other)
