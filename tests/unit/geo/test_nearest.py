"""How far the edge of an area is, for many points at once, held to the way it is found for one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo.nearest import distances_to_edge_m
from geo.position import E7, Position
from geo.shapes import MultiPolygon

_TURN = 360 * E7


def _square(south: int, west: int, side: int) -> list[Position]:
    corners = ((south, west), (south, west + side), (south + side, west + side), (south + side, west))
    return [Position(y, (x + _TURN // 2) % _TURN - _TURN // 2) for y, x in corners]


@st.composite
def _areas(draw: st.DrawFn) -> MultiPolygon:
    south, west = draw(st.integers(-60 * E7, 60 * E7)), draw(st.integers(-180 * E7, 180 * E7 - 1))
    side = draw(st.integers(300, E7))
    rings = [_square(south, west, side)]
    if draw(st.booleans()):
        rings.append(_square(south + side // 3, west + side // 3, side // 3))
    apart = [[_square(south + 2 * side, west, side)]] if draw(st.booleans()) else []
    return MultiPolygon.of(rings, *apart)


_points = st.tuples(st.integers(-62 * E7, 62 * E7), st.integers(-180 * E7, 180 * E7))


@given(st.lists(st.tuples(_areas(), _points), max_size=6))
def test_many_are_as_far_from_their_edges_as_each_is_by_itself(
    pairs: list[tuple[MultiPolygon, tuple[int, int]]],
) -> None:
    latitude, longitude = np.array([place for _, place in pairs], dtype=np.int64).reshape(-1, 2).T
    together = distances_to_edge_m([area for area, _ in pairs], latitude, longitude).tolist()
    assert together == [area.distance_m(Position(*place)) for area, place in pairs]
