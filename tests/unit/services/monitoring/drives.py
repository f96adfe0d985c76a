"""Drives, trips and fixes for the tests of detection."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from geo.drive import Overspeed, drive
from geo.itinerary import Itinerary
from geo.position import Position, offset
from geo.roads import RoadGraph
from services.monitoring.engine import ShardState, World, step
from services.monitoring.fixes import ENGINE_ON, POSITIONED, Fixes
from services.monitoring.model import (
    AlarmRaised,
    AlarmRevised,
    AlarmWithdrawn,
    Effect,
    FixesEntry,
    Goods,
    Heard,
    PassEntry,
    PassFact,
    TickEntry,
    TripEntry,
    TripFact,
)

START = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)  # ten in the morning in Beijing
START_MS = int(START.timestamp() * 1000)
PETROL = (Goods("1203", ("3",)),)
Row = tuple[int, int, int, int, int, int, int, int, int]
Told = Heard | TripFact | PassFact | int  # a fact, or the time of a tick, stands for its entry


def a_trip(vehicle: int = 1, at_ms: int = START_MS - 1000, **changes: Any) -> TripFact:
    """28 t of petrol in a tank, under way."""
    fields: dict[str, Any] = {
        "waybill_id": "w1", "carrier_id": "c1", "under_way": True, "loaded": True, "tunnel_forbidden": "DE",
        "goods": PETROL, "driver_id": "d1", "event": "DEPARTED",
    }  # fmt: skip
    return TripFact(vehicle=vehicle, at_ms=at_ms, **(fields | changes))


def cleaned(vehicle: int = 1, at_ms: int = START_MS - 1000, **changes: Any) -> TripFact:
    return a_trip(vehicle, at_ms, **({"loaded": False, "tunnel_forbidden": "", "goods": ()} | changes))


def row(
    at_s: float, place: Position, *, vehicle: int = 1, speed: int = 500, heading: int = 90, accuracy: int = 0,
    flags: int = ENGINE_ON | POSITIONED, odometer: int = 0,
) -> Row:  # fmt: skip
    at_ms = START_MS + round(at_s * 1000)
    return (vehicle, at_ms, place.latitude_e7, place.longitude_e7, speed, heading, accuracy, flags, odometer)


def off_plan(trip: Itinerary) -> Sequence[int]:
    """The edges of who leaves the plan for the tunnel."""
    assert trip.deviation is not None
    return trip.deviation.edges


def driven(
    graph: RoadGraph, edges: Sequence[int], *, vehicle: int = 1, seed: int = 1, overspeed: Overspeed | None = None,
    interval_s: float = 10, start: datetime = START,
) -> list[Row]:  # fmt: skip
    fixes = drive(graph, edges, start=start, rng=random.Random(seed), interval_s=interval_s, overspeed=overspeed)
    return [
        (
            vehicle, int(fix.at.timestamp() * 1000), fix.position.latitude_e7, fix.position.longitude_e7, fix.speed_dkmh,
            fix.heading_deg, 0, ENGINE_ON | POSITIONED, fix.odometer_dm,
        )
        for fix in fixes
    ]  # fmt: skip


def straight(
    start: Position, *, speed_dkmh: int, seconds: float, interval_s: float = 10, vehicle: int = 1, from_s: float = 0,
    heading: int = 90,
) -> list[Row]:  # fmt: skip
    """Straight on at one speed."""
    steps = round(seconds / interval_s)
    return [
        row(from_s + number * interval_s, offset(start, heading, number * interval_s * speed_dkmh / 36),
            vehicle=vehicle, speed=speed_dkmh, heading=heading)
        for number in range(steps + 1)
    ]  # fmt: skip


def entries_of(rows: Iterable[Row], cut: int = 1) -> list[FixesEntry]:
    """The rows in order of time, in entries of so many."""
    ordered = sorted(rows, key=lambda each: each[1])
    return [FixesEntry(Fixes.of(ordered[at : at + cut])) for at in range(0, len(ordered), cut)]


def run(world: World, *entries: Told, state: ShardState | None = None) -> list[Effect]:
    state = ShardState() if state is None else state
    return [effect for entry in entries for effect in step(state, world, _entry(entry))]


def _entry(entry: Told) -> Heard:
    if isinstance(entry, TripFact):
        return TripEntry(entry)
    if isinstance(entry, PassFact):
        return PassEntry(entry)
    return TickEntry(entry) if isinstance(entry, int) else entry


def standing(effects: Iterable[Effect]) -> list[AlarmRaised | AlarmRevised]:
    """The alarms as they stand in the end, in order of occurrence."""
    last: dict[str, AlarmRaised | AlarmRevised] = {}
    for effect in effects:
        if isinstance(effect, AlarmRaised | AlarmRevised):
            last[effect.id] = effect
        elif isinstance(effect, AlarmWithdrawn):
            last.pop(effect.id)
    return sorted(last.values(), key=lambda alarm: (alarm.occurred_ms, alarm.kind, alarm.cause, alarm.vehicle))


def kinds(effects: Iterable[Effect]) -> list[str]:
    return [str(alarm.kind) for alarm in standing(effects)]
