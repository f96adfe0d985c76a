"""On which side of a fence a vehicle is, told from fixes that err.

What a vehicle may have changed sides by is weighed, never counted: the mean depth of its fixes beyond the fence against the error
such a mean may have. The errors of one receiver wander slowly, so fixes a minute apart are worth two and fixes a second apart hardly
more than one. A vehicle on the move gets through an error soon; a parked one lives with it all night, and must be deeper. Whoever
stands twenty metres beyond the fence is found in some ten minutes, whoever stands on it in none. Pure; no order but that of time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caution:
    """How much it takes to believe a change of side, in errors of a receiver (one sigma on an axis, metres)."""

    moving_errors: float = 2.0
    standing_errors: float = 4.0
    apart_ms: int = 60_000  # errors so far apart have nothing to do with each other
    usual_error_m: float = 15.0  # of a receiver that does not say
    least_error_m: float = 10.0  # what a receiver says of itself leaves out walls and slopes around it

    def error_m(self, stated_m: float) -> float:
        """The error to reckon with; 0 is a receiver that does not say."""
        return max(self.least_error_m, stated_m) if stated_m > 0 else self.usual_error_m

    def room_m(self, error_m: float, *, moves: bool) -> float:
        """How deep one fix must be to tell."""
        return (self.moving_errors if moves else self.standing_errors) * error_m


USUAL = Caution()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A change of side that is being weighed. ``crossed_ms`` is when it was, if it was; depths are in tenths of a metre, summed and at
    most; ``how`` is the caller's word for what began it."""

    since_ms: int
    crossed_ms: int
    how: str = ""
    fixes: int = 0
    depths_dm: int = 0
    deepest_dm: int = 0

    def to_plain(self) -> list[int | str]:
        return [self.since_ms, self.crossed_ms, self.how, self.fixes, self.depths_dm, self.deepest_dm]


def weighed(doubt: Doubt, depth_m: float) -> Doubt:
    """With one more fix, so many metres beyond the fence, or less than none before it."""
    depth_dm = round(depth_m * 10)
    return Doubt(
        doubt.since_ms, doubt.crossed_ms, doubt.how, doubt.fixes + 1, doubt.depths_dm + depth_dm,
        max(doubt.deepest_dm, depth_dm),
    )  # fmt: skip


def has_changed(
    doubt: Doubt,
    at_ms: int,
    depth_m: float,
    error_m: float,
    half_width_m: float,
    *,
    moves: bool,
    caution: Caution = USUAL,
) -> bool | None:
    """Whether the side has changed, after the fix of ``at_ms`` has been weighed: ``True``, ``False`` for never, ``None`` for not yet
    known. ``half_width_m`` is of the side beyond the fence, infinite where that has no end. On the move along a road that is narrower
    than errors two fixes tell, if they are well within it in the mean."""
    room_m = caution.room_m(error_m, moves=moves)
    spread = math.sqrt(min(doubt.fixes, 1 + (at_ms - doubt.since_ms) / caution.apart_ms))
    mean_m = doubt.depths_dm / 10 / doubt.fixes
    if max(depth_m, mean_m * spread) >= room_m or (moves and doubt.fixes > 1 and mean_m >= half_width_m / 2):
        return True
    return False if min(depth_m, mean_m * spread) <= -room_m else None


def is_deep(depth_m: float, error_m: float, half_width_m: float, *, caution: Caution = USUAL) -> bool:
    """Whether a vehicle that came so deep and went on has surely been beyond the fence, though it was seen there once or never."""
    return depth_m >= min(caution.room_m(error_m, moves=True), half_width_m / 2)
