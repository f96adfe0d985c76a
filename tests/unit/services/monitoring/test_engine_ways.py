"""Many trips are asked about at once, and what is told of each is what is told when it is alone."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt
import pytest

from geo.index import Crossings
from geo.position import offset
from services.monitoring.engine import Roads, ShardState, World, step
from services.monitoring.facts import Point, TripFact
from services.monitoring.model import Alarm, Goods, TickEntry, TripEntry, ZoneKind, ZoneRecord, ZoneRule
from tests.unit.services.monitoring.drives import START_MS
from tests.unit.services.monitoring.random_days import MIDDLE, square

LOADS = ((Goods("1203", ("3",)),), (Goods("1017", ("2.3",)),), ())


def a_world(rng: random.Random, roads: Roads, tunnel: ZoneRecord) -> World:
    rules = [
        ZoneRule(id="3", classes=frozenset({"3"})),
        ZoneRule(id="2.3", classes=frozenset({"2.3"})),
        ZoneRule(id="slow", action="SPEED_LIMIT", speed_dkmh=400),
    ]
    zones = [
        ZoneRecord(
            id=f"zone{number}", version="1", kind=ZoneKind.RESTRICTED_AREA,
            shape=square(rng.randint(-20_000, 20_000), rng.randint(-20_000, 20_000), rng.randint(500, 4_000)),
            rules=tuple(rng.sample(rules, rng.randint(0, 2))),
        )
        for number in range(40)
    ]  # fmt: skip
    return World.build([tunnel, *zones], roads=roads)


def a_route(rng: random.Random, tunnel: list[Point]) -> tuple[Point, ...]:
    places = [offset(MIDDLE, rng.uniform(0, 360), rng.uniform(0, 25_000)) for _ in range(rng.randint(1, 5))]
    corners = [(place.latitude_e7, place.longitude_e7) for place in places]
    return tuple(corners + rng.choice([[], [], tunnel, tunnel[::-1]]))


@pytest.mark.parametrize("seed", range(3))
def test_what_is_told_of_a_trip_is_the_same_whoever_is_asked_about_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    (tunnel,) = world.zones.values()
    closed = a_world(rng, world.roads, tunnel)
    portals = [(each.latitude_e7, each.longitude_e7) for each in world.roads.portals[tunnel.structure_id]]
    routes = [a_route(rng, portals) for _ in range(12)]
    facts = [
        TripFact(
            vehicle=vehicle, at_ms=START_MS + vehicle, waybill_id=f"w{vehicle}", carrier_id="c", under_way=rng.random() < 0.8,
            loaded=True, tunnel_forbidden=rng.choice(["", "DE"]), goods=rng.choice(LOADS), route=rng.choice(routes), event="DEPARTED",
        )
        for vehicle in range(1, 100)
    ]  # fmt: skip
    alone: list[Alarm] = []
    for fact in facts:
        again = World.build(closed.zones.values(), roads=closed.roads)  # which has not been asked before
        alone += told(again, [fact])
    asked, through = [], World.through

    def counted(self: World, *pieces: npt.NDArray[np.int64]) -> Crossings:
        asked.append(len(pieces[0]))
        return through(self, *pieces)

    monkeypatch.setattr(World, "through", counted)
    assert told(closed, facts) == alone
    assert len({alarm.zone_id for alarm in alone}) > 4
    assert "tunnel" in {alarm.zone_id for alarm in alone}
    assert len(asked) == 1
    told(closed, facts)
    assert len(asked) == 1


def told(world: World, facts: list[TripFact]) -> list[Alarm]:
    """Of trips that come into force with one tick."""
    state, effects = ShardState(), []
    for fact in facts:
        effects += step(state, world, TripEntry(fact))
    effects += step(state, world, TickEntry(START_MS + 600_000))
    return sorted((one for one in effects if isinstance(one, Alarm)), key=lambda one: (one.vehicle, one.id))
