"""Many visits at once come out as one by one."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.index import Crossings
from geo.visits import Event, Motion, Policy, Step, VisitState, move, step
from tests.bench.visit_table import Steps, VisitTable

VEHICLES, ZONES = 6, 3
KINDS = (int, int, float, float, bool, bool)
POLICIES = (Policy(), Policy(least_depth_m=20.0, dwell_s=25.0), Policy(confirming_fixes=1, longest_gap_m=500.0))
Told = list[tuple[int, int, Event]]
Row = tuple[int, int, float, float, bool, bool]  # place of the step, zone, shares, starts and ends inside


def a_round(rng: random.Random, last_ms: dict[int, int], at_ms: int) -> tuple[Steps, list[Row]]:
    """Some vehicles move on; what they meet need not make sense, only be the same for both."""
    vehicles = sorted(rng.sample(range(VEHICLES), rng.randint(1, VEHICLES)))
    count = len(vehicles)
    steps = Steps(
        vehicle=np.array(vehicles),
        from_ms=np.array([last_ms.get(vehicle, -1) for vehicle in vehicles]),
        to_ms=np.full(count, at_ms),
        metres=np.array([rng.choice((0.0, 10.0, 600.0, 20_000.0)) for _ in vehicles]),
        speed_dkmh=np.array([rng.choice((0, 0, 20, 79, 80, 600)) for _ in vehicles]),
        accuracy_m=np.array([rng.choice((3.0, 15.0)) for _ in vehicles]),
    )
    met = [(place, zone) for place in range(count) for zone in range(ZONES) if rng.random() < 0.7]
    shares = [sorted(rng.choice((0.0, rng.random(), 1.0)) for _ in range(2)) for _ in met]
    rows = [
        (place, zone, low, high, rng.random() < 0.5, rng.random() < 0.6)
        for (place, zone), (low, high) in zip(met, shares, strict=True)
    ]
    return steps, rows


@given(st.integers(0, 10**9))
@settings(max_examples=80, deadline=None)
def test_the_table_says_what_step_says_one_by_one(seed: int) -> None:
    rng = random.Random(seed)
    policy = rng.choice(POLICIES)
    depths = np.array([[rng.choice((0.0, 10.0, 25.0, 100.0)) for _ in range(ZONES)] for _ in range(VEHICLES)])
    table = VisitTable(VEHICLES, policy)
    states: dict[tuple[int, int], VisitState | None] = {}
    motions: dict[int, Motion] = {}
    last_ms: dict[int, int] = {}
    at_ms = 1_000
    for _ in range(25):
        at_ms += rng.choice((10_000, 30_000, 130_000, 700_000))
        steps, rows = a_round(rng, last_ms, at_ms)
        columns = zip(*rows, strict=True) if rows else [()] * len(KINDS)
        met = Crossings(*(np.array(column, dtype=kind) for column, kind in zip(columns, KINDS, strict=True)))
        told = table.advance(steps, met, lambda place, zone, steps=steps: depths[steps.vehicle[place], zone]).told()
        assert told == _one_by_one(steps, rows, states, motions, depths, policy)
        last_ms |= dict.fromkeys(steps.vehicle.tolist(), at_ms)
        for vehicle in range(VEHICLES):
            for zone in range(ZONES):
                assert table.state(vehicle, zone) == states.get((vehicle, zone))


def _one_by_one(
    steps: Steps,
    rows: list[Row],
    states: dict[tuple[int, int], VisitState | None],
    motions: dict[int, Motion],
    depths: np.ndarray,
    policy: Policy,
) -> Told:
    told: Told = []
    met = {row[:2]: row[2:] for row in rows}
    for place, vehicle in enumerate(steps.vehicle.tolist()):
        to_ms = int(steps.to_ms[place])
        motions[vehicle] = move(motions.get(vehicle), to_ms, int(steps.speed_dkmh[place]))
        for zone in range(ZONES):
            t_in, t_out, starts, ends = met.get((place, zone), (0.0, 0.0, False, False))
            from_ms = None if steps.from_ms[place] < 0 else int(steps.from_ms[place])
            taken = Step(
                from_ms, to_ms, float(steps.metres[place]), ends, starts, t_in, t_out, (place, zone) in met,
                float(steps.accuracy_m[place]), motions[vehicle],
            )  # fmt: skip
            depth = float(depths[vehicle, zone])
            state, events = step(states.get((vehicle, zone)), taken, lambda depth=depth: depth, policy)
            states[vehicle, zone] = state
            told += [(vehicle, zone, event) for event in events]
    return told
