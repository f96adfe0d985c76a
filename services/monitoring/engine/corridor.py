"""The corridors round the planned routes of a shard's vehicles, asked for many fixes at once. Made from the trips, never stored.
Those who go by the same route share one line.

A vehicle that keeps to its plan is on the piece of its line where it was last seen, or on one of the next; for all others the
whole line is searched. What is found does not depend on where it was looked for first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.position import E7
from geo.shapes import METRES_PER_E7
from services.monitoring.engine.planned import Line
from services.monitoring.routes import Point, shared

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_LONGEST_E7 = 50_000  # of a piece: about 550 m
_HERE, _AHEAD = np.arange(2), np.arange(5)  # the ends of the piece where it was last, on which most still are; of four
_BLOCK = 16  # pieces are searched by so many, each block in a box
_ENDS = np.arange(_BLOCK + 1)


@dataclass(slots=True)
class _Room:
    """The lines one after the other. ``end``: latitude, and longitude without a jump at the date line, where each piece begins, and
    the last one ends; ``box``: south, west, north and east of each block of a line."""

    end: Int32s
    box: Int32s
    ends: int = 0
    boxes: int = 0

    @classmethod
    def of(cls, ends: int, boxes: int) -> _Room:
        return cls(np.empty((ends, 2), dtype=np.int32), np.empty((boxes, 4), dtype=np.int32))

    def add(self, end: Int32s, box: Int32s) -> None:
        self.end[self.ends : self.ends + len(end)] = end
        self.box[self.boxes : self.boxes + len(box)] = box
        self.ends, self.boxes = self.ends + len(end), self.boxes + len(box)

    def holds(self, end: Int32s, box: Int32s) -> bool:
        """Whether these still go in."""
        return self.ends + len(end) <= len(self.end) and self.boxes + len(box) <= len(self.box)


class Corridors:
    """At most one line a slot."""

    def __init__(self) -> None:
        self._room = _Room.of(0, 0)
        self._number: dict[tuple[Point, ...], int] = {}  # of each line in the room
        self._lines = 0
        self._keep(np.zeros((4, 0), dtype=np.int64))
        # by slot: the number of its line, else -1, and the piece of it where the vehicle was last
        self._line, self._seen = (np.zeros(0, dtype=np.int64) for _ in range(2))

    def lay(self, slot: int, route: tuple[Point, ...]) -> None:
        key = shared(route)
        number = self._number.get(key)
        if number is None:
            number = self._number[key] = self._add(key)
        self._users[number] += 1
        if slot >= len(self._line):
            more = slot + 1 + slot // 4 - len(self._line)
            self._line, self._seen = (
                np.append(self._line, np.full(more, -1)),
                np.append(self._seen, np.zeros(more, dtype=np.int64)),
            )
        self.drop(slot)
        self._line[slot], self._seen[slot] = number, 0

    def drop(self, slot: int) -> None:
        if slot < len(self._line) and self._line[slot] >= 0:
            self._users[self._line[slot]] -= 1
            self._line[slot] = -1

    def _add(self, route: tuple[Point, ...]) -> int:
        """The number of a line that is put into the room."""
        end = _ends(Line.of(route))
        box = _boxes(end)
        if not self._room.holds(end, box):
            self._move(len(end), len(box))
        number = self._lines
        if number == len(self._begin):
            self._keep(np.hstack([self._table, np.zeros((4, 16 + number // 2), dtype=np.int64)]))
        self._table[:, number] = self._room.ends, self._room.boxes, len(end) - 1, 0
        self._lines += 1
        self._room.add(end, box)
        return number

    def _keep(self, table: Int64s) -> None:
        """By number: where in the room a line's ends and boxes begin, how many pieces it has, and how many go by it."""
        self._table = table
        self._begin, self._box, self._pieces, self._users = table

    def _move(self, ends: int, boxes: int) -> None:
        """Take the lines over into a room with space for more, and leave behind those nobody goes by."""
        stay = np.flatnonzero(self._users)
        number = np.full(len(self._users) + 1, -1)
        number[stay] = np.arange(len(stay))
        self._number = {route: int(number[old]) for route, old in self._number.items() if number[old] >= 0}
        self._line = number[self._line]
        old, self._lines = self._room, len(stay)
        self._keep(self._table[:, stay])
        end, box = _spans(self._begin, self._pieces + 1), _spans(self._box, -(-self._pieces // _BLOCK))
        self._room = _Room.of((len(end) + ends) * 3 // 2, (len(box) + boxes) * 3 // 2)
        self._room.add(old.end[end], old.box[box])
        self._begin[:], self._box[:] = (
            np.cumsum(count) - count for count in (self._pieces + 1, -(-self._pieces // _BLOCK))
        )

    def outside(self, slot: Int64s, latitude_e7: Int64s, longitude_e7: Int64s, within_m: float) -> Mask:
        """Whether each fix is farther than that from the line of its vehicle. Every slot must have one."""
        outside = np.zeros(len(slot), dtype=bool)
        line = self._line[slot]
        # both on the same side of the date line
        east = self._room.end[self._begin[line], 1]
        longitude_e7 = east + (longitude_e7 - east + 180 * E7) % (360 * E7) - 180 * E7
        lost, look, before = np.arange(len(slot)), _HERE, len(slot) + 1
        while 0 < len(lost) < before:  # each round goes on from where the one before has come to
            before = len(lost) if look is _AHEAD else before
            mine, last = slot[lost], self._pieces[line[lost]][:, None]
            end = np.minimum(self._seen[mine][:, None] + look, last)
            at = self._room.end[self._begin[line[lost]][:, None] + end]
            nearest, away = _nearest(at, latitude_e7[lost], longitude_e7[lost])
            self._seen[mine] = np.minimum(end[np.arange(len(lost)), nearest], last[:, 0] - 1)
            lost, look = lost[away > within_m], _AHEAD
        if len(lost):
            row, found = self._search(line[lost], latitude_e7[lost], longitude_e7[lost], within_m)
            outside[lost] = True
            outside[lost[row]] = False
            self._seen[slot[lost[row]]] = found
        return outside

    def _search(
        self, line: Int64s, latitude_e7: Int64s, longitude_e7: Int64s, within_m: float
    ) -> tuple[Int64s, Int64s]:
        """(row, a piece) for the fixes that have one within reach of their line, in order of row."""
        blocks = -(-self._pieces[line] // _BLOCK)
        row = np.repeat(np.arange(len(line)), blocks)
        block = np.arange(len(row)) - np.repeat(np.cumsum(blocks) - blocks, blocks)
        south, west, north, east = self._room.box[self._box[line[row]] + block].T
        reach = within_m * 1.01 / METRES_PER_E7
        aside = (reach / np.cos(latitude_e7 * (np.pi / 180 / E7)))[row]
        y, x = latitude_e7[row], longitude_e7[row]
        near = np.flatnonzero((y >= south - reach) & (y <= north + reach) & (x >= west - aside) & (x <= east + aside))
        row, of = row[near], line[row[near]]
        end = np.minimum(block[near, None] * _BLOCK + _ENDS, self._pieces[of][:, None])
        nearest, away = _nearest(self._room.end[self._begin[of][:, None] + end], latitude_e7[row], longitude_e7[row])
        hit = np.flatnonzero(away <= within_m)
        return row[hit], np.minimum(end[hit, nearest[hit]], self._pieces[of[hit]] - 1)


def _ends(line: Line) -> Int32s:
    """The line in pieces that are short enough, cut to a centimetre."""
    corner = np.stack([line.north, line.east], axis=1)
    step = np.diff(corner, axis=0)
    cuts = np.maximum(1, -(-np.abs(step).max(axis=1) // _LONGEST_E7))
    row = np.repeat(np.arange(len(step)), cuts)
    number = np.arange(len(row)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    end = corner[row] + step[row] * number[:, None] // cuts[row][:, None]
    return np.vstack([end, corner[-1:]]).astype(np.int32)


def _boxes(end: Int32s) -> Int32s:
    """Round each block of the pieces."""
    first = np.arange(0, len(end) - 1, _BLOCK)
    ends = end[np.minimum(first[:, None] + _ENDS, len(end) - 1)]
    return np.hstack([ends.min(axis=1), ends.max(axis=1)])


def _spans(begin: Int64s, count: Int64s) -> Int64s:
    """All places from each beginning on, so many."""
    place: Int64s = np.arange(int(count.sum())) + np.repeat(begin - (np.cumsum(count) - count), count)
    return place


def _nearest(end: Int32s, latitude_e7: Int64s, longitude_e7: Int64s) -> tuple[Int64s, Floats]:
    """For each fix which of the pieces between the ends in its row is nearest, and how many metres away."""
    narrowing = (np.cos(latitude_e7 * (np.pi / 180 / E7)) * METRES_PER_E7)[:, None]
    north, east = (
        (latitude_e7[:, None] - end[:, :, 0]) * METRES_PER_E7,
        (longitude_e7[:, None] - end[:, :, 1]) * narrowing,
    )
    up, across = north[:, :-1] - north[:, 1:], east[:, :-1] - east[:, 1:]
    y, x = north[:, :-1], east[:, :-1]
    share = np.minimum(np.maximum((y * up + x * across) / np.maximum(up * up + across * across, 1e-6), 0.0), 1.0)
    square = (y - share * up) ** 2 + (x - share * across) ** 2
    nearest = square.argmin(axis=1)
    return nearest, np.sqrt(square[np.arange(len(nearest)), nearest])
