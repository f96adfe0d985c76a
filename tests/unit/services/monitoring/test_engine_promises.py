"""What detection promises whatever happens: cuts, ticks, restarts and delays do not change what is found."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from services.monitoring.engine import ShardState, World, recompute, step
from services.monitoring.fixes import Fixes
from services.monitoring.model import (
    Alarm,
    AlarmRaised,
    AlarmRevised,
    AlarmWithdrawn,
    Effect,
    FixesEntry,
    NeedsHistory,
    TickEntry,
    TripEntry,
    TripFact,
)
from tests.unit.services.monitoring.drives import START_MS, Row, Told, a_trip, entries_of, run, standing, straight
from tests.unit.services.monitoring.random_days import MIDDLE, a_country, a_day

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def country() -> World:
    return a_country()


def fleet(seed: int, vehicles: int = 6) -> tuple[list[TripFact], list[Row]]:
    days = [a_day(seed * 100 + vehicle, vehicle) for vehicle in range(1, vehicles + 1)]
    return [fact for facts, _ in days for fact in facts], [row for _, rows in days for row in rows]


def content(alarms: Sequence[Alarm]) -> list[tuple[object, ...]]:
    """Everything about alarms but the ids and revisions."""
    return sorted(
        (str(a.kind), a.cause, a.vehicle, a.occurred_ms, a.ended_ms or 0, str(a.severity), a.waybill_id, str(a.position),
         sorted(a.evidence.items()))
        for a in alarms
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_the_same_however_the_fixes_are_cut_and_after_any_restart(country: World, seed: int) -> None:
    facts, rows = fleet(seed)
    rng = random.Random(seed)
    whole_state, state = ShardState(), ShardState()
    whole = run(country, *facts, *entries_of(rows, len(rows)), state=whole_state)
    effects = run(country, *facts, state=state)
    ordered = sorted(rows, key=lambda row: row[1])
    while ordered:
        count = rng.choice([1, 1, 2, 5, 50, 400])
        effects += step(state, country, FixesEntry(Fixes.of(ordered[:count])))
        del ordered[:count]
        if rng.random() < 0.1:
            state = ShardState.restore(state.snapshot())
    assert effects == whole
    assert state.snapshot() == whole_state.snapshot()
    assert len(standing(whole)) > 5


@pytest.mark.parametrize("seed", range(6))
def test_ticks_only_tell_early_what_fixes_tell_anyway(country: World, seed: int) -> None:
    facts, rows = fleet(seed)
    end = max(row[1] for row in rows) + 3_000_000
    plain = run(country, *facts, *entries_of(rows, 100), end)
    rng = random.Random(seed)
    ticks = sorted(rng.randint(START_MS, end) for _ in range(300))
    timed: list[tuple[int, Told]] = [(row[1] + rng.randint(0, 20_000), FixesEntry(Fixes.of([row]))) for row in rows]
    per_vehicle: dict[int, int] = {}
    ordered = []
    for (arrival, entry), row in sorted(zip(timed, rows, strict=True), key=lambda pair: pair[1][1]):
        per_vehicle[row[0]] = max(arrival, per_vehicle.get(row[0], 0))
        ordered.append((per_vehicle[row[0]], 0, entry))
    ordered += [(tick, 1, TickEntry(tick)) for tick in [*ticks, end]]
    ordered.sort(key=lambda each: each[:2])
    ticked = run(country, *facts, *(entry for _, _, entry in ordered))
    assert content(standing(ticked)) == content(standing(plain))


class Desk:
    """What a caller does: keeps fixes, facts and alarms, and recomputes when asked."""

    def __init__(self, world: World) -> None:
        self.world, self.state = world, ShardState()
        self.fixes: list[Row] = []
        self.facts: list[TripFact] = []
        self.alarms: dict[str, Alarm] = {}
        self.recomputed = 0

    def take_as_they_come(
        self, facts: Sequence[tuple[int, TripFact]], fixes: Sequence[tuple[int, Row]], begin: int, end: int
    ) -> None:
        """Facts and fixes at their times, with a tick every ten minutes from begin to end."""
        news: list[tuple[int, int, Any]] = [(at, 0, fact) for at, fact in facts]
        news += [(at, 1, row) for at, row in fixes]
        news += [(tick, 2, None) for tick in range(begin, end, 600_000)]
        for at, kind, what in sorted(news, key=lambda each: each[:2]):
            if kind == 0:
                self.take(TripEntry(what))
            elif kind == 1:
                self.fixes.append(what)
                self.take(FixesEntry(Fixes.of([what])))
            else:
                self.take(TickEntry(at))
        self.take(TickEntry(end))

    def take(self, entry: FixesEntry | TripEntry | TickEntry) -> None:
        if isinstance(entry, TripEntry):
            self.facts.append(entry.fact)
        effects = step(self.state, self.world, entry)
        self.keep(effects)
        for vehicle in sorted({effect.vehicle for effect in effects if isinstance(effect, NeedsHistory)}):
            known = [alarm for alarm in self.alarms.values() if alarm.vehicle == vehicle]
            facts = [fact for fact in self.facts if fact.vehicle == vehicle]
            history = Fixes.of(self.fixes)
            self.keep(recompute(self.state, [(0, self.world)], vehicle, history, facts, known, begin_ms=0))
            self.recomputed += 1

    def keep(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, AlarmRaised | AlarmRevised | AlarmWithdrawn):
                old = self.alarms.get(effect.id)
                assert effect.revision == (1 if old is None else old.revision + 1)
                self.alarms[effect.id] = effect

    def standing(self) -> list[Alarm]:
        return [alarm for alarm in self.alarms.values() if not isinstance(alarm, AlarmWithdrawn)]


@pytest.mark.parametrize("seed", [0, 1, 14, 31])
def test_fixes_late_by_up_to_a_day_give_the_same_alarms_in_the_end(country: World, seed: int) -> None:
    facts, rows = fleet(seed, 3)
    end = max(row[1] for row in rows) + 2 * DAY_MS
    begin = min(row[1] for row in rows)
    in_time = Desk(country)
    for fact in facts:
        in_time.take(TripEntry(fact))
    for entry in entries_of(rows, 64):
        in_time.take(entry)
    in_time.take(TickEntry(end))
    assert in_time.recomputed == 0
    rng, late = random.Random(seed), Desk(country)
    arrivals = sorted(
        (max(begin, row[1] + (rng.randint(0, DAY_MS) if rng.random() < 0.05 else rng.randint(0, 3_000))), row)
        for row in rows
    )
    late.take_as_they_come([(fact.at_ms + rng.randint(0, HOUR_MS), fact) for fact in facts], arrivals, begin, end)
    assert late.recomputed > 0
    assert content(late.standing()) == content(in_time.standing())


def test_a_fact_that_comes_when_ticks_have_judged_beyond_it_asks_for_history(country: World) -> None:
    """Else what was told of the time since would be taken back, and told again under a revision everybody knows already."""
    judged_ms = START_MS + 60_000
    tick, departed = judged_ms + country.thresholds.late_fact_ms, a_trip(at_ms=START_MS)
    for at_ms, asked in ((judged_ms, [NeedsHistory(1, judged_ms)]), (judged_ms + 1, [])):
        effects = run(country, departed, tick, a_trip(at_ms=at_ms, event="AMENDED", driver_id="d2"))
        assert [effect for effect in effects if isinstance(effect, NeedsHistory)] == asked


def test_a_fix_from_before_a_trip_that_a_tick_has_put_in_force_belongs_to_the_trip_before(country: World) -> None:
    fixes = straight(MIDDLE, speed_dkmh=0, seconds=700, interval_s=350)
    told: list[Told] = [a_trip(), FixesEntry(Fixes.of(fixes[:1])), a_trip(at_ms=START_MS + 600_000, waybill_id="w2")]
    state = ShardState()
    run(country, *told, START_MS + 600_000 + country.thresholds.late_fact_ms, state=state)
    effects = run(country, FixesEntry(Fixes.of(fixes[1:])), state=state)
    assert effects[0] == NeedsHistory(1, START_MS + 350_000, is_new=True)
    assert not [effect for effect in effects[1:] if isinstance(effect, NeedsHistory)]
