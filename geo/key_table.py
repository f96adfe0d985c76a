"""Where whole numbers stand in a list, for many at once: one multiplication and two reads each, however long the list is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]

_FOLD = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio's multiplier spreads neighbouring numbers over the table
_FEWEST_BITS, _MOST_BITS = 4, 26


class KeyTable:
    """Distinct whole numbers by their place in the list they are given in."""

    def __init__(self, keys: Int64s) -> None:
        self._bits = min(_MOST_BITS, max(_FEWEST_BITS, 2 + len(keys).bit_length()))
        slot = self._slots(keys)
        self._place = np.argsort(slot, kind="stable")
        self._key = keys[self._place]
        counts = np.bincount(slot, minlength=1 << self._bits)
        self._first = np.zeros((1 << self._bits) + 1, dtype=np.int32)
        np.cumsum(counts, out=self._first[1:])
        self._most = int(counts.max())

    def find(self, wanted: Int64s) -> tuple[Int64s, Int64s]:
        """(row, place) for the wanted numbers that are in the list, in order of row."""
        slot = self._slots(wanted)
        first, end = self._first[slot], self._first[slot + 1]
        row = np.flatnonzero(first < end)
        at, end = first[row], end[row]
        found = np.full(len(wanted), -1, dtype=np.int64)
        for _ in range(self._most):
            hit = self._key[at] == wanted[row]
            found[row[hit]] = self._place[at[hit]]
            at += 1
            rest = np.flatnonzero(~hit & (at < end))
            if not len(rest):
                break
            row, at, end = row[rest], at[rest], end[rest]
        row = np.flatnonzero(found >= 0)
        return row, found[row]

    def _slots(self, keys: Int64s) -> Int64s:
        folded = keys.astype(np.uint64) * _FOLD
        return (folded >> np.uint64(64 - self._bits)).astype(np.int64)
