"""Areas: membership is exact, the boundary belongs, the date line is no edge."""

from __future__ import annotations

import random

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.position import E7, Position, offset
from geo.shapes import Corridor, MultiPolygon, ShapeError, area_of, from_geojson, to_geojson
from tests.unit.geo.areas import a_place, a_position, an_area, box, holds

SQUARE = MultiPolygon.of([box(300_000_000, 1_100_000_000, 100, 100)])


def at(up: int, aside: int) -> Position:
    return Position(300_000_000 + up, 1_100_000_000 + aside)


@pytest.mark.parametrize(("up", "aside"), [(0, 0), (100, 100), (50, 0), (0, 50), (100, 1), (50, 50)])
def test_corners_edges_and_the_middle_are_inside(up: int, aside: int) -> None:
    assert SQUARE.contains(at(up, aside))


@pytest.mark.parametrize(("up", "aside"), [(-1, 0), (101, 100), (50, -1), (50, 101), (0, 101)])
def test_one_unit_beyond_the_edge_is_outside(up: int, aside: int) -> None:
    assert not SQUARE.contains(at(up, aside))


def test_a_hole_is_outside_and_its_edge_inside() -> None:
    frame = MultiPolygon.of([box(0, 0, 100, 100), box(40, 40, 20, 20)])
    assert not frame.contains(Position(50, 50))
    assert frame.contains(Position(40, 50))
    assert frame.contains(Position(39, 50))


def test_a_box_over_the_date_line_holds_both_sides_and_nothing_between() -> None:
    over = MultiPolygon.of([box(0, 179 * E7, E7, 2 * E7)])
    assert over.contains(Position(E7 // 2, 180 * E7))
    assert over.contains(Position(E7 // 2, -180 * E7))
    assert over.contains(Position(E7 // 2, -179 * E7))
    assert not over.contains(Position(E7 // 2, 0))
    assert not over.contains(Position(E7 // 2, -179 * E7 + 1))


def test_two_halves_cut_at_the_date_line_are_one_area_again() -> None:
    west, east = box(0, 179 * E7, E7, E7), box(0, -180 * E7, E7, E7)
    over = MultiPolygon.of([west], [east])
    assert over.contains(Position(5, 180 * E7))
    assert over.contains(Position(5, -180 * E7))
    assert int(np.ptp(over.longitude_e7)) == 2 * E7


def test_half_the_globe_is_no_area() -> None:
    with pytest.raises(ShapeError):
        MultiPolygon.of([box(0, -90 * E7, E7, 90 * E7), box(0, 0, E7, 90 * E7)])


def test_two_points_are_no_ring() -> None:
    with pytest.raises(ShapeError):
        MultiPolygon.of([[at(0, 0), at(1, 1), at(0, 0)]])


def test_a_bow_tie_is_refused_at_the_border() -> None:
    with pytest.raises(ShapeError):
        from_geojson({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]})


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"type": "Point", "coordinates": [0, 0]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, None], [1, 1]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 95], [1, 1]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [float("nan"), 0], [1, 1]]]},
    ],
)
def test_what_is_no_geojson_area_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ShapeError):
        from_geojson(broken)


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_geojson_out_and_in_is_the_same_area(seed: int) -> None:
    rng = random.Random(seed)
    shape = an_area(rng, *a_place(rng), rng.choice((2000, 50_000, 500_000)))
    again = from_geojson(to_geojson(shape))
    assert shapely.equals(again.to_geometry(), shape.to_geometry()) or sorted(again.edges()) == sorted(shape.edges())


@given(st.integers(0, 10**9))
@settings(max_examples=150, deadline=None)
def test_membership_agrees_with_the_oracle_and_with_shapely(seed: int) -> None:
    rng = random.Random(seed)
    latitude, longitude = a_place(rng)
    reach = rng.choice((8, 40, 2000, 500_000))
    shape = an_area(rng, latitude, longitude, reach)
    point = a_position(rng, latitude, longitude, 2 * reach)
    assert shape.contains(point) == holds(shape, point.latitude_e7, point.longitude_e7)
    if shapely.is_valid(shape.to_geometry()):
        copies = [shapely.Point(point.longitude_e7 + turn * 360 * E7, point.latitude_e7) for turn in (-1, 0, 1)]
        assert shape.contains(point) == bool(shapely.intersects(shape.to_geometry(), copies).any())


@given(st.floats(-60, 60), st.floats(-180, 180), st.floats(0, 360), st.floats(20, 2000), st.floats(4, 200))
@settings(max_examples=80, deadline=None)
def test_a_corridor_reaches_half_its_width_to_both_sides(
    latitude: float, longitude: float, bearing: float, length: float, width: float
) -> None:
    start = Position.from_degrees(latitude, longitude)
    end, middle = offset(start, bearing, length), offset(start, bearing, length / 2)
    area = area_of(Corridor((start, end), width))
    for side in (90, -90):
        assert area.contains(offset(middle, bearing + side, width / 2 * 0.93))
        assert not area.contains(offset(middle, bearing + side, width / 2 * 1.05 + 0.1))
    assert area.contains(offset(start, bearing + 180, width / 2 * 0.9))
    assert not area.contains(offset(end, bearing, width / 2 * 1.05 + 0.1))


def test_distance_is_to_the_nearest_edge_from_inside_and_outside() -> None:
    square = MultiPolygon.of([box(0, 180 * E7 - 50_000, 100_000, 100_000)])  # 1.1 km, over the date line
    middle = Position(50_000, 180 * E7)
    assert square.distance_m(middle) == pytest.approx(556, rel=0.01)
    assert square.distance_m(Position(50_000, -180 * E7 + 150_000)) == pytest.approx(1112, rel=0.01)
