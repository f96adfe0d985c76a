"""Restricted areas: entered, crossed unseen, hours that open, fences one parks beside."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from datetime import date

import pytest

from geo.position import offset
from services.monitoring.engine import ShardState, World, activate, basis_of, step, thresholds_on
from services.monitoring.engine.judge import CATEGORY, barring
from services.monitoring.engine.thresholds import FIGURES
from services.monitoring.facts import Pass, PassFact
from services.monitoring.fixes import Fixes
from services.monitoring.model import (
    Activation,
    AlarmRaised,
    AlarmRevised,
    AlarmWithdrawn,
    Effect,
    FixesEntry,
    Goods,
    TripEntry,
    ZoneKind,
    ZoneRecord,
    ZoneRule,
)
from tests.unit.services.monitoring.drives import (
    PETROL,
    START_MS,
    Row,
    Told,
    a_trip,
    cleaned,
    entries_of,
    kinds,
    row,
    run,
    standing,
    straight,
)
from tests.unit.services.monitoring.random_days import HOUR_MS, MIDDLE, a_country, every_other_hour, square


@pytest.fixture(scope="module")
def country() -> World:
    return a_country()


def areas(effects: Sequence[Effect]) -> list[AlarmRaised | AlarmRevised]:
    return [alarm for alarm in standing(effects) if alarm.kind == "AREA_ENTERED"]


def test_driving_through_an_area_is_one_alarm_with_the_times_of_the_fence(country: World) -> None:
    rows = straight(MIDDLE, speed_dkmh=720, seconds=400)  # 20 m/s; the area lies from 2,000 m to 5,000 m
    (alarm,) = areas(run(country, a_trip(), *entries_of(rows)))
    assert abs(alarm.occurred_ms - (START_MS + 100_000)) < 500
    assert alarm.ended_ms is not None
    assert abs(alarm.ended_ms - (START_MS + 250_000)) < 500
    assert alarm.zone_id == "a"
    assert alarm.evidence["how"] == "entered"


def test_a_strip_of_eighty_metres_is_crossed_though_no_fix_lies_in_it(country: World) -> None:
    start = offset(offset(MIDDLE, 270, 2_960), 180, 330)  # reports 300 m before and 220 m behind the strip
    rows = straight(start, speed_dkmh=720, seconds=60, interval_s=30, heading=0)
    (alarm,) = areas(run(country, a_trip(), *entries_of(rows)))
    assert alarm.evidence["how"] == "crossed"
    assert alarm.ended_ms is not None
    assert alarm.ended_ms - alarm.occurred_ms == pytest.approx(4_000, abs=50)


def test_a_zone_for_explosives_lets_petrol_pass_and_fireworks_are_grave(country: World) -> None:
    rows = straight(offset(offset(MIDDLE, 270, 9_000), 0, 4_000), speed_dkmh=720, seconds=400)
    assert areas(run(country, a_trip(), *entries_of(rows))) == []
    fireworks = a_trip(goods=(Goods("0336", ("1.4G",), ("FIREWORKS",)),))
    (alarm,) = areas(run(country, fireworks, *entries_of(rows)))
    assert alarm.severity == "GRAVE"


def test_nothing_aboard_nothing_forbidden(country: World) -> None:
    rows = straight(MIDDLE, speed_dkmh=720, seconds=400)
    assert areas(run(country, cleaned(), *entries_of(rows))) == []
    assert areas(run(country, *entries_of(rows))) == []


def a_pass(*spans: tuple[int, int], zone: str = "a", goods: tuple[str, ...] = ()) -> Pass:
    return Pass("p", (zone,), goods, spans)


def passes(at_ms: int, *held: Pass, vehicle: int = 1) -> PassFact:
    return PassFact(vehicle=vehicle, at_ms=at_ms, passes=held)


@pytest.fixture(scope="module")
def closed() -> World:
    zone = ZoneRecord(
        id="a", version="1", kind=ZoneKind.RESTRICTED_AREA, shape=square(2_000, -1_000, 3_000),
        rules=(ZoneRule(id="r", action="ONLY_WITH_PASS", grace_ms=0),),
    )  # fmt: skip
    return World.build([zone])


EVER = (0, 1 << 61)
ROWS = straight(MIDDLE, speed_dkmh=720, seconds=400)  # inside from 100 s to 250 s


@pytest.mark.parametrize("order", [0, 1])
def test_a_pass_lifts_the_ban_for_its_vehicle_alone(closed: World, order: int) -> None:
    for vehicle, expected in ((1, 0), (2, 1)):
        facts: list[Told] = [passes(START_MS - 2_000, a_pass(EVER)), a_trip(vehicle)]
        rows = straight(MIDDLE, speed_dkmh=720, seconds=400, vehicle=vehicle)
        assert len(areas(run(closed, *facts[:: 1 - 2 * order], *entries_of(rows)))) == expected


def test_a_pass_is_for_its_zone_its_goods_and_its_hours(closed: World) -> None:
    before = START_MS - 2_000
    for held, expected in (
        (a_pass(EVER, zone="b"), 1),
        (a_pass(EVER, goods=("1202",)), 1),
        (a_pass(EVER, goods=("1202", "1203")), 0),
        (a_pass((0, START_MS)), 1),
        (a_pass((0, START_MS + 150_000), (START_MS + 150_000, START_MS + 400_000)), 0),
    ):
        assert len(areas(run(closed, passes(before, held), a_trip(), *entries_of(ROWS)))) == expected, held
    (alarm,) = areas(run(closed, passes(before, a_pass((0, START_MS + 150_000))), a_trip(), *entries_of(ROWS)))
    assert (alarm.occurred_ms, alarm.evidence["how"]) == (START_MS + 150_000, "window opened")


def test_a_pass_revoked_bites_from_then_on_and_one_issued_lets_go(closed: World) -> None:
    then = START_MS + 200_000
    facts = [passes(START_MS - 2_000, a_pass(EVER)), passes(then)]
    for size in (1, 7, 1_000):
        (alarm,) = areas(run(closed, facts[0], a_trip(), facts[1], *entries_of(ROWS, size)))
        assert (alarm.occurred_ms, alarm.evidence["how"]) == (then, "window opened")
        (alarm,) = areas(run(closed, a_trip(), passes(then, a_pass(EVER)), *entries_of(ROWS, size)))
        assert (alarm.evidence["how"], alarm.ended_ms) == ("entered", then)


def test_a_restart_forgets_no_pass(closed: World) -> None:
    state = ShardState()
    run(closed, passes(START_MS - 2_000, a_pass(EVER)), a_trip(), *entries_of(ROWS[:18]), state=state)
    again = ShardState.restore(state.snapshot())
    assert again.snapshot() == state.snapshot()
    assert areas(run(closed, *entries_of(ROWS[18:]), state=again)) == []


def test_nothing_lifts_a_tunnel_category() -> None:
    zone = ZoneRecord(
        id="a", version="1", kind=ZoneKind.TUNNEL, category="D", rules=(ZoneRule(id="r", action="ONLY_WITH_PASS"),)
    )
    category, rule = barring(zone, a_trip(passes=(a_pass(EVER),)))
    assert (category.id, category.hours(0, 10), rule.hours(0, 10)) == (CATEGORY, ((0, 10),), ())


def test_an_activation_is_judged_by_the_zones_before_it_up_to_its_moment(closed: World) -> None:
    """Inside while the ban ends and another begins, of a vehicle that is not heard meanwhile; a restart changes nothing."""
    free = closed.changed(gone=["a"])
    for is_restarted in (False, True):
        state = ShardState()
        effects = run(closed, a_trip(), *entries_of(ROWS[:20]), state=state)
        if is_restarted:
            state = ShardState.restore(state.snapshot())
        effects += activate(state, closed, free, Activation(2, START_MS + 215_000))
        effects += run(free, *entries_of(ROWS[20:24]), state=state)
        effects += activate(state, free, closed, Activation(3, START_MS + 241_000))
        effects += run(closed, *entries_of(ROWS[24:]), state=state)
        first, second = areas(effects)
        assert first.ended_ms is not None
        assert START_MS + 200_000 <= first.ended_ms <= START_MS + 220_000
        assert second.evidence["how"] in ("inside", "entered", "crossed")


@pytest.mark.parametrize("beside_m", [0, 5, 10, 20])
def test_an_hour_parked_beside_the_fence_is_no_visit(country: World, beside_m: int) -> None:
    """The receiver errs by 15 m, slowly wandering, one fix a second."""
    rng = random.Random(beside_m)
    fence, east, north, rows = offset(MIDDLE, 90, 2_000 - beside_m), 0.0, 0.0, []
    for second in range(3600):
        east, north = 0.98 * east + rng.gauss(0, 3), 0.98 * north + rng.gauss(0, 3)
        place = offset(offset(fence, 90, east), 0, north)
        rows.append(row(second, place, speed=rng.randint(0, 20)))
    assert areas(run(country, a_trip(), *entries_of(rows, 60))) == []


def wandering(rng: random.Random, every_s: int, sigma_m: float) -> Iterator[tuple[float, float]]:
    """Errors east and north, correlated over a minute."""
    keep = math.exp(-every_s / 60)
    east, north = rng.gauss(0, sigma_m), rng.gauss(0, sigma_m)
    while True:
        yield east, north
        fresh = sigma_m * math.sqrt(1 - keep**2)
        east, north = keep * east + rng.gauss(0, fresh), keep * north + rng.gauss(0, fresh)


def parked_in(inward_m: float, hours: float, seed: int = 1) -> list[Row]:
    """A lorry that drives up to a place so many metres within the western fence and stays, a fix every 30 s."""
    errors = wandering(random.Random(seed), 30, 10.0)
    rows = []
    for number in range(-8, int(hours * 120)):
        east, north = next(errors)
        place = offset(MIDDLE, 90, 2_000 + inward_m + min(0, number) * 150.0 + east)
        rows.append(row((number + 8) * 30, offset(place, 0, north), speed=180 if number < 0 else 5))
    return rows


def test_who_parks_twenty_metres_inside_is_found_and_stays_found(country: World) -> None:
    for seed in range(5):
        (alarm,) = areas(run(country, a_trip(), *entries_of(parked_in(20, 5, seed))))
        assert alarm.ended_ms is None
        assert alarm.occurred_ms - START_MS < 1_800_000


def test_a_lorry_may_drive_along_the_fence_all_day(country: World) -> None:
    """Up and down twenty-five metres before the western fence, a fix every ten seconds."""
    errors, rows = wandering(random.Random(3), 10, 10.0), []
    for number in range(2_000):
        along = number * 140.0 % 4_000
        place = offset(offset(MIDDLE, 90, 1_975), 0, -500 + (along if along < 2_000 else 4_000 - along))
        east, north = next(errors)
        rows.append(row(number * 10, offset(offset(place, 90, east), 0, north), speed=500))
    assert areas(run(country, a_trip(), *entries_of(rows, 60))) == []


def test_a_doubt_outlives_a_restart_and_ends_with_the_load(country: World) -> None:
    rows = parked_in(20, 0.5, 2)
    undisturbed, told_after = ShardState(), 0
    for entry in entries_of(rows, 1):
        told_after += not areas(run(country, *([] if told_after else [a_trip()]), entry, state=undisturbed))
        if undisturbed.visits:
            break
    assert told_after > 9, "it takes more than the first fix inside"
    state = ShardState()
    run(country, a_trip(), *entries_of(rows[:told_after]), state=state)
    assert state.doubts
    again = ShardState.restore(state.snapshot())
    assert again.snapshot() == state.snapshot()
    assert areas(run(country, *entries_of(rows[told_after:]), state=again))
    at_ms = rows[told_after - 1][1] + 1
    assert areas(run(country, cleaned(at_ms=at_ms), *entries_of(rows[told_after:]), state=state)) == []
    assert not state.doubts


def test_who_is_inside_when_the_window_opens_is_told_by_a_tick_and_released_when_it_closes(country: World) -> None:
    inside = offset(offset(MIDDLE, 270, 7_000), 180, 2_000)
    closed = START_MS // (2 * HOUR_MS) * 2 * HOUR_MS + HOUR_MS  # an hour in which the window is shut begins
    first = (closed + HOUR_MS // 2 - START_MS) / 1000
    rows = straight(inside, speed_dkmh=300, seconds=60, from_s=first)
    state, opens = ShardState(), closed + HOUR_MS
    trip = a_trip(at_ms=closed)
    before = run(country, trip, *entries_of(rows), opens - 1, state=state)
    assert areas(before) == []
    after = run(country, opens + 5_000, opens + 10_000, state=state)
    (alarm,) = areas(after)
    assert (alarm.occurred_ms, alarm.evidence["how"]) == (opens, "window opened")
    (alarm,) = areas(after + run(country, opens + HOUR_MS + 1_000, state=state))
    assert alarm.ended_ms == opens + HOUR_MS


def test_a_tick_in_the_window_is_taken_back_when_the_vehicle_had_left_before_it(country: World) -> None:
    inside = offset(offset(MIDDLE, 270, 5_600), 180, 2_000)  # 600 m from the eastern fence
    opens = (START_MS // (2 * HOUR_MS) + 1) * 2 * HOUR_MS
    rows = straight(inside, speed_dkmh=720, seconds=100, from_s=(opens - 60_000 - START_MS) / 1000)
    state = ShardState()
    effects = run(country, a_trip(at_ms=opens - 70_000), *entries_of(rows[:2]), opens + 1_000, state=state)
    assert len(areas(effects)) == 1
    effects += run(country, *entries_of(rows[2:]), state=state)
    assert areas(effects) == []
    assert any(isinstance(effect, AlarmWithdrawn) for effect in effects)


def test_a_zone_drawn_now_counts_from_now_and_one_taken_away_lets_go(country: World) -> None:
    rows, state = straight(MIDDLE, speed_dkmh=720, seconds=400), ShardState()
    none = country.changed(gone=["a"])
    assert areas(run(none, a_trip(), *entries_of(rows))) == []
    again = none.changed([ZoneRecord(
        id="a", version="2", kind=ZoneKind.RESTRICTED_AREA, shape=square(2_000, -1_000, 3_000), rules=(ZoneRule(id="r"),)
    )])  # fmt: skip
    effects = run(again, a_trip(), *entries_of(rows[:15]), state=state)
    assert areas(effects)[0].evidence["zone_version"] == "2"
    effects += run(none, *entries_of(rows[15:]), state=state)
    assert areas(effects)[0].ended_ms is not None


@pytest.mark.parametrize("at_once", [True, False], ids=["one entry", "with ticks between"])
def test_a_ban_lifted_while_the_vehicle_stands_inside_ends_the_alarm_then(country: World, at_once: bool) -> None:
    """The zone is closed, or stays and only its rule goes; the vehicle does not move for hours."""
    lifted_ms = START_MS + 400_000
    stays = [row(at, offset(MIDDLE, 90, 3_500), speed=0) for at in range(180, 3_000, 60)]
    rows = [*straight(MIDDLE, speed_dkmh=720, seconds=170), *stays]
    ruleless = ZoneRecord(id="a", version="2", kind=ZoneKind.RESTRICTED_AREA, shape=square(2_000, -1_000, 3_000))
    for after in (country.changed(gone=["a"]), country.changed([ruleless])):
        state = ShardState()
        effects = run(country, a_trip(), *entries_of([each for each in rows if each[1] < lifted_ms]), state=state)
        (alarm,) = areas(effects)
        assert alarm.ended_ms is None
        effects += activate(state, country, after, Activation(1, lifted_ms))
        if not at_once:
            state = ShardState.restore(state.snapshot())
            effects += run(after, lifted_ms + 5_000, lifted_ms + 15_000, state=state)
            assert areas(effects)[0].ended_ms == lifted_ms, "no fix is needed for that"
        later = entries_of([each for each in rows if each[1] >= lifted_ms], cut=100 if at_once else 1)
        effects += run(after, *later, state=state)
        assert [each.ended_ms for each in areas(effects)] == [lifted_ms]
        assert not state.visits


def test_unloading_ends_the_visit_at_that_moment(country: World) -> None:
    rows = straight(MIDDLE, speed_dkmh=720, seconds=400)
    over = cleaned(at_ms=START_MS + 150_000)
    (alarm,) = areas(run(country, a_trip(), over, *entries_of(rows)))
    assert alarm.ended_ms == START_MS + 150_000


def test_a_speed_section_lowers_the_limit_for_everybody(country: World) -> None:
    start = offset(MIDDLE, 90, 5_000)  # the section begins at 6,000 m: 50 km/h where 40 is allowed
    found = standing(run(country, *entries_of(straight(start, speed_dkmh=500, seconds=400))))
    assert [(alarm.kind, alarm.evidence["limit_dkmh"]) for alarm in found] == [("OVERSPEED", "400")]


def test_hostile_fixes_crash_nothing(country: World) -> None:
    wild = [-(2**62), -1, 0, 1, 2**31, 2**62]
    rng, state = random.Random(1), ShardState()
    step(state, country, TripEntry(a_trip()))
    for _ in range(200):
        rows = [
            [rng.randint(0, 3), *(rng.choice([*wild, rng.randint(-(2**31), 2**31)]) for _ in range(8))]
            for _ in range(9)
        ]
        for fix in rows:
            fix[4:8] = [value % 2**31 for value in fix[4:8]]
        step(state, country, FixesEntry(Fixes.of(rows)))
    step(state, country, FixesEntry(Fixes.empty()))
    assert ShardState.restore(state.snapshot()).snapshot() == state.snapshot()


def test_every_figure_has_a_source_and_a_place() -> None:
    day = date(2026, 5, 4)
    figures = thresholds_on(day)
    for name in FIGURES:
        assert getattr(figures, name) >= 0
        assert basis_of(name, day).zh
    assert thresholds_on(day, night_driving_ms=7_200_000).night_driving_ms == 7_200_000


def test_a_broken_snapshot_is_refused() -> None:
    blob = ShardState().snapshot()
    for broken in (b"", b"x", blob[:-3], b"\xff" + blob[1:], blob[:20]):
        with pytest.raises(ValueError, match=r"snapshot|length"):
            ShardState.restore(broken)


def test_hours_and_petrol_of_the_helpers() -> None:
    assert every_other_hour(0, 4 * HOUR_MS) == ((0, HOUR_MS), (2 * HOUR_MS, 3 * HOUR_MS))
    assert kinds([]) == []
    assert PETROL[0].un_number == "1203"
