"""Road bridges as structures: decks that join, their length along the longest way over them, and whether they are very large."""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from geo.position import Position
from geo.roads import RoadGraph

# https://wiki.openstreetmap.org/wiki/Key:bridge: a low water crossing is a ford with a floor.
NO_BRIDGES = frozenset(["no", "false", "0", "low_water_crossing"])
# JTG D60-2015 table 1.0.5: 特大桥 is longer than 1,000 m or has a span over 150 m; below 8 m (or a span below 5 m) it is a culvert.
LARGE_DM, LARGE_SPAN_DM, LEAST_DM = 10_000, 1_500, 80

_SPAN_KEYS = ("bridge:span", "maxspan", "span")
_MOST_ENDS = 64  # of a structure with more, the length is the longest way found from both ends of one sweep


@dataclass(frozen=True, slots=True)
class Deck:
    """A stretch between two ends or forks; ``line`` runs along it in one of its directions."""

    line: tuple[Position, ...]
    way_ids: tuple[int, ...]


@dataclass(frozen=True)
class Bridge:
    """All decks that join one another; carriageways that never meet are bridges of their own.

    ``id`` depends on the map alone. ``longest_span_dm`` is 0 where the map does not tell. ``edges`` are directed, in both directions.
    """

    id: str
    name: str  # "" where the map gives none
    ref: str
    length_dm: int
    longest_span_dm: int
    edges: tuple[int, ...]
    decks: tuple[Deck, ...]
    tags: Mapping[str, str]  # of its longest edge

    @property
    def is_large(self) -> bool:
        """特大桥 by JTG D60."""
        return is_large(self.length_dm, self.longest_span_dm)


def is_large(length_dm: int, longest_span_dm: int) -> bool:
    """By length over all, or by one span, in decimetres: a 特大桥 (JTG D60)."""
    return length_dm > LARGE_DM or longest_span_dm > LARGE_SPAN_DM


def is_bridge(tags: Mapping[str, str]) -> bool:
    return tags.get("bridge", "no") not in NO_BRIDGES


def bridges_of(graph: RoadGraph) -> tuple[Bridge, ...]:
    """Every bridge that carries a road of the graph, ordered by id, culverts too."""
    return tuple(sorted(_Above(graph).bridges(), key=lambda bridge: bridge.id))


class _Above:
    """The bridge edges of a graph as an undirected network: each stretch once, whatever its directions."""

    def __init__(self, graph: RoadGraph) -> None:
        self.graph = graph
        self.start, self.end = graph.edge_from.tolist(), graph.edge_to.tolist()
        self.length, self.way = graph.edge_length_dm.tolist(), graph.edge_way.tolist()
        self.edges = [edge for edge, tags in enumerate(graph.edge_tags) if is_bridge(tags)]
        self.at: dict[int, list[int]] = defaultdict(list)  # node -> stretches
        self.directions: dict[int, list[int]] = {}  # stretch (its first edge) -> its directed edges
        seen: dict[tuple[int, int, int, int], int] = {}
        for edge in self.edges:
            low, high = sorted((self.start[edge], self.end[edge]))
            stretch = seen.setdefault((self.way[edge], low, high, self.length[edge]), edge)
            self.directions.setdefault(stretch, []).append(edge)
            if stretch == edge:
                self.at[low].append(edge)
                if high != low:
                    self.at[high].append(edge)

    def bridges(self) -> Iterator[Bridge]:
        left = set(self.directions)
        for stretch in self.edges:
            if stretch in left:
                joined = self._joined(stretch)
                left.difference_update(joined)
                yield self._bridge(sorted(joined))

    def _joined(self, stretch: int) -> set[int]:
        joined, waiting = {stretch}, [stretch]
        while waiting:
            one = waiting.pop()
            for node in (self.start[one], self.end[one]):
                new = set(self.at[node]) - joined
                joined |= new
                waiting += new
        return joined

    def _bridge(self, stretches: list[int]) -> Bridge:
        by_length = sorted(stretches, key=lambda one: (-self.length[one], one))
        tags = [self.graph.edge_tags[one] for one in by_length]
        return Bridge(
            id=f"bridge-{min(self.way[one] for one in stretches)}",
            name=next(filter(None, (each.get("bridge:name", "") for each in tags)), "") or tags[0].get("name", ""),
            ref=tags[0].get("ref", ""),
            length_dm=self._longest_way_dm(stretches),
            longest_span_dm=max(span_dm(each) for each in tags),
            edges=tuple(sorted(edge for one in stretches for edge in self.directions[one])),
            decks=tuple(self._decks(stretches)),
            tags=tags[0],
        )

    def _longest_way_dm(self, stretches: list[int]) -> int:
        """From end to end by the shortest way, of the two ends farthest apart; once round for a ring."""
        nodes = sorted({node for one in stretches for node in (self.start[one], self.end[one])})
        ends = [node for node in nodes if len(self.at[node]) == 1 and not self._is_ring(self.at[node][0])]
        if not ends:
            return sum(self.length[one] for one in stretches)
        if len(ends) > _MOST_ENDS:
            reached = self._reached(ends[0])
            ends = [max(reached, key=lambda node: (reached[node], node))]
        return max(max(self._reached(end).values()) for end in ends)

    def _is_ring(self, stretch: int) -> bool:
        return bool(self.start[stretch] == self.end[stretch])

    def _reached(self, origin: int) -> dict[int, int]:
        """Dijkstra over the stretches: decimetres to each node."""
        reached: dict[int, int] = {}
        queue = [(0, origin)]
        while queue:
            cost, node = heapq.heappop(queue)
            if node not in reached:
                reached[node] = cost
                for one in self.at[node]:
                    heapq.heappush(queue, (cost + self.length[one], self._other(one, node)))
        return reached

    def _other(self, stretch: int, node: int) -> int:
        return int(self.end[stretch] if self.start[stretch] == node else self.start[stretch])

    def _decks(self, stretches: list[int]) -> Iterator[Deck]:
        left = set(stretches)
        for one in stretches:
            if one in left:
                run = self._run(one, left)
                yield Deck(self._line(run), tuple(dict.fromkeys(self.way[each] for each, _ in run)))

    def _run(self, stretch: int, left: set[int]) -> list[tuple[int, bool]]:
        """Stretches in a row with whether each is taken as drawn, from fork to fork; taken out of ``left``."""
        left.discard(stretch)
        run = [(stretch, True)]
        for front in (False, True):
            node = self.start[stretch] if front else self.end[stretch]
            while (following := self._only_other(node, left)) is not None:
                left.discard(following)
                run.insert(
                    0 if front else len(run), (following, (self.end if front else self.start)[following] == node)
                )
                node = self._other(following, node)
        return run

    def _only_other(self, node: int, left: set[int]) -> int | None:
        here = self.at[node]
        return next((one for one in here if one in left), None) if len(here) == 2 else None

    def _line(self, run: list[tuple[int, bool]]) -> tuple[Position, ...]:
        line: list[Position] = []
        for one, as_drawn in run:
            points = self.graph.edge_positions(one)
            line += (points if as_drawn else points[::-1])[1 if line else 0 :]
        return tuple(line)


def span_dm(tags: Mapping[str, str]) -> int:
    """The longest span the tags tell, in decimetres; 0 where they do not."""
    found = (re.fullmatch(r"(\d{1,4}(?:\.\d+)?)\s*m?", tags.get(key, "").strip()) for key in _SPAN_KEYS)
    return max((round(float(each[1]) * 10) for each in found if each), default=0)
