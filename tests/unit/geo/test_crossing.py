"""Segments through areas, exactly: the plain way, the vectorised way, and the oracle agree on every case."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crossing import cross, passages
from geo.edges import EdgePool
from geo.position import E7, Position
from geo.shapes import MultiPolygon
from tests.unit.geo.areas import TURN, a_place, a_position, an_area, box, holds, hull, position

SQUARE = MultiPolygon.of([box(0, 0, 100, 100)])


def test_straight_through_a_square() -> None:
    found = cross(SQUARE, Position(50, -100), Position(50, 200))
    assert found is not None
    assert (found.t_in, found.t_out) == (Fraction(1, 3), Fraction(2, 3))
    assert not found.starts_inside
    assert not found.ends_inside


def test_touching_a_corner_is_meeting_for_a_moment() -> None:
    assert passages(SQUARE, Position(-50, 50), Position(50, -50)) == ((Fraction(1, 2), Fraction(1, 2)),)


def test_along_an_edge_is_inside() -> None:
    assert passages(SQUARE, Position(100, -100), Position(100, 200)) == ((Fraction(1, 3), Fraction(2, 3)),)


def test_one_unit_beside_the_edge_meets_nothing() -> None:
    assert cross(SQUARE, Position(101, -100), Position(101, 200)) is None


def test_through_a_hole_there_are_two_passages() -> None:
    frame = MultiPolygon.of([box(0, 0, 100, 100), box(25, 25, 50, 50)])
    assert passages(frame, Position(50, 0), Position(50, 100)) == (
        (Fraction(0), Fraction(1, 4)),
        (Fraction(3, 4), Fraction(1)),
    )


def test_over_the_date_line_the_short_way() -> None:
    area = MultiPolygon.of([box(0, -180 * E7, 100, 50)])
    found = cross(area, Position(50, 180 * E7 - 50), Position(50, -180 * E7 + 150))
    assert found is not None
    assert (found.t_in, found.t_out) == (Fraction(1, 4), Fraction(1, 2))


def test_standing_still_meets_what_it_stands_in() -> None:
    assert passages(SQUARE, Position(1, 1), Position(1, 1)) == ((Fraction(0), Fraction(1)),)
    assert passages(SQUARE, Position(1, 101), Position(1, 101)) == ()


def a_case(rng: random.Random) -> tuple[MultiPolygon, Position, Position]:
    latitude, longitude = a_place(rng)
    reach = rng.choice((8, 40, 2000, 50_000, 500_000))
    shape = an_area(rng, latitude, longitude, reach)
    a, b = (a_position(rng, latitude, longitude, 2 * reach) for _ in range(2))
    if rng.random() < 0.3:
        corner = rng.randrange(len(shape.latitude_e7))
        a = position(int(shape.latitude_e7[corner]), int(shape.longitude_e7[corner]))
    return shape, a, (a if rng.random() < 0.05 else b)


@given(st.integers(0, 10**9))
@settings(max_examples=25, deadline=None)
def test_plain_and_vectorised_agree_with_the_oracle(seed: int) -> None:
    rng = random.Random(seed)
    cases = [a_case(rng) for _ in range(12)]
    pool = EdgePool()
    pool.add([shape for shape, _, _ in cases])
    latitude, longitude, latitude_2, longitude_2 = (
        np.array(column, dtype=np.int64)
        for column in zip(
            *((a.latitude_e7, a.longitude_e7, b.latitude_e7, b.longitude_e7) for _, a, b in cases), strict=True
        )
    )
    across = (longitude_2 - longitude + TURN // 2) % TURN - TURN // 2
    rows = np.arange(len(cases))
    found = pool.through(rows, latitude, longitude, latitude_2 - latitude, across)
    inside = pool.contains(rows, latitude, longitude)
    for row, (shape, a, b) in enumerate(cases):
        expected, plain = hull(shape, a, b), cross(shape, a, b)
        assert inside[row] == holds(shape, a.latitude_e7, a.longitude_e7)
        assert found.meets[row] == (expected is not None) == (plain is not None)
        if expected is not None and plain is not None:
            assert (plain.t_in, plain.t_out) == expected
            assert abs(found.t_in[row] - float(expected[0])) <= 1e-15
            assert abs(found.t_out[row] - float(expected[1])) <= 1e-15
            assert found.starts_inside[row] == plain.starts_inside == (expected[0] == 0)
            assert found.ends_inside[row] == plain.ends_inside == (expected[1] == 1)


def test_the_largest_areas_and_segments_do_not_overflow() -> None:
    rng = random.Random(7)
    ring = [
        Position(-89 * E7, -89 * E7),
        Position(89 * E7, -88 * E7),
        Position(-88 * E7, 89 * E7),
        Position(89 * E7, 89 * E7 + 3),
    ]
    shape = MultiPolygon.of([[ring[0], ring[2], ring[3], ring[1]]])
    pool = EdgePool()
    pool.add([shape])
    zone = np.zeros(1, dtype=np.int64)
    for _ in range(300):
        a = Position(rng.randint(-90 * E7, 90 * E7), rng.randint(-110 * E7, 110 * E7))
        up, across = rng.randint(-20 * E7, 20 * E7), rng.randint(-20 * E7, 20 * E7)
        b = position(a.latitude_e7 + up, a.longitude_e7 + across)
        found = pool.through(
            zone, *(np.array([v]) for v in (a.latitude_e7, a.longitude_e7, b.latitude_e7 - a.latitude_e7, across))
        )
        expected = hull(shape, a, b)
        assert found.meets[0] == (expected is not None)
        if expected is not None:
            assert abs(found.t_in[0] - float(expected[0])) <= 1e-12
            assert abs(found.t_out[0] - float(expected[1])) <= 1e-12
