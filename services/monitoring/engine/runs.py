"""Conditions that must last: when a run of rows began, whether it has lasted, when it ended. Over whole batches at once.

A run is a stretch of one vehicle's rows in which a condition holds, without a gap longer than allowed. What is found does
not depend on where batches are cut: the carried columns hold all a later batch must know.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from services.monitoring.engine.batch import Rows
from services.monitoring.engine.columns import Columns

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

Value = TypeVar("Value", bound=np.generic)

NEVER = -1
_MOST_SUM_MS = (1 << 31) - 1


class What(IntEnum):
    """In the order in which they are told at one row."""

    FINISHED = 0  # a run is over, however long it was; the time is that of its start
    OVER = 1  # a run that was long enough is over; the time is that of its last row
    RAISED = 2  # a run has become long enough; the time is that of its start


@dataclass(frozen=True, slots=True)
class Event:
    row: int
    what: What
    at_ms: int
    peak: int = 0


def sustained(
    columns: Columns,
    name: str,
    rows: Rows,
    holds: Mask,
    *,
    lasting_ms: int,
    gap_ms: int,
    value: Int64s | None = None,
    counts: Mask | None = None,
    anew: Mask | None = None,
) -> list[Event]:
    """Move the runs called ``name`` on over the rows. ``value`` (at least 0) has its peak kept, in a column of its own.

    A run lasts long enough once the steps that count (all of them without ``counts``) add up to ``lasting_ms``. Rows ``anew``
    begin another run in any case.
    """
    since_of, last_of, open_of, sum_of = (columns[f"{name}_{part}"] for part in ("since", "last", "open", "sum"))
    peak_of = np.zeros(len(columns), dtype=np.int64) if value is None else columns[f"{name}_peak"]
    chosen = _concerned(since_of, rows, holds)
    if not len(chosen):
        return []
    slot, time = rows.slot[chosen], rows.time[chosen]
    first, holds = rows.first[chosen], holds[chosen]
    value = np.zeros(len(slot), dtype=np.int64) if value is None else value[chosen]
    starts = slot[first]
    carried = since_of[starts] != NEVER
    before_time = _before(time, first, last_of[starts])
    before_holds = _before(holds, first, carried)
    begins = holds & ~(before_holds & (time - before_time <= gap_ms))
    if anew is not None:
        begins |= holds & anew[chosen]
    continues = first & holds & ~begins
    run = np.maximum.accumulate(np.where(begins | first, np.arange(len(slot)), 0))
    since = np.where(begins, time, np.where(continues, since_of[slot], 0))[run]
    value = np.where(continues, np.maximum(value, peak_of[slot]), value)
    peak = np.maximum.accumulate(value + run * (1 << 31)) - run * (1 << 31)
    goes_on = holds & ~begins
    credit = np.where(goes_on if counts is None else goes_on & counts[chosen], time - before_time, 0) + np.where(
        continues, sum_of[slot], 0
    )
    total = np.cumsum(credit)
    total = total - total[run] + credit[run]
    lasts = holds & (total >= lasting_ms)
    before_lasts = _before(lasts, first, open_of[starts])
    raised = lasts & (begins | ~before_lasts)
    over = before_lasts & (begins | ~holds)
    before_since = _before(since, first, since_of[starts])
    before_peak = _before(np.where(holds, peak, 0), first, peak_of[starts])
    end = np.append(first[1:], True)
    at, holds_on = slot[end], holds[end]
    since_of[at], last_of[at] = np.where(holds_on, since[end], NEVER), np.where(holds_on, time[end], NEVER)
    open_of[at], peak_of[at] = lasts[end], np.where(holds_on, peak[end], 0)
    sum_of[at] = np.where(holds_on, np.minimum(total[end], _MOST_SUM_MS), 0)
    events = _events(chosen, What.FINISHED, before_holds & (begins | ~holds), before_since, before_peak)
    events += _events(chosen, What.OVER, over, before_time, before_peak)
    events += _events(chosen, What.RAISED, raised, since, peak)
    return sorted(events, key=lambda event: (event.row, event.what))


def _concerned(since_of: Int64s, rows: Rows, holds: Mask) -> Int64s:
    """All rows of vehicles of which any run goes on or begins: few stand, and few are too fast."""
    begin = np.flatnonzero(rows.first)
    is_concerned = since_of[rows.slot[begin]] != NEVER
    if not (holds.any() or is_concerned.any()):
        return np.empty(0, dtype=np.int64)
    is_concerned |= np.logical_or.reduceat(holds, begin)
    return np.flatnonzero(np.repeat(is_concerned, np.diff(begin, append=len(rows))))


def _events(chosen: Int64s, what: What, which: Mask, time: Int64s, peak: Int64s) -> list[Event]:
    return [Event(int(chosen[row]), what, int(time[row]), int(peak[row])) for row in np.flatnonzero(which).tolist()]


def _before(values: npt.NDArray[Value], first: Mask, carried: npt.NDArray[Any]) -> npt.NDArray[Value]:
    """Each row's value in the row before it, of the same vehicle."""
    before = np.empty_like(values)
    before[1:] = values[:-1]
    before[first] = carried
    return before
