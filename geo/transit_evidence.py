"""What the time between two fixes, and the reports missing in it, say about the way between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.transit_odometer import Odometer, odometer
from geo.transit_pace import STEADY_S, Pace
from geo.transit_state import READING_SPREAD_M, Policy, Seen, TransitState
from geo.transit_ways import UNMAPPED, Candidates
from geo.ways import UNMAPPED_SPREAD_M

Floats = npt.NDArray[np.float64]

_LOST_AT_ALL = 3.2  # log: one report in 25 is lost in the open
_LOST_AGAIN = 0.8  # and after a lost one the next is as often lost as not
_LOST_AT_MOST = 7.0
_REGAIN_S = 4.0  # from the exit to the first fix
_STOOD_AT_MOST = 4.0  # the vehicle may have stopped on the way
_LONGER_AT_MOST = 8.0  # or the way may have been longer than the shortest: a turn in a side road
_SILENT_TOO = 4.0  # but a vehicle that stops or turns goes on reporting
_SLOWEST_INSIDE = 2.0  # nobody takes more than so many times the legal time through a tunnel, to explain a silence
_MOST_MISSED = 12
_UNMAPPED_AT_MOST = 5.0
_BLUR_S, _BLUR_SHARE = 2.0, 0.06  # of the moments at the portals, and by so much of the whole time
_NONE: Floats = np.empty(0)
_HOPELESS = 17.5  # further below the likeliest than what any time can cost: not worth reckoning the time of


@dataclass(frozen=True, slots=True)
class Gap:
    """The time between two fixes."""

    from_ms: int
    missed_s: Floats  # after its begin a report was due and did not come
    pace: Pace
    odometer: Odometer | None
    fastest_m_s: float

    @property
    def elapsed_s(self) -> float:
        return self.pace.elapsed_s

    @property
    def farthest_m(self) -> float:
        """No way between the fixes is longer."""
        most = self.fastest_m_s * (self.elapsed_s + 2.0) + 50.0
        return most if self.odometer is None else min(most, self.odometer.farthest_m)

    def weigh(self, ways: Candidates, known: Floats) -> Floats:
        """Log-likelihood of each way on top of what is ``known`` of its ends [guess, 1, place]; minus infinity for no way."""
        is_way = np.isfinite(ways.metres)
        metres = np.where(is_way, ways.metres, 0.0)
        weight = known + ways.cost - np.maximum(0.0, metres / self.elapsed_s - self.fastest_m_s) ** 2 / 8
        too_short = longer_m = np.zeros_like(metres)
        if self.odometer is not None:
            misfit_m = self.odometer.misfit_m(metres)
            cost = self.odometer.cost(metres, misfit_m)
            weight -= np.where(misfit_m > 0.0, cost, 0.0)
            too_short, longer_m = np.where(misfit_m > 0.0, 0.0, cost), np.maximum(-misfit_m, 0.0)
        winding_m = self._driven_m - metres[:, UNMAPPED]
        weight[:, UNMAPPED] -= np.clip(winding_m / UNMAPPED_SPREAD_M, 0.0, _UNMAPPED_AT_MOST)
        if len(self.missed_s):
            weight -= self._unexplained(ways, np.where(is_way, ways.seconds, 0.0))
        weight = np.where(is_way, weight, -np.inf)
        likely = np.nonzero(weight >= weight.max() - _HOPELESS)
        look = ways.at if ways.turns_matter else ways.straight
        fast, slow = self.pace.costs(look(*likely), longer_m[likely])
        silent = _SILENT_TOO if len(self.missed_s) else 0.0
        short = np.minimum(np.minimum(slow, _STOOD_AT_MOST + silent) + too_short[likely], _LONGER_AT_MOST + silent)
        short[likely[1] == UNMAPPED] = 0.0  # nobody knows how long a road is that the map lacks
        weighed = np.full_like(weight, -np.inf)
        weighed[likely] = weight[likely] - fast - short
        return weighed

    @property
    def _driven_m(self) -> float:
        """By the odometer, or by the speeds; 0 when nobody knows."""
        if self.odometer is not None:
            return self.odometer.driven_m
        speeds = [speed for speed in (self.pace.begin_m_s, self.pace.end_m_s) if speed is not None]
        return sum(speeds) / len(speeds) * self.elapsed_s if speeds and self.elapsed_s <= STEADY_S else 0.0

    def ahead_m(self, guess: int, way: int, metres: float) -> float:
        """How far a guess is ahead of the odometer after a way."""
        if self.odometer is None or way == UNMAPPED:
            return 0.0
        return self.odometer.ahead_after(guess, metres)

    @property
    def spread_m(self) -> int:
        return READING_SPREAD_M if self.odometer is None else self.odometer.spread_after_m

    def _unexplained(self, ways: Candidates, seconds: Floats) -> Floats:
        """The cost of the reports missing where the way lies in the open, at a steady pace along it."""
        stretch = self.elapsed_s / np.maximum(seconds, 1.0)  # of legal speed
        blur_s = _BLUR_S + _BLUR_SHARE * self.elapsed_s
        inside = np.zeros((len(self.missed_s), *seconds.shape))
        for number in range(ways.enters_s.shape[-1]):
            middle = (ways.enters_s[..., number] + ways.leaves_s[..., number]) / 2 * stretch
            half = (ways.leaves_s[..., number] - ways.enters_s[..., number]) / 2 * np.minimum(stretch, _SLOWEST_INSIDE)
            enters, leaves = middle - half, middle + half + np.where(half > 0.0, _REGAIN_S, 0.0)
            for missed, at_s in enumerate(self.missed_s):
                depth = np.minimum(at_s - enters, leaves - at_s)
                is_in = np.where(leaves > enters, np.clip(0.5 + depth / blur_s, 0.0, 1.0), 0.0)
                inside[missed] = np.maximum(inside[missed], is_in)
        openly = (1.0 - inside).sum(axis=0)
        cost = _LOST_AT_ALL * np.minimum(openly, 1.0) + _LOST_AGAIN * np.maximum(openly - 1.0, 0.0)
        return np.asarray(np.minimum(cost, _LOST_AT_MOST))

    def moment_ms(self, along_s: float, whole_s: float) -> int:
        """When a place so many seconds along a way was passed, at a steady pace."""
        return self.from_ms + round(along_s / max(whole_s, 0.1) * self.elapsed_s * 1000)


def gap(state: TransitState, report: Seen, policy: Policy) -> Gap:
    """What is known of the time between the fix before and this report."""
    elapsed_s = (report.at_ms - state.seen.at_ms) / 1000
    period_s = habit_s(state, policy)
    begin, end = (None if seen.speed_dkmh is None else seen.speed_dkmh / 36 for seen in (state.seen, report))
    count = min(max(state.blind, round(elapsed_s / period_s) - 1), _MOST_MISSED)
    missed_s: Floats = np.linspace(0.0, elapsed_s, count + 2)[1:-1] if count > 0 else _NONE
    pace = Pace(elapsed_s, begin, end, state.pace / 1000, state.pace_spread / 1000)
    return Gap(state.seen.at_ms, missed_s, pace, odometer(state, report), policy.fastest_m_s)


def habit_s(state: TransitState, policy: Policy) -> float:
    """How often the vehicle reports: the middle of its last steps, and at least as often as it must."""
    if not state.habit_ms:
        return policy.report_every_s
    middle_s = sorted(state.habit_ms)[(len(state.habit_ms) - 1) // 2] / 1000
    return min(policy.report_every_s, max(1.0, middle_s))
