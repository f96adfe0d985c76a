"""Clocks that jump by hours: no storm of false silences, none missed, nothing judged by a host that is wrong."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from hazway import keys
from hazway.alarms.v1 import alarms_pb2 as pb
from hazway.monitoring.v1 import monitoring_pb2
from services import assembly, traceability
from services.runtime import clock
from services.runtime.certificates import DevelopmentAuthority
from services.runtime.clock import SharedClock
from services.runtime.host import open_host
from services.runtime.settings import Settings, to_environment
from tests.bench.road_house import Road, carrier, register
from tests.integration.monitoring.road_house import MONITORING, PLACE, House, a_fix
from tests.integration.monitoring.test_second_stages import expected, laden, report, shown, side_by_side, two_shifts

ROOT = Path(__file__).resolve().parents[3]
JUMPS = [timedelta(hours=5), timedelta(hours=-5), timedelta(days=400), timedelta(days=-400)]


@pytest.mark.parametrize("jump", JUMPS)
def test_a_host_whose_clock_jumps_goes_on_telling_the_databases_time(
    database_url: str,
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    jump: timedelta,
) -> None:
    real = datetime.now

    def wrong(zone: object = None) -> datetime:
        return real(UTC) + jump

    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=wrong))
    monkeypatch.setattr(time, "time", lambda: wrong().timestamp())
    settings = Settings(home=tmp_path_factory.mktemp("home"), database_url=database_url, redis_url=redis_url)
    host = open_host(settings)
    try:
        assert abs(host.clock.now() - real(UTC)) < timedelta(seconds=2)
    finally:
        host.close()


def test_a_database_that_is_away_or_slow_does_not_stop_the_clock() -> None:
    passed, told = [1_000.0], datetime(2026, 11, 2, tzinfo=UTC)
    answers: list[object] = [told, OSError("away"), OSError("away")]

    def ask() -> datetime:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        passed[0] += slow
        assert isinstance(answer, datetime)
        return answer

    slow = 0.0
    shared = SharedClock(ask, lambda: passed[0])
    shared.close()
    passed[0] += 3_600
    shared.compare()
    assert shared.now() == told + timedelta(hours=1)
    slow, answers[0] = 5.0, told
    shared.compare()
    assert shared.now() == told + timedelta(hours=1, seconds=5), "an answer that was on its way for long is no answer"


@pytest.mark.parametrize("hours", [5, 30])
def test_a_tick_of_the_far_future_is_taken_back_and_a_silence_after_it_is_told_in_time(
    house: House, hours: float
) -> None:
    """The worst there is: the clock everybody goes by was wrong for a moment."""
    for vehicle in ("lorry1", "lorry2", "lorry3"):
        house.tell_trip(vehicle, house.now - timedelta(minutes=5))
        house.rows(a_fix(house.now, vehicle))
    house.world.settle()
    house.world.clock.advance(hours=hours)
    house.world.settle()
    house.world.clock.advance(hours=-hours)
    house.world.settle()
    for minute in range(30):
        house.world.clock.advance(minutes=1)
        house.rows(a_fix(house.now, north_m=800 * minute))
        if minute < 2:
            house.rows(a_fix(house.now, "lorry2", north_m=800 * minute))
        house.world.settle()
    silent = {
        vehicle: [
            alarm for alarm in house.alarms(vehicle_id=vehicle, kind=pb.ALARM_KIND_OFFLINE)
            if alarm.state != pb.ALARM_STATE_WITHDRAWN
        ]
        for vehicle in ("lorry1", "lorry2", "lorry3")
    }  # fmt: skip
    assert [len(silent[vehicle]) for vehicle in ("lorry1", "lorry2", "lorry3")] == [0, 1, 1]
    assert silent["lorry2"][0].occurred_at.ToDatetime(UTC) == house.now - timedelta(minutes=28)
    assert all(not alarm.HasField("ended_at") for alarm in (*silent["lorry2"], *silent["lorry3"]))


@pytest.mark.parametrize("hours", [-30, 5, 30])
def test_second_stages_find_the_same_though_the_clock_jumped_while_they_were_at_it(house: House, hours: float) -> None:
    """A wrong clock neither lets somebody rest nor a lorry leave: only fixes do."""
    laden(house, "lorry3", "other1")
    fixes = two_shifts(house, "lorry3", "other1") + side_by_side(house, "lorry3", "other1")
    for cut in range(0, len(fixes), len(fixes) // 4):
        report(house, fixes[cut : cut + len(fixes) // 4])
        house.world.settle()
        house.world.clock.advance(hours=hours)
        house.world.settle()
        house.world.clock.advance(hours=-hours)
    house.world.settle()
    assert shown(house, "lorry3", "other1") == expected(house)


@contextmanager
def wrong_apis(built: Road, *seconds: int) -> Iterator[list[int]]:
    """The ports of an api process more for each host whose clock is so far off."""
    processes, ports = list[subprocess.Popen[bytes]](), list[int]()
    told = built.settings.home / assembly.PORTS_FILE
    try:
        for off in seconds:
            told.unlink(missing_ok=True)
            program = [sys.executable, "-m", "tests.integration.monitoring.wrong_clock", str(off)]
            processes.append(subprocess.Popen(program, cwd=ROOT, env=to_environment(built.settings)))
            while not told.exists():
                assert processes[-1].poll() is None
                time.sleep(0.05)
            ports.append(built.port())
        yield ports
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def test_two_api_processes_whose_hosts_are_ten_minutes_apart_take_and_refuse_the_same_and_sign_the_same_time(
    tmp_path: Path, migrated_database_url: str, redis_url: str
) -> None:
    settings = Settings(home=tmp_path, database_url=migrated_database_url, redis_url=redis_url, pool=4)
    assembly.prepare(settings)
    built = Road(settings, open_host(settings), DevelopmentAuthority(tmp_path / "authority"), {}, 0)
    with wrong_apis(built, -300, 300) as ports, built.host.engine.connect() as connection:
        register(built, 1, 2)
        for number, port in enumerate(ports):
            vehicle_id, now_ms = f"{carrier(0)}-{number}", int(time.time() * 1000)
            fixes = [
                monitoring_pb2.Fix(
                    vehicle_id=vehicle_id, time_ms=now_ms + round(minutes * 60_000), latitude_e7=PLACE[0] + 1,
                    longitude_e7=PLACE[1], positioned=True,
                )
                for minutes in (-30 * 24 * 60 - 1, -30 * 24 * 60 + 1, 0, 4, 6)
            ]  # fmt: skip
            with built.client(carrier(0), port=port) as client:
                (answer,) = client.stream(
                    f"{MONITORING}/ReportFixes", iter([monitoring_pb2.ReportFixesRequest(batch=1, fixes=fixes)])
                )
            assert [(one.index, one.reason) for one in answer.refused] == [
                (0, "FIX_TIME_INVALID"),
                (4, "FIX_TIME_INVALID"),
            ]
            operator = traceability.keeper_of(built.settings).operator
            with built.client(traceability.OPERATOR, operator, port=port) as client:
                client.register_key(keys.generate())
            stated = connection.execute(text("SELECT max(stated_at) FROM traceability_statements")).scalar_one()
            assert abs(stated - datetime.now(UTC)) < timedelta(seconds=20)
    built.host.close()
