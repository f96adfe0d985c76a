"""Vehicles that say nothing (DM-06): offline while under way, and moved while offline. Ticks only tell early what the next fix would."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.position import Position, distances_m
from services.monitoring.engine.batch import Batch, Outbox, before
from services.monitoring.engine.desk import end_alarm, raise_alarm, withdraw_alarm
from services.monitoring.engine.judge import load_of
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.world import World
from services.monitoring.model import AlarmKind, Severity, TripFact

_WATCHED = frozenset({"1", "7"})  # classes


def offline(batch: Batch) -> None:
    """A fix ends a silence; one that was too long is raised now if no tick has done so."""
    state, rows, columns = batch.state, batch.rows, batch.state.columns
    first = rows.first
    heard = before(rows.time, first, columns["heard_ms"][rows.slot[first]])
    since = np.maximum(heard, columns["trip_ms"][rows.slot])
    silent = columns["under_way"][rows.slot] & (rows.time - since >= batch.world.thresholds.offline_ms)
    told = first & columns["silent"][rows.slot]
    for row in np.flatnonzero(silent | told).tolist():
        slot, arrival, now = int(rows.slot[row]), int(rows.arrival[row]), int(rows.time[row])
        if silent[row]:
            place = batch.place_before(slot, now)
            _raise(state, batch.out, arrival, slot, int(since[row]), int(heard[row]), place)
            end_alarm(state, batch.out, arrival, slot, AlarmKind.OFFLINE, now)
        else:  # a tick came before a report that was on its way
            withdraw_alarm(state, batch.out, arrival, slot, AlarmKind.OFFLINE)
        columns["silent"][slot] = False


def offline_by(state: ShardState, world: World, at_ms: int, slots: npt.NDArray[np.int64], out: Outbox) -> None:
    """Raise for those of the vehicles that are silent for too long by now."""
    columns = state.columns
    since = np.maximum(columns["heard_ms"][slots], columns["trip_ms"][slots])
    silent = columns["under_way"][slots] & (at_ms - since >= world.thresholds.offline_ms)
    for place in np.flatnonzero(silent).tolist():
        slot = int(slots[place])
        arrival, heard = int(state.vehicle[slot]), int(columns["heard_ms"][slot])
        _raise(state, out, arrival, slot, int(since[place]), heard, state.position(slot))


def offline_until(state: ShardState, world: World, at_ms: int, slot: int, out: Outbox, arrival: int) -> None:
    """The trip changes at ``at_ms``: what was silent until then is judged by the trip before."""
    columns = state.columns
    since = int(max(columns["heard_ms"][slot], columns["trip_ms"][slot]))
    if columns["under_way"][slot] and at_ms - since >= world.thresholds.offline_ms:
        _raise(state, out, arrival, slot, since, int(columns["heard_ms"][slot]), state.position(slot))
        end_alarm(state, out, arrival, slot, AlarmKind.OFFLINE, at_ms)
    else:
        withdraw_alarm(state, out, arrival, slot, AlarmKind.OFFLINE)
    columns["silent"][slot] = False


def _raise(
    state: ShardState, out: Outbox, arrival: int, slot: int, since_ms: int, heard_ms: int, place: Position | None
) -> None:
    raise_alarm(
        state, out, arrival, slot, AlarmKind.OFFLINE, since_ms,
        severity=_severity(state.trips.get(slot)), position=place, evidence={"rule": "DM-06", "last_heard_ms": heard_ms},
    )  # fmt: skip
    state.columns["silent"][slot] = True


def _severity(trip: TripFact | None) -> Severity:
    """Of explosives, toxic gas and radioactive matter somebody must know at once where each is."""
    goods, _, _ = load_of(trip)
    hazards = {hazard for line in goods for hazard in line.hazards}
    grave = "2.3" in hazards or not _WATCHED.isdisjoint(hazard.split(".")[0] for hazard in hazards)
    return Severity.GRAVE if grave else Severity.ORDINARY


def moved_offline(batch: Batch) -> None:
    """Farther away after a silence than a parked vehicle can be (offline displacement of the figures). Who only had no position for
    a while, as in a tunnel, was not offline."""
    good, limits = batch.good, batch.world.thresholds
    rows = np.flatnonzero((batch.from_ms >= 0) & (good.time - batch.from_ms >= limits.offline_ms))
    if not len(rows):
        return
    metres = distances_m(
        batch.from_latitude[rows], batch.from_longitude[rows], good.latitude[rows], good.longitude[rows]
    )
    for row, away in zip(rows.tolist(), metres.tolist(), strict=True):
        slot, since, now = int(good.slot[row]), int(batch.from_ms[row]), int(good.time[row])
        if away > limits.moved_offline_m and _unheard(batch, slot, since, now) >= limits.offline_ms:
            raise_alarm(
                batch.state, batch.out, int(good.arrival[row]), slot, AlarmKind.MOVED_OFFLINE,
                since, position=good.position(row), ended_ms=now,
                evidence={"rule": "DM-06", "moved_m": round(away)},
            )  # fmt: skip


def _unheard(batch: Batch, slot: int, since_ms: int, until_ms: int) -> int:
    """The longest time in [since, until] in which nothing was heard, not even without a position; ``since`` is of a believed place."""
    rows, columns = batch.rows, batch.state.columns
    begin, end = np.searchsorted(rows.slot, [slot, slot + 1])
    heard = rows.time[begin:end]
    heard = heard[(heard > since_ms) & (heard <= until_ms)]
    if since_ms > columns["good_ms"][slot]:
        return int(np.diff(heard, prepend=since_ms).max(initial=0))
    return int(np.diff(heard, prepend=columns["heard_ms"][slot]).max(initial=columns["unheard_ms"][slot]))


def remember_silence(batch: Batch) -> None:
    """How long a vehicle was not heard of since its newest believed place; most are believed in their last report."""
    columns, last, placed = batch.state.columns, batch.rows.take(batch.rows.last), batch.good.take(batch.good.last)
    unheard_ms = np.zeros(len(last), dtype=np.int64)
    if len(placed) < len(last) or bool((placed.time < last.time).any()):
        since = columns["good_ms"][last.slot]
        since[np.isin(last.slot, placed.slot)] = placed.time
        for row in np.flatnonzero(since < last.time).tolist():
            unheard_ms[row] = _unheard(batch, int(last.slot[row]), int(since[row]), int(last.time[row]))
    columns["unheard_ms"][last.slot] = unheard_ms
