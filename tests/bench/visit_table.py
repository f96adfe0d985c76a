"""A state machine for many vehicles in many zones at once, for both sides of ``bench_zones`` to run over what they find.

Detection itself looks singly at the few vehicles that may have changed sides (``geo.sides``); here all are worked through in arrays,
so that finding zones is what tells the two sides apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.index import Crossings

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Arrays = dict[str, npt.NDArray[Any]]
Depths = Callable[[Int64s, Int64s], Floats]  # metres to the zone's edge, for rows of (place in the steps, zone)

MOVING_DKMH = 80  # 8 km/h: above any speed a standing receiver makes up
PARKED_AFTER_MS = 120_000


class Kind(Enum):
    ENTERED = "entered"
    LEFT = "left"
    CROSSED = "crossed"  # in and out again with at most one fix inside
    FOUND_INSIDE = "found_inside"  # first seen inside, or inside when a window opened or a zone began


@dataclass(frozen=True, slots=True)
class Event:
    """What happened at ``at_ms``; a crossing ended at ``until_ms``. Exact means interpolated on a step of bounded length."""

    kind: Kind
    at_ms: int
    is_exact: bool
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """How much it takes to believe a change of side; a zone may have its own."""

    confirming_fixes: int = 2
    dwell_s: float = 0.0  # a visit shorter than this is only a crossing
    longest_gap_s: float = 600.0  # over longer steps nothing is interpolated and no crossing claimed
    longest_gap_m: float = 10_000.0
    accuracy_m: float = 15.0  # of a fix that does not say
    slow_accuracies: float = 2.0  # so many accuracies deep, a slow fix counts in full
    parked_accuracies: float = 6.0  # and so many, a parked one
    least_depth_m: float = 0.0  # a crossing whose one fix inside is shallower than this is none


_KINDS = tuple(Kind)
_COLUMNS = {
    "inside": np.bool_, "since_ms": np.int64, "is_exact": np.bool_, "points": np.int64, "change_ms": np.int64,
    "change_is_exact": np.bool_, "deepest_m": np.float64, "is_first": np.bool_,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Steps:
    """One step of each of some vehicles, in order of vehicle; ``from_ms`` is -1 for the first fix of one."""

    vehicle: Int64s
    from_ms: Int64s
    to_ms: Int64s
    metres: Floats
    speed_dkmh: Int64s
    accuracy_m: Floats


@dataclass(frozen=True, slots=True)
class Events:
    """Rows in order of vehicle and zone; ``kind`` counts through ``Kind``, ``until_ms`` is -1 for all but crossings."""

    vehicle: Int64s
    zone: Int64s
    kind: Int64s
    at_ms: Int64s
    is_exact: Mask
    until_ms: Int64s

    def told(self) -> list[tuple[int, int, Event]]:
        """(vehicle, zone, event), one by one."""
        columns = (getattr(self, name).tolist() for name in Events.__slots__)
        return [
            (vehicle, zone, Event(_KINDS[kind], at_ms, is_exact, None if until_ms < 0 else until_ms))
            for vehicle, zone, kind, at_ms, is_exact, until_ms in zip(*columns, strict=True)
        ]


class VisitTable:
    """Where every vehicle (by number, below 2^31) stands with every zone it is in or about to be in."""

    def __init__(self, vehicles: int, policy: Policy) -> None:
        self._policy = policy
        self._moving_fixes = np.zeros(vehicles, dtype=np.int64)
        self._still_since = np.full(vehicles, -1, dtype=np.int64)
        self._key = np.empty(0, dtype=np.int64)  # vehicle << 32 | zone, in order
        self._state: Arrays = {name: np.empty(0, dtype=kind) for name, kind in _COLUMNS.items()}

    def advance(self, steps: Steps, met: Crossings, depth_m: Depths) -> Events:
        """Move the vehicles on; ``met`` has the segments of the steps, by their place, with zones below 2^32."""
        is_moving, is_parked = self._move(steps)
        concerned = np.isin(self._key >> 32, steps.vehicle)
        key = np.union1d(steps.vehicle[met.segment] << 32 | met.zone, self._key[concerned])
        at, row = np.searchsorted(self._key, key), np.searchsorted(key, steps.vehicle[met.segment] << 32 | met.zone)
        known = np.zeros(len(key), dtype=bool)
        known[at < len(self._key)] = self._key[at[at < len(self._key)]] == key[at < len(self._key)]
        work = _Work(steps, key, self._policy)
        for name, column in self._state.items():
            work.state[name][known] = column[at[known]]
        for name in ("t_in", "t_out", "starts_inside", "ends_inside"):
            work.met[name][row] = getattr(met, name)
        work.met["meets"][row] = True
        work.known, work.is_moving, work.is_parked = known, is_moving[work.step], is_parked[work.step]
        events = work.run(depth_m)
        rest = np.flatnonzero(~concerned)
        keys = np.concatenate([self._key[rest], key[work.known]])
        order = np.argsort(keys, kind="stable")
        self._key = keys[order]
        self._state = {
            name: np.concatenate([column[rest], work.state[name][work.known]])[order]
            for name, column in self._state.items()
        }
        return events

    def _move(self, steps: Steps) -> tuple[Mask, Mask]:
        """Which vehicles move and which are parked."""
        vehicle, moves = steps.vehicle, steps.speed_dkmh >= MOVING_DKMH
        fixes = np.where(moves, self._moving_fixes[vehicle] + 1, 0)
        since = self._still_since[vehicle]
        since = np.where(moves, np.where(fixes < 2, since, -1), np.where(since < 0, steps.to_ms, since))
        self._moving_fixes[vehicle], self._still_since[vehicle] = fixes, since
        return moves, (since >= 0) & (steps.to_ms - since >= PARKED_AFTER_MS)


class _Work:
    """One step of some pairs of vehicle and zone."""

    def __init__(self, steps: Steps, key: Int64s, policy: Policy) -> None:
        self.key, self.policy = key, policy
        self.step = np.searchsorted(steps.vehicle, key >> 32)
        self.from_ms, self.to_ms = steps.from_ms[self.step], steps.to_ms[self.step]
        self.accuracy_m = steps.accuracy_m[self.step]
        self.is_gap = (self.from_ms < 0) | (self.to_ms - self.from_ms > policy.longest_gap_s * 1000)
        self.is_gap |= steps.metres[self.step] > policy.longest_gap_m
        self.state: Arrays = {name: np.zeros(len(key), dtype=kind) for name, kind in _COLUMNS.items()}
        self.met: Arrays = {name: np.zeros(len(key)) for name in ("t_in", "t_out")}
        self.met |= {name: np.zeros(len(key), dtype=bool) for name in ("starts_inside", "ends_inside", "meets")}
        self.known = self.is_moving = self.is_parked = np.zeros(len(key), dtype=bool)

    def run(self, depth_m: Depths) -> Events:
        """Change ``state`` and ``known``; what there is to tell."""
        inside, ends = self.state["inside"], self.met["ends_inside"]
        is_first = np.where(self.known, self.state["is_first"], self.from_ms < 0)
        weighed = (inside & ~ends) | (~inside & ends & ~is_first)
        points = self._points(np.flatnonzero(weighed), depth_m)
        points[~inside & ends & is_first] = 1
        told = [
            self._left(np.flatnonzero(inside & ~ends & (points > 0)), points),
            self._crossed(np.flatnonzero(~inside & ~ends)),
            self._entered(np.flatnonzero(~inside & ends & (self.known | (points > 0))), points, is_first, depth_m),
        ]
        self._reset(np.flatnonzero(inside & ends & (self.state["points"] > 0)))
        rows, kind, at_ms, is_exact, until_ms = (np.concatenate(column) for column in zip(*told, strict=True))
        order = np.argsort(rows, kind="stable")
        rows = rows[order]
        key = self.key[rows]
        return Events(key >> 32, key & 0xFFFFFFFF, kind[order], at_ms[order], is_exact[order], until_ms[order])

    def _points(self, rows: Int64s, depth_m: Depths) -> Int64s:
        points = np.full(len(self.key), 2, dtype=np.int64)
        rows = rows[~self.is_moving[rows]]
        depth = depth_m(self.step[rows], self.key[rows] & 0xFFFFFFFF) if len(rows) else np.empty(0)
        parked, accuracy = self.is_parked[rows], self.accuracy_m[rows]
        accuracies = np.where(parked, self.policy.parked_accuracies, self.policy.slow_accuracies)
        points[rows] = np.where(depth > accuracies * accuracy, 2, np.where(parked, 0, 1))
        return points

    def _left(self, rows: Int64s, points: Int64s) -> tuple[Int64s, ...]:
        state = self.state
        fresh = rows[state["points"][rows] == 0]
        share, came = self.met["t_out"][fresh], self.met["starts_inside"][fresh]
        state["change_ms"][fresh], state["change_is_exact"][fresh] = self._moment(fresh, share, came)
        state["points"][rows] += points[rows]
        state["deepest_m"][rows] = 0.0
        over = rows[state["points"][rows] >= 2 * self.policy.confirming_fixes]
        self.known[over] = False
        return self._told(over, Kind.LEFT)

    def _crossed(self, rows: Int64s) -> tuple[Int64s, ...]:
        known, t_in, t_out = self.known[rows], self.met["t_in"][rows], self.met["t_out"][rows]
        through = ~self.met["starts_inside"][rows] & (t_out > t_in)
        deep = self.state["deepest_m"][rows] >= self.policy.least_depth_m
        crossed = np.where(known, deep, through) & self.met["meets"][rows]
        crossed &= ~self.is_gap[rows] & ~self.is_parked[rows]
        fresh = rows[crossed & ~known]
        everywhere = np.ones(len(fresh), dtype=bool)
        change = self._moment(fresh, self.met["t_in"][fresh], everywhere)
        self.state["change_ms"][fresh], self.state["change_is_exact"][fresh] = change
        self.known[rows] = False
        rows = rows[crossed]
        left_ms, _ = self._moment(rows, self.met["t_out"][rows], np.ones(len(rows), dtype=bool))
        return self._told(rows, Kind.CROSSED, left_ms)

    def _entered(self, rows: Int64s, points: Int64s, is_first: Mask, depth_m: Depths) -> tuple[Int64s, ...]:
        state, policy = self.state, self.policy
        fresh = rows[~self.known[rows]]
        at_ms, exact = self._moment(fresh, self.met["t_in"][fresh], ~self.met["starts_inside"][fresh])
        for name, values in (
            ("since_ms", at_ms),
            ("change_ms", at_ms),
            ("is_exact", exact),
            ("change_is_exact", exact),
        ):
            state[name][fresh] = values
        state["is_first"][fresh] = is_first[fresh]
        self.known[fresh] = True
        depth = depth_m(self.step[rows], self.key[rows] & 0xFFFFFFFF) if policy.least_depth_m else 0.0
        state["deepest_m"][rows] = np.maximum(state["deepest_m"][rows], depth) if policy.least_depth_m else 0.0
        state["points"][rows] += points[rows]
        needed = np.where(is_first[rows], policy.confirming_fixes, 2 * policy.confirming_fixes)
        stayed_s = (self.to_ms[rows] - state["change_ms"][rows]) / 1000
        sure = rows[(state["points"][rows] >= needed) & (stayed_s >= policy.dwell_s)]
        told = self._told(sure, Kind.ENTERED)
        told[1][~told[3].astype(bool)] = _KINDS.index(Kind.FOUND_INSIDE)
        state["inside"][sure] = True
        state["since_ms"][sure], state["is_exact"][sure] = state["change_ms"][sure], state["change_is_exact"][sure]
        self._reset(sure)
        return told

    def _reset(self, rows: Int64s) -> None:
        """Settled where they are."""
        for name in ("points", "change_ms", "change_is_exact", "deepest_m", "is_first"):
            self.state[name][rows] = 0

    def _moment(self, rows: Int64s, share: Floats, came_across: Mask) -> tuple[Int64s, Mask]:
        exact = came_across & ~self.is_gap[rows]
        begin, length = self.from_ms[rows], self.to_ms[rows] - self.from_ms[rows]
        at_ms = begin + np.rint(np.where(exact, share, 0) * length).astype(np.int64)
        return np.where(exact, at_ms, self.to_ms[rows]), exact

    def _told(self, rows: Int64s, kind: Kind, until_ms: Int64s | None = None) -> tuple[Int64s, ...]:
        kinds = np.full(len(rows), _KINDS.index(kind))
        until_ms = np.full(len(rows), -1) if until_ms is None else until_ms
        return rows, kinds, self.state["change_ms"][rows], self.state["change_is_exact"][rows], until_ms
