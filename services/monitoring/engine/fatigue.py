"""Driving without a rest (DM-02): 4 h without 20 min, 8 h a legal day, and the night rule where it is set. It belongs to a person.

A vehicle's driving counts for the driver its waybill names; ``persons`` joins what one person drove in several vehicles, which is
handed on in pieces. Where the waybill names two, nobody knows who drives: they may change wherever the vehicle stands for a moment,
so they are told only of what breaks the rule whoever drove, together.
"""

from __future__ import annotations

from dataclasses import dataclass

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

DAY_MS, BEIJING_MS = 86_400_000, 8 * 3_600_000
_MINUTE_MS = 60_000
_RESTED_M = 2_000.0  # who is farther away after a silence has not rested
_CHANGED_M = 200.0  # nor has a crew changed that is farther away
_LONGEST_STEP_MS = 600_000  # of driving between two fixes
# Of a stretch, and soon after it paused: so late may be known what one person drove in several vehicles.
_TOLD_EVERY_MS = 600_000
_PAUSED_MS = 120_000

CONTINUOUS, DAILY, NIGHT = "continuous", "daily", "night"


@dataclass(frozen=True, slots=True, eq=False)
class _Moving:
    """Moving rows. Of each: when the one before it ``came`` (-1: none), whether who drives has ``rested`` before it, the legal day
    is ``fresh``, the driving ``breaks`` off; since when the stretch between rests and the piece of it without a break last, and what
    has been driven of its day. A piece lies within a day and counts in full."""

    rows: Rows
    came: Int64s
    rested: Mask
    fresh: Mask
    breaks: Mask
    since: Int64s
    piece: Int64s
    in_day: Int64s

    def before(self, column: str, carried: Int64s) -> Int64s:
        """The column in the rows before these."""
        first = self.rows.first
        return before(getattr(self, column), first, carried[self.rows.slot[first]])


def fatigue(batch: Batch) -> None:
    """Look at moving rows only: a stretch begins with the first one after a rest."""
    limits, columns = batch.world.thresholds, batch.state.columns
    rows = batch.good.take((batch.good.speed > limits.moving_dkmh) & (batch.good.speed <= limits.speed_noise_dkmh))
    if not len(rows):
        return
    moving = _moving(batch, rows)
    _hand_on(batch, moving)
    _continuous(batch, moving)
    if limits.night_driving_ms:
        _at_night(batch, moving)
    _in_the_day(batch, moving)
    last = rows.last
    for name, values in (
        ("moving_ms", rows.time), ("moving_latitude", rows.latitude), ("moving_longitude", rows.longitude),
        ("driving_since", moving.since), ("piece_since", moving.piece), ("day_driven", moving.in_day),
    ):  # fmt: skip
        columns[name][rows.slot[last]] = values[last]


def _moving(batch: Batch, rows: Rows) -> _Moving:
    columns, first = batch.state.columns, rows.first
    came = before(rows.time, first, columns["moving_ms"][rows.slot[first]])
    rested = _rested(batch, rows, came)
    fresh = (came < 0) | (_day(rows.time) != _day(came))
    breaks = rested | fresh | (rows.time - came > _LONGEST_STEP_MS)
    step = np.where(breaks, 0, rows.time - came) + np.where(first & ~fresh, columns["day_driven"][rows.slot], 0)
    total, begin = np.cumsum(step), _last_of(first | fresh)
    return _Moving(
        rows, came, rested, fresh, breaks,
        since=np.where(rested, rows.time, columns["driving_since"][rows.slot])[_last_of(first | rested)],
        piece=np.where(breaks, rows.time, columns["piece_since"][rows.slot])[_last_of(first | breaks)],
        in_day=total - total[begin] + step[begin],
    )  # fmt: skip


def _last_of(rows: Mask) -> Int64s:
    """Of each row the last one up to it of those given."""
    return np.maximum.accumulate(np.where(rows, np.arange(len(rows)), 0))


def _day(times: Int64s) -> Int64s:
    return (times + BEIJING_MS) // DAY_MS


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
        rested[doubtful] = (metres <= near) | ((rows.time - came)[doubtful] >= DAY_MS)
    return rested


def _hand_on(batch: Batch, moving: _Moving) -> None:
    """Pieces that ended, and every ten minutes of a stretch the one that goes on."""
    rows, came, state = moving.rows, moving.came, batch.state
    ends = moving.breaks & (came >= 0)
    stretch = rows.time - moving.since
    goes_on = ~moving.rested & (stretch // _TOLD_EVERY_MS > (came - moving.since) // _TOLD_EVERY_MS)
    chosen = np.flatnonzero(ends | goes_on)
    if not len(chosen):
        return
    was = [moving.before(*pair) for pair in (("since", state.columns["driving_since"]), ("piece", state.columns["piece_since"]),
                                             ("in_day", state.columns["day_driven"]))]  # fmt: skip
    for row in chosen.tolist():
        slot, arrival = int(rows.slot[row]), int(rows.arrival[row])
        if ends[row]:
            since, piece, in_day = (int(column[row]) for column in was)
            _drove(
                state, batch.out, arrival, slot, since, piece, int(came[row]), in_day, is_over=bool(moving.rested[row])
            )
        if goes_on[row]:
            since, piece, in_day = (int(column[row]) for column in (moving.since, moving.piece, moving.in_day))
            _drove(state, batch.out, arrival, slot, since, piece, int(rows.time[row]), in_day, is_over=False)


def _continuous(batch: Batch, moving: _Moving) -> None:
    limits, rows, rested, came, since = batch.world.thresholds, moving.rows, moving.rested, moving.came, moving.since
    ends = rested & (came >= 0)
    long = (rows.time - since >= limits.driving_ms) & (rested | (came - since < limits.driving_ms))
    for row in np.flatnonzero(ends | long).tolist():
        if ends[row]:
            slot, arrival = int(rows.slot[row]), int(rows.arrival[row])
            end_alarm(batch.state, batch.out, arrival, slot, AlarmKind.FATIGUE, int(came[row]), cause=CONTINUOUS)
        if long[row]:
            begin = int(since[row])
            _raise(batch, rows, row, CONTINUOUS, begin + limits.driving_ms, {"driving_since_ms": begin})


def paused(state: ShardState, was_ms: int, now_ms: int, out: Outbox) -> None:
    """Between two ticks it has become so late that a vehicle has paused: what was driven until then is known in full."""
    last = state.columns["moving_ms"]
    for slot in np.flatnonzero((last >= 0) & (last > was_ms - _PAUSED_MS) & (last <= now_ms - _PAUSED_MS)).tolist():
        _drove(state, out, int(state.vehicle[slot]), slot, *_so_far(state, slot), is_over=False)


def _so_far(state: ShardState, slot: int) -> tuple[int, int, int, int]:
    """Since when the stretch and the piece last, until when the vehicle moved, what was driven of that day."""
    since, piece, last, in_day = (
        int(state.columns[name][slot]) for name in ("driving_since", "piece_since", "moving_ms", "day_driven")
    )
    return since, piece, last, in_day


def _drove(
    state: ShardState, out: Outbox, arrival: int, slot: int, since_ms: int, piece_ms: int, last_ms: int, in_day_ms: int,
    *, is_over: bool,
) -> None:  # fmt: skip
    crew = crew_of(state.trips.get(slot))
    if len(crew) == 1 and last_ms > since_ms:
        vehicle = int(state.vehicle[slot])
        out.add(arrival, Driven(crew[0], vehicle, since_ms, piece_ms, last_ms, in_day_ms, is_over))


def _at_night(batch: Batch, moving: _Moving) -> None:
    limits, rows, since, came = batch.world.thresholds, moving.rows, moving.since, moving.came
    opens, length = limits.night_from_minute, (limits.night_to_minute - limits.night_from_minute) % 1440
    into = (rows.time + BEIJING_MS - opens * _MINUTE_MS) % DAY_MS  # since the last start of a night
    begin = np.maximum(since, rows.time - into)
    is_night = into < length * _MINUTE_MS
    long = is_night & (rows.time - begin >= limits.night_driving_ms)
    for row in np.flatnonzero(long & (moving.rested | (came - begin < limits.night_driving_ms))).tolist():
        begun = int(begin[row])
        _raise(batch, rows, row, NIGHT, begun + limits.night_driving_ms, {"driving_since_ms": begun}, is_over=True)


def _in_the_day(batch: Batch, moving: _Moving) -> None:
    rows, fresh, state = moving.rows, moving.fresh, batch.state
    most = batch.world.thresholds.daily_driving_ms * np.where(state.columns["double_crew"][rows.slot], 2, 1)
    was = moving.before("in_day", state.columns["day_driven"])
    closes = fresh & (moving.came >= 0)
    long = (moving.in_day >= most) & (fresh | (was < most))
    for row in np.flatnonzero(closes | long).tolist():
        if closes[row]:
            slot, arrival = int(rows.slot[row]), int(rows.arrival[row])
            midnight = int(_day(rows.time)[row]) * DAY_MS - BEIJING_MS
            end_alarm(state, batch.out, arrival, slot, AlarmKind.FATIGUE, midnight, cause=DAILY)
        if long[row]:
            _raise(batch, rows, row, DAILY, int(rows.time[row]), {"driven_ms": int(moving.in_day[row])})


def change_driver(state: ShardState, fact: TripFact, slot: int, out: Outbox, arrival: int) -> None:
    """Others drive from now on: what was driven so far is not theirs. Two who change places are the same crew."""
    old, new = crew_of(state.trips.get(slot)), crew_of(fact)
    if not new or new == old:
        return
    columns = state.columns
    if old and columns["moving_ms"][slot] >= 0:
        _drove(state, out, arrival, slot, *_so_far(state, slot), is_over=True)
        end_alarm(state, out, arrival, slot, AlarmKind.FATIGUE, int(columns["moving_ms"][slot]), cause=CONTINUOUS)
        end_alarm(state, out, arrival, slot, AlarmKind.FATIGUE, fact.at_ms, cause=DAILY)
        columns["moving_ms"][slot] = columns["driving_since"][slot] = columns["piece_since"][slot] = -1
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
