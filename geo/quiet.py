"""A map of where no area is, so that most segments are done with after one look: counters over squares of the plane.

False alarms are harmless (two squares may share a counter), silence is certain. Small areas are noted on a fine grid folded
into a table of fixed size, large ones on a coarse grid of the whole Earth.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.position import E7

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]

_FINE = 17  # squares of 2^17 units: 0.0131 degrees, 1.46 km
_COARSE = 21  # 0.21 degrees, 23 km
_SLOT_BITS = 23
_FOLD = 0x9E3779B97F4A7C15  # the golden ratio's multiplier spreads neighbouring squares over the table
_SOUTH, _WEST = 90 * E7, 540 * E7  # every latitude and unwrapped longitude becomes positive
_TURN = 360 * E7


class QuietMap:
    """Counts, for each square, the boxes noted over it."""

    def __init__(self) -> None:
        self._fine = np.zeros(1 << _SLOT_BITS, dtype=np.int32)
        self._coarse = np.zeros(((180 * E7 >> _COARSE) + 1, (_TURN >> _COARSE) + 1), dtype=np.int32)
        self._is_fine = np.zeros(self._fine.shape, dtype=bool)  # what is looked at: small enough to stay in the cache
        self._is_coarse = np.zeros(self._coarse.shape, dtype=bool)

    def note(self, boxes: Int64s, by: int = 1) -> None:
        """Count boxes, rows of (south, west, north, east), in their squares; ``by=-1`` takes them back."""
        large = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) > 16 << _FINE
        rows, columns = _squares(boxes[~large], _FINE)
        slots = _slot(rows, columns)
        np.add.at(self._fine, slots, by)
        self._is_fine[slots] = self._fine[slots] != 0
        rows, columns = _squares(boxes[large], _COARSE)
        np.add.at(self._coarse, (rows, columns), by)
        self._is_coarse[rows, columns] = self._coarse[rows, columns] != 0

    def is_quiet(self, latitude_e7: Int64s, longitude_e7: Int64s, up_e7: Int64s, across_e7: Int64s) -> Mask:
        """Whether each segment surely meets no noted box; those longer than a square never do surely."""
        south = latitude_e7 + np.minimum(up_e7, 0) + _SOUTH
        west = (longitude_e7 + np.minimum(across_e7, 0) + _WEST) % _TURN
        height, width = np.abs(up_e7), np.abs(across_e7)
        quiet = (height < 1 << _FINE) & (width < 1 << _FINE)
        quiet &= ~self._is_noted(south, west)
        for away in ((height, width), (height, 0), (0, width)):
            moved = (south + away[0]) >> _FINE != south >> _FINE
            moved |= (west + away[1]) % _TURN >> _FINE != west >> _FINE
            rows = np.flatnonzero(quiet & moved)
            if len(rows):
                up, aside = (np.broadcast_to(value, quiet.shape)[rows] for value in away)
                quiet[rows] = ~self._is_noted(south[rows] + up, (west[rows] + aside) % _TURN)
        return quiet

    def _is_noted(self, up: Int64s, aside: Int64s) -> Mask:
        noted: Mask = self._is_fine[_slot(up >> _FINE, aside >> _FINE)]
        noted |= self._is_coarse[up >> _COARSE, aside >> _COARSE]
        return noted


def _slot(rows: Int64s, columns: Int64s) -> npt.NDArray[np.int64]:
    key = ((rows << 20) + columns).astype(np.uint64) * np.uint64(_FOLD)
    return (key >> np.uint64(64 - _SLOT_BITS)).astype(np.int64)


def _squares(boxes: Int64s, shift: int) -> tuple[Int64s, Int64s]:
    """Row and column of every square under each box; columns count from the same meridian whatever the turn."""
    south, north = boxes[:, 0] + _SOUTH >> shift, np.minimum(boxes[:, 2], _SOUTH) + _SOUTH >> shift
    west = (boxes[:, 1] + _WEST) % _TURN
    east = west + boxes[:, 3] - boxes[:, 1]
    pieces = np.concatenate([
        np.column_stack([south, west >> shift, north, np.minimum(east, _TURN - 1) >> shift]),
        np.column_stack([south, np.zeros_like(west), north, east - _TURN >> shift])[east >= _TURN],
    ])  # fmt: skip
    tall, broad = pieces[:, 2] - pieces[:, 0] + 1, pieces[:, 3] - pieces[:, 1] + 1
    piece = np.repeat(np.arange(len(pieces)), tall * broad)
    place = np.arange(len(piece)) - np.repeat(np.cumsum(tall * broad) - tall * broad, tall * broad)
    return pieces[piece, 0] + place // broad[piece], pieces[piece, 1] + place % broad[piece]
