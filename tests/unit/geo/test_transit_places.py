"""Where a fix may be, against all pieces of road looked at one by one."""

from __future__ import annotations

import random

import numpy as np
import pytest

from geo.local_roads import NEAR_M
from tests.bench.tunnel_drives import stretch
from tests.unit.geo.test_transit import around


@pytest.mark.parametrize("seed", range(4))
def test_no_piece_of_road_near_a_place_is_overlooked(seed: int) -> None:
    rng = random.Random(seed)
    roads = around(stretch(rng)).roads
    length = np.hypot(roads.piece_dx, roads.piece_dy)
    for _ in range(300):
        piece = rng.randrange(len(roads.piece_edge))
        x = float(roads.piece_x[piece]) + rng.uniform(-120, 120)
        y = float(roads.piece_y[piece]) + rng.uniform(-120, 120)
        share = ((x - roads.piece_x) * roads.piece_dx + (y - roads.piece_y) * roads.piece_dy) / np.maximum(
            length, 1e-3
        ) ** 2
        share = np.clip(share, 0.0, 1.0)
        away = np.hypot(x - roads.piece_x - share * roads.piece_dx, y - roads.piece_y - share * roads.piece_dy)
        near = away < NEAR_M
        slow = set(zip(roads.piece_edge[near].tolist(), roads.piece_from_m[near].round(3).tolist(), strict=True))
        found = roads.near(x, y)
        assert slow <= set(zip(found.edge.tolist(), found.from_m.round(3).tolist(), strict=True))
