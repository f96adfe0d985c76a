"""A plane touching the Earth, to reckon in metres near one place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.position import E7, Position
from geo.shapes import METRES_PER_E7

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Plane:
    """Metres east and north of a point, good to 1 % within 50 km below 60 degrees."""

    latitude_e7: int
    longitude_e7: int
    narrowing: float

    @classmethod
    def at(cls, position: Position) -> Plane:
        """A plane that touches the Earth here: metres are true near the point, and shrink or stretch away from it."""
        return cls(position.latitude_e7, position.longitude_e7, float(np.cos(np.radians(position.latitude))))

    def x(self, longitude_e7: npt.ArrayLike) -> Floats:
        """Metres east of the point, the short way round."""
        aside = (np.asarray(longitude_e7, dtype=np.int64) - self.longitude_e7 + 180 * E7) % (360 * E7) - 180 * E7
        return np.asarray(aside * (METRES_PER_E7 * self.narrowing), dtype=np.float64)

    def y(self, latitude_e7: npt.ArrayLike) -> Floats:
        """Metres north of the point."""
        up = np.asarray(latitude_e7, dtype=np.int64) - self.latitude_e7
        return np.asarray(up * METRES_PER_E7, dtype=np.float64)
