"""The stages behind the shards, the rules about stops and places, the codecs, and history set right."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.cells import cell_of
from geo.position import Position, distance_m, offset
from services.monitoring.engine import ShardState, Thresholds, World, last_positions, reconcile, thresholds_on
from services.monitoring.engine.parking import Stand, are_incompatible, too_near
from services.monitoring.engine.persons import too_long
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
from tests.unit.services.monitoring.drives import (
    PETROL,
    START_MS,
    Row,
    a_trip,
    entries_of,
    kinds,
    row,
    run,
    standing,
    straight,
)
from tests.unit.services.monitoring.random_days import MIDDLE, a_country, a_day

LIMITS = thresholds_on(date(2026, 5, 4))
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def country() -> World:
    return a_country()


def stand(vehicle: int, since_ms: int, until_ms: int | None, goods: tuple[Goods, ...], east_m: float = 0) -> Stand:
    place = offset(MIDDLE, 90, east_m)
    return Stand(vehicle, since_ms, until_ms, cell_of(place, PARKING_RESOLUTION), place, goods)


def limits_at(_at_ms: int) -> Thresholds:
    return LIMITS


FIREWORKS, OXYGEN = (Goods("0336", ("1.4G",)),), (Goods("1073", ("2.2", "5.1")),)
NAMES = {number: f"lorry{number}" for number in range(10)}
MINUTE_MS = 60_000


def test_fireworks_beside_petrol_blame_the_one_that_came_later_whatever_is_looked_at_first() -> None:
    stood = [stand(1, 1_000, None, PETROL), stand(2, 5_000, None, FIREWORKS, 80), stand(3, 6_000, None, PETROL, 90)]
    for some in ([stood[1]], [stood[0], stood[2]], stood, stood[::-1]):
        found = too_near(some, stood, limits_at, NAMES)
        assert {(alarm.vehicle, alarm.cause, alarm.occurred_ms) for alarm in found} == {
            (2, "1", 5_000),
            (3, "2", 6_000),
        }
        assert {alarm.evidence["other_vehicle"] for alarm in found} == {"lorry1", "lorry2"}


def test_distance_a_short_while_or_another_time_makes_peace() -> None:
    oxygen = stand(2, 0, 60 * MINUTE_MS, OXYGEN)
    far = stand(1, 0, None, PETROL, LIMITS.parking_apart_m + 20)
    brief = stand(3, 60 * MINUTE_MS - LIMITS.parked_ms + 1, None, PETROL)
    after = stand(4, 60 * MINUTE_MS, None, PETROL)
    assert too_near([oxygen], [far, brief, after, oxygen], limits_at, NAMES) == []
    just = stand(5, 60 * MINUTE_MS - LIMITS.parked_ms, None, PETROL)
    (alarm,) = too_near([oxygen], [just], limits_at, NAMES)
    assert (alarm.vehicle, alarm.occurred_ms, alarm.ended_ms) == (5, just.since_ms, 60 * MINUTE_MS)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_pairs_are_those_a_look_at_every_minute_finds(data: st.DataObject) -> None:
    """The oracle looks at each pair every minute; everything lies on whole minutes."""
    stands = []
    for vehicle in range(data.draw(st.integers(2, 5))):
        at = 0
        for _ in range(data.draw(st.integers(1, 3))):
            at += data.draw(st.integers(1, 20))
            until = at + data.draw(st.integers(5, 40))
            goods = data.draw(st.sampled_from([PETROL, FIREWORKS, OXYGEN]))
            stands.append(
                stand(vehicle, at * MINUTE_MS, until * MINUTE_MS, goods, data.draw(st.sampled_from([0, 60, 170])))
            )
            at = until
    found = {(alarm.vehicle, alarm.cause, alarm.occurred_ms, alarm.ended_ms)
             for alarm in too_near(stands, stands, limits_at, NAMES)}  # fmt: skip
    expected = set()
    for one, other in itertools.combinations(stands, 2):
        together = [
            minute * MINUTE_MS for minute in range(200)
            if all(each.since_ms <= minute * MINUTE_MS <= (each.until_ms or 0) for each in (one, other))
        ]  # fmt: skip
        near = distance_m(one.position, other.position) <= LIMITS.parking_apart_m
        if one.vehicle == other.vehicle or not near or not are_incompatible(one.goods, other.goods) or not together:
            continue
        if together[-1] - together[0] >= LIMITS.parked_ms:
            first, later = sorted((one, other), key=lambda each: (each.since_ms, each.vehicle))
            expected.add((later.vehicle, str(first.vehicle), together[0], together[-1]))
    assert found == expected


def test_laden_vehicles_report_where_they_stand_and_when_they_go(country: World) -> None:
    rows = [row(at, MIDDLE, speed=0) for at in range(0, 400, 10)] + straight(
        MIDDLE, speed_dkmh=600, seconds=60, from_s=400
    )
    told = [effect for effect in run(country, a_trip(), *entries_of(rows)) if isinstance(effect, Parked)]
    assert [(each.at_ms - START_MS, bool(each.goods)) for each in told] == [(0, True), (390_000, False)]


def test_what_is_loaded_while_a_vehicle_stands_counts_from_then_on(country: World) -> None:
    fireworks = a_trip(at_ms=START_MS + 600_000, goods=FIREWORKS, waybill_id="w2")
    rows = [row(at, MIDDLE, speed=0) for at in range(0, 1_200, 10)]
    told = [effect for effect in run(country, a_trip(), fireworks, *entries_of(rows)) if isinstance(effect, Parked)]
    assert [(each.at_ms - START_MS, each.goods, each.waybill_id) for each in told] == [
        (0, PETROL, "w1"), (600_000, (), "w1"), (600_000, FIREWORKS, "w2"),
    ]  # fmt: skip
    same = replace(fireworks, goods=PETROL)
    told = [effect for effect in run(country, a_trip(), same, *entries_of(rows)) if isinstance(effect, Parked)]
    assert [each.at_ms - START_MS for each in told] == [0]


def drove(
    vehicle: int, start_ms: int, end_ms: int, *, since_ms: int | None = None, in_day_ms: int = 0, is_over: bool = True
) -> Driven:
    """Somebody drove a vehicle; it was his only piece of that day in it unless said."""
    since_ms = start_ms if since_ms is None else since_ms
    return Driven("d", vehicle, since_ms, start_ms, end_ms, in_day_ms or end_ms - start_ms, is_over)


def test_a_person_who_changes_the_lorry_does_not_rest_by_that() -> None:
    first, second = drove(1, 0, 3 * HOUR_MS), drove(2, 3 * HOUR_MS + 600_000, 5 * HOUR_MS)
    assert too_long([first], limits_at) == []
    (alarm,) = too_long([second, first], limits_at)
    assert (alarm.kind, alarm.vehicle, alarm.occurred_ms, alarm.ended_ms) == (
        AlarmKind.FATIGUE,
        2,
        4 * HOUR_MS,
        5 * HOUR_MS,
    )
    assert alarm.evidence["person_id"] == "d"
    (still,) = too_long([first, replace(second, is_over=False)], limits_at)
    assert (still.id, still.ended_ms) == (alarm.id, None)
    (other,) = too_long([first, replace(second, vehicle=3)], limits_at)
    assert other.id != alarm.id, "of one that is taken back nothing else is told under its id"
    rested = drove(2, 3 * HOUR_MS + LIMITS.rest_ms, 5 * HOUR_MS)
    assert too_long([first, rested], limits_at) == []
    carried = replace(rested, since_ms=2 * HOUR_MS)
    assert len(too_long([first, carried], limits_at)) == 1, "it was elsewhere after its silence: nobody rested in it"
    assert too_long([drove(1, 0, 4 * HOUR_MS), second], limits_at) == [], "told of the first lorry alone"


def test_eight_hours_of_a_day_in_several_lorries_are_told_once_when_they_are_reached() -> None:
    midnight = 16 * HOUR_MS  # in Beijing
    three = [drove(vehicle, (4 * vehicle - 4) * HOUR_MS, (4 * vehicle - 1) * HOUR_MS) for vehicle in (1, 2, 3)]
    (alarm,) = too_long(three[::-1], limits_at)
    assert (alarm.vehicle, alarm.occurred_ms, alarm.ended_ms) == (3, 10 * HOUR_MS, 10 * HOUR_MS)
    assert alarm.evidence["driven_ms"] == str(LIMITS.daily_driving_ms)
    assert too_long(three[:2], limits_at) == []
    assert too_long([*three, drove(1, 12 * HOUR_MS, 13 * HOUR_MS)], limits_at) == [alarm], (
        "what follows changes nothing"
    )
    assert too_long([*three[:2], drove(3, 8 * HOUR_MS, 10 * HOUR_MS - 1)], limits_at) == [], "a moment less"
    assert too_long([*three[:2], drove(3, midnight, midnight + 3 * HOUR_MS)], limits_at) == [], "another day"
    at_once = [drove(1, 0, 3 * HOUR_MS), drove(2, HOUR_MS, 3 * HOUR_MS), drove(3, 4 * HOUR_MS, 8 * HOUR_MS - 1)]
    assert too_long(at_once, limits_at) == [], "nobody drives two lorries at once"
    again = [drove(1, 0, 3 * HOUR_MS), drove(1, 4 * HOUR_MS, 7 * HOUR_MS, in_day_ms=6 * HOUR_MS),
             drove(1, 8 * HOUR_MS, 11 * HOUR_MS, in_day_ms=9 * HOUR_MS)]  # fmt: skip
    assert too_long(again, limits_at) == [], "told of the lorry itself"
    interrupted = [again[0], again[1], replace(again[2], in_day_ms=3 * HOUR_MS)]
    assert len(too_long(interrupted, limits_at)) == 1, "somebody else drove it between: its own sum began anew"


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_day_is_too_long_when_a_count_of_every_minute_says_so(data: st.DataObject) -> None:
    """The oracle counts the minutes in which a person drove anything; everything lies on whole minutes of two days."""
    spans = []
    for vehicle in range(1, data.draw(st.integers(2, 4))):
        at, by_day = 0, [0, 0]
        for _ in range(data.draw(st.integers(1, 4))):
            begin = at + data.draw(st.integers(20, 400))
            end = begin + data.draw(st.integers(1, 300))
            for day, (first, last) in enumerate(((0, 960), (960, 2_400))):  # midnight in Beijing is 16 h UTC
                start, until = max(begin, first), min(end, last)
                if start < until:
                    by_day[day] += until - start
                    piece = drove(vehicle, start * MINUTE_MS, until * MINUTE_MS, since_ms=begin * MINUTE_MS)
                    spans.append(replace(piece, in_day_ms=by_day[day] * MINUTE_MS))
            at = end
    found = {alarm.occurred_ms for alarm in too_long(spans, limits_at) if "driven_ms" in alarm.evidence}
    expected = set()
    for first, last in ((0, 960), (960, 2_400)):
        of_any = [minute for minute in range(first, last)
                  if any(one.start_ms <= minute * MINUTE_MS < one.end_ms for one in spans)]  # fmt: skip
        most = LIMITS.daily_driving_ms // MINUTE_MS
        of_each = [[minute for minute in of_any if any(
            one.vehicle == vehicle and one.start_ms <= minute * MINUTE_MS < one.end_ms for one in spans
        )][:most] for vehicle in (1, 2, 3)]  # fmt: skip
        if len(of_any) >= most and of_any[:most] not in of_each:
            expected.add((of_any[most - 1] + 1) * MINUTE_MS)
    assert found == expected


@pytest.mark.parametrize("seed", range(12))
def test_what_vehicles_and_persons_tell_of_a_day_is_what_a_count_of_all_driving_says(seed: int) -> None:
    """One driver, two lorries in turn, two days, an hour and a half a day allowed; each long day is told by one stage alone."""
    limits = thresholds_on(date(2026, 5, 4), daily_driving_ms=90 * MINUTE_MS, driving_ms=1_000 * HOUR_MS)
    world, rng, at_s, vehicle = World.build([], thresholds=limits), random.Random(seed), 0, 1
    rows: dict[int, list[Row]] = {1: [], 2: []}
    while at_s < 48 * 3_600 or not all(rows.values()):
        minutes = rng.randint(1, 40)
        rows[vehicle] += straight(
            MIDDLE, speed_dkmh=300, seconds=60 * minutes, interval_s=60, vehicle=vehicle, from_s=at_s
        )
        at_s += 60 * (minutes + rng.choice([2, 9, 11, 15, 19, 25, 120, 400]))
        vehicle = 3 - vehicle if rng.random() < (0.7, 0.1)[seed % 2] else vehicle
    of_vehicles: set[int] = set()
    pieces: dict[tuple[int, int], Driven] = {}
    minutes_driven: set[int] = set()
    for number, mine in rows.items():
        effects = run(world, a_trip(number), *entries_of(mine, len(mine)))
        assert run(world, a_trip(number), *entries_of(mine, rng.randint(1, 50))) == effects
        end_ms = mine[-1][1]
        effects += run(world, a_trip(number), *entries_of(mine, len(mine)), end_ms, end_ms + 200_000)
        of_vehicles |= {alarm.occurred_ms for alarm in standing(effects) if alarm.cause == "daily"}
        pieces |= {(one.vehicle, one.start_ms): one for one in effects if isinstance(one, Driven)}
        for one, other in itertools.pairwise(each[1] // MINUTE_MS for each in mine):
            if other - one <= 10 and legal_day_of(one) == legal_day_of(other):
                minutes_driven |= set(range(one, other))
    found = too_long(pieces.values(), lambda _at_ms: limits)
    of_persons = {alarm.occurred_ms for alarm in found if "driven_ms" in alarm.evidence}
    days = itertools.groupby(sorted(minutes_driven), legal_day_of)
    expected = {(minutes[89] + 1) * MINUTE_MS for minutes in (list(day) for _, day in days) if len(minutes) >= 90}
    assert expected
    assert of_persons <= expected
    assert expected - of_persons <= of_vehicles, "told of the lorry itself"
    assert not of_persons & of_vehicles, "never by both"


def legal_day_of(minute: int) -> int:
    return (minute + 8 * 60) // (24 * 60)


def test_a_stretch_is_known_while_it_goes_on(country: World) -> None:
    rows = straight(offset(MIDDLE, 0, 20_000), speed_dkmh=600, seconds=1_850, interval_s=60)
    told = [each for each in run(country, a_trip(), *entries_of(rows, 7)) if isinstance(each, Driven)]
    assert [((each.end_ms - START_MS) // 1000, each.is_over) for each in told] == [
        (600, False), (1_200, False), (1_800, False),
    ]  # fmt: skip


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


def place_at(rows: list[Row], at_s: int) -> Position:
    found = next(each for each in rows if each[1] == START_MS + at_s * 1000)
    return Position(found[2], found[3])


def test_a_second_driver_taking_over_starts_afresh(country: World) -> None:
    rows = straight(offset(MIDDLE, 0, 20_000), speed_dkmh=600, seconds=5 * 3600, interval_s=60)
    swap = a_trip(at_ms=START_MS + 3 * HOUR_MS, driver_id="d2", event="AMENDED")
    effects = run(country, a_trip(), swap, *entries_of(rows, 50))
    assert "FATIGUE" not in kinds(effects)
    over = [each for each in effects if isinstance(each, Driven) and each.is_over]
    assert over == [Driven("d1", 1, START_MS, START_MS, START_MS + 3 * HOUR_MS - 60_000, 3 * HOUR_MS - 60_000)]


def test_two_drivers_are_told_of_what_is_too_long_whoever_drove(country: World) -> None:
    """They may change wherever the vehicle stands for two minutes, and share sixteen hours a day."""
    both, hours = a_trip(second_driver_id="d2"), 3_600

    def told(*stretches_s: int, trip: TripFact = both, pause_s: int = 120) -> list[tuple[str, str]]:
        rows, at_s, place = [], 0, offset(MIDDLE, 0, 20_000)
        for seconds in stretches_s:
            rows += straight(place, speed_dkmh=360, seconds=seconds, interval_s=60, from_s=at_s)
            at_s, place = at_s + seconds + pause_s, offset(place, 90, seconds * 10)
        found = [alarm for alarm in standing(run(country, trip, *entries_of(rows, 50))) if alarm.kind == "FATIGUE"]
        return [(alarm.cause, alarm.evidence["person_id"]) for alarm in found]

    three = 3 * hours
    assert told(three, three) == []
    assert told(three, three, trip=a_trip()) == [("continuous", "d1")]
    assert told(three, three, pause_s=60) == [("continuous", "d1, d2")], "nobody changes places in a minute"
    assert told(4 * hours) == [("continuous", "d1, d2")]
    assert told(*[three] * 3) == [], "nine hours in all"
    swap = a_trip(at_ms=START_MS + 2 * HOUR_MS, driver_id="d2", second_driver_id="d1", event="AMENDED")
    rows = straight(offset(MIDDLE, 0, 20_000), speed_dkmh=360, seconds=4 * hours, interval_s=60)
    effects = run(country, both, swap, *entries_of(rows, 50))
    assert "FATIGUE" in kinds(effects), "on paper alone nobody changes places"
    assert not [each for each in effects if isinstance(each, Driven)]


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
    assert {kind: (alarm.id, alarm.revision) for kind, alarm in told.items() if isinstance(alarm, Alarm)} == {
        AlarmRevised: (known[0].id, 2),
        AlarmWithdrawn: (known[1].id, 2),
        AlarmRaised: (found[1].id, 1),
    }
    assert len(told) == 3


def test_what_was_withdrawn_and_is_found_again_is_raised_under_a_new_revision() -> None:
    known = [an_alarm(5, 9, cls=AlarmWithdrawn, revision=2)]
    (again,) = reconcile(known, [an_alarm(5, 9)], 0)
    assert isinstance(again, Alarm)
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
