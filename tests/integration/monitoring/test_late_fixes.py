"""What comes late, by minutes or by a day, leaves the same alarms as if it had come in time; what was stated is amended."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import text

from hazway.alarms.v1 import alarms_pb2 as pb
from hazway.monitoring.v1 import monitoring_pb2
from tests.integration.monitoring.road_house import House, drive

FAST = 1200
OF_INTEREST = (pb.ALARM_KIND_OVERSPEED, pb.ALARM_KIND_MOVED_OFFLINE, pb.ALARM_KIND_OFFLINE)


def a_day(house: House, vehicle_id: str, hours_ago: float = 20) -> list[monitoring_pb2.Fix]:
    """Half an hour on the road with five fast minutes in the middle."""
    start = house.now - timedelta(hours=hours_ago)
    calm = drive(start, minutes=10, dkmh=500, vehicle_id=vehicle_id)
    fast = drive(start + timedelta(minutes=10.5), minutes=5, dkmh=FAST, vehicle_id=vehicle_id, north_m=8_500)
    again = drive(start + timedelta(minutes=16), minutes=14, dkmh=500, vehicle_id=vehicle_id, north_m=18_600)
    return [*calm, *fast, *again]


def final(house: House, vehicle_id: str) -> list[tuple[object, ...]]:
    """The alarms that stand, without what tells how they came about."""
    return sorted(
        (
            alarm.kind,
            alarm.occurred_at.ToMilliseconds(),
            alarm.ended_at.ToMilliseconds(),
            tuple(sorted(alarm.evidence.items())),
        )
        for alarm in house.alarms(vehicle_id=vehicle_id)
        if alarm.state != pb.ALARM_STATE_WITHDRAWN and alarm.kind in OF_INTEREST
    )


def on_trips(house: House, *vehicle_ids: str) -> None:
    for vehicle_id in vehicle_ids:
        house.tell_trip(vehicle_id, house.now - timedelta(hours=21))


def test_an_overspeed_seen_only_by_late_fixes_is_raised_late(house: House) -> None:
    on_trips(house, "lorry1", "lorry2")
    whole = a_day(house, "lorry1")
    house.rows(*whole)
    house.world.settle()
    gap = [fix for fix in a_day(house, "lorry2") if fix.speed_dkmh == FAST]
    house.rows(*[fix for fix in a_day(house, "lorry2") if fix.speed_dkmh != FAST])
    house.world.settle()
    assert not house.alarms(vehicle_id="lorry2", kind=pb.ALARM_KIND_OVERSPEED)
    house.rows(*gap)
    house.world.settle()
    (alarm,) = house.alarms(vehicle_id="lorry2", kind=pb.ALARM_KIND_OVERSPEED)
    assert alarm.state == pb.ALARM_STATE_OPEN
    assert final(house, "lorry2") == final(house, "lorry1")


def test_a_silence_that_late_fixes_fill_is_withdrawn_and_both_are_on_record(house: House) -> None:
    on_trips(house, "lorry1")
    calm = drive(house.now - timedelta(hours=5), minutes=60, dkmh=500)
    house.rows(*calm[:20], *calm[100:])
    house.world.settle()
    (silent,) = [
        alarm
        for alarm in house.alarms(kind=pb.ALARM_KIND_OFFLINE)
        if calm[0].time_ms < alarm.occurred_at.ToMilliseconds() < calm[-1].time_ms
    ]
    house.rows(*calm[20:100])
    house.world.settle()
    (after,) = [alarm for alarm in house.alarms() if alarm.id == silent.id]
    assert (after.state, after.revision) == (pb.ALARM_STATE_WITHDRAWN, silent.revision + 1)
    with house.world.host.engine.connect() as connection:
        stated = (
            connection.execute(
                text(
                    "SELECT kind FROM traceability_registrations WHERE subject = 'waybill/waybill-lorry1' ORDER BY seq"
                )
            )
            .scalars()
            .all()
        )
    assert stated.count("alarm.raise") >= 1
    assert {"alarm.amend"} <= set(stated)


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_delay_ends_in_the_same_alarms(house: House, seed: int) -> None:
    """Fixes of a day come shuffled in batches, with detection at work between them."""
    on_trips(house, "lorry1", "lorry2")
    house.rows(*a_day(house, "lorry1"))
    house.world.settle()
    chance = random.Random(seed)
    mixed = a_day(house, "lorry2")
    chance.shuffle(mixed)
    while mixed:
        size = chance.randint(1, 25)
        house.rows(*mixed[:size])
        mixed = mixed[size:]
        if chance.random() < 0.6:
            house.world.settle()
    house.world.settle()
    assert final(house, "lorry2") == final(house, "lorry1")


def test_a_worker_that_dies_after_judging_anew_goes_on_from_what_it_found(house: House) -> None:
    from tests.integration.monitoring.test_workers import a_worker, expire_leases, work_off

    on_trips(house, "lorry1", "lorry2")
    house.rows(*a_day(house, "lorry1"))
    mixed = a_day(house, "lorry2")
    one = a_worker(house, "one")
    house.rows(*mixed[25:50])
    work_off(one)
    one._write_snapshots(list(one._shards))
    house.rows(*mixed[:25])
    work_off(one)  # judged anew, and dead without another snapshot
    expire_leases(house)
    other = a_worker(house, "other")
    house.rows(*mixed[50:])
    work_off(other)
    assert final(house, "lorry2") == final(house, "lorry1")
    with house.world.host.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM monitoring_late")).scalar_one() == 0


def test_a_need_noted_before_a_death_is_met_by_the_next_worker(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.monitoring.worker import Worker
    from tests.integration.monitoring.test_workers import a_worker, expire_leases, work_off

    on_trips(house, "lorry1", "lorry2")
    house.rows(*a_day(house, "lorry1"))
    mixed = a_day(house, "lorry2")
    one = a_worker(house, "one")
    with monkeypatch.context() as patched:
        patched.setattr(Worker, "_judge_late", lambda _self: False)
        house.rows(*mixed[30:])
        work_off(one)
        house.rows(*mixed[:30])
        work_off(one)
    expire_leases(house)
    work_off(a_worker(house, "other"))
    assert final(house, "lorry2") == final(house, "lorry1")


def test_a_drive_that_comes_when_the_next_trip_is_known_counts_for_the_trip_it_was_on(house: House) -> None:
    """The vehicle was silent over the change of waybills, so its fixes are not older than what it had said; a clock has put the new
    trip in force."""
    start = house.now - timedelta(hours=1)
    house.tell_trip("lorry1", start, waybill_id="first")
    house.rows(*drive(start + timedelta(minutes=1), minutes=1))
    house.tell_trip("lorry1", start + timedelta(minutes=30), waybill_id="second")
    house.world.settle()
    house.rows(*drive(start + timedelta(minutes=10), minutes=5, dkmh=FAST, north_m=8_000))
    house.world.settle()
    house.rows(*drive(start + timedelta(minutes=40), minutes=1, north_m=20_000))
    house.world.settle()
    assert [alarm.waybill_id for alarm in house.alarms(kind=pb.ALARM_KIND_OVERSPEED)] == ["first"]
