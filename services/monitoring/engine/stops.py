"""Standing too long where no stop is planned (DM-05), and standing at all, for the second stage that looks at neighbours.

A vehicle stands until it is seen to move; silence does not move it. Ticks only tell early what the next fix would.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from geo.cells import cell_of
from geo.position import Position, distance_m, distances_m
from services.monitoring.engine.batch import Batch, Outbox
from services.monitoring.engine.desk import end_alarm, raise_alarm, withdraw_alarm
from services.monitoring.engine.runs import Event, What, sustained
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.world import World
from services.monitoring.facts import Site, TripFact
from services.monitoring.model import AlarmKind, Parked, Severity, ZoneKind

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

PARKING_RESOLUTION = 10  # cells of about 130 m across
_EVER = 1 << 60
_REPORT = frozenset(
    {"HIGHLY_TOXIC", "EXPLOSIVE_PRECURSOR"}
)  # a long stop is reported to the police (Regulation 591, Art. 48)


def long_stop(batch: Batch) -> None:
    """On the way with a load, standing, and at no place meant for it."""
    columns, limits, state = batch.state.columns, batch.world.thresholds, batch.state
    good = batch.good
    on_the_way = columns["under_way"][good.slot] & columns["loaded"][good.slot]
    events = _standing(batch, "stop", on_the_way, limits.long_stop_ms)
    anchors = {(event.row, event.what): _anchor(batch, int(good.slot[event.row]), event.at_ms) for event in events}
    _remember_anchors(batch)
    raised = [place for (_, what), place in anchors.items() if what is What.RAISED]
    parked_at = at_parking(batch.world, raised)
    for event in events:
        slot, arrival, now = (int(column[event.row]) for column in (good.slot, good.arrival, good.time))
        if event.what is What.RAISED:
            place = anchors[event.row, event.what]
            _tell(state, batch.world, batch.out, arrival, slot, event.at_ms, place, place in parked_at)
        elif event.what is What.FINISHED:
            _finish(batch, arrival, slot, event.at_ms, now, anchors[event.row, event.what])


def _anchor(batch: Batch, slot: int, since_ms: int) -> Position:
    """Where a stop began."""
    good = batch.good
    begin, end = np.searchsorted(good.slot, [slot, slot + 1]).tolist()
    row = begin + int(np.searchsorted(good.time[begin:end], since_ms))
    if row < end and good.time[row] == since_ms:
        return good.position(row)
    return _stood(batch.state, slot)


def _stood(state: ShardState, slot: int) -> Position:
    columns = state.columns
    return Position(int(columns["stop_latitude"][slot]), int(columns["stop_longitude"][slot]))


def _remember_anchors(batch: Batch) -> None:
    good, columns = batch.good, batch.state.columns
    since = columns["stop_since"][good.slot]
    begun = (since >= 0) & (since == good.time)
    for name, values in (("stop_latitude", good.latitude), ("stop_longitude", good.longitude)):
        columns[name][good.slot[begun]] = values[begun]
        columns[name][good.slot[since < 0]] = 0


def _finish(batch: Batch, arrival: int, slot: int, since_ms: int, now: int, place: Position) -> None:
    state = batch.state
    if now - since_ms >= batch.world.thresholds.long_stop_ms:
        if not state.columns["stop_told"][slot]:
            _tell(state, batch.world, batch.out, arrival, slot, since_ms, place)
        end_alarm(state, batch.out, arrival, slot, AlarmKind.LONG_STOP, now)
    else:  # a tick came before a report that was on its way
        withdraw_alarm(state, batch.out, arrival, slot, AlarmKind.LONG_STOP)
    state.columns["stop_told"][slot] = False


def long_stop_by(state: ShardState, world: World, at_ms: int, slots: Int64s, out: Outbox) -> None:
    """Tell those that have stood for too long by now."""
    columns = state.columns
    since = columns["stop_since"][slots]
    late = (since >= 0) & (at_ms - since >= world.thresholds.long_stop_ms) & ~columns["stop_told"][slots]
    for slot in slots[late].tolist():
        if columns["under_way"][slot] and columns["loaded"][slot]:
            _tell(
                state, world, out, int(state.vehicle[slot]), slot, int(columns["stop_since"][slot]), _stood(state, slot)
            )


def stop_until(state: ShardState, world: World, at_ms: int, slot: int, out: Outbox, arrival: int) -> None:
    """The trip ends or begins at ``at_ms``: a stop until then is judged by the trip before."""
    columns = state.columns
    since = int(columns["stop_since"][slot])
    if since < 0:
        return
    if at_ms - since >= world.thresholds.long_stop_ms:
        if not columns["stop_told"][slot]:
            _tell(state, world, out, arrival, slot, since, _stood(state, slot))
        end_alarm(state, out, arrival, slot, AlarmKind.LONG_STOP, at_ms)
    else:
        withdraw_alarm(state, out, arrival, slot, AlarmKind.LONG_STOP)
    for part, value in (
        ("since", -1),
        ("last", -1),
        ("open", 0),
        ("sum", 0),
        ("told", 0),
        ("latitude", 0),
        ("longitude", 0),
    ):
        columns[f"stop_{part}"][slot] = value


def _standing(batch: Batch, name: str, counts: Mask, lasting_ms: int) -> list[Event]:
    good, limits = batch.good, batch.world.thresholds
    stands = counts & (good.speed <= limits.stop_dkmh)
    rows = np.flatnonzero(stands & (batch.from_ms >= 0))
    metres = distances_m(
        batch.from_latitude[rows], batch.from_longitude[rows], good.latitude[rows], good.longitude[rows]
    )
    begins_anew = np.zeros(len(good), dtype=bool)
    begins_anew[rows] = metres > limits.stop_radius_m
    return sustained(batch.state.columns, name, good, stands, lasting_ms=lasting_ms, gap_ms=_EVER, anew=begins_anew)


def _tell(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, since_ms: int, place: Position,
    is_parked: bool | None = None,
) -> None:  # fmt: skip
    trip = state.trips.get(slot)
    state.columns["stop_told"][slot] = True
    if trip is None or is_at_site(trip.sites, place, 0):
        return
    if bool(at_parking(world, [place])) if is_parked is None else is_parked:
        return
    raise_alarm(
        state, out, arrival, slot, AlarmKind.LONG_STOP, since_ms, position=place, severity=_severity(trip),
        evidence={"rule": "DM-05", "limit_ms": world.thresholds.long_stop_ms},
    )  # fmt: skip


def is_at_site(sites: Iterable[Site], place: Position, slack_m: int) -> bool:
    """Whether a place is one of these."""
    circles = ((Position(site.latitude_e7, site.longitude_e7), site.radius_m) for site in sites)
    return any(distance_m(site, place) <= radius + slack_m for site, radius in circles)


def at_parking(world: World, places: Sequence[Position]) -> set[Position]:
    """Those of the places that lie in a parking place; asked for many at once."""
    if not places:
        return set()
    latitude = np.array([place.latitude_e7 for place in places], dtype=np.int64)
    longitude = np.array([place.longitude_e7 for place in places], dtype=np.int64)
    found = world.through(latitude, longitude, latitude, longitude)
    rows = zip(found.segment.tolist(), found.zone.tolist(), strict=True)
    return {places[row] for row, number in rows if world.zone(number).kind is ZoneKind.PARKING}


def _severity(trip: TripFact) -> Severity:
    return Severity.GRAVE if any(_REPORT.intersection(line.controls) for line in trip.goods) else Severity.ORDINARY


def parked(batch: Batch) -> None:
    """Say where laden vehicles have come to stand, and when they have gone, for ``engine.parking``."""
    columns, state, good = batch.state.columns, batch.state, batch.good
    laden = columns["loaded"][good.slot] | (columns["forbidden"][good.slot] != 0)
    for event in _standing(batch, "park", laden, batch.world.thresholds.parked_ms):
        slot, arrival, now = (int(column[event.row]) for column in (good.slot, good.arrival, good.time))
        place = good.position(event.row) if event.what is What.RAISED else batch.place_before(slot, now)
        if event.what is What.FINISHED or place is None:
            continue
        trip = state.trips[slot]
        goods = trip.goods if event.what is What.RAISED and not trip.waits else ()
        cell, vehicle = cell_of(place, PARKING_RESOLUTION), int(state.vehicle[slot])
        told = Parked(vehicle, event.at_ms, cell, place, goods, trip.waybill_id, trip.carrier_id)
        batch.out.add(arrival, told)


def change_load(state: ShardState, fact: TripFact, slot: int, out: Outbox, arrival: int) -> None:
    """Something else is aboard from now on: a vehicle that stands has begun to stand there with that."""
    columns, old, place = state.columns, state.trips.get(slot), state.position(slot)
    if (
        columns["park_since"][slot] < 0
        or old is None
        or (old.goods, old.waits) == (fact.goods, fact.waits)
        or place is None
    ):
        return
    if columns["park_open"][slot]:
        cell, vehicle = cell_of(place, PARKING_RESOLUTION), int(state.vehicle[slot])
        out.add(arrival, Parked(vehicle, fact.at_ms, cell, place, (), old.waybill_id, old.carrier_id))
    columns["park_since"][slot] = columns["park_last"][slot] = fact.at_ms
    columns["park_open"][slot], columns["park_sum"][slot] = False, 0
