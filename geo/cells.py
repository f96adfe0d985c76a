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

from geo.position import E7, EARTH_RADIUS_M, Position
from geo.shapes import METRES_PER_E7, MultiPolygon

Cell = int
Int64s = npt.NDArray[np.int64]

# Of whole resolutions, in mean edges: cells stretch over a face of the icosahedron, 1.11 at the farthest.
_FARTHEST_CORNER = 1.12
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
