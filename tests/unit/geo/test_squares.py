"""Squares of the plane: whatever is filed under a box is found under every box that shares a point with it."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.position import E7
from geo.shapes import TURN_E7
from geo.squares import SquareMap

Box = tuple[int, int, int, int]  # south, west, height, width


def a_box(rng: random.Random) -> Box:
    """Near the date line often, at a pole sometimes; up to some squares wide."""
    south = rng.choice((rng.randint(-90 * E7, 89 * E7), 0, -90 * E7, 89 * E7))
    west = rng.choice((-180 * E7, 180 * E7, 0, 540 * E7)) + rng.randint(-2 << 17, 2 << 17)
    return south, west, rng.randint(0, 3 << 17), rng.randint(0, 3 << 17)


def columns(boxes: list[Box]) -> list[np.ndarray]:
    return list(np.array(boxes, dtype=np.int64).T)


def share_a_point(one: Box, other: Box) -> bool:
    off = (other[1] - one[1]) % TURN_E7
    beside = off <= one[3] or TURN_E7 - off <= other[3]
    return beside and max(one[0], other[0]) <= min(one[0] + one[2], other[0] + other[2])


@pytest.mark.parametrize("shift", [17, 21])
@given(seed=st.integers(0, 10**9))
@settings(max_examples=30, deadline=None)
def test_boxes_that_share_a_point_share_a_square(shift: int, seed: int) -> None:
    rng = random.Random(seed)
    filed, asked = [a_box(rng) for _ in range(60)], [a_box(rng) for _ in range(60)]
    empty = SquareMap(shift)
    number, square, _ = empty.squares(*columns(filed))
    squares = empty.changed(square, number)
    row, square, count = squares.squares(*columns(asked))
    assert np.array_equal(np.bincount(row, minlength=60), count)
    place, entry = squares.under(square)
    found = set(zip(row[place].tolist(), entry.tolist(), strict=True))
    for one in range(60):
        for other in range(60):
            assert (one, other) in found or not share_a_point(asked[one], filed[other])


def test_entries_taken_out_are_found_no_more_and_others_still_are() -> None:
    empty = SquareMap(17)
    boxes = columns([(number << 17, 0, 5, 5) for number in range(200)])
    number, square, _ = empty.squares(*boxes)
    full = empty.changed(square, number)
    gone = np.arange(200) % 3 == 0
    left = full.changed(square[:1], np.array([777]), gone)
    _, square, _ = left.squares(*boxes)
    assert left.under(square)[1].tolist() == [777, *(number for number in range(200) if number % 3)]
    assert full.under(square)[1].tolist() == list(range(200))


def test_the_corner_of_a_square_lies_in_it() -> None:
    squares = SquareMap(17)
    boxes = columns([(-90 * E7, -180 * E7, 0, 0), (415_000_003, 1_799_999_999, 0, 0), (7, -5, 0, 0)])
    _, square, _ = squares.squares(*boxes)
    latitude, longitude = squares.corners(square)
    nothing = np.zeros(3, dtype=np.int64)
    assert squares.squares(latitude, longitude, nothing, nothing)[1].tolist() == square.tolist()
