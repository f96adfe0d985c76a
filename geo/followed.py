"""Which roads a line on the map follows, rather than crosses or passes beside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

from geo.plane import Plane
from geo.position import Position
from geo.roads import RoadGraph

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_ASIDE_M = 15.0  # half a road and what drawing is off
_ALIGNED = 0.8  # cosine: up to 37 degrees apart; a road under a bridge crosses it at more
_SHARE = 0.5  # of an edge that must be followed
_APART_M = 20.0  # between the places of an edge that are looked at


def followed_edges(graph: RoadGraph, edges: Int64s, line: Sequence[Position]) -> list[int]:
    """Of these edges those the line follows in their direction for half of their length at least, in the order in which it does."""
    if len(line) < 2 or not len(edges):
        return []
    plane = Plane.at(line[len(line) // 2])
    way = np.column_stack(
        (plane.x([point.longitude_e7 for point in line]), plane.y([point.latitude_e7 for point in line]))
    )
    way = way[np.r_[True, np.any(np.diff(way, axis=0) != 0, axis=1)]]
    near = _in_box(graph, plane, edges, way)
    if len(way) < 2 or not len(near):
        return []
    edge, places, heading = _places(graph, plane, near)
    pieces = np.diff(way, axis=0)
    along = pieces / np.linalg.norm(pieces, axis=1, keepdims=True)
    tree = shapely.STRtree(shapely.linestrings(np.stack((way[:-1], way[1:]), axis=1)))
    place, piece = tree.query(shapely.points(places), predicate="dwithin", distance=_ASIDE_M)
    same = np.sum(heading[place] * along[piece], axis=1) >= _ALIGNED
    first = np.full(len(places), len(pieces), dtype=np.int64)
    np.minimum.at(first, place[same], piece[same])
    return _mostly(near, edge, first, len(pieces))


def _in_box(graph: RoadGraph, plane: Plane, edges: Int64s, way: Floats) -> Int64s:
    """The edges with an end in the box round the way, with room for one that reaches in from outside."""
    room = _ASIDE_M + graph.edge_length_dm[edges] / 10
    low, high = way.min(axis=0), way.max(axis=0)
    start = graph.edge_from[edges]
    x, y = plane.x(graph.node_longitude_e7[start]), plane.y(graph.node_latitude_e7[start])
    inside = (x >= low[0] - room) & (x <= high[0] + room) & (y >= low[1] - room) & (y <= high[1] + room)
    chosen: Int64s = edges[inside]
    return chosen


def _places(graph: RoadGraph, plane: Plane, edges: Int64s) -> tuple[Int64s, Floats, Floats]:
    """Places along the edges: the number of the edge in the list, where, and in which direction it leads there."""
    first, last = graph.edge_geometry_offset[edges], graph.edge_geometry_offset[edges + 1] - 1
    counts = last - first
    edge = np.repeat(np.arange(len(edges)), counts)
    point = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    x, y = plane.x(graph.geometry_longitude_e7), plane.y(graph.geometry_latitude_e7)
    start = np.column_stack((x[point], y[point]))
    step = np.column_stack((x[point + 1], y[point + 1])) - start
    metres = np.linalg.norm(step, axis=1)
    edge, start, step, metres = (each[metres > 0] for each in (edge, start, step, metres))
    several = np.ceil(metres / _APART_M).astype(np.int64)
    piece = np.repeat(np.arange(len(metres)), several)
    turn = np.arange(len(piece)) - np.repeat(np.cumsum(several) - several, several)
    share = ((turn + 0.5) / several[piece])[:, None]
    return edge[piece], start[piece] + share * step[piece], (step / metres[:, None])[piece]


def _mostly(edges: Int64s, edge: Int64s, first: Int64s, none: int) -> list[int]:
    """The edges of whose places enough are followed, by the first piece of the line that does so."""
    every = np.bincount(edge, minlength=len(edges))
    followed = np.bincount(edge[first < none], minlength=len(edges))
    begins = np.full(len(edges), none, dtype=np.int64)
    np.minimum.at(begins, edge, first)
    chosen = np.flatnonzero((followed > 0) & (followed >= _SHARE * every))
    return [int(edges[each]) for each in chosen[np.argsort(begins[chosen], kind="stable")]]
