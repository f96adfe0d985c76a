"""Road tunnels as directed bores, portal to portal in the open air, and the structures (twin tubes, branches) they form."""

from __future__ import annotations

import dataclasses
import hashlib
import heapq
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo.position import E7, Position, distance_m

if TYPE_CHECKING:
    from geo.roads import RoadGraph

# Portals of twin tubes lie this close: a tube's entrance beside the other's exit. With the same name a wide saddle may lie
# between the tubes; without a name only the usual spacing of twin tubes counts. Short underpasses in a row must not join,
# so half the shorter length bounds both.
_NAMED_REACH_M = 500.0
_UNNAMED_REACH_M = 120.0
_LEAST_REACH_M = 40.0

# what tells the tubes of one tunnel apart in its name: "(Bore 2)", "(northbound)", 左洞, 右线, (北行)
_TUBE = re.compile(r"\s*[(（][^)）]*[)）]|\s*[-–]?\s*(?:bore|tube)\s*\d+|[左右上下][洞线行幅]$", re.IGNORECASE)


@dataclass(frozen=True)
class Tunnel:
    """One directed bore: from an entrance portal through contiguous tunnel edges to an exit portal.

    Both portals lie in the open (or at the edge of the map), so a vehicle can be seen before and after. A tube driven both
    ways is two bores; a tunnel that branches underground is one bore for each pair of portals. ``structure_id`` is shared by
    all bores of one physical tunnel: the two directions, twin tubes, branches; a rule for "the tunnel" is one for the structure.
    Ids depend on the map alone: the same extract gives the same ids.
    """

    id: str
    structure_id: str
    name: str  # "" where the map gives none
    ref: str  # road number, "" where the map gives none
    entrance: Position
    exit: Position
    length_dm: int
    edges: tuple[int, ...]  # indexes into the road graph, in the order of travel
    way_ids: tuple[int, ...]  # OSM ways in the order of travel
    tags: Mapping[str, str]  # tags of its longest way


def with_bores(graph: RoadGraph) -> RoadGraph:
    """The same graph with ``tunnels`` and ``edge_tunnel`` filled from the edges whose tags say ``tunnel``.

    Every such edge lies in at least one bore. Bores are ordered longest first, and ``edge_tunnel`` names the first one.
    """
    paths = _Underground(graph).bores()
    bores = [_bore(graph, path) for path in paths]
    structures = _structures(bores)
    numbered = (dataclasses.replace(bore, structure_id=structures[index]) for index, bore in enumerate(bores))
    tunnels = tuple(sorted(numbered, key=lambda bore: (-bore.length_dm, bore.id)))
    edge_tunnel = np.full(graph.edge_count, -1, dtype=np.int32)
    for index in reversed(range(len(tunnels))):
        edge_tunnel[list(tunnels[index].edges)] = index
    return dataclasses.replace(graph, tunnels=tunnels, edge_tunnel=edge_tunnel)


class _Underground:
    """The tunnel edges of a graph as a small network of their own, entered and left at portals."""

    def __init__(self, graph: RoadGraph) -> None:
        self.start, self.end = graph.edge_from.tolist(), graph.edge_to.tolist()
        self.length, self.way = graph.edge_length_dm.tolist(), graph.edge_way.tolist()
        self.edges = [edge for edge, tags in enumerate(graph.edge_tags) if "tunnel" in tags]
        self.leaving: dict[int, list[int]] = defaultdict(list)
        self.arriving: dict[int, list[int]] = defaultdict(list)
        for edge in self.edges:
            self.leaving[self.start[edge]].append(edge)
            self.arriving[self.end[edge]].append(edge)
        inside = set(self.edges)
        opened = [edge for edge in range(graph.edge_count) if edge not in inside]
        open_air = {self.start[edge] for edge in opened} | {self.end[edge] for edge in opened}
        self.entrances = sorted(node for node in self.leaving if node in open_air or self._is_end(node, self.arriving))
        self.exits = sorted(node for node in self.arriving if node in open_air or self._is_end(node, self.leaving))

    def _is_end(self, node: int, others: Mapping[int, list[int]]) -> bool:
        """Whether the map stops here: only the tube's own way back, or nothing, goes on at this node."""
        ways = {self.way[edge] for edge in (*self.leaving.get(node, ()), *self.arriving.get(node, ()))}
        neighbours = {self.end[edge] for edge in self.leaving.get(node, ())} | {
            self.start[edge] for edge in self.arriving.get(node, ())
        }
        return not others.get(node) or (len(ways) == 1 and len(neighbours) == 1)

    def bores(self) -> list[tuple[int, ...]]:
        """Shortest way for each pair of portals, then ways through what is left, so that no tunnel edge is without a bore."""
        found = []
        for entrance in self.entrances:
            reached = self._search(entrance, self.leaving, self.end)
            found += [reached[out] for out in self.exits if out != entrance and out in reached]
        missing = set(self.edges).difference(*found)
        for edge in sorted(missing):
            if edge in missing:
                path = self._through(edge)
                found.append(path)
                missing.difference_update(path)
        return found

    def _through(self, edge: int) -> tuple[int, ...]:
        """From the nearest entrance through ``edge`` to the nearest exit, as far as the map goes."""
        before = self._search(self.start[edge], self.arriving, self.start)
        after = self._search(self.end[edge], self.leaving, self.end)
        inbound = min((before[node] for node in self.entrances if node in before), key=self._cost, default=())
        outbound = min((after[node] for node in self.exits if node in after), key=self._cost, default=())
        return (*reversed(inbound), edge, *outbound)

    def _cost(self, path: Sequence[int]) -> tuple[int, Sequence[int]]:
        return sum(self.length[edge] for edge in path), path

    def _search(
        self, origin: int, following: Mapping[int, list[int]], far_end: list[int]
    ) -> dict[int, tuple[int, ...]]:
        """Dijkstra over tunnel edges: each node reached underground with its path, in the order of the search."""
        paths: dict[int, tuple[int, ...]] = {}
        queue: list[tuple[int, int, tuple[int, ...]]] = [(0, origin, ())]
        while queue:
            cost, node, path = heapq.heappop(queue)
            if node not in paths:
                paths[node] = path
                for edge in following.get(node, ()):
                    heapq.heappush(queue, (cost + self.length[edge], far_end[edge], (*path, edge)))
        return paths


def _bore(graph: RoadGraph, path: tuple[int, ...]) -> Tunnel:
    by_length = sorted(path, key=lambda edge: (-int(graph.edge_length_dm[edge]), edge))
    tags = graph.edge_tags[by_length[0]]
    names = (_name(graph.edge_tags[edge]) for edge in by_length)
    nodes = [int(graph.edge_from[path[0]]), *(int(graph.edge_to[edge]) for edge in path)]
    ways = tuple(dict.fromkeys(int(graph.edge_way[edge]) for edge in path))
    trace = [int(graph.node_id[node]) for node in nodes] + list(ways)
    return Tunnel(
        id=f"bore-{hashlib.sha256(repr(trace).encode()).hexdigest()[:12]}",
        structure_id="",
        name=next(filter(None, names), ""),
        ref=tags.get("ref", ""),
        entrance=graph.node_position(nodes[0]),
        exit=graph.node_position(nodes[-1]),
        length_dm=int(graph.edge_length_dm[list(path)].sum()),
        edges=path,
        way_ids=ways,
        tags=tags,
    )


def _name(tags: Mapping[str, str]) -> str:
    return tags.get("tunnel:name") or tags.get("name", "")


def _structures(bores: Sequence[Tunnel]) -> list[str]:
    """The structure id of each bore: bores join when they share a way or are twin tubes; the id comes from the smallest way."""
    group = list(range(len(bores)))

    def root(index: int) -> int:
        while group[index] != index:
            group[index] = group[group[index]]
            index = group[index]
        return index

    for one, other in _joined(bores):
        group[root(one)] = root(other)
    smallest: dict[int, int] = {}
    for index, bore in enumerate(bores):
        smallest[root(index)] = min(smallest.get(root(index), min(bore.way_ids)), *bore.way_ids)
    return [f"tunnel-{smallest[root(index)]}" for index in range(len(bores))]


def _joined(bores: Sequence[Tunnel]) -> Iterable[tuple[int, int]]:
    holder: dict[int, int] = {}
    for index, bore in enumerate(bores):
        for way in bore.way_ids:
            yield index, holder.setdefault(way, index)
    # middles of twins are no farther apart than their portals: sweeping northwards, only near neighbours are compared
    window_e7 = round(_NAMED_REACH_M / 100_000 * E7)
    northwards = sorted((bore.entrance.latitude_e7 + bore.exit.latitude_e7, index) for index, bore in enumerate(bores))
    for place, (latitude_sum, index) in enumerate(northwards):
        for other_sum, other in reversed(northwards[:place]):
            if latitude_sum - other_sum > 2 * window_e7:
                break
            if _are_twins(bores[index], bores[other]):
                yield index, other


def _are_twins(one: Tunnel, other: Tunnel) -> bool:
    """Whether two bores lie side by side, in opposite or the same direction, and no names contradict it."""
    names = _TUBE.sub("", one.name), _TUBE.sub("", other.name)
    if all(names) and names[0] != names[1]:
        return False
    reach = _NAMED_REACH_M if all(names) else _UNNAMED_REACH_M
    reach = max(_LEAST_REACH_M, min(reach, min(one.length_dm, other.length_dm) / 20))
    opposite = max(distance_m(one.entrance, other.exit), distance_m(one.exit, other.entrance))
    alongside = max(distance_m(one.entrance, other.entrance), distance_m(one.exit, other.exit))
    return min(opposite, alongside) <= reach
