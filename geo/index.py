"""Zones by H3 cell: which fixes are in which zones, which segments go through which, and from where to where. Exact.

How a zone is found. Every zone is filed under cells of one resolution that suits its size, of at most ``FINEST``. A fix is
looked up by its own cell of the finest resolution and the ancestors of that cell, never by a coarser cell of its own: an
ancestor stands for its descendants, which reach over its border, so zones are filed with that much room. A segment is looked
up at the middles of parts at most two margins long: whatever it meets lies within one margin of such a point, and zones are
filed with that margin too. A full cell keeps room and margin from the zone's edge, so a segment seen only in full cells never leaves the zone.
All other finds are refined by exact tests on the zone's edges.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from geo import cells, crossing
from geo.edges import LONGEST_E7, EdgePool, Through
from geo.position import E7
from geo.quiet import QuietMap
from geo.shapes import HALF_TURN_E7, METRES_PER_E7, TURN_E7, MultiPolygon, Shape, area_of

Key = TypeVar("Key", bound=Hashable)
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FINEST = 8
COARSEST = 1
MARGIN_E7 = 40_000  # 0.004 degrees: a lorry at 80 km/h reporting every 30 s is looked up at one point only
_POLAR_E7 = 84 * E7
_OVERHANG = 0.25  # descendants reach over the side of an ancestor by at most 0.19 of the longest distance to a corner
_SMALL_M = 6_000.0
_MOST_STEPS = 3
_MOST_CELLS = 96.0
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Hits:
    """Rows of (fix, zone): the fix with that index lies in the zone with that number."""

    fix: Int64s
    zone: Int64s


@dataclass(frozen=True, slots=True)
class Crossings:
    """Rows of (segment, zone) that meet, ordered by segment, then zone; shares as in ``geo.edges.Through``."""

    segment: Int64s
    zone: Int64s
    t_in: Floats
    t_out: Floats
    starts_inside: Mask
    ends_inside: Mask


class ZoneIndex(Generic[Key]):
    """Zones under keys of the caller's; answers name zones by number, ``keys[number]`` gives the key back.

    Numbers are never used twice. Adding or removing a few zones costs tens of milliseconds, whatever the size of the index; the
    edges of removed zones keep their memory until a new index is made.
    """

    def __init__(self, zones: Mapping[Key, Shape] | None = None) -> None:
        self.keys: list[Key] = []
        self._number: dict[Key, int] = {}
        self._pool = EdgePool()
        self._quiet = QuietMap()
        self._noted: dict[int, Int64s] = {}
        self._entry_cell = np.empty(0, dtype=np.int64)
        self._entry = np.empty(0, dtype=np.int64)  # zone number x 2 + 1 if the cell is full
        self._polar = np.empty(0, dtype=np.int64)
        self._settle()
        self.add(zones or {})

    def __len__(self) -> int:
        return len(self._number)

    def __contains__(self, key: object) -> bool:
        return key in self._number

    @property
    def entries(self) -> int:
        """How many (cell, zone) pairs are filed."""
        return len(self._entry)

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, without the keys."""
        return (
            self._pool.nbytes + self._entry.nbytes + self._entry_cell.nbytes + self._cell.nbytes + self._offset.nbytes
        )

    def add(self, zones: Mapping[Key, Shape]) -> None:
        """File zones; one under a known key replaces the old one."""
        self.remove(key for key in zones if key in self._number)
        items = list(zones.items())
        filed: list[tuple[Int64s, Int64s]] = [(self._entry_cell, self._entry)]
        for first in range(0, len(items), _CHUNK):
            chunk = [(key, area_of(shape)) for key, shape in items[first : first + _CHUNK]]
            filed += self._add([key for key, _ in chunk], [area for _, area in chunk])
        self._entry_cell, self._entry = (np.concatenate(column) for column in zip(*filed, strict=True))
        order = np.argsort(self._entry_cell, kind="stable")
        self._entry_cell, self._entry = self._entry_cell[order], self._entry[order]
        self._settle()

    def remove(self, keys: Iterable[Key]) -> None:
        """Take zones out; ``KeyError`` for an unknown key, before anything is changed."""
        numbers = {self._number[key] for key in keys}
        if not numbers:
            return
        gone = np.zeros(len(self.keys), dtype=bool)
        gone[list(numbers)] = True
        keep = ~gone[self._entry >> 1]
        self._entry_cell, self._entry = self._entry_cell[keep], self._entry[keep]
        self._polar = self._polar[~gone[self._polar]]
        for number in numbers:
            self._quiet.note(self._noted.pop(number), by=-1)
            del self._number[self.keys[number]]
        self._settle()

    def _add(self, keys: list[Key], areas: list[MultiPolygon]) -> list[tuple[Int64s, Int64s]]:
        filed = []
        for number, (key, area) in enumerate(zip(keys, areas, strict=True), start=len(self.keys)):
            self._number[key] = number
            box = np.array([area.box], dtype=np.int64)
            if max(-area.box[0], area.box[2]) > _POLAR_E7:
                self._polar = np.append(self._polar, number)
                self._noted[number] = box
                continue
            edge, full = _file(area)
            filed.append((edge, np.full(len(edge), number * 2)))
            filed.append((full, np.full(len(full), number * 2 + 1)))
            self._noted[number] = box if _extent_m(area) <= _SMALL_M else _surroundings(np.concatenate([edge, full]))
        self._quiet.note(np.concatenate([self._noted[self._number[key]] for key in keys]))
        self.keys.extend(keys)
        self._pool.add(areas)
        return filed

    def _settle(self) -> None:
        """Make the sorted table of distinct cells with the place of their entries."""
        first = np.flatnonzero(np.diff(self._entry_cell, prepend=-1))
        self._cell = self._entry_cell[first]
        self._offset = np.append(first, len(self._entry))
        level = self._cell >> 52 & 0xF  # cells sort by resolution first, so each has a part of the table to itself
        self._levels = [(int(one), slice(*np.searchsorted(level, (one, one + 1)).tolist())) for one in np.unique(level)]

    def locate(self, latitude_e7: Int64s, longitude_e7: Int64s) -> Hits:
        """Which fixes lie in which zones, ordered by fix, then zone."""
        found = self.through(latitude_e7, longitude_e7, latitude_e7, longitude_e7)
        return Hits(found.segment, found.zone)

    def through(
        self, latitude_1_e7: Int64s, longitude_1_e7: Int64s, latitude_2_e7: Int64s, longitude_2_e7: Int64s
    ) -> Crossings:
        """Which segments (straight in degrees, the short way round) meet which zones, and from where to where."""
        up = latitude_2_e7 - latitude_1_e7
        across = (longitude_2_e7 - longitude_1_e7 + HALF_TURN_E7) % TURN_E7 - HALF_TURN_E7
        heard = np.flatnonzero(~self._quiet.is_quiet(latitude_1_e7, longitude_1_e7, up, across))
        latitude, longitude, up, across = latitude_1_e7[heard], longitude_1_e7[heard], up[heard], across[heard]
        segment, zone, within = self._candidates(latitude, longitude, up, across)
        unsure = np.flatnonzero(~within)
        found = self._refine(zone[unsure], *(v[segment[unsure]] for v in (latitude, longitude, up, across)))
        meets = within.copy()
        meets[unsure] = found.meets
        answer = Crossings(heard[segment], zone, np.zeros(len(zone)), np.ones(len(zone)), within.copy(), within.copy())
        answer.t_in[unsure], answer.t_out[unsure] = found.t_in, found.t_out
        answer.starts_inside[unsure], answer.ends_inside[unsure] = found.starts_inside, found.ends_inside
        return Crossings(*(getattr(answer, name)[meets] for name in Crossings.__slots__))

    def _candidates(
        self, latitude: Int64s, longitude: Int64s, up: Int64s, across: Int64s
    ) -> tuple[Int64s, Int64s, Mask]:
        """Pairs of segment and zone that may meet, and whether the segment surely stays inside; ordered, each pair once."""
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
        pairs = segment[sample] * (2 * len(self.keys) + 2) + entry
        distinct, seen = np.unique(pairs, return_counts=True)
        row, entry = distinct // (2 * len(self.keys) + 2), distinct % (2 * len(self.keys) + 2)
        zone, within = entry >> 1, (entry & 1 == 1) & (seen == steps[row])
        twice = np.zeros(len(row), dtype=bool)  # the same pair by edge and by full cells: one row is enough
        twice[1:] = (row[1:] == row[:-1]) & (zone[1:] == zone[:-1])
        row, zone, within = row[~twice], zone[~twice], within[~twice]
        if len(self._polar):
            row, zone, within = self._with_polar(row, zone, within, latitude, up)
        return row, zone, within

    def _with_polar(
        self, row: Int64s, zone: Int64s, within: Mask, latitude: Int64s, up: Int64s
    ) -> tuple[Int64s, Int64s, Mask]:
        """Zones about a pole have no cells and are tried on every segment."""
        rows = np.repeat(np.arange(len(latitude)), len(self._polar))
        row = np.concatenate([row, rows])
        zone = np.concatenate([zone, np.tile(self._polar, len(latitude))])
        within = np.concatenate([within, np.zeros(len(rows), dtype=bool)])
        order = np.lexsort((zone, row))
        return row[order], zone[order], within[order]

    def _look_up(self, finest: Int64s) -> tuple[Int64s, Int64s]:
        """(place in ``finest``, entry) for every entry filed under a cell or one of its ancestors."""
        found = []
        for level, part in self._levels:
            wanted, known = cells.parents(finest, level), self._cell[part]
            place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
            sample = np.flatnonzero(known[place] == wanted)
            place = place[sample] + part.start
            first = self._offset[place]
            count = self._offset[place + 1] - first
            within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
            found.append((np.repeat(sample, count), self._entry[np.repeat(first, count) + within]))
        if not found:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        samples, entries = zip(*found, strict=True)
        return np.concatenate(samples), np.concatenate(entries)

    def _refine(self, zone: Int64s, latitude: Int64s, longitude: Int64s, up: Int64s, across: Int64s) -> Through:
        far = np.maximum(np.abs(up), np.abs(across)) > LONGEST_E7
        found = self._pool.through(zone, latitude, longitude, np.where(far, 0, up), np.where(far, 0, across))
        for row in np.flatnonzero(far).tolist():
            segment = (int(latitude[row]), int(longitude[row]), int(up[row]), int(across[row]))
            edges = self._pool.edges(int(zone[row]))
            longitudes = [longitude for edge in edges for longitude in edge[1::2]]
            spans = crossing.spans(edges, crossing.beside(segment, min(longitudes), max(longitudes)))
            found.meets[row] = bool(spans)
            if spans:
                found.t_in[row], found.t_out[row] = float(spans[0][0]), float(spans[-1][1])
                found.starts_inside[row], found.ends_inside[row] = spans[0][0] == 0, spans[-1][1] == 1
        return found


def _file(area: MultiPolygon) -> tuple[Int64s, Int64s]:
    """The cells to file a zone under: those that need an exact test, and full ones."""
    box = area.box
    narrowing = math.cos(math.radians(max(-box[0], box[2], 0) / E7 + 0.1))
    for level in range(FINEST, COARSEST, -1):
        margin_e7 = round(MARGIN_E7 * 1.02 + _overhang_m(level) / METRES_PER_E7 / narrowing)
        if cells.box_steps(box, margin_e7, level) <= _MOST_STEPS:
            break
    if _extent_m(area) <= _SMALL_M:
        return cells.cover_box(box, margin_e7, level), np.empty(0, dtype=np.int64)
    level = _level(area, narrowing)
    cover = cells.cover_polygon(area, level, margin_e7=MARGIN_E7, reach_m=_overhang_m(level))
    return np.array(sorted(cover.edge), dtype=np.int64), np.array(sorted(cover.full), dtype=np.int64)


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


def _extent_m(area: MultiPolygon) -> float:
    """The longer side of a zone's box, measured at its latitude nearest to the equator."""
    south, west, north, east = area.box
    widest = math.cos(math.radians(max(0, south, -north) / E7))
    return max(north - south, (east - west) * widest) * METRES_PER_E7


def _surroundings(filed: Int64s) -> Int64s:
    """Boxes round cells and all their descendants."""
    boxes = []
    for level in set((filed >> 52 & 0xF).tolist()):
        mine = filed[filed >> 52 & 0xF == level]
        latitude, longitude = cells.centres(mine)
        up = round((cells.corner_m(level) + _overhang_m(level)) / METRES_PER_E7 * 1.01)
        narrowing = np.cos(np.radians(np.minimum(np.abs(latitude) / E7 + up / E7, 89.0)))
        aside = np.minimum(np.ceil(up / narrowing), HALF_TURN_E7 - 1).astype(np.int64)
        south, north = np.maximum(latitude - up, -90 * E7), np.minimum(latitude + up, 90 * E7)
        boxes.append(np.column_stack([south, longitude - aside, north, longitude + aside]))
    return np.concatenate(boxes)
