"""The pace of a driver: learnt from ways whose time is known, and what it says about those that are not."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.stretches import Stretch
from geo.transit_pace import Pace
from geo.transit_state import USUAL_PACE, USUAL_PACE_SPREAD

LEGAL = 60 / 3.6


def straight(*metres: float) -> Stretch:
    return Stretch.straight(np.array(metres), np.array(metres) / LEGAL)


def learnt(share: float, steps: int, *, stops: bool = False) -> Pace:
    """Steps of 30 s at a share of legal speed, now and then with a stop of two minutes."""
    rng = random.Random(steps)
    pace, spread = USUAL_PACE, USUAL_PACE_SPREAD
    for number in range(steps):
        speed = share * LEGAL
        elapsed = 30.0 + (120.0 if stops and number % 3 == 2 else 0.0)
        known = Pace(elapsed, speed, speed, pace / 1000, spread / 1000)
        pace, spread = known.after(straight(30.0 * speed + rng.gauss(0, 8)))
    return Pace(30.0, share * LEGAL, share * LEGAL, pace / 1000, spread / 1000)


@settings(max_examples=30, deadline=None)
@given(share=st.floats(0.72, 1.02), stops=st.booleans())
def test_a_drivers_pace_is_learnt_within_a_dozen_fixes_and_stops_do_not_spoil_it(share: float, stops: bool) -> None:
    pace = learnt(share, 12, stops=stops)
    assert abs(pace.share - share) < 0.05
    assert pace.spread < USUAL_PACE_SPREAD / 1000 / 1.8


def test_the_way_that_takes_the_time_there_was_costs_least_and_too_long_ones_ever_more_up_to_a_bound() -> None:
    pace = learnt(0.9, 12)
    fits = 30.0 * 0.9 * LEGAL
    fast, slow = pace.costs(straight(fits - 200, fits, fits + 100, fits + 200, fits + 5000))
    assert np.argmin(fast + slow) == 1
    assert (np.diff(fast[1:]) > 0).all()
    assert fast[-1] <= 8.0
    assert slow[0] > 2.0
    assert slow[2:].tolist() == [0.0, 0.0, 0.0]


def test_who_starts_from_a_stop_has_come_less_far_in_the_same_time() -> None:
    way = straight(300.0)
    stood, rolled = (Pace(30.0, speed, LEGAL, 0.9, 0.03).costs(way) for speed in (0.0, LEGAL))
    assert rolled[1][0] > stood[1][0]
    far = straight(440.0)
    stood, rolled = (Pace(30.0, speed, LEGAL, 0.9, 0.03).costs(far) for speed in (0.0, LEGAL))
    assert stood[0][0] > rolled[0][0]


def test_a_pace_beyond_what_lorries_do_is_never_believed() -> None:
    pace, spread = USUAL_PACE, USUAL_PACE_SPREAD
    for _ in range(50):
        pace, spread = Pace(30.0, None, None, pace / 1000, spread / 1000).after(straight(30.0 * LEGAL * 1.15))
    assert 900 < pace <= 1100
    assert spread >= 30
    standing = Pace(30.0, 0.0, 0.0, 0.9, 0.08).after(straight(0.0))
    assert standing == (900, 80)
