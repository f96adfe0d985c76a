"""The stages behind the shards, the rules about stops and places, the codecs, and history set right."""

from __future__ import annotations

import itertools
from datetime import date

import numpy as np
import pytest
from drives import PETROL, START_MS, a_trip, entries_of, kinds, row, run, standing, straight
from hypothesis import given, settings
from hypothesis import strategies as st
from random_days import MIDDLE, a_country, a_day

from geo.cells import cell_of
from geo.position import Position, offset
from services.monitoring.engine import ParkingLot, Persons, ShardState, World, last_positions, reconcile, thresholds_on
from services.monitoring.engine.stops import PARKING_RESOLUTION
from services.monitoring.facts import Goods, Site, TripFact
from services.monitoring.fixes import COLUMNS, Fixes
from services.monitoring.model import (
    Alarm,
    AlarmKind,
    AlarmRaised,
    AlarmRevised,
    AlarmWithdrawn,
    Driven,
    Parked,
    Severity,
)

LIMITS = thresholds_on(date(2026, 5, 4))
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def country() -> World:
    return a_country()


def parked(vehicle: int, at_ms: int, goods: tuple[Goods, ...], east_m: float = 0) -> Parked:
    place = offset(MIDDLE, 90, east_m)
    return Parked(vehicle, at_ms, cell_of(place, PARKING_RESOLUTION), place, goods)


FIREWORKS, OXYGEN = (Goods("0336", ("1.4G",)),), (Goods("1073", ("2.2", "5.1")),)


def test_fireworks_beside_petrol_blame_the_one_that_came_later_whatever_comes_first() -> None:
    stood = [parked(1, 1_000, PETROL), parked(2, 5_000, FIREWORKS, 80), parked(3, 6_000, PETROL, 90)]
    found = set()
    for order in itertools.permutations(stood):
        lot = ParkingLot()
        told = [effect for each in order for effect in lot.step(each, apart_m=100)]
        found.add(frozenset((alarm.vehicle, alarm.cause, alarm.occurred_ms, alarm.id) for alarm in told))
    (pairs,) = found
    assert {(vehicle, cause, at) for vehicle, cause, at, _ in pairs} == {(2, "1", 5_000), (3, "2", 6_000)}


def test_distance_or_leaving_makes_peace() -> None:
    lot = ParkingLot()
    assert lot.step(parked(1, 1_000, PETROL), apart_m=100) == []
    assert lot.step(parked(2, 2_000, OXYGEN, 120), apart_m=100) == []
    (raised,) = lot.step(parked(3, 3_000, OXYGEN, 50), apart_m=100)
    (over,) = lot.step(parked(1, 9_000, ()), apart_m=100)
    assert isinstance(raised, AlarmRaised)
    assert isinstance(over, AlarmRevised)
    assert (over.id, over.ended_ms, over.revision) == (raised.id, 9_000, 2)
    assert lot.cells.keys() == {lot.standing[2].cell, lot.standing[3].cell}


def test_laden_vehicles_report_where_they_stand_and_when_they_go(country: World) -> None:
    rows = [row(at, MIDDLE, speed=0) for at in range(0, 400, 10)] + straight(
        MIDDLE, speed_dkmh=600, seconds=60, from_s=400
    )
    told = [effect for effect in run(country, a_trip(), *entries_of(rows)) if isinstance(effect, Parked)]
    assert [(each.at_ms - START_MS, bool(each.goods)) for each in told] == [(0, True), (390_000, False)]


def test_a_person_who_changes_the_lorry_does_not_rest_by_that() -> None:
    persons = Persons()
    assert persons.step(Driven("d", 1, 0, 3 * HOUR_MS), LIMITS) == []
    (alarm,) = persons.step(Driven("d", 2, 3 * HOUR_MS + 600_000, 5 * HOUR_MS), LIMITS)
    assert (alarm.kind, alarm.vehicle, alarm.occurred_ms) == (AlarmKind.FATIGUE, 2, 4 * HOUR_MS)
    assert persons.step(Driven("d", 2, 5 * HOUR_MS + 2 * HOUR_MS, 8 * HOUR_MS), LIMITS) == []


def test_four_hours_without_twenty_minutes_and_the_end_of_it(country: World) -> None:
    rows = straight(offset(MIDDLE, 0, 20_000), speed_dkmh=600, seconds=4 * 3600 + 600, interval_s=60)
    effects = run(country, a_trip(sites=()), *entries_of(rows, 50))
    (alarm,) = [alarm for alarm in standing(effects) if alarm.kind == "FATIGUE"]
    assert alarm.occurred_ms == START_MS + 4 * HOUR_MS
    assert alarm.evidence["person_id"] == "d1"
    paused = [each for each in rows if not START_MS + 2 * HOUR_MS < each[1] < START_MS + 2 * HOUR_MS + 1_200_000]
    halted = [row(2 * 3600 + at, place_at(rows, 2 * 3600), speed=0) for at in range(60, 1_200, 60)]
    still = run(country, a_trip(sites=()), *entries_of([*paused, *halted], 50))
    assert "FATIGUE" in kinds(still)  # it went on while it was said to stand: 20 km farther, nobody rested


def place_at(rows: list[tuple[int, ...]], at_s: int) -> Position:
    found = next(each for each in rows if each[1] == START_MS + at_s * 1000)
    return Position(found[2], found[3])


def test_a_second_driver_taking_over_starts_afresh(country: World) -> None:
    rows = straight(offset(MIDDLE, 0, 20_000), speed_dkmh=600, seconds=5 * 3600, interval_s=60)
    swap = a_trip(at_ms=START_MS + 3 * HOUR_MS, driver_id="d2", event="AMENDED")
    effects = run(country, a_trip(), swap, *entries_of(rows, 50))
    assert "FATIGUE" not in kinds(effects)
    assert [each for each in effects if isinstance(each, Driven)] == [
        Driven("d1", 1, START_MS, START_MS + 3 * HOUR_MS - 60_000)
    ]


def test_half_an_hour_by_the_roadside_is_told_but_not_at_a_site_or_a_parking_place(country: World) -> None:
    roadside = offset(MIDDLE, 0, 3_000)
    stop = [row(at, roadside, speed=0) for at in range(0, 1_900, 30)]
    assert kinds(run(country, a_trip(), *entries_of(stop))) == ["LONG_STOP"]
    assert kinds(run(country, a_trip(), *entries_of(stop[:20]), START_MS + 1_790_000)) == ["OFFLINE"]
    assert kinds(run(country, a_trip(), *entries_of(stop[:20]), START_MS + 1_800_000)) == ["LONG_STOP", "OFFLINE"]
    site = Site(roadside.latitude_e7, roadside.longitude_e7, 300, "s")
    assert kinds(run(country, a_trip(sites=(site,)), *entries_of(stop))) == []
    at_parking = [row(at, MIDDLE, speed=0) for at in range(0, 1_900, 30)]
    assert kinds(run(country, a_trip(), *entries_of(at_parking))) == []


def test_unloading_far_from_every_site_is_the_wrong_place(country: World) -> None:
    site = Site(MIDDLE.latitude_e7, MIDDLE.longitude_e7, 300, "s")
    for metres, expected in ((400, []), (900, ["WRONG_PLACE"])):
        rows = [row(at, offset(MIDDLE, 0, metres), speed=0) for at in range(0, 100, 10)]
        over = a_trip(
            at_ms=START_MS + 95_000, loaded=False, tunnel_forbidden="", under_way=False, sites=(site,), event="UNLOADED"
        )
        last = row(110, offset(MIDDLE, 0, metres), speed=0)
        assert kinds(run(country, a_trip(sites=(site,)), *entries_of(rows), over, *entries_of([last]))) == expected


def test_loaded_and_moving_without_a_waybill(country: World) -> None:
    rows = straight(MIDDLE, speed_dkmh=600, seconds=400, heading=0)
    loose = a_trip(under_way=False)
    assert kinds(run(country, loose, *entries_of(rows))) == ["NO_WAYBILL"]
    assert kinds(run(country, *entries_of(rows))) == []


@given(st.lists(st.tuples(st.integers(1, 5), *[st.integers(-(2**31), 2**31 - 1)] * 8), max_size=60))
@settings(max_examples=60, deadline=None)
def test_fixes_come_back_from_their_bytes_in_order_of_arrival(rows: list[tuple[int, ...]]) -> None:
    fixes = Fixes.of(rows)
    again = Fixes.decode(fixes.encode())
    for name in COLUMNS:
        assert np.array_equal(getattr(again, name), getattr(fixes, name))


@given(st.binary(max_size=80))
@settings(max_examples=200, deadline=None)
def test_bytes_that_are_no_fixes_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Fixes.decode(body)


def test_fixes_of_other_lengths_and_bytes_cut_or_stretched_are_refused() -> None:
    body = Fixes.of(a_day(1)[1]).encode()
    assert len(body) < 12 * len(a_day(1)[1])
    for broken in (body[:-1], body + b"x", body[:4], b"\x02" + body[1:]):
        with pytest.raises(ValueError, match=r".+"):
            Fixes.decode(broken)


def test_a_trip_fact_comes_back_from_its_bytes_and_nothing_else_does() -> None:
    fact = a_trip(route=((1, 2), (3, -4)), sites=(Site(1, 2, 3, "s", "LOADING"),), goods=FIREWORKS)
    assert TripFact.decode(fact.encode()) == fact
    for broken in (b"", b"{}", b"[]", b"null", fact.encode()[:-1], fact.encode().replace(b'"v":1', b'"v":2')):
        with pytest.raises(ValueError, match=r".+"):
            TripFact.decode(broken)
    with pytest.raises(ValueError, match="categories"):
        a_trip(tunnel_forbidden="X")


def an_alarm(
    start: int, end: int | None, *, cls: type[Alarm] = AlarmRaised, revision: int = 1, name: str = ""
) -> Alarm:
    return cls(
        id=name or f"{start}", kind=AlarmKind.OVERSPEED, severity=Severity.ORDINARY, vehicle=1, occurred_ms=start,
        ended_ms=end, revision=revision,
    )  # fmt: skip


def test_matched_keeps_its_id_unmatched_old_is_withdrawn_unmatched_new_is_raised() -> None:
    known = [an_alarm(10 * HOUR_MS, 11 * HOUR_MS), an_alarm(20 * HOUR_MS, 21 * HOUR_MS), an_alarm(1, 2)]
    found = [an_alarm(10 * HOUR_MS - 5, 11 * HOUR_MS), an_alarm(30 * HOUR_MS, None)]
    told = {type(effect): effect for effect in reconcile(known, found, HOUR_MS)}
    assert (told[AlarmRevised].id, told[AlarmRevised].revision) == (known[0].id, 2)
    assert told[AlarmWithdrawn].id == known[1].id
    assert told[AlarmRaised].id == found[1].id
    assert len(told) == 3


def test_what_was_withdrawn_and_is_found_again_is_raised_under_a_new_revision() -> None:
    known = [an_alarm(5, 9, cls=AlarmWithdrawn, revision=2)]
    (again,) = reconcile(known, [an_alarm(5, 9)], 0)
    assert (again.id, again.revision) == (known[0].id, 3)
    assert reconcile([an_alarm(5, 9)], [an_alarm(5, 9)], 0) == []


def test_the_last_positions_are_those_of_the_newest_believed_fixes(country: World) -> None:
    state = ShardState()
    jump = row(25, offset(MIDDLE, 90, 50_000), vehicle=3)
    run(country, *entries_of([row(10, MIDDLE, vehicle=7), row(20, MIDDLE, vehicle=3), jump]), state=state)
    found = last_positions(state)
    assert found.vehicle.tolist() == [3, 7]
    assert found.time_ms.tolist() == [START_MS + 20_000, START_MS + 10_000]
    assert last_positions(state, [7]).vehicle.tolist() == [7]
