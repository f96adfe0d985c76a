"""Neighbours and persons across shards: each alarm once, whatever comes when, late or never, and whoever dies in between."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from functools import partial

import pytest
from sqlalchemy import event, text

from hazway.alarms.v1 import alarms_pb2 as pb
from hazway.monitoring.v1 import monitoring_pb2
from services import traceability
from services.monitoring import late_store, neighbours, vehicles
from services.monitoring.facts import Goods
from services.monitoring.late_store import Stage
from services.monitoring.log_store import shard_of
from services.monitoring.model import Alarm, AlarmKind, Effect, Severity
from services.monitoring.second_stage import SecondStage
from services.monitoring.shares import Lost
from services.monitoring.telling import Teller
from services.monitoring.worker import Worker
from services.monitoring.worlds import Worlds
from tests.cast import CARRIER, RIVAL
from tests.integration.monitoring.road_house import House, a_fix, drive
from tests.integration.monitoring.test_workers import expire_leases

PETROL, OXYGEN = (Goods("1203", ("3",)),), (Goods("1073", ("2.2", "5.1")),)
SECOND = (pb.ALARM_KIND_INCOMPATIBLE_PARKING, pb.ALARM_KIND_FATIGUE)
Told = tuple[object, ...]


def standing(
    house: House, vehicle_id: str, *, since: float, until: float, north_m: int = 0
) -> list[monitoring_pb2.Fix]:
    """Arrives, stands from so many minutes ago until so many minutes ago, leaves."""
    start = house.now - timedelta(minutes=since)
    ticks = range(0, int((since - until) * 60), 30)
    stood = [a_fix(start + timedelta(seconds=at), vehicle_id, north_m=north_m, speed_dkmh=0) for at in ticks]
    came = a_fix(start - timedelta(seconds=60), vehicle_id, north_m=north_m - 900)
    left = a_fix(start + timedelta(seconds=ticks[-1] + 60), vehicle_id, north_m=north_m + 900)
    return [came, *stood, left]


def side_by_side(house: House, one: str, other: str, *, north_m: int = 0) -> list[monitoring_pb2.Fix]:
    """Petrol stands from 60 to 20 minutes ago; oxygen 50 m off from 50 to 30 minutes ago."""
    fixes = standing(house, one, since=60, until=20, north_m=north_m)
    return fixes + standing(house, other, since=50, until=30, north_m=north_m + 50)


def two_shifts(house: House, one: str, other: str) -> list[monitoring_pb2.Fix]:
    """Three hours in one lorry; ten minutes later two hours in another; both end where all tests begin."""
    start = house.now - timedelta(hours=12)
    first = drive(start, minutes=180, dkmh=300, every_s=60, vehicle_id=one, north_m=-90_000)
    after = start + timedelta(minutes=190)
    return first + drive(after, minutes=120, dkmh=300, every_s=60, vehicle_id=other, north_m=-60_000)


def a_long_day(house: House, one: str, other: str) -> list[monitoring_pb2.Fix]:
    """Nine hours of yesterday by turns in two lorries, half an hour of rest between: long in the day, nowhere without a rest. Each
    goes on where it was left, and ends where it will park."""
    at, fixes = house.now - timedelta(hours=30), []
    for vehicle_id, north_m in ((one, -56_000), (other, -26_000), (one, -26_000)):
        fixes += drive(at, minutes=180, dkmh=100, every_s=120, vehicle_id=vehicle_id, north_m=north_m)
        at += timedelta(minutes=210)
    return fixes


def laden(house: House, one: str, other: str, *, driver: str = "driver") -> None:
    carriers = {"other1": RIVAL}
    for vehicle_id, goods in ((one, PETROL), (other, OXYGEN)):
        changes = {"goods": goods, "driver_id": driver}
        house.tell_trip(vehicle_id, house.now - timedelta(hours=13), carriers.get(vehicle_id, CARRIER), **changes)


def found(house: House, *vehicle_ids: str) -> list[Told]:
    """What stands of the second stages, by the first or second of these vehicles."""
    alarms = [alarm for by in (CARRIER, RIVAL) for alarm in house.alarms(by=by)]
    return sorted(
        (
            alarm.kind,
            vehicle_ids.index(alarm.vehicle_id),
            alarm.occurred_at.ToMilliseconds(),
            alarm.ended_at.ToMilliseconds() if alarm.HasField("ended_at") else 0,
            alarm.evidence.get("apart_m", ""),
        )
        for alarm in alarms
        if alarm.vehicle_id in vehicle_ids and alarm.kind in SECOND and alarm.state != pb.ALARM_STATE_WITHDRAWN
    )


def shown(house: House, one: str, other: str) -> list[Told]:
    """What is found, but for when driving ended: nobody is seen to rest before the next drive."""
    return [
        (kind, who, at, 0 if kind == pb.ALARM_KIND_FATIGUE else end, apart)
        for kind, who, at, end, apart in found(house, one, other)
    ]


def stated_and_revisions(house: House) -> tuple[int, int]:
    """How many statements there are about alarms, and how many revisions of alarms."""
    with house.world.host.engine.connect() as connection:
        stated, revisions = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM traceability_registrations WHERE kind LIKE 'alarm.%'),"
                " (SELECT sum(revision) FROM alarms_alarms)"
            )
        ).one()
    return int(stated), int(revisions)


def report(house: House, fixes: list[monitoring_pb2.Fix]) -> None:
    for carrier, mine in ((CARRIER, [f for f in fixes if f.vehicle_id != "other1"]),
                          (RIVAL, [f for f in fixes if f.vehicle_id == "other1"])):  # fmt: skip
        if mine:
            house.rows(*mine, by=carrier)


def expected(house: House) -> list[Told]:
    def ago(minutes: float) -> int:
        return int((house.now - timedelta(minutes=minutes)).timestamp() * 1000)

    return [
        (pb.ALARM_KIND_FATIGUE, 1, ago(12 * 60 - 240), 0, ""),
        (pb.ALARM_KIND_INCOMPATIBLE_PARKING, 1, ago(50), ago(30.5), "50"),
    ]


def test_neighbours_and_persons_across_shards_are_told_once(house: House) -> None:
    assert shard_of("lorry1") != shard_of("other1")
    laden(house, "lorry1", "other1")
    report(house, two_shifts(house, "lorry1", "other1"))
    house.world.settle()
    report(house, side_by_side(house, "lorry1", "other1"))
    house.world.settle()
    before = found(house, "lorry1", "other1")
    assert shown(house, "lorry1", "other1") == expected(house)
    (alarm,) = house.alarms(by=RIVAL, kind=pb.ALARM_KIND_INCOMPATIBLE_PARKING)
    assert alarm.evidence["other_vehicle"] == "lorry1"
    assert alarm.waybill_id == "waybill-other1"
    count = house.state_of_log()
    with house.world.host.engine.begin() as connection:  # another looks at everything again from the beginning
        connection.execute(text("UPDATE monitoring_cursors SET cursor = 0, until = '-infinity' WHERE shard >= 256"))
    house.world.settle()
    assert (found(house, "lorry1", "other1"), house.state_of_log()) == (before, count)


def test_what_comes_late_makes_and_unmakes_neighbours(house: House) -> None:
    laden(house, "lorry1", "lorry2")
    fixes = side_by_side(house, "lorry1", "lorry2")
    oxygen = [fix for fix in fixes if fix.vehicle_id == "lorry2"]
    report(house, [fix for fix in fixes if fix.vehicle_id == "lorry1"])
    report(house, [oxygen[0], oxygen[-1]])
    house.world.settle()
    assert found(house, "lorry1", "lorry2") == []
    report(house, oxygen[1:-1])
    house.world.settle()
    assert found(house, "lorry1", "lorry2") == expected(house)[1:]
    away = [
        a_fix(house.now - timedelta(minutes=50, seconds=-at), "lorry2", north_m=2_000 + at)
        for at in range(15, 1_200, 10)
    ]
    report(house, away)  # another receiver knew better: it was two kilometres farther on all the time
    house.world.settle()
    stood = found(house, "lorry1", "lorry2")
    assert stood == [] or house.alarms(kind=pb.ALARM_KIND_INCOMPATIBLE_PARKING)[0].revision > 2


def test_an_alarm_that_is_still_open_stays_when_its_driver_drives_again_days_later(house: House) -> None:
    """The lorry in which he drove for too long has not been heard of since: nobody knows whether he rested in it."""
    laden(house, "lorry1", "other1")
    report(house, two_shifts(house, "lorry1", "other1"))
    house.world.settle()
    before = found(house, "lorry1", "other1")
    assert before[0][3] == 0, "it is open"
    house.world.clock.advance(hours=80)
    house.tell_trip("lorry2", house.now - timedelta(hours=3), driver_id="driver")
    report(house, drive(house.now - timedelta(hours=2), minutes=60, vehicle_id="lorry2"))
    house.world.settle()
    assert found(house, "lorry1", "other1") == before


def test_a_day_in_several_lorries_is_told_once_and_taken_back_as_soon_as_another_drove_one_of_them(
    house: House,
) -> None:
    def told() -> list[tuple[str, timedelta, bool, int]]:
        return [
            (
                one.vehicle_id,
                house.now - one.occurred_at.ToDatetime(UTC),
                one.state == pb.ALARM_STATE_WITHDRAWN,
                one.revision,
            )
            for one in house.alarms(kind=pb.ALARM_KIND_FATIGUE)
            if "driven_ms" in one.evidence
        ]

    for vehicle_id in ("lorry1", "lorry2"):
        house.tell_trip(vehicle_id, house.now - timedelta(hours=31), driver_id="turns")
    fixes = a_long_day(house, "lorry1", "lorry2")
    late = fixes[100:140]
    report(house, [fix for fix in fixes if fix not in late])
    house.world.settle()
    report(house, late)
    house.world.settle()
    eight_hours = timedelta(hours=21)  # ago
    assert told() == [("lorry1", eight_hours, False, 1)]
    assert house.alarms(kind=pb.ALARM_KIND_FATIGUE)[0].text_zh == "当日累计驾驶超时"
    house.tell_trip("lorry2", house.now - timedelta(hours=27), driver_id="another", event="AMENDED")
    house.world.settle()
    assert told() == [("lorry1", eight_hours, True, 2)]
    house.tell_trip("lorry2", house.now - timedelta(hours=26, minutes=55), driver_id="turns", event="AMENDED")
    house.world.settle()
    assert told() == [("lorry1", eight_hours, False, 3)]


def test_who_looks_at_a_pair_for_one_of_them_waits_for_who_looks_at_it_for_the_other(house: House) -> None:
    """Else both would tell the same revision of what each of them had seen, and the later one's be lost."""
    laden(house, "lorry1", "lorry2")
    report(house, side_by_side(house, "lorry1", "lorry2"))
    for loop in house.world.loops:
        while loop.name != "neighbours" and loop.body():
            pass
    engine = house.world.host.engine
    teller = Teller(house.world.host, traceability.keeper_of(house.world.host.settings))
    with engine.connect() as connection:
        numbers = [one.number for one in map(partial(vehicles.find, connection), ("lorry1", "lorry2")) if one]
    found: list[list[Effect]] = []

    def look(number: int) -> None:
        with engine.begin() as connection:
            found.append(neighbours.at_places(connection, {number: 0}, teller.known))

    with engine.begin() as connection:
        told = neighbours.at_places(connection, {numbers[0]: 0}, teller.known)
        other = threading.Thread(target=look, args=[numbers[1]])
        other.start()
        other.join(1)
        assert other.is_alive()
        teller.tell(connection, told, Stage.PLACE)
    other.join(20)
    assert (len(told), found) == (1, [[]])


def test_an_earlier_revision_never_takes_the_place_of_a_later_one(house: House) -> None:
    alarm = Alarm(id="one", kind=AlarmKind.OVERSPEED, severity=Severity.ORDINARY, vehicle=1, occurred_ms=0)
    with house.world.host.engine.begin() as connection:
        for revision in (1, 3, 2):
            late_store.keep_told(connection, [replace(alarm, revision=revision)])
        (kept,) = late_store.told_since(connection, {1: 0})[1]
    assert kept.revision == 3


class Died(Exception):
    """The process is gone."""


@contextmanager
def dying_after(house: House, steps: int) -> Iterator[None]:
    """The process dies at its so many-th statement or commit; what was committed stands."""
    left = [steps]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Died

    engine = house.world.host.engine
    for name in ("before_cursor_execute", "commit"):
        event.listen(engine, name, count)
    try:
        yield
    finally:
        for name in ("before_cursor_execute", "commit"):
            event.remove(engine, name, count)


def workers(house: House, name: str) -> tuple[Worker, SecondStage]:
    host = house.world.host
    keeper = traceability.keeper_of(host.settings)
    return Worker(host, keeper, name, Worlds(host.engine)), SecondStage(host, keeper, name)


def work_off(house: House, chance: random.Random, *, mortal: bool) -> None:
    """Until nothing is left; each worker may die at any step, and another takes over from what is stored."""
    for life in range(1_000):
        first, second = workers(house, f"worker-{chance.random()}")
        try:
            with dying_after(house, chance.randint(1, 150 + life * 10) if mortal else 0):
                while any([first.round(), second.round()]):
                    if chance.random() < 0.3:
                        first._write_snapshots(list(first._shards))
                return
        except (Died, Lost):
            expire_leases(house)
    raise AssertionError("never came to an end")


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 100))])
def test_any_order_delay_and_death_end_in_the_same_alarms(house: House, seed: int) -> None:
    """Both lorries' fixes come shuffled among each other and partly late, while workers die at any statement and any commit."""
    chance = random.Random(seed)
    laden(house, "lorry3", "other1")
    fixes = two_shifts(house, "lorry3", "other1") + side_by_side(house, "lorry3", "other1")
    held_back = [fix for fix in fixes if chance.random() < 0.1]
    mixed = [fix for fix in fixes if fix not in held_back]
    chance.shuffle(held_back)
    piles = {name: [fix for fix in mixed if fix.vehicle_id == name] for name in ("lorry3", "other1")}
    while any(piles.values()):
        pile = piles[chance.choice([name for name, pile in piles.items() if pile])]
        size = chance.randint(5, 120)
        report(house, pile[:size] + held_back[: size // 10])
        del pile[:size], held_back[: size // 10]
        if chance.random() < 0.5:
            work_off(house, chance, mortal=True)
    report(house, held_back or fixes[:1])
    expire_leases(house)
    work_off(house, chance, mortal=True)
    assert shown(house, "lorry3", "other1") == expected(house)
    stated, revisions = stated_and_revisions(house)
    assert stated == revisions, "each revision is stated once"
