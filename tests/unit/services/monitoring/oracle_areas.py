"""Visits of zones that are always closed, as one would write them down: one vehicle, one zone, all its looks in a list.

Crossings are those of ``geo.crossing`` in fractions; how sure one is of a side is worked out anew from all looks since the doubt began.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from geo.crossing import Crossing, cross
from geo.position import Position
from services.monitoring.engine.judge import barring
from services.monitoring.model import ZoneRecord
from tests.unit.services.monitoring.drives import Row
from tests.unit.services.monitoring.oracle import Day, Found, metres

CLOSED = ("a", "thin", "bombs")
Look = tuple[int, float, float]  # time, metres inside (less than none outside), times the error that is enough


def areas_of(day: Day) -> list[Found]:
    return sorted(found for name in CLOSED for found in _visits(day, day.world.zones[name]))


def _visits(day: Day, zone: ZoneRecord) -> Iterator[Found]:
    area = day.world.area(zone)
    before: Row | None = None
    entered = left = 0  # 0: not; ``left`` while it may be over
    begun, looks = 0, list[Look]()  # of a change of side: the crossing that may have been one
    marks = sorted([(fact.at_ms, 0, None) for fact in day.facts] + [(row[1], 1, row) for row in day.good])
    for at, _, row in marks:
        trip = day.trip(at)
        is_closed = trip is not None and bool(barring(zone, trip))
        if row is None:
            if entered and not is_closed:
                yield "AREA_ENTERED", zone.id, entered, left or at
                entered = left = 0
            looks = looks if is_closed else []
            continue
        came, before = before, row
        if not is_closed:
            continue
        has_driven = came is not None and not day.is_broken(came, row) and at - came[1] <= day.limits.crossing_gap_ms
        one = came if came is not None and has_driven else row
        here, met = _place(row), cross(area, _place(one), _place(row))
        moves = row[4] >= 150 or metres(one, row) >= 150
        is_in = met is not None and met.ends_inside
        if looks and moves and not has_driven:
            looks = []
        if not looks:
            if entered and is_in:
                continue
            if not entered and not is_in:
                if (
                    met is not None
                    and moves
                    and area.distance_m(_middle(one, row, met)) >= _enough(area.half_width_m())
                ):
                    yield "AREA_ENTERED", zone.id, _at(one, row, met.t_in), _at(one, row, met.t_out)
                continue
            share = 1 if met is None else met.t_out if entered else met.t_in
            begun = _at(one, row, share)
        looks.append((at, area.distance_m(here) * (1 if is_in else -1), 30.0 if moves else 60.0))
        verdict = _verdict(looks, -1 if entered else 1, math.inf if entered else area.half_width_m(), moves)
        if entered:
            left = begun if not is_in and verdict is not False else 0
            if verdict:
                yield "AREA_ENTERED", zone.id, entered, begun
                entered = left = 0
        elif verdict:
            entered = begun
        elif verdict is False and moves and max(depth for _, depth, _ in looks) >= _enough(area.half_width_m()) - 0.05:
            yield "AREA_ENTERED", zone.id, begun, at if met is None else _at(one, row, met.t_out)
        looks = looks if verdict is None else []
    if entered:
        yield "AREA_ENTERED", zone.id, entered, 0


def _verdict(looks: list[Look], sign: int, half_width_m: float, moves: bool) -> bool | None:
    at, depth, enough = looks[-1]
    mean = sum(round(sign * each * 10) for _, each, _ in looks) / len(looks) / 10
    sure = mean * math.sqrt(min(len(looks), 1 + (at - looks[0][0]) / 60_000))
    if sign * depth >= enough or sure >= enough or (moves and len(looks) > 1 and mean >= half_width_m / 2):
        return True
    return False if sign * depth <= -enough or sure <= -enough else None


def _enough(half_width_m: float) -> float:
    return min(30.0, half_width_m / 2)


def _place(row: Row) -> Position:
    return Position(row[2], row[3])


def _at(one: Row, other: Row, share: Fraction | float) -> int:
    return one[1] + round(float(share) * (other[1] - one[1]))


def _middle(one: Row, other: Row, met: Crossing) -> Position:
    share = float(met.t_in + met.t_out) / 2
    return Position(*(round(one[axis] + share * (other[axis] - one[axis])) for axis in (2, 3)))
