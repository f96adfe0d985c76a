"""Each detector of faults and of waybills at its edge: what just is enough, and what is as near as can be and is not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from geo.position import Position, offset
from services.monitoring.engine import ShardState, World, thresholds_on
from services.monitoring.facts import Site
from services.monitoring.fixes import ENGINE_ON, POSITIONED
from services.monitoring.model import Alarm, Parked
from tests.unit.services.monitoring.drives import PETROL, START_MS, Row, Told, a_trip, entries_of, row, run, standing
from tests.unit.services.monitoring.random_days import MIDDLE, a_country

LIMITS = thresholds_on(date(2026, 5, 4))
HERE = Position(400_000_000, 1_100_000_000)  # far from every zone
MINUTE_MS, TRIP = 60_000, a_trip()


@pytest.fixture(scope="module")
def country() -> World:
    return a_country()


def told(country: World, *entries: Told) -> list[tuple[str, str]]:
    return [(str(alarm.kind), alarm.cause) for alarm in standing(run(country, *entries))]


def two(gap_ms: int, metres: float) -> list[Row]:
    """A report, and the next one so much later so far away."""
    return [row(0, HERE, speed=0), row(gap_ms / 1000, offset(HERE, 0, metres), speed=0)]


@pytest.mark.parametrize(("late_ms", "expected"), [(0, [("OFFLINE", "")]), (-1, [])])
def test_ten_minutes_of_silence_under_way(country: World, late_ms: int, expected: list[tuple[str, str]]) -> None:
    gap = LIMITS.offline_ms + late_ms
    assert told(country, TRIP, *entries_of(two(gap, 0))) == expected
    assert told(country, TRIP, *entries_of(two(gap, 0)[:1]), START_MS + gap) == expected, "a tick tells as much"
    assert told(country, a_trip(under_way=False), *entries_of(two(gap, 0))) == [], "nobody waits for a parked lorry"


@pytest.mark.parametrize(
    ("late_ms", "metres", "expected"),
    [(0, 5_010, [("MOVED_OFFLINE", "")]), (0, 4_990, []), (-1, 5_010, [])],
)
def test_five_kilometres_while_offline(
    country: World, late_ms: int, metres: float, expected: list[tuple[str, str]]
) -> None:
    assert told(country, *entries_of(two(LIMITS.offline_ms + late_ms, metres))) == expected


@pytest.mark.parametrize("size", [1, 3, 100])
def test_who_is_heard_of_without_a_position_was_not_offline(country: World, size: int) -> None:
    """Fifteen minutes in which nobody knows where the lorry is: silent at first, in the middle, at last, all the time, or not at all."""
    for heard, expected in (
        (range(1, 15), []),
        (range(11, 15), ["MOVED_OFFLINE"]),
        ((1, 2, 12, 13), ["MOVED_OFFLINE"]),
        (range(1, 5), ["MOVED_OFFLINE"]),
        ((), ["MOVED_OFFLINE"]),
    ):
        inside = [row(minute * 60, HERE, speed=0, flags=0) for minute in heard]
        rows = [row(0, HERE, speed=0), *inside, row(900, offset(HERE, 0, 10_000), speed=0)]
        found = [kind for kind, _ in told(country, *entries_of(rows, size))]
        assert found == expected, heard


@pytest.mark.parametrize(
    ("seconds", "speed", "moves_m", "expected"),
    [
        (310, 100, 0, [("POSITION_FAULT", "frozen")]),  # the first report is like no other before it
        (300, 100, 0, []),
        (310, 99, 0, []),
        (310, 100, 0.5, []),
    ],
)
def test_a_place_that_stays_while_the_speed_does_not(
    country: World, seconds: int, speed: int, moves_m: float, expected: list[tuple[str, str]]
) -> None:
    rows = [row(at, offset(HERE, 0, at % 20 / 10 * moves_m), speed=speed) for at in range(0, seconds + 1, 10)]
    assert told(country, *entries_of(rows)) == expected


@pytest.mark.parametrize(
    ("seconds", "flags", "expected"),
    [
        (600, ENGINE_ON, [("POSITION_FAULT", "no fix")]),
        (590, ENGINE_ON, []),
        (600, 0, []),
        (600, ENGINE_ON | POSITIONED, []),
    ],
)
def test_ten_minutes_without_a_position(
    country: World, seconds: int, flags: int, expected: list[tuple[str, str]]
) -> None:
    rows = [row(at, HERE, speed=0, flags=flags) for at in range(0, seconds + 1, 10)]
    assert told(country, *entries_of(rows)) == expected


@pytest.mark.parametrize(
    ("metres", "expected"),
    [
        (540, []),  # 100 m of slack and ten seconds at 160 km/h are 544 m
        (550, [("POSITION_FAULT", "drift")]),
        (1_995, [("POSITION_FAULT", "drift")]),
        (2_005, [("POSITION_FAULT", "jump")]),
    ],
)
def test_one_place_no_lorry_could_have_reached(country: World, metres: float, expected: list[tuple[str, str]]) -> None:
    rows = [row(at, offset(HERE, 0, metres if at == 30 else 0), speed=0) for at in range(0, 70, 10)]
    assert told(country, *entries_of(rows)) == expected


@pytest.mark.parametrize(
    ("seconds", "speed", "changes", "expected"),
    [
        (300, 150, {}, [("NO_WAYBILL", "")]),
        (290, 150, {}, []),
        (300, 149, {}, []),
        (300, 150, {"under_way": True}, []),
        (300, 150, {"loaded": False}, []),
    ],
)
def test_five_minutes_on_the_move_with_a_load_and_no_waybill(
    country: World, seconds: int, speed: int, changes: dict[str, bool], expected: list[tuple[str, str]]
) -> None:
    loose = a_trip(**({"under_way": False} | changes))
    rows = [row(at, offset(HERE, 0, at * speed / 36), speed=speed) for at in range(0, seconds + 1, 10)]
    assert told(country, loose, *entries_of(rows)) == expected


def test_a_lorry_that_is_loaded_and_leaves_without_departing_has_no_waybill(country: World) -> None:
    """It is watched from its loading on; where it waits, zones and neighbours are none of its business yet."""
    inside, away = (
        offset(MIDDLE, 90, 3_500),
        [row(at, offset(HERE, 0, at * 10), speed=360) for at in range(3_600, 4_000, 10)],
    )
    waits = [row(at, inside, speed=0) for at in range(0, 3_000, 60)]
    loaded = a_trip(event="LOADED", under_way=False)
    effects = run(country, loaded, *entries_of(waits))
    assert not [
        effect for effect in effects if isinstance(effect, Alarm) or (isinstance(effect, Parked) and effect.goods)
    ]
    assert ("NO_WAYBILL", "") in told(country, loaded, *entries_of([*waits, *away]))
    void = a_trip(at_ms=START_MS + 3_500_000, event="VOIDED", under_way=False, loaded=False, tunnel_forbidden="")
    assert ("NO_WAYBILL", "") not in told(country, loaded, void, *entries_of([*waits, *away]))


def test_the_next_waybill_is_loaded_or_voided_while_another_is_under_way(country: World) -> None:
    rows = [row(at, offset(HERE, 0, at * 10), speed=360) for at in range(0, 700, 10)]
    other: dict[str, Any] = {"waybill_id": "w2", "under_way": False}
    for event, loaded in (("LOADED", True), ("VOIDED", False)):
        state = ShardState()
        run(
            country,
            a_trip(),
            a_trip(at_ms=START_MS + 100_000, event=event, loaded=loaded, **other),
            *entries_of(rows),
            state=state,
        )
        assert (state.trips[0].waybill_id, state.trips[0].under_way) == ("w1", True)


@pytest.mark.parametrize("is_loading", [True, False], ids=["loading", "unloading"])
@pytest.mark.parametrize(
    ("metres", "age_ms", "is_wrong"),
    [(505, 1, True), (495, 1, False), (505, 30 * MINUTE_MS, True), (505, 30 * MINUTE_MS + 1, False)],
)
def test_the_load_comes_or_goes_where_no_site_is(
    country: World, is_loading: bool, metres: float, age_ms: int, is_wrong: bool
) -> None:
    """Sites reach 300 m here, and 200 m are forgiven; who was last seen half an hour ago may have been anywhere."""
    site = Site(HERE.latitude_e7, HERE.longitude_e7, 300, "s")
    full: dict[str, Any] = {"loaded": True, "goods": PETROL}
    empty: dict[str, Any] = {"loaded": False, "tunnel_forbidden": ""}
    before, after = (empty, full) if is_loading else (full, empty)
    at_ms = START_MS + age_ms
    facts = [
        a_trip(at_ms=START_MS - 10, under_way=False, sites=(site,), **before),
        a_trip(at_ms=at_ms, under_way=False, sites=(site,), **after),
    ]
    seen, next_seen = (offset(HERE, 0, metres), (age_ms + 1_000) / 1000)
    rows = [row(0, seen, speed=0), row(next_seen, seen, speed=0)]
    expected = [("WRONG_PLACE", "loading" if is_loading else "unloading")] if is_wrong else []
    assert told(country, *facts, *entries_of(rows)) == expected


@pytest.mark.parametrize(("purpose", "is_wrong"), [("LOADING", True), ("UNLOADING", False)])
def test_a_load_that_is_gone_where_the_trip_only_loads_went_to_the_wrong_place(
    country: World, purpose: str, is_wrong: bool
) -> None:
    """It stops there as long as it likes; a trip that names no place for unloading may use any of its places."""
    here, there = (
        Site(place.latitude_e7, place.longitude_e7, 300, "s", what)
        for place, what in ((HERE, purpose), (offset(HERE, 0, 90_000), "UNLOADING"))
    )
    rows = [row(at, HERE, speed=0) for at in range(0, 3_000, 30)]
    for sites, expected in (((here, there), [("WRONG_PLACE", "unloading")] * is_wrong), ((here,), [])):
        over = a_trip(at_ms=START_MS + 2_500_000, loaded=False, tunnel_forbidden="", sites=sites, event="UNLOADED")
        assert told(country, a_trip(sites=sites), over, *entries_of(rows)) == expected
