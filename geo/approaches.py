"""What a tunnel's surroundings look like to the detector of transits: roads near the portals, the bores about, the ways between.

Made once for each watched structure from the road graph. Metres, in a plane touching the Earth at the tunnel; seconds at legal
speeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from geo.local_roads import Roads, roads_of
from geo.mending import FARTHEST_LINK_M, mended
from geo.plane import Plane
from geo.position import Position, distances_m
from geo.roads import RoadGraph
from geo.shapes import METRES_PER_E7
from geo.stretches import Stretch, edge_stretches
from geo.tunnels import Tunnel
from geo.turn_offs import turn_offs
from geo.ways import Open, Ways

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

REACH_M = (
    1500.0  # a lorry at 80 km/h that reports every 30 s is seen this near to the portal even when one report is lost
)
BESIDE_M = 150.0  # roads over and beside the bore count too
_SHORTEST_M = 50.0  # bores below this are like open road: three seconds
_MOST_NODES = 900
_LEAST_REACH_M = 500.0


@dataclass(frozen=True, eq=False, slots=True)
class Bores:
    """Every bore within reach, those of the watched structure first, and the ways in the open from one's exit to another's entrance."""

    own: int  # how many belong to the watched structure
    entrance: Int64s  # local nodes
    exit: Int64s
    entrance_x: Floats
    entrance_y: Floats
    exit_x: Floats
    exit_y: Floats
    inside: Stretch  # from portal to portal
    structure: Int64s  # which of them are one tunnel: a number each
    hop: Open  # [from, to]

    @property
    def length_m(self) -> Floats:
        """Of each bore."""
        return self.inside.metres


@dataclass(frozen=True, eq=False, slots=True)
class Approaches:
    """One watched structure. ``between[a, b]`` is the shortest way from local node to local node outside all tunnels."""

    structure_id: str
    bores: tuple[Tunnel, ...]  # of the structure
    plane: Plane
    roads: Roads
    near: Bores
    between: Stretch
    to_entrance_m: Floats  # [bore, node] of the shortest way that avoids the structure
    to_turn_off_m: (
        Floats  # [bore, edge] from the end of the edge to the last turn-off before the bore; inf: not on the way to it
    )
    is_committed: Mask  # [bore, edge] nothing but the bore, or turning round, is left
    traces: tuple[tuple[tuple[Position, float], ...], ...]  # points of each bore with their distance from the entrance

    def portal_m(self, x: float, y: float) -> Floats:
        """Metres from a place in the plane to the portals of the structure: the entrance of each bore, then the exits."""
        own = slice(0, self.near.own)
        away = np.hypot(self.near.entrance_x[own] - x, self.near.entrance_y[own] - y)
        return np.concatenate([away, np.hypot(self.near.exit_x[own] - x, self.near.exit_y[own] - y)])


def approaches(graph: RoadGraph, structure_id: str, *, reach_m: float = REACH_M) -> Approaches:
    """The surroundings of a structure, but for bores too short to be told from the road beside them where it has longer ones.

    ``KeyError`` when the graph does not have it.
    """
    all_bores = tuple(bore for bore in graph.tunnels if bore.structure_id == structure_id)
    if not all_bores:
        raise KeyError(structure_id)
    bores = tuple(bore for bore in all_bores if bore.length_dm >= 10 * _SHORTEST_M) or all_bores
    neighbours = _neighbours(graph, bores, reach_m + FARTHEST_LINK_M)
    graph = mended(graph, neighbours)
    others = tuple(
        bore for bore in neighbours if bore.structure_id != structure_id and bore.length_dm >= 10 * _SHORTEST_M
    )
    return _compile(graph, bores, others, _near(graph, bores, reach_m))


def _neighbours(graph: RoadGraph, bores: tuple[Tunnel, ...], reach_m: float) -> tuple[Tunnel, ...]:
    """Every bore of any structure with a portal in the box round these, so widened: a way round may lead through it."""
    plane = Plane.at(bores[0].entrance)
    portals = [portal for bore in graph.tunnels for portal in (bore.entrance, bore.exit)]
    x = plane.x([portal.longitude_e7 for portal in portals])
    y = plane.y([portal.latitude_e7 for portal in portals])
    mine = np.repeat([bore.structure_id == bores[0].structure_id for bore in graph.tunnels], 2)
    near = np.ones(len(portals), dtype=bool)
    for place in (x, y):
        near &= (place >= place[mine].min() - reach_m) & (place <= place[mine].max() + reach_m)
    return tuple(bore for bore, ends in zip(graph.tunnels, near.reshape(-1, 2).tolist(), strict=True) if any(ends))


def _near(graph: RoadGraph, bores: tuple[Tunnel, ...], reach_m: float) -> Int64s:
    """Open-air edges within reach of a portal or right beside a bore; the reach shrinks where roads are dense."""
    offset = graph.edge_geometry_offset
    edge_of_point = np.repeat(np.arange(graph.edge_count), np.diff(offset))
    latitude, longitude = graph.geometry_latitude_e7, graph.geometry_longitude_e7
    far_e7 = round((reach_m + 500) / METRES_PER_E7)
    to_portal = np.full(len(latitude), np.inf)
    for portal in {end for bore in bores for end in (bore.entrance, bore.exit)}:
        rows = np.flatnonzero(np.abs(latitude - portal.latitude_e7) < far_e7)
        metres = distances_m(latitude[rows], longitude[rows], portal.latitude_e7, portal.longitude_e7)
        to_portal[rows] = np.minimum(to_portal[rows], metres)
    inner = np.concatenate([np.arange(offset[edge], offset[edge + 1]) for bore in bores for edge in bore.edges])
    beside = np.zeros(len(latitude), dtype=bool)
    for point in _every(BESIDE_M / 2, latitude[inner], longitude[inner]):
        rows = np.flatnonzero(np.abs(latitude - point[0]) < round(2 * BESIDE_M / METRES_PER_E7))
        beside[rows] |= distances_m(latitude[rows], longitude[rows], point[0], point[1]) < BESIDE_M
    closest = np.full(graph.edge_count, np.inf)
    np.minimum.at(closest, edge_of_point, np.where(beside, 0.0, to_portal))
    closest[graph.edge_tunnel >= 0] = np.inf
    while reach_m > _LEAST_REACH_M and np.count_nonzero(closest <= reach_m) > 2 * _MOST_NODES:
        reach_m *= 0.8
    return np.flatnonzero(closest <= reach_m)


def _every(metres: float, latitude: Int64s, longitude: Int64s) -> list[tuple[int, int]]:
    """Points of a line, thinned out to about so many metres apart."""
    kept: list[tuple[int, int]] = []
    for point in zip(latitude.tolist(), longitude.tolist(), strict=True):
        if not kept or distances_m(*kept[-1], *point) >= metres:
            kept.append(point)
    return kept


def _compile(graph: RoadGraph, own: tuple[Tunnel, ...], others: tuple[Tunnel, ...], near: Int64s) -> Approaches:
    plane, bores = Plane.at(own[0].entrance), own + others
    entrance = np.array([graph.edge_from[bore.edges[0]] for bore in bores], dtype=np.int64)
    exit_ = np.array([graph.edge_to[bore.edges[-1]] for bore in bores], dtype=np.int64)
    nodes = np.unique(np.concatenate([graph.edge_from[near], graph.edge_to[near], entrance, exit_]))
    roads = roads_of(graph, near, nodes, plane)
    in_bores = np.zeros(graph.edge_count, dtype=bool)
    in_bores[[edge for bore in bores for edge in bore.edges]] = True
    between = Ways(graph, ~in_bores, nodes).among(nodes)
    inside = np.zeros(graph.edge_count, dtype=bool)
    inside[list(graph.structure_edges(own[0].structure_id))] = True
    around = Ways(graph, ~inside, nodes)
    entrances = np.searchsorted(nodes, entrance)
    to_entrance = around.towards(entrance[: len(own)], nodes)
    to_turn_off, committed = turn_offs(roads, nodes, entrances[: len(own)], to_entrance, around)
    return Approaches(
        structure_id=own[0].structure_id,
        bores=own,
        plane=plane,
        roads=roads,
        near=_bores(graph, bores, len(own), plane, entrances, np.searchsorted(nodes, exit_), between),
        between=between,
        to_entrance_m=to_entrance,
        to_turn_off_m=to_turn_off,
        is_committed=committed,
        traces=tuple(_trace(bore, graph) for bore in own),
    )


def _bores(
    graph: RoadGraph, bores: tuple[Tunnel, ...], own: int, plane: Plane, entrance: Int64s, exit_: Int64s,
    between: Stretch,
) -> Bores:  # fmt: skip
    entrance_x, exit_x = (plane.x([end.longitude_e7 for end in ends]) for ends in _portals(bores))
    entrance_y, exit_y = (plane.y([end.latitude_e7 for end in ends]) for ends in _portals(bores))
    straight = np.hypot(exit_x[:, None] - entrance_x, exit_y[:, None] - entrance_y)
    inside = _inside(graph, bores)
    hop = Open.of(between.at((exit_[:, None], entrance)), straight)
    ways = [frozenset(bore.way_ids) for bore in bores]
    turns = np.array([[one == other for other in ways] for one in ways]) & (exit_[:, None] == entrance)
    hop.stretch.metres[turns] = np.inf  # in at one portal and out by the same, turned round on the spot
    return Bores(
        own=own,
        entrance=entrance,
        exit=exit_,
        entrance_x=entrance_x,
        entrance_y=entrance_y,
        exit_x=exit_x,
        exit_y=exit_y,
        inside=inside,
        structure=np.unique([bore.structure_id for bore in bores], return_inverse=True)[1],
        hop=hop,
    )


def _inside(graph: RoadGraph, bores: tuple[Tunnel, ...]) -> Stretch:
    """Each bore from portal to portal."""
    edges = edge_stretches(graph, np.array([edge for bore in bores for edge in bore.edges], dtype=np.int64))
    whole, first = [], 0
    for bore in bores:
        parts = [edges.at(slice(number, number + 1)) for number in range(first, first + len(bore.edges))]
        whole.append(reduce(Stretch.then, parts))
        first += len(parts)
    return Stretch.concatenated(whole)


def _portals(bores: tuple[Tunnel, ...]) -> tuple[list[Position], list[Position]]:
    return [bore.entrance for bore in bores], [bore.exit for bore in bores]


def _trace(bore: Tunnel, graph: RoadGraph) -> tuple[tuple[Position, float], ...]:
    points: list[Position] = []
    for edge in bore.edges:
        points += graph.edge_positions(edge)[1 if points else 0 :]
    along, traced = 0.0, [(points[0], 0.0)]
    for one, other in pairwise(points):
        along += float(distances_m(one.latitude_e7, one.longitude_e7, other.latitude_e7, other.longitude_e7))
        traced.append((other, along))
    return tuple(traced)
