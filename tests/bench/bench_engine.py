"""Fixes a second through ``step`` with all detectors on, and bytes of state: JSON lines, five runs, median.

400,000 vehicles in 256 shards make some 1,560 a shard. Vehicles drive over a country of 30,000 zones on routes of their own;
one in fifty is too fast, one in ten passes a zone, some stand, some are silent, all are loaded.
"""

from __future__ import annotations

import json
import math
import statistics
import time

import numpy as np

from geo.position import Position
from geo.shapes import MultiPolygon
from services.monitoring.engine import ShardState, World, step
from services.monitoring.facts import Goods, TripFact
from services.monitoring.fixes import ENGINE_ON, POSITIONED, Fixes
from services.monitoring.model import FixesEntry, TickEntry, TripEntry, ZoneKind, ZoneRecord, ZoneRule

START_MS = 1_780_000_000_000
ZONES, VEHICLES, ROUNDS, PERIOD_MS = 30_000, 1_560, 61, 30_000
SOUTH, WEST, SIDE = 22.0, 100.0, 18.0


def zones(rng: np.random.Generator, count: int) -> list[ZoneRecord]:
    """Restricted areas of 200 m to 6 km and 20 to 100 corners all over the country; half bar petrol."""
    records = []
    for number in range(count):
        middle = SOUTH + rng.uniform(0, SIDE), WEST + rng.uniform(0, SIDE)
        corners = int(rng.integers(20, 101))
        angle = np.linspace(0, 2 * math.pi, corners, endpoint=False)
        reach = rng.uniform(100, 3000) / 111_000 * rng.uniform(0.8, 1.2, corners)
        ring = [
            Position.from_degrees(middle[0] + r * math.sin(a), middle[1] + r * math.cos(a) * 1.15)
            for r, a in zip(reach, angle, strict=True)
        ]
        rule = ZoneRule(id="r", classes=frozenset({"3" if number % 2 else "1"}))
        kind = ZoneKind.RESTRICTED_AREA
        records.append(
            ZoneRecord(id=f"z{number}", version="1", kind=kind, shape=MultiPolygon.of([ring]), rules=(rule,))
        )
    return records


def traffic(rng: np.random.Generator) -> tuple[list[TripFact], list[Fixes]]:
    """One report of every vehicle each period, and their waybills with planned routes."""
    latitude, longitude = SOUTH + rng.uniform(0, SIDE, VEHICLES), WEST + rng.uniform(0, SIDE, VEHICLES)
    heading = rng.uniform(0, 360, VEHICLES)
    speed = np.where(np.arange(VEHICLES) % 50 == 0, 900, rng.integers(300, 780, VEHICLES))
    speed[np.arange(VEHICLES) % 20 == 7] = 0
    vehicle = np.arange(VEHICLES, dtype=np.int64)
    facts, batches = [], []
    reach = speed / 36 * ROUNDS * PERIOD_MS / 1000 / 111_195
    for number in range(VEHICLES):
        course, share = math.radians(heading[number]), np.linspace(0, 1, 60)
        narrowing = math.cos(math.radians(latitude[number]))
        line = zip(
            latitude[number] + share * reach[number] * math.cos(course),
            longitude[number] + share * reach[number] * math.sin(course) / narrowing,
            strict=True,
        )
        facts.append(
            TripFact(
                vehicle=number, at_ms=START_MS - 1, waybill_id=f"w{number}", carrier_id="c", under_way=True, loaded=True,
                tunnel_forbidden="DE", goods=(Goods("1203", ("3",)),), driver_id=f"d{number}",
                route=tuple((round(y * 1e7), round(x * 1e7)) for y, x in line),
            )
        )  # fmt: skip
    for number in range(ROUNDS):
        along = speed / 36 * number * PERIOD_MS / 1000 / 111_195
        y = latitude + along * np.cos(np.radians(heading)) + rng.normal(0, 5e-5, VEHICLES)
        x = (
            longitude
            + along * np.sin(np.radians(heading)) / np.cos(np.radians(latitude))
            + rng.normal(0, 5e-5, VEHICLES)
        )
        order = rng.permutation(VEHICLES)
        rows = np.column_stack(
            [
                vehicle, np.full(VEHICLES, START_MS + number * PERIOD_MS) + vehicle * 13 % PERIOD_MS,
                np.rint(y * 1e7), np.rint(x * 1e7), speed, heading, np.full(VEHICLES, 50),
                np.full(VEHICLES, ENGINE_ON | POSITIONED), np.rint(along * 111_195 * 10) + 1_000_000,
            ]
        )[order]  # fmt: skip
        batches.append(Fixes.of(rows.astype(np.int64)))
    return facts, batches


def run(world: World, facts: list[TripFact], batches: list[Fixes], group: int) -> tuple[float, int, ShardState]:
    """CPU-seconds for all fixes and ticks but the first round, in which waybills come into force; effects; the state left."""
    state = ShardState()
    for fact in facts:
        step(state, world, TripEntry(fact))
    step(state, world, FixesEntry(batches[0]))
    entries = [FixesEntry(Fixes.joined(*batches[at : at + group])) for at in range(1, len(batches), group)]
    effects, began = 0, time.process_time()
    for number, entry in enumerate(entries, start=1):
        effects += len(step(state, world, entry))
        effects += len(step(state, world, TickEntry(START_MS + number * group * PERIOD_MS)))
    return time.process_time() - began, effects, state


def main() -> None:
    rng = np.random.default_rng(5)
    began = time.perf_counter()
    world = World.build(zones(rng, ZONES))
    built = time.perf_counter() - began
    facts, batches = traffic(rng)
    fixes = sum(len(batch) for batch in batches[1:])
    for group in (1, 4):
        runs = [run(world, facts, batches, group) for _ in range(5)]
        rate = statistics.median(fixes / seconds for seconds, _, _ in runs)
        line = {
            "name": "engine_fixes_per_core_second", "value": round(rate), "zones": ZONES, "vehicles": VEHICLES,
            "fixes_in_an_entry": group * VEHICLES, "effects": runs[0][1], "runs": 5, "goal": 500_000, "floor": 150_000,
        }  # fmt: skip
        print(json.dumps(line))
    state = runs[0][2]
    blob = state.snapshot()
    began = time.perf_counter()
    ShardState.restore(blob)
    restored = time.perf_counter() - began
    line = {
        "name": "state_bytes_per_vehicle", "snapshot": round(len(blob) / VEHICLES),
        "columns": round(state.columns.nbytes / VEHICLES), "restore_s": round(restored, 3), "goal": 1024, "floor": 2048,
    }  # fmt: skip
    print(json.dumps(line))
    body = batches[0].encode()
    print(json.dumps({"name": "fixes_encoded_bytes_each", "value": round(len(body) / len(batches[0]), 1)}))
    print(json.dumps({"name": "world_build_s", "value": round(built, 1), "zones": ZONES}))


if __name__ == "__main__":
    main()
