"""SIGKILL to real workers while loads that must not stand together park and hours of persons cross lorries: the same alarms in the
end, each revision stated once, entry for entry what the log holds where nobody died, whoever died when and whoever believed to
hold what another held."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.cast import CARRIER, RIVAL
from tests.integration.monitoring.road_house import House, play_house
from tests.integration.monitoring.test_second_stages import OXYGEN, PETROL, a_long_day, report, side_by_side, two_shifts
from tests.integration.monitoring.test_workers import feed
from tests.world import running_world

ROOT = Path(__file__).resolve().parents[3]


def fill_logs(house: House) -> None:
    """Everything is in the logs, shuffled and partly late, and nobody has looked at it."""
    crews = {
        "lorry1": ("turns", PETROL),
        "lorry2": ("turns", OXYGEN),
        "lorry3": ("shifts", PETROL),
        "other1": ("shifts", OXYGEN),
    }
    for vehicle_id, (driver, goods) in crews.items():
        carrier = RIVAL if vehicle_id == "other1" else CARRIER
        house.tell_trip(vehicle_id, house.now - timedelta(hours=31), carrier, goods=goods, driver_id=driver)
    fixes = a_long_day(house, "lorry1", "lorry2") + two_shifts(house, "lorry3", "other1")
    fixes += side_by_side(house, "lorry3", "other1") + side_by_side(house, "lorry1", "lorry2", north_m=5_000)
    chance = random.Random(7)
    late = {fix.SerializeToString() for fix in fixes if chance.random() < 0.05}
    in_time = sorted(
        (fix for fix in fixes if fix.SerializeToString() not in late),
        key=lambda fix: fix.time_ms + chance.randint(0, 90_000),
    )
    held_back = [fix for fix in fixes if fix.SerializeToString() in late]
    chance.shuffle(held_back)
    while in_time or held_back:
        report(house, in_time[:150] + held_back[:8])
        del in_time[:150], held_back[:8]
    house.world.loops = [loop for loop in house.world.loops if loop.name != "neighbours"]
    feed(house)


@pytest.fixture
def filled(tmp_path: Path, postgres_url: str, migrated_database_url: str, redis_url: str) -> list[str]:
    """Arguments of the program: a database to be copied, which nobody uses any more."""
    home = tmp_path / "home"
    with running_world(home, migrated_database_url, redis_url) as world:
        fill_logs(play_house(world))
    return [postgres_url, make_url(migrated_database_url).database or "", redis_url, str(home)]


def killed_over_and_over(filled: list[str], first: int, count: int) -> None:
    program = [sys.executable, "-m", "tests.integration.monitoring.killed_stages", *filled, str(first), str(count)]
    done = subprocess.run(program, cwd=ROOT, check=False, capture_output=True, text=True)
    begun, *lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"{lines[-1:]}\n{done.stderr[-3000:]}"
    for word in ("INCOMPATIBLE_PARKING", "several vehicles", "several vehicles in a day"):
        assert any(word in alarm for alarm in begun["alarms"]), "this is what the second stages are to find"
    assert len(lines) == count
    assert sum(line["killed"] for line in lines) >= count
    assert sum(line["frozen"] for line in lines) >= count // 2
    assert {line["alone"] for line in lines} == {True, False}


def test_workers_killed_and_frozen_beside_each_other_end_in_the_same_alarms_stated_once(filled: list[str]) -> None:
    killed_over_and_over(filled, 30, 2)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_workers_killed_and_frozen_over_two_hundred_seeds_end_in_the_same_alarms_stated_once(filled: list[str]) -> None:
    killed_over_and_over(filled, 1_000, 200)
