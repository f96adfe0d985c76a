"""Watchers that do not read: however many they are, the api's memory stays bounded and nobody else waits for them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hazway.alarms.v1 import alarms_pb2
from hazway.client import Client
from hazway.monitoring.v1 import monitoring_pb2 as pb
from tests.bench.road_house import Fleet, Road, carrier, road, send, wait_until_idle
from tests.integration.monitoring.road_house import ALARMS, MONITORING

EACH = 2_000  # vehicles of the carrier everybody watches: a message a second of some 90 KB to each
STREAMS = 50  # of one connection
MOST_KB = 1_024  # of the api's memory, for a watcher who does not read
MOST_GROWTH_KB = (
    5 * 1_024
)  # once what lies between server and client is full; a message a second to each would be far more
MOST_COST = 2.0  # times the CPU that taking in fixes takes with nobody watching
COMPARED = 25  # reports of every lorry
PATIENCE_S = 30.0


@dataclass
class Trial:
    """One api with slow watchers on it, and lorries that go on reporting."""

    road: Road
    fleet: Fleet

    def report(self, rounds: int) -> float:
        """CPU-seconds the api takes for the next so many reports of every lorry."""
        messages, before = self.fleet.messages(rounds), self.road.cpu()["api"]
        send(self.road.port(), self.road.credentials(carrier(0)), messages)
        return self.road.cpu()["api"] - before

    def go_on(self, seconds: int) -> None:
        """Every lorry reports once a second."""
        for _ in range(seconds):
            self.report(1)
            time.sleep(1.1)

    def memory_kb(self) -> int:
        status = Path(f"/proc/{self.road.processes['api'].pid}/status").read_text("utf-8")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    def watch(self, client: Client, method: str, request: Any) -> Iterator[Any]:
        """A stream whose first message has been read."""
        stream = client.stream(method, request, purpose="值班")
        next(stream)
        return stream


def run_trial(watchers: int, seconds: int) -> dict[str, float]:
    """What it cost: the api's memory, and its CPU for the same fixes with and without them."""
    start_ms = int(time.time() * 1000) - 10 * 60_000
    with road(1, EACH, start_ms) as built:
        trial = Trial(built, Fleet(np.random.default_rng(7), 0, EACH, start_ms, fast=0.01))
        trial.report(2)
        alone = trial.report(COMPARED)
        wait_until_idle(built)
        clients = [built.client(carrier(0)) for _ in range(-(-watchers // STREAMS))]
        vehicles, alarms = pb.WatchVehiclesRequest(), alarms_pb2.WatchAlarmsRequest(resume_token="0")
        quick = [trial.watch(clients[0], f"{MONITORING}/WatchVehicles", vehicles)]
        before_kb = trial.memory_kb()
        slow = [
            trial.watch(clients[number // STREAMS], f"{MONITORING}/WatchVehicles", vehicles)
            if number % 2
            else trial.watch(clients[number // STREAMS], f"{ALARMS}/WatchAlarms", alarms)
            for number in range(watchers)
        ]
        trial.go_on(seconds)  # until what lies between server and client is full
        full_kb = trial.memory_kb()
        assert full_kb - before_kb < watchers * MOST_KB
        trial.go_on(seconds)
        assert trial.memory_kb() - full_kb < MOST_GROWTH_KB + watchers * 32, "who does not read is not stored up for"
        beside = trial.report(COMPARED)
        assert beside < alone * MOST_COST + 0.5
        newest_is_seen(trial, quick[0])
        every_alarm_is_seen(trial, slow[0], clients[0])
        for client in clients:
            client.close()
        return {"kb": full_kb - before_kb, "cpu_s": alone, "cpu_s_beside_them": beside}


def newest_is_seen(trial: Trial, stream: Iterator[Any]) -> None:
    """Whoever reads again after a long while gets to the newest fix at once: what was in between is left out."""
    trial.report(1)
    deadline, read = time.monotonic() + PATIENCE_S, 0
    while trial.fleet.at_ms - max((one.time_ms for one in next(stream).vehicles), default=0) > 4_000:
        read += 1
        assert time.monotonic() < deadline
    assert read < 60


def every_alarm_is_seen(trial: Trial, slow: Iterator[Any], client: Client) -> None:
    """He who did not read finds in his stream, in order, all there is, and so does who comes with his token."""
    wait_until_idle(trial.road)
    listed = client.call(f"{ALARMS}/ListAlarms", alarms_pb2.ListAlarmsRequest(page_size=500), purpose="值班").alarms
    wanted = {alarm.id: alarm.revision for alarm in listed}
    assert wanted, "some drive at 120 km/h"
    seen: dict[str, int] = {}
    deadline = time.monotonic() + PATIENCE_S
    while not all(seen.get(name, 0) >= revision for name, revision in wanted.items()):
        assert time.monotonic() < deadline
        seen |= {alarm.id: alarm.revision for alarm in next(slow).alarms}


@pytest.mark.timeout(180)
def test_fifty_watchers_that_do_not_read_slow_nobody() -> None:
    run_trial(50, seconds=5)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_thousand_watchers_that_do_not_read_slow_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    cost = run_trial(1_000, seconds=20)
    with capsys.disabled():
        sys.stdout.write(f"a thousand slow watchers: {cost}\n")
