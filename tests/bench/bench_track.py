"""A vehicle's day, archived and hot, in one read through the api: `python tests/bench/bench_track.py`.

Environment: VEHICLES (1563 of one shard, as many as 400,000 leave in each of 256), SAMPLES (200 days read, of vehicles by chance),
EVERY (30 s between reports), GATHERED (8 fixes in an entry of the hot log). The last hour and a half has not been archived,
which is the most there is when archiving keeps up. Prints one JSON line with p50 and p99 in milliseconds of the whole call;
every day read is compared with what was sent.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from sqlalchemy import text

from hazway.monitoring.v1 import monitoring_pb2 as pb
from services.monitoring import archive, log_store, packed, vehicles
from services.monitoring.feeders import milliseconds
from services.monitoring.log_store import Entry, Kind
from services.monitoring.packed import by_shard
from tests.bench.road_house import Road, carrier, cpu_of, road

VEHICLES, SAMPLES, EVERY, GATHERED = (
    int(os.environ.get(name, default))
    for name, default in (("VEHICLES", 1_563), ("SAMPLES", 200), ("EVERY", 30), ("GATHERED", 8))
)
SHARD = 7
DAY = timedelta(hours=24)
HOT = timedelta(minutes=90)


def driven(rng: np.random.Generator, numbers: list[int], start_ms: int) -> packed.Records:
    """A day of all vehicles in order of time: each reports every so often, drives by stages and rests between them."""
    rounds = int(DAY.total_seconds()) // EVERY
    size = rounds, len(numbers)
    moving = np.repeat(rng.random((rounds // 60 + 1, len(numbers))) < 0.6, 60, axis=0)[:rounds]
    speed = np.where(moving, rng.integers(300, 800, size), 0)
    metres = speed * EVERY // 36
    north = rng.random(size) < 0.5
    records = np.zeros(size, dtype=packed.RECORD)
    records["vehicle"] = numbers
    records["time_ms"] = (
        start_ms + np.arange(rounds)[:, None] * EVERY * 1000 + rng.integers(0, EVERY, len(numbers)) * 1000
    )
    records["latitude_e7"] = rng.integers(220_000_000, 400_000_000, len(numbers)) + np.cumsum(
        np.where(north, metres * 90, 0), axis=0
    )
    records["longitude_e7"] = rng.integers(1_000_000_000, 1_200_000_000, len(numbers)) + np.cumsum(
        np.where(north, 0, metres * 90), axis=0
    )
    records["speed_dkmh"], records["heading_deg"] = speed, np.where(north, 0, 90)
    records["odometer_dm"] = 10**7 + np.cumsum(metres * 10, axis=0)
    records["flags"] = packed.POSITIONED | moving
    flat = records.reshape(-1)
    return flat[np.argsort(flat["time_ms"], kind="stable")]


def store(built: Road, records: packed.Records, now: datetime) -> None:
    """As gateways and the archiver leave it: hour by hour into the log and on into files, but for what is still hot."""
    hot_ms = milliseconds(now - HOT)
    times = records["time_ms"]
    for hour in range(26):
        end = now - HOT - timedelta(hours=24 - hour)
        part = records[(times >= milliseconds(end - timedelta(hours=1))) & (times < min(milliseconds(end), hot_ms))]
        if len(part):
            _append(built, part, 1_000, end - timedelta(minutes=1))
            archive.archive_due(built.host.engine, built.settings.home, "bench")
    _append(built, records[times >= hot_ms], GATHERED, now)


def _append(built: Road, records: packed.Records, gathered: int, at: datetime) -> None:
    with built.host.engine.begin() as connection:
        pieces = [records[begin : begin + gathered] for begin in range(0, len(records), gathered)]
        log_store.append(
            connection,
            [
                Entry(piece.shard, Kind.FIXES, *piece[1:])
                for one in pieces
                for piece in by_shard(one, np.full(len(one), SHARD))
            ],
        )
        connection.execute(text("UPDATE monitoring_log SET recorded_at = :at WHERE recorded_at >= now()"), {"at": at})
        connection.execute(
            text("UPDATE monitoring_cursors AS c SET cursor = last_seq FROM monitoring_shards AS s WHERE c.shard = s.shard AND s.shard = :shard"),
            {"shard": SHARD},
        )  # fmt: skip


def main() -> None:
    rng = np.random.default_rng(7)
    now = datetime.now(UTC)
    start = now - DAY
    ids = list(
        islice((name for name in (f"lorry-{n}" for n in count()) if log_store.shard_of(name) == SHARD), VEHICLES)
    )
    with road(1, 1, milliseconds(start)) as built:
        worker = built.processes.pop("worker")
        worker.terminate()
        worker.wait()
        with built.host.engine.begin() as connection:
            connection.execute(
                text("DELETE FROM runtime_leases WHERE name = 'monitoring.archive'")
            )  # its holder is gone
            connection.execute(text("UPDATE monitoring_cursors SET archived = cursor"))  # nothing but what has begun it
            numbered = vehicles.ensure(connection, carrier(0), dict.fromkeys(ids, "430181"))
        records = driven(rng, [numbered[name][0] for name in ids], milliseconds(start) + 1)
        store(built, records, now)
        client = built.client(carrier(0))
        took = []
        used = cpu_of(built.processes["api"].pid)
        for name in ["", *rng.choice(ids, SAMPLES)]:
            request = pb.GetTrackRequest(vehicle_id=name or ids[0])
            request.start.FromDatetime(start)
            request.end.FromDatetime(now + timedelta(minutes=1))
            began = time.perf_counter()
            answer = client.call("hazway.monitoring.v1.MonitoringService/GetTrack", request, purpose="bench")
            took.append((time.perf_counter() - began) * 1000)
            sent = records[records["vehicle"] == numbered[request.vehicle_id][0]]
            if np.cumsum(answer.fixes.time_ms_delta).tolist() != sent["time_ms"].tolist():
                raise RuntimeError(f"the day of {name} is not what was sent")
        used = cpu_of(built.processes["api"].pid) - used
        with built.host.engine.connect() as connection:
            files = connection.execute(text("SELECT count(*) FROM monitoring_tracks")).scalar_one()
        p50, p99 = (round(float(np.percentile(took[1:], share)), 1) for share in (50, 99))
        print(json.dumps({"name": "vehicle_day_read", "unit": "ms", "p50": p50, "p99": p99, "n": SAMPLES, "goal": 100, "floor": 500,
                          "fixes": len(sent), "vehicles_of_shard": VEHICLES, "files": files, "hot_minutes": HOT.seconds // 60,
                          "fixes_an_entry": GATHERED, "api_cpu_ms": round(used * 1000 / SAMPLES, 1),
                          "load_average": round(os.getloadavg()[0], 1)}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
