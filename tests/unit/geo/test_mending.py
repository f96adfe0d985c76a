"""Roads that the map lacks near tunnels: made up where a road would end or begin at nothing, and nowhere else."""

from __future__ import annotations

from geo.mending import mended
from geo.roads import RoadGraph
from geo.transit import Kind
from tests.bench.tunnel_drives import Builder
from tests.unit.geo.test_transit import BEFORE, around, kinds, run, seen


def one_way_street(*, missing: str = "") -> RoadGraph:
    """A one-way tunnel from 400 to 1400 m along a one-way road of several pieces, and a lane to and fro that ends in a yard."""
    builder = Builder()
    pieces = {
        "west": (-2000, 0),
        "approach": (0, 400),
        "exit": (1400, 1440),
        "middle": (1440, 1560),
        "east": (1560, 3600),
    }
    for name, (begin, end) in pieces.items():
        if name != missing:
            builder.road([(float(begin), 0.0), (float(end), 0.0)], two_way=False)
    builder.road([(400.0, 0.0), (1400.0, 0.0)], two_way=False, tunnel="yes")
    builder.road([(0.0, 0.0), (0.0, -300.0)])
    return builder.graph()


def links(graph: RoadGraph) -> list[tuple[int, int]]:
    made = mended(graph, graph.tunnels)
    return [(int(made.edge_from[edge]), int(made.edge_to[edge])) for edge in range(graph.edge_count, made.edge_count)]


def test_a_whole_map_gains_no_roads_but_at_its_edge() -> None:
    graph = one_way_street()
    assert links(graph) == []


def test_a_one_way_road_that_ends_at_nothing_goes_on_to_the_next_road_ahead() -> None:
    graph = one_way_street(missing="middle")
    places = [
        (graph.node_position(one).longitude_e7, graph.node_position(other).longitude_e7) for one, other in links(graph)
    ]
    assert places
    assert all(one < other for one, other in places), "never back the way it came"


def test_a_lane_that_ends_in_a_yard_is_left_alone() -> None:
    graph = one_way_street()
    yard = int(graph.node_latitude_e7.argmin())
    assert all(yard not in link for link in links(graph))


def test_a_piece_missing_behind_the_portal_hides_no_transit() -> None:
    region = around(one_way_street(missing="middle"))
    assert Kind.TRANSIT in kinds(run(region, *BEFORE, seen(150, 1800), seen(180, 2300))[1])
