"""From a zone written to every shard of a worker going by it: `python tests/bench/bench_zone_change.py`.

Environment: ZONES (default "30000,100000"), CHANGES (20) and VEHICLES (2000). Zones of 20 corners lie over China; each change gives one
of them another shape and is committed as an authority's is. A change is live when the cursor of every vehicle shard has passed the
entry that names it. Prints one JSON line for each number of zones: median and longest time in milliseconds.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from sqlalchemy import text

from geo.position import E7, Position
from services import zones
from services.monitoring.log_store import VEHICLE_SHARDS, Kind
from services.zones import store
from services.zones.model import Zone, ZoneKind
from services.zones.plain import to_json
from services.zones.ruling import Action, Rule
from tests.bench.road_house import Road, cpu_of, road

COUNTS = [int(count) for count in os.environ.get("ZONES", "30000,100000").split(",")]
CHANGES, VEHICLES = (int(os.environ.get(name, default)) for name, default in (("CHANGES", 20), ("VEHICLES", 2_000)))
PATIENCE_S = 600.0  # the first world of many zones takes a minute


def a_zone(rng: np.random.Generator, number: int) -> Zone:
    latitude, longitude = int(rng.integers(22 * E7, 42 * E7)), int(rng.integers(98 * E7, 120 * E7))
    angles = [step * math.pi / 10 for step in range(20)]
    ring = tuple(
        Position(latitude + int(20_000 * math.sin(angle)), longitude + int(20_000 * math.cos(angle)))
        for angle in angles
    )
    ban = Rule(id="ban", action=Action.FORBID)
    return Zone(id=f"zone-{number}", kind=ZoneKind.RESTRICTED_AREA, name="禁行区", polygons=((ring,),), rules=(ban,))


def fill(built: Road, rng: np.random.Generator, first: int, last: int) -> None:
    """By SQL: what is measured is one change among many zones."""
    rows = [a_zone(rng, number) for number in range(first, last)]
    now = datetime.now(UTC)
    with built.host.engine.begin() as connection:
        store.queue_up(connection)
        connection.execute(
            text(
                "INSERT INTO zones_versions (version, zone_id, body, withdrawn, valid_from, recorded_at, recorded_by)"
                " SELECT (SELECT coalesce(max(version), 0) FROM zones_versions) + row_number() OVER (), id, body, false, :now, :now, 'bench'"
                " FROM unnest(CAST(:ids AS text[]), CAST(:bodies AS jsonb[])) AS given (id, body)"
            ),
            {
                "now": now,
                "ids": [zone.id for zone in rows],
                "bodies": [json.dumps(to_json(zone), ensure_ascii=False) for zone in rows],
            },
        )
    built.host.bus.publish(zones.WAKE_ZONES)


def change(built: Road, zone: Zone) -> int:
    with built.host.engine.begin() as connection:
        store.queue_up(connection)
        south, west, north, east = zone.area().box
        version = store.append(
            connection, zone, box=(south, west, south + north, west + east), valid_from=datetime.now(UTC), valid_to=None,
            now=datetime.now(UTC), by="bench", registered=None,
        )  # fmt: skip
    built.host.bus.publish(zones.WAKE_ZONES)
    return version.number


def live_after(built: Road, number: int) -> float:
    """Seconds until every shard goes by that change."""
    began = time.monotonic()
    with built.host.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while time.monotonic() - began < PATIENCE_S:
            is_told = connection.execute(
                text("SELECT coalesce(max(change), 0) >= :number FROM monitoring_activations"), {"number": number}
            ).scalar_one()
            behind = connection.execute(
                text(
                    "SELECT count(*) FROM monitoring_log JOIN monitoring_cursors USING (shard)"
                    " WHERE kind = :kind AND seq > cursor AND shard <= :last"
                ),
                {"kind": int(Kind.ZONES), "last": VEHICLE_SHARDS[-1]},
            ).scalar_one()
            if is_told and not behind:
                return time.monotonic() - began
            time.sleep(0.005)
    raise TimeoutError(f"change {number} is not live after {PATIENCE_S:.0f} s")


def main() -> None:
    rng = np.random.default_rng(5)
    with road(1, VEHICLES, int(time.time() * 1000)) as built:
        filled = 0
        for count in sorted(COUNTS):
            fill(built, rng, filled, count)
            filled = count
            live_after(built, count)
            time.sleep(3)
            used = cpu_of(built.processes["worker"].pid)
            took = []
            for _ in range(CHANGES):
                took.append(live_after(built, change(built, a_zone(rng, int(rng.integers(count))))))
                time.sleep(0.3)
            used = cpu_of(built.processes["worker"].pid) - used
            print(json.dumps({"name": "zone_change", "unit": "ms", "zones": count, "median": round(statistics.median(took) * 1000),
                              "longest": round(max(took) * 1000), "n": CHANGES, "worker_cpu_ms_per_change": round(used / CHANGES * 1000),
                              "goal": 1000, "load_average": round(os.getloadavg()[0], 1)}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
