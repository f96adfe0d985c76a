"""A lorry too high for a bridge on its planned route is told so: by the map's word a warning, by an authority's a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from hazway.refusal.v1 import refusal_pb2 as refusal
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import waybill_pb2 as waybill
from hazway.zones.v1 import zones_pb2 as zones
from services import traceability
from services.zones.importing import keep_region
from tests.cast import CARRIER, RIVAL, Cast, a_tank, a_vehicle, a_waybill
from tests.integration.zones import zone_house

ZONES = "hazway.zones.v1.ZoneService"


def a_map_with_signs(cast: Cast, **tags: str) -> zones.PlanRouteResponse:
    """The model region, with these tags on one open road of the quickest way; that way."""
    graph, trip = zone_house.model()
    over = next(edge for edge in trip.plan.edges[3:] if graph.edge_tunnel[edge] < 0)
    signed = {**graph.edge_tags[over], "name": "示例低桥", **tags}
    signs: tuple[Mapping[str, str], ...] = (*graph.edge_tags[:over], signed, *graph.edge_tags[over + 1 :])
    keeper = traceability.keeper_of(cast.world.host.settings)
    with cast.world.host.engine.begin() as connection:
        keep_region(connection, keeper, replace(graph, edge_tags=signs), "signed", cast.world.clock.now())
    unsized = zone_house.plan_request(vehicle_ids=["tractor", "trailer"])
    planned: zones.PlanRouteResponse = cast.call(CARRIER, f"{ZONES}/PlanRoute", unsized)
    return planned


def put_sizes(cast: Cast, height_mm: int = 3_200, of_trailer_mm: int = 0) -> None:
    for vehicle in (a_vehicle("tractor"), a_vehicle("trailer", trailer=True)):
        is_trailer = vehicle.kind == registry.VEHICLE_KIND_TRAILER
        vehicle.height_mm = of_trailer_mm if is_trailer else height_mm
        vehicle.length_mm, vehicle.width_mm = (12_500 if is_trailer else 7_000), 2_500
        cast.register(registry.PutVehicleRequest(vehicle=vehicle))


def check(cast: Cast, by: str = CARRIER, **fields: Any) -> zones.CheckRouteResponse:
    request = zones.CheckRouteRequest(goods=[zone_house.petrol()], vehicle_ids=["tractor", "trailer"], **fields)
    answer: zones.CheckRouteResponse = cast.call(by, f"{ZONES}/CheckRoute", request)
    return answer


def told(signs: Any) -> list[tuple[str, str, int]]:
    return [(each.zone_name, each.rule_id, each.outcome) for each in signs]


def name_of(warning: refusal.Finding) -> str:
    return refusal.Reason.Name(warning.reason).removeprefix("REASON_")


def warned(cast: Cast, message: waybill.Waybill) -> list[str]:
    return [name_of(each) for each in cast.issue(message, validate_only=True).warnings]


def test_a_lorry_of_4_m_20_is_told_of_a_bridge_of_3_m_80_where_routes_are_planned_checked_and_taken(cast: Cast) -> None:
    direct = a_map_with_signs(cast, maxheight="3.8")
    unjudged = [("示例低桥", "maxheight", zones.OUTCOME_UNJUDGED)]
    assert told(direct.signs) == unjudged, "nobody has told how high the vehicles are"
    for way in ({"edge_keys": direct.edge_keys}, {"line": direct.line}):
        checked = check(cast, **way)
        assert (checked.open, told(checked.signs)) == (True, unjudged)
    (said,) = checked.signs
    assert "无法核对" in said.zh
    assert "3.8 m" in said.en
    assert "way/" in said.source
    assert "待核" in said.source
    assert said.remedy_zh
    message = a_waybill()
    message.route.edge_keys.extend(direct.edge_keys)
    assert warned(cast, message) == ["ROAD_LIMIT_UNJUDGED"]

    put_sizes(cast, of_trailer_mm=4_200)
    closed = [("示例低桥", "maxheight", zones.OUTCOME_FORBIDDEN)]
    for way in ({"edge_keys": direct.edge_keys}, {"line": direct.line}):
        checked = check(cast, **way)
        assert (checked.open, told(checked.signs)) == (False, closed)
        # what another carrier's vehicles are like is nobody else's to learn by asking
        assert told(check(cast, RIVAL, **way).signs) == unjudged
    assert "4.2 m" in checked.signs[0].zh
    assert check(cast, edge_keys=direct.edge_keys, height_mm=3_800).open, (
        "what the request tells goes before the registry"
    )
    around = cast.call(CARRIER, f"{ZONES}/PlanRoute", zone_house.plan_request(vehicle_ids=["tractor", "trailer"]))
    assert around.edge_keys != direct.edge_keys
    assert told(around.binding) == closed
    assert not around.signs
    for way in ({"edge_keys": direct.edge_keys}, {"line": direct.line}):
        message = a_waybill()
        message.route.MergeFrom(type(message.route)(**way))
        (warning,) = cast.issue(message, validate_only=True).warnings
        assert (name_of(warning), warning.rule, warning.path) == ("ROAD_LIMIT_EXCEEDED", "RT-06", "waybill.route")
        for part in ("示例低桥", "3.8 m", "4.2 m", "OpenStreetMap"):
            assert part in warning.message_zh
            assert part in warning.message_en
    put_sizes(cast, of_trailer_mm=3_700)
    assert not check(cast, edge_keys=direct.edge_keys).signs
    assert not cast.issue(message).warnings


def test_a_limit_an_authority_published_stops_the_waybill_and_mass_length_and_width_count_too(cast: Cast) -> None:
    direct = a_map_with_signs(cast)
    put_sizes(cast, of_trailer_mm=3_700)
    middle = direct.line[len(direct.line) // 2 :][:2]
    zone = zones.Zone(
        id="weak-bridge", kind=zones.ZONE_KIND_BRIDGE, name="示例危桥", source=zone_house.NOTICE,
        bridge=zones.Bridge(length_dm=500, decks=[zones.Deck(line=middle)]),
        tags=[zones.Tag(name="maxweight", value="30"), zones.Tag(name="maxlength", value="15")],
    )  # fmt: skip
    zone_house.call(cast.world, "PutZone", zones.PutZoneRequest(zone=zone))
    message = a_waybill()
    message.route.line.extend(direct.line)
    with pytest.raises(Refused) as refused:
        cast.issue(message)
    (fault,) = [each for each in refused.value.faults if each.reason == "ROAD_LIMIT_EXCEEDED"]
    assert fault.path == "waybill.route"
    for part in ("示例危桥", "30 t", "44 t", "示例县公安局"):  # two kerb masses of 8 t and 28 t of petrol
        assert part in fault.zh
    assert "RT-06" in fault.en
    message.goods[0].mass_g = 14_000_000
    assert warned(cast, message) == ["ROAD_LIMIT_UNJUDGED"], "length"
    loose = a_tank()
    loose.fixed_on = ""
    cast.register(registry.PutTankRequest(tank=loose))
    assert warned(cast, message) == ["ROAD_LIMIT_UNJUDGED"] * 2, "nobody knows what a tank set on the trailer weighs"


@pytest.mark.parametrize("fields", [{"height_mm": -1}, {"width_mm": 10_001}, {"length_mm": 100_001}, {"gross_g": -1}])
def test_impossible_measures_are_refused_in_checks_as_in_plans(cast: Cast, fields: dict[str, Any]) -> None:
    for method, request in (
        ("CheckRoute", zones.CheckRouteRequest(edge_keys=["1:2:3"], **fields)),
        ("PlanRoute", zone_house.plan_request(**fields)),
    ):
        with pytest.raises(Refused) as refused:
            cast.call(CARRIER, f"{ZONES}/{method}", request)
        assert [(fault.path, fault.reason) for fault in refused.value.faults] == [(next(iter(fields)), "FIELD_INVALID")]
