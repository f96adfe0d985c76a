"""Parked beside a fence, and driving through it: JSON lines. Environment: LORRIES (40 of each setting), HOURS (4), RUNS (5).

Every line is the whole engine over the fence of one restricted area that bars petrol. Lorries drive up to a place 0 to 20 m outside or
inside it and park there for hours, their receivers erring by σ 5 to 15 m on each axis, correlated over a minute, with the speeds a
standing receiver makes up and no word about accuracy. A false transition is each alarm raised, ended or raised again, but for the one
that tells of a lorry inside that is there (on the line itself: either way). ``bare`` is the same without a state machine: each
change of side between two fixes of a parked lorry counts.

A true crossing is a lorry driving in and out at 10 to 80 km/h with the same errors; its delay is in fixes after the first that was truly
on the other side, 0 being that fix itself. Alarms are taken when the engine tells them, not when it says the crossing was.
"""

from __future__ import annotations

import json
import os

import numpy as np
import numpy.typing as npt

from geo.position import E7, Position
from geo.shapes import MultiPolygon
from services.monitoring.engine import ShardState, World, step
from services.monitoring.facts import Goods, TripFact
from services.monitoring.fixes import ENGINE_ON, POSITIONED, Fixes
from services.monitoring.model import (
    AlarmKind,
    AlarmRaised,
    AlarmRevised,
    AlarmWithdrawn,
    FixesEntry,
    TripEntry,
    ZoneKind,
    ZoneRecord,
    ZoneRule,
)

START_MS = 1_780_000_000_000
LORRIES, HOURS, RUNS = (
    int(os.environ.get(name, default)) for name, default in (("LORRIES", 40), ("HOURS", 4), ("RUNS", 5))
)
SOUTH, WEST, SIDE = 28.0, 113.0, 0.02  # the area: some two kilometres square; x = 0 is its western fence
METRES_PER_DEGREE, CORRELATED_S = 111_195.0, 60.0
COMING, COMING_M_S, TOGETHER = (
    8,
    5.0,
    60,
)  # fixes of driving up to the place; metres a second; fixes of a lorry in an entry
EAST_M = METRES_PER_DEGREE * np.cos(np.radians(SOUTH + SIDE / 2))
WIDTH_M = SIDE * EAST_M

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]


def the_world() -> World:
    corners = [(SOUTH, WEST), (SOUTH, WEST + SIDE), (SOUTH + SIDE, WEST + SIDE), (SOUTH + SIDE, WEST)]
    shape = MultiPolygon.of([[Position.from_degrees(*corner) for corner in corners]])
    rule = ZoneRule(id="r", classes=frozenset({"3"}))
    return World.build([ZoneRecord(id="z", version="1", kind=ZoneKind.RESTRICTED_AREA, shape=shape, rules=(rule,))])


def set_off(world: World, lorries: int) -> ShardState:
    state = ShardState()
    for lorry in range(lorries):
        step(state, world, TripEntry(TripFact(
            vehicle=lorry, at_ms=START_MS - 1, waybill_id=f"w{lorry}", carrier_id="c", under_way=True, loaded=True,
            goods=(Goods("1203", ("3",)),), driver_id=f"d{lorry}",
        )))  # fmt: skip
    return state


class Receiver:
    """Errors of many receivers, a Gauss-Markov process on each axis."""

    def __init__(self, rng: np.random.Generator, sigma_m: float, every_s: int, lorries: int) -> None:
        self._rng, self._sigma = rng, sigma_m
        self._keep = np.exp(-every_s / CORRELATED_S)
        self.error = rng.normal(0, sigma_m, (2, lorries))

    def moved(self) -> Floats:
        fresh = self._rng.normal(0, self._sigma * np.sqrt(1 - self._keep**2), self.error.shape)
        self.error = self._keep * self.error + fresh
        return self.error


def report(at_ms: int, east_m: Floats, north_m: Floats, speed_dkmh: Floats) -> Fixes:
    """One fix of every lorry, ``east_m`` from the western fence and ``north_m`` from the middle of the area."""
    count = len(east_m)
    columns = (
        np.arange(count), np.full(count, at_ms), np.rint((SOUTH + SIDE / 2 + north_m / METRES_PER_DEGREE) * E7),
        np.rint((WEST + east_m / EAST_M) * E7), speed_dkmh, np.full(count, 90), np.zeros(count),
        np.full(count, ENGINE_ON | POSITIONED), np.zeros(count),
    )  # fmt: skip
    return Fixes.of(np.rint(np.column_stack(columns)).astype(np.int64))


def told(state: ShardState, world: World, entry: FixesEntry) -> list[AlarmRaised | AlarmRevised | AlarmWithdrawn]:
    return [
        effect
        for effect in step(state, world, entry)
        if isinstance(effect, AlarmRaised | AlarmRevised | AlarmWithdrawn) and effect.kind is AlarmKind.AREA_ENTERED
    ]


def parked(
    rng: np.random.Generator, world: World, sigma_m: float, inward_m: float, every_s: int
) -> tuple[int, int, int]:
    """False transitions of ``LORRIES`` in ``HOURS``; changes of side from fix to fix; lorries inside that were never told."""
    receiver, state = Receiver(rng, sigma_m, every_s, LORRIES), set_off(world, LORRIES)
    north = rng.uniform(-500, 500, LORRIES)
    false, bare, found = 0, 0, set[int]()
    side = np.zeros(LORRIES, dtype=bool)
    rounds = [*range(-COMING, HOURS * 3600 // every_s)]
    for first in range(0, len(rounds), TOGETHER):
        entries = []
        for number in rounds[first : first + TOGETHER]:
            error, way = receiver.moved(), min(0, number) * every_s * COMING_M_S
            east = inward_m + way + error[0]
            speed = np.full(LORRIES, COMING_M_S * 36) if number < 0 else np.abs(rng.normal(0, 15, LORRIES))
            entries.append(report(START_MS + (number + COMING) * every_s * 1000, east, north + error[1], speed))
            now = east > 0
            bare += int((now != side).sum()) if number > 0 else 0
            side = now
        for effect in told(state, world, FixesEntry(Fixes.joined(*entries))):
            is_true = inward_m >= 0 and isinstance(effect, AlarmRaised) and effect.vehicle not in found
            found.add(effect.vehicle)
            false += not is_true
    return false, bare, LORRIES - len(found) if inward_m > 0 else 0


def driven(rng: np.random.Generator, world: World, sigma_m: float, every_s: int) -> tuple[list[int], list[int], int]:
    """Delays in fixes of entering and of leaving, and crossings never told, of ``LORRIES`` that drive through and on."""
    receiver, state = Receiver(rng, sigma_m, every_s, LORRIES), set_off(world, LORRIES)
    metres_s = rng.uniform(10, 80, LORRIES) / 3.6
    begin = -metres_s * every_s * rng.uniform(3, 6, LORRIES)
    north = rng.uniform(-500, 500, LORRIES)
    rounds = int(((WIDTH_M - begin) / metres_s / every_s).max()) + 8
    entered, left = np.full(LORRIES, -1), np.full(LORRIES, -1)
    for number in range(rounds):
        error = receiver.moved()
        east = begin + metres_s * every_s * number
        fixes = report(START_MS + number * every_s * 1000, east + error[0], north + error[1], metres_s * 36)
        for effect in told(state, world, FixesEntry(fixes)):
            if isinstance(effect, AlarmRaised):
                entered[effect.vehicle] = number
            if effect.ended_ms:
                left[effect.vehicle] = number
    truly_in = np.ceil(-begin / metres_s / every_s).astype(np.int64)
    truly_out = np.ceil((WIDTH_M - begin) / metres_s / every_s).astype(np.int64)
    fair = truly_out - truly_in >= 2  # two fixes inside: a shorter visit is a crossing, told when it is over
    delays = (entered - truly_in)[fair & (entered >= 0)], (left - truly_out)[fair & (left >= 0)]
    missed = int((fair & ((entered < 0) | (left < 0))).sum())
    return delays[0].tolist(), delays[1].tolist(), missed


def per_thousand(counts: Int64s, hours: int) -> float:
    """The median of the runs (rows) over all settings (columns), each of so many vehicle-hours."""
    return round(float(np.median(counts.sum(axis=1))) * 1000 / (hours * counts.shape[1]), 2)


def main() -> None:
    world, rng = the_world(), np.random.default_rng(11)
    settings = [
        (sigma, inward, every) for sigma in (5, 10, 15) for inward in (-20, -10, -5, 0, 5, 10, 20) for every in (10, 30)
    ]
    runs = [
        [parked(rng, world, float(sigma), float(inward), every) for sigma, inward, every in settings]
        for _ in range(RUNS)
    ]
    ours, bare, silent = np.array(runs).transpose(2, 0, 1)  # each by run and setting
    hours, worst = LORRIES * HOURS, int(ours.sum(axis=0).argmax())
    print(json.dumps({
        "name": "parked_beside_a_fence", "unit": "false transitions per 1,000 vehicle-hours", "runs": RUNS,
        "vehicle_hours": hours * len(settings), "value": per_thousand(ours, hours), "bare": per_thousand(bare, hours),
        "worst_setting": dict(zip(("sigma_m", "inward_m", "every_s"), settings[worst], strict=True)),
        "worst": per_thousand(ours[:, [worst]], hours), "inside_but_not_told": int(silent.sum()),
        "lorries_inside": LORRIES * RUNS * sum(inward > 0 for _, inward, _ in settings), "goal": 1, "floor": 5,
    }), flush=True)  # fmt: skip
    for every in (10, 30):
        entered, left, missed = list[int](), list[int](), 0
        for _ in range(RUNS):
            for sigma in (5.0, 10.0, 15.0):
                found = driven(rng, world, sigma, every)
                entered, left, missed = entered + found[0], left + found[1], missed + found[2]
        figures = {
            name: {"median": int(np.median(delays)), "p99": int(np.percentile(delays, 99)), "most": max(delays)}
            for name, delays in (("entering", entered), ("leaving", left))
        }
        print(json.dumps({
            "name": "crossing_delay", "unit": "fixes", "every_s": every, "crossings": len(entered), **figures, "not_told": missed,
            "goal": 2, "floor": 3,
        }), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
