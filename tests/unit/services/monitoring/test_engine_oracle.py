"""The vectorised detectors against plain loops, on random days."""

from __future__ import annotations

import pytest

from services.monitoring.engine import World
from tests.unit.services.monitoring.drives import entries_of, run, standing
from tests.unit.services.monitoring.oracle import Day
from tests.unit.services.monitoring.oracle_areas import CLOSED, areas_of
from tests.unit.services.monitoring.random_days import a_country, a_day, a_day_beside_a_fence

TOLD = ("OVERSPEED", "OFFLINE", "MOVED_OFFLINE", "NO_WAYBILL", "ROUTE_DEVIATION")


@pytest.fixture(scope="module")
def country() -> World:
    return a_country()


@pytest.mark.parametrize("seed", range(40))
def test_the_engine_finds_what_plain_loops_find(country: World, seed: int) -> None:
    facts, rows = a_day(seed, acts=30)
    end = max(row[1] for row in rows) + 300_000
    effects = run(country, *facts, *entries_of(rows, 70), end)
    found = [
        (str(alarm.kind), alarm.cause, alarm.occurred_ms, alarm.ended_ms or 0)
        for alarm in standing(effects)
        if alarm.kind in TOLD or alarm.cause in ("frozen", "no fix", "continuous")
    ]
    assert sorted(found) == Day(country, facts, rows, end).found()


@pytest.mark.parametrize("seed", range(60))
def test_the_engine_finds_the_visits_plain_loops_find(country: World, seed: int) -> None:
    facts, rows = a_day_beside_a_fence(seed) if seed % 3 else a_day(seed, acts=30)
    end = max(row[1] for row in rows) + 300_000
    effects = run(country, *facts, *entries_of(rows, 70), end)
    found = [
        (str(alarm.kind), alarm.cause, alarm.occurred_ms, alarm.ended_ms or 0)
        for alarm in standing(effects)
        if alarm.kind == "AREA_ENTERED" and alarm.cause in CLOSED
    ]
    assert sorted(found) == areas_of(Day(country, facts, rows, end))
