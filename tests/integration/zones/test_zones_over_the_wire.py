"""Zones over a real server: tunnels from a map, declared, planned around, and never overwritten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from geo import itinerary
from hazway.refusals import Refused
from hazway.types.v1 import types_pb2 as types
from hazway.zones.v1 import zones_pb2 as pb
from services import traceability, zones
from services.zones.importing import import_region
from tests.world import World

SERVICE = "hazway.zones.v1.ZoneService/"
NOTICE = pb.Notice(issuer="示例县公安局", number="示公告〔2026〕1号", title="关于危险货物车辆通行隧道的通告")
PETROL = pb.GoodsLine(un_number="1203", packing_group="II", mode=pb.CARRIAGE_MODE_TANK, mass_g=28_000_000)


def test_petrol_goes_around_a_tunnel_declared_d_and_a_cleaned_tank_goes_through(world: World) -> None:
    keeper = traceability.keeper_of(world.host.settings)
    imported = import_region(world.host.engine, keeper, None, world.clock.now())
    with world.host.engine.connect() as connection:
        graph = zones.region(connection, imported.region_id)
    trip = itinerary.choose(graph)
    assert trip.structure_id is not None
    request = pb.PlanRouteRequest(
        origin=pb.RoutePlace(node_id=int(graph.node_id[trip.origin_node])),
        destination=pb.RoutePlace(node_id=int(graph.node_id[trip.destination_node])),
        goods=[PETROL],
    )
    before = world.operator.call(SERVICE + "PlanRoute", request)
    assert trip.structure_id in {passage.zone_id for passage in before.passages}
    declared = world.operator.call(
        SERVICE + "DeclareTunnel", pb.DeclareTunnelRequest(zone_id=trip.structure_id, category="D", source=NOTICE)
    )
    around = world.operator.call(SERVICE + "PlanRoute", request)
    assert trip.structure_id not in {passage.zone_id for passage in around.passages}
    (binding,) = around.binding
    assert (binding.zone_id, binding.rule_id, binding.version) == (
        trip.structure_id, "category", declared.zone.version,
    )  # fmt: skip
    assert binding.reason == "TUNNEL_FORBIDDEN"
    assert "示公告〔2026〕1号" in binding.source
    assert around.length_dm > around.unrestricted_length_dm == before.length_dm
    request.goods[0].tank_state = pb.LOAD_STATE_CLEANED
    through = world.operator.call(SERVICE + "PlanRoute", request)
    assert trip.structure_id in {passage.zone_id for passage in through.passages}
    assert not through.binding
