"""Random days of lorries on the model region's roads, beside those of ``random_days``: tunnels, a plan and its deviation, and whatever
may befall a terminal."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from geo.drive import find_overspeed
from geo.itinerary import Itinerary
from geo.roads import RoadGraph
from services.monitoring.engine import Roads, World
from services.monitoring.model import Goods, TripFact, ZoneKind, ZoneRecord
from tests.unit.services.monitoring.drives import PETROL, START, START_MS, Row, a_trip, driven
from tests.unit.services.monitoring.random_days import a_country, a_day

_BLIND = 1  # the engine runs, there is no position
_FIREWORKS = (Goods("0336", ("1.4G",), ("FIREWORKS",), "1.4G"),)


@dataclass(frozen=True, slots=True)
class Country:
    """The squares of ``random_days`` and the model region, its tunnel closed to petrol."""

    graph: RoadGraph
    trip: Itinerary
    world: World

    @classmethod
    def of(cls, graph: RoadGraph, trip: Itinerary, roads: Roads) -> Country:
        tunnel = ZoneRecord(
            id="tunnel", version="1", kind=ZoneKind.TUNNEL, structure_id=trip.structure_id or "", category="D"
        )
        return cls(graph, trip, World.build([*a_country().zones.values(), tunnel], roads=roads))

    def fleet(self, seed: int, vehicles: int) -> tuple[list[TripFact], list[Row]]:
        """Facts and fixes of so many lorries; every other one is on the roads."""
        days = [
            self.a_day(seed, vehicle) if (vehicle + seed) % 2 else a_day(seed * 100 + vehicle, vehicle, acts=20)
            for vehicle in range(1, vehicles + 1)
        ]
        return [fact for facts, _ in days for fact in facts], [row for _, rows in days for row in rows]

    def a_day(self, seed: int, vehicle: int) -> tuple[list[TripFact], list[Row]]:
        rng = random.Random(f"road {seed} {vehicle}")
        rows, start = list[Row](), START
        for _ in range(rng.randint(1, 3)):
            assert self.trip.deviation is not None
            edges = self.trip.deviation.edges if rng.random() < 0.6 else self.trip.plan.edges
            fast = find_overspeed(self.graph, edges) if rng.random() < 0.5 else None
            rows += _befallen(
                rng,
                driven(
                    self.graph, edges, vehicle=vehicle, seed=rng.randrange(1 << 30), overspeed=fast,
                    interval_s=rng.choice([10, 30]), start=start,
                ),
            )  # fmt: skip
            rest_s = rng.choice([60, 1_500, 4_000, 13_000])
            if rng.random() < 0.5:
                rows += _standing(rng, rows[-1])
            start = START + timedelta(milliseconds=rows[-1][1] - START_MS, seconds=rest_s)
        return list(self._facts(rng, vehicle, (rows[-1][1] - START_MS) // 1000)), rows

    def _facts(self, rng: random.Random, vehicle: int, last_s: int) -> Iterator[TripFact]:
        """Departed, amended, unloaded, at random times; each may be missing."""
        route = tuple((place.latitude_e7, place.longitude_e7) for place in self.trip.plan.positions(self.graph))
        times = sorted(START_MS + rng.randint(0, last_s) * 1000 + 500 for _ in range(3))
        shared: dict[str, Any] = {"goods": rng.choice([PETROL, _FIREWORKS]), "route": route if rng.random() < 0.6 else (),
                  "second_driver_id": rng.choice(["", "d2", "d9"])}  # fmt: skip
        departed_ms = START_MS - 500 if rng.random() < 0.6 else times[0]
        left: dict[str, Any] = rng.choice([{"loaded": False, "tunnel_forbidden": ""}, {"loaded": True}])
        for fact in (
            a_trip(vehicle, departed_ms, **shared),
            a_trip(vehicle, times[1], **shared | {"driver_id": "d2", "event": "AMENDED"}),
            a_trip(vehicle, times[2], **shared | {"under_way": False, "event": "UNLOADED"} | left),
        ):
            if rng.random() < 0.85:
                yield fact


def _befallen(rng: random.Random, rows: list[Row]) -> list[Row]:
    """The drive with up to three spells of silence, blindness, freezing or a jump."""
    for _ in range(rng.randint(0, 3)):
        begin, count = rng.randrange(len(rows)), rng.randint(1, 30)
        spell, act = slice(begin, begin + count), rng.choice(["silent", "blind", "jump", "frozen"])
        one = rows[begin]
        if act == "silent" and len(rows) > count:
            del rows[spell]
        elif act == "blind":
            rows[spell] = [(*row[:7], _BLIND, row[8]) for row in rows[spell]]
        elif act == "jump":
            rows[begin] = (*one[:2], one[2] + 500_000, *one[3:])
        elif act == "frozen":
            rows[spell] = [(*row[:2], *one[2:4], *row[4:]) for row in rows[spell]]
    return rows


def _standing(rng: random.Random, last: Row) -> list[Row]:
    return [
        (last[0], last[1] + 30_000 * number, last[2] + rng.randint(-900, 900), last[3] + rng.randint(-900, 900),
         rng.randint(0, 15), 0, 0, 3, last[8])
        for number in range(1, rng.randint(5, 120) + 1)
    ]  # fmt: skip
