"""The open-air roads near a tunnel as straight pieces in a plane, with numbers of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo.plane import Plane
from geo.roads import RoadGraph

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]


NEAR_M = 80.0  # a vehicle farther than this from a road is not on it
_CELL_M = 100.0


class Pieces(NamedTuple):
    """Some of the straight pieces, with what a search for the nearest needs of them."""

    edge: Int64s
    x: Floats
    y: Floats
    dx: Floats
    dy: Floats
    length_m: Floats
    from_m: Floats
    course_deg: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Roads:
    """Open-air edges near a tunnel as straight pieces, numbered from 0, and their ends as local nodes."""

    graph_edge: Int64s
    start: Int64s
    end: Int64s
    length_m: Floats
    seconds: Floats
    pace: Floats  # seconds for a metre
    reverse: Int64s  # the same road driven the other way, -1 for a one-way road
    piece_edge: Int64s
    piece_x: Floats
    piece_y: Floats
    piece_dx: Floats
    piece_dy: Floats
    piece_from_m: Floats  # along the edge
    _cells: dict[tuple[int, int], Pieces] = field(default_factory=dict)

    def near(self, x: float, y: float) -> Pieces:
        """All pieces within ``NEAR_M`` of a place, and some others."""
        cell = round(x / _CELL_M), round(y / _CELL_M)
        found = self._cells.get(cell)
        if found is None:
            found = self._cells[cell] = self._in_cell(*cell)
        return found

    def _in_cell(self, east: int, north: int) -> Pieces:
        close = np.ones(len(self.piece_edge), dtype=bool)
        for middle, start, step in ((east, self.piece_x, self.piece_dx), (north, self.piece_y, self.piece_dy)):
            reach = _CELL_M / 2 + NEAR_M
            close &= np.minimum(start, start + step) <= middle * _CELL_M + reach
            close &= np.maximum(start, start + step) >= middle * _CELL_M - reach
        dx, dy = self.piece_dx[close], self.piece_dy[close]
        return Pieces(
            self.piece_edge[close], self.piece_x[close], self.piece_y[close], dx, dy, np.maximum(np.hypot(dx, dy), 1e-3),
            self.piece_from_m[close], np.degrees(np.arctan2(dx, dy)),
        )  # fmt: skip


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
    seconds = edge_seconds(graph)[near]
    return Roads(
        graph_edge=near,
        start=start,
        end=end,
        length_m=length_m,
        seconds=seconds,
        pace=seconds / np.maximum(length_m, 0.1),
        reverse=np.array(
            [number.get((b, a, way), -1) for a, b, way in zip(start, end, graph.edge_way[near], strict=True)],
            dtype=np.int64,
        ),
        piece_edge=edge,
        piece_x=x[point],
        piece_y=y[point],
        piece_dx=dx,
        piece_dy=dy,
        piece_from_m=before - before[first][edge] if len(edge) else before,
    )


def edge_seconds(graph: RoadGraph) -> Floats:
    """How long each edge takes at its legal speed."""
    return np.asarray(graph.edge_length_dm * 3.6 / graph.legal_speeds_dkmh(), dtype=np.float64)
