"""Which fixes come near any of some places: a coarse grid asked for many fixes at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from geo.key_table import KeyTable
from geo.position import E7, Position
from geo.shapes import METRES_PER_E7

Int64s = npt.NDArray[np.int64]

_CELL_E7 = 100_000  # about 1.1 km
_ACROSS = 360 * E7 // _CELL_E7 + 2


class NearMap:
    """Names with their places; ``near`` may name a few too many, never one too few. Reach is up to some kilometres."""

    def __init__(self, places: Mapping[str, Sequence[Position]], reach_m: float) -> None:
        self.names = sorted(places)
        self._reach_m = reach_m * 1.01  # more than the plane is off
        rows = [
            (number, place.latitude_e7, place.longitude_e7)
            for number, name in enumerate(self.names)
            for place in places[name]
        ]
        number, latitude, longitude = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        row, key = _cells(latitude, longitude, round(reach_m / METRES_PER_E7))
        order = np.lexsort((number[row], key))
        row = row[order]
        self._name, self._latitude, self._longitude = number[row], latitude[row], longitude[row]
        cell, first = np.unique(key[order], return_index=True)
        self._cell = KeyTable(cell)
        self._offset = np.append(first, len(row))

    def near(self, latitude_e7: Int64s, longitude_e7: Int64s) -> tuple[Int64s, Int64s]:
        """(row, number of the name) pairs, ordered by row; a pair for each place of the name."""
        wanted = latitude_e7 // _CELL_E7 * _ACROSS + longitude_e7 // _CELL_E7
        row, place = self._cell.find(wanted)
        first, counts = self._offset[place], self._offset[place + 1] - self._offset[place]
        start = np.repeat(first - (np.cumsum(counts) - counts), counts)
        row, entry = np.repeat(row, counts), start + np.arange(int(counts.sum()))
        up = (latitude_e7[row] - self._latitude[entry]) * METRES_PER_E7
        narrowing = np.cos(np.radians(latitude_e7[row] / E7)) * METRES_PER_E7
        near = np.hypot(up, (longitude_e7[row] - self._longitude[entry]) * narrowing) <= self._reach_m
        return row[near], self._name[entry[near]]


def _cells(latitude_e7: Int64s, longitude_e7: Int64s, up: int) -> tuple[Int64s, Int64s]:
    """(row, key) for every cell within reach of a place."""
    narrowing = np.cos(np.radians(np.abs(latitude_e7) / E7 + 0.02))
    aside = np.rint(up / np.maximum(0.02, narrowing)).astype(np.int64)
    south, west = (latitude_e7 - up) // _CELL_E7, (longitude_e7 - aside) // _CELL_E7
    broad = (longitude_e7 + aside) // _CELL_E7 - west + 1
    counts = ((latitude_e7 + up) // _CELL_E7 - south + 1) * broad
    row = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    down = place // broad[row]
    return row, (south[row] + down) * _ACROSS + west[row] + place - down * broad[row]
