"""Random days of random vehicles: driving, standing, silent, blind, frozen, jumping, too fast, with waybills that change."""

from __future__ import annotations

import math
import random
from typing import Any

from geo.position import Position, offset
from geo.shapes import MultiPolygon
from services.monitoring.engine import World
from services.monitoring.model import Goods, Site, TripFact, ZoneKind, ZoneRecord, ZoneRule
from tests.unit.services.monitoring.drives import PETROL, START_MS, Row, a_trip, row

MIDDLE = Position(350_000_000, 1_050_000_000)
HOUR_MS = 3_600_000


def square(east_m: float, north_m: float, side_m: float) -> MultiPolygon:
    corner = offset(offset(MIDDLE, 90, east_m), 0, north_m)
    beside = offset(corner, 90, side_m)
    return MultiPolygon.of([[corner, beside, offset(beside, 0, side_m), offset(corner, 0, side_m)]])


def every_other_hour(first_ms: int, last_ms: int) -> tuple[tuple[int, int], ...]:
    """Open in every second hour."""
    spans = []
    for hour in range(first_ms // (2 * HOUR_MS), last_ms // (2 * HOUR_MS) + 1):
        begin, end = max(first_ms, hour * 2 * HOUR_MS), min(last_ms, hour * 2 * HOUR_MS + HOUR_MS)
        if begin < end:
            spans.append((begin, end))
    return tuple(spans)


def a_country() -> World:
    """Squares round the middle: barred always, barred by hours, barred to explosives, a slow section, a parking place."""
    area, section = ZoneKind.RESTRICTED_AREA, ZoneKind.SPEED_SECTION
    return World.build(
        [
            ZoneRecord(id="a", version="1", kind=area, shape=square(2_000, -1_000, 3_000), rules=(ZoneRule(id="r"),)),
            ZoneRecord(id="thin", version="1", kind=area, shape=square(-3_000, -40, 80), rules=(ZoneRule(id="r"),)),
            ZoneRecord(
                id="hours", version="1", kind=area, shape=square(-9_000, -4_000, 4_000),
                rules=(ZoneRule(id="h", hours=every_other_hour),),
            ),
            ZoneRecord(
                id="bombs", version="1", kind=area, shape=square(-8_000, 2_000, 9_000),
                rules=(ZoneRule(id="e", classes=frozenset({"1"})),),
            ),
            ZoneRecord(
                id="slow", version="1", kind=section, shape=square(6_000, -5_000, 10_000),
                rules=(ZoneRule(id="s", action="SPEED_LIMIT", speed_dkmh=400),),
            ),
            ZoneRecord(id="park", version="1", kind=ZoneKind.PARKING, shape=square(-500, -500, 1_000)),
        ]
    )  # fmt: skip


def a_day(seed: int, vehicle: int = 1, *, acts: int = 14) -> tuple[list[TripFact], list[Row]]:
    """One vehicle's waybill facts and fixes, both in order of time."""
    rng = random.Random(seed)
    rows: list[Row] = []
    place, at_s, period = offset(MIDDLE, rng.uniform(0, 360), rng.uniform(0, 6_000)), 0.0, rng.choice([10, 30])
    for _ in range(acts):
        act = rng.choice(
            ["drive", "drive", "drive", "fast", "stop", "silence", "away", "blind", "frozen", "jump", "long"]
        )
        home = rng.uniform(0, 360) if rng.random() < 0.5 else 0.0
        heading, speed = int(home), rng.choice([300, 500, 700, 790]) if act != "fast" else rng.choice([850, 1000, 1600])
        count = rng.randint(2, 40)
        if act in ("drive", "fast", "frozen", "blind", "jump"):
            for number in range(count):
                at_s += period
                if act != "frozen":
                    place = offset(place, heading, speed / 36 * period)
                seen = offset(place, 90, 5_000) if act == "jump" and number == count // 2 else place
                rows.append(
                    row(at_s, seen, vehicle=vehicle, speed=speed, heading=heading, flags=1 if act == "blind" else 3)
                )
        elif act in ("stop", "long"):
            for _ in range(count if act == "stop" else count + 60):
                at_s += period
                near = offset(place, rng.uniform(0, 360), rng.uniform(0, 12))
                rows.append(row(at_s, near, vehicle=vehicle, speed=rng.randint(0, 15), heading=0))
        else:
            at_s += rng.choice([120, 650, 1500, 5000])
            place = offset(place, rng.uniform(0, 360), rng.choice([0, 3_000, 8_000]) if act == "away" else 0)
    return facts_of(rng, vehicle, at_s), rows


def a_day_beside_a_fence(seed: int) -> tuple[list[TripFact], list[Row]]:
    """Parked, creeping, driving and silent within sixty metres of the western fence of ``a``, the receiver erring for minutes."""
    rng = random.Random(seed)
    rows, at_s, inward, north = list[Row](), 0.0, rng.uniform(-60, 60), 0.0
    east_error = north_error = 0.0
    for _ in range(12):
        period, act = rng.choice([10, 30]), rng.choice(["park", "park", "creep", "drive", "silence"])
        way, speed = {"park": (0.0, 10), "creep": (1.5, 50), "drive": (6.0, 220), "silence": (0.0, 10)}[act]
        course = rng.uniform(0, 2 * math.pi)
        at_s += rng.choice([200, 2_000]) if act == "silence" else 0
        for _ in range(rng.randint(2, 60)):
            at_s += period
            inward, north = inward + way * period * math.sin(course), north + way * period * math.cos(course)
            if abs(inward) > 60 or abs(north) > 900:
                course += math.pi / 2
            east_error, north_error = 0.8 * east_error + rng.gauss(0, 8), 0.8 * north_error + rng.gauss(0, 8)
            place = offset(offset(MIDDLE, 90, 2_000 + inward + east_error), 0, north + north_error)
            rows.append(row(at_s, place, speed=rng.randint(0, speed)))
    return facts_of(rng, 1, at_s), rows


def facts_of(rng: random.Random, vehicle: int, last_s: float) -> list[TripFact]:
    """A trip that is departed, amended and unloaded at random times between the seconds fixes fall on."""
    times = sorted(START_MS + rng.randint(0, int(last_s) * 1000) // 1000 * 1000 + 500 for _ in range(3))
    east, west = offset(MIDDLE, 90, 12_000), offset(MIDDLE, 270, 12_000)
    route = ((west.latitude_e7, west.longitude_e7), (east.latitude_e7, east.longitude_e7))
    goods = rng.choice([PETROL, (Goods("0336", ("1.4G",), ("FIREWORKS",), "1.4G"),)])
    site = Site(MIDDLE.latitude_e7, MIDDLE.longitude_e7, 800, "s")
    shared: dict[str, Any] = {"goods": goods, "sites": (site,), "route": route if rng.random() < 0.6 else ()}
    shared["second_driver_id"] = rng.choice(["", "d2", "d9"])
    departed = a_trip(vehicle, START_MS - 500 if rng.random() < 0.5 else times[0], **shared)
    amended = a_trip(vehicle, times[1], driver_id="d2", event="AMENDED", **shared)
    left: dict[str, Any] = rng.choice([{"loaded": False, "tunnel_forbidden": ""}, {"loaded": True}])
    over = a_trip(vehicle, times[2], under_way=False, event="UNLOADED", **{**shared, **left})
    return [fact for fact in (departed, amended, over) if rng.random() < 0.9]
