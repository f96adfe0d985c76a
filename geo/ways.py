"""Shortest ways through the open between places near a tunnel, with the roads a map may lack."""

from __future__ import annotations

from typing import NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from geo.plane import Plane
from geo.roads import RoadGraph

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FloatOrFloats = TypeVar("FloatOrFloats", float, Floats)

FARTHEST_M = 8000.0  # ways round longer than this are no alternative
_FARTHEST_UNMAPPED_M = 1500.0
UNMAPPED_M_S = 12.0
OFF_ROAD_M_S = 5.0


class Open(NamedTuple):
    """Ways in the open: their length, the time they take at legal speed, and the log-likelihood that the map lacks a road there."""

    metres: Floats
    seconds: Floats
    cost: Floats

    @classmethod
    def of(cls, metres: Floats, seconds: Floats, straight_m: Floats) -> Self:
        """Mapped ways; where these are absurdly long against the straight line, the straight line over an unmapped road."""
        lacks = (metres > 2 * straight_m + 800.0) & (straight_m <= _FARTHEST_UNMAPPED_M)
        return cls(
            np.where(lacks, straight_m, metres),
            np.where(lacks, straight_m / UNMAPPED_M_S, seconds),
            np.where(lacks, unmapped(straight_m), 0.0),
        )


def unmapped(metres: FloatOrFloats) -> FloatOrFloats:
    """Log-likelihood of a way between known roads by one that the map lacks."""
    return -1.5 - metres / 120.0


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
        metres = np.maximum(graph.edge_length_dm[edges] / 10, 0.05)
        self._seconds = metres * 36 / graph.legal_speeds_dkmh()[edges]
        self._matrix = csr_matrix((metres, (self._pair // count, self._pair % count)), shape=(count, count))

    def among(self, nodes: Int64s) -> tuple[Floats, Floats]:
        """Metres from node to node, infinite where there is no way, and the seconds these ways take."""
        numbers = self._number[nodes]
        metres, before = dijkstra(self._matrix, indices=numbers, limit=FARTHEST_M, return_predecessors=True)
        return metres[:, numbers], self._summed(before)[:, numbers]

    def towards(self, goals: Int64s, nodes: Int64s) -> Floats:
        """Metres [goal, node] from each node to each goal."""
        if not len(goals):
            return np.empty((0, len(nodes)))
        metres: Floats = dijkstra(self._matrix.T, indices=self._number[goals], limit=FARTHEST_M)
        return metres[:, self._number[nodes]]

    def _summed(self, before: npt.NDArray[np.int32]) -> Floats:
        """Seconds on the way to every node, from its predecessors: jumping back twice as far in every round."""
        count = before.shape[1]
        has = before >= 0
        back = np.where(has, before, np.arange(count))
        place = np.searchsorted(self._pair, back * np.int64(count) + np.arange(count))
        place = np.minimum(place, max(0, len(self._pair) - 1))
        total: Floats = np.where(has, self._seconds[place], 0.0) if len(self._pair) else np.zeros(before.shape)
        while True:
            further = np.take_along_axis(back, back, axis=1)
            total = total + np.take_along_axis(total, back, axis=1)  # nothing from where ways begin
            if np.array_equal(further, back):
                return total
            back = further


def _close(graph: RoadGraph, nodes: Int64s) -> Mask:
    """Nodes that a way of the longest length among ``nodes`` can pass."""
    plane = Plane.at(graph.node_position(int(nodes[0])))
    x, y = plane.x(graph.node_longitude_e7), plane.y(graph.node_latitude_e7)
    close: Mask = np.ones(graph.node_count, dtype=bool)
    for place in (x, y):
        close &= (place >= place[nodes].min() - FARTHEST_M / 2) & (place <= place[nodes].max() + FARTHEST_M / 2)
    return close
