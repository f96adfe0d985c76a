"""Sides of a fence: true crossings are believed soon, errors of parked receivers never, whoever stands beyond in time."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.sides import USUAL, Doubt, has_changed, is_deep, weighed

ERROR_M = USUAL.usual_error_m
DEPTHS = st.lists(st.tuples(st.integers(1, 60_000), st.floats(-300, 300)), min_size=1, max_size=40)


def verdicts(
    fixes: Iterable[tuple[int, float]], *, moves: bool = False, half_width_m: float = math.inf, error_m: float = ERROR_M
) -> list[bool | None]:
    """One doubt through fixes of (milliseconds after the first, metres beyond the fence), up to its end."""
    doubt, told = Doubt(0, 0), list[bool | None]()
    for at_ms, depth_m in fixes:
        doubt = weighed(doubt, depth_m)
        told.append(has_changed(doubt, at_ms, depth_m, error_m, half_width_m, moves=moves))
        if told[-1] is not None:
            break
    return told


def wandering(seed: int, offset_m: float, sigma_m: float, every_s: int, hours: float) -> list[tuple[int, float]]:
    """Depths of a parked receiver whose error is correlated over a minute."""
    rng, keep = random.Random(seed), math.exp(-every_s / 60)
    error, fixes = rng.gauss(0, sigma_m), list[tuple[int, float]]()
    for number in range(int(hours * 3600 / every_s)):
        fixes.append((number * every_s * 1000, offset_m + error))
        error = keep * error + rng.gauss(0, sigma_m * math.sqrt(1 - keep**2))
    return fixes


def test_one_fix_two_errors_beyond_the_fence_tells_of_a_vehicle_on_the_move() -> None:
    assert verdicts([(0, 30.0)], moves=True) == [True]
    assert verdicts([(0, 29.0)], moves=True) == [None]
    assert verdicts([(0, -30.0)], moves=True) == [False]


def test_a_vehicle_that_stands_must_be_deeper() -> None:
    assert verdicts([(0, 59.0)]) == [None]
    assert verdicts([(0, 60.0)]) == [True]


def test_a_slow_crossing_is_known_with_the_third_fix_inside() -> None:
    """10 km/h straight on, a fix every ten seconds: 28 m from fix to fix."""
    for first in range(28):
        assert True in verdicts([(number * 10_000, first + number * 28.0) for number in range(3)], moves=True)


def test_fixes_a_second_apart_are_one_error() -> None:
    assert verdicts([(number * 1_000, 20.0) for number in range(30)])[-1] is None
    assert verdicts([(number * 60_000, 20.0) for number in range(30)])[-1] is True


def test_two_fixes_well_within_a_narrow_road_tell_only_of_who_drives_on_it() -> None:
    fixes = [(0, 12.0), (30_000, 9.0)]
    assert verdicts(fixes, moves=True, half_width_m=15.0) == [None, True]
    assert verdicts(fixes, half_width_m=15.0) == [None, None]
    assert verdicts([(0, 3.0), (30_000, 4.0)], moves=True, half_width_m=15.0) == [None, None]


@pytest.mark.parametrize("every_s", [1, 10, 30])
@pytest.mark.parametrize("sigma_m", [5.0, 10.0, 15.0])
@pytest.mark.parametrize("offset_m", [-20.0, -10.0, -5.0])
def test_a_night_parked_before_the_fence_is_never_beyond_it(every_s: int, sigma_m: float, offset_m: float) -> None:
    """A doubt begins with each fix beyond the fence, and each is another chance to be wrong."""
    doubt = None
    for at_ms, depth_m in wandering(7, offset_m, sigma_m, every_s, 10):
        if doubt is None and depth_m <= 0:
            continue
        doubt = weighed(doubt or Doubt(at_ms, at_ms), depth_m)
        verdict = has_changed(doubt, at_ms, depth_m, ERROR_M, math.inf, moves=False)
        assert verdict is not True
        doubt = None if verdict is False else doubt


@pytest.mark.parametrize("seed", range(10))
def test_who_parks_twenty_metres_beyond_the_fence_is_found_within_half_an_hour(seed: int) -> None:
    told = verdicts(wandering(seed, 20.0, 10.0, 30, 0.5))
    assert told[-1] is True
    assert len(told) > 2, "and not by the first fix"


@given(DEPTHS, st.booleans())
def test_no_fix_beyond_is_no_crossing_and_no_fix_before_is_no_staying(
    steps: list[tuple[int, float]], moves: bool
) -> None:
    at_ms, fixes = 0, []
    for wait_ms, depth_m in steps:
        fixes.append((at_ms, abs(depth_m)))
        at_ms += wait_ms
    assert False not in verdicts(fixes, moves=moves)
    assert True not in verdicts([(at, -depth) for at, depth in fixes], moves=moves)


@given(DEPTHS, st.floats(0, 50), st.booleans())
def test_whoever_is_deeper_is_believed_no_later(steps: list[tuple[int, float]], deeper_m: float, moves: bool) -> None:
    fixes = [(60_000 * number, depth_m) for number, (_, depth_m) in enumerate(steps)]
    told = verdicts(fixes, moves=moves)
    deeper = verdicts([(at, depth + deeper_m) for at, depth in fixes], moves=moves)
    if told[-1] is True:
        assert True in deeper[: len(told)]


@given(st.floats(-5, 200), st.floats(0, 200))
def test_a_receiver_that_states_a_small_error_is_believed_down_to_ten_metres(stated_m: float, depth_m: float) -> None:
    error_m = USUAL.error_m(stated_m)
    assert error_m >= 10.0
    assert error_m == (15.0 if stated_m <= 0 else max(10.0, stated_m))
    assert is_deep(depth_m, error_m, math.inf) == (depth_m >= 2 * error_m)
    assert is_deep(depth_m, error_m, 10.0) == (depth_m >= 5.0)


def test_a_doubt_is_kept_as_plain_numbers() -> None:
    doubt = weighed(weighed(Doubt(1, 2, "entered"), 12.34), -3.0)
    assert doubt == Doubt(1, 2, "entered", 2, 93, 123)
    assert Doubt(*doubt.to_plain()) == doubt  # type: ignore[arg-type]
