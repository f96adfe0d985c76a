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

from services.monitoring.engine.columns import Columns

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

Value = TypeVar("Value", bound=np.generic)

NEVER = -1


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
    slot: Int64s,
    time: Int64s,
    holds: Mask,
    *,
    lasting_ms: int,
    gap_ms: int,
    value: Int64s | None = None,
    counts: Mask | None = None,
    anew: Mask | None = None,
) -> list[Event]:
    """Move the runs called ``name`` on over rows grouped by slot, in order of time. ``value`` (at least 0) has its peak kept.

    A run lasts long enough once the steps that count (all of them without ``counts``) add up to ``lasting_ms``. Rows ``anew``
    begin another run in any case.
    """
    since_of, last_of, open_of, peak_of, sum_of = (
        columns[f"{name}_{part}"] for part in ("since", "last", "open", "peak", "sum")
    )
    first = np.ones(len(slot), dtype=bool)
    first[1:] = slot[1:] != slot[:-1]
    since_of_first = since_of[slot[first]]
    carried = since_of_first != NEVER
    if not holds.any() and not carried.any():
        return []
    value = np.zeros(len(slot), dtype=np.int64) if value is None else value
    counts = np.ones(len(slot), dtype=bool) if counts is None else counts
    before_time = _before(time, first, last_of[slot[first]])
    before_holds = _before(holds, first, carried)
    begins = holds & ~(before_holds & (time - before_time <= gap_ms))
    if anew is not None:
        begins |= holds & anew
    continues = first & holds & ~begins
    run = np.maximum.accumulate(np.where(begins | first, np.arange(len(slot)), 0))
    since = np.where(begins, time, np.where(continues, since_of[slot], 0))[run]
    value = np.where(continues, np.maximum(value, peak_of[slot]), value)
    peak = np.maximum.accumulate(value + run * (1 << 31)) - run * (1 << 31)
    credit = np.where(counts & ~begins & holds, time - before_time, 0) + np.where(continues, sum_of[slot], 0)
    total = np.cumsum(credit)
    total = total - total[run] + credit[run]
    lasts = holds & (total >= lasting_ms)
    before_lasts = _before(lasts, first, open_of[slot[first]])
    raised = lasts & (begins | ~before_lasts)
    over = before_lasts & (begins | ~holds)
    before_since = _before(since, first, since_of_first)
    before_peak = _before(np.where(holds, peak, 0), first, peak_of[slot[first]])
    end = np.append(first[1:], True)
    at = slot[end]
    since_of[at] = np.where(holds, since, NEVER)[end]
    last_of[at], open_of[at], peak_of[at] = np.where(holds, time, NEVER)[end], lasts[end], np.where(holds, peak, 0)[end]
    sum_of[at] = np.where(holds, total, 0)[end]
    events = _events(What.FINISHED, before_holds & (begins | ~holds), before_since, before_peak)
    events += _events(What.OVER, over, before_time, before_peak)
    events += _events(What.RAISED, raised, since, peak)
    return sorted(events, key=lambda event: (event.row, event.what))


def _events(what: What, rows: Mask, time: Int64s, peak: Int64s) -> list[Event]:
    return [Event(row, what, int(time[row]), int(peak[row])) for row in np.flatnonzero(rows).tolist()]


def _before(values: npt.NDArray[Value], first: Mask, carried: npt.NDArray[Any]) -> npt.NDArray[Value]:
    """Each row's value in the row before it, of the same vehicle."""
    before = np.empty_like(values)
    before[1:] = values[:-1]
    before[first] = carried
    return before
