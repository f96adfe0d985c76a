"""A map taken in, its tunnel declared, routes planned and checked over a real server."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import numpy as np
import pytest
from sqlalchemy import text

from hazway.refusals import Refused
from hazway.zones.v1 import zones_pb2 as pb
from services import traceability, zones
from services.zones.importing import keep_region
from tests.integration.zones.zone_house import (
    NOTICE,
    call,
    import_model,
    model,
    petrol,
    plan_request,
    point,
    square,
    structure,
)
from tests.world import World


def declare(world: World, category: str = "D", *rules: pb.Rule) -> pb.Zone:
    request = pb.DeclareTunnelRequest(zone_id=structure(), category=category, rules=rules, source=NOTICE)
    zone: pb.Zone = call(world, "DeclareTunnel", request).zone
    return zone


def through_tunnel(plan: pb.PlanRouteResponse) -> bool:
    return structure() in {passage.zone_id for passage in plan.passages}


def test_petrol_goes_around_a_tunnel_declared_d_and_a_cleaned_tank_goes_through(world: World) -> None:
    import_model(world)
    before = call(world, "PlanRoute", plan_request())
    assert through_tunnel(before)
    declared = declare(world)
    around = call(world, "PlanRoute", plan_request())
    assert not through_tunnel(around)
    (binding,) = around.binding
    assert (binding.zone_id, binding.rule_id, binding.version) == (structure(), "category", declared.version)
    assert binding.reason == "TUNNEL_FORBIDDEN"
    assert "示公告〔2026〕1号" in binding.source
    assert around.unrestricted_length_dm == before.length_dm
    assert around.duration_s > around.unrestricted_duration_s == before.duration_s
    assert around.line[0] != around.line[-1]
    cleaned = call(world, "PlanRoute", plan_request(goods=[petrol(pb.LOAD_STATE_CLEANED)]))
    assert through_tunnel(cleaned)
    assert not cleaned.binding
    assert through_tunnel(call(world, "PlanRoute", plan_request(goods=[])))


def test_the_plan_is_the_one_the_region_was_chosen_for(world: World) -> None:
    imported = import_model(world)
    declare(world)
    graph, trip = model()
    with world.host.engine.connect() as connection:
        keys = zones.edge_keys(connection, imported.region_id)
        assert zones.region(connection, imported.region_id).edge_count == graph.edge_count
    assert list(call(world, "PlanRoute", plan_request()).edge_keys) == [keys[edge] for edge in trip.plan.edges]


def test_a_planned_route_checks_open_and_the_one_through_the_tunnel_does_not(world: World) -> None:
    import_model(world)
    declare(world)
    around = call(world, "PlanRoute", plan_request())
    straight = call(world, "PlanRoute", plan_request(ignore_restrictions=True))
    for plan, is_open in ((around, True), (straight, False)):
        for way in ({"edge_keys": plan.edge_keys}, {"line": plan.line}):
            answer = call(world, "CheckRoute", pb.CheckRouteRequest(goods=[petrol()], **way))
            assert answer.open is is_open, way.keys()
    refused = [decision for passage in answer.passages for decision in passage.decisions]
    assert {decision.outcome for decision in refused} == {pb.OUTCOME_FORBIDDEN}


def test_a_tube_may_be_declared_of_a_category_of_its_own(world: World) -> None:
    import_model(world)
    straight = call(world, "PlanRoute", plan_request(ignore_restrictions=True))
    known = call(world, "GetZone", pb.GetZoneRequest(zone_id=structure())).tunnel.bores
    edges = set(straight.edge_keys)
    through = next(bore.id for bore in known if edges & set(bore.edge_keys))
    other = next(bore.id for bore in known if not edges & set(bore.edge_keys))

    def declared(*own: tuple[str, str]) -> pb.Tunnel:
        bores = [pb.BoreCategory(bore_id=bore_id, category=category) for bore_id, category in own]
        request = pb.DeclareTunnelRequest(zone_id=structure(), category="B", bore_categories=bores, source=NOTICE)
        tunnel: pb.Tunnel = call(world, "DeclareTunnel", request).zone.tunnel
        return tunnel

    for bore_id, expected in ((other, True), (through, False)):
        tunnel = declared((bore_id, "E"))
        assert (tunnel.category, tunnel.strictest_category) == ("B", "E")
        assert {bore.id: bore.category for bore in tunnel.bores} == {**{bore.id: "" for bore in known}, bore_id: "E"}
        planned = call(world, "PlanRoute", plan_request())
        assert through_tunnel(planned) is expected
        checked = call(world, "CheckRoute", pb.CheckRouteRequest(edge_keys=straight.edge_keys, goods=[petrol()]))
        (passage,) = [each for each in checked.passages if each.zone_id == structure()]
        assert (checked.open, passage.tunnel_category) == (expected, "B" if expected else "E")
    for own, wrong in (
        (
            ((through, "E"), (through, "F"), ("nowhere", "")),
            {"[0].bore_id", "[1].bore_id", "[1].category", "[2].category"},
        ),
        ((("nowhere", "C"),), {"[0].bore_id"}),
    ):
        with pytest.raises(Refused) as refusal:
            declared(*own)
        assert {fault.path for fault in refusal.value.faults} == {f"bore_categories{each}" for each in wrong}
    assert not any(bore.category for bore in declared().bores), "a declaration says all there is"


def test_a_night_window_binds_at_night_only(world: World) -> None:
    import_model(world)
    window = pb.Window(from_minute=22 * 60, to_minute=6 * 60)  # the clock stands at 08:00 in Beijing
    declare(world, "", pb.Rule(id="night", action=pb.ACTION_FORBID, calendar=pb.Calendar(windows=[window])))
    assert through_tunnel(call(world, "PlanRoute", plan_request()))
    request = plan_request()
    request.departure_time.FromDatetime(world.clock.now() + timedelta(hours=15))
    by_night = call(world, "PlanRoute", request)
    assert not through_tunnel(by_night)
    assert [decision.rule_id for decision in by_night.binding] == ["night"]


def test_a_declaration_that_begins_while_the_lorry_is_on_its_way_binds(world: World) -> None:
    import_model(world)
    midnight = world.clock.now() + timedelta(hours=16)
    request = pb.DeclareTunnelRequest(zone_id=structure(), category="D", source=NOTICE)
    request.valid_from.FromDatetime(midnight)
    declared = call(world, "DeclareTunnel", request).zone
    assert through_tunnel(call(world, "PlanRoute", plan_request()))
    late = plan_request()
    late.departure_time.FromDatetime(midnight - timedelta(seconds=1))
    around = call(world, "PlanRoute", late)
    assert not through_tunnel(around)
    assert [decision.version for decision in around.binding] == [declared.version]


def test_where_no_way_is_open_the_rules_are_named(world: World) -> None:
    import_model(world)
    graph, trip = model()
    place = graph.node_position(trip.destination_node)
    zone = square("target", place.latitude_e7 - 50_000, place.longitude_e7 - 50_000)
    version = call(world, "PutZone", pb.PutZoneRequest(zone=zone)).zone.version
    with pytest.raises(Refused) as refusal:
        call(world, "PlanRoute", plan_request())
    assert {"NO_LEGAL_ROUTE", "ZONE_FORBIDDEN"} <= refusal.value.reasons
    assert version
    exempt = plan_request(purposes=[pb.PURPOSE_RESCUE])
    zone.rules[0].exempt.append(pb.PURPOSE_RESCUE)
    call(world, "PutZone", pb.PutZoneRequest(zone=zone))
    assert [passage.zone_id for passage in call(world, "PlanRoute", exempt).passages if passage.zone_id == "target"]


def test_places_are_taken_by_position_and_refused_when_off_the_road_or_off_the_map(world: World) -> None:
    import_model(world)
    graph, trip = model()
    ends = [graph.node_position(node) for node in (trip.origin_node, trip.destination_node)]
    places = [pb.RoutePlace(position=point(end.latitude_e7, end.longitude_e7)) for end in ends]
    by_position = call(world, "PlanRoute", plan_request(origin=places[0], destination=places[1]))
    assert by_position.edge_keys == call(world, "PlanRoute", plan_request()).edge_keys
    far = pb.RoutePlace(position=point(ends[1].latitude_e7 + 3_000_000, ends[1].longitude_e7))
    for changes, reason in (
        ({"destination": far}, "PLACE_OFF_ROAD"),
        ({"origin": pb.RoutePlace(position=point(0, 0))}, "REGION_UNKNOWN"),
        ({"origin": pb.RoutePlace(node_id=-1)}, "REGION_UNKNOWN"),
        ({"destination": pb.RoutePlace(node_id=-1)}, "FIELD_INVALID"),
        ({"origin": pb.RoutePlace()}, "FIELD_MISSING"),
        ({"region_id": "region-nowhere"}, "REGION_UNKNOWN"),
        ({"goods": [pb.GoodsLine(un_number="12", mode=cast(Any, 99))]}, "FIELD_INVALID"),
    ):
        with pytest.raises(Refused) as refusal:
            call(world, "PlanRoute", plan_request(**changes))
        assert reason in refusal.value.reasons, changes


def test_edges_that_are_not_there_or_do_not_join_are_named(world: World) -> None:
    import_model(world)
    keys = list(call(world, "PlanRoute", plan_request()).edge_keys)
    for wrong in ([keys[0], keys[2]], [keys[0], keys[0]]):
        with pytest.raises(Refused) as refusal:
            call(world, "CheckRoute", pb.CheckRouteRequest(edge_keys=wrong))
        assert [(fault.path, fault.reason) for fault in refusal.value.faults] == [("edge_keys[1]", "EDGE_UNKNOWN")]
    with pytest.raises(Refused) as unknown:
        call(world, "CheckRoute", pb.CheckRouteRequest(edge_keys=["999999:1:2"]))
    assert unknown.value.reasons == {"REGION_UNKNOWN"}


def test_the_same_map_again_changes_nothing(world: World) -> None:
    first = import_model(world)
    assert first.fresh
    assert first.changed == first.merged.new > first.tunnels > 0
    with world.host.engine.connect() as connection:
        change = zones.last_change(connection)
    world.clock.advance(days=1)
    again = import_model(world)
    assert (again.region_id, again.fresh, again.changed) == (first.region_id, False, 0)
    with world.host.engine.connect() as connection:
        assert zones.last_change(connection) == change
        stated = connection.execute(
            text("SELECT count(*) FROM traceability_registrations WHERE subject LIKE 'zone/%'")
        ).scalar_one()
    assert stated == first.changed
    (region,) = call(world, "ListRegions", pb.ListRegionsRequest()).regions
    assert (region.id, region.tunnels, region.edges) == (first.region_id, first.tunnels, first.edges)


def test_a_newer_map_changes_the_shape_and_keeps_what_was_declared(world: World) -> None:
    import_model(world)
    declared = declare(world)
    graph = model()[0]
    longer = replace(
        graph,
        tunnels=tuple(
            replace(bore, length_dm=bore.length_dm + 10) if bore.structure_id == structure() else bore
            for bore in graph.tunnels
        ),
        edge_maxspeed_dkmh=np.where(graph.edge_maxspeed_dkmh > 0, graph.edge_maxspeed_dkmh - 1, 0).astype(np.int32),
    )
    world.clock.advance(days=1)
    with world.host.engine.begin() as connection:
        imported = keep_region(
            connection, traceability.keeper_of(world.host.settings), longer, "newer", world.clock.now()
        )
    assert (imported.fresh, imported.changed) == (True, 1)
    zone = call(world, "GetZone", pb.GetZoneRequest(zone_id=structure()))
    assert zone.tunnel.length_dm == declared.tunnel.length_dm + 10
    assert zone.tunnel.category == "D"
    assert zone.tunnel.category_source == NOTICE


def test_the_waybill_is_told_the_zones_on_its_route_with_their_windows(world: World) -> None:
    import_model(world)
    window = pb.Window(from_minute=8 * 60, to_minute=9 * 60)
    rule = pb.Rule(
        id="morning", action=pb.ACTION_ONLY_WITH_PASS, calendar=pb.Calendar(windows=[window]),
        goods=pb.GoodsFilter(hazards=["3"]),
    )  # fmt: skip
    declared = declare(world, "D", rule)
    straight = call(world, "PlanRoute", plan_request(ignore_restrictions=True))
    with world.host.engine.connect() as connection:
        rows = zones.on_route(connection, list(straight.edge_keys), world.clock.now())
    (row,) = [each for each in rows if each.zone_id == structure()]
    assert (row.tunnel_category, row.action.name, row.rule_id, row.version_id) == (
        "D", "PASS_ONLY", "morning", declared.version,
    )  # fmt: skip
    assert row.goods.hazards == {"3"}
    assert row.windows[0] == (world.clock.now(), world.clock.now() + timedelta(hours=1))
    assert row.enter_at is not None
    assert row.leave_at is not None
    assert row.enter_at < row.leave_at
