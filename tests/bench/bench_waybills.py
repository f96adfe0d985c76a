"""Waybills issued over gRPC, stated and durable: one by one and in batches, against a call that commits nothing but its
request id; and waybills found among a million. JSON lines, five runs each, the median and all of them.

- ``waybills.empty|issue`` at 1, 16 and 64 callers; ``waybills.batch`` of 1,000 by one. Each says what limits it, from the
  CPU-seconds of the api, of PostgreSQL and the time that passed; ``waybills.commit`` is the bare durable commit beside them.
- ``waybills.search``: the rows are invented and loaded by COPY into the real tables under their real indexes.

HAZWAY_BENCH_CALLS calls a run (300), HAZWAY_BENCH_BATCH waybills a batch (1000), HAZWAY_BENCH_WAYBILLS rows to search
(1000000), HAZWAY_BENCH_RUNS (5), HAZWAY_BENCH_SETS sets of tractor, trailer, tank and crew (50).
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from hazway import ids
from hazway.client import Client
from hazway.waybill.v1 import waybill_pb2 as pb
from services.runtime import embedded
from services.runtime.access import Relation
from services.runtime.call import Call
from services.waybill.service import SERVICE

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import many_waybills
from tests.bench.bench_calls import Callers, postgres_seconds
from tests.cast import CARRIER, WAYBILL, Cast, a_waybill, play, put_fleet
from tests.world import running_world

RUNS = int(os.environ.get("HAZWAY_BENCH_RUNS", "5"))
CALLS = int(os.environ.get("HAZWAY_BENCH_CALLS", "300"))
BATCH = int(os.environ.get("HAZWAY_BENCH_BATCH", "1000"))
WAYBILLS = int(os.environ.get("HAZWAY_BENCH_WAYBILLS", "1000000"))
SETS = int(os.environ.get("HAZWAY_BENCH_SETS", "50"))
SEARCHES = 100
CALLERS = (1, 16, 64)
ISSUE, BATCH_ISSUE = f"{WAYBILL}/IssueWaybill", f"{WAYBILL}/BatchIssueWaybills"
# The remark of a request that shall only be committed.
EMPTY = "empty"


def offer_the_empty_call() -> None:
    """Beside the real one, by the same method."""
    real = SERVICE.unary["IssueWaybill"]

    def either(call: Call, request: Any) -> Any:
        if request.waybill.remarks != EMPTY:
            return real(call, request)
        call.allow([Relation.CARRYING])
        return pb.IssueWaybillResponse()

    SERVICE.unary["IssueWaybill"] = either  # type: ignore[index]


def requests(client: Client, first: Any, remarks: str = "") -> Iterator[pb.IssueWaybillRequest]:
    """Signed, each for a trip of its own: the sets take turns, half an hour apart."""
    for number in count():
        turn, suffix = divmod(number, SETS)
        waybill = a_waybill(departure=first + timedelta(minutes=30 * turn), hours=0.4, suffix=f"-{suffix}")
        waybill.remarks = remarks
        request = pb.IssueWaybillRequest(request_id=ids.new_id(), waybill=waybill)
        client.complete(ISSUE, request)
        yield request


@dataclass
class Run:
    """What a number of waybills took."""

    waybills: int
    wall_s: float
    api_s: float
    postgres_s: float


class Meter:
    """Measures calls: the api runs in this process, its callers in another."""

    def __init__(self, postmaster: int) -> None:
        self._postmaster = postmaster

    def run(self, waybills: int, work: Callable[[], float]) -> Run:
        api, postgres = time.process_time(), postgres_seconds(self._postmaster)
        wall = work()
        return Run(waybills, wall, time.process_time() - api, postgres_seconds(self._postmaster) - postgres)


def tell(name: str, runs: list[Run], **more: Any) -> float:
    """The line; the median rate."""
    rates = [run.waybills / run.wall_s for run in runs]
    made, wall, api, postgres = (
        sum(getattr(run, each) for run in runs) for each in ("waybills", "wall_s", "api_s", "postgres_s")
    )
    line = {
        "bench": f"waybills.{name}", **more, "per_s": round(statistics.median(rates), 1),
        "runs": [round(rate, 1) for rate in rates], "api_cpu_ms": round(api * 1e3 / made, 2),
        "postgres_cpu_ms": round(postgres * 1e3 / made, 2), "limit": limit_of(wall, api, postgres),
        "load": round(os.getloadavg()[0], 1), "cpus": os.cpu_count(),
    }  # fmt: skip
    print(json.dumps(line), flush=True)
    return statistics.median(rates)


def limit_of(wall_s: float, api_s: float, postgres_s: float) -> str:
    """Python runs on one processor at a time; where neither is busy, calls wait for commits, round trips, or other work."""
    api, postgres, processors = api_s / wall_s, postgres_s / wall_s, os.cpu_count() or 1
    busiest = "waiting"
    if api + postgres > 0.75 * processors:
        busiest = "all processors"
    elif api > 0.75:
        busiest = "api CPU"
    return f"{busiest}: api {api:.2f} and PostgreSQL {postgres:.2f} of {processors} processors"


def issue(cast: Cast, meter: Meter) -> None:
    client, now = cast.clients[CARRIER], cast.world.clock.now()
    kinds = {"empty": requests(client, now, EMPTY), "issue": requests(client, now + timedelta(hours=2))}
    callers = Callers(cast.world, ISSUE)
    for at_once in CALLERS:
        runs: dict[str, list[Run]] = {kind: [] for kind in kinds}
        for _ in range(RUNS):
            for kind, made in kinds.items():
                sent = [each.SerializeToString() for each in islice(made, CALLS)]
                runs[kind].append(meter.run(CALLS, partial(callers.call, at_once, sent)))
        empty = tell("empty", runs["empty"], callers=at_once)
        of_empty = statistics.median(CALLS / run.wall_s for run in runs["issue"]) / empty
        tell("issue", runs["issue"], callers=at_once, of_empty=round(of_empty, 2))
    callers.close()


def batches(cast: Cast, meter: Meter) -> None:
    client = cast.clients[CARRIER]
    made = requests(client, cast.world.clock.now() + timedelta(days=60))
    runs = []
    for _ in range(RUNS):
        request = pb.BatchIssueWaybillsRequest(request_id=ids.new_id(), requests=islice(made, BATCH))
        runs.append(meter.run(BATCH, partial(seconds, partial(all_issued, client, request))))
    tell("batch", runs, batch=BATCH, seconds=[round(run.wall_s, 2) for run in runs])


def all_issued(client: Client, request: pb.BatchIssueWaybillsRequest) -> None:
    results = client.call(BATCH_ISSUE, request).results
    assert all(result.HasField("registered") for result in results), results[0].findings


def commits(cast: Cast, meter: Meter) -> None:
    """The same durable commit with nothing around it, by one."""

    def work() -> float:
        with cast.world.host.engine.connect() as connection:
            return seconds(lambda: all_of(connection))

    def all_of(connection: Connection) -> None:
        for _ in range(CALLS):
            with connection.begin():
                connection.execute(text("INSERT INTO bench_commits VALUES (1)"))

    with cast.world.host.engine.begin() as connection:
        connection.execute(text("CREATE TABLE bench_commits (one int)"))
    tell("commit", [meter.run(CALLS, work) for _ in range(RUNS)])


def search(cast: Cast, meter: Meter) -> None:
    loaded_s = seconds(partial(many_waybills.load, cast, WAYBILLS))
    for name, (by, made) in many_waybills.searches(cast, WAYBILLS).items():
        asked = Asked(cast, by, made)
        asked.once()
        asked.took.clear()
        run = meter.run(SEARCHES, partial(seconds, lambda asked=asked: [asked.once() for _ in range(SEARCHES)]))  # type: ignore[misc]
        took = sorted(asked.took)
        line = {
            "bench": "waybills.search", "by": name, "waybills": WAYBILLS, "found": round(statistics.mean(asked.found)),
            "p50_ms": round(took[SEARCHES // 2] * 1e3, 1), "p99_ms": round(took[SEARCHES * 99 // 100] * 1e3, 1),
            "api_cpu_ms": round(run.api_s * 1e3 / SEARCHES, 2), "postgres_cpu_ms": round(run.postgres_s * 1e3 / SEARCHES, 2),
            "limit": limit_of(run.wall_s, run.api_s, run.postgres_s), "loaded_s": round(loaded_s),
            "load": round(os.getloadavg()[0], 1), "cpus": os.cpu_count(),
        }  # fmt: skip
        print(json.dumps(line), flush=True)


@dataclass
class Asked:
    """One kind of search; how long each took and how many it found."""

    cast: Cast
    by: str
    made: Callable[[], pb.ListWaybillsRequest]
    took: list[float] = field(default_factory=list)
    found: list[int] = field(default_factory=list)

    def once(self) -> None:
        request, began = self.made(), time.perf_counter()
        answer = self.cast.call(self.by, "ListWaybills", request, purpose="查询")
        self.took.append(time.perf_counter() - began)
        self.found.append(len(answer.waybills))


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    offer_the_empty_call()
    with tempfile.TemporaryDirectory(prefix="hazway-bench-") as folder:
        home = Path(folder)
        started = [embedded.postgres.start(home), embedded.redis.start(home)]
        try:
            with running_world(home, started[0].url, started[1].url) as world:
                cast, meter = play(world), Meter(started[0].pid)
                for number in range(SETS):
                    put_fleet(cast, f"-{number}", number + 2)
                commits(cast, meter)
                issue(cast, meter)
                batches(cast, meter)
                search(cast, meter)
        finally:
            for server in reversed(started):
                server.stop()


if __name__ == "__main__":
    main()
