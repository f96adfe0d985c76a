"""The corridors round the planned routes of a shard's vehicles, asked for many fixes at once. Made from the trips, never stored.

A vehicle that keeps to its plan is on the piece of its line where it was last seen, or on one of the next; for all others the
whole line is searched. What is found does not depend on where it was looked for first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.position import E7
from geo.shapes import METRES_PER_E7
from services.monitoring.facts import Point

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_LONGEST_E7 = 50_000  # of a piece: about 550 m
_AHEAD = np.arange(4)
_BLOCK = 16  # pieces are searched by so many, each block in a box


@dataclass(slots=True)
class _Room:
    """The lines one after the other, each filling whole blocks. ``piece``: latitude and longitude of the start, how far up and
    across; ``box``: south, west, north and east of a block."""

    piece: Floats
    box: Floats
    used: int = 0

    @classmethod
    def of(cls, pieces: int) -> _Room:
        blocks = -(-pieces // _BLOCK)
        return cls(np.empty((blocks * _BLOCK, 4)), np.empty((blocks, 4)))

    def add(self, piece: Floats) -> int:
        """Where the pieces begin that have been added, and have filled up the last block with the last of them."""
        begin = self.used
        self.used += -(-len(piece) // _BLOCK) * _BLOCK
        self.piece[begin : begin + len(piece)] = piece
        self.piece[begin + len(piece) : self.used] = piece[-1]
        start = self.piece[begin : self.used].reshape(-1, _BLOCK, 4)
        end = start[:, :, :2] + start[:, :, 2:]
        box = self.box[begin // _BLOCK : self.used // _BLOCK]
        box[:, :2] = np.minimum(start[:, :, :2], end).min(axis=1)
        box[:, 2:] = np.maximum(start[:, :, :2], end).max(axis=1)
        return begin


class Corridors:
    """At most one line a slot."""

    def __init__(self) -> None:
        self._room = _Room.of(0)
        # by slot, places in the room: where its line begins and ends, and where on it the vehicle was last
        self._begin, self._end, self._seen = (np.zeros(0, dtype=np.int64) for _ in range(3))

    def lay(self, slot: int, route: tuple[Point, ...]) -> None:
        piece = _pieces(route)
        if slot >= len(self._begin):
            more = np.zeros(slot + 16, dtype=np.int64)
            self._begin, self._end, self._seen = (
                np.append(each, more) for each in (self._begin, self._end, self._seen)
            )
        self.drop(slot)
        if self._room.used + len(piece) + _BLOCK > len(self._room.piece):
            self._move(len(piece) + _BLOCK)
        self._begin[slot] = self._seen[slot] = self._room.add(piece)
        self._end[slot] = self._begin[slot] + len(piece)

    def drop(self, slot: int) -> None:
        if slot < len(self._begin):
            self._end[slot] = self._begin[slot]

    def _move(self, more: int) -> None:
        """Take all lines over into a larger room, and leave behind what has been dropped."""
        blocks = -(-(self._end - self._begin) // _BLOCK)
        first = np.cumsum(blocks) - blocks
        block = np.arange(int(blocks.sum())) + np.repeat(self._begin // _BLOCK - first, blocks)
        room = _Room.of((len(block) * _BLOCK + more) * 3 // 2)
        room.used = len(block) * _BLOCK
        room.piece[: room.used] = self._room.piece.reshape(-1, _BLOCK, 4)[block].reshape(-1, 4)
        room.box[: len(block)] = self._room.box[block]
        moved = first * _BLOCK - self._begin
        self._begin, self._end, self._seen = (each + moved for each in (self._begin, self._end, self._seen))
        self._room = room

    def outside(self, slot: Int64s, latitude_e7: Int64s, longitude_e7: Int64s, within_m: float) -> Mask:
        """Whether each fix is farther than that from the line of its vehicle. Every slot must have one."""
        outside = np.zeros(len(slot), dtype=bool)
        lost, before = np.arange(len(slot)), len(slot) + 1
        while 0 < len(lost) < before:  # each round goes on from where the one before has come to
            before, mine = len(lost), slot[lost]
            piece = np.minimum(self._seen[mine][:, None] + _AHEAD, self._end[mine][:, None] - 1)
            nearest, away = _nearest(self._room.piece[piece], latitude_e7[lost], longitude_e7[lost])
            self._seen[mine] = piece[np.arange(before), nearest]
            lost = lost[away > within_m]
        if len(lost):
            row, found = self._search(slot[lost], latitude_e7[lost], longitude_e7[lost], within_m)
            outside[lost] = True
            outside[lost[row]] = False
            self._seen[slot[lost[row]]] = found
        return outside

    def _search(
        self, slot: Int64s, latitude_e7: Int64s, longitude_e7: Int64s, within_m: float
    ) -> tuple[Int64s, Int64s]:
        """(row, a piece) for the fixes that have one within reach, in order of row."""
        first, last = self._begin[slot] // _BLOCK, (self._end[slot] - 1) // _BLOCK
        row = np.repeat(np.arange(len(slot)), last - first + 1)
        block = np.arange(len(row)) - np.repeat(np.cumsum(last - first + 1) - last - 1, last - first + 1)
        south, west, north, east = self._room.box[block].T
        reach = within_m * 1.01 / METRES_PER_E7
        aside = (reach / np.cos(latitude_e7 * (np.pi / 180 / E7)))[row]
        y, x = latitude_e7[row], longitude_e7[row]
        near = np.flatnonzero((y >= south - reach) & (y <= north + reach) & (x >= west - aside) & (x <= east + aside))
        row, piece = row[near], block[near, None] * _BLOCK + np.arange(_BLOCK)
        nearest, away = _nearest(self._room.piece[piece], latitude_e7[row], longitude_e7[row])
        hit = np.flatnonzero(away <= within_m)
        return row[hit], piece[hit, nearest[hit]]


def _pieces(route: tuple[Point, ...]) -> Floats:
    points = np.array(route, dtype=np.int64).reshape(-1, 2)
    step = np.diff(points, axis=0)
    step[:, 1] = (step[:, 1] + 180 * E7) % (360 * E7) - 180 * E7
    cuts = np.maximum(1, -(-np.abs(step).max(axis=1) // _LONGEST_E7))
    row = np.repeat(np.arange(len(step)), cuts)
    number = np.arange(len(row)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    piece = step[row] / cuts[row][:, None]
    return np.hstack([points[:-1][row] + piece * number[:, None], piece])


def _nearest(piece: Floats, latitude_e7: Int64s, longitude_e7: Int64s) -> tuple[Int64s, Floats]:
    """For each fix which of the pieces in its row is nearest, and how many metres away."""
    y, x, up, across = np.moveaxis(piece, -1, 0)
    narrowing = (np.cos(latitude_e7 * (np.pi / 180 / E7)) * METRES_PER_E7)[:, None]
    y, x = (latitude_e7[:, None] - y) * METRES_PER_E7, (longitude_e7[:, None] - x) * narrowing
    up, across = up * METRES_PER_E7, across * narrowing
    share = np.minimum(np.maximum((y * up + x * across) / np.maximum(up * up + across * across, 1e-6), 0.0), 1.0)
    square = (y - share * up) ** 2 + (x - share * across) ** 2
    nearest = square.argmin(axis=1)
    return nearest, np.sqrt(square[np.arange(len(nearest)), nearest])
