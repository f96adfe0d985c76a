"""What a map shows on the planned route, judged when the waybill is issued: as proposed, as confirmed, at its times, to its goods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf.message import Message

from hazway.refusal.v1 import refusal_pb2 as refusal
from hazway.refusals import Fault, Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.types.v1 import types_pb2 as types
from hazway.zones.v1 import zones_pb2 as zones
from services import traceability
from services.zones.importing import import_region
from tests.cast import TRANSPORT, Cast, a_waybill
from tests.integration.zones.zone_house import NOTICE, SERVICE
from tests.maps import InventedMap

MONDAY = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)  # ten in the morning in Beijing
BY_MAP = {"CROSSING_NOT_NOTIFIED", "WATER_SOURCE_CROSSED"}  # the warnings for what nobody has confirmed


def drawn() -> InventedMap:
    """Five kilometres of road: over a bridge of 1.1 km, past a school, through a drinking water area, over a short bridge."""
    road = InventedMap()
    road.way(1, [(0, 0), (0, 500)], highway="trunk")
    road.way(2, [(0, 500), (0, 1_700)], highway="trunk", bridge="yes", bridge__name="示例江特大桥")
    road.way(3, [(0, 1_700), (0, 3_900)], highway="trunk")
    road.way(4, [(0, 3_900), (0, 4_000)], highway="trunk", bridge="yes")
    road.way(5, [(0, 4_000), (0, 5_000)], highway="trunk")
    road.square(20, -50, 2_000, 100, amenity="school", name="示例小学")
    road.square(21, -250, 3_000, 500, boundary="protected_area", protect_class="12", name="示例水库水源保护区")
    return road


class Trip:
    def __init__(self, cast: Cast, folder: Path) -> None:
        self.cast, world = cast, cast.world
        file = drawn().write(folder / "road.osm")
        import_region(
            world.host.engine, traceability.keeper_of(world.host.settings), file, world.clock.now(), name="road"
        )
        plan = zones.PlanRouteRequest(
            origin=zones.RoutePlace(node_id=1),
            destination=zones.RoutePlace(node_id=6),
            goods=[],
            ignore_restrictions=True,
        )
        self.edges = list(self.zone_call("PlanRoute", plan).edge_keys)

    def zone_call(self, method: str, request: Message) -> zones.PlanRouteResponse:
        answer: zones.PlanRouteResponse = self.cast.clients[TRANSPORT].call(SERVICE + method, request, patience_s=0)
        return answer

    def confirm(self, zone_id: str, *rules: zones.Rule) -> None:
        """The authority puts the proposal as it is, with its rules."""
        zone = self.cast.clients[TRANSPORT].call(
            SERVICE + "GetZone", zones.GetZoneRequest(zone_id=zone_id), patience_s=0
        )
        zone.ClearField("proposed")
        zone.source.CopyFrom(NOTICE)
        del zone.rules[:]
        zone.rules.extend(rules)
        self.zone_call("PutZone", zones.PutZoneRequest(zone=zone))

    def told(self, at: datetime = MONDAY) -> tuple[bool, set[str]]:
        """Whether a trip that leaves then is refused, and all reasons told of its route, warnings too."""
        message = a_waybill(departure=at)
        message.route.edge_keys.extend(self.edges)
        try:
            told = self.cast.issue(message, validate_only=True).warnings
        except Refused as refused:
            return True, {fault.reason for fault in refused.faults if fault.path == "waybill.route"}
        return False, {
            refusal.Reason.Name(warning.reason).removeprefix("REASON_")
            for warning in told
            if warning.path == "waybill.route"
        }

    def refusal_of(self, reason: str) -> Fault:
        message = a_waybill(departure=MONDAY)
        message.route.edge_keys.extend(self.edges)
        with pytest.raises(Refused) as refused:
            self.cast.issue(message, validate_only=True)
        (fault,) = [fault for fault in refused.value.faults if fault.reason == reason]
        return fault


def school_hours(**more: object) -> zones.Rule:
    calendar = zones.Calendar(windows=[zones.Window(weekdays=[1, 2, 3, 4, 5], from_minute=600, to_minute=630)], **more)  # type: ignore[arg-type]
    return zones.Rule(id="school", action=zones.ACTION_FORBID, calendar=calendar)


def test_of_what_a_map_alone_shows_the_carrier_is_warned(cast: Cast, tmp_path: Path) -> None:
    trip = Trip(cast, tmp_path)
    assert trip.told() == (False, BY_MAP)


def test_confirmed_places_refuse_at_their_times_and_not_a_minute_later(cast: Cast, tmp_path: Path) -> None:
    trip = Trip(cast, tmp_path)
    trip.confirm("osm-way-20", school_hours())
    assert trip.told() == (True, {*BY_MAP, "ZONE_FORBIDDEN"})
    assert "示例小学" in trip.refusal_of("ZONE_FORBIDDEN").zh
    assert trip.told(MONDAY + timedelta(minutes=30)) == (False, BY_MAP)
    assert trip.told(MONDAY + timedelta(days=5)) == (False, BY_MAP)  # a Saturday
    first, last = types.Day(iso="2026-11-09"), types.Day(iso="2026-11-10")
    holiday = zones.Replacement(days=zones.Days(first=first, last=last), day_rule=zones.DAY_RULE_NOT_AT_ALL)
    later = zones.Replacement(days=zones.Days(first=last, last=last), day_rule=zones.DAY_RULE_ALL_DAY)
    trip.confirm("osm-way-20", school_hours(replacements=[holiday, later]))
    assert trip.told(MONDAY + timedelta(days=7)) == (False, BY_MAP)
    assert trip.told(MONDAY + timedelta(days=8, hours=6)) == (True, {*BY_MAP, "ZONE_FORBIDDEN"})
    assert trip.told(MONDAY + timedelta(days=9)) == (True, {*BY_MAP, "ZONE_FORBIDDEN"})


def test_confirmed_drinking_water_refuses_petrol_until_a_pass_is_registered(cast: Cast, tmp_path: Path) -> None:
    trip = Trip(cast, tmp_path)
    trip.confirm("osm-way-21")
    assert trip.told() == (True, BY_MAP)
    approval = registry.Permit(
        id="approval", kind=registry.PERMIT_KIND_ZONE_PASS, number="水通字1号", issuer="示例市生态环境局", organisation_id="carrier",
        zone_ids=["osm-way-21"],
    )  # fmt: skip
    approval.valid_from.FromDatetime(MONDAY - timedelta(days=1))
    approval.valid_to.FromDatetime(MONDAY + timedelta(days=1))
    cast.register(registry.PutPermitRequest(permit=approval), by=TRANSPORT)
    assert trip.told() == (False, {"CROSSING_NOT_NOTIFIED"})


def test_a_bridge_is_closed_to_the_goods_its_rule_names_and_a_road_below_is_not_on_it(
    cast: Cast, tmp_path: Path
) -> None:
    trip = Trip(cast, tmp_path)
    trip.confirm("bridge-4", zones.Rule(id="gas", action=zones.ACTION_FORBID, goods=zones.GoodsFilter(hazards=["2.1"])))
    assert trip.told() == (False, BY_MAP)
    trip.confirm("bridge-4", zones.Rule(id="oil", action=zones.ACTION_FORBID, goods=zones.GoodsFilter(hazards=["3"])))
    assert trip.told() == (True, {*BY_MAP, "ZONE_FORBIDDEN"})
    crossing = [types.Position(latitude_e7=300_000_000 + up, longitude_e7=1_000_395_000) for up in (-50_000, 50_000)]
    along = [types.Position(latitude_e7=300_000_000, longitude_e7=1_000_000_000 + 1_000 * step) for step in (380, 410)]
    for line, passed in ((crossing, False), (along, True)):
        checked = trip.zone_call("CheckRoute", zones.CheckRouteRequest(line=line))
        assert ("bridge-4" in {passage.zone_id for passage in checked.passages}) is passed
