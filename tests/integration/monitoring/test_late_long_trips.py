"""What began days ago and goes on is judged the same by who was there all the time and by who must judge it anew from what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hazway.alarms.v1 import alarms_pb2 as alarms
from hazway.monitoring.v1 import monitoring_pb2 as pb
from services.monitoring import archive, figures
from services.monitoring.log_store import shard_of
from tests.cast import CARRIER
from tests.integration.monitoring.road_house import House, a_fix, drive, in_columns
from tests.integration.monitoring.test_archive import age
from tests.integration.monitoring.test_late_days import close_market
from tests.integration.monitoring.test_workers import FAST, PETROL, a_worker, expire_leases, feed, work_off

DAYS = timedelta(days=3)
HOUR = timedelta(hours=1)
STORIES = ("stands", "silent", "tired", "waits", "off-duty")


@dataclass(frozen=True)
class Story:
    """What a lorry does at first, in the days after, and then; the alarms that must come of it."""

    first: list[pb.Fix]
    between: list[pb.Fix]
    then: list[pb.Fix]
    kinds: set[int]


def tell(name: str, lorry: str, start: datetime) -> Story:
    later = start + DAYS + 6 * HOUR

    def go(at: datetime, minutes: float, north_m: int, dkmh: int = 500) -> list[pb.Fix]:
        return drive(at, minutes=minutes, dkmh=dkmh, vehicle_id=lorry, north_m=north_m, every_s=60)

    def stand(since: datetime, until: datetime, north_m: int) -> list[pb.Fix]:
        count = (until - since) // timedelta(minutes=5)
        minutes = [timedelta(minutes=5 * number) for number in range(1, count)]
        return [a_fix(since + after, lorry, north_m=north_m, speed_dkmh=0) for after in minutes]

    if name == "stands":  # in the market, from its fence on
        first = go(start, 20, 2_500)
        return Story(first, stand(start + timedelta(minutes=20), later, 19_150), go(later, 60, 19_150),
                     {alarms.ALARM_KIND_AREA_ENTERED, alarms.ALARM_KIND_LONG_STOP})  # fmt: skip
    if name == "silent":
        return Story(go(start, 60, 100_000), [], go(later, 60, 170_000),
                     {alarms.ALARM_KIND_OFFLINE, alarms.ALARM_KIND_MOVED_OFFLINE})  # fmt: skip
    if name == "tired":
        first = go(start, 270, 300_000)
        return Story(first, stand(start + timedelta(minutes=270), later, 525_000), go(later, 60, 525_000),
                     {alarms.ALARM_KIND_FATIGUE, alarms.ALARM_KIND_LONG_STOP})  # fmt: skip
    if name == "off-duty":  # on no trip, so that nobody misses it
        return Story(go(start, 60, 900_000), [], go(later, 60, 970_000), {alarms.ALARM_KIND_MOVED_OFFLINE})
    first = go(start, 60, 700_000)  # loaded anew on paper while under way: it is still on the trip of last week
    return Story(first, stand(start + HOUR, later, 750_000), [*go(later, 20, 750_000, FAST), *go(later + HOUR, 30, 800_000)],
                 {alarms.ALARM_KIND_OVERSPEED, alarms.ALARM_KIND_LONG_STOP})  # fmt: skip


def final(house: House, lorry: str) -> list[tuple[Any, ...]]:
    return sorted(
        (
            alarms.AlarmKind.Name(alarm.kind), alarm.occurred_at.ToMilliseconds(), alarm.ended_at.ToMilliseconds(),
            sorted((key, value.replace(lorry, "")) for key, value in alarm.evidence.items()), alarm.waybill_id.replace(lorry, ""),
        )
        for alarm in house.alarms(vehicle_id=lorry)
        if alarm.state != alarms.ALARM_STATE_WITHDRAWN
    )  # fmt: skip


def report(house: House, fixes: Sequence[pb.Fix]) -> None:
    for begin in range(0, len(fixes), 5_000):
        (answer,) = house.report(in_columns(fixes[begin : begin + 5_000]))
        assert not answer.refused


def put_by(house: House) -> None:
    """Everything so far is archived, leaves the log and is counted."""
    host = house.world.host
    for _ in range(2):
        age(house, 60)
        while archive.archive_due(host.engine, host.settings.home, "archiver"):
            pass
    while figures.work_out_due(host.engine, host.settings.home):
        pass


@pytest.mark.parametrize("disturbed", ["by a snapshot nobody can read", "by a fix that comes late"])
def test_a_trip_of_three_days_judged_anew_ends_in_the_alarms_of_one_that_was_not(house: House, disturbed: str) -> None:
    calm = {name: f"calm-{name}" for name in STORIES}
    shaken = {name: f"shaken-{name}" for name in STORIES}
    shards = {shard_of(lorry) for lorry in shaken.values()}
    assert not shards & {shard_of(lorry) for lorry in calm.values()}
    for number, lorry in enumerate((*calm.values(), *shaken.values()), start=20):
        house.register(lorry, CARRIER, number)
    close_market(house)
    start = house.now + HOUR
    told = {lorry: tell(name, lorry, start) for each in (calm, shaken) for name, lorry in each.items()}
    for lorry in (each for each in told if not each.endswith("off-duty")):
        house.tell_trip(lorry, start - timedelta(minutes=1), goods=PETROL)
        if lorry.endswith("waits"):
            at = start + 2 * HOUR
            house.tell_trip(lorry, at, goods=PETROL, waybill_id=f"next-{lorry}", event="LOADED", under_way=False)
    # One worker holds everything, whatever the second stage's share would be.
    house.world.loops = [loop for loop in house.world.loops if loop.name != "neighbours"]
    expire_leases(house)
    worker = a_worker(house, "one")
    for when, part in ((start + 5 * HOUR, "first"), (start + DAYS, "between")):
        house.world.clock.at = when
        report(
            house,
            [fix for story in told.values() for fix in getattr(story, part) if fix.time_ms <= when.timestamp() * 1000],
        )
        feed(house)
        work_off(worker)
        if part == "first":
            put_by(house)
    rest = [
        fix for story in told.values() for fix in (*story.between, *story.then) if fix.time_ms > when.timestamp() * 1000
    ]
    if disturbed == "by a snapshot nobody can read":
        worker._write_snapshots(list(worker._shards))
        with house.world.host.engine.begin() as connection:
            connection.execute(
                text("UPDATE monitoring_snapshots SET state = set_byte(state, 0, 2) WHERE shard = ANY(:shards)"),
                {"shards": list(shards)},
            )
        expire_leases(house)
        worker = a_worker(house, "other")
        late: list[pb.Fix] = []
    else:  # of a lorry that stands, and of one long silent the first that is heard of it again
        late = [next(fix for fix in rest if fix.vehicle_id == lorry) for lorry in shaken.values()]
        rest = [fix for fix in rest if fix not in late]
    house.world.clock.at = start + DAYS + 9 * HOUR
    report(house, rest)
    feed(house)
    work_off(worker)
    report(house, late)
    work_off(worker)
    for name in STORIES:
        expected = final(house, calm[name])
        kinds = {alarms.AlarmKind.Value(kind) for kind, *_ in expected}
        assert kinds >= told[calm[name]].kinds, (name, expected)
        assert final(house, shaken[name]) == expected, name
