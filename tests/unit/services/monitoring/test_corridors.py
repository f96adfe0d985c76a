"""However trips came and went, a vehicle is as far from its line as if nobody else had any."""

from __future__ import annotations

import random

import numpy as np
import pytest

from services.monitoring.engine.corridor import Corridors
from services.monitoring.facts import Point

HERE = 300_000_000, 1_100_000_000


def a_route(rng: random.Random) -> tuple[Point, ...]:
    return tuple((HERE[0] + rng.randint(0, 400_000), HERE[1] + rng.randint(0, 400_000)) for _ in range(4))


@pytest.mark.parametrize("seed", range(4))
def test_a_vehicle_is_measured_against_its_own_line_alone(seed: int) -> None:
    rng = random.Random(seed)
    corridors, routes = Corridors(), dict[int, tuple[Point, ...]]()
    slot = np.arange(60, dtype=np.int64)
    for _ in range(80):
        for chosen in rng.sample(range(60), rng.choice([0, 1, 1, 1, 3, 20])):
            if rng.random() < 0.3:
                corridors.drop(chosen)
                routes.pop(chosen, None)
            else:
                routes[chosen] = a_route(rng)
                corridors.lay(chosen, routes[chosen])
        latitude = np.array([HERE[0] + rng.randint(0, 400_000) for _ in slot], dtype=np.int64)
        longitude = np.array([HERE[1] + rng.randint(0, 400_000) for _ in slot], dtype=np.int64)
        found = corridors.away_m(slot, latitude, longitude)
        for each in range(60):
            alone = Corridors()
            if each in routes:
                alone.lay(each, routes[each])
            row = slice(each, each + 1)
            assert found[row] == alone.away_m(slot[row], latitude[row], longitude[row])
    assert np.isfinite(found).any()
