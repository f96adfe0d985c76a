"""From a fix sent to its alarm at a watcher: `python tests/bench/bench_alarm_latency.py`.

Environment: SAMPLES (100), VEHICLES (16000, of FLEETS carriers, 4, which report meanwhile but for a fifth) and RATE (fixes a second
of theirs, 20000). Each sample is
a lorry that has been too fast for almost a minute; the fix that completes it is sent alone, and the carrier's desk watches.
Prints one JSON line with p50 and p99 in milliseconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from hazway.alarms.v1 import alarms_pb2
from hazway.monitoring.v1 import monitoring_pb2 as pb
from hazway.refusals import Refused
from tests.bench.road_house import PERIOD_MS, Fleet, Road, carrier, road, send_all, wait_until_idle

SAMPLES, VEHICLES, FLEETS, RATE = (
    int(os.environ.get(name, default))
    for name, default in (("SAMPLES", 100), ("VEHICLES", 16_000), ("FLEETS", 4), ("RATE", 20_000))
)
EACH = VEHICLES // (FLEETS + 1)
WATCHED = 0


def fixes(number: int, start_ms: int, seconds: range) -> list[pb.Fix]:
    return [
        pb.Fix(
            vehicle_id=f"{carrier(WATCHED)}-{number}", time_ms=start_ms + second * 1_000, speed_dkmh=1_200,
            latitude_e7=300_000_000 + number * 100_000 + second * 3_000, longitude_e7=1_100_000_000, heading_deg=0,
            engine_on=True, positioned=True, odometer_dm=1_000_000 + second * 333,
        )
        for second in seconds
    ]  # fmt: skip


def measure(built: Road, start_ms: int) -> list[float]:
    """Seconds from sending to seeing, of each sample."""
    client = built.client(carrier(WATCHED))
    report = "hazway.monitoring.v1.MonitoringService/ReportFixes"
    for number in range(SAMPLES):
        request = pb.ReportFixesRequest(batch=1, fixes=fixes(number, start_ms, range(0, 60, 10)))
        list(client.stream(report, iter([request])))
    time.sleep(1)
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}

    def watch() -> None:
        stream = client.stream("hazway.alarms.v1.AlarmService/WatchAlarms", alarms_pb2.WatchAlarmsRequest())
        with contextlib.suppress(Refused):  # the server is stopped at the end
            for response in stream:
                for alarm in response.alarms:
                    seen.setdefault(alarm.vehicle_id, time.monotonic())

    threading.Thread(target=watch, daemon=True).start()
    time.sleep(1)

    def complete() -> Iterator[pb.ReportFixesRequest]:
        for number in range(SAMPLES):
            (last,) = fixes(number, start_ms, range(61, 62))
            sent[last.vehicle_id] = time.monotonic()
            yield pb.ReportFixesRequest(batch=number + 1, fixes=[last])
            time.sleep(0.05)

    list(client.stream(report, complete()))
    deadline = time.monotonic() + 30
    while len(seen) < SAMPLES and time.monotonic() < deadline:
        time.sleep(0.05)
    return [seen[name] - at for name, at in sent.items() if name in seen]


def main() -> None:
    rng = np.random.default_rng(7)
    seconds = SAMPLES * 0.05 + 20
    rounds = max(1, int(RATE * seconds / EACH / FLEETS))
    back_ms = min(480_000, max(90_000, (1 + rounds) * PERIOD_MS))
    with road(1 + FLEETS, EACH, int(time.time() * 1000) - back_ms) as built:
        start_ms = int(time.time() * 1000) - back_ms
        fleets = [Fleet(rng, number, EACH, start_ms, fast=0.0) for number in range(1, 1 + FLEETS)]
        who = [built.credentials(carrier(number)) for number in range(1, 1 + FLEETS)]
        send_all(built.port(), who, [fleet.messages(1) for fleet in fleets])  # everybody has been met once
        wait_until_idle(built, 300.0)
        load = [fleet.messages(rounds) for fleet in fleets]
        sending = threading.Thread(
            target=send_all, args=(built.port(), who, load), kwargs={"per_s": RATE / FLEETS / 1_000}, daemon=True
        )
        sending.start()
        time.sleep(5)
        found = measure(built, int(time.time() * 1000) - 80_000)
        p50, p99 = (round(float(np.percentile(found, share)) * 1000) for share in (50, 99))
        print(json.dumps({"name": "alarm_latency", "unit": "ms", "p50": p50, "p99": p99, "n": len(found), "lost": SAMPLES - len(found),
                          "load_fixes_per_s": RATE, "vehicles": VEHICLES, "goal": 250, "floor": 1000,
                          "load_average": round(os.getloadavg()[0], 1)}), flush=True)  # fmt: skip
        sending.join(60)


if __name__ == "__main__":
    main()
