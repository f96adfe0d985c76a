"""One straight segment and one area, exactly: in whole numbers and fractions, without limits of size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from geo.position import Position
from geo.shapes import HALF_TURN_E7, TURN_E7, MultiPolygon

Edge = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Crossing:
    """From the first to the last share of a segment that lies in the area; 0 and 1 when an end is inside."""

    t_in: Fraction
    t_out: Fraction
    starts_inside: bool
    ends_inside: bool


def cross(shape: MultiPolygon, a: Position, b: Position) -> Crossing | None:
    """What the segment from ``a`` to ``b`` (straight in degrees, the short way round) does to an area; None when they do not meet."""
    found = passages(shape, a, b)
    if not found:
        return None
    return Crossing(found[0][0], found[-1][1], found[0][0] == 0, found[-1][1] == 1)


def passages(shape: MultiPolygon, a: Position, b: Position) -> tuple[tuple[Fraction, Fraction], ...]:
    """Every stretch of the segment that lies in the area, as shares of it in order; a mere touch is a stretch of no length."""
    return spans(shape.edges(), _beside(shape, a, b))


def spans(edges: Sequence[Edge], segment: Edge) -> tuple[tuple[Fraction, Fraction], ...]:
    """The same for bare edges and a segment (latitude, longitude, up, across) already moved next to them."""
    ends = {Fraction(0), Fraction(1)}
    stops = sorted(ends.union(*(_contacts(segment, edge) for edge in edges)))
    found: list[tuple[Fraction, Fraction]] = []
    for stop in stops:
        if _holds(edges, segment, stop):
            before = found[-1] if found else None
            if before and _holds(edges, segment, (before[1] + stop) / 2):
                found[-1] = (before[0], stop)
            else:
                found.append((stop, stop))
    return tuple(found)


def _beside(shape: MultiPolygon, a: Position, b: Position) -> Edge:
    across = (b.longitude_e7 - a.longitude_e7 + HALF_TURN_E7) % TURN_E7 - HALF_TURN_E7
    _, west, _, east = shape.box
    return beside((a.latitude_e7, a.longitude_e7, b.latitude_e7 - a.latitude_e7, across), west, east)


def beside(segment: Edge, west: int, east: int) -> Edge:
    """A segment (latitude, longitude, up, across) moved by whole turns until its middle is next to that of a range of longitudes."""
    latitude, longitude, up, across = segment
    turns = (2 * longitude + across - west - east + TURN_E7) // (2 * TURN_E7)
    return latitude, longitude - turns * TURN_E7, up, across


def _contacts(segment: Edge, edge: Edge) -> Iterator[Fraction]:
    """Shares of the segment at which it meets an edge: one where they cross, the ends where they lie on each other."""
    sy, sx, up, across = segment
    ay, ax, by, bx = edge
    ey, ex = by - ay, bx - ax
    start = ex * (sy - ay) - ey * (sx - ax)
    turn = ey * across - ex * up
    if turn:
        share = Fraction(start, turn)
        y, x = sy + share * up, sx + share * across
        if 0 <= share <= 1 and min(ay, by) <= y <= max(ay, by) and min(ax, bx) <= x <= max(ax, bx):
            yield share
    elif start == 0 and (up or across):
        ends = (Fraction(y - sy, up) if up else Fraction(x - sx, across) for y, x in ((ay, ax), (by, bx)))
        yield from (share for share in ends if 0 <= share <= 1)


def _holds(edges: Sequence[Edge], segment: Edge, share: Fraction) -> bool:
    """Whether the area holds the point at a share of the segment."""
    sy, sx, up, across = segment
    y, x = sy + share * up, sx + share * across
    odd = False
    for ay, ax, by, bx in edges:
        side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if side == 0 and min(ay, by) <= y <= max(ay, by) and min(ax, bx) <= x <= max(ax, bx):
            return True
        odd ^= (ay > y) != (by > y) and (side < 0) == (by < ay)
    return odd
