"""Fixes taken in, durable, judged, archived; bare gRPC and a bare PostgreSQL append beside it: `python tests/bench/bench_ingest.py`.

First what it takes the worker to take in a waybill fact of every vehicle, and to take all shards over from one that was killed.

Environment: VEHICLES (20000), FLEETS (4), ROUNDS (10 fixes of each vehicle in a run), RUNS (5), SECONDS (20) and RATE
(fixes a second; 0: two thirds of what was measured) of the sustained part. Prints JSON lines: medians of the runs, with the
load average, since everything shares the machine with whatever else runs on it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import psycopg2
from sqlalchemy import make_url, text

from hazway import cbor
from services.monitoring import archive, log_store, packed
from services.runtime.certificates import Credentials
from tests.bench.road_house import (
    PERIOD_MS,
    Fleet,
    Road,
    carrier,
    cpu_of,
    memory_of,
    road,
    send_all,
    wait_until_idle,
)

VEHICLES, FLEETS, ROUNDS, RUNS = (
    int(os.environ.get(name, default))
    for name, default in (("VEHICLES", 20_000), ("FLEETS", 4), ("ROUNDS", 10), ("RUNS", 5))
)
SECONDS, RATE = float(os.environ.get("SECONDS", 20)), float(os.environ.get("RATE", 0))
EACH = VEHICLES // FLEETS
_BARE = """
import asyncio, sys, grpc
from grpc import aio
from hazway.monitoring.v1 import monitoring_pb2 as pb

async def report(requests, context):
    async for request in requests:
        yield pb.ReportFixesResponse(batch=request.batch, accepted=len(request.columns.vehicle))

async def main():
    key, chain, authority = (open(path, "rb").read() for path in sys.argv[1:4])
    server = aio.server(options=(("grpc.max_receive_message_length", 4 << 20),))
    handler = grpc.stream_stream_rpc_method_handler(
        report, request_deserializer=pb.ReportFixesRequest.FromString, response_serializer=lambda m: m.SerializeToString())
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
        "hazway.monitoring.v1.MonitoringService", {"ReportFixes": handler}),))
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, chain)], authority, True))
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()

asyncio.run(main())
"""


def say(name: str, **figures: object) -> None:
    print(json.dumps({"name": name, **figures, "load_average": round(os.getloadavg()[0], 1)}), flush=True)


def bare_grpc(built: Road, who: Sequence[Credentials], messages: list[list[bytes]]) -> tuple[float, float]:
    """Fixes a second and CPU-seconds a million through a stream whose handler does nothing."""
    own = built.authority.issue_server("127.0.0.1")
    paths = []
    for name in ("key", "chain", "authority"):
        paths.append(built.settings.home / f"bare-{name}.pem")
        paths[-1].write_bytes(getattr(own, name))
    server = subprocess.Popen([sys.executable, "-c", _BARE, *map(str, paths)], stdout=subprocess.PIPE)
    assert server.stdout is not None
    port = int(server.stdout.readline())
    before = cpu_of(server.pid)
    seconds = send_all(port, who, messages)
    used = cpu_of(server.pid) - before
    server.terminate()
    server.wait()
    return VEHICLES * ROUNDS / seconds, used / (VEHICLES * ROUNDS) * 1e6


def bare_postgres(built: Road, start_ms: int) -> tuple[float, float]:
    """The same fixes as bytes, appended to a table with nothing else to it, 8,000 fixes a durable commit, one after another."""
    url = make_url(built.settings.database_url)
    connection = psycopg2.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    body = np.zeros(8_000, dtype=packed.RECORD)
    body["time_ms"] = start_ms
    commits = max(1, VEHICLES * ROUNDS // len(body))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bare (id bigserial PRIMARY KEY, body bytea NOT NULL)")
        cursor.execute("ALTER TABLE bare ALTER COLUMN body SET STORAGE EXTERNAL")
        connection.commit()
        before, began = built.cpu()["postgres"], time.monotonic()
        for _ in range(commits):
            cursor.execute("INSERT INTO bare (body) VALUES (%s)", (psycopg2.Binary(body.tobytes()),))
            connection.commit()
        seconds, used = time.monotonic() - began, built.cpu()["postgres"] - before
    connection.close()
    return commits * len(body) / seconds, used / (commits * len(body)) * 1e6


def full(built: Road, who: Sequence[Credentials], messages: list[list[bytes]]) -> dict[str, float]:
    """Our stream, durable before each answer; then, with the worker let loose again, what judging them costs."""
    before, began = built.cpu(), time.monotonic()
    seconds = send_all(built.port(), who, messages)
    lag_s = wait_until_idle(built, 300.0)
    whole = time.monotonic() - began
    millions = VEHICLES * ROUNDS / 1e6
    used = {name: (value - before[name]) / millions for name, value in built.cpu().items()}
    return {"durable": VEHICLES * ROUNDS / seconds, "judged": VEHICLES * ROUNDS / whole, "lag_s": lag_s, **used}


def archived(built: Road) -> tuple[float, float]:
    """CPU-seconds a million fixes, and bytes a fix, of moving everything into the archive."""
    worker = built.processes.pop("worker")
    worker.terminate()
    worker.wait()
    with built.host.engine.begin() as connection:
        connection.execute(text("DELETE FROM runtime_leases WHERE name = 'monitoring.archive'"))  # its holder is gone
        connection.execute(  # a part is enough
            text("UPDATE monitoring_log SET recorded_at = recorded_at - interval '3 hours' WHERE shard < 32")
        )
    before, postgres = time.process_time(), built.cpu()["postgres"]
    while archive.archive_due(built.host.engine, built.settings.home, "bench", most=256):
        pass
    used = time.process_time() - before + built.cpu()["postgres"] - postgres
    with built.host.engine.connect() as connection:
        size, fixes = connection.execute(text("SELECT sum(bytes), sum(fixes) FROM monitoring_tracks")).one()
    return used / float(fixes) * 1e6, float(size) / float(fixes)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def take_over(built: Road) -> None:
    """The worker is killed; from when its leases have run out, what it takes another to hold and know all of its shards."""
    worker = built.processes.pop("worker")
    worker.kill()
    worker.wait()
    built.start("worker")
    while built.holds():
        time.sleep(0.05)
    began, used = time.monotonic(), cpu_of(built.processes["worker"].pid)
    while built.holds() < log_store.SHARDS:
        time.sleep(0.05)
    with built.host.engine.begin() as connection:
        body = cbor.dumps({"at_ms": 0})  # an entry in every log that means nothing
        entries = [log_store.Entry(shard, log_store.Kind.TICK, body) for shard in log_store.VEHICLE_SHARDS]
        log_store.append(connection, entries)
    wait_until_idle(built, 300.0)
    pid = built.processes["worker"].pid
    say("worker_take_over", unit="s", value=round(time.monotonic() - began, 1), cpu_s=round(cpu_of(pid) - used, 1),
        memory_per_vehicle=round(memory_of(pid) / VEHICLES), vehicles=VEHICLES)  # fmt: skip


def main() -> None:
    rng = np.random.default_rng(7)
    # What is reported is from the last minutes: none of it from the future, and no silence before it.
    back_ms = min(480_000, (1 + RUNS * ROUNDS + int((RATE or 133_000) * SECONDS / VEHICLES)) * PERIOD_MS)
    fleets = [Fleet(rng, number, EACH, 0) for number in range(FLEETS)]
    with road(FLEETS, EACH, int(time.time() * 1000) - back_ms) as built:
        told = built.caught_up
        say("worker_catch_up", unit="facts/s", value=round(told.facts / told.seconds), facts=told.facts, cpu_s=round(told.cpu_s, 1),
            bytes_per_vehicle=round(told.grown / VEHICLES), goal=1_024, floor=2_048)  # fmt: skip
        who = [built.credentials(carrier(fleet)) for fleet in range(FLEETS)]
        start_ms = int(time.time() * 1000) - back_ms
        for fleet in fleets:
            fleet.set_off(start_ms)
        full(built, who, [fleet.messages(1) for fleet in fleets])  # everybody has been met once
        runs: list[dict[str, float]] = []
        for _ in range(RUNS):
            messages = [fleet.messages(ROUNDS) for fleet in fleets]
            grpc_rate, grpc_cpu = bare_grpc(built, who, messages)
            postgres_rate, postgres_cpu = bare_postgres(built, start_ms)
            ours = full(built, who, messages)
            both = 1 / (1 / grpc_rate + 1 / postgres_rate)
            runs.append({"bare_grpc": grpc_rate, "bare_postgres": postgres_rate, "bare_both": both, "grpc_cpu": grpc_cpu,
                         "bare_postgres_cpu": postgres_cpu, **ours})  # fmt: skip
        of = {name: median([run[name] for run in runs]) for name in runs[0]}
        rates = ("bare_grpc", "bare_postgres", "bare_both", "durable", "judged")
        say("ingest_rate", unit="fixes/s", n=VEHICLES * ROUNDS, runs=RUNS, **{name: round(of[name]) for name in rates},
            durable_share_of_bare=round(of["durable"] / of["bare_both"], 3),
            judged_share_of_bare=round(of["judged"] / of["bare_both"], 3))  # fmt: skip
        sustained(built, who, fleets, RATE or of["judged"] * 2 / 3)
        take_over(built)
        archive_cpu, bytes_per_fix = archived(built)
        say("ingest_cpu", unit="CPU-seconds per million fixes", grpc=round(of["grpc_cpu"], 2),
            durable=round(of["api"] - of["grpc_cpu"] + of["postgres"], 2), of_which_postgres=round(of["postgres"], 2),
            detect=round(of["worker"], 2), archive=round(archive_cpu, 2))  # fmt: skip
        say("archive_size", unit="bytes per fix", value=round(bytes_per_fix, 2), goal=8, floor=16)


def sustained(built: Road, who: Sequence[Credentials], fleets: Sequence[Fleet], rate: float) -> None:
    """At one rate for a while: how far detection was behind, what it cost, and how many alarms were stored."""
    rounds = max(1, int(rate * SECONDS / VEHICLES))
    messages = [fleet.messages(rounds) for fleet in fleets]
    behind: list[tuple[float, float]] = []  # when, and for how long the oldest entry had waited
    done = threading.Event()
    watching = threading.Thread(target=_watch, args=(built, behind, done))
    before = built.cpu()
    watching.start()
    seconds = send_all(built.port(), who, messages, per_s=rate / FLEETS / 1_000)
    done.set()
    watching.join()
    behind_s = wait_until_idle(built, 300.0)
    millions = rounds * VEHICLES / 1e6
    used = {name: round((value - before[name]) / millions, 2) for name, value in built.cpu().items()}
    with built.host.engine.connect() as connection:
        alarms = connection.execute(text("SELECT count(*) FROM alarms_alarms")).scalar_one()
    parts = [[waited for at, waited in behind if low <= at / seconds < low + 0.25] for low in (0.25, 0.75)]
    early, late = (round(median(part), 2) if part else None for part in parts)
    say("ingest_sustained", unit="fixes/s", wanted=round(rate), reached=round(rounds * VEHICLES / seconds),
        seconds=round(seconds, 1), behind_s=round(behind_s, 2), waited_in_second_quarter_s=early, waited_in_last_quarter_s=late,
        alarms_stored=alarms, times_national_load=round(rounds * VEHICLES / seconds / 13_333, 2), vehicles=VEHICLES,
        cpu_per_million=used, memory_per_vehicle=round(memory_of(built.processes["worker"].pid) / VEHICLES))  # fmt: skip


def _watch(built: Road, behind: list[tuple[float, float]], done: threading.Event) -> None:
    """Every second, for how long the oldest entry that is not worked off has waited."""
    began = time.monotonic()
    query = text(
        "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(l.recorded_at)), 0) FROM monitoring_cursors AS c"
        " CROSS JOIN LATERAL (SELECT recorded_at FROM monitoring_log WHERE shard = c.shard AND seq = c.cursor + 1) AS l"
        " WHERE c.shard < :shards"
    )
    while not done.wait(1.0):
        with built.host.engine.connect() as connection:
            waited = connection.execute(query, {"shards": log_store.SHARDS}).scalar_one()
        behind.append((time.monotonic() - began, float(waited)))


if __name__ == "__main__":
    main()
