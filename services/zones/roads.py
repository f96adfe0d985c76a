"""Which edges of a road network lie in a zone. Pure.

An area holds every edge that meets it. What is drawn along a road (tunnels, corridors, sections) holds the edges it names; where
the network has none of these, the edges that follow its line, since a road that only crosses it is not on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from geo.index import ZoneIndex
from geo.position import Position, distances_m
from geo.roads import RoadGraph
from services.zones.model import DEFAULT_WIDTH_DM, Zone, ZoneVersion

Int64s = npt.NDArray[np.int64]

_FOLLOWS_WIDTHS = 3  # so many widths inside a corridor are no crossing any more
_FOLLOWS_SHARE = 0.5  # of an edge, or of a short zone


@dataclass(frozen=True, eq=False)
class Segments:
    """Straight pieces of lines: where each begins and ends, the line it is of, its length."""

    latitude_1_e7: Int64s
    longitude_1_e7: Int64s
    latitude_2_e7: Int64s
    longitude_2_e7: Int64s
    line: Int64s
    metres: npt.NDArray[np.float64]

    @classmethod
    def of(cls, latitude_e7: Int64s, longitude_e7: Int64s, line_of_point: Int64s) -> Segments:
        """Between consecutive points of the same line."""
        first = np.flatnonzero(line_of_point[1:] == line_of_point[:-1])
        ends = (latitude_e7[first], longitude_e7[first], latitude_e7[first + 1], longitude_e7[first + 1])
        return cls(*ends, line_of_point[first], distances_m(*ends))


@dataclass(frozen=True, eq=False)
class Region:
    """A road network and the names of its edges, ``way:from node:to node``, the same for the same map."""

    id: str
    graph: RoadGraph

    @cached_property
    def edge_keys(self) -> tuple[str, ...]:
        """One key for each edge; a second edge of the same way between the same nodes ends in ``:2``."""
        graph = self.graph
        nodes = graph.node_id.tolist()
        seen: dict[str, int] = {}
        keys = []
        for way, start, end in zip(
            graph.edge_way.tolist(), graph.edge_from.tolist(), graph.edge_to.tolist(), strict=True
        ):
            key = f"{way}:{nodes[start]}:{nodes[end]}"
            seen[key] = seen.get(key, 0) + 1
            keys.append(key if seen[key] == 1 else f"{key}:{seen[key]}")
        return tuple(keys)

    @cached_property
    def edge_of(self) -> dict[str, int]:
        return {key: edge for edge, key in enumerate(self.edge_keys)}

    def by_tags(self, what: str, told: Callable[[Mapping[str, str]], int]) -> Int64s:
        """What the tags of each edge tell, worked out once for each ``what``."""
        if what not in self._by_tags:
            tags, kind = self._kinds
            self._by_tags[what] = np.array([told(each) for each in tags], dtype=np.int64)[kind]
        return self._by_tags[what]

    @cached_property
    def _by_tags(self) -> dict[str, Int64s]:
        return {}

    @cached_property
    def _kinds(self) -> tuple[list[Mapping[str, str]], Int64s]:
        """All tags there are, and for each edge which of them it has: edges of one way share theirs."""
        tags = {id(each): each for each in self.graph.edge_tags}
        number = {key: place for place, key in enumerate(tags)}
        return list(tags.values()), np.array([number[id(each)] for each in self.graph.edge_tags], dtype=np.int64)

    @cached_property
    def node_of(self) -> dict[int, int]:
        return {node: number for number, node in enumerate(self.graph.node_id.tolist())}

    @cached_property
    def segments(self) -> Segments:
        graph = self.graph
        counts = np.diff(graph.edge_geometry_offset)
        edges = np.repeat(np.arange(graph.edge_count), counts)
        return Segments.of(graph.geometry_latitude_e7, graph.geometry_longitude_e7, edges)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(south, west, north, east) of its nodes."""
        latitudes, longitudes = self.graph.node_latitude_e7, self.graph.node_longitude_e7
        return int(latitudes.min()), int(longitudes.min()), int(latitudes.max()), int(longitudes.max())


def edges_of(region: Region, versions: Iterable[ZoneVersion]) -> dict[int, frozenset[int]]:
    """The edges in each zone, by the number of its version."""
    found: dict[int, frozenset[int]] = {}
    drawn: list[ZoneVersion] = []
    for version in versions:
        named = frozenset(region.edge_of[key] for key in version.zone.all_edge_keys() if key in region.edge_of)
        if named:
            found[version.number] = named
        elif not version.withdrawn:
            drawn.append(version)
    lengths = region.graph.edge_length_dm / 10
    for version, inside in zip(drawn, metres_inside(region.segments, drawn), strict=True):
        edges = (edge for edge, metres in inside.items() if follows(version, metres, float(lengths[edge])))
        found[version.number] = frozenset(edges)
    return found


def follows(version: ZoneVersion, inside_m: float, line_m: float) -> bool:
    """Whether a line of which so much lies inside is in the zone, rather than crosses it."""
    return not version.zone.kind.is_line or inside_m >= min(followed_m(version.zone), _FOLLOWS_SHARE * line_m)


def followed_m(zone: Zone) -> float:
    """From how far inside on a line of any length is in the zone rather than crosses it; 0 where crossing is being in it."""
    if not zone.kind.is_line:
        return 0.0
    wide_m = _FOLLOWS_WIDTHS * (zone.width_dm or DEFAULT_WIDTH_DM) / 10
    return min(wide_m, _FOLLOWS_SHARE * zone.structure_dm / 10) if zone.structure_dm else wide_m


def metres_inside(segments: Segments, versions: Sequence[ZoneVersion]) -> Iterator[dict[int, float]]:
    """For each zone the lines that meet it, and how far they run inside."""
    index = ZoneIndex({version.number: version.area for version in versions})
    met = index.through(
        segments.latitude_1_e7, segments.longitude_1_e7, segments.latitude_2_e7, segments.longitude_2_e7
    )
    inside: dict[int, dict[int, float]] = {version.number: {} for version in versions}
    metres = (met.t_out - met.t_in) * segments.metres[met.segment]
    rows = zip(met.zone.tolist(), segments.line[met.segment].tolist(), metres.tolist(), strict=True)
    for zone, line, along in rows:
        lines = inside[index.keys[zone]]
        lines[line] = lines.get(line, 0.0) + along
    return iter(inside.values())


def segments_of(line: Sequence[Position]) -> Segments:
    """The pieces of one line, each a line of its own, so that it is told where along the line a zone begins."""
    latitudes = np.array([point.latitude_e7 for point in line], dtype=np.int64)
    longitudes = np.array([point.longitude_e7 for point in line], dtype=np.int64)
    ends = (latitudes[:-1], longitudes[:-1], latitudes[1:], longitudes[1:])
    return Segments(*ends, np.arange(len(line) - 1), distances_m(*ends))
