"""What the time between two fixes, and the reports missing in it, say about the way between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.transit_odometer import Odometer, odometer
from geo.transit_state import READING_SPREAD_M, Policy, Seen, TransitState
from geo.transit_ways import UNMAPPED, Candidates

Floats = npt.NDArray[np.float64]

_LOST_AT_ALL = 3.2  # log: one report in 25 is lost in the open
_LOST_AGAIN = 0.8  # and after a lost one the next is as often lost as not
_LOST_AT_MOST = 7.0
_REGAIN_S = 4.0  # from the exit to the first fix
_TOO_SHORT_AT_MOST = 4.0  # the way may have been longer than the shortest: a stop, a turn in a side road
_SILENT_TOO = 4.0  # but a vehicle that stops or turns goes on reporting
_SLOW, _SLOW_SPREAD = 0.7, 0.3  # of legal speed: slower is rarer, by its logarithm
_SLOWEST_INSIDE = 2.0  # nobody takes more than so many times the legal time through a tunnel, to explain a silence
_TOO_FAST_AT_MOST = 8.0
_MOST_MISSED = 12
_STEADY_S = 120.0  # after longer the speeds at both ends say nothing about the way between
_SPEED_SPREAD, _SPEED_SPREAD_M, _SPEED_AT_MOST = 0.3, 20.0, 4.0


@dataclass(frozen=True, slots=True)
class Gap:
    """The time between two fixes."""

    from_ms: int
    elapsed_s: float
    missed_s: Floats  # after its begin a report was due and did not come
    expected_m: float | None  # by the speeds
    odometer: Odometer | None
    fastest_m_s: float

    @property
    def farthest_m(self) -> float:
        """No way between the fixes is longer."""
        most = self.fastest_m_s * (self.elapsed_s + 2.0) + 50.0
        return most if self.odometer is None else min(most, self.odometer.farthest_m)

    def weigh(self, ways: Candidates) -> Floats:
        """Log-likelihood of each way; minus infinity for no way."""
        is_way = np.isfinite(ways.metres)
        metres = np.where(is_way, ways.metres, 0.0)
        seconds = np.where(is_way, ways.seconds, 0.0)
        weight = ways.cost - np.maximum(0.0, metres / self.elapsed_s - self.fastest_m_s) ** 2 / 8
        too_short = np.zeros_like(metres)
        for misfit_m, cost in self._lengths(metres):
            weight -= np.where(misfit_m > 0.0, cost, 0.0)
            too_short += np.where(misfit_m > 0.0, 0.0, cost)
        slack_s = 2.0 + 0.15 * self.elapsed_s
        fast = np.maximum(0.0, (seconds - 1.05 * self.elapsed_s) / slack_s) ** 2 / 2
        slow = (np.log(np.maximum(1.0, _SLOW * self.elapsed_s / (seconds + 3.0))) / _SLOW_SPREAD) ** 2 / 2
        too_short[:, UNMAPPED] = slow[:, UNMAPPED] = 0.0  # nobody knows how long a road is that the map lacks
        most = _TOO_SHORT_AT_MOST + (_SILENT_TOO if len(self.missed_s) else 0.0)
        weight -= np.minimum(fast, _TOO_FAST_AT_MOST) + np.minimum(np.maximum(too_short, slow), most)
        return np.where(is_way, weight - self._unexplained(ways, seconds), -np.inf)

    def _lengths(self, metres: Floats) -> Iterator[tuple[Floats, Floats]]:
        """By how much each way is too long, and what that costs: by the speeds, and by the odometer."""
        if self.expected_m is not None:
            misfit_m = metres - self.expected_m
            spread = _SPEED_SPREAD * self.expected_m + _SPEED_SPREAD_M + 0.02 * metres
            yield misfit_m, np.minimum((misfit_m / spread) ** 2 / 2, _SPEED_AT_MOST)
        if self.odometer is not None:
            misfit_m = self.odometer.misfit_m(metres)
            yield misfit_m, self.odometer.cost(metres, misfit_m)

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
        if not len(self.missed_s):
            return np.zeros_like(seconds)
        stretch = self.elapsed_s / np.maximum(seconds, 1.0)  # of legal speed
        blur_s = 3.0 + 0.1 * self.elapsed_s
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
    speeds = [seen.speed_dkmh / 36 for seen in (state.seen, report) if seen.speed_dkmh is not None]
    expected_m = sum(speeds) / len(speeds) * elapsed_s if speeds and elapsed_s <= _STEADY_S else None
    count = min(max(state.blind, round(elapsed_s / period_s) - 1), _MOST_MISSED)
    missed_s: Floats = np.linspace(0.0, elapsed_s, count + 2)[1:-1]
    return Gap(state.seen.at_ms, elapsed_s, missed_s, expected_m, odometer(state, report), policy.fastest_m_s)


def habit_s(state: TransitState, policy: Policy) -> float:
    """How often the vehicle reports: the middle of its last steps, and at least as often as it must."""
    if not state.habit_ms:
        return policy.report_every_s
    middle_s = sorted(state.habit_ms)[(len(state.habit_ms) - 1) // 2] / 1000
    return min(policy.report_every_s, max(1.0, middle_s))
