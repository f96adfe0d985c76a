"""What detection promises, with all detectors at once: on roads, through tunnels, by plans, with facts that come late."""

from __future__ import annotations

import random

import pytest

from geo.itinerary import Itinerary
from geo.roads import RoadGraph
from services.monitoring.engine import Roads, ShardState, step
from services.monitoring.fixes import Fixes
from services.monitoring.model import FixesEntry, TickEntry, TripEntry
from tests.unit.services.monitoring.drives import entries_of, run
from tests.unit.services.monitoring.random_roads import Country
from tests.unit.services.monitoring.test_engine_promises import DAY_MS, HOUR_MS, Desk, content

QUICK, SOAK = (20_011, 30_136), [pytest.param(seed, marks=pytest.mark.soak) for seed in range(100, 300)]


@pytest.fixture(scope="module")
def country(graph: RoadGraph, trip: Itinerary, roads: Roads) -> Country:
    return Country.of(graph, trip, roads)


@pytest.mark.parametrize("seed", [*QUICK, *SOAK])
def test_the_same_however_the_fixes_are_cut_and_after_any_restart(country: Country, seed: int) -> None:
    facts, rows = country.fleet(seed, 6)
    rng, whole_state, state = random.Random(seed), ShardState(), ShardState()
    whole = run(country.world, *facts, *entries_of(rows, len(rows)), state=whole_state)
    effects = run(country.world, *facts, state=state)
    ordered = sorted(rows, key=lambda row: row[1])
    while ordered:
        count = rng.choice([1, 2, 5, 50, 400])
        effects += step(state, country.world, FixesEntry(Fixes.of(ordered[:count])))
        del ordered[:count]
        if rng.random() < 0.1:
            state = ShardState.restore(state.snapshot())
    assert effects == whole
    assert state.snapshot() == whole_state.snapshot()


@pytest.mark.parametrize("seed", [*QUICK, *SOAK])
def test_fixes_late_by_up_to_a_day_and_facts_by_an_hour_give_the_same_alarms_in_the_end(
    country: Country, seed: int
) -> None:
    facts, rows = country.fleet(seed, 2)
    begin, end = min(row[1] for row in rows), max(row[1] for row in rows) + 2 * DAY_MS
    in_time, late, rng = Desk(country.world), Desk(country.world), random.Random(seed)
    told: list[FixesEntry | TripEntry | TickEntry] = [*map(TripEntry, facts), *entries_of(rows, 64), TickEntry(end)]
    for entry in told:
        in_time.take(entry)
    share, longest = rng.choice([0.005, 0.02, 0.05]), rng.choice([HOUR_MS, 6 * HOUR_MS, DAY_MS])
    late.take_as_they_come(
        [(fact.at_ms + rng.randint(0, HOUR_MS), fact) for fact in facts],
        [(row[1] + rng.randint(0, longest if rng.random() < share else 3_000), row) for row in rows],
        begin,
        end,
    )
    assert content(late.standing()) == content(in_time.standing())
