"""The bundled region: always the same, read like any other, with everything a demonstration needs."""

import math
from itertools import pairwise

import numpy as np
import pytest

from geo.model_region import build
from geo.osm import read_region
from geo.position import bearing_deg, distance_m
from geo.roads import RoadGraph
from geo.routing import Network
from geo.tunnels import Tunnel


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    file = tmp_path_factory.mktemp("region") / "model.osm"
    file.write_bytes(build())
    return read_region(file)


def bores(graph: RoadGraph, name: str) -> list[Tunnel]:
    return [bore for bore in graph.tunnels if bore.name.startswith(name)]


def test_the_region_is_the_same_every_time() -> None:
    assert build() == build()


def test_every_name_in_it_is_plainly_invented() -> None:
    names = [
        line.split('k="name" v="')[1].split('"')[0] for line in build().decode().splitlines() if 'k="name"' in line
    ]
    assert len(names) > 40
    assert all(name.startswith("示例") for name in names)


def test_the_mountain_tunnel_is_a_curved_twin_of_two_and_a_half_kilometres(graph: RoadGraph) -> None:
    east, west = sorted(bores(graph, "示例山隧道"), key=lambda bore: bore.entrance.longitude_e7)
    assert east.structure_id == west.structure_id
    assert {bore.length_dm // 1000 for bore in (east, west)} == {23, 24}
    assert distance_m(east.entrance, west.exit) == pytest.approx(40, abs=1)
    for bore in (east, west):
        assert distance_m(bore.entrance, bore.exit) < 0.95 * bore.length_dm / 10


def test_eastbound_traffic_runs_on_the_southern_carriageway(graph: RoadGraph) -> None:
    east, west = sorted(bores(graph, "示例山隧道"), key=lambda bore: bore.entrance.longitude_e7)
    assert 0 < bearing_deg(east.entrance, east.exit) < 180 < bearing_deg(west.entrance, west.exit)
    assert east.entrance.latitude_e7 < west.exit.latitude_e7


@pytest.mark.parametrize(("name", "metres"), [("示例岭隧道", 350), ("示例河底隧道", 1012)])
def test_the_single_tubes_are_driven_both_ways(name: str, metres: int, graph: RoadGraph) -> None:
    one, other = bores(graph, name)
    assert (one.entrance, one.exit) == (other.exit, other.entrance)
    assert one.length_dm / 10 == pytest.approx(metres, abs=1)


def test_every_place_off_the_expressway_reaches_every_other_around_any_tunnel(graph: RoadGraph) -> None:
    places = _off_the_expressway(graph)
    for structure in (None, *{bore.structure_id for bore in graph.tunnels}):
        forbidden = graph.structure_edges(structure) if structure else frozenset[int]()
        there = Network(graph, forbidden_edges=forbidden).tree(places[0]).cost
        back = Network(graph, forbidden_edges=forbidden, backwards=True).tree(places[0]).cost
        assert np.isfinite(there[places]).all()
        assert np.isfinite(back[places]).all()


def _off_the_expressway(graph: RoadGraph) -> list[int]:
    """Nodes where no motorway begins, ends or passes; its carriageways are cut at the edge of the region and at portals."""
    on = {
        int(node)
        for edge, tags in enumerate(graph.edge_tags)
        if tags["highway"] == "motorway"
        for node in (graph.edge_from[edge], graph.edge_to[edge])
    }
    places = [node for node in range(graph.node_count) if node not in on]
    assert len(places) > 90
    return places


def test_no_road_on_the_expressway_turns_sharply(graph: RoadGraph) -> None:
    for edge in range(graph.edge_count):
        if graph.edge_tags[edge]["highway"] == "motorway":
            bearings = [bearing_deg(*pair) for pair in pairwise(graph.edge_positions(edge))]
            assert all(abs(math.remainder(b - a, 360)) < 5 for a, b in pairwise(bearings))
