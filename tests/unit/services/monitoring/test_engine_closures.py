"""Zones that come to bar a planned route: told before the vehicle is there, taken back when its way is free again."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import shapely
from shapely.ops import substring

from geo.itinerary import Itinerary
from geo.position import Position, offset
from geo.roads import RoadGraph
from geo.shapes import MultiPolygon
from services.monitoring.engine import Roads, ShardState, World, activate, recompute, step
from services.monitoring.facts import Pass, PassFact, Point, TripFact
from services.monitoring.fixes import Fixes
from services.monitoring.model import (
    Activation,
    Alarm,
    AlarmRaised,
    AlarmRevised,
    AlarmWithdrawn,
    Effect,
    FixesEntry,
    Goods,
    Hours,
    NeedsHistory,
    TickEntry,
    TripEntry,
    ZoneKind,
    ZoneRecord,
    ZoneRule,
    always,
)
from tests.unit.services.monitoring.drives import (
    PETROL,
    START_MS,
    Row,
    Told,
    a_trip,
    cleaned,
    entries_of,
    off_plan,
    row,
    run,
    standing,
    straight,
)
from tests.unit.services.monitoring.random_days import HOUR_MS, MIDDLE, square

WEST, EAST = offset(MIDDLE, 270, 12_000), offset(MIDDLE, 90, 12_000)
NONE = World.build([])
NOW = START_MS + 100_000


def a_route(*places: Position) -> tuple[Point, ...]:
    return tuple((place.latitude_e7, place.longitude_e7) for place in places)


ROUTE = a_route(WEST, MIDDLE, EAST)
ROWS = straight(WEST, speed_dkmh=720, seconds=1_200)  # 20 m/s along the route: in the market after 700 s


def market(version: str = "1", **changes: object) -> ZoneRecord:
    """3 km across, from 14 km on along the route."""
    rule = ZoneRule(id="ban", **changes)  # type: ignore[arg-type]
    return ZoneRecord(
        id="market", version=version, kind=ZoneKind.RESTRICTED_AREA, name="集市", shape=square(2_000, -1_000, 3_000),
        rules=(rule,),
    )  # fmt: skip


CLOSED = NONE.changed([market()])


def between(begin: int, end: int) -> Hours:
    """Hours that begin and end once."""

    def hours(first: int, last: int) -> tuple[tuple[int, int], ...]:
        since, until_ms = max(first, begin), min(last, end)
        return ((since, until_ms),) if since < until_ms else ()

    return hours


def told(effects: Sequence[Effect]) -> list[AlarmRaised | AlarmRevised]:
    return [alarm for alarm in standing(effects) if alarm.kind == "ROUTE_BARRED"]


def until(rows: Sequence[Row], at_ms: int) -> list[FixesEntry]:
    return entries_of([each for each in rows if each[1] < at_ms], 20)


def after(world: World, *facts: Told, state: ShardState | None = None, rows: Sequence[Row] = ROWS) -> list[Effect]:
    """Drive till ``NOW``, then the zones of ``world`` come."""
    state = ShardState() if state is None else state
    effects = run(NONE, *facts, *until(rows, NOW), state=state)
    return effects + activate(state, NONE, world, Activation(1, NOW))


def on_route(**changes: Any) -> TripFact:
    return a_trip(**({"route": ROUTE} | changes))


def test_the_carrier_hears_how_far_ahead_it_is_and_when_the_lorry_will_be_there() -> None:
    (alarm,) = told(after(CLOSED, on_route()))
    assert (alarm.occurred_ms, alarm.ended_ms, alarm.severity) == (NOW, None, "ORDINARY")
    assert (alarm.zone_id, alarm.cause, alarm.waybill_id, alarm.carrier_id) == ("market", "market", "w1", "c1")
    assert alarm.position == offset(WEST, 90, 20 * 90)  # where it was seen last
    ahead_m = 14_000 - 20 * 90
    assert int(alarm.evidence["ahead_m"]) == pytest.approx(ahead_m, abs=5)
    assert int(alarm.evidence["soonest_ms"]) == pytest.approx(NOW + ahead_m * 45, abs=300)  # 80 km/h
    assert int(alarm.evidence["latest_ms"]) == pytest.approx(NOW + (ahead_m + 3_000) * 60, abs=500)  # 60 km/h
    assert int(alarm.evidence["meets_longitude_e7"]) == pytest.approx(offset(MIDDLE, 90, 2_000).longitude_e7, abs=50)


def test_who_is_not_meant_hears_nothing() -> None:
    for fact in (
        cleaned(route=ROUTE), a_trip(), on_route(under_way=False, event="UNLOADED", loaded=False, tunnel_forbidden=""),
        on_route(route=a_route(WEST, offset(WEST, 0, 9_000))),
    ):  # fmt: skip
        assert told(after(CLOSED, fact)) == []
    explosives = NONE.changed([market(classes=frozenset({"1"}))])
    assert told(after(explosives, on_route())) == []
    assert told(after(explosives, on_route(goods=(Goods("0336", ("1.4G",)),))))
    assert told(after(NONE.changed([replace(market(), kind=ZoneKind.PARKING)]), on_route())) == []
    assert told(after(NONE.changed([market(action="NOTIFY")]), on_route())) == []


def test_who_is_loaded_and_about_to_leave_hears_of_it() -> None:
    waits = on_route(under_way=False, event="LOADED")
    standing_still = [row(at, WEST, speed=0) for at in range(0, 1_200, 60)]
    state = ShardState()
    effects = after(CLOSED, waits, state=state, rows=standing_still)
    (alarm,) = told(effects)
    effects += run(CLOSED, on_route(at_ms=NOW + 50_000), *entries_of(standing_still[3:]), state=state)
    assert told(effects) == [alarm], "its departure is no news"


def test_what_lies_behind_is_no_matter_and_off_the_line_all_of_it_is_ahead() -> None:
    behind = straight(offset(MIDDLE, 90, 6_000), speed_dkmh=720, seconds=200)
    assert told(after(CLOSED, on_route(), rows=behind)) == []
    elsewhere = straight(offset(offset(MIDDLE, 90, 6_000), 0, 2_000), speed_dkmh=720, seconds=200)
    (alarm,) = told(after(CLOSED, on_route(), rows=elsewhere))
    assert int(alarm.evidence["ahead_m"]) == pytest.approx(14_000, abs=5)
    there_and_back = on_route(route=a_route(WEST, EAST, WEST))
    (alarm,) = told(after(CLOSED, there_and_back, rows=behind))
    assert int(alarm.evidence["ahead_m"]) > 3_000, "on the way back it comes by again"


def test_hours_count_when_the_lorry_will_be_there() -> None:
    def open_from(minutes: int, until_minutes: int) -> ZoneRecord:
        return market(hours=between(NOW + minutes * 60_000, NOW + until_minutes * 60_000))

    # 12.2 km ahead and 3 km long: from 9.2 minutes on, until 15.2
    for hours, expected in (((0, 9), 0), ((0, 10), 1), ((15, 60), 1), ((16, 60), 0)):
        assert len(told(after(NONE.changed([open_from(*hours)]), on_route()))) == expected, hours


OPENS = NOW + 40 * 60_000
EVENING = NONE.changed([market(hours=between(OPENS, OPENS + 7_200_000))])


def held_up() -> list[Row]:
    """Half way to the market, in a jam, for an hour; then on."""
    jam = offset(WEST, 90, 9_000)
    stands = [row(450 + at, jam, speed=0) for at in range(30, 3_600, 30)]
    return [
        *straight(WEST, speed_dkmh=720, seconds=450),
        *stands,
        *straight(jam, speed_dkmh=720, seconds=400, from_s=4_080),
    ]


def test_who_is_held_up_hears_of_hours_that_begin_before_it_is_through() -> None:
    """When they begin, by the next fix or soon after by a tick; and it is one alarm that ends where it drives in."""
    rows = held_up()
    early, later = [each for each in rows if each[1] < OPENS], [each for each in rows if each[1] >= OPENS]
    for by_tick in (False, True):
        state = ShardState()
        effects = after(EVENING, on_route(), state=state, rows=rows)
        effects += run(EVENING, *entries_of([each for each in early if each[1] >= NOW], 7), OPENS - 10, state=state)
        assert told(effects) == [], "by plan it is through long before"
        assert ShardState.restore(state.snapshot()).snapshot() == state.snapshot()
        effects += run(EVENING, *([OPENS + 61_000] if by_tick else entries_of(later[:1])), state=state)
        (alarm,) = told(effects)
        assert alarm.occurred_ms == OPENS
        assert int(alarm.evidence["soonest_ms"]) == pytest.approx(OPENS + 5_000 * 45, abs=500)
        effects += run(EVENING, *entries_of(later[0 if by_tick else 1 :], 9), state=state)
        (ended,) = told(effects)
        assert (ended.id, ended.evidence["outcome"]) == (alarm.id, "reached")


def test_who_is_through_when_they_begin_hears_nothing() -> None:
    through = straight(WEST, speed_dkmh=720, seconds=1_200)
    state = ShardState()
    effects = after(EVENING, on_route(), state=state, rows=through)
    effects += run(EVENING, *entries_of([each for each in through if each[1] >= NOW], 9), OPENS + 70_000, state=state)
    assert [each for each in effects if isinstance(each, Alarm) and each.kind == "ROUTE_BARRED"] == []


def test_a_fix_of_the_far_future_is_not_led_up_to_day_by_day() -> None:
    daily = market(
        hours=lambda first, last: tuple(
            (day, day + 60_000) for day in range(-(-first // 86_400_000) * 86_400_000, last, 86_400_000)
        )
    )
    state = ShardState()
    after(NONE.changed([daily]), on_route(), state=state)
    run(NONE.changed([daily]), FixesEntry(Fixes.of([row(86_400 * 80_000, WEST)])), state=state)
    assert state.columns["look_ms"].tolist() == [-1]


def test_who_has_not_left_is_barred_by_what_lasts_for_a_day() -> None:
    waits, still = on_route(under_way=False, event="LOADED"), [row(at, WEST, speed=0) for at in range(0, 200, 10)]
    for hours, expected in (
        (between(0, NOW + 7_200_000), 0),
        (between(0, NOW + 2 * 86_400_000), 1),
        (between(NOW + 7_200_000, 1 << 60), 0),
    ):
        assert len(told(after(NONE.changed([market(hours=hours)]), waits, rows=still))) == expected


def test_a_road_bars_those_who_follow_it_and_not_those_who_cross_it() -> None:
    across = replace(market(), kind=ZoneKind.TIME_BANNED_ROAD, shape=square(3_000, -5_000, 30), followed_m=90.0)
    across = replace(across, shape=square(3_000, -15, 30))
    assert told(after(NONE.changed([across]), on_route())) == []
    along = replace(across, shape=square(3_000, -500, 1_000))
    (alarm,) = told(after(NONE.changed([along]), on_route()))
    assert alarm.evidence["rule"] == "RT-04"


def test_it_is_taken_back_when_the_way_is_free_again() -> None:
    free_pass = PassFact(vehicle=1, at_ms=NOW + 20_000, passes=(Pass("p", ("market",), (), ((0, 1 << 61),)),))
    round_it = on_route(at_ms=NOW + 20_000, event="AMENDED", route=a_route(WEST, offset(MIDDLE, 0, 9_000), EAST))
    over = on_route(at_ms=NOW + 20_000, event="ARRIVED", under_way=False)
    next_trip = on_route(at_ms=NOW + 20_000, waybill_id="w2", route=a_route(EAST, offset(EAST, 0, 5_000)))
    for fact, outcome in (
        (free_pass, "way free"),
        (round_it, "way free"),
        (over, "trip over"),
        (next_trip, "trip over"),
    ):
        state = ShardState()
        effects = after(CLOSED, on_route(), state=state)
        (alarm,) = told(effects)
        assert told(effects + run(CLOSED, fact, state=state)) == [alarm], "it holds from its own time on"
        last = run(CLOSED, fact, *until([each for each in ROWS if each[1] >= NOW], NOW + 60_000), state=state)
        (taken_back,) = [each for each in last if isinstance(each, AlarmWithdrawn)]
        assert (taken_back.id, taken_back.evidence["outcome"]) == (alarm.id, outcome)
        assert not [key for key in state.open if key[1] == "ROUTE_BARRED"]
    state = ShardState()
    after(CLOSED, on_route(), state=state)
    (lifted,) = activate(state, CLOSED, NONE, Activation(2, NOW + 30_000))
    assert isinstance(lifted, AlarmWithdrawn)
    assert (lifted.evidence["outcome"], lifted.evidence["outcome_ms"]) == ("zone lifted", str(NOW + 30_000))


def test_a_pass_that_is_revoked_bars_the_way_again() -> None:
    held = PassFact(vehicle=1, at_ms=START_MS - 2_000, passes=(Pass("p", ("market",), (), ((0, 1 << 61),)),))
    state = ShardState()
    assert told(after(CLOSED, held, on_route(), state=state)) == []
    revoked = PassFact(vehicle=1, at_ms=NOW + 20_000)
    (alarm,) = told(run(CLOSED, revoked, *until([each for each in ROWS if each[1] >= NOW], NOW + 60_000), state=state))
    assert alarm.occurred_ms == NOW + 20_000


def test_it_ends_where_the_lorry_drives_in_all_the_same() -> None:
    state = ShardState()
    effects = after(CLOSED, on_route(), state=state)
    effects += run(CLOSED, *entries_of([each for each in ROWS if each[1] >= NOW], 7), state=state)
    (barred,), (entered,) = told(effects), [each for each in standing(effects) if each.kind == "AREA_ENTERED"]
    assert (barred.ended_ms, barred.evidence["outcome"]) == (entered.occurred_ms, "reached")


def test_a_new_version_says_nothing_new_while_it_still_bars_the_way() -> None:
    state = ShardState()
    effects = after(CLOSED, on_route(), state=state)
    again = CLOSED.changed([market("2")])
    assert activate(state, CLOSED, again, Activation(2, NOW + 10_000)) == []
    assert activate(state, again, again.changed([replace(market("3"), id="other", shape=square(0, 5_000, 100))]),
                    Activation(3, NOW + 20_000)) == []  # fmt: skip
    assert len(told(effects)) == 1


def test_a_tunnel_on_the_route_is_classified(roads: Roads, graph: RoadGraph, trip: Itinerary, world: World) -> None:
    none = World.build([], roads=roads)
    for edges, expected in ((off_plan(trip), 1), (trip.plan.edges, 0)):
        line = [place for edge in edges for place in graph.edge_positions(edge)]
        state = ShardState()
        at_start = [row(at, line[0], speed=0) for at in range(0, 100, 10)]
        effects = run(none, on_route(route=a_route(*line)), *entries_of(at_start), state=state)
        effects += activate(state, none, world, Activation(1, NOW))
        found = told(effects)
        assert len(found) == expected
        assert all((each.evidence["rule"], each.evidence["zone_rule"]) == ("RT-01", "category") for each in found)
        departing = run(world, on_route(route=a_route(*line)), *entries_of(at_start))
        assert len(told(departing)) == expected, "who departs later hears of it too"


# Random zones that come and go while lorries drive, against the words of the promise.

SQUARES = [square(east, north, side) for east, north, side in
           ((2_000, -1_000, 3_000), (-6_000, -50, 100), (5_500, -3_000, 3_001), (-9_000, 500, 2_000), (-2_000, -2_000, 4_000))]  # fmt: skip


def a_history(
    seed: int, *, with_hours: bool = False
) -> tuple[list[tuple[int, World]], list[TripFact | PassFact], list[Row]]:
    """Worlds with the time each begins, facts of three lorries, and their fixes; nothing at the same time as anything else."""
    rng = random.Random(seed)
    worlds, world = [(0, NONE)], NONE
    for number in range(8):
        key = str(rng.randrange(len(SQUARES)))
        if key in world.zones and rng.random() < 0.5:
            world = world.changed(gone=[key])
        else:
            begin = START_MS + rng.randrange(0, 1_400, 100) * 1_000 + 250
            hours = (
                between(begin, begin + rng.choice([120_000, 600_000])) if with_hours and rng.random() < 0.8 else always
            )
            rule = ZoneRule(id="r", classes=frozenset(rng.choice([{"3"}, {"1"}, set()])), hours=hours)
            record = ZoneRecord(
                id=key, version=f"{number}", kind=ZoneKind.RESTRICTED_AREA, shape=SQUARES[int(key)], rules=(rule,)
            )
            world = world.changed([record])
        worlds.append((START_MS + (number + 1) * 150_000 + 3_500, world))
    facts: list[TripFact | PassFact] = []
    rows: list[Row] = []
    for vehicle in (1, 2, 3):
        corner = offset(MIDDLE, rng.uniform(0, 360), rng.uniform(0, 8_000))
        start, end = offset(corner, rng.uniform(0, 360), 7_000), offset(MIDDLE, rng.uniform(0, 360), 9_000)
        goods = rng.choice([PETROL, (Goods("0336", ("1.4G",)),)])
        shared = {"goods": goods, "route": a_route(start, corner, end), "waybill_id": f"w{vehicle}"}
        facts.append(a_trip(vehicle, START_MS - 500, **shared))
        if rng.random() < 0.5:
            spans = ((0, 1 << 61),)
            held = tuple(Pass("p", (str(rng.randrange(len(SQUARES))),), (), spans) for _ in range(2))
            facts.append(PassFact(vehicle=vehicle, at_ms=START_MS + 400_500, passes=held))
        ends: dict[str, Any] = rng.choice(
            [{"event": "AMENDED", "route": a_route(start, end)}, {"event": "ARRIVED", "under_way": False}]
        )
        facts.append(a_trip(vehicle, START_MS + rng.choice([500_500, 900_500]), **(shared | ends)))
        heading = rng.uniform(0, 360) if rng.random() < 0.3 else None
        for number in range(130):
            place = offset(start, heading, number * 120) if heading is not None else _along(start, corner, number * 120)
            rows.append(row(number * 10, place, vehicle=vehicle, speed=430))
    return worlds, facts, sorted(rows, key=lambda each: each[1])


def _along(start: Position, corner: Position, metres: float) -> Position:
    share = min(1.0, metres / 7_000)
    return Position(
        start.latitude_e7 + round(share * (corner.latitude_e7 - start.latitude_e7)),
        start.longitude_e7 + round(share * (corner.longitude_e7 - start.longitude_e7)),
    )


def played(seed: int, rng: random.Random | None = None, *, repeats: bool = False) -> tuple[list[Effect], ShardState]:
    """The history, with hours, in order; with ``rng`` in entries of any size with restarts between, with ``repeats`` the fixes of a minute twice."""
    worlds, facts, rows = a_history(seed, with_hours=True)
    state, effects = ShardState(), list[Effect]()
    effects += run(NONE, *facts, state=state)
    for (since, world), (next_since, following) in zip(worlds, [*worlds[1:], (1 << 60, NONE)], strict=True):
        mine = [each for each in rows if since <= each[1] < next_since]
        while mine:
            size = rng.choice([1, 2, 9, 60]) if rng is not None else len(mine)
            effects += step(state, world, FixesEntry(Fixes.of(mine[:size])))
            if repeats:
                effects += step(state, world, FixesEntry(Fixes.of(mine[:size])))
            del mine[:size]
            if rng is not None and rng.random() < 0.2:
                state = ShardState.restore(state.snapshot())
        if following is not NONE:
            effects += activate(state, world, following, Activation(1, next_since))
            if rng is not None and rng.random() < 0.5:
                state = ShardState.restore(state.snapshot())
    return effects, state


@pytest.mark.parametrize("seed", range(6))
def test_the_same_however_the_fixes_are_cut_and_after_any_restart(seed: int) -> None:
    whole, state = played(seed)
    cut, other = played(seed, random.Random(seed))
    assert cut == whole
    assert other.snapshot() == state.snapshot()
    again, _ = played(seed, repeats=True)
    assert [each for each in again if not isinstance(each, NeedsHistory)] == whole


def test_what_is_told_is_what_shapely_finds_on_the_rest_of_the_way() -> None:
    """After each change, of the lorries on their line: the zones whose inside the rest of the line comes by are those told of."""
    compared = found = 0
    for seed in range(25):
        worlds, facts, rows = a_history(seed)
        state = ShardState()
        run(NONE, *facts, state=state)
        for (since, world), (next_since, following) in itertools.pairwise(worlds):
            step(state, world, FixesEntry(Fixes.of([each for each in rows if since <= each[1] < next_since])))
            activate(state, world, following, Activation(1, next_since))
            for slot, trip in state.trips.items():
                place = state.position(slot)
                line = state.lines.get(slot)
                if place is None or not trip.under_way or line is None or line.progress_m(place, 5) is None:
                    continue
                turned = {key for key in {*world.zones, *following.zones}
                          if world.zones.get(key) is not following.zones.get(key)}  # fmt: skip
                open_now = {cause for of, kind, cause in state.open if of == slot and kind == "ROUTE_BARRED"}
                expected = {key for key in turned if _bars(following, key, trip, place)}
                unsure = {
                    key for key in turned if key in following.zones and _is_near_edge(following.zones[key], place)
                }
                assert open_now & turned - unsure == expected - unsure, (seed, next_since)
                compared, found = compared + 1, found + len(expected)
    assert compared > 200
    assert found > 15


def _bars(world: World, key: str, trip: TripFact, place: Position) -> bool:
    zone = world.zones.get(key)
    if zone is None or any(key in each.zone_ids for each in trip.passes):
        return False
    classes = zone.rules[0].classes
    if classes and not any(label.split(".")[0] in classes for line in trip.goods for label in line.hazards):
        return False
    rest = _rest(trip.route, place)
    assert isinstance(zone.shape, MultiPolygon)
    inside = rest.intersection(zone.shape.to_geometry())
    parts = [part for part in getattr(inside, "geoms", [inside]) if part.length > 0]
    return any(min(rest.project(shapely.Point(end)) for end in (part.coords[0], part.coords[-1])) > 0 for part in parts)


def _rest(route: tuple[Point, ...], place: Position) -> shapely.LineString:
    """The line from the place on, x = longitude."""
    whole = shapely.LineString([(east, north) for north, east in route])
    done = whole.project(shapely.Point(place.longitude_e7, place.latitude_e7))
    rest: shapely.LineString = substring(whole, done, whole.length)
    return rest


def _is_near_edge(zone: ZoneRecord, place: Position) -> bool:
    assert isinstance(zone.shape, MultiPolygon)
    return zone.shape.distance_m(place) < 60


@pytest.mark.parametrize("seed", range(6))
def test_ticks_tell_early_what_fixes_tell_anyway(seed: int) -> None:
    worlds, facts, rows = a_history(seed, with_hours=True)
    rng, end = random.Random(seed), max(each[1] for each in rows) + HOUR_MS
    results = []
    for ticks in ([end], sorted([*(rng.randint(START_MS, end) for _ in range(200)), end])):
        state, effects, world = ShardState(), run(NONE, *facts), NONE
        run(NONE, *facts, state=state)
        news: list[tuple[int, int, Any]] = [(at, 2, world) for at, world in worlds[1:]]
        news += [(each[1], 1, each) for each in rows] + [(at, 0, at) for at in ticks]
        for at, kind, what in sorted(news, key=lambda each: each[:2]):
            if kind == 2:
                effects += activate(state, world, what, Activation(1, at))
                world = what
            else:
                effects += step(state, world, FixesEntry(Fixes.of([what])) if kind else TickEntry(at))
        results.append(content(standing(effects)))
    assert results[0] == results[1]


@pytest.mark.parametrize("seed", range(4))
def test_fixes_and_facts_that_come_late_leave_the_same_alarms(seed: int) -> None:
    worlds, facts, rows = a_history(seed, with_hours=True)
    end = max(each[1] for each in rows) + HOUR_MS
    in_time = standing([*played(seed)[0]])
    rng, state, alarms = random.Random(seed), ShardState(), dict[str, Alarm]()
    news: list[tuple[int, int, Any]] = [(at, 2, world) for at, world in worlds[1:]]
    news += [(each[1] + (rng.randint(0, 900_000) if rng.random() < 0.1 else 0), 1, each) for each in rows]
    news += [(fact.at_ms + rng.randint(0, 400_000), 0, fact) for fact in facts]
    world, known_facts, fixes, gone_by = NONE, list[TripFact | PassFact](), list[Row](), [(0, NONE)]
    for at, kind, what in sorted(news, key=lambda each: each[:2]):
        if kind == 2:
            effects = activate(state, world, what, Activation(1, at))
            world = what
            gone_by.append((at, world))
        elif kind == 1:
            fixes.append(what)
            effects = step(state, world, FixesEntry(Fixes.of([what])))
        else:
            known_facts.append(what)
            effects = run(world, what, state=state)
        for vehicle in sorted({each.vehicle for each in effects if isinstance(each, NeedsHistory)}):
            _keep(alarms, effects)
            effects = recompute(
                state, gone_by, vehicle, Fixes.of(fixes), [each for each in known_facts if each.vehicle == vehicle],
                [alarm for alarm in alarms.values() if alarm.vehicle == vehicle], begin_ms=0,
            )  # fmt: skip
        _keep(alarms, effects)
    assert end
    left = [alarm for alarm in alarms.values() if not isinstance(alarm, AlarmWithdrawn)]
    assert content(left) == content(in_time)


def content(alarms: Sequence[Alarm]) -> list[tuple[object, ...]]:
    return sorted(
        (alarm.vehicle, alarm.cause, alarm.occurred_ms, alarm.ended_ms or 0, sorted(alarm.evidence.items()))
        for alarm in alarms
        if alarm.kind == "ROUTE_BARRED"
    )


def _keep(alarms: dict[str, Alarm], effects: Sequence[Effect]) -> None:
    for effect in effects:
        if isinstance(effect, Alarm):
            assert effect.revision > (alarms[effect.id].revision if effect.id in alarms else 0)
            alarms[effect.id] = effect


def test_an_alarm_from_before_the_history_begins_goes_on_under_its_name() -> None:
    state = ShardState()
    (alarm,) = told(after(CLOSED, on_route(), state=state))
    begin_ms = NOW + 100_000
    later = [each for each in ROWS if each[1] >= begin_ms]
    run(CLOSED, *until(later, begin_ms + 100_000), state=state)
    history = Fixes.of([each for each in later if each[1] < begin_ms + 100_000])
    assert recompute(state, [(NOW, CLOSED)], 1, history, [on_route()], [alarm], begin_ms=begin_ms) == []
    effects = run(CLOSED, *entries_of([each for each in ROWS if each[1] >= begin_ms + 100_000]), state=state)
    (ended,) = told(effects)
    assert (ended.id, ended.revision, ended.evidence["outcome"]) == (alarm.id, 2, "reached")


def test_a_tick_takes_a_fact_of_a_silent_lorry_into_account() -> None:
    state = ShardState()
    effects = run(CLOSED, on_route(), START_MS + 10_000, state=state)
    assert told(effects) == []
    (alarm,) = told(run(CLOSED, START_MS + 100_000, state=state))
    assert (alarm.occurred_ms, alarm.position) == (START_MS - 1_000, None)
    assert step(state, CLOSED, TickEntry(START_MS + 110_000)) == []
    assert step(state, CLOSED, TripEntry(on_route(at_ms=START_MS + 105_000))) == []
