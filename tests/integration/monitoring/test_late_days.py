"""Fixes that come shuffled, twice and up to a day late, over the whole path: the alarms that stand in the end are those of a
road on which everything came in time; and a gateway that repeats a whole day changes nothing and has nobody judged anew."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hazway.alarms.v1 import alarms_pb2 as pb
from hazway.monitoring.v1 import monitoring_pb2
from hazway.monitoring.v1.monitoring_pb2 import Fix
from hazway.zones.v1 import zones_pb2
from services.monitoring import engine
from tests.cast import TRANSPORT
from tests.integration.monitoring.road_house import M_E7, PLACE, House, a_fix, drive, in_columns, times_of
from tests.integration.monitoring.test_workers import FAST, PETROL
from tests.integration.zones.zone_house import NOTICE, point

PAST = {
    pb.ALARM_KIND_OVERSPEED, pb.ALARM_KIND_OFFLINE, pb.ALARM_KIND_MOVED_OFFLINE, pb.ALARM_KIND_AREA_ENTERED,
    pb.ALARM_KIND_LONG_STOP,
}  # fmt: skip
LATE_H = {"lorry1": 0.0, "lorry2": 1.0, "lorry3": 24.0}


def close_market(house: House) -> None:
    """A square of 600 m on the way is closed to petrol."""
    ring = [(18_700, -300), (18_700, 300), (19_300, 300), (19_300, -300)]
    line = [point(PLACE[0] + up * M_E7, PLACE[1] + across * M_E7) for up, across in ring]
    zone = zones_pb2.Zone(
        id="market", name="集市", kind=zones_pb2.ZONE_KIND_RESTRICTED_AREA,
        polygons=[zones_pb2.Polygon(rings=[zones_pb2.Ring(points=[*line, line[0]])])],
        rules=[zones_pb2.Rule(id="ban", action=zones_pb2.ACTION_FORBID, source=NOTICE)],
    )  # fmt: skip
    house.clients[TRANSPORT].call("hazway.zones.v1.ZoneService/PutZone", zones_pb2.PutZoneRequest(zone=zone))
    house.world.settle()


def a_day(start: datetime, vehicle_id: str) -> list[monitoring_pb2.Fix]:
    """Too fast, through the market, a silence in which it moves on, three quarters of an hour by the roadside, and on."""
    parts = [(0.0, 10.0, 500, 0), (10.5, 5.0, FAST, 8_500), (16.0, 4.0, 300, 18_600), (60.0, 10.0, 500, 40_000),
             (117.0, 5.0, 500, 48_400)]  # fmt: skip
    fixes = [
        fix
        for begin, minutes, dkmh, north_m in parts
        for fix in drive(
            start + timedelta(minutes=begin), minutes=minutes, dkmh=dkmh, vehicle_id=vehicle_id, north_m=north_m
        )
    ]
    stood = [
        a_fix(start + timedelta(minutes=71 + minute), vehicle_id, north_m=48_400, speed_dkmh=0) for minute in range(45)
    ]
    return sorted([*fixes, *stood], key=lambda fix: fix.time_ms)


def final(house: House, vehicle_id: str) -> list[tuple[Any, ...]]:
    """The alarms that stand, without what tells how they came about."""
    return sorted(
        (
            alarm.kind,
            alarm.occurred_at.ToMilliseconds(),
            alarm.ended_at.ToMilliseconds(),
            sorted(alarm.evidence.items()),
        )
        for alarm in house.alarms(vehicle_id=vehicle_id)
        if alarm.state != pb.ALARM_STATE_WITHDRAWN and alarm.kind in PAST
    )


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_late_by_up_to_a_day_or_comes_twice_the_same_alarms_stand(house: House, seed: int) -> None:
    """The clock runs with the arrivals, and ticks with the clock: what they tell too early is taken back."""
    chance, start = random.Random(seed), house.now
    close_market(house)
    arrivals: list[tuple[int, int, Fix]] = []
    for vehicle_id, hours in LATE_H.items():
        house.tell_trip(vehicle_id, start - timedelta(minutes=1), goods=PETROL)
        for fix in a_day(start, vehicle_id) * (2 if hours else 1):
            arrivals.append((fix.time_ms + int(chance.random() ** 3 * hours * 3_600_000), len(arrivals), fix))
    arrivals.sort()
    while arrivals:
        size = chance.randint(1, 60)
        house.world.clock.at = datetime.fromtimestamp(arrivals[min(size, len(arrivals)) - 1][0] / 1000, UTC)
        house.rows(*[fix for _, _, fix in arrivals[:size]])
        arrivals = arrivals[size:]
        house.world.settle(1)
    house.world.clock.at = start + timedelta(hours=27)
    house.world.settle()
    in_time = final(house, "lorry1")
    assert {kind for kind, *_ in in_time} == PAST
    for vehicle_id in ("lorry2", "lorry3"):
        assert final(house, vehicle_id) == in_time


def test_a_gateway_that_repeats_a_whole_day_changes_nothing_and_has_nobody_judged_anew_but_who_has_news(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: Counter[int] = Counter()
    recompute = engine.recompute

    def counted(state: Any, worlds: Any, vehicle: int, *rest: Any, **more: Any) -> Any:
        judged[vehicle] += 1
        return recompute(state, worlds, vehicle, *rest, **more)

    monkeypatch.setattr(engine, "recompute", counted)
    start = house.now
    close_market(house)
    for vehicle_id in LATE_H:
        house.tell_trip(vehicle_id, start - timedelta(minutes=1), goods=PETROL)
    house.world.clock.advance(minutes=130)
    day = [fix for vehicle_id in LATE_H for fix in a_day(start, vehicle_id)]
    house.report(in_columns(day))
    house.world.settle()

    def everything() -> tuple[Any, ...]:
        tracks = [times_of(house.recent(vehicle_id)) for vehicle_id in LATE_H]
        return tracks, house.alarms(), house.state_of_log(), [final(house, vehicle_id) for vehicle_id in LATE_H]

    before = everything()
    judged.clear()
    for number in range(5):  # the same, in pieces of other sizes and from the end
        pieces = [day[begin : begin + 50 + 17 * number] for begin in range(0, len(day), 50 + 17 * number)]
        house.report(*(in_columns(piece) for piece in reversed(pieces)))
        house.world.settle(1)
    house.world.settle()
    assert everything() == before
    assert not judged
    # One new fix among the repeats is seen.
    silence = start + timedelta(minutes=40)
    house.report(in_columns([*day[:100], a_fix(silence, "lorry2", north_m=25_000), *day[100:]]))
    house.world.settle()
    assert list(judged.values()) == [1]
    assert silence.timestamp() * 1000 in times_of(house.recent("lorry2"))
