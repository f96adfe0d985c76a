"""Stretches of road, put end to end: their length, the time they take, and what their sharp turns cost a lorry."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from geo.roads import RoadGraph
from geo.shapes import METRES_PER_E7
from geo.turning import NO_COURSE, Courses, Mask, courses, is_sharp, lost_s

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

_VAGUE_M = 100.0  # maps place portals tens of metres off: shorter pieces next to one have no course worth the name
_USUAL_M_S = 15.0  # of a stretch of no length


class Stretch(NamedTuple):
    """Arrays of stretches, all of one shape.

    ``head_m`` leads from the begin to the first sharp turn and ``tail_m`` from the last one to the end, infinite where there
    is none; ``lost_s`` is what the turns cost between those two. One of no length has no course and joins anything.
    """

    metres: Floats  # infinite: no way
    seconds: Floats  # at legal speed
    lost_s: Floats
    head_m: Floats
    tail_m: Floats
    begins: Courses
    ends: Courses

    @classmethod
    def straight(cls, metres: Floats, seconds: Floats) -> Self:
        """Without turns, in no known course."""
        unknown = np.full(metres.shape, NO_COURSE, dtype=np.uint8)
        endless = np.full(metres.shape, np.inf)
        return cls(metres, seconds, np.zeros(metres.shape), endless, endless, unknown, unknown)

    @classmethod
    def concatenated(cls, parts: list[Stretch], axis: int = 0) -> Self:
        """Arrays one after the other."""
        return cls(*(np.concatenate(column, axis=axis) for column in zip(*parts, strict=True)))

    def at(self, place: Any) -> Stretch:
        """Those at an index of the arrays."""
        return Stretch(*(part[place] for part in self))

    def choose(self, where: Mask, other: Stretch) -> Stretch:
        """These where it is so, the others elsewhere."""
        pairs: Any = zip(self, other, strict=True)
        return Stretch(*(np.where(where, one, two) for one, two in pairs))

    def packed(self) -> Stretch:
        """The same in half the memory, to a millimetre in eight kilometres."""
        halves: Any = [part.astype(np.float32) for part in self[:5]]
        return Stretch._make([*halves, self.begins, self.ends])

    def then(self, other: Stretch) -> Stretch:
        """These with the others after them, with a sharp turn between where their courses say so."""
        turns = is_sharp(self.ends, other.begins)
        return (self._with_turn(turns) if turns.any() else self)._joined(other)

    def _with_turn(self, turns: Mask) -> Stretch:
        """A sharp turn at the end of some."""
        has = np.isfinite(self.tail_m)
        lost = _lost(turns & has, self.tail_m, self.metres, self.seconds)
        head = np.where(turns & ~has, self.metres, self.head_m)
        return self._replace(lost_s=self.lost_s + lost, head_m=head, tail_m=np.where(turns, 0.0, self.tail_m))

    def _joined(self, other: Stretch) -> Stretch:
        has, other_has = np.isfinite(self.tail_m), np.isfinite(other.head_m)
        metres, seconds = self.metres + other.metres, self.seconds + other.seconds
        between, lost = has & other_has, self.lost_s + other.lost_s
        if between.any():
            lost = lost + _lost(between, self.tail_m + other.head_m, metres, seconds)
        return Stretch(
            metres,
            seconds,
            lost,
            np.where(has, self.head_m, self.metres + other.head_m),
            np.where(other_has, other.tail_m, other.metres + self.tail_m),
            np.where(self.metres > 0, self.begins, other.begins),
            np.where(other.metres > 0, other.ends, self.ends),
        )


def edge_stretches(graph: RoadGraph, edges: Int64s) -> Stretch:
    """The edges of a graph, with the sharp bends between their ends."""
    metres = np.maximum(graph.edge_length_dm[edges] / 10, 0.05)
    seconds = metres * 36 / graph.legal_speeds_dkmh()[edges]
    whole = Stretch.straight(metres, seconds)
    if not len(edges):
        return whole
    counts = np.diff(graph.edge_geometry_offset)[edges]
    first = np.cumsum(counts) - counts
    last = first + counts - 1
    row = np.repeat(np.arange(len(edges)), counts)
    point = np.arange(len(row)) + (graph.edge_geometry_offset[edges] - first)[row]
    latitude, longitude = graph.geometry_latitude_e7[point], graph.geometry_longitude_e7[point]
    east, north = np.diff(longitude) * np.cos(np.radians(latitude[:-1] / 1e7)), np.diff(latitude)
    length = METRES_PER_E7 * np.hypot(east, north)  # of each piece; those between two edges mean nothing
    course = courses(east, north)
    portals = [end for bore in graph.tunnels for end in (graph.edge_from[bore.edges[0]], graph.edge_to[bore.edges[-1]])]
    at_portal = np.append(
        first[np.isin(graph.edge_from[edges], portals)], last[np.isin(graph.edge_to[edges], portals)] - 1
    )
    course[at_portal[length[at_portal] < _VAGUE_M]] = NO_COURSE
    bends = np.flatnonzero(is_sharp(course[:-1], course[1:]) & (row[:-2] == row[2:])) + 1
    along_m = np.append(0.0, np.cumsum(length))
    of = row[bends]
    apart = np.flatnonzero(of[:-1] == of[1:])
    between = lost_s(np.diff(along_m[bends])[apart], (metres / seconds)[of[apart]])
    head, tail = whole.head_m.copy(), whole.tail_m.copy()
    head[of[::-1]] = (along_m[bends] - along_m[first[of]])[::-1]  # of more than one the first stays, and below the last
    tail[of] = along_m[last[of]] - along_m[bends]
    return whole._replace(
        lost_s=np.bincount(of[apart], weights=between, minlength=len(edges)).astype(np.float64),
        head_m=head,
        tail_m=tail,
        begins=course[first],
        ends=course[last - 1],
    )


def rest_of(whole: Stretch, along_m: Floats) -> Stretch:
    """What is left of stretches from so many metres along them."""
    rest = np.maximum(whole.metres - along_m, 0.0)
    has, has_all = rest > whole.tail_m, along_m <= whole.head_m
    return Stretch(
        rest,
        _share(whole, rest),
        np.where(has & has_all, whole.lost_s, 0.0),
        np.where(has, np.where(has_all, whole.head_m - along_m, rest - whole.tail_m), np.inf),
        np.where(has, whole.tail_m, np.inf),
        whole.ends,
        whole.ends,
    )


def begin_of(whole: Stretch, along_m: Floats) -> Stretch:
    """Stretches up to so many metres along them."""
    has, has_all = along_m > whole.head_m, whole.metres - along_m <= whole.tail_m
    return Stretch(
        along_m,
        _share(whole, along_m),
        np.where(has & has_all, whole.lost_s, 0.0),
        np.where(has, whole.head_m, np.inf),
        np.where(has, np.where(has_all, whole.tail_m - (whole.metres - along_m), along_m - whole.head_m), np.inf),
        whole.begins,
        whole.begins,
    )


def _share(whole: Stretch, metres: Floats) -> Floats:
    return np.asarray(whole.seconds * metres / np.maximum(whole.metres, 0.05))


def _lost(where: Mask, apart_m: Floats, metres: Floats, seconds: Floats) -> Floats:
    """Seconds lost between two turns so far apart, where there are two, on stretches of such a pace."""
    lost = np.zeros(where.shape)
    rows = np.nonzero(where)
    along, takes = (np.broadcast_to(part, where.shape)[rows] for part in (metres, seconds))
    known = np.isfinite(along) & (takes > 0) & (along > 0)
    cruise = np.where(known, np.where(known, along, 1.0) / np.where(known, takes, 1.0), _USUAL_M_S)
    lost[rows] = lost_s(np.broadcast_to(apart_m, where.shape)[rows], cruise)
    return lost
