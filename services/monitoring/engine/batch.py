"""One batch made ready: rows grouped by vehicle in order of time, late ones set apart, unbelievable places sorted out."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt

from geo.position import Position
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.world import World
from services.monitoring.fixes import ENGINE_ON, POSITIONED, Fixes
from services.monitoring.model import Effect, NeedsHistory

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_LATEST_MS = 1 << 43  # the year 2248; what lies beyond is no time
_GROUP = 1 << 44


@dataclass(frozen=True, eq=False)
class Rows:
    """Fixes newer than all before them of their vehicle, vehicle by vehicle. ``arrival`` is the place in the entry."""

    arrival: Int64s
    slot: Int64s
    time: Int64s
    latitude: Int64s
    longitude: Int64s
    speed: Int64s
    heading: Int64s
    accuracy: Int64s
    flags: Int64s
    odometer: Int64s

    def __len__(self) -> int:
        return len(self.slot)

    def take(self, rows: Int64s | Mask) -> Rows:
        """Some rows, by place or mask."""
        if rows.dtype == np.bool_ and rows.all():
            return self
        return Rows(*(getattr(self, each.name)[rows] for each in fields(Rows)))

    @cached_property
    def first(self) -> Mask:
        """Rows that are the first of their vehicle."""
        first = np.ones(len(self.slot), dtype=bool)
        first[1:] = self.slot[1:] != self.slot[:-1]
        return first

    @cached_property
    def last(self) -> Mask:
        return np.append(self.first[1:], True)[: len(self.slot)]

    def position(self, row: int) -> Position:
        return Position(int(self.latitude[row]), int(self.longitude[row]))


def before(values: npt.NDArray[np.generic], first: Mask, carried: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """Each row's value in the row before it of the same vehicle; ``carried`` has those before the first rows."""
    shifted = np.empty(len(values), dtype=np.int64)
    shifted[1:] = values[:-1]
    shifted[first] = carried
    return shifted


@dataclass(slots=True)
class Outbox:
    """Effects with the place in the entry they belong to, so that their order does not depend on how work was grouped."""

    entries: list[tuple[int, int, Effect]] = field(default_factory=list)

    def add(self, arrival: int, effect: Effect) -> None:
        self.entries.append((arrival, len(self.entries), effect))

    def effects(self) -> list[Effect]:
        return [effect for _, _, effect in sorted(self.entries, key=lambda entry: entry[:2])]


@dataclass(slots=True, eq=False)
class Batch:
    """What detectors see: ``rows`` are all reports, ``good`` those whose place is believed, each with the good one before it
    (``from_ms`` is -1 where there is none, or none that could be driven from)."""

    state: ShardState
    world: World
    rows: Rows
    good: Rows
    from_ms: Int64s
    from_latitude: Int64s
    from_longitude: Int64s
    odd: Rows
    out: Outbox

    def place_before(self, slot: int, at_ms: int) -> Position | None:
        """Where the vehicle was last believed to be before an instant."""
        begin, end = np.searchsorted(self.good.slot, [slot, slot + 1]).tolist()
        row = begin + int(np.searchsorted(self.good.time[begin:end], at_ms)) - 1
        return self.good.position(row) if row >= begin else self.state.position(slot)


def arranged(state: ShardState, fixes: Fixes, arrival: Int64s, out: Outbox) -> Rows:
    """The rows in order of vehicle and time. A fix as new as one already taken is a repeat; older ones ask for history, and so do
    those from before a trip that ticks have put in force."""
    slot = state.slots(fixes.vehicle)
    order = np.argsort(slot.astype(np.uint16) if len(state) < 1 << 16 else slot, kind="stable")  # radix sort
    slot, time = slot[order], np.clip(fixes.time_ms[order], 0, _LATEST_MS)
    first = np.ones(len(slot), dtype=bool)
    first[1:] = slot[1:] != slot[:-1]
    group = np.cumsum(first) * _GROUP
    newest = np.maximum(time, state.columns["heard_ms"][slot])
    newest = np.maximum.accumulate(newest + group) - group
    known = before(newest, first, state.columns["heard_ms"][slot[first]])
    taken = time > known
    _ask(state, slot, time, time < known, arrival[order], out)
    if (state.columns["trip_ms"][slot[first]] > state.columns["heard_ms"][slot[first]]).any():
        behind = taken & (time < state.columns["trip_ms"][slot])
        _ask(state, slot, time, behind, arrival[order], out, is_new=True)
        taken &= ~behind
    order, slot, time = (values[taken] for values in (order, slot, time))
    placed = (np.abs(fixes.latitude_e7) <= 900_000_000) & (np.abs(fixes.longitude_e7) <= 1_800_000_000)
    flags = np.where(placed, fixes.flags, fixes.flags & ~POSITIONED)
    columns = (
        fixes.latitude_e7, fixes.longitude_e7, fixes.speed_dkmh, fixes.heading_deg, fixes.accuracy_dm, flags,
        fixes.odometer_dm,
    )  # fmt: skip
    return Rows(arrival[order], slot, time, *(column[order].astype(np.int64) for column in columns))


def _ask(
    state: ShardState, slot: Int64s, time: Int64s, is_late: Mask, arrival: Int64s, out: Outbox, *, is_new: bool = False
) -> None:
    late = np.flatnonzero(is_late)
    for place in np.unique(slot[late]).tolist():
        mine = late[slot[late] == place]
        out.add(int(arrival[mine].max()), NeedsHistory(int(state.vehicle[place]), int(time[mine].min()), is_new))


def engine_on(rows: Rows) -> Mask:
    on: Mask = (rows.flags & ENGINE_ON) != 0
    return on
