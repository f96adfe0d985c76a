"""Positions: whole numbers within the Earth, distances and bearings that agree with each other."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.position import EARTH_RADIUS_M, Position, bearing_deg, distance_m, distances_m, offset

SOMEWHERE = st.builds(Position, st.integers(-890_000_000, 890_000_000), st.integers(-1_800_000_000, 1_800_000_000))


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(900_000_001, 0), (-900_000_001, 0), (0, 1_800_000_001), (0, -1_800_000_001)]
)
def test_a_position_outside_the_earth_is_refused(latitude: int, longitude: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        Position(latitude, longitude)


@pytest.mark.parametrize("value", [1.0, True, np.int64(1), "1"])
def test_only_plain_integers_make_a_position(value: object) -> None:
    with pytest.raises(TypeError, match="must be int"):
        Position(value, 0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="must be int"):
        Position(0, value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_degrees_that_are_no_numbers_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Position.from_degrees(value, 0)


def test_the_corners_of_the_earth_are_allowed() -> None:
    assert Position.from_degrees(90, 180) == Position(900_000_000, 1_800_000_000)
    assert Position.from_degrees(-90, -180) == Position(-900_000_000, -1_800_000_000)


@given(SOMEWHERE)
def test_degrees_come_back_as_the_same_integers(position: Position) -> None:
    assert Position.from_degrees(position.latitude, position.longitude) == position


def by_cosines(one: Position, other: Position) -> float:
    a, b = math.radians(one.latitude), math.radians(other.latitude)
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(
        math.radians(one.longitude - other.longitude)
    )
    return EARTH_RADIUS_M * math.acos(max(-1.0, min(1.0, cosine)))


@given(SOMEWHERE, SOMEWHERE)
def test_distance_agrees_with_the_law_of_cosines(one: Position, other: Position) -> None:
    assert distance_m(one, other) == pytest.approx(by_cosines(one, other), rel=1e-6, abs=1.0)
    assert distance_m(one, other) == pytest.approx(distance_m(other, one))


@given(SOMEWHERE, st.floats(0, 359.99), st.floats(0.5, 50_000))
def test_an_offset_lies_at_its_distance_and_bearing(start: Position, bearing: float, metres: float) -> None:
    end = offset(start, bearing, metres)
    assert distance_m(start, end) == pytest.approx(metres, abs=0.02)
    turned = (bearing_deg(start, end) - bearing + 180) % 360 - 180
    assert abs(turned) * math.pi / 180 * metres < 0.05


def test_distance_is_short_across_the_date_line() -> None:
    assert distance_m(Position.from_degrees(0, 179.9999), Position.from_degrees(0, -179.9999)) == pytest.approx(
        22.24, abs=0.01
    )


def test_an_offset_wraps_at_the_date_line_and_stays_within_the_poles() -> None:
    assert offset(Position.from_degrees(0, 179.9999), 90, 1_000).longitude < -179.9
    assert offset(Position.from_degrees(89.9999, 0), 0, 1_000).latitude < 90


def test_north_is_zero_and_east_is_ninety() -> None:
    here = Position.from_degrees(0, 0)
    assert bearing_deg(here, Position.from_degrees(1, 0)) == 0
    assert bearing_deg(here, Position.from_degrees(0, 1)) == pytest.approx(90)
    assert bearing_deg(here, here) == 0


@given(SOMEWHERE, SOMEWHERE)
def test_a_bearing_is_never_a_full_circle(one: Position, other: Position) -> None:
    assert 0 <= bearing_deg(one, other) < 360


@settings(max_examples=30)
@given(st.lists(st.tuples(SOMEWHERE, SOMEWHERE), min_size=1, max_size=20))
def test_the_vectorised_distance_is_the_plain_one(pairs: list[tuple[Position, Position]]) -> None:
    columns = [
        np.array([getattr(pair[side], name) for pair in pairs])
        for side in (0, 1)
        for name in ("latitude_e7", "longitude_e7")
    ]
    assert distances_m(*columns).tolist() == pytest.approx([distance_m(one, other) for one, other in pairs])
