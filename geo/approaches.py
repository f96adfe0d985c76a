"""What a tunnel's surroundings look like to the detector of transits: roads near the portals, distances between them, turn-offs.

Made once for each watched structure from the road graph. Metres, in a plane touching the Earth at the tunnel.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from geo.position import E7, Position, distances_m
from geo.roads import RoadGraph
from geo.shapes import METRES_PER_E7
from geo.tunnels import Tunnel

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

REACH_M = (
    1500.0  # a lorry at 80 km/h that reports every 30 s is seen this near to the portal even when one report is lost
)
BESIDE_M = 150.0  # roads over and beside the bore count too
_MOST_NODES = 900
_LEAST_REACH_M = 500.0
_FARTHEST_LINK_M = 1200.0
_MOST_LINKS = 2
_FARTHEST_M = 8000.0  # ways round longer than this are no alternative


@dataclass(frozen=True, eq=False, slots=True)
class Plane:
    """Metres east and north of a point, good to 1 % within 50 km below 60 degrees."""

    latitude_e7: int
    longitude_e7: int
    narrowing: float

    @classmethod
    def at(cls, position: Position) -> Plane:
        return cls(position.latitude_e7, position.longitude_e7, float(np.cos(np.radians(position.latitude))))

    def x(self, longitude_e7: npt.ArrayLike) -> Floats:
        aside = (np.asarray(longitude_e7, dtype=np.int64) - self.longitude_e7 + 180 * E7) % (360 * E7) - 180 * E7
        return np.asarray(aside * (METRES_PER_E7 * self.narrowing), dtype=np.float64)

    def y(self, latitude_e7: npt.ArrayLike) -> Floats:
        up = np.asarray(latitude_e7, dtype=np.int64) - self.latitude_e7
        return np.asarray(up * METRES_PER_E7, dtype=np.float64)


@dataclass(frozen=True, eq=False, slots=True)
class Roads:
    """Open-air edges near a tunnel as straight pieces, numbered from 0, and their ends as local nodes."""

    graph_edge: Int64s
    start: Int64s
    end: Int64s
    length_m: Floats
    reverse: Int64s  # the same road driven the other way, -1 for a one-way road
    piece_edge: Int64s
    piece_x: Floats
    piece_y: Floats
    piece_dx: Floats
    piece_dy: Floats
    piece_from_m: Floats  # along the edge


@dataclass(frozen=True, eq=False, slots=True)
class Approaches:
    """One watched structure. ``between_m[a, b]`` is the way from local node to local node that avoids the structure."""

    structure_id: str
    bores: tuple[Tunnel, ...]
    plane: Plane
    roads: Roads
    between_m: Floats
    under_m: Floats  # how much of that way lies in other tunnels
    entrance: Int64s  # local node of each bore's entrance portal
    exit: Int64s
    length_m: Floats
    portal_x: Floats  # of each bore's entrance, then of each bore's exit
    portal_y: Floats
    to_turn_off_m: (
        Floats  # [bore, edge] from the end of the edge to the last turn-off before the bore; inf: not on the way to it
    )
    is_committed: Mask  # [bore, edge] nothing but the bore, or turning round, is left
    traces: tuple[tuple[tuple[Position, float], ...], ...]  # points of each bore with their distance from the entrance

    @property
    def ways_round_m(self) -> Floats:
        """For each bore the length of the shortest way between its portals that avoids the structure."""
        return self.between_m[self.entrance, self.exit]


def approaches(graph: RoadGraph, structure_id: str, *, reach_m: float = REACH_M) -> Approaches:
    """The surroundings of a structure. ``KeyError`` when the graph does not have it."""
    bores = tuple(bore for bore in graph.tunnels if bore.structure_id == structure_id)
    if not bores:
        raise KeyError(structure_id)
    graph = _mended(graph, _neighbours(graph, bores, reach_m + _FARTHEST_LINK_M))
    return _compile(graph, structure_id, bores, _near(graph, bores, reach_m))


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


def _mended(graph: RoadGraph, bores: tuple[Tunnel, ...]) -> RoadGraph:
    """Where the map has no road to an entrance or from an exit, straight ones to the nearest road ends that lie ahead of it."""
    is_open = graph.edge_tunnel < 0
    arrived = set(graph.edge_to[is_open].tolist())
    left = set(graph.edge_from[is_open].tolist())
    links: dict[tuple[int, int], None] = {}
    for bore in bores:
        entrance, exit_ = int(graph.edge_from[bore.edges[0]]), int(graph.edge_to[bore.edges[-1]])
        if entrance not in arrived:
            portal, inside = graph.edge_positions(bore.edges[0])[:2]
            links |= {(node, entrance): None for node in _ends_ahead(graph, portal, inside, arrived)}
        if exit_ not in left:
            inside, portal = graph.edge_positions(bore.edges[-1])[-2:]
            links |= {(exit_, node): None for node in _ends_ahead(graph, portal, inside, left)}
    return _with_links(graph, list(links))


def _ends_ahead(graph: RoadGraph, portal: Position, inside: Position, nodes: set[int]) -> list[int]:
    """The nearest few road ends within reach of a portal that do not lie behind it."""
    numbers = np.array(sorted(nodes), dtype=np.int64)
    plane = Plane.at(portal)
    x, y = plane.x(graph.node_longitude_e7[numbers]), plane.y(graph.node_latitude_e7[numbers])
    away = np.hypot(x, y)
    out_x, out_y = -float(plane.x(inside.longitude_e7)), -float(plane.y(inside.latitude_e7))
    ahead = (x * out_x + y * out_y) > 0.5 * away * np.hypot(out_x, out_y)
    rows = np.flatnonzero(ahead & (away < _FARTHEST_LINK_M) & (away > 1.0))
    return [int(number) for number in numbers[rows[np.argsort(away[rows])][:_MOST_LINKS]]]


def _with_links(graph: RoadGraph, links: list[tuple[int, int]]) -> RoadGraph:
    if not links:
        return graph
    start, end = (np.array(column, dtype=np.int32) for column in zip(*links, strict=True))
    nodes = np.column_stack([start, end]).ravel()
    latitude, longitude = graph.node_latitude_e7, graph.node_longitude_e7
    metres = distances_m(latitude[start], longitude[start], latitude[end], longitude[end])
    count = len(links)
    return dataclasses.replace(
        graph,
        edge_from=np.append(graph.edge_from, start),
        edge_to=np.append(graph.edge_to, end),
        edge_length_dm=np.append(graph.edge_length_dm, np.rint(metres * 10).astype(np.int64)),
        edge_class=np.append(graph.edge_class, np.zeros(count, dtype=np.uint8)),
        edge_way=np.append(graph.edge_way, -1 - np.arange(count)),
        edge_tunnel=np.append(graph.edge_tunnel, np.full(count, -1, dtype=np.int32)),
        edge_maxspeed_dkmh=np.append(graph.edge_maxspeed_dkmh, np.zeros(count, dtype=np.int32)),
        edge_geometry_offset=np.append(
            graph.edge_geometry_offset, graph.edge_geometry_offset[-1] + 2 * np.arange(1, count + 1)
        ),
        geometry_latitude_e7=np.append(graph.geometry_latitude_e7, latitude[nodes]),
        geometry_longitude_e7=np.append(graph.geometry_longitude_e7, longitude[nodes]),
        edge_tags=graph.edge_tags + ({},) * count,
    )


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


def _compile(graph: RoadGraph, structure_id: str, bores: tuple[Tunnel, ...], near: Int64s) -> Approaches:
    plane = Plane.at(bores[0].entrance)
    entrance_node = np.array([graph.edge_from[bore.edges[0]] for bore in bores], dtype=np.int64)
    exit_node = np.array([graph.edge_to[bore.edges[-1]] for bore in bores], dtype=np.int64)
    nodes = np.unique(np.concatenate([graph.edge_from[near], graph.edge_to[near], entrance_node, exit_node]))
    roads = _roads(graph, near, nodes, plane)
    entrance, exit_ = np.searchsorted(nodes, entrance_node), np.searchsorted(nodes, exit_node)
    between, under = _between(graph, graph.structure_edges(structure_id), nodes)
    to_turn_off, committed = _turn_offs(roads, entrance, between)
    portals = [bore.entrance for bore in bores] + [bore.exit for bore in bores]
    return Approaches(
        structure_id=structure_id,
        bores=bores,
        plane=plane,
        roads=roads,
        between_m=between,
        under_m=under,
        entrance=entrance,
        exit=exit_,
        length_m=np.array([bore.length_dm / 10 for bore in bores]),
        portal_x=plane.x([portal.longitude_e7 for portal in portals]),
        portal_y=plane.y([portal.latitude_e7 for portal in portals]),
        to_turn_off_m=to_turn_off,
        is_committed=committed,
        traces=tuple(_trace(bore, graph) for bore in bores),
    )


def _roads(graph: RoadGraph, near: Int64s, nodes: Int64s, plane: Plane) -> Roads:
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


def _between(graph: RoadGraph, inside: frozenset[int], nodes: Int64s) -> tuple[Floats, Floats]:
    """Metres of the shortest ways among nodes that avoid some edges, and how many of these lie in (other) tunnels."""
    usable = np.ones(graph.edge_count, dtype=bool)
    usable[list(inside)] = False
    close = _close(graph, nodes)
    usable &= close[graph.edge_from] & close[graph.edge_to]
    number, count = np.cumsum(close) - 1, int(close.sum())
    edges = np.flatnonzero(usable)
    pair = number[graph.edge_from[edges]] * count + number[graph.edge_to[edges]]
    order = np.lexsort((graph.edge_length_dm[edges], pair))
    first = np.ones(len(order), dtype=bool)  # of parallel edges the shortest
    first[1:] = np.diff(pair[order]) != 0
    edges, pair = edges[order[first]], pair[order[first]]
    metres = np.maximum(graph.edge_length_dm[edges] / 10, 0.05)
    matrix = csr_matrix((metres, (pair // count, pair % count)), shape=(count, count))
    between, before = dijkstra(matrix, indices=number[nodes], limit=_FARTHEST_M, return_predecessors=True)
    under = _underground(before, pair, np.where(graph.edge_tunnel[edges] >= 0, metres, 0.0))
    return between[:, number[nodes]], under[:, number[nodes]]


def _close(graph: RoadGraph, nodes: Int64s) -> Mask:
    """Nodes that a way of the longest length among ``nodes`` can pass."""
    plane = Plane.at(graph.node_position(int(nodes[0])))
    x, y = plane.x(graph.node_longitude_e7), plane.y(graph.node_latitude_e7)
    close: Mask = np.ones(graph.node_count, dtype=bool)
    for place in (x, y):
        close &= (place >= place[nodes].min() - _FARTHEST_M / 2) & (place <= place[nodes].max() + _FARTHEST_M / 2)
    return close


def _underground(before: npt.NDArray[np.int32], pair: Int64s, tunnel_m: Floats) -> Floats:
    """Metres in tunnels on the way to every node, from its predecessors: jumping back twice as far in every round."""
    count = before.shape[1]
    has = before >= 0
    back = np.where(has, before, np.arange(count))
    place = np.minimum(np.searchsorted(pair, back * np.int64(count) + np.arange(count)), max(0, len(pair) - 1))
    metres: Floats = np.where(has, tunnel_m[place], 0.0) if len(pair) else np.zeros(before.shape)
    while metres.any():
        further = np.take_along_axis(back, back, axis=1)
        metres = metres + np.take_along_axis(metres, back, axis=1)  # nothing from where ways begin
        if np.array_equal(further, back):
            break
        back = further
    return metres


def _turn_offs(roads: Roads, entrance: Int64s, between_m: Floats) -> tuple[Floats, Mask]:
    """For each bore and edge: metres from the edge's end to the last turn-off before the portal, and whether it is past it."""
    arriving, leaving = defaultdict(list), defaultdict(list)
    for edge, (start, end) in enumerate(zip(roads.start.tolist(), roads.end.tolist(), strict=True)):
        arriving[end].append(edge)
        leaving[start].append(edge)
    to_turn_off = np.full((len(entrance), len(roads.start)), np.inf)
    committed = np.zeros((len(entrance), len(roads.start)), dtype=bool)
    for bore, portal in enumerate(entrance.tolist()):
        last: dict[int, float] = {}  # turn-off nodes with their distance to the portal
        waiting = [(portal, 0.0)]
        while waiting:
            node, metres = waiting.pop()
            for edge in arriving[node]:
                if committed[bore, edge]:
                    continue
                if _offers_more(edge, node, leaving, roads, committed[bore]):
                    last.setdefault(node, metres)
                    continue
                committed[bore, edge] = True
                waiting.append((int(roads.start[edge]), metres + float(roads.length_m[edge])))
        for node, metres in last.items():
            on_the_way = between_m[roads.end, portal] >= between_m[roads.end, node] + metres - 1.0
            here = np.where(on_the_way, between_m[roads.end, node], np.inf)
            to_turn_off[bore] = np.minimum(to_turn_off[bore], here)
    return to_turn_off, committed


def _offers_more(edge: int, node: int, leaving: dict[int, list[int]], roads: Roads, committed: Mask) -> bool:
    """Whether a vehicle arriving by ``edge`` can leave the node other than towards the bore or back where it came from."""
    back = int(roads.reverse[edge])
    return any(other != back and not committed[other] for other in leaving[node])


def _trace(bore: Tunnel, graph: RoadGraph) -> tuple[tuple[Position, float], ...]:
    points: list[Position] = []
    for edge in bore.edges:
        points += graph.edge_positions(edge)[1 if points else 0 :]
    along, traced = 0.0, [(points[0], 0.0)]
    for one, other in pairwise(points):
        along += float(distances_m(one.latitude_e7, one.longitude_e7, other.latitude_e7, other.longitude_e7))
        traced.append((other, along))
    return tuple(traced)
