"""The choice of a trip to show: legal, the same every time, and honest where a region can show nothing."""

from pathlib import Path

import pytest

from geo.itinerary import Itinerary, choose
from geo.model_region import build
from geo.osm import read_region
from geo.roads import RoadGraph
from geo.routing import compare


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    file = tmp_path_factory.mktemp("region") / "model.osm"
    file.write_bytes(build())
    return read_region(file)


@pytest.fixture(scope="module")
def trip(graph: RoadGraph) -> Itinerary:
    return choose(graph)


def read(tmp_path: Path, *ways: str) -> RoadGraph:
    nodes = "".join(
        f'<node id="{n}" version="1" lat="{30 + n // 10 / 200}" lon="{100 + n % 10 / 200}"/>' for n in range(40)
    )
    (tmp_path / "region.osm").write_text(f'<osm version="0.6">{nodes}{"".join(ways)}</osm>')
    return read_region(tmp_path / "region.osm")


def way(number: int, nodes: list[int], **tags: str) -> str:
    references = "".join(f'<nd ref="{node}"/>' for node in nodes)
    marks = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in {"highway": "primary", **tags}.items())
    return f'<way id="{number}" version="1">{references}{marks}</way>'


def test_the_model_region_shows_its_mountain_tunnel(trip: Itinerary) -> None:
    assert trip.bore is not None
    assert trip.bore.name.startswith("示例山隧道")
    assert trip.approach_m >= 300
    assert trip.after_m >= 300


def test_the_plan_avoids_the_whole_structure_and_is_the_best_that_does(graph: RoadGraph, trip: Itinerary) -> None:
    assert trip.structure_id is not None
    forbidden = graph.structure_edges(trip.structure_id)
    assert forbidden.isdisjoint(trip.plan.edges)
    answer = compare(graph, trip.origin_node, trip.destination_node, restrictions={"tunnel": forbidden})
    assert answer.binding == ("tunnel",)
    assert answer.route == trip.plan
    assert answer.unrestricted == trip.direct


def test_the_deviation_follows_the_plan_then_leaves_it_for_the_tunnel_and_arrives(
    graph: RoadGraph, trip: Itinerary
) -> None:
    assert trip.deviation is not None
    assert trip.bore is not None
    shared = trip.leaves_plan_after
    assert shared is not None
    assert shared > 0
    assert trip.deviation.edges[:shared] == trip.plan.edges[:shared]
    assert trip.deviation.edges[shared] != trip.plan.edges[shared]
    entry = trip.deviation.edges.index(trip.bore.edges[0])
    assert entry >= shared
    assert trip.deviation.edges[entry : entry + len(trip.bore.edges)] == trip.bore.edges
    assert graph.edge_to[trip.deviation.edges[-1]] == graph.edge_to[trip.plan.edges[-1]] == trip.destination_node
    assert graph.edge_from[trip.deviation.edges[0]] == graph.edge_from[trip.plan.edges[0]] == trip.origin_node


def test_the_choice_is_the_same_every_time(graph: RoadGraph, trip: Itinerary) -> None:
    assert choose(graph) == trip


def test_a_region_without_tunnels_gives_a_plain_trip(tmp_path: Path) -> None:
    trip = choose(read(tmp_path, way(1, [0, 1, 2, 3]), way(2, [3, 13])))
    assert trip.bore is None
    assert trip.direct is None
    assert trip.deviation is None
    assert trip.plan.length_dm > 0


def test_a_tunnel_without_a_way_around_is_not_shown(tmp_path: Path) -> None:
    trip = choose(read(tmp_path, way(1, [0, 1]), way(2, [1, 2], tunnel="yes"), way(3, [2, 3])))
    assert trip.bore is None


DETOUR = [way(1, [0, 1]), way(2, [1, 2], tunnel="yes"), way(3, [2, 3])]


def test_a_way_around_makes_the_tunnel_one_to_show(tmp_path: Path) -> None:
    assert choose(read(tmp_path, *DETOUR, way(4, [1, 11, 12, 2]))).bore is not None


@pytest.mark.parametrize("closed", [{"access": "private"}, {"hgv": "no"}, {"hazmat": "no"}])
def test_a_way_around_that_lorries_or_dangerous_goods_may_not_use_is_none(
    closed: dict[str, str], tmp_path: Path
) -> None:
    assert choose(read(tmp_path, *DETOUR, way(4, [1, 11, 12, 2], **closed))).bore is None


def test_a_tunnel_of_good_length_is_preferred_to_a_short_one(tmp_path: Path) -> None:
    roads = [way(1, [0, 1]), way(2, [1, 2], tunnel="yes", name="long"), way(3, [2, 3, 4]), way(4, [1, 11, 12, 2])]
    graph = read(tmp_path, *roads, way(5, [4, 5], tunnel="yes", name="second"), way(6, [5, 6]), way(7, [4, 14, 15, 5]))
    trip = choose(graph, minimum_length_m=490)
    assert trip.bore is not None
    assert trip.bore.length_dm >= 4_000


def test_a_region_of_one_way_dead_ends_still_gives_a_trip_and_a_single_ring_none(tmp_path: Path) -> None:
    assert choose(read(tmp_path, way(1, [0, 1], oneway="yes"))).plan.edges == (0,)
    with pytest.raises(ValueError, match="no two places"):
        choose(read(tmp_path, way(1, [0, 1, 11, 0], oneway="yes")))
