"""Planned routes as lines on the map: how far along a place is, which stretches lie in a zone, which lines come by a box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from geo.index import Crossings
from geo.position import E7, Position, distances_m
from geo.shapes import METRES_PER_E7
from services.monitoring import routes
from services.monitoring.routes import Corners, Point

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Stretch = tuple[float, float]  # metres along the line, from where to where
Box = tuple[int, int, int, int]  # south, west, height, width in degrees x 10^7

_TURN_E7 = 360 * E7
_SAME_PLACE_M = 40.0  # where a line comes by twice, as on the way there and back
_SAMPLED_M = 500.0
_NOWHERE = (-(1 << 40), 0, 0, 0)  # a box that meets none


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Line:
    """The corners of a planned route, at least two, and how far along each is; one object for all who go by the route."""

    corners: Corners  # latitude, and longitude without a jump at the date line
    along: Floats

    @classmethod
    def of(cls, route: Sequence[Point]) -> Line:
        key = routes.shared(route)
        line = _LINES.get(key)
        if line is None:
            line = _LINES[key] = cls._drawn(routes.corners_of(route))
        return line

    @classmethod
    def _drawn(cls, corners: Corners) -> Line:
        north, longitude = corners.T.astype(np.int64)
        steps = (np.diff(longitude) + 180 * E7) % _TURN_E7 - 180 * E7
        east = longitude[0] + np.concatenate([[0], np.cumsum(steps)])
        metres = distances_m(north[:-1], east[:-1], north[1:], east[1:])
        if not np.array_equal(east, longitude):
            corners = np.stack([north, east], axis=1).astype(np.int32)
        return cls(corners, np.concatenate([[0.0], np.cumsum(metres)]))

    @property
    def north(self) -> Int64s:
        return self.corners[:, 0].astype(np.int64)

    @property
    def east(self) -> Int64s:
        return self.corners[:, 1].astype(np.int64)

    @property
    def box(self) -> Box:
        (south, west), (north, east) = (
            found.tolist() for found in (self.corners.min(axis=0), self.corners.max(axis=0))
        )
        return south, west, north - south, east - west

    @property
    def length_m(self) -> float:
        return float(self.along[-1])

    @property
    def pieces(self) -> tuple[Int64s, Int64s, Int64s, Int64s]:
        """Latitude and longitude of the beginning and of the end of each straight piece."""
        north, longitude = self.north, (self.east + 180 * E7) % _TURN_E7 - 180 * E7
        return north[:-1], longitude[:-1], north[1:], longitude[1:]

    def at(self, metres: float) -> Position:
        """The place so far along."""
        north, east = (round(float(np.interp(metres, self.along, values))) for values in (self.north, self.east))
        return Position(north, (east + 180 * E7) % _TURN_E7 - 180 * E7)

    def samples(self) -> tuple[Int64s, Int64s]:
        """Places along the line, none farther than ``_SAMPLED_M`` from the next."""
        metres = np.append(np.arange(0.0, self.length_m, _SAMPLED_M), self.length_m)
        north, east = (
            np.rint(np.interp(metres, self.along, values)).astype(np.int64) for values in (self.north, self.east)
        )
        return north, (east + 180 * E7) % _TURN_E7 - 180 * E7

    def progress_m(self, place: Position, within_m: float, *, first: bool = True) -> float | None:
        """How far along a place is that is no farther from the line than that, None for others. Where the line comes by twice it is
        the ``first`` time, or the last."""
        narrowing = METRES_PER_E7 * float(np.cos(np.radians(place.latitude)))
        aside = self.east - place.longitude_e7
        aside = aside - round(float(aside.mean()) / _TURN_E7) * _TURN_E7
        y, x = (self.north - place.latitude_e7) * METRES_PER_E7, aside * narrowing
        up, across = np.diff(y), np.diff(x)
        share = np.clip(-(y[:-1] * up + x[:-1] * across) / np.maximum(up * up + across * across, 1e-6), 0.0, 1.0)
        away = np.hypot(y[:-1] + share * up, x[:-1] + share * across)
        nearest = float(away.min())
        if nearest > within_m:
            return None
        near = np.flatnonzero(away <= nearest + _SAME_PLACE_M)
        piece = int(near[0 if first else -1])
        return float(self.along[piece] + share[piece] * (self.along[piece + 1] - self.along[piece]))


_LINES: WeakKeyDictionary[tuple[Point, ...], Line] = WeakKeyDictionary()


class Lines:
    """At most one line a slot. Made from the trips, never stored."""

    def __init__(self) -> None:
        self._line: dict[int, Line] = {}
        self._boxes = np.empty((0, 4), dtype=np.int64)  # by slot

    def lay(self, slot: int, line: Line) -> None:
        self._line[slot] = line
        if slot >= len(self._boxes):
            more = np.full((slot + 1 - len(self._boxes) + len(self._boxes) // 4, 4), _NOWHERE, dtype=np.int64)
            self._boxes = np.concatenate([self._boxes, more])
        self._boxes[slot] = line.box

    def drop(self, slot: int) -> None:
        if self._line.pop(slot, None) is not None:
            self._boxes[slot] = _NOWHERE

    def get(self, slot: int) -> Line | None:
        return self._line.get(slot)

    def coming_by(self, box: Box) -> dict[int, Line]:
        """The lines that may come into a box, by slot."""
        south, west, height, width = box
        souths, wests, heights, widths = self._boxes.T
        meets = (souths <= south + height) & (south <= souths + heights)
        meets &= ((wests - west) % _TURN_E7 <= width) | ((west - wests) % _TURN_E7 <= widths)
        return {slot: self._line[slot] for slot in np.flatnonzero(meets).tolist()}


def stretches(lines: Sequence[Line], found: Crossings) -> dict[tuple[int, int], list[Stretch]]:
    """By (line, zone) number, the stretches of each line inside each zone, in order; ``found`` is what all pieces of all lines, one
    after the other, go through."""
    counts = np.array([len(line.along) - 1 for line in lines], dtype=np.int64)
    owner = np.repeat(np.arange(len(lines)), counts)[found.segment]
    begin = np.concatenate([line.along[:-1] for line in lines])[found.segment]
    length = np.concatenate([np.diff(line.along) for line in lines])[found.segment]
    rows = zip(
        owner.tolist(), found.zone.tolist(), (begin + found.t_in * length).tolist(),
        (begin + found.t_out * length).tolist(), strict=True,
    )  # fmt: skip
    inside: dict[tuple[int, int], list[Stretch]] = {}
    for line, zone, since, until in rows:
        known = inside.setdefault((line, zone), [])
        if known and since <= known[-1][1] + 0.5:
            known[-1] = known[-1][0], until
        else:
            known.append((since, until))
    return inside


def joined_pieces(lines: Iterable[Line]) -> tuple[Int64s, Int64s, Int64s, Int64s]:
    """The pieces of all lines, one line after the other."""
    south, west, north, east = (
        np.concatenate(columns) for columns in zip(*(line.pieces for line in lines), strict=True)
    )
    return south, west, north, east
