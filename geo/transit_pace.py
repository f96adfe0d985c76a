"""What the time between two fixes says about the ways between them, given the pace of this driver.

A loaded lorry's time on a way is known to a second or two where its speeds at both ends, the sharp turns, and the share of the
legal speed that its driver keeps are known. That share is learnt from fix to fix. A stop makes it longer, nothing shorter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.stretches import Stretch
from geo.turning import lost_s

Floats = npt.NDArray[np.float64]

_SPREAD_S = 1.5  # of the time a way takes, where the pace is known
_PLACE_SPREAD_M = 9.0  # of the places of two fixes along the road
_TAIL = 4.0  # degrees of freedom of Student's distribution: traffic is not a law
_TOO_FAST_AT_MOST = 8.0
STEADY_S = 120.0  # after longer the speeds at both ends say nothing about the way between
_STEADY_SHARE = 0.1  # of the time of a way at the speeds of its ends, in dense traffic or beyond what is legal
_UNUSUAL = 3.0  # log: how much rarer that is than a driver's own pace
_SLOWEST, _FASTEST, _BEST_KNOWN = 600, 1100, 30  # thousandths of legal speed
_SURPRISING = 3.0  # times the spread: it stood, or went another way, and tells nothing of its pace


@dataclass(frozen=True, slots=True)
class Pace:
    """The time that passed, the speeds at its begin and end, and the driver's share of the legal speed with its spread."""

    elapsed_s: float
    begin_m_s: float | None
    end_m_s: float | None
    share: float
    spread: float

    @property
    def is_known(self) -> bool:
        """As well as it can be."""
        return self.spread <= _BEST_KNOWN / 1000

    def costs(self, ways: Stretch, longer_m: Floats | float = 0.0) -> tuple[Floats, Floats]:
        """Minus the logarithm, but for a constant, of how likely ways are that take longer than there was time for, and less;
        by so many metres more was driven than the ways are long."""
        takes_s, doubt = self._takes(ways)
        takes_s = takes_s + longer_m * ways.seconds / np.maximum(ways.metres, 1.0) / self.share
        misfit_s = self.elapsed_s - takes_s
        cost = _cost(misfit_s, doubt + (self.spread * ways.seconds) ** 2)
        speeds = [speed for speed in (self.begin_m_s, self.end_m_s) if speed is not None]
        if speeds and self.elapsed_s <= STEADY_S:
            steady_s = (ways.metres + longer_m) / max(sum(speeds) / len(speeds), 1.0)
            cost = np.minimum(
                cost, _UNUSUAL + _cost(self.elapsed_s - steady_s, _STEADY_SHARE**2 * self.elapsed_s**2 + doubt)
            )
        return np.where(misfit_s < 0, np.minimum(cost, _TOO_FAST_AT_MOST), 0.0), np.where(misfit_s > 0, cost, 0.0)

    def after(self, way: Stretch) -> tuple[int, int]:
        """The share and its spread, in thousandths, with what one more way [1] tells of them."""
        takes_s, doubt = self._takes(way)
        seconds = max(float(way.seconds[0]) / self.share, 1.0)
        late = (self.elapsed_s - float(takes_s[0])) / seconds
        known, told = self.spread**2, float(doubt[0]) / seconds**2
        if late**2 > _SURPRISING**2 * (known + told):
            return round(1000 * self.share), round(1000 * self.spread)
        gain = known / (known + told)
        share, spread = self.share * (1.0 - gain * late), (known * (1.0 - gain)) ** 0.5
        return min(_FASTEST, max(_SLOWEST, round(1000 * share))), max(_BEST_KNOWN, round(1000 * spread))

    def _takes(self, ways: Stretch) -> tuple[Floats, Floats]:
        """Seconds that ways take at this pace, and the square of how far that may be off for other reasons."""
        cruise = np.maximum(self.share * ways.metres / np.maximum(ways.seconds, 0.1), 1.0)
        begin, end = (cruise if speed is None else speed for speed in (self.begin_m_s, self.end_m_s))
        turns = np.isfinite(ways.head_m)
        lost = lost_s(ways.metres, cruise, begin, end)
        if turns.any():
            head_m, tail_m = (np.where(turns, part, 0.0) for part in (ways.head_m, ways.tail_m))
            turning_s = lost_s(head_m, cruise, begin) + ways.lost_s + lost_s(tail_m, cruise, to_m_s=end)
            lost = np.where(turns, turning_s, lost)
        return ways.seconds / self.share + lost, _SPREAD_S**2 + (_PLACE_SPREAD_M / cruise) ** 2


def _cost(misfit_s: Floats, doubt: Floats) -> Floats:
    return np.asarray((_TAIL + 1) / 2 * np.log1p(misfit_s**2 / _TAIL / doubt))
