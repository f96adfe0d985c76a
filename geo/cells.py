"""H3 cells and true covers: the only module that imports ``h3``. Cells are plain integers; coordinates degrees x 10^7.

A cover never misses a point: ``cell_of`` of every point of the thing covered is in it. It may hold a few neighbours more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import repeat

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import shapely
import shapely.affinity
from h3 import LatLngPoly

from geo.position import E7, EARTH_RADIUS_M, Position, distances_m
from geo.shapes import HALF_TURN_E7, METRES_PER_E7, TURN_E7, MultiPolygon

Cell = int
Int64s = npt.NDArray[np.int64]

# Extremes over whole resolutions, in mean edges: cells shrink and stretch over a face of the icosahedron (least edge 0.70,
# farthest corner 1.11, nearest rows of cells 1.04 apart); a test walks the worst places, the pentagons.
_LEAST_EDGE, _FARTHEST_CORNER, _LEAST_ROW = 0.69, 1.12, 1.0
_METRES_PER_DEGREE = METRES_PER_E7 * E7
_ROUNDED = 1.03  # a buffer's arcs of four pieces a quarter fall short by 2 %
_POLAR_DEGREES = 85.0  # beyond, cells are no planar polygons in degrees
_WIDEST_DEGREES = 60.0  # wider areas are covered strip by strip


def edge_m(resolution: int) -> float:
    """Mean edge length of the cells of a resolution."""
    return float(h3.average_hexagon_edge_length(resolution, "m"))


def corner_m(resolution: int) -> float:
    """No corner of a cell is farther from its centre than this."""
    return edge_m(resolution) * _FARTHEST_CORNER


def cell_area_m2(resolution: int) -> float:
    """Mean area of the cells of a resolution."""
    return float(h3.average_hexagon_area(resolution, "m^2"))


def cell_of(position: Position, resolution: int) -> Cell:
    """The cell that holds a point."""
    return int(h3.latlng_to_cell(position.latitude, position.longitude, resolution))


def cells_of(latitude_e7: Int64s, longitude_e7: Int64s, resolution: int) -> Int64s:
    """The cell that holds each point; longitudes may run past 180 degrees."""
    cells = map(h3.latlng_to_cell, (latitude_e7 / E7).tolist(), (longitude_e7 / E7).tolist(), repeat(resolution))
    return np.fromiter(cells, dtype=np.int64, count=len(latitude_e7))


def parent(cell: Cell, resolution: int) -> Cell:
    """The ancestor of a cell; not always the cell of that resolution a point of it lies in."""
    return int(h3.cell_to_parent(cell, resolution))


def parents(cells: Int64s, resolution: int) -> Int64s:
    """The ancestor of each cell; all must be at least as fine as ``resolution``."""
    unused_digits = (1 << 3 * (15 - resolution)) - 1
    return (cells & ~np.int64(0xF << 52)) | np.int64(resolution << 52) | np.int64(unused_digits)


def disk(cell: Cell, steps: int) -> frozenset[Cell]:
    """The cell and everything reached from it in so many steps."""
    return frozenset(h3.grid_disk(cell, steps))


def centres(cells: Int64s) -> tuple[Int64s, Int64s]:
    """Latitudes and longitudes of the centres, rounded."""
    degrees = np.array([h3.cell_to_latlng(cell) for cell in cells.tolist()], dtype=np.float64).reshape(-1, 2)
    rounded = np.rint(degrees * E7).astype(np.int64)
    return rounded[:, 0], rounded[:, 1]


def boundary(cell: Cell) -> tuple[Position, ...]:
    """Corners of a cell, counter-clockwise, for drawing."""
    return tuple(Position.from_degrees(latitude, longitude) for latitude, longitude in h3.cell_to_boundary(cell))


def cover_disk(centre: Position, radius_m: float, resolution: int) -> frozenset[Cell]:
    """Cells of every point within a radius."""
    reach = radius_m + corner_m(resolution)
    around = h3.grid_disk(cell_of(centre, resolution), _steps(reach + corner_m(resolution), resolution))
    cells = np.fromiter(around, dtype=np.int64)
    latitudes, longitudes = centres(cells)
    distances = distances_m(centre.latitude_e7, centre.longitude_e7, latitudes, longitudes)
    return frozenset(cells[distances <= reach].tolist())


def _steps(distance_m: float, resolution: int) -> int:
    """So many rings about a cell hold all cells whose centres are this near to its own."""
    return math.floor(distance_m / (edge_m(resolution) * _LEAST_ROW))


@dataclass(frozen=True, slots=True)
class Cover:
    """Cells wholly inside an area, and those that only touch it and need an exact test."""

    full: frozenset[Cell]
    edge: frozenset[Cell]

    @property
    def cells(self) -> frozenset[Cell]:
        return self.full | self.edge


def cover_polygon(shape: MultiPolygon, resolution: int, *, margin_e7: int = 0, reach_m: float = 0.0) -> Cover:
    """Cells of every point of an area.

    With a margin, cells of every point within so many units of it (in each axis), and full cells keep that distance from its
    edge; ``reach_m`` widens both once more for cells that stand for all their descendants. Not for areas beyond 85 degrees.
    """
    south, _, north, _ = shape.box
    if max(-south, north) > _POLAR_DEGREES * E7:
        raise ValueError("areas beyond 85 degrees have no cover")
    narrowing = math.cos(math.radians(min(_POLAR_DEGREES + 1, (max(-south, north) + margin_e7) / E7)))
    slack = _bend_m(resolution, max(-south, north) / E7) + reach_m
    distance = margin_e7 * 1.02 + slack / METRES_PER_E7 + 2
    flat = shapely.affinity.scale(shape.to_geometry(), xfact=narrowing, origin=(0, 0))
    if not shapely.is_valid(flat):
        flat = shapely.make_valid(flat)
    if margin_e7:  # room enough to spare detail
        flat, distance = flat.simplify(distance / 4), distance * 5 / 4
    touched = _touched(_degrees(flat.buffer(distance * _ROUNDED, quad_segs=4), narrowing), resolution)
    full = _inside(_degrees(flat.buffer(-distance * _ROUNDED, quad_segs=4), narrowing), resolution) & touched
    return Cover(frozenset(full), frozenset(touched - full))


def _bend_m(resolution: int, latitude: float) -> float:
    """How far the great-circle side of a cell can leave the straight line in degrees between its corners, with a double reserve."""
    longest = 1.35 * edge_m(resolution)
    return longest**2 / (4 * EARTH_RADIUS_M) * max(1.0, math.tan(math.radians(min(latitude + 1, _POLAR_DEGREES + 1))))


def _degrees(geometry: shapely.geometry.base.BaseGeometry, narrowing: float) -> shapely.geometry.base.BaseGeometry:
    return shapely.affinity.scale(geometry, xfact=1 / narrowing / E7, yfact=1 / E7, origin=(0, 0))


def _touched(area: shapely.geometry.base.BaseGeometry, resolution: int) -> set[Cell]:
    """Cells that an area touches. H3's "overlap" overlooks a cell whose middle lies in a hole smaller than the cell, so
    polygons are covered without their holes and lose the cells wholly in a hole afterwards."""
    touched: set[Cell] = set()
    for part in _polygons(area):
        mine = _cells(shapely.Polygon(part.exterior), resolution, "overlap")
        for hole in part.interiors:
            mine -= _cells(shapely.Polygon(hole), resolution, "full")
        touched |= mine
    return touched


def _inside(area: shapely.geometry.base.BaseGeometry, resolution: int) -> set[Cell]:
    """Cells wholly in an area."""
    return {cell for part in _polygons(area) for cell in _cells(part, resolution, "full")}


def _cells(polygon: shapely.Polygon, resolution: int, contain: str) -> set[Cell]:
    """H3's cells of a polygon in unwrapped degrees, cut at the date line and into strips that H3 takes."""
    found: set[Cell] = set()
    for strip in _strips(polygon):
        rings = [
            [(latitude, longitude) for longitude, latitude in ring.coords]
            for ring in (strip.exterior, *strip.interiors)
        ]
        found.update(h3.h3shape_to_cells_experimental(LatLngPoly(*rings), resolution, contain))
    return found


def _polygons(area: shapely.geometry.base.BaseGeometry) -> list[shapely.Polygon]:
    return [part for part in shapely.get_parts(area) if part.geom_type == "Polygon" and not part.is_empty]


def _strips(polygon: shapely.Polygon) -> Iterable[shapely.Polygon]:
    west, _, east, _ = polygon.bounds
    first = math.floor((west + 180) / _WIDEST_DEGREES)
    last = math.floor((east + 180) / _WIDEST_DEGREES)
    if first == last and west >= -180 and east <= 180:
        yield polygon
        return
    for number in range(first, last + 1):
        left = number * _WIDEST_DEGREES - 180
        cut = polygon.intersection(shapely.box(left, -90, left + _WIDEST_DEGREES, 90))
        home = -360 * math.floor((left + 180) / 360)
        for part in _polygons(cut):
            yield shapely.affinity.translate(part, xoff=home)


def cover_segment(a: Position, b: Position, resolution: int) -> frozenset[Cell]:
    """Cells of every point of the straight line in degrees from ``a`` to ``b``, the short way round.

    Points half a least edge apart see, in their cells and the neighbours of these, all the line passes through; of these,
    cells farther from the line than their sides can bend are dropped.
    """
    across = (b.longitude_e7 - a.longitude_e7 + HALF_TURN_E7) % TURN_E7 - HALF_TURN_E7
    up = b.latitude_e7 - a.latitude_e7
    step = edge_m(resolution) * _LEAST_EDGE / METRES_PER_E7
    shares = np.linspace(0.0, 1.0, math.ceil(math.hypot(up, across) / step) + 1)
    latitudes = np.rint(a.latitude_e7 + shares * up).astype(np.int64)
    longitudes = np.rint(a.longitude_e7 + shares * across).astype(np.int64)
    on_line = frozenset(cells_of(latitudes, longitudes, resolution).tolist())
    near = frozenset(cell for middle in on_line for cell in h3.grid_disk(middle, 1))
    if max(abs(a.latitude_e7), abs(b.latitude_e7)) > _POLAR_DEGREES * E7:
        return near
    line = shapely.LineString([(a.longitude, a.latitude), (a.longitude + across / E7, b.latitude)])
    narrowing = math.cos(math.radians(max(abs(a.latitude), abs(b.latitude)) + 1))
    bend = _bend_m(resolution, max(abs(a.latitude), abs(b.latitude))) / _METRES_PER_DEGREE / narrowing + 1e-6
    unsure = np.array(sorted(near - on_line), dtype=np.int64)
    outlines = [_outline(cell, a.longitude + across / E7 / 2) for cell in unsure.tolist()]
    kept = unsure[shapely.dwithin(np.array(outlines, dtype=object), line, bend)] if outlines else unsure
    return on_line | frozenset(kept.tolist())


def _outline(cell: Cell, near_longitude: float) -> shapely.Polygon:
    """A cell as a planar polygon, moved by whole turns next to a longitude."""
    corners = h3.cell_to_boundary(cell)
    first = corners[0][1]
    first += round((near_longitude - first) / 360) * 360
    return shapely.Polygon([((lng - first + 180) % 360 - 180 + first, lat) for lat, lng in corners])
