"""Standing too long where no stop is planned (DM-05), and standing at all, for the second stage that looks at neighbours.

A vehicle stands until it is seen to move; silence does not move it. Ticks only tell early what the next fix would.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.cells import cell_of
from geo.position import Position, distance_m, distances_m
from services.monitoring.engine.batch import Batch, Outbox
from services.monitoring.engine.desk import end_alarm, raise_alarm, withdraw_alarm
from services.monitoring.engine.runs import Found, sustained
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.world import World
from services.monitoring.facts import TripFact
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
    found = _standing(batch, "stop", on_the_way, limits.long_stop_ms)
    for row, since in zip(found.raised.tolist(), found.since.tolist(), strict=True):
        _tell(state, batch.world, batch.out, int(good.arrival[row]), int(good.slot[row]), since, good.position(row))
    for row, since in zip(found.finished.tolist(), found.finished_since.tolist(), strict=True):
        slot, arrival, now = int(good.slot[row]), int(good.arrival[row]), int(good.time[row])
        if now - since >= limits.long_stop_ms:
            place = batch.place_before(slot, now)
            if place is not None:
                _tell(state, batch.world, batch.out, arrival, slot, since, place)
            end_alarm(state, batch.out, arrival, slot, AlarmKind.LONG_STOP, now)
        else:
            withdraw_alarm(state, batch.out, arrival, slot, AlarmKind.LONG_STOP)
        columns["stop_told"][slot] = False


def long_stop_by(state: ShardState, world: World, at_ms: int, slots: Int64s, out: Outbox) -> None:
    """Tell those that have stood for too long by now."""
    columns = state.columns
    since = columns["stop_since"][slots]
    late = (since >= 0) & (at_ms - since >= world.thresholds.long_stop_ms) & ~columns["stop_told"][slots]
    for slot in slots[late].tolist():
        place = state.position(slot)
        if place is not None and columns["under_way"][slot] and columns["loaded"][slot]:
            _tell(state, world, out, int(state.vehicle[slot]), slot, int(columns["stop_since"][slot]), place)


def stop_until(state: ShardState, world: World, at_ms: int, slot: int, out: Outbox, arrival: int) -> None:
    """The trip ends or begins at ``at_ms``: a stop until then is judged by the trip before."""
    columns, place = state.columns, state.position(slot)
    since = int(columns["stop_since"][slot])
    if since < 0:
        return
    if at_ms - since >= world.thresholds.long_stop_ms and place is not None:
        if not columns["stop_told"][slot]:
            _tell(state, world, out, arrival, slot, since, place)
        end_alarm(state, out, arrival, slot, AlarmKind.LONG_STOP, at_ms)
    else:
        withdraw_alarm(state, out, arrival, slot, AlarmKind.LONG_STOP)
    for part, value in (("since", -1), ("last", -1), ("open", 0), ("sum", 0), ("told", 0)):
        columns[f"stop_{part}"][slot] = value


def _standing(batch: Batch, name: str, counts: Mask, lasting_ms: int) -> Found:
    good, limits = batch.good, batch.world.thresholds
    stands = counts & (good.speed <= limits.stop_dkmh)
    rows = np.flatnonzero(stands & (batch.from_ms >= 0))
    metres = distances_m(
        batch.from_latitude[rows], batch.from_longitude[rows], good.latitude[rows], good.longitude[rows]
    )
    begins_anew = np.zeros(len(good), dtype=bool)
    begins_anew[rows] = metres > limits.stop_radius_m
    return sustained(
        batch.state.columns, name, good.slot, good.time, stands, lasting_ms=lasting_ms, gap_ms=_EVER, anew=begins_anew
    )


def _tell(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, since_ms: int, place: Position
) -> None:
    trip = state.trips.get(slot)
    state.columns["stop_told"][slot] = True
    if trip is None or is_at_site(trip, place, 0) or _is_at_parking(world, place):
        return
    raise_alarm(
        state, out, arrival, slot, AlarmKind.LONG_STOP, since_ms, position=place, severity=_severity(trip),
        evidence={"rule": "DM-05", "limit_ms": world.thresholds.long_stop_ms},
    )  # fmt: skip


def is_at_site(trip: TripFact, place: Position, slack_m: int) -> bool:
    """Whether a place is one of the trip's."""
    sites = ((Position(site.latitude_e7, site.longitude_e7), site.radius_m) for site in trip.sites)
    return any(distance_m(site, place) <= radius + slack_m for site, radius in sites)


def _is_at_parking(world: World, place: Position) -> bool:
    latitude, longitude = np.array([place.latitude_e7]), np.array([place.longitude_e7])
    found = world.through(latitude, longitude, latitude, longitude)
    return any(world.zone(number).kind is ZoneKind.PARKING for number in found.zone.tolist())


def _severity(trip: TripFact) -> Severity:
    return Severity.GRAVE if any(_REPORT.intersection(line.controls) for line in trip.goods) else Severity.ORDINARY


def parked(batch: Batch) -> None:
    """Say where laden vehicles have come to stand, and when they have gone, for ``engine.parking``."""
    columns, state, good = batch.state.columns, batch.state, batch.good
    laden = columns["loaded"][good.slot] | (columns["forbidden"][good.slot] != 0)
    found = _standing(batch, "park", laden, batch.world.thresholds.parked_ms)
    for row, since in zip(found.raised.tolist(), found.since.tolist(), strict=True):
        slot, place, trip = int(good.slot[row]), good.position(row), state.trips[int(good.slot[row])]
        cell = cell_of(place, PARKING_RESOLUTION)
        vehicle = int(state.vehicle[slot])
        told = Parked(vehicle, since, cell, place, trip.goods, trip.waybill_id, trip.carrier_id)
        batch.out.add(int(good.arrival[row]), told)
    for row, last in zip(found.over.tolist(), found.over_last.tolist(), strict=True):
        stood = batch.place_before(int(good.slot[row]), int(good.time[row]))
        if stood is not None:
            vehicle = int(state.vehicle[good.slot[row]])
            gone = Parked(vehicle, last, cell_of(stood, PARKING_RESOLUTION), stood, ())
            batch.out.add(int(good.arrival[row]), gone)
