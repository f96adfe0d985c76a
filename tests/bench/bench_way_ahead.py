"""What one zone's change costs among trips under way: `python tests/bench/bench_way_ahead.py`.

VEHICLES (default 1560, a 256th of 400,000) petrol tankers on planned routes of 200 corners and 30 to 800 km, among 30,000 zones that do
not bar them; then zones of 2 km come that do, one after the other. Prints JSON lines: processor milliseconds of a departure's look at
its route, of finding what a change turned (once for all shards of a process), and of the activation in this shard, median and worst.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from geo.position import E7, Position, offset
from geo.shapes import MultiPolygon
from services.monitoring.engine import ShardState, World, activate, step
from services.monitoring.engine.changes import change
from services.monitoring.facts import Goods, Point, TripFact
from services.monitoring.model import Activation, TickEntry, TripEntry, ZoneKind, ZoneRecord, ZoneRule

VEHICLES = int(os.environ.get("VEHICLES", "1560"))
ZONES, CORNERS, CHANGES, START_MS = 30_000, 200, 30, 1_780_000_000_000
CHANCE = random.Random(7)


def a_place() -> Position:
    return Position(CHANCE.randint(22 * E7, 42 * E7), CHANCE.randint(98 * E7, 120 * E7))


def a_zone(name: str, middle: Position, barred: str) -> ZoneRecord:
    ring = [offset(middle, bearing, 2_000) for bearing in range(0, 360, 18)]
    rule = ZoneRule(id="r", classes=frozenset({barred}))
    return ZoneRecord(
        id=name, version=name, kind=ZoneKind.RESTRICTED_AREA, shape=MultiPolygon.of([ring]), rules=(rule,)
    )


def a_route() -> tuple[Point, ...]:
    place, heading, step_m = a_place(), CHANCE.uniform(0, 360), CHANCE.choice([30, 100, 300, 800]) * 1_000 / CORNERS
    points = []
    for _ in range(CORNERS):
        points.append((place.latitude_e7, place.longitude_e7))
        place = offset(place, heading + CHANCE.uniform(-30, 30), step_m)
    return tuple(points)


def say(name: str, values: list[float], **more: object) -> None:
    told = {
        "name": name,
        "unit": "cpu ms",
        "median": round(statistics.median(values), 2),
        "worst": round(max(values), 2),
    }
    print(json.dumps({**told, **more, "load_average": round(os.getloadavg()[0], 1)}), flush=True)


def main() -> None:
    world = World.build([a_zone(f"z{number}", a_place(), "1") for number in range(ZONES)])
    state, turned, took = ShardState(), list[float](), list[float]()
    goods, routes = (Goods("1203", ("3",)),), [a_route() for _ in range(VEHICLES)]
    for vehicle, route in enumerate(routes):
        fact = TripFact(
            vehicle=vehicle, at_ms=START_MS, waybill_id=f"w{vehicle}", under_way=True, loaded=True, tunnel_forbidden="DE",
            goods=goods, route=route, event="DEPARTED",
        )  # fmt: skip
        step(state, world, TripEntry(fact))
    began = time.process_time()
    step(state, world, TickEntry(START_MS + 120_000))
    say("way_ahead_of_a_departure", [(time.process_time() - began) * 1_000 / VEHICLES], vehicles=VEHICLES, zones=ZONES)
    told = 0
    for number in range(CHANGES):
        middle = Position(*CHANCE.choice(CHANCE.choice(routes)))
        after = world.changed([a_zone(f"new{number}", middle, "3")])
        began = time.process_time()
        change(world, after)
        turned.append((time.process_time() - began) * 1_000)
        began = time.process_time()
        told += len(activate(state, world, after, Activation(number + 1, START_MS + 200_000 + number)))
        took.append((time.process_time() - began) * 1_000)
        world = after
    say("zones_turned", turned, zones=ZONES, changes=CHANGES)
    say("way_ahead_of_a_zone", took, vehicles=VEHICLES, corners=CORNERS, changes=CHANGES, told=told)


if __name__ == "__main__":
    main()
