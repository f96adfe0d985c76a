"""Zones where they lie: which fixes are in which zones, which segments go through which, and from where to where. Exact.

How a zone is found. Its box is filed under squares of the plane in which its edges are defined, small squares for most zones; a
segment is looked up under every square its own box touches, a long one part by part. Squares of a zone that no edge enters are
either left out or full: a segment seen only in full squares never leaves the zone. Very large zones are filed under H3 cells
(``geo.cell_map``), of which there are full ones too. All other finds are refined by exact tests on the zone's edges.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from geo import crossing
from geo.cell_map import CellMap, file, pairs
from geo.edges import LONGEST_E7, EdgePool, Through
from geo.position import E7
from geo.shapes import HALF_TURN_E7, TURN_E7, MultiPolygon, Shape, area_of
from geo.squares import SquareMap

Key = TypeVar("Key", bound=Hashable)
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_SMALL_SHIFT, _LARGE_SHIFT = 17, 21  # squares of 0.013 degrees, 1.46 km, and of 0.21 degrees, 23 km
_LARGE_E7 = 64 << _SMALL_SHIFT  # a larger box, 0.84 degrees and more, is filed under H3 cells
_FILLED = 16  # a zone of fewer squares is not asked which of them it fills
_POLAR_E7 = 84 * E7
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

    Immutable: ``changed`` makes another in some milliseconds, whatever the size, which shares most of its memory with this one
    (``keys`` too, which only grow; two threads may not change at once). A number means the same zone in all indexes made from
    each other. Memory of the edges of zones taken out is not freed.
    """

    def __init__(self, zones: Mapping[Key, Shape] | None = None) -> None:
        self.keys: list[Key] = []
        self._number: dict[Key, int] = {}
        self._pool = EdgePool()
        self._squares = SquareMap(_SMALL_SHIFT)
        self._around_large = SquareMap(_LARGE_SHIFT)
        self._large = CellMap()
        self._polar = np.empty(0, dtype=np.int64)
        self._change(zones or {}, ())

    def __len__(self) -> int:
        return len(self._number)

    def __contains__(self, key: object) -> bool:
        return key in self._number

    @property
    def entries(self) -> int:
        """How many (square or cell, zone) pairs are filed."""
        return len(self._squares) + len(self._large)

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, without the keys."""
        return self._pool.nbytes + self._squares.nbytes + self._around_large.nbytes + self._large.nbytes

    def changed(self, zones: Mapping[Key, Shape], gone: Collection[Key] = ()) -> ZoneIndex[Key]:
        """Another index with zones filed, in place of those under the same keys, and others gone; ``KeyError`` for an unknown one."""
        other = copy.copy(self)
        other._number = self._number.copy()
        other._change(zones, gone)
        return other

    def _change(self, zones: Mapping[Key, Shape], gone: Collection[Key]) -> None:
        dead = self._forget({*gone, *(key for key in zones if key in self._number)})
        filed = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))]
        large: list[tuple[Int64s, Int64s]] = []
        items = list(zones.items())
        for first in range(0, len(items), _CHUNK):
            keys, areas = zip(*((key, area_of(shape)) for key, shape in items[first : first + _CHUNK]), strict=True)
            numbers = len(self._pool) + np.arange(len(keys))
            self.keys.extend(keys)
            self._number |= zip(keys, numbers.tolist(), strict=True)
            boxes = self._pool.add(areas)
            is_large = boxes[:, 2:].max(axis=1) > _LARGE_E7
            filed.append(self._under_squares(numbers[~is_large], boxes[~is_large], _chosen(areas, ~is_large)))
            large += [self._under_cells(int(numbers[place]), areas[place]) for place in np.flatnonzero(is_large)]
        gone_entries = None if dead is None else np.repeat(dead, 2)
        self._squares = self._squares.changed(*_joined(filed), gone_entries)
        if large or len(self._large) + len(self._polar):
            self._large = self._large.changed(large, dead)

    def _forget(self, keys: Collection[Key]) -> Mask | None:
        """Take keys out; which numbers are gone, by number, None for none."""
        numbers = [self._number[key] for key in keys]
        if not numbers:
            return None
        for key in keys:
            del self._number[key]
        dead = np.zeros(len(self.keys), dtype=bool)
        dead[numbers] = True
        self._polar = self._polar[~dead[self._polar]]
        return dead

    def _under_squares(self, numbers: Int64s, boxes: Int64s, areas: Sequence[MultiPolygon]) -> tuple[Int64s, Int64s]:
        """(square, zone number x 2 + 1 if the zone fills the square) for zones that are in the pool."""
        zone, square, count = self._squares.squares(*boxes.T)
        asked = count > _FILLED
        if not asked.any():
            return square, numbers[zone] * 2
        touched = self._touched(np.flatnonzero(asked), _chosen(areas, asked))
        sure = np.flatnonzero(asked[zone] & ~np.isin(zone << 31 | square, touched))
        is_full = self._pool.contains(numbers[zone[sure]], *self._squares.corners(square[sure]))
        entry = numbers[zone] * 2
        entry[sure[is_full]] += 1
        keep = np.ones(len(square), dtype=bool)
        keep[sure[~is_full]] = False
        return square[keep], entry[keep]

    def _touched(self, zones: Int64s, areas: Sequence[MultiPolygon]) -> Int64s:
        """Zone << 31 | square for every square under the box of an edge."""
        starts = [area.edge_starts() for area in areas]
        south, west, north, east = (
            np.concatenate([
                ends(values[start], values[start + 1])
                for start, values in ((start, getattr(area, name)) for start, area in zip(starts, areas, strict=True))
            ])
            for ends in (np.minimum, np.maximum) for name in ("latitude_e7", "longitude_e7")
        )  # fmt: skip
        edge, square, _ = self._squares.squares(south, west, north - south, east - west)
        zone = np.repeat(zones, [len(start) for start in starts])
        return np.unique(zone[edge] << 31 | square)

    def _under_cells(self, number: int, area: MultiPolygon) -> tuple[Int64s, Int64s]:
        """File a very large zone. About a pole there are no cells; such zones are tried on every segment."""
        south, west, north, east = area.box
        if max(-south, north) > _POLAR_E7:
            self._polar = np.append(self._polar, number)
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        box = (np.array([value]) for value in (south, west, north - south, east - west))
        _, square, _ = self._around_large.squares(*box)
        self._around_large = self._around_large.changed(square, np.full(len(square), number))
        return file(number, area)

    def locate(self, latitude_e7: Int64s, longitude_e7: Int64s) -> Hits:
        """Which fixes lie in which zones, ordered by fix, then zone."""
        found = self.through(latitude_e7, longitude_e7, latitude_e7, longitude_e7)
        return Hits(found.segment, found.zone)

    def through(
        self, latitude_1_e7: Int64s, longitude_1_e7: Int64s, latitude_2_e7: Int64s, longitude_2_e7: Int64s
    ) -> Crossings:
        """Which segments (straight in degrees, the short way round) meet which zones, and from where to where."""
        up = latitude_2_e7 - latitude_1_e7
        across = longitude_2_e7 - longitude_1_e7
        if len(across) and int(np.abs(across).max()) >= HALF_TURN_E7:
            across = (across + HALF_TURN_E7) % TURN_E7 - HALF_TURN_E7
        segment, zone, within = self._candidates(latitude_1_e7, longitude_1_e7, up, across)
        unsure = np.flatnonzero(~within)
        row = segment[unsure]
        found = self._refine(zone[unsure], latitude_1_e7[row], longitude_1_e7[row], up[row], across[row])
        if len(unsure) == len(segment):
            met = np.flatnonzero(found.meets)
            return Crossings(segment[met], zone[met], *(getattr(found, name)[met] for name in Through.__slots__[1:]))
        meets, starts, ends = within.copy(), within.copy(), within.copy()
        t_in, t_out = np.zeros(len(zone)), np.ones(len(zone))
        meets[unsure], starts[unsure], ends[unsure] = found.meets, found.starts_inside, found.ends_inside
        t_in[unsure], t_out[unsure] = found.t_in, found.t_out
        met = np.flatnonzero(meets)
        return Crossings(segment[met], zone[met], t_in[met], t_out[met], starts[met], ends[met])

    def _candidates(
        self, latitude: Int64s, longitude: Int64s, up: Int64s, across: Int64s
    ) -> tuple[Int64s, Int64s, Mask]:
        """Pairs of segment and zone that may meet, and whether the segment surely stays inside; ordered, each pair once."""
        part, boxes = _parts(latitude, longitude, up, across, self._squares.side)
        row, square, looks = self._squares.squares(*boxes)
        place, entry = self._squares.under(square)
        row = row[place]
        if part is not None:
            row, looks = part[row], np.bincount(part, looks, minlength=len(up)).astype(np.int64)
        found = pairs(row, entry, looks)
        if not len(self._around_large) + len(self._polar):
            return found
        row, square, _ = self._around_large.squares(*boxes)
        near = row[self._around_large.under(square)[0]]
        near = np.unique(near if part is None else part[near])
        row, zone, within = self._large.meet(latitude[near], longitude[near], up[near], across[near])
        every = np.repeat(np.arange(len(up)), len(self._polar))
        segment = np.concatenate([found[0], near[row], every])
        zone = np.concatenate([found[1], zone, np.tile(self._polar, len(up))])
        within = np.concatenate([found[2], within, np.zeros(len(every), dtype=bool)])
        order = np.argsort(segment << 32 | zone)
        return segment[order], zone[order], within[order]

    def _refine(self, zone: Int64s, latitude: Int64s, longitude: Int64s, up: Int64s, across: Int64s) -> Through:
        far = np.flatnonzero(np.maximum(np.abs(up), np.abs(across)) > LONGEST_E7)
        if not len(far):
            return self._pool.through(zone, latitude, longitude, up, across)
        near_up, near_across = up.copy(), across.copy()
        near_up[far] = near_across[far] = 0
        found = self._pool.through(zone, latitude, longitude, near_up, near_across)
        for row in far.tolist():
            segment = (int(latitude[row]), int(longitude[row]), int(up[row]), int(across[row]))
            edges = self._pool.edges(int(zone[row]))
            longitudes = [longitude for edge in edges for longitude in edge[1::2]]
            spans = crossing.spans(edges, crossing.beside(segment, min(longitudes), max(longitudes)))
            found.meets[row] = bool(spans)
            found.starts_inside[row] = found.ends_inside[row] = False
            if spans:
                found.t_in[row], found.t_out[row] = float(spans[0][0]), float(spans[-1][1])
                found.starts_inside[row], found.ends_inside[row] = spans[0][0] == 0, spans[-1][1] == 1
        return found


def _parts(
    latitude: Int64s, longitude: Int64s, up: Int64s, across: Int64s, most: int
) -> tuple[Int64s | None, tuple[Int64s, Int64s, Int64s, Int64s]]:
    """Boxes (south, west, height, width) round segments; where one is larger than ``most``, round parts of it, and whose they are."""
    height, width = np.abs(up), np.abs(across)
    count = np.maximum(height, width) // most + 1
    part = None
    if len(count) and int(count.max()) > 1:
        part = np.repeat(np.arange(len(count)), count)
        number = np.arange(len(part)) - np.repeat(np.cumsum(count) - count, count)
        whole, cut = count[part], (count > 1)[part]
        up_1, up_2 = (up[part] * step // whole for step in (number, number + 1))
        across_1, across_2 = (across[part] * step // whole for step in (number, number + 1))
        # where a part begins is rounded: one unit more on all sides
        latitude, longitude = latitude[part] + up_1 - cut, longitude[part] + across_1 - cut
        up, across = up_2 - up_1, across_2 - across_1
        height, width = np.abs(up) + 2 * cut, np.abs(across) + 2 * cut
    return part, (latitude + np.minimum(up, 0), longitude + np.minimum(across, 0), height, width)


def _chosen(areas: Sequence[MultiPolygon], which: Mask) -> list[MultiPolygon]:
    return [areas[place] for place in np.flatnonzero(which).tolist()]


def _joined(parts: Sequence[tuple[Int64s, Int64s]]) -> tuple[Int64s, Int64s]:
    one, other = zip(*parts, strict=True)
    return np.concatenate(one), np.concatenate(other)
