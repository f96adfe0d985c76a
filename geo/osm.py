"""OpenStreetMap files to road graphs: the one module that imports osmnx, late, because it costs seconds; osmium too.

Turn restrictions are not read: a route may turn where a sign forbids it. All but ``fetch_place`` works offline, from the file alone.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from geo.position import E7, distances_m
from geo.roads import RoadClass, RoadGraph
from geo.tunnels import with_bores

SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.bz2", ".osm.gz")

_CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary")
_MINOR = ("unclassified", "residential", "living_street", "service", "road", "busway")
DRIVABLE = frozenset([*_CLASSES, *(f"{name}_link" for name in _CLASSES), *_MINOR])

# https://wiki.openstreetmap.org/wiki/Key:tunnel: passages through buildings, galleries open to one side and pipes are no
# road tunnels. A value we do not know counts as a tunnel: missing a restricted tunnel is worse than watching one too many.
NO_TUNNELS = frozenset(["no", "false", "0", "culvert", "building_passage", "avalanche_protector", "covered", "flooded"])

_KEPT = frozenset(
    (
        *(
            "highway",
            "name",
            "name:en",
            "name:zh",
            "tunnel:name",
            "ref",
            "oneway",
            "junction",
            "bridge",
            "tunnel",
            "layer",
        ),
        *("bridge:name", "bridge:span", "maxspan", "span"),
        *("maxspeed", "maxspeed:hgv", "lanes", "access", "vehicle", "motor_vehicle", "service", "toll", "covered"),
    )
)
_KEPT_STEMS = (
    "hazmat",
    "hgv",
    "maxheight",
    "maxweight",
)  # with their suffixes: hazmat:water, maxweight:conditional ...

_SMALLEST_SHARE = (
    0.01  # an island of roads below this share of the region's length is clutter at the edge of an extract
)
_ONE_WAY = frozenset(["yes", "true", "1", "reversible"])
_AGAINST = frozenset(["-1", "reverse"])


class RegionError(ValueError):
    """A file that gives no road graph; ``zh`` and ``en`` say why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{en} / {zh}")
        self.zh, self.en = zh, en


@dataclass(frozen=True)
class _Way:
    id: int
    nodes: tuple[int, ...]
    tags: Mapping[str, str]


def read_region(path: Path) -> RoadGraph:
    """The drivable roads of an OSM extract (``SUFFIXES``), each tunnel its own edges with its own tags.

    Ways closed to all motor traffic are left out; private ones stay (depots lie on them) with their ``access`` tag. Islands
    of roads stay if they hold a tunnel or at least 1 % of the length. Raises ``RegionError`` when there is nothing to drive on.
    """
    check_file(path)
    try:
        ways, places = _read_ways(path)
    except Exception as problem:  # osmium has no common error: bad XML, ids and coordinates each raise another kind
        raise malformed(path, problem) from problem
    ways = [whole for way in ways if (whole := _trim(way, places)) is not None]
    if not ways:
        raise RegionError(f"地图文件中没有可通行的道路：{path.name}", f"no drivable road in the map file: {path.name}")
    return with_bores(_to_graph(_network(ways, places), {way.id: way.tags for way in ways}))


def check_file(path: Path) -> None:
    """Raises ``RegionError`` unless there is such a file with a name we read."""
    if not path.name.endswith(SUFFIXES):
        raise RegionError(f"不支持的地图文件格式：{path.name}", f"not an OpenStreetMap extract we read: {path.name}")
    if not path.is_file():
        raise RegionError(f"地图文件不存在：{path.name}", f"no such map file: {path.name}")


def malformed(path: Path, problem: Exception) -> RegionError:
    return RegionError(f"地图文件已损坏：{path.name}", f"the map file is malformed: {path.name}: {problem}")


def fetch_place(name: str, wanted: Mapping[str, list[str]], file: Path) -> None:
    """Write the map of a place, by name, into ``file`` (``.osm.pbf``): its roads, and what has one of the ``wanted`` tags.

    osmnx asks Nominatim for the outline and Overpass for what lies in it; the servers' answers are kept whole, so that the file
    is read like any extract. Raises ``RegionError`` without a network, and when the place is not found or has no outline.
    """
    import osmnx

    settings = osmnx.settings
    before = settings.use_cache, settings.cache_folder, settings.cache_only_mode
    with tempfile.TemporaryDirectory(prefix="hazway-place-") as folder:
        try:
            settings.use_cache, settings.cache_folder, settings.cache_only_mode = True, folder, True
            with contextlib.suppress(InterruptedError):  # osmnx's word for "fetched, as you asked"
                osmnx.graph_from_place(name, custom_filter='["highway"]', retain_all=True)
            with contextlib.suppress(InterruptedError):
                osmnx.features_from_place(name, dict(wanted))
        except (OSError, ValueError, TypeError) as problem:
            raise RegionError(
                f"无法联网取得“{name}”的地图；请下载该地区的 OpenStreetMap 文件后用 FILE 导入",
                f"the map of {name!r} could not be fetched ({type(problem).__name__}): download an OpenStreetMap extract of"
                " the place and import the FILE",
            ) from problem
        finally:
            settings.use_cache, settings.cache_folder, settings.cache_only_mode = before
        _write_answers([json.loads(kept.read_text("utf-8")) for kept in sorted(Path(folder).glob("*.json"))], file)


def _write_answers(answers: Iterable[Any], file: Path) -> None:
    """Overpass answers as one file, each element once."""
    import osmium

    mutable = osmium.osm.mutable
    elements: dict[tuple[str, int], Any] = {}
    header = osmium.io.Header()
    for answer in answers:
        if not isinstance(answer, dict):  # Nominatim's
            continue
        if stamp := answer.get("osm3s", {}).get("timestamp_osm_base", ""):
            header.set("osmosis_replication_timestamp", stamp)
        for element in answer.get("elements", ()):
            elements.setdefault((element["type"], element["id"]), element)
    with osmium.SimpleWriter(str(file), header=header) as writer:
        for kind in ("node", "way", "relation"):
            for number, element in sorted(
                ((number, each) for (of, number), each in elements.items() if of == kind), key=itemgetter(0)
            ):
                tags = element.get("tags", {})
                if kind == "node":
                    location = (element["lon"], element["lat"])  # osmium wants (longitude, latitude)
                    writer.add_node(mutable.Node(id=number, version=1, location=location, tags=tags))
                elif kind == "way":
                    writer.add_way(mutable.Way(id=number, version=1, nodes=element["nodes"], tags=tags))
                else:
                    members = [(each["type"][0], each["ref"], each.get("role", "")) for each in element["members"]]
                    writer.add_relation(mutable.Relation(id=number, version=1, members=members, tags=tags))


def is_drivable(tags: Mapping[str, str]) -> bool:
    """Whether a lorry may in principle be on this way: a road, not an area, not closed to motor traffic."""
    if tags.get("highway") not in DRIVABLE or tags.get("area") == "yes":
        return False
    permission = next((tags[key] for key in ("motor_vehicle", "vehicle", "access") if key in tags), "yes")
    return permission != "no"


def kept_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags we keep, with the one-way rule spelled out ("yes", "-1" or absent) and no mark on tunnels that are none."""
    kept = {key: tags[key] for key in sorted(tags) if key in _KEPT or key.split(":")[0] in _KEPT_STEMS}
    if kept.get("tunnel") in NO_TUNNELS:
        del kept["tunnel"]
    direction = _direction(kept)
    kept.pop("oneway", None)
    return kept if direction is None else {**kept, "oneway": direction}


def _direction(tags: Mapping[str, str]) -> str | None:
    stated = tags.get("oneway")
    if stated in _AGAINST:
        return "-1"
    if stated in _ONE_WAY:
        return "yes"
    # motorways and roundabouts are one-way unless the map says otherwise; osmnx knows this of roundabouts only
    implied = tags.get("highway") == "motorway" or tags.get("junction") in ("roundabout", "circular")
    return "yes" if implied and stated != "no" else None


def posted_dkmh(tags: Mapping[str, str]) -> int:
    """The lowest posted limit in 0.1 km/h, 0 where the map gives no number (``signals``, ``none``, national codes)."""
    limits = []
    for key in ("maxspeed", "maxspeed:hgv"):
        for number, unit in re.findall(r"(?:^|;)\s*(\d{1,3}(?:\.\d+)?)\s*(mph|km/h|kmh)?\s*(?=;|$)", tags.get(key, "")):
            limits.append(round(float(number) * (16.09344 if unit == "mph" else 10)))
    return min((limit for limit in limits if limit > 0), default=0)


def _read_ways(path: Path) -> tuple[list[_Way], dict[int, tuple[int, int]]]:
    """Drivable ways in the order of their ids, and their nodes as (latitude_e7, longitude_e7)."""
    import osmium

    ways = {}
    for way in osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(osmium.filter.KeyFilter("highway")):
        tags = {tag.k: tag.v for tag in way.tags}
        if isinstance(way, osmium.osm.Way) and is_drivable(tags):
            ways[way.id] = _Way(way.id, tuple(node.ref for node in way.nodes), kept_tags(tags))
    wanted = {node for way in ways.values() for node in way.nodes}
    places = {}
    for node in osmium.FileProcessor(str(path), osmium.osm.NODE):
        if isinstance(node, osmium.osm.Node) and node.id in wanted and node.location.valid():
            places[node.id] = (node.location.y, node.location.x)
    return [ways[number] for number in sorted(ways)], places


def _trim(way: _Way, places: Mapping[int, tuple[int, int]]) -> _Way | None:
    """The longest run of the way's nodes that the extract holds, without immediate repeats; None when no stretch is left."""
    runs = [tuple(run) for held, run in groupby(way.nodes, key=places.__contains__) if held]
    longest: tuple[int, ...] = max(runs, key=len, default=())
    run = [node for node, _ in groupby(longest)]
    return _Way(way.id, tuple(run), way.tags) if len(run) > 1 else None


def _network(ways: Iterable[_Way], places: Mapping[int, tuple[int, int]]) -> Any:
    """The simplified osmnx graph: nodes only where roads meet, end, or one way follows another."""
    import networkx
    import osmnx

    with tempfile.TemporaryDirectory(prefix="hazway-region-") as folder:
        file = Path(folder) / "roads.osm"
        _write_xml(file, ways, places)
        network = osmnx.graph_from_xml(file, simplify=False, retain_all=True)
    tunnels = {way.id for way in ways if "tunnel" in way.tags}
    total = sum(length for _, _, length in network.edges(data="length"))
    for part in [set(part) for part in networkx.weakly_connected_components(network)]:
        edges = list(network.subgraph(part).edges(data=True))
        if sum(edge["length"] for *_, edge in edges) < _SMALLEST_SHARE * total and not any(
            edge["osmid"] in tunnels for *_, edge in edges
        ):
            network.remove_nodes_from(part)
        elif all(len({*network.predecessors(node), *network.successors(node)}) == 2 for node in part):
            # osmnx finds no end in a pure ring and would lose it: give it one
            network.nodes[min(part)]["anchor"] = True
    # one way, one edge: merging across ways would spread a tunnel's tags over the open road before and after it
    return osmnx.simplify_graph(network, node_attrs_include=["anchor"], edge_attrs_differ=["osmid"])


def _write_xml(file: Path, ways: Iterable[_Way], places: Mapping[int, tuple[int, int]]) -> None:
    import osmium

    used = sorted({node for way in ways for node in way.nodes})
    with osmium.SimpleWriter(str(file)) as writer:
        for node in used:
            latitude_e7, longitude_e7 = places[node]
            location = (longitude_e7 / E7, latitude_e7 / E7)  # osmium wants (longitude, latitude)
            writer.add_node(osmium.osm.mutable.Node(id=node, version=1, location=location))
        for way in ways:
            tags = {key: way.tags[key] for key in ("highway", "oneway") if key in way.tags}
            writer.add_way(osmium.osm.mutable.Way(id=way.id, version=1, nodes=list(way.nodes), tags=tags))


def _to_graph(network: Any, tags_of_way: Mapping[int, Mapping[str, str]]) -> RoadGraph:
    """Arrays from the osmnx graph, in an order that depends on nothing but the map."""
    nodes = sorted(network.nodes)
    number = {node: index for index, node in enumerate(nodes)}
    places = {node: (_e7(network.nodes[node]["y"]), _e7(network.nodes[node]["x"])) for node in nodes}
    edges = []
    for start, end, edge in network.edges(data=True):
        if "geometry" in edge:
            points = tuple((_e7(y), _e7(x)) for x, y in edge["geometry"].coords)  # shapely holds (longitude, latitude)
        else:
            points = (places[start], places[end])
        edges.append((edge["osmid"], number[start], number[end], points))
    edges.sort()
    ways = [way for way, *_ in edges]
    tags = tuple(tags_of_way[way] for way in ways)
    offsets = np.cumsum([0, *(len(points) for *_, points in edges)]).astype(np.int64)
    geometry = np.array([point for *_, points in edges for point in points], dtype=np.int64).reshape(-1, 2)
    return RoadGraph(
        node_id=np.array(nodes, dtype=np.int64),
        node_latitude_e7=np.array([places[node][0] for node in nodes], dtype=np.int64),
        node_longitude_e7=np.array([places[node][1] for node in nodes], dtype=np.int64),
        edge_from=np.array([start for _, start, _, _ in edges], dtype=np.int32),
        edge_to=np.array([end for _, _, end, _ in edges], dtype=np.int32),
        edge_length_dm=_lengths_dm(geometry, offsets),
        edge_class=np.array([RoadClass.of_highway(tag["highway"]) for tag in tags], dtype=np.uint8),
        edge_way=np.array(ways, dtype=np.int64),
        edge_tunnel=np.full(len(edges), -1, dtype=np.int32),
        edge_maxspeed_dkmh=np.array([posted_dkmh(tag) for tag in tags], dtype=np.int32),
        edge_geometry_offset=offsets,
        geometry_latitude_e7=np.ascontiguousarray(geometry[:, 0]),
        geometry_longitude_e7=np.ascontiguousarray(geometry[:, 1]),
        edge_tags=tags,
        tunnels=(),
    )


def _e7(degrees: float) -> int:
    return math.floor(degrees * E7 + 0.5)


def _lengths_dm(geometry: Any, offsets: Any) -> Any:
    """Lengths of the edges along their points, at least 1 dm, since a graph search takes 0 for no edge at all."""
    steps = distances_m(geometry[:-1, 0], geometry[:-1, 1], geometry[1:, 0], geometry[1:, 1])
    along = np.concatenate(
        [[0.0], np.cumsum(steps)]
    )  # the steps between edges cancel: only differences within one are used
    metres = along[offsets[1:] - 1] - along[offsets[:-1]]
    return np.maximum(1, np.rint(metres * 10)).astype(np.int64)
