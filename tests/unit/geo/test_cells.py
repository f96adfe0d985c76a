"""Covers by H3 cells never miss a point: tried against dense samples, everywhere H3 is awkward."""

from __future__ import annotations

import random

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import cells
from geo.position import E7, Position, distance_m, offset
from geo.shapes import MultiPolygon
from tests.unit.geo.areas import a_place, an_area, box, position


def a_corner(rng: random.Random, resolution: int) -> Position:
    """Anywhere on Earth below 84 degrees; often near a pentagon or the date line."""
    kind = rng.choice(("anywhere", "china", "pentagon", "date line"))
    if kind == "pentagon":
        latitude, longitude = h3.cell_to_latlng(rng.choice(h3.get_pentagons(resolution)))
        return offset(
            Position.from_degrees(latitude, longitude), rng.uniform(0, 360), 4 * cells.edge_m(resolution) * rng.random()
        )
    if kind == "china":
        return Position.from_degrees(rng.uniform(20, 50), rng.uniform(75, 130))
    longitude = 180 - rng.uniform(-0.1, 0.1) if kind == "date line" else rng.uniform(-180, 180)
    return position(round(rng.uniform(-83, 83) * E7), round(longitude * E7))


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_the_cover_of_an_area_holds_every_point_and_full_cells_hold_no_other(seed: int) -> None:
    rng = random.Random(seed)
    resolution = rng.randint(5, 9)
    latitude, longitude = a_place(rng)
    shape = an_area(rng, latitude, longitude, max(40, round(cells.edge_m(resolution) * 90 * rng.uniform(0.05, 8))))
    cover = cells.cover_polygon(shape, resolution)
    south, west, north, east = shape.box
    for _ in range(300):
        point = position(rng.randint(south, north), rng.randint(west, east))
        cell = cells.cell_of(point, resolution)
        if shape.contains(point):
            assert cell in cover.cells
        else:
            assert cell not in cover.full
    for latitude_e7, longitude_e7 in zip(shape.latitude_e7.tolist(), shape.longitude_e7.tolist(), strict=True):
        assert cells.cell_of(position(latitude_e7, longitude_e7), resolution) in cover.edge


def test_a_hole_smaller_than_a_cell_does_not_hide_the_cell() -> None:
    middle = h3.cell_to_latlng(cells.cell_of(Position(300_000_000, 1_100_000_000), 6))
    latitude, longitude = (round(degrees * E7) for degrees in middle)
    ring = MultiPolygon.of(
        [
            box(latitude - 10**6, longitude - 10**6, 2 * 10**6, 2 * 10**6),
            box(latitude - 5000, longitude - 5000, 10_000, 10_000),
        ]
    )
    assert cells.cell_of(position(latitude, longitude), 6) in cells.cover_polygon(ring, 6).cells


@pytest.mark.parametrize("resolution", [2, 4, 6])
def test_descendants_reach_over_the_side_of_an_ancestor_by_less_than_the_index_allows(resolution: int) -> None:
    rng, farthest = random.Random(resolution), 0.0
    for _ in range(1500):
        point = a_corner(rng, resolution)
        ancestor = cells.parent(cells.cell_of(point, 8), resolution)
        if ancestor != cells.cell_of(point, resolution):
            corners = [Position.from_degrees(*corner) for corner in h3.cell_to_boundary(ancestor)]
            sides = (_away(point, one, other) for one, other in zip(corners, corners[1:] + corners[:1], strict=True))
            farthest = max(farthest, min(sides))
    assert farthest < 0.25 * cells.corner_m(resolution)


def _away(point: Position, one: Position, other: Position) -> float:
    return min(distance_m(point, _between(one, other, share / 40)) for share in range(41))


def _between(one: Position, other: Position, share: float) -> Position:
    across = (other.longitude_e7 - one.longitude_e7 + 180 * E7) % (360 * E7) - 180 * E7
    up = other.latitude_e7 - one.latitude_e7
    return position(round(one.latitude_e7 + share * up), round(one.longitude_e7 + share * across))


@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=1, max_size=20), st.integers(0, 8))
@settings(max_examples=60, deadline=None)
def test_ancestors_by_arithmetic_are_those_of_h3(places: list[tuple[float, float]], resolution: int) -> None:
    found = np.array([h3.latlng_to_cell(latitude, longitude, 8) for latitude, longitude in places])
    assert cells.parents(found, resolution).tolist() == [h3.cell_to_parent(cell, resolution) for cell in found.tolist()]


def test_areas_beyond_85_degrees_are_refused() -> None:
    with pytest.raises(ValueError, match="85"):
        cells.cover_polygon(MultiPolygon.of([box(86 * E7, 0, E7, E7)]), 5)
