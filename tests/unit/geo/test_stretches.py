"""The time of a lorry on a winding way: joined in any order, cut anywhere, and against a drive in small steps."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.stretches import Stretch, begin_of, edge_stretches, rest_of
from geo.turning import ACCELERATION_M_S2, BRAKING_M_S2, NO_COURSE, SHARP_TURN_M_S, courses, is_sharp, lost_s
from tests.bench.tunnel_drives import Builder

CRUISE = 60 / 3.6


def driven_s(metres: float, cruise: float, begin: float, end: float, step: float = 0.05) -> float:
    """Seconds over a stretch: speed held down from both ends, then added up step by step."""
    count = max(1, round(metres / step))
    step = metres / count
    speeds = [
        min(
            cruise,
            math.sqrt(begin**2 + 2 * ACCELERATION_M_S2 * number * step),
            math.sqrt(end**2 + 2 * BRAKING_M_S2 * (metres - number * step)),
        )
        for number in range(count + 1)
    ]
    return sum(2 * step / max(one + other, 0.01) for one, other in pairwise(speeds))


@settings(max_examples=60, deadline=None)
@given(metres=st.floats(60.0, 800.0), cruise=st.floats(7.0, 25.0), begin=st.floats(3.0, 6.9), end=st.floats(3.0, 6.9))
def test_what_is_lost_is_what_a_drive_in_small_steps_takes_longer(
    metres: float, cruise: float, begin: float, end: float
) -> None:
    lost = lost_s(np.array([metres]), np.array([cruise]), begin, end)[0]
    assert metres / cruise + lost == pytest.approx(driven_s(metres, cruise, begin, end), abs=0.15)


def test_who_drives_at_cruising_speed_already_loses_nothing() -> None:
    assert lost_s(np.array([0.0, 10.0, 500.0]), np.full(3, 15.0), 20.0, 15.0).tolist() == [0.0, 0.0, 0.0]


def test_courses_turn_sharply_beyond_45_degrees_either_way_round_and_never_when_unknown() -> None:
    north = courses(np.array([0.0]), np.array([1.0]))
    for degrees, sharp in ((40, False), (50, True), (-40, False), (-50, True), (180, True), (358, False)):
        angle = math.radians(degrees)
        other = courses(np.array([math.sin(angle)]), np.array([math.cos(angle)]))
        assert is_sharp(north, other)[0] == is_sharp(other, north)[0] == sharp, degrees
    unknown = np.array([NO_COURSE], dtype=np.uint8)
    assert not is_sharp(north, unknown)[0]
    assert not is_sharp(unknown, north)[0]


def a_walk(rng: random.Random, pieces: int) -> list[Stretch]:
    """Straight stretches of one speed, each in a course of its own."""
    walk = []
    for _ in range(pieces):
        metres, course = rng.uniform(5, 400), np.array([rng.randrange(0, 180, 9)], dtype=np.uint8)
        straight = Stretch.straight(np.array([metres]), np.array([metres / CRUISE]))
        walk.append(straight._replace(begins=course, ends=course))
    return walk


def turns_of(walk: list[Stretch]) -> list[float]:
    """How far along a walk its sharp turns are."""
    along, turns = 0.0, []
    for one, other in pairwise(walk):
        along += float(one.metres[0])
        if is_sharp(one.ends, other.begins)[0]:
            turns.append(along)
    return turns


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**9), pieces=st.integers(2, 9))
def test_stretches_joined_in_any_order_know_their_turns(seed: int, pieces: int) -> None:
    rng = random.Random(seed)
    walk = a_walk(rng, pieces)
    parts = list(walk)
    while len(parts) > 1:
        place = rng.randrange(len(parts) - 1)
        parts[place : place + 2] = [parts[place].then(parts[place + 1])]
    whole, turns = parts[0], turns_of(walk)
    assert whole.metres[0] == pytest.approx(sum(float(part.metres[0]) for part in walk))
    assert whole.head_m[0] == pytest.approx(turns[0] if turns else math.inf)
    assert whole.tail_m[0] == pytest.approx(float(whole.metres[0]) - turns[-1] if turns else math.inf)
    between = sum(
        driven_s(other - one, CRUISE, SHARP_TURN_M_S, SHARP_TURN_M_S) - (other - one) / CRUISE
        for one, other in pairwise(turns)
    )
    assert whole.lost_s[0] == pytest.approx(between, abs=0.05 + 0.05 * len(turns))
    assert whole.begins[0] == walk[0].begins[0]
    assert whole.ends[0] == walk[-1].ends[0]


def test_a_stretch_of_no_length_changes_nothing_on_either_side() -> None:
    walk = a_walk(random.Random(3), 2)
    whole, nothing = walk[0].then(walk[1]), Stretch.straight(np.zeros(1), np.zeros(1))
    for joined in (nothing.then(whole), whole.then(nothing), walk[0].then(nothing).then(walk[1])):
        assert [float(part[0]) for part in joined] == [float(part[0]) for part in whole]


def a_bent_road() -> Builder:
    """North 100 m, east 150 m, north 250 m."""
    builder = Builder()
    builder.road([(0.0, 0.0), (0.0, 100.0), (150.0, 100.0), (150.0, 350.0)], two_way=False, maxspeed="60")
    return builder


def test_an_edge_knows_its_bends_and_so_does_each_part_of_it() -> None:
    whole = edge_stretches(a_bent_road().graph(), np.array([0]))
    assert whole.metres[0] == pytest.approx(500.0, abs=0.5)
    assert whole.head_m[0] == pytest.approx(100.0, abs=0.5)
    assert whole.tail_m[0] == pytest.approx(250.0, abs=0.5)
    apart = driven_s(150.0, CRUISE, SHARP_TURN_M_S, SHARP_TURN_M_S) - 150.0 / CRUISE
    assert whole.lost_s[0] == pytest.approx(apart, abs=0.1)
    for along, head, tail, lost in (
        (40.0, 60.0, 250.0, True),
        (120.0, 130.0, 250.0, False),
        (300.0, math.inf, math.inf, False),
    ):
        rest = rest_of(whole, np.array([along]))
        assert (rest.head_m[0], rest.tail_m[0]) == pytest.approx((head, tail), abs=0.5)
        assert (rest.lost_s[0] > 0) == lost
    for along, head, tail, lost in (
        (40.0, math.inf, math.inf, False),
        (120.0, 100.0, 20.0, False),
        (300.0, 100.0, 50.0, True),
    ):
        begin = begin_of(whole, np.array([along]))
        assert (begin.head_m[0], begin.tail_m[0]) == pytest.approx((head, tail), abs=0.5)
        assert (begin.lost_s[0] > 0) == lost


def test_a_short_piece_next_to_a_portal_has_no_course_as_maps_place_portals_wrongly() -> None:
    builder = Builder()
    builder.road([(0.0, -60.0), (0.0, 0.0)], two_way=False)
    builder.road([(0.0, 0.0), (200.0, 0.0)], two_way=False, tunnel="yes")
    builder.road([(200.0, 0.0), (200.0, 300.0)], two_way=False)
    before, inside, after = (edge_stretches(builder.graph(), np.array([edge])) for edge in range(3))
    assert before.ends[0] == NO_COURSE
    assert inside.begins[0] != NO_COURSE
    assert not np.isfinite(before.then(inside).head_m[0])
    assert inside.then(after).head_m[0] == pytest.approx(200.0, abs=0.5)
