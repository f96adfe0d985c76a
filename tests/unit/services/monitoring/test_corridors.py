"""However trips came and went, and wherever it was before, a vehicle is held against its own line alone."""

from __future__ import annotations

import random

import numpy as np
import pytest

from geo.position import Position
from services.monitoring.engine.corridor import Corridors
from services.monitoring.engine.plan import away_m
from services.monitoring.facts import Point

HERE = 300_000_000, 1_100_000_000
WITHIN_M = 300.0


def a_route(rng: random.Random) -> tuple[Point, ...]:
    return tuple((HERE[0] + rng.randint(0, 400_000), HERE[1] + rng.randint(0, 400_000)) for _ in range(4))


@pytest.mark.parametrize("seed", range(4))
def test_a_vehicle_is_held_against_its_own_line_alone(seed: int) -> None:
    rng = random.Random(seed)
    corridors, routes = Corridors(), dict[int, tuple[Point, ...]]()
    both = set()
    for _ in range(80):
        for chosen in rng.sample(range(60), rng.choice([0, 1, 1, 1, 3, 20])):
            if rng.random() < 0.3:
                corridors.drop(chosen)
                routes.pop(chosen, None)
            else:
                routes[chosen] = a_route(rng)
                corridors.lay(chosen, routes[chosen])
        slots = sorted(rng.choices(list(routes), k=90)) if routes else []  # some report more than once
        places = [Position(HERE[0] + rng.randint(0, 400_000), HERE[1] + rng.randint(0, 400_000)) for _ in slots]
        slot_column, latitude, longitude = (
            np.array(each, dtype=np.int64)
            for each in (slots, [place.latitude_e7 for place in places], [place.longitude_e7 for place in places])
        )
        found = corridors.outside(slot_column, latitude, longitude, WITHIN_M)
        for slot, place, outside in zip(slots, places, found.tolist(), strict=True):
            assert outside == (away_m(routes[slot], place)[0] > WITHIN_M)
        both |= set(found.tolist())
    assert both == {False, True}
