"""Zones that come to bar the way ahead of a trip (RT-01, RT-03, RT-04): its carrier hears of it before the vehicle is there.

A plan is looked at when something about it changes, not at every fix: when zones do, all plans that may meet one of them; when a
trip or its passes do, that one; when the hours of a zone on the way begin, the plans that did not meet them before. What counts is the
rest of the line from where the vehicle was last believed to be, or all of it for one that is off its line, and when the vehicle will
be in the zone: not before it could at the highest legal speed, nor later than at that of other roads, by which routes are planned;
stops are not foreseen. Who is loaded and has not left may leave when he likes: he is barred by what lasts for a day. A road or bridge
bars those who follow it, not those whose line only crosses it, and a tunnel those whose line comes by both portals.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geo.position import Position
from services.monitoring.engine.batch import Batch, Outbox
from services.monitoring.engine.bores import lead_along
from services.monitoring.engine.changes import change
from services.monitoring.engine.desk import end_alarm, raise_alarm, withdraw_alarm
from services.monitoring.engine.judge import NO_LOAD, load_of, spans
from services.monitoring.engine.planned import Line, Stretch
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.way import Met, ask, met_anew, met_by
from services.monitoring.engine.world import World
from services.monitoring.facts import TripFact
from services.monitoring.model import AlarmKind, ZoneKind, ZoneRecord, ZoneRule, always

_NAMES = {ZoneKind.TUNNEL: "RT-01", ZoneKind.TIME_BANNED_ROAD: "RT-04"}
Int64s = npt.NDArray[np.int64]

_DAY_MS = 86_400_000
_FORESEEN_MS = 2 * _DAY_MS
_LONGEST_MS = 7 * _DAY_MS  # from a trip's last news on


@dataclass(frozen=True, slots=True)
class _Barred:
    """The first stretch that bars a trip, how far ahead it begins, and within which times the vehicle will be there."""

    rule: ZoneRule
    stretch: Stretch
    ahead_m: float
    soonest_ms: int
    latest_ms: int


def zones_changed(state: ShardState, before: World, after: World, at_ms: int, out: Outbox) -> None:
    """From ``at_ms`` on the zones of another world hold: whose way they bar now, and whose no more."""
    news = change(before, after)
    met = met_anew(state.lines, after, news)
    for slot, kind, cause in state.open:
        if kind == AlarmKind.ROUTE_BARRED and cause in news.turned:
            met.setdefault(slot, {}).setdefault(cause, [])
    for slot in sorted(met, key=lambda each: int(state.vehicle[each])):
        earlier = int(state.columns["look_ms"][slot])
        _judge(state, after, slot, met[slot], at_ms, state.position(slot), out, int(state.vehicle[slot]), "zone lifted")
        coming = [look for look in (earlier, int(state.columns["look_ms"][slot])) if look >= 0]
        state.columns["look_ms"][slot] = min(coming, default=-1)


def trip_changed(state: ShardState, world: World, slot: int, at_ms: int, out: Outbox, arrival: int) -> None:
    """The vehicle has another trip, load, route or pass from ``at_ms`` on."""
    trip, told = state.trips.get(slot), _told(state, slot)
    for cause in [cause for cause, waybill_id in told.items() if trip is None or trip.waybill_id != waybill_id]:
        _take_back(state, slot, cause, at_ms, out, arrival, "trip over")
    why = "trip over" if state.lines.get(slot) is None else "way free"
    at_ms = max(at_ms, state.activation.at_ms)
    _judge(state, world, slot, _met(state, world, slot), at_ms, state.position(slot), out, arrival, why)


def foresee(state: ShardState, world: World, slots: Iterable[int], at_ms: int) -> None:
    """Facts of these vehicles are about to come into force: ask at once what their routes go through."""
    facts = (fact for slot in slots for fact in state.pending.get(slot, ()) if fact.at_ms <= at_ms)
    trips = (
        fact for fact in facts if isinstance(fact, TripFact) and len(fact.route) > 1 and (fact.under_way or fact.waits)
    )
    ask(world, [Line.of(trip.route) for trip in trips])


def ways_ahead(batch: Batch) -> None:
    """Hours of zones on the way have begun since the vehicles were heard last: look at the way again as of then."""
    good, columns = batch.good, batch.state.columns
    while len(rows := np.flatnonzero(_is_due(columns["look_ms"][good.slot], good.time))):
        first = rows[np.unique(good.slot[rows], return_index=True)[1]].tolist()
        due = [(int(good.slot[row]), batch.place_before(int(good.slot[row]), int(good.time[row]))) for row in first]
        _look_again(batch.state, batch.world, due, batch.out, [int(good.arrival[row]) for row in first])


def ways_ahead_until(
    state: ShardState, world: World, at_ms: int, out: Outbox, slots: Collection[int] | None = None, arrival: int = -1
) -> None:
    """The same for vehicles (all, if none are named) of which no fix from before then is still to come."""
    asked = np.arange(len(state)) if slots is None else np.fromiter(slots, dtype=np.int64)
    while len(due := asked[_is_due(state.columns["look_ms"][asked], at_ms)]):
        arrivals = state.vehicle[due].tolist() if arrival < 0 else [arrival] * len(due)
        _look_again(state, world, [(slot, state.position(slot)) for slot in due.tolist()], out, arrivals)


def _is_due(look_ms: Int64s, at_ms: Int64s | int) -> npt.NDArray[np.bool_]:
    due: npt.NDArray[np.bool_] = (look_ms >= 0) & (look_ms <= at_ms)
    return due


def _look_again(
    state: ShardState, world: World, due: Sequence[tuple[int, Position | None]], out: Outbox, arrivals: Sequence[int]
) -> None:
    """Each of these vehicles at its moment, from where it was last believed to be before it."""
    ask(world, [line for slot, _ in due if (line := state.lines.get(slot)) is not None])
    for (slot, place), arrival in zip(due, arrivals, strict=True):
        at_ms = int(state.columns["look_ms"][slot])
        _judge(state, world, slot, _met(state, world, slot), at_ms, place, out, arrival, "way free")


def reached(state: ShardState, slot: int, zone_id: str, at_ms: int, out: Outbox, arrival: int) -> None:
    """The vehicle is in the zone: what happens there has alarms of its own."""
    end_alarm(state, out, arrival, slot, AlarmKind.ROUTE_BARRED, at_ms, cause=zone_id, evidence={"outcome": "reached"})


def _told(state: ShardState, slot: int) -> dict[str, str]:
    """The zones the vehicle's carrier has been told of, each with the waybill it was about."""
    return {
        cause: alarm.waybill_id
        for (_, kind, cause), alarm in state.open.of(slot).items()
        if kind == AlarmKind.ROUTE_BARRED
    }


def _met(state: ShardState, world: World, slot: int) -> Met:
    """What may bar the vehicle's trip on its line, and what it has been told of."""
    met: Met = {cause: [] for cause in _told(state, slot)}
    trip, line = state.trips.get(slot), state.lines.get(slot)
    if trip is not None and line is not None and load_of(_leaving(trip)) != NO_LOAD:
        met |= met_by(world, line, _leaving(trip))
    return met


def _leaving(trip: TripFact) -> TripFact:
    """The trip as if it had left."""
    return replace(trip, event="DEPARTED") if trip.waits else trip


def _judge(
    state: ShardState, world: World, slot: int, met: Met, at_ms: int, place: Position | None, out: Outbox, arrival: int,
    why: str,
) -> None:  # fmt: skip
    """Tell of each of the zones if it bars the way now, and take back what was told of it if it does not; ``why`` says what has ended.
    Where hours are still to begin, note when to look again."""
    line, trip, looks = state.lines.get(slot), state.trips.get(slot), list[int]()
    done_m = 0.0
    if line is not None and place is not None:
        done_m = line.progress_m(place, world.thresholds.corridor_m) or 0.0
    for zone_id in sorted(met):
        zone = world.zones.get(zone_id)
        barred = None
        if zone is not None and trip is not None and line is not None:
            barred = next(_bars(world, zone, _leaving(trip), line, met[zone_id], done_m, at_ms), None)
        if barred is not None and trip is not None and trip.waits and not _lasts(barred):
            barred = None  # it may leave when that is over
        if barred is None:
            _take_back(state, slot, zone_id, at_ms, out, arrival, why)
            if (
                zone is not None
                and trip is not None
                and not trip.waits
                and met[zone_id]
                and met[zone_id][-1][0] > done_m
            ):
                looks += _beginnings(world, zone, trip, at_ms)
        elif zone is not None and line is not None:
            _tell(state, slot, zone, line, barred, at_ms, place, out, arrival)
    state.columns["look_ms"][slot] = min(looks, default=-1)


def _lasts(barred: _Barred) -> bool:
    """Whether the rule holds for the whole next day."""
    day = barred.soonest_ms, barred.soonest_ms + _DAY_MS
    return spans((barred.rule,), *day) == [day]


def _beginnings(world: World, zone: ZoneRecord, trip: TripFact, after_ms: int) -> Iterator[int]:
    """When the hours of what bars the trip begin next."""
    for rule in world.barring(zone, trip):
        if rule.hours is not always:
            coming = spans((rule,), after_ms, min(after_ms + _FORESEEN_MS, trip.at_ms + _LONGEST_MS))
            yield from (begin for begin, _ in coming if begin > after_ms)


def _bars(
    world: World, zone: ZoneRecord, trip: TripFact, line: Line, met: list[Stretch], done_m: float, at_ms: int
) -> Iterator[_Barred]:
    """The stretches still ahead that a rule closes while the vehicle may be there; one that has begun is for who is inside."""
    limits = world.thresholds
    rules = [rule for rule in world.barring(zone, trip) if lead_along(world.roads, rule, line)]
    for begin_m, end_m in met if rules else ():
        if begin_m <= done_m or end_m - begin_m < zone.followed_m:
            continue
        soonest = at_ms + _ride_ms(begin_m - done_m, limits.expressway_dkmh)
        latest = at_ms + _ride_ms(end_m - done_m, limits.other_road_dkmh)
        holding = (rule for rule in rules if spans((rule,), soonest, latest + 1))
        if (rule := next(holding, None)) is not None:
            yield _Barred(rule, (begin_m, end_m), begin_m - done_m, soonest, latest)


def _ride_ms(metres: float, dkmh: int) -> int:
    return round(metres * 36_000 / dkmh)


def _tell(
    state: ShardState, slot: int, zone: ZoneRecord, line: Line, barred: _Barred, at_ms: int, place: Position | None,
    out: Outbox, arrival: int,
) -> None:  # fmt: skip
    meets = line.at(barred.stretch[0])
    raise_alarm(
        state, out, arrival, slot, AlarmKind.ROUTE_BARRED, at_ms, cause=zone.id, zone_id=zone.id, position=place,
        evidence={
            "rule": _NAMES.get(zone.kind, "RT-03"), "name": zone.name, "zone_version": zone.version,
            "zone_rule": barred.rule.id, "ahead_m": round(barred.ahead_m), "soonest_ms": barred.soonest_ms,
            "latest_ms": barred.latest_ms, "meets_latitude_e7": meets.latitude_e7,
            "meets_longitude_e7": meets.longitude_e7,
        },
    )  # fmt: skip


def _take_back(state: ShardState, slot: int, zone_id: str, at_ms: int, out: Outbox, arrival: int, why: str) -> None:
    evidence = {"outcome": why, "outcome_ms": at_ms}
    withdraw_alarm(state, out, arrival, slot, AlarmKind.ROUTE_BARRED, cause=zone_id, evidence=evidence)
