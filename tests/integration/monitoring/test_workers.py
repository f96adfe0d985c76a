"""Workers that die, freeze, come back, or believe they own what they do not: no alarm lost, none told twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hazway.monitoring.v1 import monitoring_pb2 as pb
from hazway.zones.v1 import zones_pb2
from services import alarms, traceability
from services.monitoring import cursors
from services.monitoring.facts import Goods
from services.monitoring.log_store import VEHICLE_SHARDS
from services.monitoring.shares import Lost
from services.monitoring.worker import Worker
from services.monitoring.worlds import Worlds
from tests.cast import TRANSPORT
from tests.integration.monitoring import killed_stages
from tests.integration.monitoring.road_house import M_E7, PLACE, House, a_fix, drive
from tests.integration.zones.zone_house import NOTICE, point

FAST = 1200
PETROL = (Goods("1203", ("3",)),)


def a_worker(house: House, name: str) -> Worker:
    host = house.world.host
    return Worker(host, traceability.keeper_of(host.settings), name, Worlds(host.engine))


def work_off(one: Worker) -> None:
    while one.round():
        pass


def expire_leases(house: House) -> None:
    """As if the holder had been frozen for longer than its lease runs."""
    with house.world.host.engine.begin() as connection:
        connection.execute(text("UPDATE monitoring_cursors SET until = '-infinity'"))
        connection.execute(text("DELETE FROM monitoring_workers"))


def feed(house: House) -> None:
    """Everything but detection: zones, ticks and whatever else the worker process feeds into the logs."""
    for loop in house.world.loops:
        if loop.name != "detection":
            while loop.body():
                pass


def speeding(house: House, vehicle_id: str = "lorry1", minutes_ago: float = 20) -> None:
    start = house.now - timedelta(minutes=minutes_ago)
    house.tell_trip(vehicle_id, start - timedelta(minutes=1))
    fast = drive(start, minutes=5, dkmh=FAST, vehicle_id=vehicle_id)
    slow = drive(start + timedelta(minutes=5.5), minutes=5, dkmh=400, vehicle_id=vehicle_id, north_m=10_500)
    house.rows(*fast, *slow)


def told(house: House) -> Counter[str]:
    """Every alarm by kind and vehicle: raised once, perhaps held back at first, and amended to where it stands, no revision twice."""
    with house.world.host.engine.connect() as connection:
        rows = connection.execute(text("SELECT id, kind, vehicle_id, revision FROM alarms_alarms")).all()
        entries = killed_stages.entries_of(connection)
    for row in rows:
        kinds, revisions = zip(*((entry["kind"], entry["body"]["revision"]) for entry in entries[row.id]), strict=True)
        assert kinds[0] in {"alarm.raise", "alarm.withdraw"}
        assert set(kinds[1:]) <= {"alarm.amend"}
        assert revisions == tuple(range(revisions[0], row.revision + 1)), "each revision is stated once"
    return Counter(f"{row.kind} {row.vehicle_id}" for row in rows)


def nothing_new_is_told_again(house: House) -> None:
    """Another worker reads everything again from the beginning, and comes to the same."""
    before = told(house)
    with house.world.host.engine.begin() as connection:
        connection.execute(text("UPDATE monitoring_cursors SET cursor = 0, until = '-infinity'"))
        connection.execute(text("DELETE FROM monitoring_snapshots"))
    expire_leases(house)
    work_off(a_worker(house, "again"))
    assert told(house) == before


def test_a_worker_that_was_frozen_past_its_lease_commits_nothing(house: House) -> None:
    frozen, other = a_worker(house, "frozen"), a_worker(house, "other")
    work_off(frozen)
    speeding(house)
    expire_leases(house)
    frozen._share._renewed = float("inf")  # it has not noticed how late it is
    work_off(other)
    before = told(house)
    assert before["OVERSPEED lorry1"] == 1
    with pytest.raises(Lost):
        frozen.round()
    assert told(house) == before
    speeding(house, "lorry2")
    work_off(other)
    with house.world.host.engine.connect() as connection:
        assert not cursors.held(connection, "frozen", VEHICLE_SHARDS)
    assert told(house) == before + Counter({"OVERSPEED lorry2": 1})


def test_a_stale_token_moves_no_cursor_and_writes_no_snapshot(house: House) -> None:
    engine = house.world.host.engine
    with engine.begin() as connection:
        mine = cursors.take(connection, "one", VEHICLE_SHARDS, seconds=60, most=256)[7]
    expire_leases(house)
    with engine.begin() as connection:
        theirs = cursors.take(connection, "two", VEHICLE_SHARDS, seconds=60, most=256)[7]
    assert (theirs.shard, theirs.token) == (mine.shard, mine.token + 1)
    with engine.begin() as connection:
        assert not cursors.move(connection, {mine: 5})
        cursors.write_snapshots(connection, {mine: b"stale"})
        assert cursors.read_snapshots(connection, [mine.shard]) == {}
        assert cursors.move(connection, {theirs: 5})
        assert not cursors.move(connection, {theirs: 6}), "the cursor is not where it was"


def test_two_workers_share_the_shards_and_miss_nothing(house: House) -> None:
    one, other = a_worker(house, "one"), a_worker(house, "other")
    for each in (one, other, one, other):
        each._share._renewed = 0.0
        each.round()
    with house.world.host.engine.connect() as connection:
        shares = [len(cursors.held(connection, name, VEHICLE_SHARDS)) for name in ("one", "other")]
    assert shares == [128, 128]
    for vehicle in ("lorry1", "lorry2", "lorry3"):
        speeding(house, vehicle)
    work_off(one)
    work_off(other)
    assert told(house) == Counter({f"OVERSPEED lorry{number}": 1 for number in (1, 2, 3)})


@pytest.mark.parametrize("cut", range(1, 22, 4))
def test_a_restart_from_the_snapshot_is_no_restart(house: House, cut: int) -> None:
    """The drive is cut at every few fixes by a worker that dies without a word; another goes on from what is stored."""
    start = house.now - timedelta(minutes=20)
    house.tell_trip("lorry1", start - timedelta(minutes=1))
    house.tell_trip("lorry2", start - timedelta(minutes=1))
    fixes = [
        *drive(start, minutes=5, dkmh=FAST),
        *drive(start + timedelta(minutes=5.5), minutes=5, dkmh=400, north_m=10_500),
    ]
    through = a_worker(house, "through")
    house.rows(*fixes[:cut])
    work_off(through)
    through._write_snapshots(list(through._shards))
    house.rows(*fixes[cut : cut + 2])
    work_off(through)  # behind the snapshot: must be replayed without being told again
    expire_leases(house)
    after = a_worker(house, "after")
    house.rows(*fixes[cut + 2 :])
    work_off(after)
    cut_short = {
        name: alarm.SerializeToString() for alarm in house.alarms(vehicle_id="lorry1") for name in [alarm.kind]
    }
    moved = [_of(fix, "lorry2") for fix in fixes]
    house.rows(*moved)
    work_off(after)
    whole = house.alarms(vehicle_id="lorry2")
    assert {alarm.kind for alarm in whole} == set(cut_short)
    for one, other in zip(house.alarms(vehicle_id="lorry1"), whole, strict=True):
        assert (one.occurred_at, one.ended_at, one.revision, dict(one.evidence)) == (
            other.occurred_at, other.ended_at, other.revision, dict(other.evidence),
        )  # fmt: skip
    told(house)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE monitoring_snapshots SET state = set_byte(state, 0, 2)",
        "UPDATE monitoring_snapshots SET state = substr(state, 1, 40)",
        "WITH gone AS (DELETE FROM monitoring_snapshots) DELETE FROM monitoring_log WHERE seq <= 2 AND kind <> 1",
    ],
    ids=["another version", "cut short", "lost, and the log does not reach back"],
)
def test_a_snapshot_that_cannot_be_read_loses_nothing_and_tells_nothing_twice(house: House, damage: str) -> None:
    """The worker dies while an alarm is open; the next one finds what another version of the program wrote, or a torn page."""
    start = house.now - timedelta(minutes=20)
    feed(house)
    fixes = [
        *drive(start, minutes=5, dkmh=FAST),
        *drive(start + timedelta(minutes=5.5), minutes=5, dkmh=400, north_m=10_500),
    ]
    for vehicle_id in ("lorry1", "lorry2"):
        house.tell_trip(vehicle_id, start - timedelta(minutes=1), goods=PETROL)
    house.rows(*fixes[:8])
    expire_leases(house)
    before = a_worker(house, "before")
    work_off(before)
    assert told(house) == Counter({"OVERSPEED lorry1": 1})
    before._write_snapshots(list(before._shards))
    with house.world.host.engine.begin() as connection:
        connection.execute(text(damage))
    expire_leases(house)
    house.rows(*fixes[8:])
    after = a_worker(house, "after")
    work_off(after)
    house.rows(*(_of(fix, "lorry2") for fix in fixes))
    work_off(after)
    (one,), (other,) = (house.alarms(vehicle_id=vehicle_id) for vehicle_id in ("lorry1", "lorry2"))
    assert (one.kind, one.occurred_at, one.ended_at, dict(one.evidence)) == (
        other.kind, other.occurred_at, other.ended_at, dict(other.evidence),
    )  # fmt: skip
    assert one.HasField("ended_at")
    told(house)
    with house.world.host.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM monitoring_late")).scalar_one() == 0


def test_an_error_in_the_middle_of_a_commit_is_made_good_in_the_next_round(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only fixes are read again: the trip is known, and asks nobody to judge anew what the state has seen already."""
    start, one = house.now - timedelta(minutes=20), a_worker(house, "one")
    house.tell_trip("lorry1", start - timedelta(minutes=1))
    work_off(one)
    house.rows(*drive(start, minutes=5, dkmh=FAST))
    failing = [True]
    put: Any = alarms.put_alarms

    def fail(*arguments: Any) -> Any:
        result = put(*arguments)
        if failing.pop():
            raise RuntimeError("the power went")
        return result

    monkeypatch.setattr(alarms, "put_alarms", fail)
    with pytest.raises(RuntimeError):
        work_off(one)
    assert not told(house)
    failing.append(False)
    failing.extend([False] * 50)
    work_off(one)
    assert told(house) == Counter({"OVERSPEED lorry1": 1})


def test_a_zone_changed_in_the_middle_of_a_replay_is_judged_as_it_was(house: House) -> None:
    """Fixes before the change are judged by the old zones and those after by the new, whoever replays them when."""
    feed(house)
    house.tell_trip("lorry1", house.now - timedelta(hours=1), goods=PETROL)
    house.tell_trip("lorry2", house.now - timedelta(hours=1), goods=PETROL)
    house.rows(a_fix(house.now - timedelta(minutes=10)), a_fix(house.now - timedelta(minutes=9), north_m=900))
    ring = [(-300, -300), (-300, 300), (300, 300), (300, -300)]
    line = [point(PLACE[0] + up * M_E7, PLACE[1] + across * M_E7) for up, across in ring]
    zone = zones_pb2.Zone(
        id="market", name="集市", kind=zones_pb2.ZONE_KIND_RESTRICTED_AREA,
        polygons=[zones_pb2.Polygon(rings=[zones_pb2.Ring(points=[*line, line[0]])])],
        rules=[zones_pb2.Rule(id="ban", action=zones_pb2.ACTION_FORBID, source=NOTICE)],
    )  # fmt: skip
    house.clients[TRANSPORT].call("hazway.zones.v1.ZoneService/PutZone", zones_pb2.PutZoneRequest(zone=zone))
    feed(house)
    house.world.clock.advance(minutes=10)
    house.rows(a_fix(house.now - timedelta(minutes=8), "lorry2", north_m=900))
    house.rows(a_fix(house.now - timedelta(minutes=7), "lorry2"), a_fix(house.now - timedelta(minutes=6), "lorry2"))
    house.rows(
        a_fix(house.now - timedelta(minutes=7), north_m=1_800), a_fix(house.now - timedelta(minutes=6), north_m=2_700)
    )
    one = a_worker(house, "one")
    work_off(one)
    seen = told(house)
    assert seen["AREA_ENTERED lorry2"] == 1
    assert "AREA_ENTERED lorry1" not in seen, "it had left before the ban came"
    with house.world.host.engine.begin() as connection:  # another reads everything again from the beginning
        connection.execute(text("UPDATE monitoring_cursors SET cursor = 0, until = '-infinity'"))
        connection.execute(text("DELETE FROM monitoring_snapshots"))
    work_off(a_worker(house, "again"))
    assert told(house) == seen


def _of(fix: pb.Fix, vehicle_id: str) -> pb.Fix:
    other = pb.Fix()
    other.CopyFrom(fix)
    other.vehicle_id = vehicle_id
    return other
