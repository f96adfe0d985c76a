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
    """An array that grows at its end; rows of ``width`` values when that is given."""

    def __init__(self, dtype: npt.DTypeLike, width: int | None = None) -> None:
        self._room: npt.NDArray[Any] = np.empty(16 if width is None else (16, width), dtype=dtype)
        self._size = 0

    def extend(self, values: npt.NDArray[Any]) -> None:
        size = self._size + len(values)
        if size > len(self._room):
            room = np.empty(
                (size * 5 // 4, *self._room.shape[1:]), dtype=self._room.dtype
            )  # pages not used cost nothing
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
    """Areas by number, in the order they were added. What is there never changes, so many indexes may share a pool."""

    def __init__(self) -> None:
        self._point = _Column(np.int64)  # latitude and longitude of one corner, 32 bits each: one read
        self._slab_offset, self._slab_edge = _Column(np.int64), _Column(np.int32)
        self._slab_offset.extend(np.zeros(1, dtype=np.int64))
        self._box = _Column(np.int64, 4)  # south, west, height, width
        self._slab = _Column(np.int64, 3)  # the first one, how many, their height

    def __len__(self) -> int:
        return len(self._box)

    @property
    def nbytes(self) -> int:
        return sum(column.values.nbytes for column in vars(self).values())

    def add(self, shapes: Sequence[MultiPolygon]) -> Int64s:
        """Append areas; the first gets number ``len(self)``. Their boxes: rows of (south, west, height, width)."""
        if not shapes:
            return np.empty((0, 4), dtype=np.int64)
        points = np.array([len(shape.latitude_e7) for shape in shapes])
        rings = np.array([len(shape.ring_polygon) for shape in shapes])
        first_point = np.cumsum(points) - points
        latitude = np.concatenate([shape.latitude_e7 for shape in shapes])
        longitude = np.concatenate([shape.longitude_e7 for shape in shapes])
        south, west = np.minimum.reduceat(latitude, first_point), np.minimum.reduceat(longitude, first_point)
        height = np.maximum.reduceat(latitude, first_point) - south
        width = np.maximum.reduceat(longitude, first_point) - west
        latitude, longitude = latitude - np.repeat(south, points), longitude - np.repeat(west, points)
        is_start = np.ones(len(latitude), dtype=bool)
        ring_end = np.concatenate([shape.ring_offset[1:] for shape in shapes]) + np.repeat(first_point, rings)
        is_start[ring_end - 1] = False
        edges = points - rings
        slabs = np.clip(edges // _EDGES_PER_SLAB, 1, _MOST_SLABS)
        slab_height = height // slabs + 1
        area = np.repeat(np.arange(len(shapes)), edges)
        first = self._add_slabs(latitude, np.flatnonzero(is_start), area, slabs, slab_height)
        self._point.extend(np.column_stack([latitude, longitude]).astype(np.int32).view(np.int64).ravel())
        self._slab.extend(np.column_stack([first, slabs, slab_height]))
        boxes = np.column_stack([south, west, height, width])
        self._box.extend(boxes)
        return boxes

    def _add_slabs(self, latitude: Int64s, starts: Int64s, area: Int64s, slabs: Int64s, slab_height: Int64s) -> Int64s:
        first = np.cumsum(slabs) - slabs
        lower = np.minimum(latitude[starts], latitude[starts + 1]) // slab_height[area]
        upper = np.maximum(latitude[starts], latitude[starts + 1]) // slab_height[area]
        rows, within = _expand(upper - lower + 1)
        slab = (first[area] + lower)[rows] + within
        order = np.argsort(slab, kind="stable")
        counts = np.bincount(slab, minlength=int(slabs.sum()))
        before = len(self._slab_offset) - 1
        self._slab_offset.extend(np.cumsum(counts) + len(self._slab_edge))
        self._slab_edge.extend(starts[rows[order]] + len(self._point))
        return first + before

    def edges(self, area: int) -> list[tuple[int, int, int, int]]:
        """Every edge of one area as (latitude, longitude, latitude, longitude), in the turn the area was given in."""
        first, slabs, _ = self._slab.values[area].tolist()
        begin, end = self._slab_offset.values[[first, first + slabs]].tolist()
        starts = np.unique(self._slab_edge.values[begin:end])
        corner = self._box.values[area, :2]
        ends = [self._corners(starts + step) + corner for step in (0, 1)]
        return [(ay, ax, by, bx) for ay, ax, by, bx in np.hstack(ends).tolist()]

    def _corners(self, point: Int64s) -> Int64s:
        """Rows of (latitude, longitude) from the corner of the area's box."""
        return self._point.values[point].view(np.int32).reshape(-1, 2).astype(np.int64)

    def contains(self, area: Int64s, latitude_e7: Int64s, longitude_e7: Int64s) -> Mask:
        """Whether each point is in the area beside it; longitudes may be any whole turns off."""
        nowhere = np.zeros(len(area), dtype=np.int64)
        return self.through(area, latitude_e7, longitude_e7, nowhere, nowhere).starts_inside

    def through(
        self, area: Int64s, latitude_e7: Int64s, longitude_e7: Int64s, up_e7: Int64s, across_e7: Int64s
    ) -> Through:
        """What each segment, from a point and so far up and across (at most 20 degrees each), does to the area beside it."""
        if len(area) and max(int(np.abs(up_e7).max()), int(np.abs(across_e7).max())) > LONGEST_E7:
            raise ValueError("a segment of more than 20 degrees")
        south, west, height, width = self._box.values[area].T
        py, px = latitude_e7 - south, longitude_e7 - west
        off = 2 * px + across_e7 - width  # from the middle of the box to the middle of the segment, doubled
        if len(off) and max(-int(off.min()), int(off.max())) >= TURN_E7:
            px -= (off + TURN_E7) // (2 * TURN_E7) * TURN_E7
        near = (np.maximum(py, py + up_e7) >= 0) & (np.minimum(py, py + up_e7) <= height)
        near &= (np.maximum(px, px + across_e7) >= 0) & (np.minimum(px, px + across_e7) <= width)
        rows = np.flatnonzero(near)
        found = self._through(area[rows], *(v[rows] for v in (height, width, py, px, up_e7, across_e7)))
        return _spread(found, rows, len(area))

    def _through(
        self, area: Int64s, height: Int64s, width: Int64s, py: Int64s, px: Int64s, up: Int64s, across: Int64s
    ) -> Through:
        """One reading of the edges in the slabs of each segment tells its ends and its contacts."""
        base, _, slab_height = self._slab.values[area].T
        qy, qx = py + up, px + across
        begins, stops = (_slab_of(np.clip(y, 0, height), slab_height) for y in (py, qy))
        offset = self._slab_offset.values
        begin, end = offset[base + np.minimum(begins, stops)], offset[base + np.maximum(begins, stops) + 1]
        rows, within = _expand(end - begin)
        place = begin[rows] + within
        edge = self._slab_edge.values[place]
        (ay, ax), (by, bx) = self._corners(edge).T, self._corners(edge + 1).T
        ey, ex, ry, rx = by - ay, bx - ax, py[rows] - ay, px[rows] - ax
        start = ex * ry - ey * rx  # which side of the edge the segment starts on
        turn = ey * across[rows] - ex * up[rows]
        one_slab = np.array_equal(begins, stops)
        ends = []
        for y, x, slab, side, dy, dx in (
            (py, px, begins, start, ry, rx), (qy, qx, stops, start - turn, ry + up[rows], rx + across[rows]),
        ):  # fmt: skip
            mine = None if one_slab else (place >= offset[base + slab][rows]) & (place < offset[base + slab + 1][rows])
            inside = _is_inside(rows, len(area), side, dy, dx, ey, ex, mine)
            ends.append(inside & (y >= 0) & (y <= height) & (x >= 0) & (x <= width))
        starts, stopped = ends
        t_in, t_out = np.where(starts, 0.0, np.inf), np.where(stopped, 1.0, -np.inf)
        # where both ends are inside, nothing between them matters
        open_rows = ~(starts & stopped) & ((up != 0) | (across != 0))
        split = np.flatnonzero(open_rows[rows] & (_sign(start) * _sign(start - turn) <= 0))
        columns = (py, px, up, across)
        _touch(
            t_in, t_out, rows[split], start[split], turn[split], *(v[split] for v in (ay, ax, by, bx)),
            *(v[rows[split]] for v in columns),
        )  # fmt: skip
        return Through(np.isfinite(t_in), t_in, t_out, starts, stopped)


def _slab_of(up: Int64s, slab_height: Int64s) -> Int64s:
    return (up / slab_height).astype(np.int64)  # exact: quotients of numbers below 2^31 keep clear of rounding


def _is_inside(
    rows: Int64s, count: int, side: Int64s, dy: Int64s, dx: Int64s, ey: Int64s, ex: Int64s, mine: Mask | None
) -> Mask:
    """Whether points are inside, from the edges at their latitudes: ``side`` of each edge, and the way to the point from its start."""
    beside = ((dy < 0) != (dy < ey)) & ((side < 0) == (ey < 0))
    on = side == 0
    if mine is not None:
        beside &= mine
        on &= mine
    odd: Mask = np.bincount(rows[beside], minlength=count) & 1 == 1
    touching = np.flatnonzero(on)
    if len(touching):
        touching = touching[_between(ey[touching], dy[touching]) & _between(ex[touching], dx[touching])]
        odd[rows[touching]] = True
    return odd


def _touch(
    t_in: Floats, t_out: Floats, rows: Int64s, start: Int64s, turn: Int64s, ay: Int64s, ax: Int64s, by: Int64s, bx: Int64s,
    sy: Int64s, sx: Int64s, dy: Int64s, dx: Int64s,
) -> None:  # fmt: skip
    """Widen the shares of rows by where segments touch edges whose lines part their ends."""
    a_side = dx * (ay - sy) - dy * (ax - sx)
    b_side = dx * (by - sy) - dy * (bx - sx)
    parted = _sign(a_side) * _sign(b_side) <= 0
    hit = np.flatnonzero(parted & (turn != 0))
    at, shares = [rows[hit]], [start[hit] / turn[hit]]
    along = np.flatnonzero(parted & (turn == 0) & (start == 0))  # collinear, or an edge of no length
    for y, x in ((ay, ax), (by, bx)) if len(along) else ():
        on, where = _along(y[along], x[along], *(v[along] for v in (sy, sx, dy, dx)))
        at.append(rows[along][on])
        shares.append(where[on])
    np.minimum.at(t_in, np.concatenate(at), np.concatenate(shares))
    np.maximum.at(t_out, np.concatenate(at), np.concatenate(shares))


def _sign(values: Int64s) -> npt.NDArray[np.int8]:
    return (values > 0).view(np.int8) - (values < 0).view(np.int8)


def _along(y: Int64s, x: Int64s, sy: Int64s, sx: Int64s, dy: Int64s, dx: Int64s) -> tuple[Mask, Floats]:
    """For points on the line of a segment: whether they lie on the segment, and at which share (by its longer axis)."""
    steep = np.abs(dy) > np.abs(dx)
    reach, whole = np.where(steep, y - sy, x - sx), np.where(steep, dy, dx)
    on = (whole != 0) & (np.sign(reach) * np.sign(whole) >= 0) & (np.abs(reach) <= np.abs(whole))
    return on, reach / np.where(whole == 0, 1, whole)


def _between(reach: Int64s, value: Int64s) -> Mask:
    """Whether a value lies between 0 and a reach of either sign."""
    return (np.minimum(reach, 0) <= value) & (value <= np.maximum(reach, 0))


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
