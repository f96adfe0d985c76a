"""Visits: true crossings are told once and at the right time, parked vehicles stay where they are."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.visits import Event, Kind, Motion, Policy, Step, VisitState, found_inside, move, step

USUAL = Policy()
SIDE_M = 1000.0  # the zone: a strip 0 <= x <= 1000 m


def drive(
    places: list[tuple[int, float, int]],
    policy: Policy = USUAL,
    state: VisitState | None = None,
    accuracy_m: float | None = None,
) -> tuple[VisitState | None, list[Event]]:
    """Reports (milliseconds, metres east, speed in 0.1 km/h) of one vehicle, stepped through the strip."""
    events: list[Event] = []
    motion: Motion | None = None
    before: tuple[int, float] | None = None
    for at_ms, x, speed in places:
        motion = move(motion, at_ms, speed)
        taken = a_step(before, (at_ms, x), motion, accuracy_m)
        state, told = step(state, taken, lambda x=x: min(abs(x), abs(x - SIDE_M)), policy)  # type: ignore[misc]
        events += told
        before = at_ms, x
    return state, events


def a_step(
    before: tuple[int, float] | None, now: tuple[int, float], motion: Motion, accuracy_m: float | None = None
) -> Step:
    here = 0 <= now[1] <= SIDE_M
    if before is None:
        return Step(None, now[0], 0.0, here, motion=motion, accuracy_m=accuracy_m)
    there, way = 0 <= before[1] <= SIDE_M, now[1] - before[1]
    shares = (
        sorted(((0.0 - before[1]) / way, (SIDE_M - before[1]) / way)) if way else [-1.0, 2.0] if here else [2.0, 3.0]
    )
    t_in, t_out = max(0.0, shares[0]), min(1.0, shares[1])
    return Step(before[0], now[0], abs(way), here, there, t_in, t_out, t_in <= t_out, accuracy_m, motion)


def at_speed(*places: float, every_s: int = 10, speed: int = 600) -> list[tuple[int, float, int]]:
    return [(index * every_s * 1000, place, speed) for index, place in enumerate(places)]


def test_a_visit_is_told_once_at_the_moments_of_crossing() -> None:
    state, events = drive(at_speed(-300, -100, 100, 300, 900, 1100, 1300, 1500))
    assert state is None
    assert events == [Event(Kind.ENTERED, 15_000, True), Event(Kind.LEFT, 45_000, True)]


def test_the_entry_is_known_with_the_second_fix_inside() -> None:
    assert drive(at_speed(-300, -100, 100))[1] == []
    assert drive(at_speed(-300, -100, 100, 300))[1] == [Event(Kind.ENTERED, 15_000, True)]


def test_a_zone_jumped_over_is_crossed() -> None:
    assert drive(at_speed(-500, 1500))[1] == [Event(Kind.CROSSED, 2500, True, 7500)]


def test_one_fix_inside_on_the_way_through_is_a_crossing() -> None:
    assert drive(at_speed(-500, 500, 1500, 2500))[1] == [Event(Kind.CROSSED, 5000, True, 15_000)]


def test_one_shallow_fix_inside_is_none_where_the_zone_asks_for_depth() -> None:
    assert drive(at_speed(-500, 5, -500), Policy(least_depth_m=20))[1] == []
    assert [event.kind for event in drive(at_speed(-500, 25, -500), Policy(least_depth_m=20))[1]] == [Kind.CROSSED]


def test_one_fix_outside_does_not_end_a_visit() -> None:
    state, events = drive(at_speed(-300, 100, 300, -5, 300, 400))
    assert [event.kind for event in events] == [Kind.ENTERED]
    assert state is not None


def test_nothing_is_claimed_about_a_long_silence() -> None:
    places = [(0, -500.0, 600), (700_000, 1500.0, 600)]
    assert drive(places)[1] == []


def test_after_a_long_silence_a_vehicle_is_found_inside() -> None:
    places = [(0, -500.0, 600), (700_000, 500.0, 600), (710_000, 600.0, 600)]
    assert drive(places)[1] == [Event(Kind.FOUND_INSIDE, 700_000, False)]


def test_the_first_fixes_of_all_find_a_vehicle_inside() -> None:
    assert drive(at_speed(500, 600))[1] == [Event(Kind.FOUND_INSIDE, 0, False)]


def test_a_vehicle_first_seen_parked_just_inside_is_found() -> None:
    assert [event.kind for event in drive([(index * 30_000, 5.0, 0) for index in range(3)])[1]] == [Kind.FOUND_INSIDE]


def test_a_window_that_opens_finds_who_is_inside() -> None:
    state, _ = drive(at_speed(-300, 100, 300))
    assert found_inside(state, 99_000) == (Event(Kind.FOUND_INSIDE, 99_000, True),)
    assert found_inside(None, 99_000) == ()


def test_a_visit_shorter_than_the_dwell_is_a_crossing() -> None:
    events = drive(at_speed(-300, 100, 300, 500, -300, -500), Policy(dwell_s=60))[1]
    assert [event.kind for event in events] == [Kind.CROSSED]
    events = drive(at_speed(-300, *([400] * 8)), Policy(dwell_s=60))[1]
    assert [event.kind for event in events] == [Kind.ENTERED]


def test_a_lorry_that_creeps_in_before_it_stops_is_inside() -> None:
    places = [*at_speed(-300, -150, -30), *((30_000 + index * 10_000, 15.0, 40) for index in range(6))]
    assert [event.kind for event in drive(places)[1]] == [Kind.ENTERED]


def test_a_parked_vehicle_moved_a_hundred_metres_without_a_speed_is_believed() -> None:
    places = [*((index * 30_000, -5.0, 0) for index in range(10)), (300_000, 120.0, 0), (330_000, 121.0, 0)]
    assert [event.kind for event in drive(places)[1]] == [Kind.ENTERED]


@pytest.mark.parametrize("every_s", [1, 10, 30])
@pytest.mark.parametrize("sigma_m", [5.0, 10.0, 15.0])
@pytest.mark.parametrize("offset_m", [-20.0, -5.0, 0.0, 5.0, 20.0])
def test_a_vehicle_parked_beside_the_fence_crosses_nothing(every_s: int, sigma_m: float, offset_m: float) -> None:
    """Six hours of correlated error (a minute), with speeds as a standing receiver makes them up."""
    rng = random.Random(f"{every_s}{sigma_m}{offset_m}")
    keep, error, places = math.exp(-every_s / 60), rng.gauss(0, sigma_m), []
    for index in range(6 * 3600 // every_s):
        error = keep * error + rng.gauss(0, sigma_m * math.sqrt(1 - keep**2))
        places.append((index * every_s * 1000, offset_m + error, round(abs(rng.gauss(0, 15)))))
    start = VisitState(True, 0, True) if offset_m > 0 else None
    _, events = drive(places, state=start, accuracy_m=None)
    late = [event for event in events if event.at_ms > 180_000]  # until it counts as parked
    assert late == []


@given(st.integers(0, 10**9))
@settings(max_examples=100, deadline=None)
def test_a_true_crossing_is_known_two_fixes_later(seed: int) -> None:
    rng = random.Random(seed)
    every_s, speed_m_s = rng.choice((10, 30)), rng.uniform(4, 22)
    x, places = -rng.uniform(500, 2000), []
    while x < 990:
        places.append((len(places) * every_s * 1000, x + rng.gauss(0, 3), round(speed_m_s * 36)))
        x += speed_m_s * every_s
    inside = next(index for index, place in enumerate(places) if place[1] >= 0)
    if len(places) > inside + 1 and places[inside + 1][1] >= 0:
        assert drive(places[: inside + 2])[1][0].kind is Kind.ENTERED


@given(st.lists(st.tuples(st.floats(-200, 1200), st.integers(0, 800)), min_size=2, max_size=30), st.integers(1, 29))
@settings(max_examples=100, deadline=None)
def test_a_visit_never_ends_before_it_began_and_kinds_alternate(places: list[tuple[float, int]], cut: int) -> None:
    fixes = [(index * 10_000, x, speed) for index, (x, speed) in enumerate(places)]
    events = drive(fixes)[1]
    sides = [event.kind in (Kind.ENTERED, Kind.FOUND_INSIDE) for event in events if event.kind is not Kind.CROSSED]
    assert all(side != (index % 2 == 1) for index, side in enumerate(sides))
    assert [event.at_ms for event in events] == sorted(event.at_ms for event in events)


def test_one_spurious_speed_does_not_wake_a_parked_vehicle() -> None:
    motion: Motion | None = None
    for second in range(0, 300, 10):
        motion = move(motion, second * 1000, 0)
    assert motion is not None
    assert motion.is_parked
    motion = move(motion, 300_000, 200)
    assert motion.is_parked
    assert not move(motion, 310_000, 200).is_parked
    assert move(motion, 310_000, 0).is_parked
