"""Real extracts: every tunnel way on the list is a tunnel here, at its length, and nothing else is."""

import json
import os
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from geo.itinerary import choose
from geo.osm import read_region
from geo.roads import RoadGraph

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / os.environ.get("HAZWAY_TEST_DATA", "../shared/data")
SAMPLES = {
    "monaco-2021": "monaco-2021.osm.pbf",
    "shenzhen-longgang-2019": "shenzhen-longgang-2019.osm.bz2",
    "baltimore-2015": "baltimore-2015.osm.pbf",
    "liechtenstein-2015": "liechtenstein-2015.osm.pbf",
    "shanghai-huangpu-2026": "shanghai-huangpu-2026-drive.osm.bz2",
}

pytestmark = pytest.mark.skipif(
    not (DATA / "osm").is_dir(), reason=f"no sample extracts in {DATA}: set HAZWAY_TEST_DATA"
)


@pytest.fixture(scope="module")
def graphs() -> dict[str, RoadGraph]:
    return {name: read_region(DATA / "osm" / file) for name, file in SAMPLES.items()}


def listed(name: str) -> dict[int, dict[str, Any]]:
    features = json.loads((DATA / "tunnels" / f"{name}.geojson").read_text())["features"]
    ways = {feature["properties"]["osm_way"]: feature["properties"] for feature in features}
    return {way: tags for way, tags in ways.items() if tags["tunnel"] != "building_passage"}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_listed_tunnel_is_a_tunnel_here_with_its_length_and_tags(name: str, graphs: dict[str, RoadGraph]) -> None:
    graph, wanted = graphs[name], listed(name)
    one_way = {int(way) for way, tags in zip(graph.edge_way, graph.edge_tags, strict=True) if "oneway" in tags}
    lengths: Counter[int] = Counter()
    for edge in range(graph.edge_count):
        if "tunnel" in graph.edge_tags[edge]:
            way = int(graph.edge_way[edge])
            assert graph.edge_tunnel[edge] >= 0
            assert edge in graph.structure_edges(graph.tunnels[graph.edge_tunnel[edge]].structure_id)
            lengths[way] += int(graph.edge_length_dm[edge])
            for key in ("hazmat", "maxheight", "name", "ref"):
                assert graph.edge_tags[edge].get(key) == wanted[way].get(key)
    assert set(lengths) == set(wanted)
    for way, tags in wanted.items():
        driven = 1 if way in one_way else 2
        assert lengths[way] / 10 == pytest.approx(driven * tags["length_m"], rel=0.01)


@pytest.mark.parametrize("name", SAMPLES)
def test_bores_run_through_tunnel_edges_only_and_one_after_another(name: str, graphs: dict[str, RoadGraph]) -> None:
    graph = graphs[name]
    assert len({bore.id for bore in graph.tunnels}) == len(graph.tunnels)
    for bore in graph.tunnels:
        assert all("tunnel" in graph.edge_tags[edge] for edge in bore.edges)
        assert all(graph.edge_to[a] == graph.edge_from[b] for a, b in pairwise(bore.edges))
        assert bore.length_dm == sum(int(graph.edge_length_dm[edge]) for edge in bore.edges)


def test_the_two_tubes_of_a_chinese_tunnel_are_one_structure(graphs: dict[str, RoadGraph]) -> None:
    bores = [bore for bore in graphs["shenzhen-longgang-2019"].tunnels if bore.name == "求水岭隧道"]
    assert sorted(bore.length_dm // 10 for bore in bores) == [668, 711]
    assert len({bore.structure_id for bore in bores}) == 1


def test_the_four_bores_of_fort_mchenry_are_one_structure_and_the_harbor_tunnel_another(
    graphs: dict[str, RoadGraph],
) -> None:
    long = [bore for bore in graphs["baltimore-2015"].tunnels if bore.length_dm > 15_000]
    assert Counter(Counter(bore.structure_id for bore in long).values()) == Counter({4: 1, 2: 1})


@pytest.mark.parametrize(
    ("name", "tunnel"),
    [("monaco-2021", "Boulevard Louis II"), ("shenzhen-longgang-2019", "大岭鼓隧道"), ("baltimore-2015", "")],
)
def test_a_real_region_shows_a_tunnel_and_a_way_around_it(name: str, tunnel: str, graphs: dict[str, RoadGraph]) -> None:
    graph = graphs[name]
    trip = choose(graph)
    assert trip.bore is not None
    assert trip.direct is not None
    assert trip.bore.name == tunnel
    assert trip.approach_m >= 300
    forbidden = graph.structure_edges(trip.bore.structure_id)
    assert forbidden.isdisjoint(trip.plan.edges)
    assert set(trip.bore.edges) <= set(trip.direct.edges)


def test_where_every_tunnel_ends_at_the_edge_of_the_map_a_plain_trip_is_left(graphs: dict[str, RoadGraph]) -> None:
    trip = choose(graphs["shanghai-huangpu-2026"])
    assert (trip.bore, trip.direct, trip.deviation, trip.structure_id) == (None, None, None, None)
    assert trip.plan.length_dm > 10_000
