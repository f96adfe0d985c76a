"""OpenStreetMap files to road graphs. Everything works offline, from the file alone.

Turn restrictions are not read: a route may turn where a sign forbids it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from geo.osm_lines import RoadLines, read_lines
from geo.osm_network import edges_of
from geo.osm_tags import posted_dkmh
from geo.position import distances_m
from geo.roads import RoadClass, RoadGraph
from geo.tunnels import with_bores

SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.bz2", ".osm.gz")


class RegionError(ValueError):
    """A file that gives no road graph; ``zh`` and ``en`` say why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{en} / {zh}")
        self.zh, self.en = zh, en


def read_region(path: Path) -> RoadGraph:
    """The drivable roads of an OSM extract (``SUFFIXES``), each tunnel its own edges with its own tags.

    Ways closed to all motor traffic are left out; private ones stay (depots lie on them) with their ``access`` tag. Islands
    of roads stay if they hold a tunnel or at least 1 % of the length. Raises ``RegionError`` when there is nothing to drive on.
    """
    check_file(path)
    try:
        lines = read_lines(path)
    except Exception as problem:  # osmium has no common error: bad XML, ids and coordinates each raise another kind
        raise malformed(path, problem) from problem
    if not len(lines.way):
        raise RegionError(f"地图文件中没有可通行的道路：{path.name}", f"no drivable road in the map file: {path.name}")
    return with_bores(_to_graph(lines.without_islands()))


def check_file(path: Path) -> None:
    """Raises ``RegionError`` unless there is such a file with a name we read."""
    if not path.name.endswith(SUFFIXES):
        raise RegionError(f"不支持的地图文件格式：{path.name}", f"not an OpenStreetMap extract we read: {path.name}")
    if not path.is_file():
        raise RegionError(f"地图文件不存在：{path.name}", f"no such map file: {path.name}")


def malformed(path: Path, problem: Exception) -> RegionError:
    """The fault of a map file that cannot be read, with what its reader said."""
    return RegionError(f"地图文件已损坏：{path.name}", f"the map file is malformed: {path.name}: {problem}")


def _to_graph(lines: RoadLines) -> RoadGraph:
    edges = edges_of(lines)
    nodes, ends = np.unique([(edge.start, edge.end) for edge in edges], return_inverse=True)
    ends = ends.reshape(-1, 2).astype(np.int32)
    tags_of_way = dict(zip(lines.way.tolist(), lines.tags, strict=True))
    tags = tuple(tags_of_way[edge.way] for edge in edges)
    counts = [sum(map(len, edge.places)) - len(edge.places) + 1 for edge in edges]
    offsets = np.append(0, np.cumsum(counts, dtype=np.int64))
    places = np.fromiter((place for edge in edges for place in edge.all_places()), dtype=np.int64, count=offsets[-1])
    point = lines.point[places]
    latitude, longitude = lines.latitude_e7[point], lines.longitude_e7[point]
    return RoadGraph(
        node_id=lines.node_id[nodes],
        node_latitude_e7=lines.latitude_e7[nodes],
        node_longitude_e7=lines.longitude_e7[nodes],
        edge_from=np.ascontiguousarray(ends[:, 0]),
        edge_to=np.ascontiguousarray(ends[:, 1]),
        edge_length_dm=_lengths_dm(latitude, longitude, offsets),
        edge_class=np.array([RoadClass.of_highway(tag["highway"]) for tag in tags], dtype=np.uint8),
        edge_way=np.array([edge.way for edge in edges], dtype=np.int64),
        edge_tunnel=np.full(len(edges), -1, dtype=np.int32),
        edge_maxspeed_dkmh=np.array([posted_dkmh(tag) for tag in tags], dtype=np.int32),
        edge_geometry_offset=offsets,
        geometry_latitude_e7=latitude,
        geometry_longitude_e7=longitude,
        edge_tags=tags,
        tunnels=(),
    )


def _lengths_dm(latitude: Any, longitude: Any, offsets: Any) -> Any:
    """Lengths of the edges along their points, at least 1 dm, since a graph search takes 0 for no edge at all."""
    steps = distances_m(latitude[:-1], longitude[:-1], latitude[1:], longitude[1:])
    along = np.concatenate(
        [[0.0], np.cumsum(steps)]
    )  # the steps between edges cancel: only differences within one are used
    metres = along[offsets[1:] - 1] - along[offsets[:-1]]
    return np.maximum(1, np.rint(metres * 10)).astype(np.int64)
