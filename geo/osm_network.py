"""Road lines to directed edges between the places where roads meet, end, or follow one another; osmnx decides, imported late.

osmnx holds every node and every step as Python objects: a province takes it gigabytes. It is shown the nodes that may matter and
one straight step in place of the bends between them, which it would take out again; the bends come back afterwards.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.osm_lines import RoadLines, parts
from geo.position import E7

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Edge:
    """From node to node along a line; ``places`` are those of ``RoadLines.point`` in the order of travel."""

    way: int
    start: int
    end: int
    places: tuple[range, ...]  # each begins with the node the one before ends with

    def all_places(self) -> Iterator[int]:
        """The places along the edge in order, each once where two of its ways meet."""
        first, *others = self.places
        return chain(first, *(each[1:] for each in others))


def edges_of(lines: RoadLines) -> list[Edge]:
    """The edges, in an order that depends on nothing but the map: by way, start and end, alike ones by their points."""
    rings = _rings(lines)
    shown = _shown(lines, rings)
    places = np.flatnonzero(shown)
    network = _simplified(_only(lines, shown), lines.node_id[rings])
    between = _Between(lines, places)
    number = {node: place for place, node in enumerate(lines.node_id.tolist())}
    edges = []
    for start, end, edge in network.edges(data=True):
        steps = [(number[one], number[other]) for one, other in edge.get("merged_edges", [(start, end)])]
        along = tuple(between(edge["osmid"], one, other) for one, other in steps)
        edges.append(Edge(edge["osmid"], number[start], number[end], along))
    alike = Counter((edge.way, edge.start, edge.end) for edge in edges)

    def key(edge: Edge) -> tuple[int, int, int, list[tuple[int, int]]]:
        is_alone = alike[edge.way, edge.start, edge.end] == 1
        points = [] if is_alone else lines.point[list(edge.all_places())].tolist()
        at = [(int(lines.latitude_e7[point]), int(lines.longitude_e7[point])) for point in points]
        return edge.way, edge.start, edge.end, at

    return sorted(edges, key=key)


def _rings(lines: RoadLines) -> Int64s:
    """One node of every part that is nothing but a ring: osmnx finds no end in it and would lose it."""
    count = len(lines.node_id)
    begin, end = (lines.point[place] for place in lines.steps)
    pairs = np.unique(np.minimum(begin, end) * count + np.maximum(begin, end))
    one, other = pairs // count, pairs % count
    neighbours = np.bincount(np.concatenate([one, other[other != one]]), minlength=count)
    part = parts(begin, end, count)
    is_ring = np.ones(count, dtype=bool)
    is_ring[part[neighbours != 2]] = False
    smallest = np.unique(part, return_index=True)[1]
    found: Int64s = smallest[is_ring[part[smallest]]]
    return found


def _shown(lines: RoadLines, rings: Int64s) -> Mask:
    """Which places of the lines osmnx is shown: where lines begin, end or meet, one node of each ring, and bends where it would
    take two stretches for one, or find a road that leads back to where it began, without them."""
    shown: Mask = np.bincount(lines.point, minlength=len(lines.node_id))[lines.point] > 1
    shown[lines.offset[:-1]] = shown[lines.offset[1:] - 1] = True
    shown |= np.isin(lines.point, rings)
    places = np.flatnonzero(shown)
    is_step = np.diff(lines.line_of_point[places]) == 0
    first, last = places[:-1][is_step], places[1:][is_step]
    one, other = lines.point[first], lines.point[last]
    pair = np.minimum(one, other) * len(lines.node_id) + np.maximum(one, other)
    _, which, times = np.unique(pair, return_inverse=True, return_counts=True)
    for begin, end in zip(*(side[(times[which] > 1) | (one == other)].tolist() for side in (first, last)), strict=True):
        shown[begin:end] = True
    return shown


def _only(lines: RoadLines, shown: Mask) -> RoadLines:
    """The same lines over these places alone."""
    counts = np.add.reduceat(shown, lines.offset[:-1], dtype=np.int64)
    return replace(lines, point=lines.point[shown], offset=np.append(0, np.cumsum(counts)))


class _Between:
    """The places from one shown place of a way to the next, in either direction."""

    def __init__(self, lines: RoadLines, places: Int64s) -> None:
        line, way, point = lines.line_of_point[places].tolist(), lines.way.tolist(), lines.point[places].tolist()
        self._found = {
            (way[line[number]], point[number], point[number + 1]): (begin, end)
            for number, (begin, end) in enumerate(pairwise(places.tolist()))
            if line[number] == line[number + 1]
        }

    def __call__(self, way: int, start: int, end: int) -> range:
        if (found := self._found.get((way, start, end))) is not None:
            return range(found[0], found[1] + 1)
        begin, last = self._found[way, end, start]
        return range(last, begin - 1, -1)


def _simplified(lines: RoadLines, anchors: Int64s) -> Any:
    """The osmnx graph, simplified, each edge with the steps it was made of."""
    import osmnx

    with tempfile.TemporaryDirectory(prefix="hazway-region-") as folder:
        file = Path(folder) / "roads.osm"
        _write_xml(file, lines)
        network = osmnx.graph_from_xml(file, simplify=False, retain_all=True)
    for node in anchors.tolist():
        network.nodes[node]["anchor"] = True
    # one way, one edge: merging across ways would spread a tunnel's tags over the open road before and after it
    return osmnx.simplify_graph(network, node_attrs_include=["anchor"], edge_attrs_differ=["osmid"], track_merged=True)


def _write_xml(file: Path, lines: RoadLines) -> None:
    import osmium

    mutable = osmium.osm.mutable
    ids, offset = lines.node_id[lines.point], lines.offset.tolist()
    with osmium.SimpleWriter(str(file)) as writer:
        for node in np.unique(lines.point).tolist():
            # osmium wants (longitude, latitude)
            location = (lines.longitude_e7[node] / E7, lines.latitude_e7[node] / E7)
            writer.add_node(mutable.Node(id=int(lines.node_id[node]), version=1, location=location))
        for number, (way, (begin, end)) in enumerate(zip(lines.way.tolist(), pairwise(offset), strict=True)):
            tags = {key: lines.tags[number][key] for key in ("highway", "oneway") if key in lines.tags[number]}
            writer.add_way(mutable.Way(id=way, version=1, nodes=ids[begin:end].tolist(), tags=tags))
