"""Restricted areas, corridors and roads with hours (DM-04, RT-03, RT-04): entered, crossed between two fixes, inside when a window opens.

``geo.sides`` says when a vehicle has changed sides; here it is known to be inside, outside, or in doubt about one zone at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.index import Crossings
from geo.position import Position, bearing_deg, distance_m, offset
from geo.sides import USUAL, Doubt, has_changed, is_deep, weighed
from services.monitoring.engine.batch import Batch, Rows
from services.monitoring.engine.hours import DRAWN, apply_hours, leave
from services.monitoring.engine.visits import Visit
from services.monitoring.engine.world import World
from services.monitoring.model import ZoneRecord

Int64s = npt.NDArray[np.int64]

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
        for row in _with_followers(rows, good):
            slot = int(good.slot[row])
            if singly.first[row] < singly.first[row + 1] or slot in state.visits or slot in state.doubts:
                _step(batch, singly, row, bool(drove[row]))
    limited = np.flatnonzero(found.ends_inside & world.limits_speed[found.zone])
    return Inside(found.segment[limited], found.zone[limited])


class _Barred:
    """What is crossed and barred, row by row: hits of row ``r`` are ``first[r]`` to ``first[r + 1]``."""

    def __init__(self, found: Crossings, barred: Int64s, rows: int) -> None:
        self.first = np.searchsorted(found.segment[barred], np.arange(rows + 1)).tolist()
        self.zone: list[int] = found.zone[barred].tolist()
        self.t_in: list[float] = found.t_in[barred].tolist()
        self.t_out: list[float] = found.t_out[barred].tolist()
        self.ends_inside: list[bool] = found.ends_inside[barred].tolist()


def _with_followers(rows: set[int], good: Rows) -> list[int]:
    """The rows and all later ones of the same vehicles, for a visit may begin on any."""
    starts, last = np.array(sorted(rows), dtype=np.int64), np.flatnonzero(good.last)
    firsts = np.ones(len(starts), dtype=bool)
    firsts[1:] = good.slot[starts[1:]] != good.slot[starts[:-1]]
    ends = last[np.searchsorted(last, starts[firsts])]
    spans_of_rows = zip(starts[firsts].tolist(), ends.tolist(), strict=True)
    return [row for begin, end in spans_of_rows for row in range(begin, end + 1)]


def _step(batch: Batch, found: _Barred, row: int, drove: bool) -> None:
    state, world, good = batch.state, batch.world, batch.good
    slot, now = int(good.slot[row]), int(good.time[row])
    visits, doubts = state.visits.pop(slot, {}), state.doubts.pop(slot, {})
    if doubts or not _goes_on(world, found, row, visits):
        look, trip, hits, known = _Look(batch, row, drove), state.trips.get(slot), dict[str, _Hit](), set(visits)
        for hit in range(found.first[row], found.first[row + 1]):
            zone = world.zone(found.zone[hit])
            if world.barring(zone, trip):
                hits[zone.id] = _Hit(found.t_in[hit], found.t_out[hit], found.ends_inside[hit])
        for zone_id in list(dict.fromkeys((*hits, *visits, *doubts))):
            see = _see_inside if zone_id in visits else _see_outside
            see(look, zone_id, hits.get(zone_id), visits, doubts)
        for zone_id, visit in visits.items():
            place = look.before if zone_id in known else look.place
            apply_hours(state, world, batch.out, look.arrival, slot, zone_id, visit, now, place)
    if visits:
        state.visits[slot] = visits
    if doubts:
        state.doubts[slot] = doubts


def _goes_on(world: World, found: _Barred, row: int, visits: dict[str, Visit]) -> bool:
    """Whether the vehicle is still just where it was, and all has been said about that."""
    begin, end = found.first[row], found.first[row + 1]
    if end - begin != len(visits):
        return False
    for hit in range(begin, end):
        visit = visits.get(world.zone(found.zone[hit]).id)
        if visit is None or not visit.is_settled or visit.left_ms or not found.ends_inside[hit]:
            return False
    return True


@dataclass(frozen=True, slots=True)
class _Hit:
    """What the step to a fix has to do with one zone it meets: shares of the step, and whether the fix lies inside."""

    t_in: float
    t_out: float
    ends_inside: bool


class _Look:
    """One fix and the step that led to it, as one zone after the other sees them."""

    def __init__(self, batch: Batch, row: int, drove: bool) -> None:
        good = batch.good
        self.batch, self.place, self.drove = batch, good.position(row), drove
        self.slot, self.arrival, self.now = int(good.slot[row]), int(good.arrival[row]), int(good.time[row])
        self.from_ms = int(batch.from_ms[row]) if drove else self.now
        self._from = Position(int(batch.from_latitude[row]), int(batch.from_longitude[row])) if drove else self.place
        self.error_m = USUAL.error_m(int(good.accuracy[row]) / 10)
        self.moves = int(good.speed[row]) >= _MOVING_DKMH or distance_m(self._from, self.place) >= _MOVING_M

    @property
    def before(self) -> Position | None:
        """Where the vehicle was last believed to be before the fix."""
        return self.batch.place_before(self.slot, self.now)

    def at(self, share: float) -> int:
        """The time at a share of the step."""
        return self.from_ms + round(share * (self.now - self.from_ms))

    def depth_m(self, zone: ZoneRecord, hit: _Hit | None) -> float:
        """Metres inside the zone's edge, less than none outside."""
        metres = self.batch.world.area(zone).distance_m(self.place)
        return metres if hit is not None and hit.ends_inside else -metres

    def depth_between_m(self, zone: ZoneRecord, hit: _Hit) -> float:
        """How deep inside the middle of the part of the step that lies in the zone is."""
        metres = (hit.t_in + hit.t_out) / 2 * distance_m(self._from, self.place)
        middle = offset(self._from, bearing_deg(self._from, self.place), metres)
        return self.batch.world.area(zone).distance_m(middle)


def _see_outside(
    look: _Look, zone_id: str, hit: _Hit | None, visits: dict[str, Visit], doubts: dict[str, Doubt]
) -> None:
    """A fix of a vehicle that is outside a zone for all that is known."""
    world = look.batch.world
    zone, doubt = world.zones.get(zone_id), doubts.pop(zone_id, None)
    if zone is None or look.now < zone.since_ms:
        return
    if doubt is not None and not look.drove and look.moves:
        doubt = None  # it has been elsewhere meanwhile
    half_width_m = world.half_width_m(zone)
    if doubt is None:
        if hit is None:
            return
        if not hit.ends_inside:
            if look.moves and is_deep(look.depth_between_m(zone, hit), look.error_m, half_width_m):
                _crossed(look, zone, look.at(hit.t_in), look.at(hit.t_out))
            return
        doubt = Doubt(look.now, look.at(hit.t_in), "entered" if look.drove and hit.t_in > 0 else "inside")
    depth_m = look.depth_m(zone, hit)
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
) -> None:
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
        beyond_m = -look.depth_m(zone, hit)
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
