"""Driving without a rest (DM-02): 4 h without 20 min, 8 h a legal day, and the night rule where it is set. It belongs to a person.

A vehicle's driving counts for the driver its waybill names; ``persons`` joins what one person drove in several vehicles. Where the
waybill names two, nobody knows who drives: they may change wherever the vehicle stands for a moment, so they are told only of what
breaks the rule whoever drove, together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.position import distances_m
from services.monitoring.engine.batch import Batch, Outbox, Rows, before
from services.monitoring.engine.desk import end_alarm, raise_alarm
from services.monitoring.engine.state import ShardState
from services.monitoring.facts import TripFact
from services.monitoring.model import AlarmKind, Driven

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_DAY_MS, _BEIJING_MS, _MINUTE_MS = 86_400_000, 8 * 3_600_000, 60_000
_RESTED_M = 2_000.0  # who is farther away after a silence has not rested
_CHANGED_M = 200.0  # nor has a crew changed that is farther away
_LONGEST_STEP_MS = 600_000  # of driving between two fixes
_TOLD_EVERY_MS = (
    600_000  # of a stretch, and soon after it paused: so late may be known what one person drove in several vehicles
)
_PAUSED_MS = 120_000

CONTINUOUS, DAILY, NIGHT = "continuous", "daily", "night"


def fatigue(batch: Batch) -> None:
    """Look at moving rows only: a stretch begins with the first one after a rest."""
    limits, columns = batch.world.thresholds, batch.state.columns
    rows = batch.good.take((batch.good.speed > limits.moving_dkmh) & (batch.good.speed <= limits.speed_noise_dkmh))
    if not len(rows):
        return
    first, starts = rows.first, rows.slot[rows.first]
    came = before(rows.time, first, columns["moving_ms"][starts])
    rested = _rested(batch, rows, came)
    since = np.where(rested, rows.time, columns["driving_since"][rows.slot])
    since = since[np.maximum.accumulate(np.where(rested | first, np.arange(len(rows)), 0))]
    was_since = before(since, first, columns["driving_since"][starts])
    _continuous(batch, rows, rested, since, came, was_since)
    if limits.night_driving_ms:
        _at_night(batch, rows, rested, since, came)
    _in_the_day(batch, rows, rested, came)
    last = rows.take(rows.last)
    columns["moving_ms"][last.slot], columns["driving_since"][last.slot] = last.time, since[rows.last]
    columns["moving_latitude"][last.slot], columns["moving_longitude"][last.slot] = last.latitude, last.longitude


def _rested(batch: Batch, rows: Rows, came: Int64s) -> Mask:
    """Before which rows whoever drives may have begun afresh."""
    columns, first, limits = batch.state.columns, rows.first, batch.world.thresholds
    starts, is_double = rows.slot[first], columns["double_crew"][rows.slot]
    rested = (came < 0) | (rows.time - came >= np.where(is_double, limits.crew_change_ms, limits.rest_ms))
    doubtful = np.flatnonzero(rested & (came >= 0))
    if len(doubtful):
        latitude = before(rows.latitude, first, columns["moving_latitude"][starts])[doubtful]
        longitude = before(rows.longitude, first, columns["moving_longitude"][starts])[doubtful]
        metres = distances_m(latitude, longitude, rows.latitude[doubtful], rows.longitude[doubtful])
        # a night at rest may end in another town on a trailer; more than a day counts as rest in any case
        near = np.where(is_double[doubtful], _CHANGED_M, _RESTED_M)
        rested[doubtful] = (metres <= near) | ((rows.time - came)[doubtful] >= _DAY_MS)
    return rested


def _continuous(batch: Batch, rows: Rows, rested: Mask, since: Int64s, came: Int64s, was_since: Int64s) -> None:
    limits = batch.world.thresholds
    ends = rested & (came >= 0)
    long = (rows.time - since >= limits.driving_ms) & (rested | (came - since < limits.driving_ms))
    goes_on = ~rested & ((rows.time - since) // _TOLD_EVERY_MS > (came - since) // _TOLD_EVERY_MS)
    for row in np.flatnonzero(goes_on).tolist():
        slot, begin = int(rows.slot[row]), int(since[row])
        _drove(batch.state, batch.out, int(rows.arrival[row]), slot, begin, int(rows.time[row]), is_over=False)
    for row in np.flatnonzero(ends | long).tolist():
        if ends[row]:
            slot, arrival = int(rows.slot[row]), int(rows.arrival[row])
            _finish(batch.state, batch.out, arrival, slot, int(was_since[row]), int(came[row]))
        if long[row]:
            begin = int(since[row])
            _raise(batch, rows, row, CONTINUOUS, begin + limits.driving_ms, {"driving_since_ms": begin})


def _finish(state: ShardState, out: Outbox, arrival: int, slot: int, since_ms: int, last_ms: int) -> None:
    _drove(state, out, arrival, slot, since_ms, last_ms, is_over=True)
    end_alarm(state, out, arrival, slot, AlarmKind.FATIGUE, last_ms, cause=CONTINUOUS)


def paused(state: ShardState, was_ms: int, now_ms: int, out: Outbox) -> None:
    """Between two ticks it has become so late that a vehicle has paused: what was driven until then is known in full."""
    columns = state.columns
    last = columns["moving_ms"]
    for slot in np.flatnonzero((last >= 0) & (last > was_ms - _PAUSED_MS) & (last <= now_ms - _PAUSED_MS)).tolist():
        since, arrival = int(columns["driving_since"][slot]), int(state.vehicle[slot])
        _drove(state, out, arrival, slot, since, int(last[slot]), is_over=False)


def _drove(
    state: ShardState, out: Outbox, arrival: int, slot: int, since_ms: int, last_ms: int, *, is_over: bool
) -> None:
    crew = crew_of(state.trips.get(slot))
    if len(crew) == 1 and last_ms > since_ms:
        out.add(arrival, Driven(crew[0], int(state.vehicle[slot]), since_ms, last_ms, is_over))


def _at_night(batch: Batch, rows: Rows, rested: Mask, since: Int64s, came: Int64s) -> None:
    limits = batch.world.thresholds
    opens, length = limits.night_from_minute, (limits.night_to_minute - limits.night_from_minute) % 1440
    into = (rows.time + _BEIJING_MS - opens * _MINUTE_MS) % _DAY_MS  # since the last start of a night
    begin = np.maximum(since, rows.time - into)
    is_night = into < length * _MINUTE_MS
    long = is_night & (rows.time - begin >= limits.night_driving_ms)
    for row in np.flatnonzero(long & (rested | (came - begin < limits.night_driving_ms))).tolist():
        begun = int(begin[row])
        _raise(batch, rows, row, NIGHT, begun + limits.night_driving_ms, {"driving_since_ms": begun}, is_over=True)


def _in_the_day(batch: Batch, rows: Rows, rested: Mask, came: Int64s) -> None:
    columns, limits, state = batch.state.columns, batch.world.thresholds, batch.state
    first = rows.first
    day = (rows.time + _BEIJING_MS) // _DAY_MS
    was_day = before(day, first, columns["day"][rows.slot[first]])
    step = np.where(~rested & (rows.time - came <= _LONGEST_STEP_MS), rows.time - came, 0)
    fresh = day != was_day
    step = np.where(fresh, 0, step) + np.where(first & ~fresh, columns["day_driven"][rows.slot], 0)
    total = np.cumsum(step)
    begin = np.maximum.accumulate(np.where(first | fresh, np.arange(len(rows)), 0))
    total = total - total[begin] + step[begin]
    was = before(total, first, columns["day_driven"][rows.slot[first]])
    closes = fresh & (was_day >= 0)
    most = limits.daily_driving_ms * np.where(columns["double_crew"][rows.slot], 2, 1)
    long = (total >= most) & (fresh | (was < most))
    for row in np.flatnonzero(closes | long).tolist():
        if closes[row]:
            slot, arrival = int(rows.slot[row]), int(rows.arrival[row])
            midnight = int(day[row]) * _DAY_MS - _BEIJING_MS
            end_alarm(state, batch.out, arrival, slot, AlarmKind.FATIGUE, midnight, cause=DAILY)
        if long[row]:
            _raise(batch, rows, row, DAILY, int(rows.time[row]), {"driven_ms": int(total[row])})
    last = rows.last
    columns["day"][rows.slot[last]], columns["day_driven"][rows.slot[last]] = day[last], total[last]


def change_driver(state: ShardState, fact: TripFact, slot: int, out: Outbox, arrival: int) -> None:
    """Others drive from now on: what was driven so far is not theirs. Two who change places are the same crew."""
    old, new = crew_of(state.trips.get(slot)), crew_of(fact)
    if not new or new == old:
        return
    columns = state.columns
    if old and columns["moving_ms"][slot] >= 0:
        _finish(state, out, arrival, slot, int(columns["driving_since"][slot]), int(columns["moving_ms"][slot]))
        end_alarm(state, out, arrival, slot, AlarmKind.FATIGUE, fact.at_ms, cause=DAILY)
        columns["moving_ms"][slot] = columns["driving_since"][slot] = columns["day"][slot] = -1
        columns["day_driven"][slot] = 0


def crew_of(trip: TripFact | None) -> tuple[str, ...]:
    """Those who may drive, as far as is known."""
    drivers = {trip.driver_id, trip.second_driver_id} if trip is not None else set()
    return tuple(sorted(drivers - {""}))


def _raise(
    batch: Batch,
    rows: Rows,
    row: int,
    cause: str,
    occurred_ms: int,
    evidence: dict[str, object],
    *,
    is_over: bool = False,
) -> None:
    slot = int(rows.slot[row])
    raise_alarm(
        batch.state, batch.out, int(rows.arrival[row]), slot, AlarmKind.FATIGUE, occurred_ms,
        cause=cause, position=rows.position(row), ended_ms=occurred_ms if is_over else None,
        evidence={"rule": "DM-02", "what": cause, "person_id": ", ".join(crew_of(batch.state.trips.get(slot))), **evidence},
    )  # fmt: skip
