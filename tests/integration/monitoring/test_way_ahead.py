"""A zone changes while lorries are on the road: the carrier hears of it before its lorry is there, and who is inside has time to leave."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hazway.alarms.v1 import alarms_pb2
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import waybill_pb2
from hazway.zones.v1 import zones_pb2
from services.monitoring.facts import Goods
from tests.cast import CARRIER, TRANSPORT, Cast, a_waybill, play
from tests.integration.monitoring.road_house import M_E7, PLACE, REGISTRY, House, a_fix
from tests.integration.monitoring.test_workers import nothing_new_is_told_again
from tests.integration.zones.zone_house import NOTICE, point
from tests.world import World

PETROL = (Goods("1203", ("3",)),)
BARRED, ENTERED = alarms_pb2.ALARM_KIND_ROUTE_BARRED, alarms_pb2.ALARM_KIND_AREA_ENTERED
OPEN, WITHDRAWN = alarms_pb2.ALARM_STATE_OPEN, alarms_pb2.ALARM_STATE_WITHDRAWN
ZONES = "hazway.zones.v1.ZoneService"


def close_market(
    house: House | Cast, *, north_m: int = 20_000, begins_in: timedelta = timedelta(), **rule: Any
) -> None:
    """A square of 2 km so far north of the place all lorries begin at; its rule holds from then on."""
    ring = [(-1_000, -1_000), (-1_000, 1_000), (1_000, 1_000), (1_000, -1_000)]
    line = [point(PLACE[0] + (north_m + up) * M_E7, PLACE[1] + across * M_E7) for up, across in ring]
    fields: dict[str, Any] = {"action": zones_pb2.ACTION_ONLY_WITH_PASS, "source": NOTICE}
    ban = zones_pb2.Rule(id="ban", **(fields | rule))
    if begins_in:
        ban.valid_from.FromDatetime(house.world.clock.now() + begins_in)
    zone = zones_pb2.Zone(
        id="market", name="集市", kind=zones_pb2.ZONE_KIND_RESTRICTED_AREA, rules=[ban],
        polygons=[zones_pb2.Polygon(rings=[zones_pb2.Ring(points=[*line, line[0]])])],
    )  # fmt: skip
    house.clients[TRANSPORT].call(f"{ZONES}/PutZone", zones_pb2.PutZoneRequest(zone=zone))
    house.world.settle()


def under_way(house: House, *vehicle_ids: str, north_m: int = 0) -> None:
    """On a route 60 km north, each seen just now."""
    for vehicle_id in vehicle_ids:
        route = tuple((PLACE[0] + metres * M_E7, PLACE[1]) for metres in range(0, 60_001, 1_000))
        house.tell_trip(vehicle_id, house.now - timedelta(minutes=5), goods=PETROL, route=route)
        house.rows(*(a_fix(house.now - timedelta(seconds=at), vehicle_id, north_m=north_m) for at in (60, 30, 0)))
    house.world.settle()


def test_the_carrier_hears_of_a_ban_ahead_and_the_regulator_when_the_desk_leaves_it(house: House) -> None:
    under_way(house, "lorry1", "lorry2")
    under_way(house, "lorry3", north_m=30_000)
    close_market(house)
    by_vehicle = {alarm.vehicle_id: alarm for alarm in house.alarms(kind=BARRED)}
    assert sorted(by_vehicle) == ["lorry1", "lorry2"], "it lies behind the third"
    alarm = by_vehicle["lorry1"]
    assert (alarm.state, alarm.severity) == (OPEN, alarms_pb2.SEVERITY_ORDINARY)
    assert (alarm.zone_id, alarm.waybill_id) == ("market", "waybill-lorry1")
    assert "集市" in alarm.text_zh
    assert abs(int(alarm.evidence["ahead_m"]) - 19_000) < 50
    groups = (
        house.clients[CARRIER]
        .call("hazway.alarms.v1.AlarmService/ListAlarmGroups", alarms_pb2.ListAlarmGroupsRequest())
        .groups
    )
    assert sorted((one.waybill_id, one.cause, one.open) for one in groups if one.kind == BARRED) == [
        ("waybill-lorry1", "market", 1), ("waybill-lorry2", "market", 1),
    ]  # fmt: skip
    assert not house.alarms(by=TRANSPORT, kind=BARRED), "the carrier's desk is first"

    permit = registry.Permit(
        id="pass", kind=registry.PERMIT_KIND_ZONE_PASS, number="示通〔2026〕1号", issuer="广州市公安局",
        organisation_id=CARRIER, vehicle_ids=["lorry1"], zone_ids=["market"],
    )  # fmt: skip
    permit.valid_from.FromDatetime(house.now - timedelta(hours=1))
    permit.valid_to.FromDatetime(house.now + timedelta(hours=8))
    house.clients["operator"].call(f"{REGISTRY}/PutPermit", registry.PutPermitRequest(permit=permit))
    house.world.clock.advance(minutes=2)
    house.rows(*(a_fix(house.now, vehicle_id, north_m=1_500) for vehicle_id in ("lorry1", "lorry2")))
    house.world.settle()
    states = {alarm.vehicle_id: alarm.state for alarm in house.alarms(kind=BARRED)}
    assert states == {"lorry1": WITHDRAWN, "lorry2": OPEN}
    house.world.clock.advance(minutes=29)
    house.world.settle()
    assert [alarm.vehicle_id for alarm in house.alarms(by=TRANSPORT, kind=BARRED)] == ["lorry2"]

    house.clients[TRANSPORT].call(
        f"{ZONES}/WithdrawZone", zones_pb2.WithdrawZoneRequest(zone_id="market", reason="集市结束")
    )
    house.world.settle()
    (lifted,) = house.alarms(kind=BARRED, vehicle_id="lorry2")
    assert (lifted.state, lifted.evidence["outcome"]) == (WITHDRAWN, "zone lifted")
    nothing_new_is_told_again(house)


def test_who_is_inside_when_a_ban_begins_has_time_to_leave_and_is_shown_the_way(house: House) -> None:
    under_way(house, "lorry1", "lorry2", north_m=19_500)
    close_market(house, begins_in=timedelta(minutes=10), grace_minutes=20)
    assert not house.alarms(kind=ENTERED)
    for vehicle_id in ("lorry1", "lorry2"):
        house.rows(a_fix(house.now + timedelta(seconds=10), vehicle_id, north_m=19_500))
    house.world.clock.advance(minutes=10.5)
    house.world.settle()
    for alarm in house.alarms(kind=ENTERED):
        assert alarm.severity == alarms_pb2.SEVERITY_ORDINARY
        assert (alarm.evidence["exit_by"], alarm.evidence["how"]) == ("route", "window opened")
        assert abs(int(alarm.evidence["exit_m"]) - 1_500) < 10
        assert int(alarm.evidence["exit_latitude_e7"]) == PLACE[0] + 21_000 * M_E7
        assert "沿计划路线" in alarm.text_zh
    assert len(house.alarms(kind=ENTERED)) == 2
    assert not house.alarms(by=TRANSPORT, kind=ENTERED)
    for minutes, north_m in ((5, 20_500), (1, 21_400), (1, 22_300)):
        house.world.clock.advance(minutes=minutes)
        house.rows(a_fix(house.now, north_m=north_m), a_fix(house.now, "lorry2", north_m=19_500, speed_dkmh=0))
    house.world.clock.advance(minutes=14)
    house.rows(a_fix(house.now, "lorry2", north_m=19_500, speed_dkmh=0))
    house.world.settle()
    (left,), (stayed,) = (house.alarms(kind=ENTERED, vehicle_id=each) for each in ("lorry1", "lorry2"))
    assert (left.state, left.evidence["outcome"]) == (WITHDRAWN, "left in time")
    assert (stayed.state, stayed.severity) == (OPEN, alarms_pb2.SEVERITY_GRAVE)
    assert "逾宽限时间仍未驶离" in stayed.text_zh
    assert [alarm.vehicle_id for alarm in house.alarms(by=TRANSPORT, kind=ENTERED)] == ["lorry2"], "grave at once"


def lift_market(cast: Cast) -> None:
    request = zones_pb2.WithdrawZoneRequest(zone_id="market", reason="集市结束")
    cast.clients[TRANSPORT].call(f"{ZONES}/WithdrawZone", request)
    cast.world.settle()


def test_the_route_of_a_waybill_is_watched_from_its_loading_on(world: World) -> None:
    """As its carrier signed it: told while the lorry waits, held at the gate, told again on the way."""
    cast = play(world)
    message = a_waybill(departure=world.clock.now() + timedelta(hours=1))
    for metres in range(0, 60_001, 1_000):
        message.route.line.add(latitude_e7=PLACE[0] + metres * M_E7, longitude_e7=PLACE[1])
    issued = cast.issue(message).waybill
    cast.clear(issued)
    world.settle()
    world.clock.advance(minutes=2)
    world.settle()

    def told_of() -> list[tuple[int, str]]:
        request = alarms_pb2.ListAlarmsRequest(kind=BARRED, waybill_id=issued.id)
        alarms = cast.clients[CARRIER].call("hazway.alarms.v1.AlarmService/ListAlarms", request).alarms
        return [(alarm.state, alarm.evidence.get("outcome", "")) for alarm in alarms]

    close_market(cast)
    assert told_of() == [(OPEN, "")]

    def depart() -> None:
        cast.heard_of("tractor")
        departure = waybill_pb2.DepartWaybillRequest(waybill_id=issued.id)
        departure.departed_at.FromDatetime(world.clock.now())
        cast.call(CARRIER, "DepartWaybill", departure)

    with pytest.raises(Refused, match="集市"):
        depart()
    world.clock.advance(minutes=5)
    lift_market(cast)
    assert told_of() == [(WITHDRAWN, "zone lifted")]
    world.clock.advance(minutes=5)
    depart()
    world.clock.advance(minutes=5)
    world.settle()
    close_market(cast)
    assert told_of() == [(OPEN, ""), (WITHDRAWN, "zone lifted")]
