"""Legs of a way through a tunnel: as the map has them, and over a road that it lacks."""

from __future__ import annotations

import random

import numpy as np
import pytest

from geo.position import distance_m
from geo.transit_places import Places
from geo.transit_state import Guess
from geo.transit_through import through_ways
from tests.bench.tunnel_drives import stretch
from tests.unit.geo.test_transit import around


@pytest.mark.parametrize("seed", range(5))
def test_a_way_through_may_leave_the_map_on_either_side_whatever_the_map_knows(seed: int) -> None:
    """Beside each mapped way stand those whose first or last leg is straight: shorter, and less likely."""
    region = around(stretch(random.Random(seed)))
    entrance, exit_ = region.bores[0].entrance, region.bores[0].exit
    last = len(region.roads.length_m) - 1
    guesses = (Guess(0, 0.0, 1.0),)
    places = Places(np.array([last]), np.zeros(1), np.zeros(1))
    found = through_ways(region, entrance, guesses, exit_, places, 20_000.0)
    assert found is not None
    count = len(found.chains) // 3
    assert count
    assert found.chains == found.chains[:count] * 3
    parts = [slice(part * count, (part + 1) * count) for part in range(3)]
    mapped, after, before = (found.front.metres[0, part] + found.back.metres[part, 0] for part in parts)
    costs = [found.front.cost[0, part] + found.back.cost[part, 0] for part in parts]
    assert distance_m(entrance, exit_) <= float(np.nanmin(mapped)) + 1.0
    tried = 0
    for straight, cost in ((after, costs[1]), (before, costs[2])):
        there = np.isfinite(straight) & np.isfinite(mapped)
        tried += int(there.sum())
        assert (straight[there] <= mapped[there] + 1.0).all()
        assert (cost[there] < costs[0][there]).all()
    assert tried
    assert found.enters_s.shape[1] == found.front.metres.shape[1] == found.back.metres.shape[0]
