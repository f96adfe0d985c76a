"""Very large areas by H3 cell: cells wholly inside need no exact test, those on the edge do.

Every area is filed under cells of one resolution that suits its size, of at most ``FINEST``. A point is looked up by its own
cell of the finest resolution and the ancestors of that cell, never by a coarser cell of its own: an ancestor stands for its
descendants, which reach over its border, so areas are filed with that much room. A segment is looked up at the middles of parts
at most two margins long: whatever it meets lies within one margin of such a point, and areas are filed with that margin too. A
full cell keeps room and margin from the area's edge, so a segment seen only in full cells never leaves the area.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from geo import cells
from geo.position import E7
from geo.shapes import METRES_PER_E7, MultiPolygon

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FINEST = 8
COARSEST = 1
MARGIN_E7 = 40_000  # 0.004 degrees: a lorry at 80 km/h reporting every 30 s is looked up at one point only
_OVERHANG = 0.25  # descendants reach over the side of an ancestor by at most 0.19 of the longest distance to a corner
_MOST_CELLS = 96.0


class CellMap:
    """Areas by number under cells. Immutable; ``changed`` makes another."""

    def __init__(self, cell: Int64s | None = None, entry: Int64s | None = None) -> None:
        self._entry_cell = np.empty(0, dtype=np.int64) if cell is None else cell
        self._entry = np.empty(0, dtype=np.int64) if entry is None else entry  # number x 2 + 1 if the cell is full
        first = np.flatnonzero(np.diff(self._entry_cell, prepend=-1))
        self._cell = self._entry_cell[first]
        self._offset = np.append(first, len(self._entry))
        level = self._cell >> 52 & 0xF  # cells sort by resolution first, so each has a part of the table to itself
        self._levels = [(int(one), slice(*np.searchsorted(level, (one, one + 1)).tolist())) for one in np.unique(level)]

    def __len__(self) -> int:
        """How many (cell, area) pairs are filed."""
        return len(self._entry)

    @property
    def nbytes(self) -> int:
        return self._entry.nbytes + self._entry_cell.nbytes + self._cell.nbytes + self._offset.nbytes

    def changed(self, filed: list[tuple[Int64s, Int64s]], gone: Mask | None = None) -> CellMap:
        """Another map with what ``file`` gave added and, before that, the numbers marked in ``gone`` taken out."""
        keep = slice(None) if gone is None else ~gone[self._entry >> 1]
        cell = np.concatenate([self._entry_cell[keep], *(cells_ for cells_, _ in filed)])
        entry = np.concatenate([self._entry[keep], *(entries for _, entries in filed)])
        order = np.argsort(cell, kind="stable")
        return CellMap(cell[order], entry[order])

    def meet(self, latitude: Int64s, longitude: Int64s, up: Int64s, across: Int64s) -> tuple[Int64s, Int64s, Mask]:
        """(segment, area) that may meet, in order and each pair once, and whether the segment surely stays inside."""
        tall, broad = np.abs(up), np.abs(across)
        length = np.maximum(tall, broad) + np.minimum(tall, broad) // 2  # never less than the hypotenuse, bar one unit
        steps = np.maximum(1, -(-length // (2 * MARGIN_E7)))
        segment = np.repeat(np.arange(len(steps)), steps)
        step = np.arange(len(segment)) - np.repeat(np.cumsum(steps) - steps, steps)
        share = (step + 0.5) / steps[segment]  # in the middle of equal parts, so half a part from everything
        finest = cells.cells_of(
            np.rint(latitude[segment] + share * up[segment]).astype(np.int64),
            np.rint(longitude[segment] + share * across[segment]).astype(np.int64),
            FINEST,
        )
        sample, entry = self._look_up(finest)
        return pairs(segment[sample], entry, steps)

    def _look_up(self, finest: Int64s) -> tuple[Int64s, Int64s]:
        """(place in ``finest``, entry) for every entry filed under a cell or one of its ancestors."""
        found = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))]
        for level, part in self._levels:
            wanted, known = cells.parents(finest, level), self._cell[part]
            place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
            sample = np.flatnonzero(known[place] == wanted)
            place = place[sample] + part.start
            first = self._offset[place]
            count = self._offset[place + 1] - first
            within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
            found.append((np.repeat(sample, count), self._entry[np.repeat(first, count) + within]))
        samples, entries = zip(*found, strict=True)
        return np.concatenate(samples), np.concatenate(entries)


def pairs(row: Int64s, entry: Int64s, looks: Int64s) -> tuple[Int64s, Int64s, Mask]:
    """(row, number) pairs in order and each once, and whether every look of the row found the number full (entry = number x 2 + 1)."""
    key = np.sort(row << 32 | entry)
    first = np.ones(len(key), dtype=bool)
    first[1:] = key[1:] >> 1 != key[:-1] >> 1
    starts = np.flatnonzero(first)
    row = key[starts] >> 32
    full = np.add.reduceat(key & 1, starts) if len(starts) else starts
    return row, (key[starts] & 0xFFFFFFFF) >> 1, full == looks[row]


def file(number: int, area: MultiPolygon) -> tuple[Int64s, Int64s]:
    """The cells to file an area under, and the entry for each. Not for areas beyond 85 degrees."""
    box = area.box
    narrowing = math.cos(math.radians(max(-box[0], box[2], 0) / E7 + 0.1))
    level = _level(area, narrowing)
    cover = cells.cover_polygon(area, level, margin_e7=MARGIN_E7, reach_m=_overhang_m(level))
    edge, full = (np.array(sorted(found), dtype=np.int64) for found in (cover.edge, cover.full))
    return np.concatenate([edge, full]), np.repeat([number * 2, number * 2 + 1], [len(edge), len(full)])


def _level(area: MultiPolygon, narrowing: float) -> int:
    """The finest resolution that covers a large zone with some hundred cells."""
    starts = area.edge_starts()
    dx = np.diff(area.longitude_e7)[starts] * narrowing * METRES_PER_E7
    dy = np.diff(area.latitude_e7)[starts] * METRES_PER_E7
    middle_x = (area.longitude_e7[starts] - area.longitude_e7[0]) * narrowing * METRES_PER_E7 + dx / 2
    surface, outline = abs(float((middle_x * dy).sum())), float(np.hypot(dx, dy).sum())
    for level in range(FINEST, COARSEST, -1):
        room = MARGIN_E7 * METRES_PER_E7 + _overhang_m(level) + cells.edge_m(level)
        if (surface + outline * room + 4 * room**2) / cells.cell_area_m2(level) <= _MOST_CELLS:
            return level
    return COARSEST


def _overhang_m(level: int) -> float:
    return _OVERHANG * cells.corner_m(level) if level < FINEST else 0.0
