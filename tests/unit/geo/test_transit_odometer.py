"""Coarse odometers: one step tells little, a few fixes tell which of two ways was driven."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest

from geo.approaches import Approaches
from geo.roads import RoadGraph
from geo.transit import Guess, Kind, Policy, Seen, TransitState, step
from geo.transit_evidence import gap
from geo.transit_odometer import odometer
from geo.transit_open import open_ways
from geo.transit_places import Places
from geo.transit_ways import UNMAPPED, Candidates
from geo.ways import UNMAPPED_SPREAD_M
from tests.bench.tunnel_drives import Builder, Line, _at, _cumulated, _position
from tests.unit.geo.test_transit import around, kinds, run

# A tunnel of 120 m from 400 m on, passed between two reports; the street round it is 90 m longer and seen as little.


def a_short_tunnel() -> RoadGraph:
    builder = Builder()
    for begin, end in ((-2000, 380), (380, 400), (520, 540), (540, 2600)):
        builder.road([(float(begin), 0.0), (float(end), 0.0)])
    builder.road([(400.0, 0.0), (520.0, 0.0)], tunnel="yes")
    builder.road([(380.0, 0.0), (380.0, 45.0), (540.0, 45.0), (540.0, 0.0)])
    return builder.graph()


ROUND = [(-2000.0, 0.0), (380.0, 0.0), (380.0, 45.0), (540.0, 45.0), (540.0, 0.0), (2600.0, 0.0)]
THROUGH = [ROUND[0], ROUND[-1]]


def a_drive(line: Line, *, phase_m: float) -> list[Seen]:
    """Every 30 s, 270 m on by the wheels, the odometer in steps of 100 m; just before the tunnel and just after it, either way."""
    along, reports = _cumulated(line), []
    for number in range(12):
        wheels = 200.0 + 270.0 * number
        place = _position(*_at(line, along, wheels + 550.0))
        reports.append(Seen(30_000 * number, place, 324, 90, int((wheels + phase_m) // 100) * 100))
    return reports


@pytest.mark.parametrize("phase_m", [0.0, 25.0, 50.0, 75.0])
def test_over_a_few_fixes_the_odometer_tells_the_tunnel_from_a_street_round_it_90_m_longer(phase_m: float) -> None:
    region = around(a_short_tunnel())
    through = run(region, *a_drive(THROUGH, phase_m=phase_m))[1]
    beside = run(region, *a_drive(ROUND, phase_m=phase_m))[1]
    assert kinds(through).count(Kind.TRANSIT) == 1
    assert Kind.TRANSIT not in kinds(beside)


def a_state(region: Approaches, odometer_m: int | None) -> TransitState:
    state, _ = step(region, None, Seen(0, _position(-500.0, 0.0), 360, 90, odometer_m))
    assert state is not None
    return state


def test_an_odometer_that_is_missing_or_was_replaced_says_nothing() -> None:
    region = around(a_short_tunnel())
    later = Seen(30_000, _position(-200.0, 0.0), 360, 90, 1200)
    assert odometer(a_state(region, None), later) is None
    assert odometer(a_state(region, 900), dataclasses.replace(later, odometer_m=None)) is None
    assert odometer(a_state(region, 90_000), later) is None
    read = odometer(a_state(region, 900), later)
    assert read is not None
    assert read.driven_m == 300.0


def test_readings_of_100_m_narrow_down_where_a_way_stands_against_them() -> None:
    """A wheel that turned so many metres, read at every step, and a guess that follows it exactly."""
    rng = random.Random(5)
    state = TransitState(Seen(0, _position(0, 0), odometer_m=0), (Guess(0, 0.0, 1.0),))
    offset, wheels, ahead = rng.uniform(0, 100), 0.0, []
    reading = int(offset // 100) * 100
    for number in range(1, 60):
        metres = rng.uniform(80, 400)
        wheels += metres
        state = dataclasses.replace(state, seen=dataclasses.replace(state.seen, odometer_m=reading))
        reading = int((offset + wheels) // 100) * 100
        read = odometer(state, Seen(number, _position(0, 0), odometer_m=reading))
        assert read is not None
        guess = dataclasses.replace(state.guesses[0], ahead_m=read.ahead_after(0, metres))
        state = dataclasses.replace(state, guesses=(guess,), spread_m=read.spread_after_m)
        ahead.append(guess.ahead_m)
    assert state.spread_m < 25
    assert max(abs(value) for value in ahead) <= 50.0
    assert np.std(ahead[10:]) < 25.0


def test_a_road_that_the_map_lacks_is_as_long_as_was_driven_and_less_likely_the_longer_it_is() -> None:
    region = around(a_short_tunnel())
    metres = np.array([[[100.0], [100.0]]])
    none, nowhere = np.zeros((1, 2, 1, 0)), np.zeros_like(metres)
    state = dataclasses.replace(a_state(region, 900), guesses=(Guess(0, 0.0, 1.0),))
    openly = open_ways(region, state.guesses, Places(np.zeros(1, dtype=np.int64), np.zeros(1), np.zeros(1)), 100.0)
    ways = Candidates(((), ()), metres, metres / 12, nowhere, none, none, openly, None)
    near, far = (
        gap(state, Seen(30_000, _position(-400.0, 0.0), 120, 90, odometer_m), Policy()).weigh(
            ways, np.zeros((1, 1, 1))
        )[0, :, 0]
        for odometer_m in (1000, 1500)
    )
    assert near[0] - far[0] > 1.5
    assert near[UNMAPPED] - far[UNMAPPED] > 500 / UNMAPPED_SPREAD_M - 0.01


def test_where_a_guess_stands_survives_as_plain_numbers() -> None:
    region = around(a_short_tunnel())
    state, _ = run(region, *a_drive(THROUGH, phase_m=25.0)[:4])
    assert state is not None
    assert any(abs(guess.ahead_m) > 1.0 for guess in state.guesses)
    again = TransitState.from_plain(state.to_plain())
    assert again.spread_m == state.spread_m
    assert [guess.ahead_m for guess in again.guesses] == [round(guess.ahead_m) for guess in state.guesses]
