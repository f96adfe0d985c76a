"""Shortest ways through the open between places near a tunnel, with the roads a map may lack."""

from __future__ import annotations

from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from geo.plane import Plane
from geo.roads import RoadGraph
from geo.stretches import Stretch, edge_stretches

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FloatOrFloats = TypeVar("FloatOrFloats", float, Floats)

FARTHEST_M = 8000.0  # ways round longer than this are no alternative
_FARTHEST_UNMAPPED_M = 1500.0
UNMAPPED_M_S = 12.0
UNMAPPED_SPREAD_M = 120.0  # a road so much longer is e times less likely to be one that the map lacks
OFF_ROAD_M_S = 5.0


class Open(NamedTuple):
    """Ways in the open, and the log-likelihood that the map lacks a road there."""

    stretch: Stretch
    cost: Floats

    @property
    def metres(self) -> Floats:
        return self.stretch.metres

    @property
    def seconds(self) -> Floats:
        """At legal speed, slower in turns, but for the first and the last one."""
        return self.stretch.seconds + self.stretch.lost_s

    @classmethod
    def of(cls, mapped: Stretch, straight_m: Floats) -> Self:
        """Mapped ways; where these are absurdly long against the straight line, the straight line over an unmapped road."""
        lacks = (mapped.metres > 2 * straight_m + 800.0) & (straight_m <= _FARTHEST_UNMAPPED_M)
        over = Stretch.straight(straight_m, straight_m / UNMAPPED_M_S)
        return cls(over.choose(lacks, mapped), np.where(lacks, unmapped(straight_m), 0.0))

    @classmethod
    def concatenated(cls, parts: list[Open], axis: int) -> Self:
        """Arrays one after the other."""
        stretch = Stretch.concatenated([part.stretch for part in parts], axis)
        return cls(stretch, np.concatenate([part.cost for part in parts], axis=axis))

    def at(self, place: Any) -> Open:
        """Those at an index of the arrays."""
        return Open(self.stretch.at(place), self.cost[place])

    def then(self, other: Open) -> Open:
        """These with others after them."""
        return Open(self.stretch.then(other.stretch), self.cost + other.cost)

    def choose(self, where: Mask, other: Open) -> Open:
        """These where it is so, others elsewhere."""
        return Open(self.stretch.choose(where, other.stretch), np.where(where, self.cost, other.cost))


def unmapped(metres: FloatOrFloats) -> FloatOrFloats:
    """Log-likelihood of a way between known roads by one that the map lacks."""
    return -1.5 - metres / UNMAPPED_SPREAD_M


def off_road(metres: FloatOrFloats) -> FloatOrFloats:
    """Log-likelihood of a way over no road at all."""
    return -metres / 150.0


class Ways:
    """Some edges of a graph, near some nodes, made ready for searches."""

    def __init__(self, graph: RoadGraph, usable: Mask, nodes: Int64s) -> None:
        close = _close(graph, nodes)
        usable = usable & close[graph.edge_from] & close[graph.edge_to]
        self._number, count = np.cumsum(close) - 1, int(close.sum())
        edges = np.flatnonzero(usable)
        pair = self._number[graph.edge_from[edges]] * count + self._number[graph.edge_to[edges]]
        order = np.lexsort((graph.edge_length_dm[edges], pair))
        first = np.ones(len(order), dtype=bool)  # of parallel edges the shortest
        first[1:] = np.diff(pair[order]) != 0
        edges, self._pair = edges[order[first]], pair[order[first]]
        self._edges = edge_stretches(graph, edges)
        self._matrix = csr_matrix((self._edges.metres, (self._pair // count, self._pair % count)), shape=(count, count))

    def among(self, nodes: Int64s) -> Stretch:
        """The shortest ways from node to node, of infinite metres where there is none."""
        numbers = self._number[nodes]
        metres, before = dijkstra(self._matrix, indices=numbers, limit=FARTHEST_M, return_predecessors=True)
        return self._followed(before, numbers)._replace(metres=metres[:, numbers]).packed()

    def towards(self, goals: Int64s, nodes: Int64s) -> Floats:
        """Metres [goal, node] from each node to each goal."""
        if not len(goals):
            return np.empty((0, len(nodes)))
        metres: Floats = dijkstra(self._matrix.T, indices=self._number[goals], limit=FARTHEST_M)
        return metres[:, self._number[nodes]]

    def _followed(self, before: npt.NDArray[np.int32], goals: Int64s) -> Stretch:
        """The way to every goal, from its predecessors: put together from twice as far back in every round."""
        passed = _passed(before, goals)
        number = np.cumsum(passed) - 1
        place = np.flatnonzero(passed)
        before = before[:, place]
        has, count = before >= 0, np.int64(self._matrix.shape[0])
        nothing = Stretch.straight(np.zeros(before.shape), np.zeros(before.shape))
        if not len(self._pair):
            return nothing.at((slice(None), number[goals]))
        edge = np.searchsorted(self._pair, np.where(has, before, place) * count + place)
        way = self._edges.at(np.minimum(edge, len(self._pair) - 1)).choose(has, nothing)
        back = np.where(has, number[np.where(has, before, 0)], np.arange(len(place)))
        rows = np.arange(len(before))[:, None]
        while True:
            further = back[rows, back]
            way = way.at((rows, back)).then(way)  # nothing before where ways begin
            if np.array_equal(further, back):
                return way.at((slice(None), number[goals]))
            back = further


def _passed(before: npt.NDArray[np.int32], goals: Int64s) -> Mask:
    """The nodes that any way to a goal leads through."""
    passed = np.zeros(before.shape[1], dtype=bool)
    fresh: Int64s = np.unique(goals)
    while len(fresh):
        passed[fresh] = True
        earlier = np.unique(before[:, fresh]).astype(np.int64)
        earlier = earlier[earlier >= 0]
        fresh = earlier[~passed[earlier]]
    return passed


def _close(graph: RoadGraph, nodes: Int64s) -> Mask:
    """Nodes that a way of the longest length among ``nodes`` can pass."""
    plane = Plane.at(graph.node_position(int(nodes[0])))
    x, y = plane.x(graph.node_longitude_e7), plane.y(graph.node_latitude_e7)
    close: Mask = np.ones(graph.node_count, dtype=bool)
    for place in (x, y):
        close &= (place >= place[nodes].min() - FARTHEST_M / 2) & (place <= place[nodes].max() + FARTHEST_M / 2)
    return close
