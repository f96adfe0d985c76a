"""What the odometer says about the ways between fixes.

Readings are coarse, most of 100 m: one step says little. So each hypothesis keeps how far its way so far is ahead of the
readings; a way that is 90 m too long stays so at the next fixes, and is found out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.transit_state import READING_SPREAD_M, Seen, TransitState

Floats = npt.NDArray[np.float64]

_STEP_SPREAD_M = 10.0  # of a way on the map between two fixes, and by so much of its length
_SCALE_SPREAD = 0.02
_TAIL = 4.0  # degrees of freedom of Student's distribution: maps lack roads, and odometers are replaced
_MOST = 12.0
_MOST_AHEAD_M = 50.0  # no more than the rest of a reading: what is further off was another way, not a longer one
_FARTHER_M = 350.0  # than read, no way is


@dataclass(frozen=True, slots=True)
class Odometer:
    """The metres read between two fixes, and where each guess stood against the readings before."""

    driven_m: float
    ahead_m: Floats  # [guess]
    spread_m: float

    @property
    def farthest_m(self) -> float:
        """No way longer than this agrees with what was measured."""
        return self.driven_m + _FARTHER_M

    def misfit_m(self, metres: Floats) -> Floats:
        """How far each way [guess, way, place] leads ahead of what is read."""
        return self.ahead_m[:, None, None] + metres - self.driven_m

    def cost(self, metres: Floats, misfit_m: Floats) -> Floats:
        """Minus the logarithm, but for a constant, of how likely a way of so many metres is that misses the measured ones by ``misfit_m``; bounded, as odometers break."""
        spread = self._known + (_SCALE_SPREAD * metres) ** 2 + READING_SPREAD_M**2
        return np.minimum((_TAIL + 1) / 2 * np.log1p(misfit_m**2 / _TAIL / spread), _MOST)

    def ahead_after(self, guess: int, metres: float) -> float:
        """Where a guess stands after a way, weighing what was known against the new reading."""
        misfit = float(self.ahead_m[guess]) + metres - self.driven_m
        share = READING_SPREAD_M**2 / (self._known + READING_SPREAD_M**2)
        return max(-_MOST_AHEAD_M, min(_MOST_AHEAD_M, misfit * share))

    @property
    def spread_after_m(self) -> int:
        return round(math.sqrt(1 / (1 / self._known + 1 / READING_SPREAD_M**2)))

    @property
    def _known(self) -> float:
        return self.spread_m**2 + _STEP_SPREAD_M**2


def odometer(state: TransitState, report: Seen) -> Odometer | None:
    """Nothing where one of the fixes has no reading, or the later one a smaller: another odometer."""
    if state.seen.odometer_m is None or report.odometer_m is None or report.odometer_m < state.seen.odometer_m:
        return None
    ahead = np.array([guess.ahead_m for guess in state.guesses])
    return Odometer(float(report.odometer_m - state.seen.odometer_m), ahead, float(state.spread_m))
