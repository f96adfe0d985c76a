"""The drivable ways of an OpenStreetMap file as flat arrays. osmium is imported late, because it costs time."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from geo.osm_tags import is_drivable, kept_tags
from geo.position import distances_m

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# an island of roads below this share of the region's length is clutter at the edge of an extract
_SMALLEST_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class RoadLines:
    """Ways in the order of their ids; line ``n`` runs over the nodes ``point[offset[n]:offset[n + 1]]``, two or more, none twice
    in a row. Places are degrees x 10^7."""

    way: Int64s
    tags: tuple[Mapping[str, str], ...]
    offset: Int64s
    point: Int64s  # numbers of nodes
    node_id: Int64s  # ascending
    latitude_e7: Int64s
    longitude_e7: Int64s

    @property
    def line_of_point(self) -> Int64s:
        """For each point, the number of the line it belongs to."""
        return np.repeat(np.arange(len(self.way)), np.diff(self.offset))

    @property
    def steps(self) -> tuple[Int64s, Int64s]:
        """(from, to): the places in ``point`` of each step along a line."""
        line = self.line_of_point
        first = np.flatnonzero(line[1:] == line[:-1])
        return first, first + 1

    def without_islands(self) -> RoadLines:
        """The same without parts that hang together with nothing, hold no tunnel, and are shorter than 1 % of the whole."""
        if not len(self.way):
            return self
        begin, end = self.point[self.steps[0]], self.point[self.steps[1]]
        part = parts(begin, end, len(self.node_id))
        metres = distances_m(
            self.latitude_e7[begin], self.longitude_e7[begin], self.latitude_e7[end], self.longitude_e7[end]
        )
        is_both_ways = np.array(["oneway" not in tags for tags in self.tags])
        metres = np.where(is_both_ways[self.line_of_point[self.steps[0]]], 2, 1) * metres
        lengths = np.bincount(part[begin], weights=metres)
        stays = lengths >= _SMALLEST_SHARE * metres.sum()
        of_line = part[self.point[self.offset[:-1]]]
        stays[of_line[["tunnel" in tags for tags in self.tags]]] = True
        return self._only(stays[of_line])

    def _only(self, lines: Mask) -> RoadLines:
        counts = np.diff(self.offset)
        used, point = np.unique(self.point[np.repeat(lines, counts)], return_inverse=True)
        return RoadLines(
            way=self.way[lines],
            tags=tuple(tags for tags, stays in zip(self.tags, lines.tolist(), strict=True) if stays),
            offset=np.append(0, np.cumsum(counts[lines])),
            point=point,
            node_id=self.node_id[used],
            latitude_e7=self.latitude_e7[used],
            longitude_e7=self.longitude_e7[used],
        )


def parts(begin: Int64s, end: Int64s, count: int) -> Int64s:
    """For each of ``count`` nodes the number of the part it hangs together with."""
    joined = csr_matrix((np.ones(len(begin), dtype=np.int8), (begin, end)), shape=(count, count))
    found: Int64s = connected_components(joined, directed=False)[1].astype(np.int64)
    return found


def read_lines(path: Path) -> RoadLines:
    """The drivable ways, each the longest run of nodes that the extract holds; a way of which no stretch is left is none.

    osmium's errors come through: it has no common one.
    """
    way, tags, offset, reference = _read_ways(path)
    node_id, latitude, longitude = _read_nodes(path, np.unique(reference))
    point = np.searchsorted(node_id, reference)
    is_held = np.zeros(len(reference), dtype=bool)
    inside = point < len(node_id)
    is_held[inside] = node_id[point[inside]] == reference[inside]
    lines = RoadLines(way, tags, offset, np.where(is_held, point, -1), node_id, latitude, longitude)
    return _trimmed(lines)


def _read_ways(path: Path) -> tuple[Int64s, tuple[Mapping[str, str], ...], Int64s, Int64s]:
    """Ids, tags, and the ids of the nodes with where each way's begin."""
    import osmium

    references = array("q")
    found: dict[int, tuple[int, int, Mapping[str, str]]] = {}
    for way in osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(osmium.filter.KeyFilter("highway")):
        tags = {tag.k: tag.v for tag in way.tags}
        if isinstance(way, osmium.osm.Way) and is_drivable(tags):
            first = len(references)
            references.extend(node.ref for node in way.nodes)
            found[way.id] = first, len(references), kept_tags(tags)
    ids = sorted(found)
    begin, end = (np.array([found[number][side] for number in ids], dtype=np.int64) for side in (0, 1))
    counts = end - begin
    offset = np.append(0, np.cumsum(counts))
    taken = np.repeat(begin - offset[:-1], counts) + np.arange(offset[-1])
    reference = np.frombuffer(references, dtype=np.int64)[taken] if len(references) else np.empty(0, dtype=np.int64)
    return np.array(ids, dtype=np.int64), tuple(found[number][2] for number in ids), offset, reference


def _read_nodes(path: Path, wanted: Int64s) -> tuple[Int64s, Int64s, Int64s]:
    """Ids and places of those of the wanted nodes that the file has, by id."""
    import osmium

    nodes = osmium.FileProcessor(str(path), osmium.osm.NODE)
    # osmium filters no ids below zero, as editors give to what is not yet on the map
    if len(wanted) and wanted[0] >= 0:
        nodes = nodes.with_filter(osmium.filter.IdFilter(wanted.tolist()))
    columns = array("q"), array("q"), array("q")
    for node in nodes:
        if isinstance(node, osmium.osm.Node) and node.location.valid():
            for column, value in zip(columns, (node.id, node.location.y, node.location.x), strict=True):
                column.append(value)
    ids, latitude, longitude = (np.array(column, dtype=np.int64) for column in columns)
    ids, last = np.unique(ids[::-1], return_index=True)  # of a node given twice what came last
    rows = np.isin(ids, wanted)
    last = len(latitude) - 1 - last
    return ids[rows], latitude[last[rows]], longitude[last[rows]]


def _trimmed(lines: RoadLines) -> RoadLines:
    """The same without what the extract lacks (-1) and without nodes that come twice in a row."""
    line = lines.line_of_point
    is_bad = lines.point < 0
    is_bad[1:] |= (lines.point[1:] == lines.point[:-1]) & (line[1:] == line[:-1])
    spoilt = np.unique(line[is_bad])
    stays = np.diff(lines.offset) > 1
    runs = dict(zip(spoilt.tolist(), (_run(lines, number) for number in spoilt.tolist()), strict=True))
    stays[spoilt] = [len(run) > 1 for run in runs.values()]
    point, counts = lines.point.copy(), np.diff(lines.offset)
    is_kept = np.ones(len(point), dtype=bool)
    for number, run in runs.items():
        begin = lines.offset[number]
        point[begin : begin + len(run)] = run
        is_kept[begin + len(run) : lines.offset[number + 1]] = False
        counts[number] = len(run)
    whole = replace(lines, point=point[is_kept], offset=np.append(0, np.cumsum(counts)))
    return whole._only(stays)


def _run(lines: RoadLines, number: int) -> list[int]:
    points = lines.point[lines.offset[number] : lines.offset[number + 1]].tolist()
    runs = [list(run) for is_held, run in groupby(points, key=(0).__le__) if is_held]
    longest: list[int] = max(runs, key=len, default=[])
    return [node for node, _ in groupby(longest)]
