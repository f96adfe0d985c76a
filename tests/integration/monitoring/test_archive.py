"""Closed hours leave the log as Parquet, once they are durable; a track is the same before, during and after."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.monitoring import archive, parquet
from services.monitoring.facts import Goods
from tests.integration.monitoring.road_house import House, a_fix, drive, times_of
from tests.unit.services.monitoring.test_parquet import write_older


def age(house: House, hours: float) -> None:
    """Let everything in the logs have arrived so many hours earlier."""
    with house.world.host.engine.begin() as connection:
        connection.execute(
            text("UPDATE monitoring_log SET recorded_at = recorded_at - make_interval(secs => :s)"), {"s": hours * 3600}
        )


def archive_all(house: House) -> None:
    host = house.world.host
    house.world.settle()
    while archive.archive_due(host.engine, host.settings.home, "archiver"):
        pass


def rows_in_log(house: House) -> int:
    with house.world.host.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM monitoring_log")).scalar_one())


def files(house: House) -> list[Path]:
    return sorted(archive.folder(house.world.host.settings.home).rglob("*.parquet"))


def test_a_track_is_the_same_hot_archived_and_in_both(house: House) -> None:
    driven = drive(house.now - timedelta(hours=3), minutes=120)
    house.rows(*driven[:100])
    before_archiving = house.recent()
    archive_all(house)
    assert not files(house), "the hour is not over yet"
    age(house, 2)
    archive_all(house)
    assert len(files(house)) == 1
    assert house.recent() == before_archiving
    (file,) = files(house)
    write_older(file, parquet.read(file, None, 0, 1 << 60))
    assert house.recent() == before_archiving, "what an older release archived is read"
    house.rows(*driven[100:], *driven[90:100])
    assert times_of(house.recent()) == [fix.time_ms for fix in driven]
    age(house, 2)
    archive_all(house)
    assert len(files(house)) == 2
    assert times_of(house.recent()) == [fix.time_ms for fix in driven], "repeats in the second part are one fix still"


def test_what_is_archived_stays_hot_for_two_days_and_then_goes(house: House) -> None:
    driven = drive(house.now - timedelta(hours=3), minutes=120)
    house.rows(*driven)
    house.world.settle()
    for loop in house.world.loops:
        loop.close()  # a snapshot is written
    age(house, 47)
    archive_all(house)
    before = rows_in_log(house)
    archive_all(house)
    assert before == rows_in_log(house) > 0
    track = house.recent()
    age(house, 3)
    archive_all(house)
    assert rows_in_log(house) == 0
    assert house.recent() == track


def test_what_was_handed_on_is_kept_as_long_as_anything_may_change_it(house: House) -> None:
    house.tell_trip("lorry1", house.now - timedelta(hours=4), goods=(Goods("1203", ("3",)),))
    stood = [a_fix(house.now - timedelta(minutes=at), speed_dkmh=0) for at in range(90, 60, -1)]
    house.rows(*drive(house.now - timedelta(hours=3), minutes=30), *stood, a_fix(house.now, north_m=2_000))
    house.world.settle()

    def handed_on() -> list[int]:
        with house.world.host.engine.connect() as connection:
            tables = ("monitoring_stands", "monitoring_driven", "monitoring_log WHERE shard >= 256")
            return [int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()) for table in tables]

    stands, driven, entries = handed_on()
    assert (stands, driven, entries > 1) == (1, 2, True), "a silence in which nobody rested lies between"
    archive_all(house)
    assert handed_on() == [stands, driven, entries]
    age(house, 49)
    archive_all(house)
    assert handed_on() == [stands, driven, 0]
    with house.world.host.engine.begin() as connection:
        connection.execute(text("UPDATE monitoring_stands SET until_ms = 0"))
        connection.execute(text("UPDATE monitoring_driven SET end_ms = 0"))
    age(house, 1)
    archive_all(house)
    assert handed_on() == [0, 0, 0]


def test_nothing_leaves_the_log_whose_file_is_not_there(house: House) -> None:
    house.rows(*drive(house.now - timedelta(hours=3), minutes=10))
    house.world.settle()
    for loop in house.world.loops:
        loop.close()
    age(house, 60)
    host = house.world.host
    archive.archive_due(host.engine, host.settings.home, "archiver", most=1_000)
    (file,) = files(house)
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    archive.archive_due(host.engine, host.settings.home, "archiver")
    with house.world.host.engine.connect() as connection:
        left = connection.execute(text("SELECT count(*) FROM monitoring_log WHERE kind = 1")).scalar_one()
    assert left == 1
    file.write_bytes(content)
    archive.archive_due(host.engine, host.settings.home, "archiver")
    assert rows_in_log(house) == 0


@pytest.mark.parametrize("step", ["write", "_enter"])
def test_a_death_between_file_and_manifest_loses_and_doubles_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    driven = drive(house.now - timedelta(hours=3), minutes=60)
    house.rows(*driven)
    house.world.settle()
    age(house, 2)
    host = house.world.host
    real: Any = archive._enter if step == "_enter" else parquet.write

    def die(*arguments: object) -> object:
        real(*arguments)
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(archive if step == "_enter" else parquet, step, die)
        with pytest.raises(RuntimeError):
            archive.archive_due(host.engine, host.settings.home, "archiver")
    assert times_of(house.recent()) == [fix.time_ms for fix in driven]
    (first,) = files(house)
    digest = hashlib.sha256(first.read_bytes()).digest()
    archive_all(house)
    assert [hashlib.sha256(file.read_bytes()).digest() for file in files(house)] == [digest]
    assert times_of(house.recent()) == [fix.time_ms for fix in driven]


def test_only_one_process_archives_at_a_time(house: House) -> None:
    house.rows(*drive(house.now - timedelta(hours=3), minutes=10))
    house.world.settle()
    age(house, 2)
    host = house.world.host
    assert archive.archive_due(host.engine, host.settings.home, "one")
    age(house, 2)
    house.rows(*drive(house.now - timedelta(hours=2), minutes=10))
    house.world.settle()
    age(house, 2)
    assert not archive.archive_due(host.engine, host.settings.home, "other")
    assert archive.archive_due(host.engine, host.settings.home, "one")


def test_late_fixes_are_judged_by_what_is_archived_too(house: House) -> None:
    from tests.integration.monitoring.test_late_fixes import FAST, a_day, final, on_trips

    on_trips(house, "lorry1", "lorry2")
    house.rows(*a_day(house, "lorry1"))
    house.rows(*[fix for fix in a_day(house, "lorry2") if fix.speed_dkmh != FAST])
    archive_all(house)
    age(house, 3)
    archive_all(house)
    assert files(house)
    house.rows(*[fix for fix in a_day(house, "lorry2") if fix.speed_dkmh == FAST])
    house.world.settle()
    assert final(house, "lorry2") == final(house, "lorry1")
