"""The open-air roads near a tunnel as straight pieces in a plane, with numbers of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.plane import Plane
from geo.roads import RoadGraph

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Roads:
    """Open-air edges near a tunnel as straight pieces, numbered from 0, and their ends as local nodes."""

    graph_edge: Int64s
    start: Int64s
    end: Int64s
    length_m: Floats
    seconds: Floats
    reverse: Int64s  # the same road driven the other way, -1 for a one-way road
    piece_edge: Int64s
    piece_x: Floats
    piece_y: Floats
    piece_dx: Floats
    piece_dy: Floats
    piece_from_m: Floats  # along the edge


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
    return Roads(
        graph_edge=near,
        start=start,
        end=end,
        length_m=np.bincount(edge, weights=length, minlength=len(near)).astype(np.float64),
        seconds=edge_seconds(graph)[near],
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
    return np.asarray(graph.edge_length_dm * 3.6 / graph.legal_speeds_dkmh(), dtype=np.float64)
