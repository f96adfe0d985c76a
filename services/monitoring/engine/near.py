"""Which fixes come near any of some places: a coarse grid asked for many fixes at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from geo.position import E7, Position
from geo.shapes import METRES_PER_E7

Int64s = npt.NDArray[np.int64]

_CELL_E7 = 100_000  # about 1.1 km
_ACROSS = 360 * E7 // _CELL_E7 + 2


class NearMap:
    """Names with their places; ``near`` may name a few too many, never one too few."""

    def __init__(self, places: Mapping[str, Sequence[Position]], reach_m: float) -> None:
        self.names = sorted(places)
        pairs = {
            (key, number)
            for number, name in enumerate(self.names)
            for place in places[name]
            for key in _keys(place, reach_m)
        }
        table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
        self._name = table[:, 1]
        self._key, first = np.unique(table[:, 0], return_index=True)
        self._offset = np.append(first, len(table))

    def near(self, latitude_e7: Int64s, longitude_e7: Int64s) -> tuple[Int64s, Int64s]:
        """(row, number of the name) pairs, ordered by row."""
        if not len(self._key):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        wanted = latitude_e7 // _CELL_E7 * _ACROSS + longitude_e7 // _CELL_E7
        place = np.minimum(np.searchsorted(self._key, wanted), len(self._key) - 1)
        row = np.flatnonzero(self._key[place] == wanted)
        first, counts = self._offset[place[row]], self._offset[place[row] + 1] - self._offset[place[row]]
        start = np.repeat(first - (np.cumsum(counts) - counts), counts)
        return np.repeat(row, counts), self._name[start + np.arange(int(counts.sum()))]


def _keys(place: Position, reach_m: float) -> list[int]:
    up = round(reach_m / METRES_PER_E7)
    aside = round(up / max(0.02, float(np.cos(np.radians(abs(place.latitude) + 0.02)))))
    rows = range((place.latitude_e7 - up) // _CELL_E7, (place.latitude_e7 + up) // _CELL_E7 + 1)
    columns = range((place.longitude_e7 - aside) // _CELL_E7, (place.longitude_e7 + aside) // _CELL_E7 + 1)
    return [row * _ACROSS + column for row in rows for column in columns]
