"""Routes under rules: never through what forbids, never dearer than a slow search, and the reasons that bind."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.position import Position, distance_m, offset
from geo.roads import RoadClass, RoadGraph
from geo.routing import Route, costs
from services.zones.measures import UNKNOWN, Between
from services.zones.model import Effective, Outcome, Zone, ZoneKind, ZoneVersion
from services.zones.plan import Held, Trip, passages, passages_of_line, plan
from services.zones.roads import Region, edges_of
from services.zones.route_zones import kind_on as route_zone_kind
from services.zones.rules import forbids
from services.zones.ruling import Calendar, GoodsFilter, Notice, Window
from services.zones.signs import MAP_RULE
from services.zones.tunnels import Bore, Tunnel
from tests.unit.services.zones.zone_samples import (
    NOON,
    NOTICE,
    area,
    at_noon,
    ban,
    cargo,
    road,
    tunnel,
    version,
    zone_pass,
)

ORIGIN = Position(410_000_000, 990_000_000)
STEP_M = 1_000.0


def region(
    places: list[Position], pairs: list[tuple[int, int]], tags: dict[int, dict[str, str]] | None = None
) -> Region:
    """Straight edges between places; edge ``n`` is way ``n``."""
    points = [places[node] for pair in pairs for node in pair]
    metres = [max(1, round(10 * distance_m(places[start], places[end]))) for start, end in pairs]
    count = len(pairs)
    graph = RoadGraph(
        node_id=np.arange(100, 100 + len(places), dtype=np.int64),
        node_latitude_e7=np.array([place.latitude_e7 for place in places], dtype=np.int64),
        node_longitude_e7=np.array([place.longitude_e7 for place in places], dtype=np.int64),
        edge_from=np.array([start for start, _ in pairs], dtype=np.int32),
        edge_to=np.array([end for _, end in pairs], dtype=np.int32),
        edge_length_dm=np.array(metres, dtype=np.int64),
        edge_class=np.full(count, RoadClass.PRIMARY, dtype=np.uint8),
        edge_way=np.arange(count, dtype=np.int64),
        edge_tunnel=np.full(count, -1, dtype=np.int32),
        edge_maxspeed_dkmh=np.zeros(count, dtype=np.int32),
        edge_geometry_offset=np.arange(0, 2 * count + 1, 2, dtype=np.int64),
        geometry_latitude_e7=np.array([point.latitude_e7 for point in points], dtype=np.int64),
        geometry_longitude_e7=np.array([point.longitude_e7 for point in points], dtype=np.int64),
        edge_tags=tuple((tags or {}).get(edge, {"highway": "primary"}) for edge in range(count)),
        tunnels=(),
    )
    return Region("test", graph)


def ladder(tags: dict[int, dict[str, str]] | None = None) -> Region:
    """Node 0 to node 2 straight over 1 (edges 0, 1), or around over 3 (edges 2, 3): eastwards, 1 km a step."""
    east = [
        ORIGIN,
        offset(ORIGIN, 90, STEP_M),
        offset(ORIGIN, 90, 2 * STEP_M),
        offset(offset(ORIGIN, 90, STEP_M), 0, STEP_M),
    ]
    return region(east, [(0, 1), (1, 2), (0, 3), (3, 2)], tags)


def held(over: Region, *zones: Zone) -> tuple[Held, ...]:
    return held_versions(over, *(version(zone, number) for number, zone in enumerate(zones, start=1)))


def held_versions(over: Region, *versions: ZoneVersion) -> tuple[Held, ...]:
    edges = edges_of(over, versions)
    return tuple(
        Held(Effective(each, each.valid_from, each.valid_to), edges[each.number])
        for each in versions
        if edges[each.number]
    )


def lasting(zone: Zone) -> Effective:
    return Effective(version(zone), NOON - timedelta(days=1), None)


def on_edges(keys: tuple[str, ...], *rules: object, **changes: object) -> Zone:
    return road(ZoneKind.TIME_BANNED_ROAD, *rules, edge_keys=keys, **changes)  # type: ignore[arg-type]


TRIP = Trip(cargo=cargo(), departure=NOON)


def test_the_plan_goes_around_what_forbids_and_says_what_binds_and_costs() -> None:
    over = ladder()
    planned = plan(over, held(over, on_edges(("1:101:102",), ban())), 0, 2, TRIP)
    assert planned is not None
    assert planned.route is not None
    assert planned.route.edges == (2, 3)
    assert planned.unrestricted.edges == (0, 1)
    assert [(each.zone_id, each.rule_id, each.version) for each in planned.binding] == [
        ("road-1", "ban", "000000000001")
    ]
    assert planned.route.length_dm > planned.unrestricted.length_dm


def test_a_rule_that_costs_nothing_does_not_bind() -> None:
    over = ladder()
    planned = plan(over, held(over, on_edges(("2:100:103",), ban())), 0, 2, TRIP)
    assert planned is not None
    assert planned.binding == ()


def test_without_obedience_the_passage_is_told_with_its_decisions() -> None:
    over = ladder()
    planned = plan(over, held(over, on_edges(("1:101:102",), ban())), 0, 2, TRIP, obey=False)
    assert planned is not None
    assert planned.route == planned.unrestricted
    (passage,) = planned.passages
    assert [decision.outcome for decision in passage.blocking] == [Outcome.FORBIDDEN]
    assert passage.enter_at == NOON + timedelta(seconds=60)  # 1 km at 60 km/h
    assert passage.leave_at == NOON + timedelta(seconds=120)


def test_when_every_way_is_forbidden_all_reasons_are_named() -> None:
    over = ladder()
    zones = (on_edges(("1:101:102",), ban(), id="a"), on_edges(("3:103:102",), ban(), id="b"))
    planned = plan(over, held(over, *zones), 0, 2, TRIP)
    assert planned is not None
    assert planned.route is None
    assert [decision.zone_id for decision in planned.binding] == ["a", "b"]


def test_no_road_is_no_plan() -> None:
    over = ladder()
    assert plan(over, (), 2, 0, TRIP) is None


def test_a_window_that_closes_before_the_lorry_arrives_does_not_bind() -> None:
    over = ladder()
    ends = Calendar(windows=(Window(from_minute=700, to_minute=721),))  # one minute after the departure at noon
    shut = held(over, on_edges(("1:101:102",), ban(calendar=ends)))
    planned = plan(over, shut, 0, 2, TRIP)
    assert planned is not None
    assert planned.binding == ()
    second_earlier = plan(over, shut, 0, 2, replace(TRIP, departure=NOON - timedelta(seconds=1)))
    assert second_earlier is not None
    assert [decision.rule_id for decision in second_earlier.binding] == ["ban"]


def test_a_pass_lets_the_plan_through_and_other_goods_are_not_meant() -> None:
    over = ladder()
    shut = held(over, on_edges(("1:101:102",), ban(goods=GoodsFilter(hazards=frozenset({"3"})))))
    with_pass = plan(over, shut, 0, 2, replace(TRIP, passes=(zone_pass("road-1"),)))
    assert with_pass is not None
    assert with_pass.route == with_pass.unrestricted
    assert [decision.outcome for decision in with_pass.passages[0].decisions] == [Outcome.EXEMPT]
    other = plan(over, shut, 0, 2, replace(TRIP, cargo=cargo("1965")))
    assert other is not None
    assert other.route == other.unrestricted


def test_a_road_the_map_closes_to_dangerous_goods_binds_by_its_own_rule() -> None:
    over = ladder({1: {"highway": "primary", "hazmat": "no", "name": "示例桥"}})
    planned = plan(over, (), 0, 2, TRIP)
    assert planned is not None
    assert [(each.rule_id, each.zone_name) for each in planned.binding] == [(MAP_RULE, "示例桥")]
    free = plan(over, (), 0, 2, Trip(cargo=replace(cargo(), un_numbers=frozenset()), departure=NOON))
    assert free is not None
    assert free.binding == ()


@pytest.mark.parametrize(
    ("tags", "vehicle", "rule", "told"),
    [
        ({"maxheight": "3.8"}, {"height_mm": 4_200}, "maxheight", ("3.8 m", "4.2 m")),
        ({"maxheight": "4.2"}, {"height_mm": 4_200}, "", ()),
        ({"maxheight": "default"}, {"height_mm": 4_200}, "", ()),
        ({"maxheight": "3.8"}, {"gross_g": 49_000_000}, "", ()),
        ({"maxweight": "30"}, {"gross_g": 49_000_000}, "maxweight", ("30 t", "49 t")),
        ({"maxweight": "49"}, {"gross_g": 49_000_000}, "", ()),
        ({"maxwidth": "2.4 m"}, {"width_mm": 2_550}, "maxwidth", ("2.4 m", "2.55 m")),
        ({"maxlength": "12"}, {"length_mm": 16_500}, "maxlength", ("12 m", "16.5 m")),
        ({"maxlength": "12"}, {"length_mm": 12_000}, "", ()),
    ],
)
def test_a_vehicle_is_not_led_where_the_map_says_it_does_not_fit(
    tags: dict[str, str], vehicle: dict[str, int], rule: str, told: tuple[str, ...]
) -> None:
    over = ladder({1: {"highway": "primary", "name": "示例桥", **tags}})
    measures = replace(UNKNOWN, **{name: Between.exactly(figure) for name, figure in vehicle.items()})
    planned = plan(over, (), 0, 2, replace(TRIP, measures=measures))
    assert planned is not None
    assert planned.route is not None
    assert planned.route.edges == ((2, 3) if rule else (0, 1))
    assert [each.rule_id for each in planned.binding] == ([rule] if rule else [])
    assert [(each.values["limit"], each.values["vehicle"]) for each in planned.binding] == ([told] if told else [])


def test_a_ban_on_one_bore_closes_that_direction_and_leaves_the_other_open() -> None:
    east = [ORIGIN, offset(ORIGIN, 90, STEP_M), offset(offset(ORIGIN, 90, STEP_M / 2), 0, STEP_M)]
    over = region(east, [(0, 1), (1, 0), (0, 2), (2, 1), (1, 2), (2, 0)])
    there = Bore(id="east", entrance=east[0], exit=east[1], edge_keys=("0:100:101",))
    back = Bore(id="west", entrance=east[1], exit=east[0], edge_keys=("1:101:100",))
    for keys in (True, False):  # by the edges it names, and by the way it leads where the network has none of these
        bores = tuple(bore if keys else replace(bore, edge_keys=()) for bore in (there, back))
        zone = replace(tunnel("", ban(bore_ids=frozenset({"east"}))), tunnel=Tunnel(bores=bores))
        eastwards, westwards = (plan(over, held(over, zone), *ends, TRIP) for ends in ((0, 1), (1, 0)))
        assert eastwards is not None
        assert eastwards.route is not None
        assert westwards is not None
        assert eastwards.route.edges == (2, 3)
        assert [each.rule_id for each in eastwards.binding] == ["ban"]
        assert westwards.route == westwards.unrestricted
        assert westwards.binding == ()
        line = passages_of_line([lasting(zone)], [east[1], east[0]], TRIP)
        assert [passage.decisions for passage in line] == [()]


def test_tubes_of_two_categories_are_judged_each_by_its_own_and_the_whole_by_the_stricter() -> None:
    """Petrol may pass C and not D. Eastwards the tube is D, westwards as the tunnel: C, and a kilometre longer."""
    east = [ORIGIN, offset(ORIGIN, 90, STEP_M), offset(offset(ORIGIN, 90, STEP_M / 2), 0, STEP_M)]
    over = region(east, [(0, 1), (1, 0), (0, 2), (2, 1), (1, 2), (2, 0)])
    own = Notice(issuer="示例市交通运输局", number="示交〔2026〕2号")
    there = Bore(
        id="east", entrance=east[0], exit=east[1], edge_keys=("0:100:101",), category="D", category_source=own,
        length_dm=25_000,
    )  # fmt: skip
    back = Bore(id="west", entrance=east[1], exit=east[0], edge_keys=("1:101:100",), length_dm=35_000)
    drawn = Tunnel(category="C", category_source=NOTICE, bores=(there, back), length_dm=35_000)
    zone = replace(tunnel(), tunnel=drawn)
    eastwards, westwards = (plan(over, held(over, zone), *ends, TRIP) for ends in ((0, 1), (1, 0)))
    assert eastwards is not None
    assert westwards is not None
    assert eastwards.route is not None
    assert eastwards.route.edges == (2, 3)
    (binding,) = eastwards.binding
    assert (binding.rule_id, binding.values["category"], binding.bore_ids) == ("category", "D", frozenset({"east"}))
    assert binding.basis == own.basis()
    assert westwards.route == westwards.unrestricted
    (passage,) = westwards.passages
    assert (passage.tunnel_category, passage.decisions) == ("C", ())
    assert [route_zone_kind(zone, frozenset({bore})).name for bore in ("east", "west")] == ["TUNNEL", "LONG_TUNNEL"]
    nobody_knows = forbids(version(zone), cargo(), NOON)
    assert [each.values["category"] for each in nobody_knows] == ["D"], "which tube is not known: the stricter"
    assert drawn.strictest() == "D"
    assert (drawn.source_of("D"), drawn.source_of("C", frozenset({"west"}))) == (own, NOTICE)
    bare = replace(zone, tunnel=replace(drawn, category="", category_source=None))
    assert plan(over, held(over, bare), 1, 0, TRIP).passages[0].tunnel_category == ""  # type: ignore[union-attr]


def test_a_private_road_is_used_only_where_there_is_no_other() -> None:
    over = ladder({1: {"highway": "service", "access": "private"}})
    around = plan(over, (), 0, 2, TRIP)
    assert around is not None
    assert around.unrestricted.edges == (2, 3)
    depot = plan(over, (), 1, 2, TRIP)
    assert depot is not None
    assert depot.unrestricted.edges == (1,)


def test_an_area_holds_every_edge_that_meets_it_and_a_corridor_only_those_that_follow_it() -> None:
    places = [offset(ORIGIN, 270, 500), offset(ORIGIN, 90, 500), offset(ORIGIN, 180, 500), offset(ORIGIN, 0, 500)]
    crossing = region(places, [(0, 1), (2, 3)])  # one road along, one across
    corridor = road(line=(places[0], places[1]), width_dm=300)
    square = area(polygons=((tuple(offset(ORIGIN, bearing, 50) for bearing in (45, 135, 225, 315)),),))
    found = edges_of(crossing, [version(corridor, 1), version(square, 2)])
    assert found == {1: frozenset({0}), 2: frozenset({0, 1})}


def test_a_road_across_the_top_of_a_tunnel_is_not_in_it() -> None:
    bore = tunnel().tunnel
    assert bore is not None
    entrance, exit_ = bore.bores[0].entrance, bore.bores[0].exit
    middle = Position(entrance.latitude_e7, (entrance.longitude_e7 + exit_.longitude_e7) // 2)
    places = [entrance, exit_, offset(middle, 180, 300), offset(middle, 0, 300)]
    over = region(places, [(0, 1), (2, 3)])
    assert edges_of(over, [version(tunnel("D"))]) == {1: frozenset({0})}
    across = passages_of_line([lasting(tunnel("D"))], places[2:], TRIP)
    along = passages_of_line([lasting(tunnel("D"))], places[:2], TRIP)
    assert across == ()
    assert [decision.rule_id for passage in along for decision in passage.blocking] == ["category"]


def test_a_zone_left_and_entered_again_is_two_passages() -> None:
    over = ladder()
    twice = held(over, on_edges(("0:100:101", "3:103:102"), ban()))
    loop = region([ORIGIN, offset(ORIGIN, 90, 1000)], [(0, 1), (1, 0)])
    assert len(passages(loop, held(loop, on_edges(("0:100:101",), ban())), (0, 1, 0), TRIP)) == 2
    assert len(passages(over, twice, (0, 1), TRIP)) == 1


def test_two_edges_of_one_way_between_the_same_nodes_have_keys_of_their_own() -> None:
    twins = region([ORIGIN, offset(ORIGIN, 90, 1000)], [(0, 1), (0, 1)])
    twins = Region("twins", replace(twins.graph, edge_way=np.array([5, 5], dtype=np.int64)))
    assert twins.edge_keys == ("5:100:101", "5:100:101:2")


@given(st.integers(0, 10**6))
def test_a_plan_costs_what_a_slow_search_over_the_open_roads_costs(seed: int) -> None:
    rng = random.Random(seed)
    places = [Position(410_000_000 + rng.randrange(10**6), 990_000_000 + rng.randrange(10**6)) for _ in range(9)]
    pairs = [pair for pair in ((rng.randrange(9), rng.randrange(9)) for _ in range(30)) if pair[0] != pair[1]]
    over = region(places, pairs)
    zones = [
        on_edges(
            tuple(rng.sample(over.edge_keys, 3)), ban(calendar=rng.choice([None, at_noon(2)])), id=f"zone-{number}"
        )
        for number in range(rng.randrange(5))
    ]
    shut = held(over, *zones)
    planned = plan(over, shut, 0, 8, TRIP)
    forbidden = frozenset(edge for each in shut for edge in each.edges)
    cost = slow_costs(over.graph, 0, forbidden)
    if planned is None:
        assert slow_costs(over.graph, 0, frozenset())[8] == float("inf")
    elif planned.route is None:
        assert cost[8] == float("inf")
        assert planned.binding
    else:
        assert sum(int(costs(over.graph, "time")[edge]) for edge in planned.route.edges) == cost[8]
        assert not forbidden & set(planned.route.edges)
        assert planned.binding or slow_costs(over.graph, 0, frozenset())[8] == cost[8]
        assert Route.along(over.graph, planned.route.edges) == planned.route


def slow_costs(graph: RoadGraph, origin: int, forbidden: frozenset[int]) -> list[float]:
    """Bellman and Ford: relax every edge until nothing changes."""
    weight = costs(graph, "time").tolist()
    cost = [float("inf")] * graph.node_count
    cost[origin] = 0
    for _ in range(graph.node_count):
        for edge in range(graph.edge_count):
            if edge not in forbidden:
                start, end = int(graph.edge_from[edge]), int(graph.edge_to[edge])
                cost[end] = min(cost[end], cost[start] + weight[edge])
    return cost


@pytest.mark.parametrize("withdrawn", [True, False])
def test_a_withdrawn_zone_holds_no_edges_that_it_only_drew(withdrawn: bool) -> None:
    over = ladder()
    drawn: ZoneVersion = version(
        road(line=(over.graph.node_position(0), over.graph.node_position(1))), withdrawn=withdrawn
    )
    assert edges_of(over, [drawn]).get(1, frozenset()) == (frozenset() if withdrawn else frozenset({0}))
    assert NOTICE.basis().zh


def test_a_ban_that_begins_on_the_way_binds_when_the_lorry_gets_there_and_not_before() -> None:
    over = ladder()
    for begins_s, binds in ((119, True), (120, False)):  # the lorry is on the second kilometre from second 60 to 120
        later = version(on_edges(("1:101:102",), ban()), valid_from=NOON + timedelta(seconds=begins_s))
        planned = plan(over, held_versions(over, later), 0, 2, TRIP)
        assert planned is not None
        assert bool(planned.binding) is binds
    for ends_s, binds in ((61, True), (60, False)):
        ended = version(on_edges(("1:101:102",), ban()), valid_to=NOON + timedelta(seconds=ends_s))
        planned = plan(over, held_versions(over, ended), 0, 2, TRIP)
        assert planned is not None
        assert bool(planned.binding) is binds
