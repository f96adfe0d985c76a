"""The edges of many areas in flat arrays, and the exact tests over them: points in areas, segments through areas.

All decisions are made on 64-bit integers that cannot overflow. Points are taken relative to the south-west corner of the
area's box. An area spans less than 180 degrees each way, so a point in its box gives products below 1.8e9 x 1.8e9, and
their difference stays below 6.5e18 < 2^63. A segment of at most 20 degrees whose box meets the area's lies within
2.0e9 of every point of it: differences below 7.3e18. Longer segments must go through ``geo.crossing``.

Every area is cut into horizontal slabs that list their edges, so a test reads only the edges at its own latitude.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.position import E7
from geo.shapes import TURN_E7, MultiPolygon

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LONGEST_E7 = 20 * E7
_EDGES_PER_SLAB = 6
_MOST_SLABS = 512


class _Column:
    """An array that grows at its end."""

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self._room: npt.NDArray[Any] = np.empty(16, dtype=dtype)
        self._size = 0

    def extend(self, values: npt.NDArray[Any]) -> None:
        size = self._size + len(values)
        if size > len(self._room):
            room = np.empty(max(size, len(self._room) * 5 // 4), dtype=self._room.dtype)
            room[: self._size] = self._room[: self._size]
            self._room = room
        self._room[self._size : size] = values
        self._size = size

    @property
    def values(self) -> npt.NDArray[Any]:
        return self._room[: self._size]

    def __len__(self) -> int:
        return self._size


@dataclass(frozen=True, slots=True)
class Through:
    """What segments do to areas, row by row: whether they meet, from where to where (shares of the segment), and their ends.

    ``t_in`` is the first and ``t_out`` the last share at which the segment is in the area (0 and 1 when an end is inside).
    Whether they meet and which ends are inside is exact; the shares are the nearest doubles to exact fractions, give or take
    three units in the last place.
    """

    meets: Mask
    t_in: Floats
    t_out: Floats
    starts_inside: Mask
    ends_inside: Mask


class EdgePool:
    """Areas by number, in the order they were added."""

    def __init__(self) -> None:
        self._latitude, self._longitude = _Column(np.int32), _Column(np.int32)
        self._slab_offset, self._slab_edge = _Column(np.int64), _Column(np.int32)
        self._slab_offset.extend(np.zeros(1, dtype=np.int64))
        self._first_slab, self._slabs, self._slab_height = _Column(np.int64), _Column(np.int64), _Column(np.int64)
        self._south, self._west = _Column(np.int64), _Column(np.int64)
        self._height, self._width = _Column(np.int64), _Column(np.int64)

    def __len__(self) -> int:
        return len(self._south)

    @property
    def nbytes(self) -> int:
        return sum(column.values.nbytes for column in vars(self).values())

    def add(self, shapes: Sequence[MultiPolygon]) -> None:
        """Append areas; the first gets number ``len(self)``."""
        if not shapes:
            return
        boxes = np.array([shape.box for shape in shapes], dtype=np.int64).reshape(-1, 4)
        south, west, height, width = boxes[:, 0], boxes[:, 1], boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        points = np.array([len(shape.latitude_e7) for shape in shapes])
        base, first_point = len(self._latitude), np.concatenate([[0], np.cumsum(points)])
        latitude = np.concatenate([shape.latitude_e7 for shape in shapes]) - np.repeat(south, points)
        longitude = np.concatenate([shape.longitude_e7 for shape in shapes]) - np.repeat(west, points)
        starts = np.concatenate(
            [shape.edge_starts() + first for shape, first in zip(shapes, first_point, strict=False)]
        )
        edges = np.array([len(shape.latitude_e7) - len(shape.ring_polygon) for shape in shapes])
        slabs = np.clip(edges // _EDGES_PER_SLAB, 1, _MOST_SLABS)
        slab_height = height // slabs + 1
        self._add_slabs(latitude, starts, np.repeat(np.arange(len(shapes)), edges), slabs, slab_height, base)
        for column, values in (
            (self._latitude, latitude), (self._longitude, longitude), (self._slabs, slabs),
            (self._slab_height, slab_height), (self._south, south), (self._west, west),
            (self._height, height), (self._width, width),
        ):  # fmt: skip
            column.extend(values)

    def _add_slabs(
        self, latitude: Int64s, starts: Int64s, area: Int64s, slabs: Int64s, slab_height: Int64s, base: int
    ) -> None:
        first = np.cumsum(slabs) - slabs
        lower = np.minimum(latitude[starts], latitude[starts + 1]) // slab_height[area]
        upper = np.maximum(latitude[starts], latitude[starts + 1]) // slab_height[area]
        rows, within = _expand(upper - lower + 1)
        slab = (first[area] + lower)[rows] + within
        order = np.argsort(slab, kind="stable")
        counts = np.bincount(slab, minlength=int(slabs.sum()))
        self._first_slab.extend(first + len(self._slab_offset) - 1)
        self._slab_offset.extend(np.cumsum(counts) + len(self._slab_edge))
        self._slab_edge.extend(starts[rows[order]] + base)

    def edges(self, area: int) -> list[tuple[int, int, int, int]]:
        """Every edge of one area as (latitude, longitude, latitude, longitude), in the turn the area was given in."""
        first = int(self._first_slab.values[area])
        begin, end = (int(self._slab_offset.values[slab]) for slab in (first, first + int(self._slabs.values[area])))
        starts = np.unique(self._slab_edge.values[begin:end])
        south, west = int(self._south.values[area]), int(self._west.values[area])
        columns = (
            column.values[starts + step].astype(np.int64) + corner
            for step in (0, 1)
            for column, corner in ((self._latitude, south), (self._longitude, west))
        )
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def contains(self, area: Int64s, latitude_e7: Int64s, longitude_e7: Int64s) -> Mask:
        """Whether each point is in the area beside it; longitudes may be any whole turns off."""
        up = latitude_e7 - self._south.values[area]
        aside = (longitude_e7 - self._west.values[area]) % TURN_E7
        inside: Mask = (up >= 0) & (up <= self._height.values[area]) & (aside <= self._width.values[area])
        rows = np.flatnonzero(inside)
        inside[rows] = self._contains(area[rows], up[rows], aside[rows])
        return inside

    def _contains(self, area: Int64s, up: Int64s, aside: Int64s) -> Mask:
        """The same for points given relative to the corner of the area's box and known to be in the box."""
        slab = self._first_slab.values[area] + up // self._slab_height.values[area]
        rows, ay, ax, by, bx = self._edges(slab, slab)
        py, px = up[rows], aside[rows]
        side = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
        beside = ((ay > py) != (by > py)) & ((side < 0) == (by < ay))
        odd: Mask = np.bincount(rows[beside], minlength=len(area)) & 1 == 1
        on = np.flatnonzero(side == 0)
        if len(on):
            on = on[_between(ay[on], py[on], by[on]) & _between(ax[on], px[on], bx[on])]
            odd[rows[on]] = True
        return odd

    def _edges(self, first_slab: Int64s, last_slab: Int64s) -> tuple[Int64s, Int64s, Int64s, Int64s, Int64s]:
        """(row, latitude and longitude of the start, of the end) of every edge in a range of slabs of each row."""
        offset = self._slab_offset.values
        begin = offset[first_slab]
        rows, within = _expand(offset[last_slab + 1] - begin)
        edge = self._slab_edge.values[begin[rows] + within]
        latitude, longitude = self._latitude.values, self._longitude.values
        ends = (latitude[edge], longitude[edge], latitude[edge + 1], longitude[edge + 1])
        return rows, *(end.astype(np.int64) for end in ends)

    def through(
        self, area: Int64s, latitude_e7: Int64s, longitude_e7: Int64s, up_e7: Int64s, across_e7: Int64s
    ) -> Through:
        """What each segment, from a point and so far up and across (at most 20 degrees each), does to the area beside it."""
        if len(area) and max(int(np.abs(up_e7).max()), int(np.abs(across_e7).max())) > LONGEST_E7:
            raise ValueError("a segment of more than 20 degrees")
        py = latitude_e7 - self._south.values[area]
        height, width = self._height.values[area], self._width.values[area]
        px = longitude_e7 - self._west.values[area]
        px = (
            px - (2 * px + across_e7 - width + TURN_E7) // (2 * TURN_E7) * TURN_E7
        )  # middle next to the middle of the box
        near = (np.maximum(py, py + up_e7) >= 0) & (np.minimum(py, py + up_e7) <= height)
        near &= (np.maximum(px, px + across_e7) >= 0) & (np.minimum(px, px + across_e7) <= width)
        rows = np.flatnonzero(near)
        found = self._through(area[rows], py[rows], px[rows], up_e7[rows], across_e7[rows])
        return _spread(found, rows, len(area))

    def _through(self, area: Int64s, py: Int64s, px: Int64s, up: Int64s, across: Int64s) -> Through:
        starts, moves = self._ends_inside(area, py, px), (up != 0) | (across != 0)
        ends = starts.copy()
        rows = np.flatnonzero(moves)
        ends[rows] = self._ends_inside(area[rows], (py + up)[rows], (px + across)[rows])
        t_in, t_out = np.where(starts, 0.0, np.inf), np.where(ends, 1.0, -np.inf)
        rows = np.flatnonzero(moves & ~(starts & ends))  # where both ends are inside, nothing between them matters
        first, last = self._contacts(area[rows], py[rows], px[rows], up[rows], across[rows])
        t_in[rows], t_out[rows] = np.minimum(t_in[rows], first), np.maximum(t_out[rows], last)
        return Through(np.isfinite(t_in), t_in, t_out, starts, ends)

    def _ends_inside(self, area: Int64s, up: Int64s, aside: Int64s) -> Mask:
        inside: Mask = (
            (up >= 0) & (up <= self._height.values[area]) & (aside >= 0) & (aside <= self._width.values[area])
        )
        rows = np.flatnonzero(inside)
        inside[rows] = self._contains(area[rows], up[rows], aside[rows])
        return inside

    def _contacts(self, area: Int64s, py: Int64s, px: Int64s, up: Int64s, across: Int64s) -> tuple[Floats, Floats]:
        """First and last share at which each segment touches an edge; infinities where it touches none."""
        height, slab_height = self._height.values[area], self._slab_height.values[area]
        first = np.clip(np.minimum(py, py + up), 0, height) // slab_height
        last = np.clip(np.maximum(py, py + up), 0, height) // slab_height
        base = self._first_slab.values[area]
        rows, ay, ax, by, bx = self._edges(base + first, base + last)
        sy, sx, dy, dx = py[rows], px[rows], up[rows], across[rows]
        a_side = dx * (ay - sy) - dy * (ax - sx)
        b_side = dx * (by - sy) - dy * (bx - sx)
        split = np.flatnonzero(np.sign(a_side) * np.sign(b_side) <= 0)
        rows, ay, ax, by, bx, sy, sx, dy, dx = (v[split] for v in (rows, ay, ax, by, bx, sy, sx, dy, dx))
        ey, ex = by - ay, bx - ax
        start = ex * (sy - ay) - ey * (sx - ax)
        turn = ey * dx - ex * dy
        end = start - turn
        hit = (turn != 0) & (np.sign(start) * np.sign(end) <= 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = start / turn
        at, shares = [rows[hit]], [share[hit]]
        along = np.flatnonzero((turn == 0) & (start == 0))  # collinear, or a segment of no length
        for y, x in ((ay, ax), (by, bx)):
            on, where = _along(y[along], x[along], *(v[along] for v in (sy, sx, dy, dx)))
            at.append(rows[along][on])
            shares.append(where[on])
        t_in, t_out = np.full(len(py), np.inf), np.full(len(py), -np.inf)
        np.minimum.at(t_in, np.concatenate(at), np.concatenate(shares))
        np.maximum.at(t_out, np.concatenate(at), np.concatenate(shares))
        return t_in, t_out


def _along(y: Int64s, x: Int64s, sy: Int64s, sx: Int64s, dy: Int64s, dx: Int64s) -> tuple[Mask, Floats]:
    """For points on the line of a segment: whether they lie on the segment, and at which share (by its longer axis)."""
    steep = np.abs(dy) > np.abs(dx)
    reach, whole = np.where(steep, y - sy, x - sx), np.where(steep, dy, dx)
    on = (whole != 0) & (np.sign(reach) * np.sign(whole) >= 0) & (np.abs(reach) <= np.abs(whole))
    return on, reach / np.where(whole == 0, 1, whole)


def _between(one: Int64s, value: Int64s, other: Int64s) -> Mask:
    return (np.minimum(one, other) <= value) & (value <= np.maximum(one, other))


def _expand(counts: Int64s) -> tuple[Int64s, Int64s]:
    """Row and place within the row for so many places in each row."""
    rows = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return rows, np.arange(len(rows)) - first[rows]


def _spread(found: Through, rows: Int64s, count: int) -> Through:
    """The answers of some rows among ``count`` of which the others meet nothing."""
    meets, starts, ends = (np.zeros(count, dtype=bool) for _ in range(3))
    t_in, t_out = np.full(count, np.inf), np.full(count, -np.inf)
    meets[rows], starts[rows], ends[rows] = found.meets, found.starts_inside, found.ends_inside
    t_in[rows], t_out[rows] = found.t_in, found.t_out
    return Through(meets, t_in, t_out, starts, ends)
