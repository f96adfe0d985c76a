"""The open-air roads near a tunnel as straight pieces in a plane, with numbers of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo.plane import Plane
from geo.roads import RoadGraph
from geo.stretches import Stretch, edge_stretches

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]


NEAR_M = 80.0  # a vehicle farther than this from a road is not on it
_CELL_M = 100.0


class Pieces(NamedTuple):
    """Straight pieces, with what a search for the nearest needs of them."""

    edge: Int64s
    x: Floats
    y: Floats
    dx: Floats
    dy: Floats
    length_m: Floats
    from_m: Floats  # along the edge
    course_deg: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Roads:
    """Open-air edges near a tunnel as straight pieces, numbered from 0, and their ends as local nodes."""

    graph_edge: Int64s
    start: Int64s
    end: Int64s
    length_m: Floats
    whole: Stretch  # each edge
    pace: Floats  # seconds for a metre
    reverse: Int64s  # the same road driven the other way, -1 for a one-way road
    pieces: Pieces
    _cells: dict[tuple[int, int], Int64s] = field(default_factory=dict)

    def near(self, x: float, y: float) -> Pieces:
        """All pieces within ``NEAR_M`` of a place, and some others."""
        cell = round(x / _CELL_M), round(y / _CELL_M)
        numbers = self._cells.get(cell)
        if numbers is None:
            numbers = self._cells[cell] = self._in_cell(*cell)
        return Pieces._make(column[numbers] for column in self.pieces)

    def _in_cell(self, east: int, north: int) -> Int64s:
        pieces, reach = self.pieces, _CELL_M / 2 + NEAR_M
        close = np.ones(len(pieces.edge), dtype=bool)
        for middle, start, step in ((east, pieces.x, pieces.dx), (north, pieces.y, pieces.dy)):
            close &= np.minimum(start, start + step) <= middle * _CELL_M + reach
            close &= np.maximum(start, start + step) >= middle * _CELL_M - reach
        return np.flatnonzero(close)


def roads_of(graph: RoadGraph, near: Int64s, nodes: Int64s, plane: Plane) -> Roads:
    offset = graph.edge_geometry_offset
    pieces = [
        (number, point) for number, edge in enumerate(near) for point in range(offset[edge], offset[edge + 1] - 1)
    ]
    edge, point = (np.array(column, dtype=np.int64) for column in (zip(*pieces, strict=True) if pieces else ((), ())))
    x, y = plane.x(graph.geometry_longitude_e7), plane.y(graph.geometry_latitude_e7)
    dx, dy = x[point + 1] - x[point], y[point + 1] - y[point]
    length = np.hypot(dx, dy)
    first = np.searchsorted(edge, np.arange(len(near)))
    before = np.cumsum(length) - length
    start, end = np.searchsorted(nodes, graph.edge_from[near]), np.searchsorted(nodes, graph.edge_to[near])
    number = {(a, b, way): e for e, (a, b, way) in enumerate(zip(start, end, graph.edge_way[near], strict=True))}
    length_m = np.bincount(edge, weights=length, minlength=len(near)).astype(np.float64)
    whole = edge_stretches(graph, near)._replace(metres=length_m)
    return Roads(
        graph_edge=near,
        start=start,
        end=end,
        length_m=length_m,
        whole=whole,
        pace=whole.seconds / np.maximum(length_m, 0.1),
        reverse=np.array(
            [number.get((b, a, way), -1) for a, b, way in zip(start, end, graph.edge_way[near], strict=True)],
            dtype=np.int64,
        ),
        pieces=Pieces(
            edge=edge,
            x=x[point],
            y=y[point],
            dx=dx,
            dy=dy,
            length_m=np.maximum(length, 1e-3),
            from_m=before - before[first][edge] if len(edge) else before,
            course_deg=np.degrees(np.arctan2(dx, dy)),
        ),
    )
