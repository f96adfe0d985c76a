"""Zones that come to bar the way ahead of a trip (RT-01, RT-03, RT-04): its carrier hears of it before the vehicle is there.

A plan is looked at when something about it changes, not at every fix: when zones do, all plans that may meet one of them; when a
trip or its passes do, that one. What counts is the rest of the line from where the vehicle was last believed to be, or all of it for
one that is off its line, and when the vehicle will be in the zone: not before it could at the highest legal speed, nor later than at
that of other roads, by which routes are planned; stops are not foreseen. Who is loaded and has not left is taken to leave at once. A
road or bridge bars those who follow it, not those whose line only crosses it, and a tunnel those whose line comes by both portals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from geo.index import Crossings
from geo.position import Position
from services.monitoring.engine.batch import Outbox
from services.monitoring.engine.bores import lead_along
from services.monitoring.engine.changes import Change, change
from services.monitoring.engine.desk import end_alarm, raise_alarm, withdraw_alarm
from services.monitoring.engine.judge import NO_LOAD, load_of, spans
from services.monitoring.engine.planned import Box, Line, Stretch, joined_pieces, stretches
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.world import World
from services.monitoring.facts import TripFact
from services.monitoring.model import AlarmKind, ZoneKind, ZoneRecord, ZoneRule

_AT_PORTAL_M = 40.0
_AROUND_PORTAL_E7 = 100_000  # a line that comes by has a corner or a piece within a kilometre
_NAMES = {ZoneKind.TUNNEL: "RT-01", ZoneKind.TIME_BANNED_ROAD: "RT-04"}

Met = dict[str, list[Stretch]]  # by zone


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
    met = _met_by(state, after, news)
    for slot, kind, cause in state.open:
        if kind == AlarmKind.ROUTE_BARRED and cause in news.turned:
            met.setdefault(slot, {}).setdefault(cause, [])
    for slot in sorted(met, key=lambda each: int(state.vehicle[each])):
        _judge(state, after, slot, met[slot], at_ms, out, int(state.vehicle[slot]), "zone lifted")


def trip_changed(state: ShardState, world: World, slot: int, at_ms: int, out: Outbox, arrival: int) -> None:
    """The vehicle has another trip, load, route or pass from ``at_ms`` on."""
    trip, told = state.trips.get(slot), _told(state, slot)
    for cause in [cause for cause, waybill_id in told.items() if trip is None or trip.waybill_id != waybill_id]:
        _take_back(state, slot, cause, at_ms, out, arrival, "trip over")
    met: Met = {cause: [] for cause in _told(state, slot)}
    line = state.lines.get(slot)
    if trip is not None and line is not None and load_of(_leaving(trip)) != NO_LOAD:
        met |= _met(world, line, _leaving(trip))
    why = "trip over" if line is None else "way free"
    _judge(state, world, slot, met, max(at_ms, state.activation.at_ms), out, arrival, why)


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


def _leaving(trip: TripFact) -> TripFact:
    """The trip as if it had left."""
    return replace(trip, event="DEPARTED") if trip.waits else trip


def _met_by(state: ShardState, world: World, news: Change) -> dict[int, Met]:
    """By slot, the changed zones its line goes through."""
    met: dict[int, Met] = {}
    lines = state.lines.coming_by(news.box) if news.box is not None else {}
    if lines:
        slots, inside = list(lines), stretches(list(lines.values()), news.index.through(*joined_pieces(lines.values())))
        for (number, zone), found in inside.items():
            met.setdefault(slots[number], {})[news.index.keys[zone]] = found
    if news.tunnels:
        for slot, line in state.lines.coming_by(_around(world, news.tunnels)).items():
            for zone_id, found in _tunnels(world, line, news.tunnels).items():
                met.setdefault(slot, {})[zone_id] = found
    return met


def _met(world: World, line: Line, trip: TripFact) -> Met:
    """All zones that may bar the trip on its line."""
    found = world.through(*line.pieces)
    rows = np.flatnonzero(world.barred.to_load(load_of(trip), found.zone))
    found = Crossings(*(getattr(found, name)[rows] for name in Crossings.__slots__))
    met = {world.zone(zone).id: inside for (_, zone), inside in stretches([line], found).items()}
    return met | _tunnels(world, line, world.watched)


def _tunnels(world: World, line: Line, among: Mapping[str, ZoneRecord]) -> Met:
    """The tunnels the line comes by both portals of."""
    met: Met = {}
    if among:
        for number in np.unique(world.near.near(*line.samples())[1]).tolist():
            name = world.near.names[number]
            if name in among:
                portals = world.roads.portals[name]
                found = filter(None, (_between(line, *ends) for ends in zip(portals[::2], portals[1::2], strict=True)))
                met.setdefault(among[name].id, []).extend(found)
    return {zone_id: sorted(found) for zone_id, found in met.items() if found}


def _between(line: Line, one: Position, other: Position) -> Stretch | None:
    ends = [line.progress_m(portal, _AT_PORTAL_M, first=False) for portal in (one, other)]
    return None if ends[0] is None or ends[1] is None else (min(ends[0], ends[1]), max(ends[0], ends[1]))


def _around(world: World, tunnels: Iterable[str]) -> Box:
    portals = [portal for name in tunnels for portal in world.roads.portals[name]]
    south, west = (
        min(values) - _AROUND_PORTAL_E7
        for values in ([each.latitude_e7 for each in portals], [each.longitude_e7 for each in portals])
    )
    north, east = max(each.latitude_e7 for each in portals), max(each.longitude_e7 for each in portals)
    return south, west, north + _AROUND_PORTAL_E7 - south, east + _AROUND_PORTAL_E7 - west


def _judge(
    state: ShardState, world: World, slot: int, met: Met, at_ms: int, out: Outbox, arrival: int, why: str
) -> None:
    """Tell of each of the zones if it bars the way now, and take back what was told of it if it does not; ``why`` says what has ended."""
    line, trip, place = state.lines.get(slot), state.trips.get(slot), state.position(slot)
    done_m = 0.0
    if line is not None and place is not None:
        done_m = line.progress_m(place, world.thresholds.corridor_m) or 0.0
    for zone_id in sorted(met):
        zone = world.zones.get(zone_id)
        barred = None
        if zone is not None and trip is not None and line is not None:
            barred = next(_bars(world, zone, _leaving(trip), line, met[zone_id], done_m, at_ms), None)
        if barred is None:
            _take_back(state, slot, zone_id, at_ms, out, arrival, why)
        elif zone is not None and line is not None:
            _tell(state, slot, zone, line, barred, at_ms, place, out, arrival)


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
