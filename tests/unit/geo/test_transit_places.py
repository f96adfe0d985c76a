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
    pieces = roads.pieces
    for _ in range(300):
        piece = rng.randrange(len(pieces.edge))
        x = float(pieces.x[piece]) + rng.uniform(-120, 120)
        y = float(pieces.y[piece]) + rng.uniform(-120, 120)
        along = ((x - pieces.x) * pieces.dx + (y - pieces.y) * pieces.dy) / pieces.length_m
        share = np.clip(along / pieces.length_m, 0.0, 1.0)
        near = np.hypot(x - pieces.x - share * pieces.dx, y - pieces.y - share * pieces.dy) < NEAR_M
        slow = set(zip(pieces.edge[near].tolist(), pieces.from_m[near].tolist(), strict=True))
        found = roads.near(x, y)
        assert slow <= set(zip(found.edge.tolist(), found.from_m.tolist(), strict=True))
