"""Drives past and through tunnels: made-up stretches of road, maps that are slightly wrong, and reports as lorries send them."""

from __future__ import annotations

import dataclasses
import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from geo.drive import DrivenFix, drive
from geo.position import Position, distance_m, offset
from geo.roads import RoadClass, RoadGraph
from geo.routing import Network, Tree
from geo.transit import Seen
from geo.tunnels import Tunnel, with_bores

SHORTEST_DM = 1000  # below 100 m reports in the open before and after leave nothing to see
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HOME = Position(265_000_000, 1_067_000_000)
Line = list[tuple[float, float]]  # metres east and north of HOME


@dataclass(frozen=True)
class Drive:
    """One drive over true edges, and the structures it really went through."""

    edges: tuple[int, ...]
    passes: frozenset[str]  # at least 100 m of them
    brushes: frozenset[str]  # less: not judged
    reports: tuple[Seen, ...]
    interval_s: int
    is_judgeable: bool  # seen before the first tunnel and after the last one


class Builder:
    """A road graph from lines in metres; ends that coincide to the decimetre are one node."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[int, int], int] = {}
        self.lines: list[tuple[Line, dict[str, str], int]] = []

    def road(self, line: Line, *, two_way: bool = True, **tags: str) -> None:
        way = len(self.lines) + 1
        self.lines.append((line, {"highway": "secondary", **tags}, way))
        if two_way:
            self.lines.append((line[::-1], {"highway": "secondary", **tags}, way))

    def graph(self) -> RoadGraph:
        ends = [(self._node(line[0]), self._node(line[-1])) for line, _, _ in self.lines]
        points = [[_position(x, y) for x, y in line] for line, _, _ in self.lines]
        lengths = [sum(distance_m(a, b) for a, b in pairwise(line)) for line in points]
        places = [_position(x / 10, y / 10) for x, y in self.nodes]
        classes = [RoadClass.of_highway(tags["highway"]) for _, tags, _ in self.lines]
        flat = [point for line in points for point in line]
        return with_bores(
            RoadGraph(
                node_id=np.arange(1, len(places) + 1),
                node_latitude_e7=np.array([place.latitude_e7 for place in places]),
                node_longitude_e7=np.array([place.longitude_e7 for place in places]),
                edge_from=np.array([a for a, _ in ends], dtype=np.int32),
                edge_to=np.array([b for _, b in ends], dtype=np.int32),
                edge_length_dm=np.array([max(1, round(length * 10)) for length in lengths]),
                edge_class=np.array(classes, dtype=np.uint8),
                edge_way=np.array([way for _, _, way in self.lines]),
                edge_tunnel=np.full(len(ends), -1, dtype=np.int32),
                edge_maxspeed_dkmh=np.array(
                    [int(tags.get("maxspeed", "0")) * 10 for _, tags, _ in self.lines], dtype=np.int32
                ),
                edge_geometry_offset=np.cumsum([0, *(len(line) for line in points)]),
                geometry_latitude_e7=np.array([point.latitude_e7 for point in flat]),
                geometry_longitude_e7=np.array([point.longitude_e7 for point in flat]),
                edge_tags=tuple(tags for _, tags, _ in self.lines),
                tunnels=(),
            )
        )

    def _node(self, point: tuple[float, float]) -> int:
        return self.nodes.setdefault((round(point[0] * 10), round(point[1] * 10)), len(self.nodes))


def _position(x: float, y: float) -> Position:
    return offset(HOME, math.degrees(math.atan2(x, y)), math.hypot(x, y))


def stretch(rng: random.Random) -> RoadGraph:
    """A tunnel of 100 m to 5 km, straight or curved, one tube or two, with side roads before and after and a road beside it."""
    length = math.exp(rng.uniform(math.log(100), math.log(5000)))
    radius = rng.choice((math.inf, rng.uniform(max(300, length / 2), 3000)))
    heading, before, after = rng.uniform(0, 2 * math.pi), rng.uniform(2500, 3500), rng.uniform(2500, 3500)
    line, heading = _curve((0.0, 0.0), heading, before, rng.choice((math.inf, rng.uniform(800, 3000))))
    bore, heading = _curve(line[-1], heading, length, radius)
    onward, _ = _curve(bore[-1], heading, after, rng.choice((math.inf, rng.uniform(800, 3000))))
    twin, speed = rng.random() < 0.5, str(rng.choice((60, 70, 80)))
    builder = Builder()
    first, last = rng.uniform(40, 700), rng.uniform(40, 700)  # of the junctions next to the portals
    road_in = _cut(line, sorted([before - first, *(rng.uniform(100, before - 800) for _ in range(2))]))
    road_out = _cut(onward, sorted([last, *(rng.uniform(800, after - 100) for _ in range(2))]))
    gap = rng.uniform(12, 40) / 2 if twin else 0.0
    parts = [*road_in, bore, *road_out]
    for side in (1, -1) if twin else (0,):
        for number, part in enumerate(_aside_all(parts, gap * side)):
            tags = {"tunnel": "yes"} if number == len(road_in) else {}
            builder.road(part if side >= 0 else part[::-1], two_way=not twin, maxspeed=speed, **tags)
    _side_roads(builder, parts, len(road_in), gap, rng)
    _beside(builder, (road_in[-1][0], road_out[0][-1]), [*road_in[-1], *bore, *road_out[0]], gap, rng)
    return builder.graph()


def _aside_all(parts: Sequence[Line], metres: float) -> list[Line]:
    """Consecutive lines moved aside together, so that they still meet."""
    whole = [parts[0][0], *(point for part in parts for point in part[1:])]
    moved, cut, first = _aside(whole, metres), [], 0
    for part in parts:
        cut.append(moved[first : first + len(part)])
        first += len(part) - 1
    return cut


def _side_roads(builder: Builder, parts: Sequence[Line], bore: int, gap: float, rng: random.Random) -> None:
    """At every joint but the portals a link between the carriageways, and a side road that leads away."""
    left, right = _aside_all(parts, gap), _aside_all(parts, -gap)
    for number in range(len(parts) + 1):
        if number in (bore, bore + 1):
            continue
        part, place = min(number, len(parts) - 1), 0 if number < len(parts) else -1
        here, heading = parts[part][place], rng.uniform(0, 2 * math.pi)
        if gap:
            builder.road([left[part][place], here], maxspeed="30")
            builder.road([here, right[part][place]], maxspeed="30")
        builder.road([here, (here[0] + 500 * math.cos(heading), here[1] + 500 * math.sin(heading))], maxspeed="50")


def _beside(
    builder: Builder,
    junctions: tuple[tuple[float, float], tuple[float, float]],
    line: Line,
    gap: float,
    rng: random.Random,
) -> None:
    """The surface road from junction to junction: close beside the tunnel, or a longer way over the hill."""
    away = rng.choice((rng.uniform(25, 60), rng.uniform(60, 300), rng.uniform(300, 1500))) + gap
    side = rng.choice((-1, 1))
    along = np.linspace(0, 1, max(6, len(line)))
    whole = _cumulated(line)
    points = [_at(line, whole, float(share) * whole[-1]) for share in along]
    bent = []
    for share, point in zip(along.tolist(), points, strict=True):
        rise = min(1.0, 6 * min(share, 1 - share))
        nearby = (
            _at(line, whole, min(whole[-1], share * whole[-1] + 1.0)),
            _at(line, whole, max(0.0, share * whole[-1] - 1.0)),
        )
        heading = math.atan2(nearby[0][1] - nearby[1][1], nearby[0][0] - nearby[1][0])
        bent.append(
            (point[0] - side * away * rise * math.sin(heading), point[1] + side * away * rise * math.cos(heading))
        )
    builder.road([junctions[0], *bent[1:-1], junctions[1]], maxspeed=str(rng.choice((40, 50, 60))))


def _curve(start: tuple[float, float], heading: float, length: float, radius: float) -> tuple[Line, float]:
    steps = max(2, round(length / 40))
    line, side = [start], 1 if radius > 0 else -1
    for _ in range(steps):
        heading += side * length / steps / radius
        x, y = line[-1]
        line.append((x + length / steps * math.cos(heading), y + length / steps * math.sin(heading)))
    return line, heading


def _cumulated(line: Line) -> list[float]:
    along = [0.0]
    for (x1, y1), (x2, y2) in pairwise(line):
        along.append(along[-1] + math.hypot(x2 - x1, y2 - y1))
    return along


def _at(line: Line, along: Sequence[float], metres: float) -> tuple[float, float]:
    return float(np.interp(metres, along, [x for x, _ in line])), float(np.interp(metres, along, [y for _, y in line]))


def _cut(line: Line, places: Iterable[float]) -> list[Line]:
    """The line in pieces that end at these distances along it."""
    along, parts, rest = _cumulated(line), [], [(0.0, line[0])]
    stops = sorted([*((metres, _at(line, along, metres)) for metres in places)])
    for metres, point in sorted([*zip(along[1:], line[1:], strict=True), *stops]):
        rest.append((metres, point))
        if (metres, point) in stops:
            parts.append([place for _, place in rest])
            rest = [(metres, point)]
    return [*parts, [place for _, place in rest]]


def _aside(line: Line, metres: float) -> Line:
    moved = []
    for index, (x, y) in enumerate(line):
        (x1, y1), (x2, y2) = line[max(0, index - 1)], line[min(len(line) - 1, index + 1)]
        length = math.hypot(x2 - x1, y2 - y1) or 1.0
        moved.append((x - metres * (y2 - y1) / length, y + metres * (x2 - x1) / length))
    return moved


def wrong_map(
    graph: RoadGraph, rng: random.Random, *, missing: float = 0.02, moved_m: tuple[float, float] = (10, 30)
) -> RoadGraph:
    """The graph as a map would have it: portals moved by 10 to 30 m, some open-air edges missing."""
    latitude, longitude = graph.geometry_latitude_e7.copy(), graph.geometry_longitude_e7.copy()
    node_latitude, node_longitude = graph.node_latitude_e7.copy(), graph.node_longitude_e7.copy()
    portals = {int(graph.edge_from[bore.edges[0]]) for bore in graph.tunnels}
    portals |= {int(graph.edge_to[bore.edges[-1]]) for bore in graph.tunnels}
    for node in sorted(portals):
        place = offset(graph.node_position(node), rng.uniform(0, 360), rng.uniform(*moved_m))
        node_latitude[node], node_longitude[node] = place.latitude_e7, place.longitude_e7
        starts, ends = np.flatnonzero(graph.edge_from == node), np.flatnonzero(graph.edge_to == node)
        for point in (*graph.edge_geometry_offset[starts], *(graph.edge_geometry_offset[ends + 1] - 1)):
            latitude[point], longitude[point] = place.latitude_e7, place.longitude_e7
    moved = dataclasses.replace(
        graph,
        node_latitude_e7=node_latitude,
        node_longitude_e7=node_longitude,
        geometry_latitude_e7=latitude,
        geometry_longitude_e7=longitude,
    )
    lost = {int(way) for way in np.unique(graph.edge_way[graph.edge_tunnel < 0]) if rng.random() < missing}
    keep = np.array(
        [int(way) not in lost or tunnel >= 0 for way, tunnel in zip(graph.edge_way, graph.edge_tunnel, strict=True)]
    )
    return _without(moved, keep)


def _without(graph: RoadGraph, keep: np.ndarray) -> RoadGraph:
    number = np.cumsum(keep) - 1
    offsets = graph.edge_geometry_offset
    points = np.concatenate([np.arange(offsets[e], offsets[e + 1]) for e in np.flatnonzero(keep)])
    bores = tuple(
        dataclasses.replace(
            bore,
            edges=tuple(int(number[edge]) for edge in bore.edges),
            entrance=graph.node_position(int(graph.edge_from[bore.edges[0]])),
            exit=graph.node_position(int(graph.edge_to[bore.edges[-1]])),
        )
        for bore in graph.tunnels
    )
    columns = {name: getattr(graph, name)[keep] for name in (
        "edge_from", "edge_to", "edge_length_dm", "edge_class", "edge_way", "edge_tunnel", "edge_maxspeed_dkmh"
    )}  # fmt: skip
    return dataclasses.replace(
        graph,
        **columns,
        edge_geometry_offset=np.concatenate([[0], np.cumsum(np.diff(offsets)[keep])]),
        geometry_latitude_e7=graph.geometry_latitude_e7[points],
        geometry_longitude_e7=graph.geometry_longitude_e7[points],
        edge_tags=tuple(tags for tags, kept in zip(graph.edge_tags, keep, strict=True) if kept),
        tunnels=bores,
    )


class Driver:
    """Random drives on one graph: through a tunnel, around it, past its portal, or back where they came from."""

    def __init__(self, graph: RoadGraph, rng: random.Random) -> None:
        self.graph, self.rng = graph, rng
        self.leaving: dict[int, list[int]] = {}
        self.arriving: dict[int, list[int]] = {}
        for edge, (start, end) in enumerate(zip(graph.edge_from.tolist(), graph.edge_to.tolist(), strict=True)):
            self.leaving.setdefault(start, []).append(edge)
            self.arriving.setdefault(end, []).append(edge)
        self.length = (graph.edge_length_dm / 10).tolist()
        self.structure = [graph.tunnels[bore].structure_id if bore >= 0 else "" for bore in graph.edge_tunnel.tolist()]
        self.bores = [bore for bore in graph.tunnels if bore.length_dm >= SHORTEST_DM]
        self._trees: dict[str, tuple[Tree, Tree]] = {}
        self._networks: dict[str, Network] = {}
        self.ends = list(zip(graph.edge_from.tolist(), graph.edge_to.tolist(), graph.edge_way.tolist(), strict=True))

    def through(self) -> tuple[int, ...]:
        """Some kilometres the shortest way to a tunnel, through it, and on the shortest way to somewhere; empty if it does not work out."""
        bore = self.rng.choice(self.bores)
        before, after = self._routes(bore)
        start, end = self._somewhere(before), self._somewhere(after)
        if start is None or end is None:
            return ()
        return (*self._path(before, start), *bore.edges, *self._path(after, end))

    def elsewhere(self) -> tuple[int, ...]:
        """Towards a portal and not in: the way round the tunnel, off before it to somewhere else, or back; empty if it does not work out."""
        bore = self.rng.choice(self.bores)
        before, after = self._routes(bore)
        start, end = self._somewhere(before), self._somewhere(after)
        if start is None or end is None:
            return ()
        kind = self.rng.random()
        if kind < 0.4:
            around = self._around(bore).tree(start)
            return self._path(around, end)
        approach = self._path(before, start)
        kept = approach[: max(1, len(approach) - self.rng.randint(0, min(4, len(approach) - 1)))]
        if kind < 0.7:
            onwards = self._around(bore).tree(self.ends[kept[-1]][1])
            goal = self._somewhere(onwards)
            return () if goal is None else (*kept, *self._path(onwards, goal))
        return (*kept, *self._wander(kept[-1], self.leaving, 1, self.rng.uniform(1500, 4000), turn=True))

    def _routes(self, bore: Tunnel) -> tuple[Tree, Tree]:
        """All ways to the entrance and from the exit that avoid the tunnel."""
        if bore.id not in self._trees:
            inside = self.graph.structure_edges(bore.structure_id)
            back = Network(self.graph, forbidden_edges=inside, weight="length", backwards=True)
            entrance, exit_ = int(self.graph.edge_from[bore.edges[0]]), int(self.graph.edge_to[bore.edges[-1]])
            self._trees[bore.id] = back.tree(entrance), self._around(bore).tree(exit_)
        return self._trees[bore.id]

    def _around(self, bore: Tunnel) -> Network:
        if bore.structure_id not in self._networks:
            inside = self.graph.structure_edges(bore.structure_id)
            self._networks[bore.structure_id] = Network(self.graph, forbidden_edges=inside, weight="length")
        return self._networks[bore.structure_id]

    def _somewhere(self, tree: Tree) -> int | None:
        """A node 1.5 to 4 km off, or where the map is smaller at least 300 m."""
        metres = tree.cost / 10
        for least, most in ((1500, 4000), (300, 4000)):
            nodes = np.flatnonzero((metres >= least) & (metres <= most))
            if len(nodes):
                return int(self.rng.choice(nodes.tolist()))
        return None

    def _path(self, tree: Tree, node: int) -> tuple[int, ...]:
        route = tree.find_route(node)
        return route.edges if route else ()

    def _wander(
        self, edge: int, following: dict[int, list[int]], end: int, metres: float, *, turn: bool = False
    ) -> list[int]:
        """Edges in the open onwards (or backwards) from one, mostly straight on; turning round only at a dead end or if asked."""
        path: list[int] = []
        gone, here = 0.0, edge
        while gone < metres:
            node = self.ends[here][end]
            choices = [other for other in following.get(node, []) if not self.structure[other]]
            onwards = [other for other in choices if not self._is_back(other, here)]
            choices = onwards or (choices if turn else [])
            if not choices:
                break
            fresh = [other for other in choices if other not in path]
            here = self.rng.choice(fresh or choices)
            path.append(here)
            gone += self.length[here]
        return path

    def _is_back(self, one: int, other: int) -> bool:
        a, b = self.ends[one], self.ends[other]
        return a[0] == b[1] and a[1] == b[0] and a[2] == b[2]

    def drive(self, edges: Sequence[int], interval_s: int) -> Drive:
        """Reports as sent: noise of 4 to 8 m, 2 % lost, on 15 % of the drives two or three in a row, odometer on every second lorry."""
        rng = self.rng
        odometer, loss = rng.random() < 0.5, 0.02
        silence_from = rng.uniform(0, 600) if rng.random() < 0.15 else math.inf
        phase = rng.uniform(0, interval_s)
        fixes = drive(
            self.graph, edges, start=START, rng=rng, interval_s=interval_s, noise_m=rng.uniform(4, 8),
            speed_factor=rng.uniform(0.75, 1.0), reacquire_s=rng.uniform(1, 8),
        )  # fmt: skip
        reports = tuple(self._sent(fixes, loss, silence_from, 2.5 * interval_s, odometer, phase))
        inside = Counter[str]()
        for edge in edges:
            if self.structure[edge]:
                inside[self.structure[edge]] += round(self.length[edge] * 10)
        passes = frozenset(structure for structure, metres in inside.items() if metres >= SHORTEST_DM)
        is_judgeable = not inside or self._is_judgeable(edges, reports)
        return Drive(tuple(edges), passes, frozenset(inside) - passes, reports, interval_s, is_judgeable)

    def _is_judgeable(self, edges: Sequence[int], reports: Sequence[Seen]) -> bool:
        """Whether reports lie before the first tunnel and after the last one."""
        inside = [number for number, edge in enumerate(edges) if self.structure[edge]]
        open_m = sum(self.length[edge] for edge in edges[inside[-1] + 1 :])
        if len(reports) < 3 or inside[0] == 0 or open_m < 100:
            return False
        end = self.graph.edge_positions(edges[-1])[-1]
        start = self.graph.edge_positions(edges[0])[0]
        before = sum(self.length[edge] for edge in edges[: inside[0]])
        return distance_m(start, reports[0].position) < before and distance_m(reports[-1].position, end) < min(
            open_m, 700
        )

    def _sent(
        self,
        fixes: Iterable[DrivenFix],
        loss: float,
        silence_from: float,
        silence_s: float,
        odometer: bool,
        phase: float,
    ) -> Iterator[Seen]:
        for fix in fixes:
            seconds = (fix.at - START).total_seconds()
            if self.rng.random() < loss or silence_from <= seconds < silence_from + silence_s:
                continue
            metres = fix.odometer_dm // 1000 * 100 if odometer else None
            at_ms = int(fix.at.timestamp() * 1000)
            yield Seen(at_ms, fix.position, fix.speed_dkmh, fix.heading_deg, metres)
