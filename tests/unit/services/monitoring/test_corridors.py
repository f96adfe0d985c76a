"""However trips came and went, and wherever it was before, a vehicle is held against its own line alone."""

from __future__ import annotations

import gc
import random
import tracemalloc
import weakref
from dataclasses import replace

import numpy as np
import pytest

from geo.position import Position
from services.monitoring.engine.corridor import Corridors
from services.monitoring.engine.plan import away_m
from services.monitoring.engine.planned import Line
from services.monitoring.facts import TripFact
from services.monitoring.routes import Point

TURN = 3_600_000_000
WITHIN_M = 300.0


def test_equal_routes_are_one_object_with_one_line_for_as_long_as_anybody_goes_by_them() -> None:
    corners = [(300_000_000 + 70_000 * step, 1_100_000_000 - 3 * step) for step in range(200)]
    fact = TripFact(vehicle=1, at_ms=1, route=tuple(corners))
    other = TripFact.decode(replace(fact, vehicle=2).encode())
    assert list(other.route) == corners
    assert other.route[-1] == corners[-1]
    assert other.route[:2] == tuple(corners[:2])
    assert fact.route is other.route
    assert fact == replace(other, vehicle=1)
    assert Line.of(fact.route) is Line.of(other.route) is Line.of(corners)
    assert fact != TripFact(vehicle=1, at_ms=1, route=tuple(corners[1:]))
    assert TripFact.decode(TripFact(vehicle=1, at_ms=1).encode()).route is TripFact(vehicle=3, at_ms=1).route
    known = weakref.ref(Line.of(corners))
    del fact, other
    gc.collect()
    assert known() is None


def test_who_goes_by_a_route_that_others_go_by_takes_no_room() -> None:
    rng, corridors = random.Random(1), Corridors()
    routes = [tuple(a_place(rng) for _ in range(50)) for _ in range(20)]
    for slot in range(1_000):
        corridors.lay(slot, routes[0])
    corridors.lay(1_000, routes[1])
    tracemalloc.start()
    try:
        for turn in range(5):
            for slot in range(1_000):
                corridors.lay(slot, routes[(slot + turn) % 20])
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 100 * 20 * 50, "not even a hundred bytes a corner of routes driven by fifty each"


def a_place(rng: random.Random) -> Point:
    return 300_000_000 + rng.randint(0, 400_000), rng.randint(0, 400_000)


@pytest.mark.parametrize("east", [1_100_000_000, TURN // 2 - 200_000], ids=["in China", "over the date line"])
@pytest.mark.parametrize(("seed", "roads"), [(0, 0), (1, 0), (2, 12), (3, 3)])
def test_a_vehicle_is_held_against_its_own_line_alone(seed: int, roads: int, east: int) -> None:
    rng = random.Random(seed)

    def there(place: Point) -> Point:
        return place[0], (place[1] + east + TURN // 2) % TURN - TURN // 2

    driven = [tuple(a_place(rng) for _ in range(4)) for _ in range(roads)]
    corridors, routes = Corridors(), dict[int, tuple[Point, ...]]()
    both = set()
    for _ in range(80):
        for chosen in rng.sample(range(60), rng.choice([0, 1, 1, 1, 3, 20])):
            if rng.random() < 0.3:
                corridors.drop(chosen)
                routes.pop(chosen, None)
            else:
                routes[chosen] = rng.choice(driven) if driven else tuple(a_place(rng) for _ in range(4))
                corridors.lay(chosen, tuple(map(there, routes[chosen])))
        slots = sorted(rng.choices(list(routes), k=90)) if routes else []  # some report more than once
        places = [a_place(rng) for _ in slots]
        latitude, longitude = np.array(list(map(there, places)), dtype=np.int64).reshape(-1, 2).T
        found = corridors.outside(np.array(slots, dtype=np.int64), latitude, longitude, WITHIN_M)
        for slot, place, outside in zip(slots, places, found.tolist(), strict=True):
            assert outside == (away_m(routes[slot], Position(*place))[0] > WITHIN_M)
        both |= set(found.tolist())
    assert both == {False, True}
