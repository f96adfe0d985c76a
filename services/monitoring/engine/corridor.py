"""The corridors round the planned routes of a shard's vehicles, asked for many fixes at once. Made from the trips, never stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from geo.key_table import KeyTable
from geo.position import E7
from geo.shapes import METRES_PER_E7
from services.monitoring.facts import Point

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_CELL_E7 = 50_000  # about 550 m
_ACROSS = 360 * E7 // _CELL_E7 + 2
_KEYS = 1 << 32  # more than there are cells
_REACH_M = 500.0  # no corridor is wider to one side


Pieces = tuple[
    Int64s, Floats
]  # a (slot, cell) key for each, and rows of latitude and longitude of the start, how far up and across


class _Lines:
    """Straight pieces under the keys of the cells they come near; those of cell ``c`` are ``offset[c]`` to ``offset[c + 1]``."""

    def __init__(self, parts: Sequence[Pieces]) -> None:
        key = np.concatenate([np.empty(0, dtype=np.int64), *(keys for keys, _ in parts)])
        order = np.argsort(key, kind="stable")
        key = key[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        self.cell, self.offset = KeyTable(key[first]), np.append(first, len(key))
        self.piece = np.concatenate([np.empty((0, 4)), *(pieces for _, pieces in parts)])[order]


class Corridors:
    """At most one line a slot. Several tables, each of at least twice as many lines as the one behind it, so that a new trip costs
    little however many there are."""

    def __init__(self) -> None:
        self._lines: dict[int, Pieces] = {}
        self._tables: list[_Lines] = []
        self._table_of = np.empty(0, dtype=np.int64)  # by slot; -1 for none
        self._fresh: set[int] = set()  # in no table yet

    def lay(self, slot: int, route: tuple[Point, ...]) -> None:
        self.drop(slot)
        self._lines[slot] = _pieces(slot, route)
        self._fresh.add(slot)

    def drop(self, slot: int) -> None:
        if self._lines.pop(slot, None) is None:
            return
        self._fresh.discard(slot)
        if slot < len(self._table_of):
            self._table_of[slot] = -1  # what the table holds of it counts no more

    def away_m(self, slot: Int64s, latitude_e7: Int64s, longitude_e7: Int64s) -> Floats:
        """Metres from each fix to the line of its vehicle; infinite from about 500 m on."""
        self._settle()
        away = np.full(len(slot), np.inf)
        is_known = slot < len(self._table_of)
        table = np.where(is_known, self._table_of[np.where(is_known, slot, 0)], -1) if len(self._table_of) else None
        for number, lines in enumerate(self._tables):
            rows = np.flatnonzero(table == number)
            if len(rows):
                away[rows] = _away_m(lines, slot[rows], latitude_e7[rows], longitude_e7[rows])
        return away

    def _settle(self) -> None:
        if not self._fresh:
            return
        while self._tables and (self._table_of == len(self._tables) - 1).sum() < 2 * len(self._fresh):
            self._tables.pop()
            self._fresh.update(np.flatnonzero(self._table_of == len(self._tables)).tolist())
        slots = np.array(sorted(self._fresh), dtype=np.int64)
        missing = max(0, int(slots[-1]) + 1 - len(self._table_of))
        self._table_of = np.append(self._table_of, np.full(missing, -1, dtype=np.int64))
        self._table_of[slots] = len(self._tables)
        self._tables.append(_Lines([self._lines[slot] for slot in slots.tolist()]))
        self._fresh = set()


def _pieces(slot: int, route: tuple[Point, ...]) -> Pieces:
    points = np.array(route, dtype=np.int64).reshape(-1, 2)
    step = np.diff(points, axis=0)
    step[:, 1] = (step[:, 1] + 180 * E7) % (360 * E7) - 180 * E7
    cuts = np.maximum(1, -(-np.abs(step).max(axis=1) // _CELL_E7))
    row = np.repeat(np.arange(len(step)), cuts)
    number = np.arange(len(row)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    piece = step[row] / cuts[row][:, None]
    start = points[:-1][row] + piece * number[:, None]
    y, x, up, across = start[:, 0], start[:, 1], piece[:, 0], piece[:, 1]
    reach = _REACH_M / METRES_PER_E7
    aside = reach / np.cos(np.radians(np.minimum(np.abs(y) / E7 + 0.02, 89.0)))
    south = np.floor((np.minimum(y, y + up) - reach) / _CELL_E7).astype(np.int64)
    tall = np.floor((np.maximum(y, y + up) + reach) / _CELL_E7).astype(np.int64) - south + 1
    west = np.floor((np.minimum(x, x + across) - aside) / _CELL_E7).astype(np.int64)
    broad = np.floor((np.maximum(x, x + across) + aside) / _CELL_E7).astype(np.int64) - west + 1
    filed = np.repeat(np.arange(len(y)), tall * broad)
    place = np.arange(len(filed)) - np.repeat(np.cumsum(tall * broad) - tall * broad, tall * broad)
    cell = (south[filed] + place // broad[filed] + 90 * E7 // _CELL_E7 + 2) * _ACROSS + (
        west[filed] + place % broad[filed] + 180 * E7 // _CELL_E7
    )
    return slot * _KEYS + cell, np.column_stack([y, x, up, across])[filed]


def _away_m(lines: _Lines, slot: Int64s, latitude_e7: Int64s, longitude_e7: Int64s) -> Floats:
    cell = (latitude_e7 // _CELL_E7 + 90 * E7 // _CELL_E7 + 2) * _ACROSS + (
        longitude_e7 // _CELL_E7 + 180 * E7 // _CELL_E7
    )
    wanted = slot * _KEYS + cell
    known, place = lines.cell.find(wanted)
    first, counts = np.zeros(len(slot), dtype=np.int64), np.zeros(len(slot), dtype=np.int64)
    first[known], counts[known] = lines.offset[place], lines.offset[place + 1] - lines.offset[place]
    row = np.repeat(np.arange(len(slot)), counts)
    piece = np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(len(row))
    narrowing = np.cos(latitude_e7 * (np.pi / 180 / E7))[row] * METRES_PER_E7
    y, x, up, across = lines.piece[piece].T
    y, x = (latitude_e7[row] - y) * METRES_PER_E7, (longitude_e7[row] - x) * narrowing
    up, across = up * METRES_PER_E7, across * narrowing
    share = np.minimum(np.maximum((y * up + x * across) / np.maximum(up * up + across * across, 1e-6), 0.0), 1.0)
    away = np.full(len(slot), np.inf)
    found = np.flatnonzero(counts)
    if len(found):
        starts = (np.cumsum(counts) - counts)[found]
        away[found] = np.minimum.reduceat(np.hypot(y - share * up, x - share * across), starts)
    return away
