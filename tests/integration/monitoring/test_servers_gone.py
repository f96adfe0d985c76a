"""Redis away for a while, PostgreSQL restarted: fixes wait or pass, nothing acknowledged is lost, watchers go on."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from hazway.refusals import Refused
from services.monitoring import live
from services.runtime.embedded import postgres, redis
from services.runtime.loops import run_loops
from tests.cast import CARRIER
from tests.integration.monitoring.road_house import House, a_fix, drive, play_house, times_of
from tests.integration.monitoring.test_second_stages import (
    expected,
    laden,
    report,
    shown,
    side_by_side,
    stated_and_revisions,
    two_shifts,
)
from tests.integration.monitoring.test_watchers import FAST, watch_alarms, watch_vehicles
from tests.world import running_world


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "servers"


@pytest.fixture
def house(tmp_path: Path, home: Path) -> Iterator[House]:
    """A house with servers of its own, which a test may stop and start, and its worker at work all the time."""
    database, bus = postgres.start(home), redis.start(home)
    stopped = threading.Event()
    try:
        with running_world(tmp_path / "home", database.url, bus.url) as world:
            playing = play_house(world)
            worker = threading.Thread(target=run_loops, args=(world.loops, world.host.bus, stopped))
            worker.start()
            yield playing
            stopped.set()
            worker.join()
    finally:
        for server in (redis.start(home), postgres.start(home)):
            server.stop()


def wait_for_alarms(house: House, count: int, vehicle_id: str) -> None:
    deadline = time.monotonic() + 30
    while len(house.alarms(vehicle_id=vehicle_id)) < count and time.monotonic() < deadline:
        time.sleep(0.2)
    assert len(house.alarms(vehicle_id=vehicle_id)) >= count


def test_without_redis_fixes_are_kept_judged_and_watched_again_once_it_is_back(house: House, home: Path) -> None:
    vehicles, alarms = watch_vehicles(house), watch_alarms(house)
    time.sleep(1)
    house.rows(a_fix(house.now - timedelta(minutes=30)))
    assert vehicles.next().vehicles[0].vehicle_id == "lorry1"
    redis.start(home).stop()
    house.tell_trip("lorry1", house.now - timedelta(minutes=21))
    fixes = drive(house.now - timedelta(minutes=20), minutes=5, dkmh=FAST)
    assert house.rows(*fixes).accepted == len(fixes)
    assert alarms.next(30).alarms[0].vehicle_id == "lorry1", "the desk looks by itself when nobody wakes it"
    assert times_of(house.recent())[1:] == [fix.time_ms for fix in fixes]
    redis.start(home)
    time.sleep(2)
    house.rows(a_fix(house.now, north_m=9_000))
    deadline = time.monotonic() + 20
    while vehicles.next().vehicles[0].time_ms != a_fix(house.now).time_ms:
        assert time.monotonic() < deadline


def test_a_redis_that_comes_back_empty_is_filled_again_for_who_watched_and_who_comes(
    house: House, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_REFILL_S", 1.0)
    house.rows(a_fix(house.now - timedelta(minutes=30)))
    redis.start(home).stop()
    watchers = [watch_vehicles(house)]
    house.rows(a_fix(house.now - timedelta(minutes=20), north_m=500))
    time.sleep(2)
    redis.start(home)
    house.world.host.bus.client.flushall()
    watchers.append(watch_vehicles(house))
    for watcher in watchers:  # nobody moves: what is shown is what was kept
        state = watcher.next(30).vehicles[0]
        while state.time_ms != a_fix(house.now - timedelta(minutes=20)).time_ms:
            state = watcher.next(30).vehicles[0]


def test_fixes_wait_for_a_postgresql_that_is_restarted(house: House, home: Path) -> None:
    driven = drive(house.now - timedelta(minutes=60), minutes=50)
    house.rows(*driven[:30])
    postgres.start(home).stop()
    answers: list[int] = []

    def send() -> None:
        for fix in driven[30:]:
            while True:
                try:
                    answers.append(house.rows(fix).accepted)
                    break
                except Refused as refusal:
                    assert refusal.reasons <= {"BUSY", "UNAVAILABLE"}, refusal  # noqa: PT017
                    time.sleep(0.2)

    sending = threading.Thread(target=send)
    sending.start()
    time.sleep(2)
    postgres.start(home)
    sending.join(60)
    assert answers == [1] * len(driven[30:])
    assert times_of(house.recent()) == [fix.time_ms for fix in driven]


def test_detection_goes_on_where_it_was_after_postgresql_was_restarted_in_the_middle(house: House, home: Path) -> None:
    house.tell_trip("lorry1", house.now - timedelta(minutes=41))
    fixes = drive(house.now - timedelta(minutes=40), minutes=5, dkmh=FAST)
    slow = drive(house.now - timedelta(minutes=34), minutes=10, dkmh=400, north_m=10_500)
    house.rows(*fixes[:6])
    postgres.start(home).stop()
    postgres.start(home)
    deadline = time.monotonic() + 60
    for fix in [*fixes[6:], *slow]:
        while time.monotonic() < deadline:
            try:
                house.rows(fix)
                break
            except Refused:
                time.sleep(0.2)
    wait_for_alarms(house, 1, "lorry1")
    time.sleep(1)
    fast = [alarm for alarm in house.alarms(vehicle_id="lorry1") if "top_dkmh" in alarm.evidence]
    assert len(fast) == 1
    assert house.clients[CARRIER]


def test_second_stages_go_on_without_redis_and_after_postgresql_was_restarted_between(house: House, home: Path) -> None:
    """Nobody wakes them, and what they had begun when the database went is begun anew."""
    laden(house, "lorry3", "other1")
    fixes = two_shifts(house, "lorry3", "other1") + side_by_side(house, "lorry3", "other1")
    chance = random.Random(3)
    redis.start(home).stop()
    for cut in range(0, len(fixes), 120):
        deadline = time.monotonic() + 60
        while True:
            try:
                report(house, fixes[cut : cut + 120])
                break
            except Refused:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        if cut in (120, 360):
            time.sleep(chance.uniform(0, 0.3))
            postgres.start(home).stop()
            postgres.start(home)

    deadline = time.monotonic() + 60
    while shown(house, "lorry3", "other1") != expected(house):
        assert time.monotonic() < deadline, shown(house, "lorry3", "other1")
        time.sleep(0.3)
    redis.start(home)
    stated, revisions = stated_and_revisions(house)
    assert stated == revisions, "each revision is stated once"


@contextmanager
def no_room(url: str) -> Iterator[None]:
    """Somebody has taken all connections of the server, those of whoever was connected too."""
    hogs: list[Any] = []
    hog = create_engine(url, poolclass=NullPool)

    def take_all() -> None:
        with contextlib.suppress(OperationalError):
            while True:
                hogs.append(hog.connect())

    try:
        take_all()
        mine = [one.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for one in hogs]
        hogs[0].execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> ALL(:mine)"
            ),
            {"mine": mine},
        )
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            take_all()
            time.sleep(0.05)
        yield
    finally:
        for one in hogs:
            one.close()


def test_fixes_wait_for_a_postgresql_that_has_no_room(house: House) -> None:
    """Too many clients: whoever commits has been thrown out in the middle, and is let in again when the others have gone."""
    driven = drive(house.now - timedelta(minutes=60), minutes=50)
    house.rows(*driven[:30])
    answers: list[int] = []

    def send() -> None:
        for place in range(30, len(driven), 10):
            while True:
                try:
                    answers.append(house.rows(*driven[place : place + 10]).accepted)
                    break
                except Refused as refusal:
                    assert refusal.reasons <= {"BUSY", "UNAVAILABLE"}, refusal  # noqa: PT017
                    time.sleep(0.2)

    sending = threading.Thread(target=send)
    with no_room(house.world.host.settings.database_url):
        sending.start()
        time.sleep(2)
        assert sending.is_alive()
    sending.join(60)
    assert sum(answers) == len(driven[30:])
    assert times_of(house.recent()) == [fix.time_ms for fix in driven]
