"""Boxes filed under squares of the plane, so that whatever lies near a segment is found with one look at each square under it.

Squares are counted in whole degrees x 10^7 from the south pole and the date line, the plane areas are defined in: a square holds
just the points it holds, and needs no room for rounding. They are folded into a table of a power of two, so that a look is one
multiplication and one read; most squares are found to be empty by that alone.
"""

from __future__ import annotations

import copy

import numpy as np
import numpy.typing as npt

from geo.position import E7

Int64s = npt.NDArray[np.int64]

_FOLD = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio's multiplier spreads neighbouring squares over the table
_SOUTH, _WEST = 90 * E7, 540 * E7  # every latitude and unwrapped longitude becomes positive
_TURN = 360 * E7
_FEWEST_BITS, _MOST_BITS = 10, 24
_ENTRY = (1 << 31) - 1


class SquareMap:
    """Whole numbers below 2^31, each under some squares. Immutable; ``changed`` makes another.

    A side is ``1 << shift`` units; the last column, east of which the first one begins, may be narrower.
    """

    def __init__(self, shift: int) -> None:
        self.side = 1 << shift
        self._shift = shift
        self._columns = (_TURN - 1 >> shift) + 1
        self._bits = _FEWEST_BITS
        self._keys = np.empty(0, dtype=np.int64)  # square << 31 | entry, by the place its square is folded to
        self._first = np.zeros((1 << self._bits) + 1, dtype=np.int32)  # where the keys of each place begin

    def __len__(self) -> int:
        """How many (square, entry) pairs are filed."""
        return len(self._keys)

    @property
    def nbytes(self) -> int:
        return self._keys.nbytes + self._first.nbytes

    def changed(self, square: Int64s, entry: Int64s, gone: npt.NDArray[np.bool_] | None = None) -> SquareMap:
        """Another map with these pairs, which must be new, added and, before that, the entries marked in ``gone`` taken out."""
        other = copy.copy(self)
        keys = self._keys
        moved = np.zeros(len(self._first), dtype=np.int32)
        if gone is not None:
            lost = np.flatnonzero(gone[keys & _ENTRY])
            np.add.at(moved, self._slots(keys[lost] >> 31) + 1, -1)
            keys = np.delete(keys, lost)
        news = square << 31 | entry
        if (len(keys) + len(news)) << 1 > 1 << self._bits < 1 << _MOST_BITS:
            other._fold(np.concatenate([keys, news]))
            return other
        slot = self._slots(square)
        order = np.argsort(slot, kind="stable")
        first = self._first + np.cumsum(moved, dtype=np.int32)
        other._keys = np.insert(keys, first[slot[order]], news[order])
        added = np.zeros(len(first), dtype=np.int32)
        np.add.at(added, slot + 1, 1)
        other._first = first + np.cumsum(added, dtype=np.int32)
        return other

    def _fold(self, keys: Int64s) -> None:
        self._bits = min(_MOST_BITS, 2 + len(keys).bit_length())
        slot = self._slots(keys >> 31)
        self._keys = keys[np.argsort(slot, kind="stable")]
        self._first = np.zeros((1 << self._bits) + 1, dtype=np.int32)
        np.cumsum(np.bincount(slot, minlength=1 << self._bits), out=self._first[1:])

    def squares(
        self, south_e7: Int64s, west_e7: Int64s, height_e7: Int64s, width_e7: Int64s
    ) -> tuple[Int64s, Int64s, Int64s]:
        """(row, square) for every square under each box, and how many each box has. Boxes are narrower than a turn."""
        up, aside = south_e7 + _SOUTH, (west_e7 + _WEST) % _TURN
        first_row, first_column = up >> self._shift, aside >> self._shift
        last_row, last_column = up + height_e7 >> self._shift, aside + width_e7 >> self._shift
        over = np.flatnonzero(aside + width_e7 >= _TURN)
        last_column[over] = self._columns + ((aside + width_e7)[over] - _TURN >> self._shift)
        broad = last_column - first_column + 1
        count = (last_row - first_row + 1) * broad
        base = first_row * self._columns + first_column
        row, square = np.arange(len(count)), base
        more = np.flatnonzero(count > 1)
        if len(more):
            rest = np.repeat(more, count[more] - 1)
            place = np.arange(1, len(rest) + 1) - np.repeat(
                np.cumsum(count[more] - 1) - (count[more] - 1), count[more] - 1
            )
            down = place // broad[rest]
            column = first_column[rest] + place - down * broad[rest]
            column = np.where(column >= self._columns, column - self._columns, column)
            row = np.concatenate([row, rest])
            square = np.concatenate([square, (first_row[rest] + down) * self._columns + column])
        return row, square, count

    def corners(self, square: Int64s) -> tuple[Int64s, Int64s]:
        """Latitude and longitude of the south-west corners, the longitude give or take a turn."""
        row = square // self._columns
        return (row << self._shift) - _SOUTH, (square - row * self._columns << self._shift) - _WEST

    def under(self, square: Int64s) -> tuple[Int64s, Int64s]:
        """(place in ``square``, entry) for all that is filed under the squares."""
        slot = self._slots(square)
        first = self._first[slot]
        count = self._first[slot + 1] - first
        place = np.flatnonzero(count)
        first, count = first[place].astype(np.int64), count[place].astype(np.int64)
        row = np.repeat(place, count)
        start = np.repeat(first - (np.cumsum(count) - count), count)
        key = self._keys[start + np.arange(len(row))]
        mine = np.flatnonzero(key >> 31 == square[row])
        return row[mine], key[mine] & _ENTRY

    def _slots(self, square: Int64s) -> Int64s:
        folded = square.astype(np.uint64) * _FOLD
        return (folded >> np.uint64(64 - self._bits)).astype(np.int64)
