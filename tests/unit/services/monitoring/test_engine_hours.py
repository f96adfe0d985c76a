"""Inside when a zone's hours begin: time to leave, the nearest way out, and what comes of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from geo.nearest import nearest_on_edge
from geo.position import Position, distance_m, offset
from geo.shapes import MultiPolygon
from services.monitoring.engine import ShardState, World, activate
from services.monitoring.model import (
    Activation,
    Alarm,
    AlarmRaised,
    AlarmRevised,
    AlarmWithdrawn,
    Effect,
    FixesEntry,
    Hours,
    ZoneKind,
    ZoneRecord,
    ZoneRule,
)
from services.monitoring.texts import alarm_text
from tests.unit.services.monitoring.drives import (
    START_MS,
    Row,
    a_trip,
    cleaned,
    entries_of,
    row,
    run,
    standing,
    straight,
)
from tests.unit.services.monitoring.random_days import MIDDLE, square

OPENS, MINUTE_MS, GRACE_MS = START_MS + 600_000, 60_000, 1_800_000


def between(begin: int, end: int) -> Hours:
    def hours(first: int, last: int) -> tuple[tuple[int, int], ...]:
        since, until = max(first, begin), min(last, end)
        return ((since, until),) if since < until else ()

    return hours


def town(*, closes: int = 1 << 60, since_ms: int = 0, **changes: Any) -> ZoneRecord:
    """6 km across round the middle, closed from ten minutes after the start on."""
    rule = ZoneRule(**{"id": "day", "hours": between(OPENS, closes), **changes})
    return ZoneRecord(
        id="town", version="1", kind=ZoneKind.RESTRICTED_AREA, name="老城", shape=square(-3_000, -3_000, 6_000),
        rules=(rule,), since_ms=since_ms,
    )  # fmt: skip


TOWN = World.build([town()])


def areas(effects: Sequence[Effect]) -> list[AlarmRaised | AlarmRevised]:
    return [alarm for alarm in standing(effects) if alarm.kind == "AREA_ENTERED"]


def in_order(entries: list[FixesEntry | int]) -> list[FixesEntry | int]:
    return sorted(entries, key=lambda each: each if isinstance(each, int) else int(each.fixes.time_ms[0]))


def parked(minutes: int, place: Position = MIDDLE) -> list[Row]:
    """Driven in, and there until so many minutes from the start, a fix a minute."""
    arrives = straight(offset(place, 270, 4_500), speed_dkmh=540, seconds=290)
    return [*arrives, *(row(at * 60, place, speed=0) for at in range(5, minutes))]


def leaving(from_minute: int) -> list[Row]:
    """Out to the north at 15 m/s: past the fence after 200 s."""
    return straight(MIDDLE, speed_dkmh=540, seconds=400, from_s=from_minute * 60, heading=0)


def test_who_is_inside_when_the_hours_begin_is_told_by_when_and_where_to_leave() -> None:
    state = ShardState()
    (alarm,) = areas(run(TOWN, a_trip(), *entries_of(parked(10)), OPENS + 5_000, state=state))
    assert (alarm.occurred_ms, alarm.severity, alarm.evidence["how"]) == (OPENS, "ORDINARY", "window opened")
    assert int(alarm.evidence["grace_until_ms"]) == OPENS + GRACE_MS
    assert alarm.evidence["exit_by"] == "air"
    assert int(alarm.evidence["exit_m"]) == pytest.approx(3_000, abs=20)
    zh, en = alarm_text(alarm.kind, alarm.evidence)
    assert "05-04 10:40 前驶离" in zh
    assert "直线" in zh
    assert "in a straight line" in en


def test_whoever_leaves_in_time_is_not_to_blame() -> None:
    rows = [*parked(20), *leaving(20)]
    for ticks in ((), (OPENS + 5_000,), tuple(range(OPENS, OPENS + 3_600_000, 600_000))):
        effects = run(TOWN, a_trip(), *entries_of(rows), *ticks)
        assert areas(effects) == []
    ticked = run(TOWN, a_trip(), *entries_of(parked(10)), OPENS + 5_000, *entries_of(rows[len(parked(10)) :]))
    (taken_back,) = [each for each in ticked if isinstance(each, AlarmWithdrawn)]
    assert taken_back.evidence["outcome"] == "left in time"
    assert "不计违规" in alarm_text(taken_back.kind, taken_back.evidence)[0]


def test_whoever_stays_is_grave_from_then_on_and_goes_on_under_the_same_name() -> None:
    effects = run(TOWN, a_trip(), *entries_of(parked(60)))
    first, second = [each for each in effects if isinstance(each, Alarm) and each.kind == "AREA_ENTERED"]
    assert (first.severity, second.severity, second.id, second.revision) == ("ORDINARY", "GRAVE", first.id, 2)
    assert (second.occurred_ms, second.ended_ms, second.evidence["outcome"]) == (OPENS, None, "stayed")
    (left,) = areas(run(TOWN, a_trip(), *entries_of([*parked(60), *leaving(60)])))
    assert (left.id, left.severity) == (first.id, "GRAVE")
    assert left.ended_ms == pytest.approx(START_MS + 60 * MINUTE_MS + 200_000, abs=500)


def test_a_tick_that_came_before_the_fix_of_who_left_in_time_is_set_right() -> None:
    state = ShardState()
    rows = [*parked(36), *leaving(36)]
    effects = run(TOWN, a_trip(), *entries_of(parked(36)), OPENS + GRACE_MS + 5_000, state=state)
    assert areas(effects)[0].severity == "GRAVE"
    effects += run(TOWN, *entries_of(rows[len(parked(36)) :]), state=state)
    assert areas(effects) == []


def test_hours_that_are_over_before_the_time_to_leave_is_blame_nobody() -> None:
    for minutes, blamed in ((29, 0), (30, 0), (31, 1)):
        world = World.build([town(closes=OPENS + minutes * MINUTE_MS)])
        for ticks in ((), tuple(range(OPENS, OPENS + 3_600_000, 50_000))):
            entries = in_order([*entries_of(parked(60)), *ticks])
            assert len(areas(run(world, a_trip(), *entries))) == blamed, (minutes, len(ticks))


def test_a_notice_may_give_more_time_or_none() -> None:
    for minutes, severity in ((0, "GRAVE"), (9, "GRAVE"), (60, "ORDINARY")):
        world = World.build([town(grace_ms=minutes * MINUTE_MS)])
        (alarm,) = areas(run(world, a_trip(), *entries_of(parked(21))))
        assert (alarm.severity, int(alarm.evidence["grace_until_ms"])) == (severity, OPENS + minutes * MINUTE_MS)


def test_whoever_comes_in_while_they_last_has_no_time_to_leave() -> None:
    late = straight(offset(MIDDLE, 270, 5_000), speed_dkmh=720, seconds=200, from_s=900)
    (alarm,) = areas(run(TOWN, a_trip(), *entries_of(late)))
    assert (alarm.severity, alarm.evidence["how"]) == ("GRAVE", "entered")
    assert "grace_until_ms" not in alarm.evidence


def test_a_load_that_is_gone_in_time_is_no_offence_either() -> None:
    gone = cleaned(at_ms=OPENS + 10 * MINUTE_MS)
    effects = run(TOWN, a_trip(), gone, *entries_of(parked(40)))
    assert areas(effects) == []
    assert [each.evidence["outcome"] for each in effects if isinstance(each, AlarmWithdrawn)] == ["left in time"]


def test_a_zone_drawn_round_a_lorry_gives_it_time_too() -> None:
    none, drawn = World.build([]), town(since_ms=OPENS, hours=between(0, 1 << 60))
    closed = World.build([drawn])
    state = ShardState()
    effects = run(none, a_trip(), *entries_of(parked(10)), state=state)
    effects += activate(state, none, closed, Activation(1, OPENS + 200))
    effects += run(
        closed, *entries_of(straight(MIDDLE, speed_dkmh=540, seconds=100, from_s=595, heading=0)), state=state
    )
    (alarm,) = areas(effects)
    assert (alarm.occurred_ms, alarm.severity, alarm.evidence["how"]) == (OPENS, "ORDINARY", "zone drawn")
    before = row(599, MIDDLE, speed=300)
    assert areas(run(closed, a_trip(), *entries_of([row(590, MIDDLE, speed=300), before]))) == [], (
        "it was not there yet"
    )


@pytest.mark.parametrize("seed", range(8))
def test_ticks_tell_early_what_fixes_tell_anyway(seed: int) -> None:
    """Lorries that come and go through a town whose hours open and close, some with a route."""
    rng = random.Random(seed)
    begin = START_MS + rng.randint(300, 900) * 1_000 + 500
    world = World.build([town(hours=between(begin, begin + rng.choice([20, 40, 90]) * MINUTE_MS))])
    rows, at, place = [], 0.0, offset(MIDDLE, rng.uniform(0, 360), 4_000)
    for _ in range(12):
        heading, metres = rng.uniform(0, 360), rng.choice([0, 0, 150, 200])
        for _ in range(rng.randint(5, 40)):
            at += 15
            place = offset(place, heading, metres)
            rows.append(row(at, place, speed=metres * 36 // 15, heading=int(heading)))
        if distance_m(place, MIDDLE) > 5_000:
            place = offset(MIDDLE, rng.uniform(0, 360), 2_000)
            at += 600
    route = tuple(
        (each.latitude_e7, each.longitude_e7) for each in (offset(MIDDLE, 270, 5_000), MIDDLE, offset(MIDDLE, 0, 5_000))
    )
    trip = a_trip(route=route if seed % 2 else ())
    plain = run(world, trip, *entries_of(rows, rng.choice([1, 9, 500])))
    ticks = [rng.randint(START_MS, rows[-1][1]) for _ in range(150)]
    merged = in_order([*entries_of(rows), *ticks])
    assert standing_content(run(world, trip, *merged)) == standing_content(plain)


def standing_content(effects: Sequence[Effect]) -> list[tuple[object, ...]]:
    return [
        (each.occurred_ms, each.ended_ms, each.severity, each.position, sorted(each.evidence.items()))
        for each in areas(effects)
    ]


def test_the_nearest_place_on_an_edge_is_as_far_as_the_area_says() -> None:
    rng = random.Random(1)
    for _ in range(200):
        middle = Position(
            rng.randint(-600_000_000, 600_000_000),
            rng.choice([1_799_990_000, rng.randint(-1_799_000_000, 1_799_000_000)]),
        )
        corners = [offset(middle, bearing, rng.uniform(500, 5_000)) for bearing in range(0, 360, 40)]
        area = MultiPolygon.of([corners])
        place = offset(middle, rng.uniform(0, 360), rng.uniform(0, 6_000))
        found, metres = nearest_on_edge(area, place)
        assert metres == pytest.approx(area.distance_m(place), abs=0.02)
        assert distance_m(place, found) == pytest.approx(metres, rel=0.005, abs=0.1)
        assert area.distance_m(found) < 0.5
