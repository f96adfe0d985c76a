"""What the time between two fixes, and the reports missing in it, say about the way between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.transit_state import Policy, Seen, TransitState
from geo.transit_ways import Candidates

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


@dataclass(frozen=True, slots=True)
class Gap:
    """The time between two fixes."""

    from_ms: int
    elapsed_s: float
    missed_s: Floats  # after its begin a report was due and did not come
    lengths: tuple[tuple[float, float, float], ...]  # what is expected, its spread, and the most it may count
    fastest_m_s: float

    @property
    def farthest_m(self) -> float:
        """No way between the fixes is longer."""
        most = min((expected + 5 * spread for expected, spread, cap in self.lengths if cap > 5.0), default=np.inf)
        return float(min(self.fastest_m_s * (self.elapsed_s + 2.0) + 50.0, most))

    def weigh(self, ways: Candidates) -> Floats:
        """Log-likelihood of each way; minus infinity for no way."""
        is_way = np.isfinite(ways.metres)
        metres = np.where(is_way, ways.metres, 0.0)
        seconds = np.where(is_way, ways.seconds, 0.0)
        weight = ways.cost - np.maximum(0.0, metres / self.elapsed_s - self.fastest_m_s) ** 2 / 8
        too_short = np.zeros_like(metres)
        for expected, spread, most in self.lengths:
            misfit = np.minimum(((metres - expected) / (spread + 0.02 * metres)) ** 2 / 2, most)
            weight -= np.where(metres > expected, misfit, 0.0)
            too_short += np.where(metres > expected, 0.0, misfit)
        slack_s = 2.0 + 0.15 * self.elapsed_s
        fast = np.maximum(0.0, (seconds - 1.05 * self.elapsed_s) / slack_s) ** 2 / 2
        slow = (np.log(np.maximum(1.0, _SLOW * self.elapsed_s / (seconds + 3.0))) / _SLOW_SPREAD) ** 2 / 2
        most = _TOO_SHORT_AT_MOST + (_SILENT_TOO if len(self.missed_s) else 0.0)
        weight -= np.minimum(fast, _TOO_FAST_AT_MOST) + np.minimum(np.maximum(too_short, slow), most)
        return np.where(is_way, weight - self._unexplained(ways, seconds), -np.inf)

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
    elapsed_s = (report.at_ms - state.seen.at_ms) / 1000
    period_s = habit_s(state, policy)
    speeds = [seen.speed_dkmh / 36 for seen in (state.seen, report) if seen.speed_dkmh is not None]
    lengths = []
    if speeds and elapsed_s <= 120:
        expected = sum(speeds) / len(speeds) * elapsed_s
        lengths.append((expected, 0.3 * expected + 60.0, 4.0))
    if state.seen.odometer_m is not None and report.odometer_m is not None:
        lengths.append((float(report.odometer_m - state.seen.odometer_m), 70.0, 12.0))
    count = min(max(state.blind, round(elapsed_s / period_s) - 1), _MOST_MISSED)
    missed_s: Floats = np.linspace(0.0, elapsed_s, count + 2)[1:-1]
    return Gap(state.seen.at_ms, elapsed_s, missed_s, tuple(lengths), policy.fastest_m_s)


def habit_s(state: TransitState, policy: Policy) -> float:
    """How often the vehicle reports: the middle of its last steps, and at least as often as it must."""
    if not state.habit_ms:
        return policy.report_every_s
    middle_s = sorted(state.habit_ms)[(len(state.habit_ms) - 1) // 2] / 1000
    return min(policy.report_every_s, max(1.0, middle_s))
