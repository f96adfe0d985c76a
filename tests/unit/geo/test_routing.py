"""Routes: never a forbidden edge, never dearer than what a slow search finds, and the reasons that made them longer."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.position import Position, distance_m
from geo.roads import RoadClass, RoadGraph
from geo.routing import Network, Route, as_mask, compare, costs, nearest_node, shortest_route


def a_graph(seed: int, nodes: int = 12, edges: int = 40) -> RoadGraph:
    """Random directed edges, parallel ones and loops among them, with lengths that need not suit the geometry."""
    rng = random.Random(seed)
    places = [
        (rng.randrange(300_000_000, 300_500_000), rng.randrange(1_000_000_000, 1_000_500_000)) for _ in range(nodes)
    ]
    ends = [(rng.randrange(nodes), rng.randrange(nodes)) for _ in range(edges)]
    points = [places[node] for pair in ends for node in pair]
    kinds = [rng.choice([RoadClass.MOTORWAY, RoadClass.PRIMARY]) for _ in ends]
    return RoadGraph(
        node_id=np.arange(nodes, dtype=np.int64),
        node_latitude_e7=np.array([latitude for latitude, _ in places], dtype=np.int64),
        node_longitude_e7=np.array([longitude for _, longitude in places], dtype=np.int64),
        edge_from=np.array([start for start, _ in ends], dtype=np.int32),
        edge_to=np.array([end for _, end in ends], dtype=np.int32),
        edge_length_dm=np.array([rng.randrange(1, 50) for _ in ends], dtype=np.int64),
        edge_class=np.array(kinds, dtype=np.uint8),
        edge_way=np.arange(edges, dtype=np.int64),
        edge_tunnel=np.full(edges, -1, dtype=np.int32),
        edge_maxspeed_dkmh=np.array([rng.choice([0, 300, 500]) for _ in ends], dtype=np.int32),
        edge_geometry_offset=np.arange(0, 2 * edges + 1, 2, dtype=np.int64),
        geometry_latitude_e7=np.array([latitude for latitude, _ in points], dtype=np.int64),
        geometry_longitude_e7=np.array([longitude for _, longitude in points], dtype=np.int64),
        edge_tags=tuple({"highway": "primary"} for _ in ends),
        tunnels=(),
    )


def slow_costs(graph: RoadGraph, origin: int, forbidden: frozenset[int], weight: list[int]) -> list[float]:
    """Bellman and Ford: relax every edge until nothing changes."""
    cost = [float("inf")] * graph.node_count
    cost[origin] = 0
    for _ in range(graph.node_count):
        for edge in range(graph.edge_count):
            if edge not in forbidden:
                start, end = int(graph.edge_from[edge]), int(graph.edge_to[edge])
                cost[end] = min(cost[end], cost[start] + weight[edge])
    return cost


SEEDS = st.integers(0, 10**6)
SOME_EDGES = st.frozensets(st.integers(0, 39), max_size=15)


@settings(max_examples=60, deadline=None)
@given(SEEDS, SOME_EDGES, st.sampled_from(["length", "time"]))
def test_a_route_costs_what_the_slow_search_says_and_uses_no_forbidden_edge(
    seed: int, forbidden: frozenset[int], weight: str
) -> None:
    graph = a_graph(seed)
    per_edge = costs(graph, weight).tolist()  # type: ignore[arg-type]
    expected = slow_costs(graph, 0, forbidden, per_edge)
    for node in range(graph.node_count):
        route = shortest_route(graph, 0, node, forbidden_edges=forbidden, weight=weight)  # type: ignore[arg-type]
        if route is None:
            assert expected[node] == float("inf")
            continue
        assert sum(per_edge[edge] for edge in route.edges) == expected[node]
        assert forbidden.isdisjoint(route.edges)
        ends = [0, *(int(graph.edge_to[edge]) for edge in route.edges)]
        assert [int(graph.edge_from[edge]) for edge in route.edges] == ends[:-1]
        assert ends[-1] == node


@settings(max_examples=30, deadline=None)
@given(SEEDS, SOME_EDGES)
def test_searching_backwards_costs_the_same(seed: int, forbidden: frozenset[int]) -> None:
    graph = a_graph(seed)
    tree = Network(graph, forbidden_edges=forbidden, backwards=True).tree(3)
    for node in range(graph.node_count):
        there, back = shortest_route(graph, node, 3, forbidden_edges=forbidden), tree.find_route(node)
        assert (there is None) == (back is None)
        if there is not None and back is not None:
            assert costs(graph, "time")[list(there.edges)].sum() == costs(graph, "time")[list(back.edges)].sum()
            assert not back.edges or int(graph.edge_from[back.edges[0]]) == node


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.lists(st.frozensets(st.integers(0, 39), min_size=1, max_size=6), min_size=1, max_size=5))
def test_the_binding_restrictions_alone_explain_the_legal_route(seed: int, sets: list[frozenset[int]]) -> None:
    graph = a_graph(seed)
    restrictions = {f"zone {index}": edges for index, edges in enumerate(sets)}
    per_edge = costs(graph, "length").tolist()
    answer = compare(graph, 0, 1, restrictions=restrictions, weight="length")
    everything = slow_costs(graph, 0, frozenset().union(*sets), per_edge)[1]
    alone = slow_costs(graph, 0, frozenset().union(*(restrictions[name] for name in answer.binding)), per_edge)[1]
    assert everything == alone == (answer.route.length_dm if answer.route else float("inf"))
    free = slow_costs(graph, 0, frozenset(), per_edge)[1]
    assert free == (answer.unrestricted.length_dm if answer.unrestricted else float("inf"))
    if answer.binding and answer.route and answer.unrestricted:
        assert set(answer.unrestricted.edges) & restrictions[answer.binding[0]]


def test_a_mask_and_a_set_forbid_the_same() -> None:
    graph = a_graph(5)
    forbidden = frozenset({1, 4, 9})
    mask = as_mask(graph, forbidden)
    assert np.flatnonzero(mask).tolist() == [1, 4, 9]
    assert shortest_route(graph, 0, 1, forbidden_edges=mask) == shortest_route(graph, 0, 1, forbidden_edges=forbidden)


def test_a_mask_of_the_wrong_shape_or_an_unknown_edge_is_refused() -> None:
    graph = a_graph(5)
    with pytest.raises(ValueError, match="mask"):
        shortest_route(graph, 0, 1, forbidden_edges=np.zeros(3, dtype=np.bool_))
    with pytest.raises(ValueError, match="mask"):
        shortest_route(graph, 0, 1, forbidden_edges=np.zeros(graph.edge_count, dtype=np.int64))
    with pytest.raises(IndexError):
        shortest_route(graph, 0, 1, forbidden_edges={40})


def test_going_nowhere_is_an_empty_route() -> None:
    route = shortest_route(a_graph(1), 3, 3)
    assert route == Route((), 0, 0)
    assert route.positions(a_graph(1)) == ()


def test_edges_that_do_not_follow_one_another_make_no_route() -> None:
    graph = a_graph(2)
    apart = next((a, b) for a in range(40) for b in range(40) if graph.edge_to[a] != graph.edge_from[b])
    with pytest.raises(ValueError, match="follow"):
        Route.along(graph, apart)


def test_the_points_of_a_route_join_without_repeats() -> None:
    graph = a_graph(8)
    route = max((r for n in range(12) if (r := shortest_route(graph, 0, n))), key=lambda r: len(r.edges))
    points = route.positions(graph)
    assert len(points) == len(route.edges) + 1
    assert all(one != other for one, other in pairwise(points))


def test_a_duration_is_length_over_legal_speed_rounded_up() -> None:
    graph = a_graph(3)
    exact = [graph.edge_length_dm[e] / 10 / (graph.legal_speeds_dkmh()[e] / 36) for e in range(40)]
    assert [c / 1000 for c in costs(graph, "time").tolist()] == pytest.approx(exact, abs=0.001)
    assert Route.along(graph, [0]).duration_s == int(np.ceil(costs(graph, "time")[0] / 1000))


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(299_000_000, 301_500_000), st.integers(999_000_000, 1_001_500_000))
def test_the_nearest_node_is_the_nearest(seed: int, latitude: int, longitude: int) -> None:
    graph, here = a_graph(seed), Position(latitude, longitude)
    distances = [distance_m(here, graph.node_position(node)) for node in range(graph.node_count)]
    found = nearest_node(graph, here)
    assert distances[found.number] == pytest.approx(min(distances), abs=0.01)
    assert found.metres == pytest.approx(min(distances), abs=0.01)


def test_edges_across_the_date_line_are_near_on_both_sides() -> None:
    graph = a_graph(1, nodes=2, edges=1)
    east = np.array([1_799_999_000, -1_799_999_000], dtype=np.int64)
    moved = RoadGraph(
        **{
            **vars(graph),
            "edge_from": np.array([0], dtype=np.int32),
            "edge_to": np.array([1], dtype=np.int32),
            "node_latitude_e7": np.zeros(2, dtype=np.int64),
            "node_longitude_e7": east,
            "geometry_latitude_e7": np.zeros(2, dtype=np.int64),
            "geometry_longitude_e7": east,
        }
    )
    for longitude in (1_799_999_500, -1_799_999_500):
        assert nearest_node(moved, Position(0, longitude)).metres < 10
