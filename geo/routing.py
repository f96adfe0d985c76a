"""Shortest routes on a road graph under restrictions, by Dijkstra's algorithm on a masked sparse matrix.

Costs are whole numbers (decimetres or milliseconds), which float64 holds exactly, so equal inputs give equal routes.
Turn restrictions and turn costs are not modelled.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from geo.position import E7, EARTH_RADIUS_M, Position
from geo.roads import RoadGraph

Weight = Literal["length", "time"]
Forbidden = Collection[int] | npt.NDArray[np.bool_]  # edge numbers, or a mask with one flag per edge


@dataclass(frozen=True)
class Route:
    """Edges in the order of travel; ``duration_s`` is at the legal speed of each edge, rounded up."""

    edges: tuple[int, ...]
    length_dm: int
    duration_s: int

    @classmethod
    def along(cls, graph: RoadGraph, edges: Collection[int]) -> Route:
        """The route over these edges; ``ValueError`` where one does not start at the end of the one before."""
        path = np.fromiter(edges, dtype=np.int64, count=len(edges))
        if np.any(graph.edge_to[path[:-1]] != graph.edge_from[path[1:]]):
            raise ValueError("the edges of a route must follow one another")
        milliseconds = int(costs(graph, "time")[path].sum())
        return cls(tuple(path.tolist()), int(graph.edge_length_dm[path].sum()), -(-milliseconds // 1000))

    def positions(self, graph: RoadGraph) -> tuple[Position, ...]:
        """The points of the route in the order of travel; empty for a route that goes nowhere."""
        points: list[Position] = []
        for edge in self.edges:
            points += graph.edge_positions(edge)[1 if points else 0 :]
        return tuple(points)

    def structures(self, graph: RoadGraph) -> tuple[str, ...]:
        """The ids of the tunnels it goes through, in the order of travel, each once."""
        bores = (int(graph.edge_tunnel[edge]) for edge in self.edges)
        return tuple(dict.fromkeys(graph.tunnels[bore].structure_id for bore in bores if bore >= 0))


@dataclass(frozen=True)
class Comparison:
    """The best legal route beside the best without restrictions, and the restrictions that make the difference."""

    route: Route | None  # None: no legal route
    unrestricted: Route | None  # None: no road at all
    binding: tuple[str, ...]  # forbidding these alone already gives ``route``; the others cost nothing


class Nearest(NamedTuple):
    number: int  # of the node or edge
    metres: float


def costs(graph: RoadGraph, weight: Weight) -> npt.NDArray[np.int64]:
    """Cost of each edge: decimetres, or milliseconds at legal speed rounded up."""
    if weight == "length":
        return graph.edge_length_dm
    # l dm at v dkmh: (l / 10 m) / (v / 36 m/s) = 3.6 l / v s
    return -(-graph.edge_length_dm * 3600 // graph.legal_speeds_dkmh())


class Network:
    """A graph made ready for many searches under one set of restrictions; ``backwards`` searches against the traffic."""

    def __init__(
        self,
        graph: RoadGraph,
        *,
        forbidden_edges: Forbidden = frozenset(),
        weight: Weight = "time",
        backwards: bool = False,
    ) -> None:
        self._graph = graph
        self._backwards = backwards
        edges = np.flatnonzero(~as_mask(graph, forbidden_edges))
        tail, head = (graph.edge_to, graph.edge_from) if backwards else (graph.edge_from, graph.edge_to)
        cost = costs(graph, weight)
        order = edges[np.lexsort((edges, cost[edges], head[edges], tail[edges]))]
        # of parallel edges only the cheapest: a sparse matrix would add them up
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = (tail[order[1:]] != tail[order[:-1]]) | (head[order[1:]] != head[order[:-1]])
        self._edges = order[first]
        starts = np.searchsorted(tail[self._edges], np.arange(graph.node_count + 1))
        entries = (cost[self._edges].astype(np.float64), head[self._edges], starts.astype(np.int32))
        self._matrix = csr_matrix(entries, shape=(graph.node_count, graph.node_count))

    def tree(self, node: int) -> Tree:
        """Cheapest ways from ``node`` to every other (or from every other to it, when backwards)."""
        cost, previous = dijkstra(self._matrix, indices=node, return_predecessors=True)
        return Tree(self, node, cost, previous)

    def edge_between(self, tail: int, head: int) -> int:
        """The edge the network takes from one node to a neighbour; of parallel edges the one it keeps."""
        start, end = self._matrix.indptr[tail], self._matrix.indptr[tail + 1]
        return int(self._edges[start + np.searchsorted(self._matrix.indices[start:end], head)])

    def route(self, nodes: list[int]) -> Route:
        """The route over ``nodes``, given from the root of a tree outwards."""
        edges = [self.edge_between(tail, head) for tail, head in pairwise(nodes)]
        return Route.along(self._graph, edges[::-1] if self._backwards else edges)


@dataclass(frozen=True, eq=False)
class Tree:
    """All cheapest ways from (or to) one node. ``cost[n]`` is infinite where there is none."""

    network: Network
    root: int
    cost: npt.NDArray[np.float64]
    previous: npt.NDArray[np.int32]

    def nodes_to(self, node: int) -> list[int]:
        """The nodes from the root to ``node``, which must be reached."""
        path = [node]
        while path[-1] != self.root:
            path.append(int(self.previous[path[-1]]))
        return path[::-1]

    def find_route(self, node: int) -> Route | None:
        """The cheapest route between the root and ``node``; None when there is none."""
        return self.network.route(self.nodes_to(node)) if np.isfinite(self.cost[node]) else None


def as_mask(graph: RoadGraph, edges: Forbidden) -> npt.NDArray[np.bool_]:
    """One flag per edge; ``IndexError`` for edges that do not exist, ``ValueError`` for a mask of the wrong size."""
    if isinstance(edges, np.ndarray):
        if edges.dtype != np.bool_ or edges.shape != (graph.edge_count,):
            raise ValueError("a mask has one bool for each edge")
        return edges
    mask = np.zeros(graph.edge_count, dtype=np.bool_)
    mask[np.fromiter(edges, dtype=np.int64, count=len(edges))] = True
    return mask


def shortest_route(
    graph: RoadGraph,
    origin_node: int,
    destination_node: int,
    *,
    forbidden_edges: Forbidden = frozenset(),
    weight: Weight = "time",
) -> Route | None:
    """The cheapest route that uses no forbidden edge; None when there is none; empty when origin is destination."""
    return Network(graph, forbidden_edges=forbidden_edges, weight=weight).tree(origin_node).find_route(destination_node)


def compare(
    graph: RoadGraph,
    origin_node: int,
    destination_node: int,
    *,
    restrictions: Mapping[str, Collection[int]],
    weight: Weight = "time",
) -> Comparison:
    """The cheapest legal route and why it is not the cheapest of all; ``restrictions`` names sets of forbidden edges.

    Restrictions are imposed only as the route found so far breaks them. The route that breaks none of the rest is the
    cheapest under all of them, since it is already the cheapest under some.
    """
    holders: dict[int, list[str]] = {}
    for name, edges in restrictions.items():
        for edge in edges:
            holders.setdefault(edge, []).append(name)
    unrestricted = route = shortest_route(graph, origin_node, destination_node, weight=weight)
    binding: dict[str, None] = {}
    while route is not None and (broken := [name for edge in route.edges for name in holders.get(edge, ())]):
        binding.update(dict.fromkeys(broken))
        forbidden = frozenset(edge for name in binding for edge in restrictions[name])
        route = shortest_route(graph, origin_node, destination_node, forbidden_edges=forbidden, weight=weight)
    return Comparison(route, unrestricted, tuple(binding))


def nearest_node(graph: RoadGraph, position: Position) -> Nearest:
    """The node nearest to ``position`` and its distance; ``ValueError`` for a graph without nodes."""
    if graph.node_count == 0:
        raise ValueError("the graph has no nodes")
    tree = cKDTree(_unit_vectors(graph.node_latitude_e7, graph.node_longitude_e7))
    chord, node = tree.query(_unit_vectors(np.array([position.latitude_e7]), np.array([position.longitude_e7]))[0])
    return Nearest(int(node), float(2 * EARTH_RADIUS_M * np.arcsin(min(1.0, chord / 2))))


def _unit_vectors(latitude_e7: npt.NDArray[np.int64], longitude_e7: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    latitude, longitude = np.radians(latitude_e7 / E7), np.radians(longitude_e7 / E7)
    return np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=1
    )
