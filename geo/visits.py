"""When a vehicle entered a zone and left it: a pure state machine over the steps between its fixes.

One state per (vehicle, zone), None while it is settled outside. A change of side counts when two fixes in a row stand for it:
a fix that moves, or lies deeper than its error can explain. Slow, shallow fixes count half, and not at all once the vehicle is
parked: beside a fence the error of a parked receiver wanders in and out all night. Times are those of the crossing itself,
interpolated on the step that made it. Nothing depends on how steps are cut into batches.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


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


MOVING_DKMH = 80  # 8 km/h: above any speed a standing receiver makes up
PARKED_AFTER_MS = 120_000


@dataclass(frozen=True, slots=True)
class Motion:
    """Whether a vehicle stands: one for all its zones."""

    at_ms: int
    moving_fixes: int = 0  # in a row
    still_since_ms: int | None = None

    @property
    def is_moving(self) -> bool:
        return self.moving_fixes > 0

    @property
    def is_parked(self) -> bool:
        return self.still_since_ms is not None and self.at_ms - self.still_since_ms >= PARKED_AFTER_MS

    def to_plain(self) -> tuple[int, int, int | None]:
        return self.at_ms, self.moving_fixes, self.still_since_ms


def move(motion: Motion | None, at_ms: int, speed_dkmh: int) -> Motion:
    """The motion after one more fix. Where a receiver gives no speed, that of the step since the last fix must do."""
    if speed_dkmh >= MOVING_DKMH:
        fixes = motion.moving_fixes + 1 if motion else 1
        still_since = motion.still_since_ms if motion and fixes < 2 else None  # one spurious speed starts no drive
        return Motion(at_ms, fixes, still_since)
    since = motion.still_since_ms if motion else None
    return Motion(at_ms, 0, at_ms if since is None else since)


@dataclass(frozen=True, slots=True)
class Step:
    """The straight step from the last fix to this one, as the zone index sees it; ``from_ms`` is None for the first fix."""

    from_ms: int | None
    to_ms: int
    metres: float
    ends_inside: bool
    starts_inside: bool = False
    t_in: float = 0.0
    t_out: float = 0.0
    meets: bool = False
    accuracy_m: float | None = None
    motion: Motion | None = None  # after this fix; None counts as moving


@dataclass(frozen=True, slots=True)
class VisitState:
    """Where a vehicle stands with one zone. ``points`` are counted for the other side: two for a full fix, one for a weak one."""

    inside: bool
    since_ms: int  # of the visit, or of the change of side that is being weighed
    is_exact: bool
    points: int = 0
    change_ms: int = 0
    change_is_exact: bool = False
    deepest_m: float = 0.0
    is_first: bool = False  # begun with the first fix of all: nothing speaks for the other side

    @property
    def is_settled(self) -> bool:
        return self.points == 0

    def to_plain(self) -> tuple[bool, int, bool, int, int, bool, float, bool]:
        return dataclasses.astuple(self)


Answer = tuple[VisitState | None, tuple[Event, ...]]
Depth = Callable[[], float]  # metres from this fix to the zone's edge; asked only when it matters


def step(state: VisitState | None, taken: Step, depth_m: Depth, policy: Policy = Policy()) -> Answer:
    """Move one vehicle on in one zone; steps in order of time."""
    if state is not None and state.inside:
        return _from_inside(state, taken, depth_m, policy)
    return _from_outside(state, taken, depth_m, policy)


def found_inside(state: VisitState | None, at_ms: int) -> tuple[Event, ...]:
    """What to tell when a window opens or a zone begins: a vehicle inside did not enter, yet it is there."""
    return (Event(Kind.FOUND_INSIDE, at_ms, is_exact=True),) if state is not None and state.inside else ()


def _from_outside(state: VisitState | None, taken: Step, depth_m: Depth, policy: Policy) -> Answer:
    if not taken.ends_inside:
        return None, _crossing(state, taken, policy)
    is_first = taken.from_ms is None if state is None else state.is_first
    points = 1 if is_first else _points(taken, depth_m, policy)
    if state is None:
        if points == 0:
            return None, ()
        at_ms, is_exact = _moment(taken, taken.t_in, policy, came_across=not taken.starts_inside)
        state = VisitState(False, at_ms, is_exact, 0, at_ms, is_exact, is_first=is_first)
    deepest = max(state.deepest_m, depth_m()) if policy.least_depth_m else 0.0
    state = _weighed(state, points, state.change_ms, state.change_is_exact, deepest)
    if not _is_confirmed(state, taken, policy):
        return state, ()
    kind = Kind.ENTERED if state.change_is_exact else Kind.FOUND_INSIDE
    visit = VisitState(True, state.change_ms, state.change_is_exact)
    return visit, (Event(kind, state.change_ms, state.change_is_exact),)


def _weighed(state: VisitState, points: int, change_ms: int, is_exact: bool, deepest_m: float) -> VisitState:
    """The same state with more points for a change of side."""
    total = state.points + points
    return VisitState(
        state.inside, state.since_ms, state.is_exact, total, change_ms, is_exact, deepest_m, state.is_first
    )


def _crossing(state: VisitState | None, taken: Step, policy: Policy) -> tuple[Event, ...]:
    """In and out again: on this step alone, or since the fix before it."""
    if _is_gap(taken, policy) or (taken.motion is not None and taken.motion.is_parked) or not taken.meets:
        return ()
    left_ms = _moment(taken, taken.t_out, policy, came_across=True)[0]
    if state is not None:
        is_deep = state.deepest_m >= policy.least_depth_m
        return (Event(Kind.CROSSED, state.change_ms, state.change_is_exact, left_ms),) if is_deep else ()
    if taken.starts_inside or taken.t_out <= taken.t_in:
        return ()
    return (Event(Kind.CROSSED, _moment(taken, taken.t_in, policy, came_across=True)[0], True, left_ms),)


def _from_inside(state: VisitState, taken: Step, depth_m: Depth, policy: Policy) -> Answer:
    if taken.ends_inside:
        return (state if state.points == 0 else VisitState(True, state.since_ms, state.is_exact)), ()
    points = _points(taken, depth_m, policy)
    if points == 0:
        return state, ()
    change = state.change_ms, state.change_is_exact
    if state.points == 0:
        change = _moment(taken, taken.t_out, policy, came_across=taken.starts_inside)
    state = _weighed(state, points, *change, 0.0)
    if state.points < 2 * policy.confirming_fixes:
        return state, ()
    return None, (Event(Kind.LEFT, state.change_ms, state.change_is_exact),)


def _is_confirmed(state: VisitState, taken: Step, policy: Policy) -> bool:
    stayed_s = (taken.to_ms - state.change_ms) / 1000
    needed = policy.confirming_fixes if state.is_first else 2 * policy.confirming_fixes
    return state.points >= needed and stayed_s >= policy.dwell_s


def _points(taken: Step, depth_m: Depth, policy: Policy) -> int:
    """How much a fix says for its side."""
    if taken.motion is None or taken.motion.is_moving:
        return 2
    accuracy_m = policy.accuracy_m if taken.accuracy_m is None else taken.accuracy_m
    if taken.motion.is_parked:
        return 2 if depth_m() > policy.parked_accuracies * accuracy_m else 0
    return 2 if depth_m() > policy.slow_accuracies * accuracy_m else 1


def _moment(taken: Step, share: float, policy: Policy, *, came_across: bool) -> tuple[int, bool]:
    """The time at a share of the step; that of the fix, and not exact, when the step is too long or did not cross the edge."""
    if taken.from_ms is None or not came_across or _is_gap(taken, policy):
        return taken.to_ms, False
    return taken.from_ms + round(share * (taken.to_ms - taken.from_ms)), True


def _is_gap(taken: Step, policy: Policy) -> bool:
    return (
        taken.from_ms is None
        or taken.to_ms - taken.from_ms > policy.longest_gap_s * 1000
        or taken.metres > policy.longest_gap_m
    )
