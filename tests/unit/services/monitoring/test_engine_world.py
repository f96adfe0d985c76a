"""A world after changes is the world built of what is left: the same zones bar the same loads at the same places."""

from __future__ import annotations

import random

import numpy as np
import pytest

from services.monitoring.engine import World
from services.monitoring.model import ZoneKind, ZoneRecord, ZoneRule
from tests.unit.services.monitoring.drives import PETROL
from tests.unit.services.monitoring.random_days import MIDDLE, square

LOAD = (PETROL, "DE", ())


def a_zone(rng: random.Random, number: int, version: str) -> ZoneRecord:
    kind = rng.choice([ZoneKind.RESTRICTED_AREA, ZoneKind.SPEED_SECTION, ZoneKind.PARKING, ZoneKind.TUNNEL])
    shape = square(rng.uniform(-9_000, 9_000), rng.uniform(-9_000, 9_000), rng.uniform(100, 4_000))
    limit = 400 if kind is ZoneKind.SPEED_SECTION else 0
    rule = ZoneRule(id="r", classes=frozenset({rng.choice("13")}), speed_dkmh=limit)
    return ZoneRecord(
        id=f"z{number}", version=version, kind=kind, shape=None if rng.random() < 0.1 else shape, rules=(rule,)
    )


def looks(world: World) -> set[tuple[int, str, str, bool, bool]]:
    """What vehicles on a lattice see: zones by id and version, whether they bar petrol and whether they limit the speed."""
    steps = np.arange(-10, 11) * 100_000
    latitude = np.repeat(MIDDLE.latitude_e7 + steps, len(steps))
    longitude = np.tile(MIDDLE.longitude_e7 + steps, len(steps))
    found = world.through(latitude, longitude, latitude + 60_000, longitude + 30_000)
    bars, limits = world.barred.to_load(LOAD, found.zone).tolist(), world.limits_speed[found.zone].tolist()
    zones = [world.zone(number) for number in found.zone.tolist()]
    rows = zip(found.segment.tolist(), zones, bars, limits, strict=True)
    return {(row, zone.id, zone.version, barred, limited) for row, zone, barred, limited in rows}


@pytest.mark.parametrize("seed", range(4))
def test_worlds_made_from_any_earlier_one_know_their_own_zones(seed: int) -> None:
    """Late fixes are judged by old worlds, from which the next one may be made."""
    rng = random.Random(seed)
    worlds = [World.build(a_zone(rng, number, "0") for number in range(15))]
    for change in range(1, 15):
        before = rng.choice(worlds)
        news = [a_zone(rng, number, str(change)) for number in rng.sample(range(20), rng.randint(0, 3))]
        worlds.append(before.changed(news, rng.sample(sorted(before.zones), 1)))
    for world in worlds:
        assert looks(world) == looks(World.build(world.zones.values()))


@pytest.mark.parametrize("seed", range(4))
def test_changes_one_by_one_end_where_building_at_once_ends(seed: int) -> None:
    rng = random.Random(seed)
    zones = {f"z{number}": a_zone(rng, number, "0") for number in range(25)}
    world = World.build(zones.values())
    for change in range(1, 30):
        news = [a_zone(rng, number, str(change)) for number in rng.sample(range(30), rng.randint(0, 3))]
        gone = rng.sample(sorted(zones), 2) if rng.random() < 0.4 else []
        earlier, seen = world, looks(world)
        world = world.changed(news, gone)
        zones = {key: zone for key, zone in zones.items() if key not in gone} | {zone.id: zone for zone in news}
        assert world.zones == zones
        assert looks(earlier) == seen
    assert looks(world) == looks(World.build(zones.values()))
