"""Processes and servers that lose each other without a word, have no room for each other, or freeze with locks in their hands: what
is acknowledged stays, the rest goes on, and everybody finds back."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import resource
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
import redis
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from hazway.alarms.v1 import alarms_pb2
from hazway.monitoring.v1 import monitoring_pb2 as pb
from services.monitoring import archive, cursors, intake, live
from services.monitoring.committer import Committer
from services.monitoring.cursors import Held
from services.monitoring.gateway import Gateway
from services.monitoring.packed import RECORD
from services.runtime import bus
from services.runtime.bus import Bus
from services.runtime.clock import HandClock
from services.runtime.database import connect
from services.runtime.host import Host
from tests.integration.monitoring.road_house import House, a_fix, drive, in_columns, play_house, times_of
from tests.integration.monitoring.test_archive import age, archive_all, files, rows_in_log
from tests.integration.monitoring.test_watchers import FAST, watch_alarms, watch_vehicles
from tests.integration.monitoring.test_workers import a_worker, expire_leases, speeding, told, work_off
from tests.lines import Line, line_to
from tests.world import running_world


@pytest.fixture
def line(redis_url: str) -> Iterator[Line]:
    redis.Redis.from_url(redis_url).flushall()
    with line_to(unquote(urlsplit(redis_url).path)) as line:
        yield line


@pytest.fixture
def far_house(tmp_path: Path, migrated_database_url: str, line: Line) -> Iterator[House]:
    """A house at the other end of a line to Redis."""
    with running_world(tmp_path / "home", migrated_database_url, f"redis://127.0.0.1:{line.port}") as world:
        yield play_house(world)


def test_who_listens_hears_again_after_a_line_was_cut_without_a_word(
    redis_url: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "_QUIET_S", 0.3)
    monkeypatch.setattr(bus, "_DEAF_S", 1.0)
    heard, stopped, near = list[bytes](), threading.Event(), Bus(redis_url)
    Bus(f"redis://127.0.0.1:{line.port}").listen("news", lambda _channel, payload: heard.append(payload), stopped)

    def until_heard(payload: bytes) -> None:
        deadline = time.monotonic() + 10
        while payload not in heard:
            assert time.monotonic() < deadline
            near.publish("news", payload)
            time.sleep(0.1)

    until_heard(b"before")
    time.sleep(1.5)
    assert near.client.pubsub_numpat() == 1, "quiet is not deaf: it is connected still"
    line.cut()
    near.publish("news", b"lost")
    time.sleep(0.5)
    line.mend()
    until_heard(b"after")
    assert b"lost" not in heard
    stopped.set()


def test_cut_off_from_redis_fixes_are_kept_and_judged_and_watchers_see_again_when_it_is_there(
    far_house: House, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "_QUIET_S", 0.3)
    monkeypatch.setattr(bus, "_DEAF_S", 1.0)
    monkeypatch.setattr(live, "_REFILL_S", 600.0)
    house = far_house
    vehicles, alarms = watch_vehicles(house), watch_alarms(house)
    start = house.now - timedelta(minutes=30)
    house.tell_trip("lorry1", start - timedelta(minutes=1))
    house.rows(a_fix(start))
    house.world.settle()
    line.cut()
    fixes = drive(start + timedelta(minutes=5), minutes=5, dkmh=FAST)
    began = time.monotonic()
    for place in range(0, len(fixes), 8):
        house.rows(*fixes[place : place + 8])
    assert time.monotonic() - began < 5.0 * len(fixes) / 8, "a batch waits for no more than one wake-up that is lost"
    house.world.settle()
    assert alarms.next(30).alarms[0].vehicle_id == "lorry1", "the desk looks by itself when nobody wakes it"
    assert times_of(house.recent())[1:] == [fix.time_ms for fix in fixes]
    line.mend()
    newest = a_fix(house.now, north_m=9_000)
    deadline, seen = time.monotonic() + 30, 0
    while seen != newest.time_ms:
        assert time.monotonic() < deadline
        newest.time_ms += 1_000  # what was told while nobody heard is lost; the next is not
        house.rows(newest)
        house.world.settle()
        with contextlib.suppress(queue.Empty):
            seen = vehicles.next(2).vehicles[0].time_ms


def test_however_many_watch_at_once_a_process_listens_once(redis_url: str, database_url: str) -> None:
    near, opened = Bus(redis_url), set[int]()
    gateway = Gateway(Host(cast("Any", None), connect(database_url, pool=2), near, HandClock()))
    before = near.client.pubsub_numpat()
    watchers = [threading.Thread(target=lambda: opened.add(id(gateway.live))) for _ in range(20)]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join()
    time.sleep(0.5)
    assert (len(opened), near.client.pubsub_numpat() - before) == (1, 1)
    gateway.close()


def some_fixes(count: int) -> intake.Taken:
    records = np.zeros(count, dtype=RECORD)
    records["time_ms"] = np.arange(count)
    return intake.Taken(records, np.zeros(count, dtype=np.int64), (), {})


def test_fixes_that_can_never_be_kept_are_answered_so_and_hold_up_nobody(
    migrated_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A carrier no database can spell, then a pool without a free connection: the thread that commits for all lives on."""
    engine = connect(migrated_database_url, pool=1)
    committer = Committer(engine, Bus("redis://127.0.0.1:1"), HandClock())

    async def report(carrier: str) -> None:
        await asyncio.wait_for(committer.append(some_fixes(3), carrier), 20)

    with pytest.raises(ValueError, match="NUL"):
        asyncio.run(report("carrier\0"))
    asyncio.run(report("carrier"))
    monkeypatch.setattr(engine.pool, "_timeout", 0.1)
    taken = [engine.connect() for _ in range(5)]

    def let_go() -> None:
        for one in taken:
            one.close()

    threading.Timer(1.0, let_go).start()
    asyncio.run(report("other"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT last_seq FROM monitoring_shards WHERE shard = 0")).scalar_one() == 2
    committer.close()


def test_a_worker_frozen_before_its_commit_does_not_hold_its_shards_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is written, and locked, when its host stops; when it wakes up another has been there. A minute is a second here."""
    frozen = a_worker(house, "frozen")
    work_off(frozen)
    speeding(house)
    moved, wakes_up, ends = threading.Event(), threading.Event(), list[BaseException]()
    move = cursors.move

    def freeze(connection: Connection, moves: Mapping[Held, int]) -> bool:
        result = move(connection, moves)
        if threading.current_thread().name == "frozen":
            setting = "idle_in_transaction_session_timeout"
            assert connection.exec_driver_sql(f"SHOW {setting}").scalar_one() == "1min"
            connection.exec_driver_sql(f"SET LOCAL {setting} = '1s'")
            moved.set()
            wakes_up.wait(60)
        return result

    monkeypatch.setattr(cursors, "move", freeze)

    def go_on() -> None:
        try:
            work_off(frozen)
        except BaseException as error:
            ends.append(error)

    thread = threading.Thread(target=go_on, name="frozen")
    thread.start()
    assert moved.wait(30)
    expire_leases(house)  # waits for whoever holds the rows
    work_off(a_worker(house, "other"))
    before = told(house)
    assert before["OVERSPEED lorry1"] == 1
    wakes_up.set()
    thread.join(30)
    assert isinstance(ends[0], OperationalError), ends
    assert told(house) == before


@contextmanager
def disk_full(after_bytes: int) -> Iterator[None]:
    """No file of this process grows beyond that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (after_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_nothing_and_the_archive_goes_on_when_there_is_room(house: House) -> None:
    driven = drive(house.now - timedelta(hours=3), minutes=120, every_s=5)
    house.report(in_columns(driven))
    house.world.settle()
    age(house, 2)
    hot, entries = house.recent(hours=40), rows_in_log(house)
    for after_bytes in (0, 100, 1_000):
        with disk_full(after_bytes), pytest.raises(OSError, match="File too large"):
            archive_all(house)
        assert (files(house), rows_in_log(house)) == ([], entries)
        assert house.recent(hours=40) == hot
    archive_all(house)
    assert len(files(house)) == 1
    assert house.recent(hours=40) == hot
    assert not list(archive.folder(house.world.host.settings.home).rglob("*.new"))


def test_a_fix_that_comes_directly_and_by_a_platform_counts_once(house: House) -> None:
    """A platform tells whole seconds, microdegrees and kilometres an hour, later or sooner than the terminal, and some only it has."""
    start = house.now - timedelta(minutes=30)
    for vehicle_id in ("lorry1", "lorry2"):
        house.tell_trip(vehicle_id, start - timedelta(minutes=1))
    for vehicle_id in ("lorry1", "lorry2"):
        fast = drive(start, minutes=5, dkmh=FAST, every_s=10, vehicle_id=vehicle_id)
        slow = drive(
            start + timedelta(minutes=5.5), minutes=10, dkmh=404, every_s=10, vehicle_id=vehicle_id, north_m=10_500
        )
        direct = [*fast, *slow]
        if vehicle_id == "lorry2":
            house.rows(*direct)
            continue
        platform = [by_platform(fix) for fix in direct]
        for place in range(0, len(direct), 7):
            some = [direct[place : place + 7], platform[place : place + 7]]
            threads = [
                threading.Thread(target=house.rows, args=few) for few in (some if place % 2 else reversed(some)) if few
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        house.rows(*platform)  # all of it once more
    house.world.settle()
    one, other = (
        [
            (alarm.kind, alarm.occurred_at, alarm.ended_at, alarm.revision)
            for alarm in house.alarms(vehicle_id=vehicle_id)
        ]
        for vehicle_id in ("lorry1", "lorry2")
    )
    assert one == other
    assert [kind for kind, *_ in one].count(alarms_pb2.ALARM_KIND_OVERSPEED) == 1
    assert times_of(house.recent("lorry1")) == times_of(house.recent("lorry2"))


def by_platform(fix: pb.Fix) -> pb.Fix:
    """The same as JT/T 809 has it."""
    return a_fix(
        datetime.fromtimestamp(fix.time_ms // 1000, UTC), fix.vehicle_id, latitude_e7=fix.latitude_e7 // 10 * 10,
        longitude_e7=fix.longitude_e7 // 10 * 10, speed_dkmh=fix.speed_dkmh // 10 * 10, supplement=True,
    )  # fmt: skip
