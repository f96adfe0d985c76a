"""Restricted areas, corridors and roads with hours (DM-04, RT-03, RT-04): entered, crossed between two fixes, inside when a window opens.

``geo.sides`` says when a vehicle has changed sides; here it is known to be inside, outside, or in doubt about one zone at a time. Each
vehicle is gone through by itself and asks now and then how far the edge of a zone is; what all of them ask is answered together.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo.index import Crossings
from geo.nearest import distances_to_edge_m
from geo.position import Position, bearing_deg, distance_m, offset
from geo.shapes import MultiPolygon
from geo.sides import USUAL, Doubt, has_changed, is_deep, weighed
from services.monitoring.engine.batch import Batch, Rows
from services.monitoring.engine.hours import DRAWN, apply_hours, leave
from services.monitoring.engine.visits import Visit
from services.monitoring.engine.world import World
from services.monitoring.model import ZoneRecord

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Asking = Generator[
    tuple[MultiPolygon, Position], float, None
]  # how many metres the edge of an area is away from a place

_MOVING_DKMH = 150
_MOVING_M = 150.0


@dataclass(frozen=True, slots=True)
class Inside:
    """Rows of (good row, zone number) inside zones that limit the speed."""

    row: Int64s
    zone: Int64s


def areas(batch: Batch) -> Inside:
    """Look up all steps at once; only vehicles in or through a restricted zone, or still visiting one, are looked at singly."""
    good, world, state = batch.good, batch.world, batch.state
    drove = (batch.from_ms >= 0) & (good.time - batch.from_ms <= world.thresholds.crossing_gap_ms)
    latitude, longitude = (
        np.where(drove, batch.from_latitude, good.latitude),
        np.where(drove, batch.from_longitude, good.longitude),
    )
    found = world.through(latitude, longitude, good.latitude, good.longitude)
    barred = np.flatnonzero(world.barred.to(batch.state, good.slot[found.segment], found.zone))
    rows = set(found.segment[barred].tolist())
    known = {*state.visits, *state.doubts}
    if known:
        concerned = np.isin(good.slot, np.fromiter(known, dtype=np.int64, count=len(known)))
        rows |= set(np.flatnonzero(concerned).tolist())
    if rows:
        singly = _Barred(found, barred, len(good))
        _answer(_drive(batch, singly, each, drove) for each in _by_vehicle(rows, good))
    limited = np.flatnonzero(found.ends_inside & world.limits_speed[found.zone])
    return Inside(found.segment[limited], found.zone[limited])


class _Barred:
    """What is crossed and barred, row by row: ``hits`` of a row are places in the other lists."""

    def __init__(self, found: Crossings, barred: Int64s, rows: int) -> None:
        self._first = np.searchsorted(found.segment[barred], np.arange(rows + 1)).tolist()
        self.zone: list[int] = found.zone[barred].tolist()
        self.t_in: list[float] = found.t_in[barred].tolist()
        self.t_out: list[float] = found.t_out[barred].tolist()
        self.ends_inside: list[bool] = found.ends_inside[barred].tolist()

    def hits(self, row: int) -> range:
        return range(self._first[row], self._first[row + 1])


def _by_vehicle(rows: set[int], good: Rows) -> Iterable[range]:
    """From the first of the rows of a vehicle to its last row at all, for a visit may begin on any."""
    starts, last = np.array(sorted(rows), dtype=np.int64), np.flatnonzero(good.last)
    firsts = np.ones(len(starts), dtype=bool)
    firsts[1:] = good.slot[starts[1:]] != good.slot[starts[:-1]]
    ends = last[np.searchsorted(last, starts[firsts])] + 1
    return map(range, starts[firsts].tolist(), ends.tolist())


def _answer(vehicles: Iterable[Asking]) -> None:
    """Let all of them go on until they ask, and answer, until none asks any more."""
    asking = [(vehicle, asked) for vehicle in vehicles if (asked := next(vehicle, None)) is not None]
    while asking:
        areas, places = zip(*(asked for _, asked in asking), strict=True)
        latitude = np.array([place.latitude_e7 for place in places], dtype=np.int64)
        longitude = np.array([place.longitude_e7 for place in places], dtype=np.int64)
        metres = distances_to_edge_m(areas, latitude, longitude).tolist()
        told = ((vehicle, _told(vehicle, answer)) for (vehicle, _), answer in zip(asking, metres, strict=True))
        asking = [(vehicle, asked) for vehicle, asked in told if asked is not None]


def _told(vehicle: Asking, metres: float) -> tuple[MultiPolygon, Position] | None:
    """What it asks next."""
    try:
        return vehicle.send(metres)
    except StopIteration:
        return None


def _drive(batch: Batch, found: _Barred, rows: range, drove: Mask) -> Asking:
    """One vehicle's fixes, one after the other."""
    state, world, slot = batch.state, batch.world, int(batch.good.slot[rows[0]])
    visits, doubts = state.visits.pop(slot, {}), state.doubts.pop(slot, {})
    for row in rows:
        is_concerned = visits or doubts or found.hits(row)
        if is_concerned and (doubts or not _goes_on(world, found, row, visits)):
            yield from _step(_Look(batch, slot, row, bool(drove[row])), found, visits, doubts)
    if visits:
        state.visits[slot] = visits
    if doubts:
        state.doubts[slot] = doubts


def _goes_on(world: World, found: _Barred, row: int, visits: dict[str, Visit]) -> bool:
    """Whether the vehicle is still just where it was, and all has been said about that."""
    hits = found.hits(row)
    if len(hits) != len(visits):
        return False
    for hit in hits:
        visit = visits.get(world.zone(found.zone[hit]).id)
        if visit is None or not visit.is_settled or visit.left_ms or not found.ends_inside[hit]:
            return False
    return True


class _Hit(NamedTuple):
    """What the step to a fix has to do with one zone it meets: shares of the step, and whether the fix lies inside."""

    t_in: float
    t_out: float
    ends_inside: bool


class _Look:
    """One fix and the step that led to it, as one zone after the other sees them."""

    def __init__(self, batch: Batch, slot: int, row: int, drove: bool) -> None:
        good = batch.good
        self.batch, self.slot, self.row, self.drove = batch, slot, row, drove
        self.arrival, self.now = int(good.arrival[row]), int(good.time[row])
        self.from_ms = int(batch.from_ms[row]) if drove else self.now
        self.error_m = USUAL.error_m(int(good.accuracy[row]) / 10)

    @property
    def place(self) -> Position:
        return self.batch.good.position(self.row)

    @property
    def before(self) -> Position | None:
        """Where the vehicle was last believed to be before the fix."""
        good, row = self.batch.good, self.row - 1
        return good.position(row) if row >= 0 and good.slot[row] == self.slot else self.batch.state.position(self.slot)

    @property
    def moves(self) -> bool:
        is_fast = int(self.batch.good.speed[self.row]) >= _MOVING_DKMH
        return is_fast or distance_m(self._from, self.place) >= _MOVING_M

    def at(self, share: float) -> int:
        """The time at a share of the step."""
        return self.from_ms + round(share * (self.now - self.from_ms))

    def between(self, hit: _Hit) -> Position:
        """The middle of the part of the step that lies in a zone."""
        start, end = self._from, self.place
        return offset(start, bearing_deg(start, end), (hit.t_in + hit.t_out) / 2 * distance_m(start, end))

    @property
    def _from(self) -> Position:
        if not self.drove:
            return self.place
        return Position(int(self.batch.from_latitude[self.row]), int(self.batch.from_longitude[self.row]))


def _step(look: _Look, found: _Barred, visits: dict[str, Visit], doubts: dict[str, Doubt]) -> Asking:
    state, world = look.batch.state, look.batch.world
    trip, hits, known = state.trips.get(look.slot), dict[str, _Hit](), set(visits)
    for hit in found.hits(look.row):
        zone = world.zone(found.zone[hit])
        if world.barring(zone, trip):
            hits[zone.id] = _Hit(found.t_in[hit], found.t_out[hit], found.ends_inside[hit])
    for zone_id in list(dict.fromkeys((*hits, *visits, *doubts))):
        see = _see_inside if zone_id in visits else _see_outside
        yield from see(look, zone_id, hits.get(zone_id), visits, doubts)
    for zone_id, visit in visits.items():
        place = look.before if zone_id in known else look.place
        apply_hours(state, world, look.batch.out, look.arrival, look.slot, zone_id, visit, look.now, place)


def _see_outside(
    look: _Look, zone_id: str, hit: _Hit | None, visits: dict[str, Visit], doubts: dict[str, Doubt]
) -> Asking:
    """A fix of a vehicle that is outside a zone for all that is known."""
    world = look.batch.world
    zone, doubt = world.zones.get(zone_id), doubts.pop(zone_id, None)
    if zone is None or look.now < zone.since_ms:
        return
    if doubt is not None and not look.drove and look.moves:
        doubt = None  # it has been elsewhere meanwhile
    area, half_width_m = world.area(zone), world.half_width_m(zone)
    if doubt is None:
        if hit is None:
            return
        if not hit.ends_inside:
            if look.moves and is_deep((yield area, look.between(hit)), look.error_m, half_width_m):
                _crossed(look, zone, look.at(hit.t_in), look.at(hit.t_out))
            return
        doubt = Doubt(look.now, look.at(hit.t_in), "entered" if look.drove and hit.t_in > 0 else "inside")
    depth_m = yield area, look.place
    if hit is None or not hit.ends_inside:
        depth_m = -depth_m
    doubt = weighed(doubt, depth_m)
    is_inside = has_changed(doubt, look.now, depth_m, look.error_m, half_width_m, moves=look.moves)
    if is_inside:
        visits[zone_id] = _visit(zone, doubt.crossed_ms, doubt.how)
    elif is_inside is None:
        doubts[zone_id] = doubt
    elif look.moves and is_deep(doubt.deepest_dm / 10, look.error_m, half_width_m):
        _crossed(look, zone, doubt.crossed_ms, look.at(hit.t_out) if hit is not None else look.now)


def _visit(zone: ZoneRecord, entered_ms: int, how: str) -> Visit:
    """Since the zone was drawn, if the vehicle was inside by then."""
    if entered_ms < zone.since_ms:
        entered_ms, how = zone.since_ms, DRAWN
    return Visit(entered_ms, how, entered_ms)


def _crossed(look: _Look, zone: ZoneRecord, entered_ms: int, left_ms: int) -> None:
    batch, passing = look.batch, _visit(zone, entered_ms, "crossed")
    if passing.entered_ms <= left_ms:
        leave(batch.state, batch.world, batch.out, look.arrival, look.slot, zone.id, passing, left_ms, look.place)


def _see_inside(
    look: _Look, zone_id: str, hit: _Hit | None, visits: dict[str, Visit], doubts: dict[str, Doubt]
) -> Asking:
    """A fix of a vehicle that is inside a zone for all that is known; hours wait while it may have left."""
    batch, visit = look.batch, visits[zone_id]
    zone, doubt = batch.world.zones.get(zone_id), doubts.pop(zone_id, None)
    is_outside = hit is None or not hit.ends_inside
    if doubt is None and not is_outside:
        return
    if doubt is None or (not look.drove and look.moves):
        doubt = Doubt(look.now, look.at(hit.t_out) if hit is not None else look.now)
    has_left: bool | None = True
    if zone is not None:
        beyond_m = yield batch.world.area(zone), look.place
        if not is_outside:
            beyond_m = -beyond_m
        doubt = weighed(doubt, beyond_m)
        has_left = has_changed(doubt, look.now, beyond_m, look.error_m, math.inf, moves=look.moves)
    visit.left_ms = doubt.crossed_ms if is_outside and has_left is not False else 0
    if has_left:
        leave(
            batch.state, batch.world, batch.out, look.arrival, look.slot, zone_id, visit, doubt.crossed_ms, look.before
        )
        del visits[zone_id]
    elif has_left is None:
        doubts[zone_id] = doubt
