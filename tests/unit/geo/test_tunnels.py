"""Bores and structures: portal to portal, both directions, twin tubes together, neighbours apart."""

from pathlib import Path

import numpy as np
import pytest

from geo.osm import read_region
from geo.roads import RoadGraph

Point = tuple[float, float]  # metres east and north
Road = tuple[list[Point], dict[str, str]]
OPEN, ONE_WAY = {"highway": "primary"}, {"highway": "primary", "oneway": "yes"}


def read(tmp_path: Path, *roads: Road, first_id: int = 1) -> RoadGraph:
    nodes: dict[Point, int] = {}
    ways = []
    for number, (points, tags) in enumerate(roads, start=first_id):
        references = "".join(f'<nd ref="{nodes.setdefault(point, len(nodes) + 1)}"/>' for point in points)
        marks = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        ways.append(f'<way id="{number}" version="1">{references}{marks}</way>')
    places = [
        f'<node id="{number}" version="1" lat="{y / 111_195:.7f}" lon="{100 + x / 111_195:.7f}"/>'
        for (x, y), number in nodes.items()
    ]
    file = tmp_path / "region.osm"
    file.write_text("\n".join(['<osm version="0.6">', *places, *ways, "</osm>"]))
    return read_region(file)


def twin_tubes(apart: float, length: float, names: tuple[str, str]) -> list[Road]:
    roads: list[Road] = []
    for y, sign, name in ((0.0, 1, names[0]), (apart, -1, names[1])):
        stops = [(-500.0, y), (0.0, y), (length, y), (length + 500, y)][::sign]
        tunnel = ONE_WAY | {"tunnel": "yes"} | ({"name": name} if name else {})
        roads += [(stops[:2], ONE_WAY), (stops[1:3], tunnel), (stops[2:], ONE_WAY)]
    return [*roads, ([(-500, 0), (-500, apart)], OPEN), ([(length + 500, 0), (length + 500, apart)], OPEN)]


def structures(graph: RoadGraph) -> int:
    return len({bore.structure_id for bore in graph.tunnels})


def test_a_tube_driven_both_ways_is_two_bores_of_one_structure(tmp_path: Path) -> None:
    road = [(0.0, 0.0), (300.0, 0.0)], [(300.0, 0.0), (700.0, 0.0)], [(700.0, 0.0), (900.0, 0.0)]
    graph = read(tmp_path, (road[0], OPEN), (road[1], OPEN | {"tunnel": "yes", "name": "岭"}), (road[2], OPEN))
    one, other = graph.tunnels
    assert (one.entrance, one.exit) == (other.exit, other.entrance)
    assert one.structure_id == other.structure_id
    assert one.length_dm == other.length_dm == pytest.approx(4000, abs=2)
    assert len(graph.structure_edges(one.structure_id)) == 2


@pytest.mark.parametrize(
    ("apart", "length", "names", "expected"),
    [
        (30, 800, ("岭隧道", "岭隧道"), 1),
        (30, 800, ("岭隧道左洞", "岭隧道右洞"), 1),
        (30, 800, ("Ridge Tunnel (Bore 1)", "Ridge Tunnel (Bore 2)"), 1),
        (30, 800, ("", ""), 1),
        (30, 800, ("岭隧道", ""), 1),
        (300, 800, ("岭隧道", "岭隧道"), 1),
        (300, 800, ("", ""), 2),
        (30, 800, ("岭一号隧道", "岭二号隧道"), 2),
        (900, 800, ("岭隧道", "岭隧道"), 2),
    ],
)
def test_twin_tubes_are_one_structure_when_place_and_name_allow_it(
    apart: float, length: float, names: tuple[str, str], expected: int, tmp_path: Path
) -> None:
    assert structures(read(tmp_path, *twin_tubes(apart, length, names))) == expected


def test_two_underpasses_on_one_street_are_two_structures(tmp_path: Path) -> None:
    tunnel = ONE_WAY | {"tunnel": "yes", "name": "大街"}
    stops = [(float(x), 0.0) for x in (0, 100, 150, 250, 300, 400)]
    roads = [(stops[index : index + 2], tunnel if index % 2 else ONE_WAY) for index in range(5)]
    assert structures(read(tmp_path, *roads)) == 2


def test_a_tunnel_that_branches_underground_has_a_bore_for_each_way_through(tmp_path: Path) -> None:
    tunnel = ONE_WAY | {"tunnel": "yes"}
    graph = read(
        tmp_path,
        ([(0, 0), (100, 0)], ONE_WAY),
        ([(100, 0), (400, 0)], tunnel),
        ([(400, 0), (800, 0)], tunnel),
        ([(400, 0), (700, 300)], tunnel),
        ([(800, 0), (900, 0)], ONE_WAY),
        ([(700, 300), (900, 500)], ONE_WAY),
    )
    assert sorted(len(bore.edges) for bore in graph.tunnels) == [2, 2]
    assert len({bore.entrance for bore in graph.tunnels}) == 1
    assert structures(graph) == 1


def test_parallel_tubes_between_the_same_junctions_are_both_in_a_bore(tmp_path: Path) -> None:
    tunnel = ONE_WAY | {"tunnel": "yes"}
    graph = read(
        tmp_path,
        ([(0, 0), (100, 0)], ONE_WAY),
        ([(100, 0), (500, 0)], tunnel),
        ([(100, 0), (300, 200), (500, 0)], tunnel),
        ([(500, 0), (600, 0)], ONE_WAY),
    )
    assert len(graph.tunnels) == 2
    assert all(graph.edge_tunnel[edge] >= 0 for edge, tags in enumerate(graph.edge_tags) if "tunnel" in tags)


def test_a_tunnel_cut_by_the_edge_of_the_map_is_a_bore_to_where_the_map_ends(tmp_path: Path) -> None:
    graph = read(tmp_path, ([(0, 0), (100, 0)], OPEN), ([(100, 0), (500, 0)], OPEN | {"tunnel": "yes"}))
    assert len(graph.tunnels) == 2
    assert {bore.length_dm for bore in graph.tunnels} == {4000}


def test_a_region_that_is_one_tunnel_ring_still_has_its_edges_in_bores(tmp_path: Path) -> None:
    ring = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0), (0.0, 0.0)]
    graph = read(tmp_path, (ring, ONE_WAY | {"tunnel": "yes"}))
    assert graph.edge_tunnel.tolist() == [0]


def test_ids_depend_on_the_map_alone(tmp_path: Path) -> None:
    one, other = (read(tmp_path, *twin_tubes(30, 800, ("岭隧道", "岭隧道"))) for _ in range(2))
    assert one.tunnels == other.tunnels
    assert one.tunnels[0].structure_id == "tunnel-2"  # the smaller of its ways, 2 and 5


def test_the_bore_of_an_edge_is_the_longest_that_holds_it(tmp_path: Path) -> None:
    graph = read(tmp_path, *twin_tubes(30, 800, ("", "")))
    lengths = [bore.length_dm for bore in graph.tunnels]
    assert lengths == sorted(lengths, reverse=True)
    for index, bore in enumerate(graph.tunnels):
        assert np.all(graph.edge_tunnel[list(bore.edges)] <= index)
