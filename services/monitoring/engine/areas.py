"""Restricted areas, corridors and roads with hours (DM-04, RT-03, RT-04): entered, crossed between two fixes, inside when a window opens.

A vehicle that hardly moves must be well inside to have entered: beside a fence a receiver errs by ten metres and more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.index import Crossings
from geo.position import Position, distances_m
from services.monitoring.engine.batch import Batch, Outbox, Rows
from services.monitoring.engine.desk import end_alarm, raise_alarm, withdraw_alarm
from services.monitoring.engine.judge import spans
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.visits import Visit
from services.monitoring.engine.world import World
from services.monitoring.facts import TripFact
from services.monitoring.model import AlarmKind, Severity, ZoneRecord, always

Int64s = npt.NDArray[np.int64]

_MOVING_DKMH = 150
_MOVING_M = 150.0
_DEEP_M = 70.0  # more than four times the error of a poor receiver: an hour has some seventy independent errors
_GRAVE = frozenset({"HIGHLY_TOXIC", "FIREWORKS", "CIVIL_EXPLOSIVE", "RADIOACTIVE"})


@dataclass(frozen=True, slots=True)
class Inside:
    """Rows of (good row, zone number) inside zones that limit the speed."""

    row: Int64s
    zone: Int64s


def areas(batch: Batch) -> Inside:
    """Look up all steps at once; only vehicles in or through a restricted zone, or still visiting one, are looked at singly."""
    good, world, visits = batch.good, batch.world, batch.state.visits
    drove = (batch.from_ms >= 0) & (good.time - batch.from_ms <= world.thresholds.crossing_gap_ms)
    latitude, longitude = (
        np.where(drove, batch.from_latitude, good.latitude),
        np.where(drove, batch.from_longitude, good.longitude),
    )
    found = world.through(latitude, longitude, good.latitude, good.longitude)
    barred = _barred(batch, found)
    rows = set(found.segment[barred].tolist())
    if visits:
        visiting = np.isin(good.slot, np.fromiter(visits, dtype=np.int64, count=len(visits)))
        rows |= set(np.flatnonzero(visiting).tolist())
    if rows:
        singly = _Barred(found, barred, len(good))
        for row in _with_followers(rows, good):
            if singly.first[row] < singly.first[row + 1] or int(good.slot[row]) in visits:
                _step(batch, singly, row, bool(drove[row]))
    limited = np.flatnonzero(found.ends_inside & world.limits_speed[found.zone])
    return Inside(found.segment[limited], found.zone[limited])


def _barred(batch: Batch, found: Crossings) -> Int64s:
    """The rows of what was crossed that bar the vehicle's load, but for passes and hours."""
    slot = batch.good.slot[found.segment]
    load = batch.state.load_number[slot]
    answer = np.zeros(len(slot), dtype=bool)
    for number in np.unique(load).tolist():
        mine = np.flatnonzero(load == number)
        answer[mine] = batch.world.may_bar(batch.state.loads[number], found.zone[mine])
    return np.flatnonzero(answer)


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
    visits = state.visits.get(slot, {})
    if _goes_on(world, found, row, visits):
        return
    trip, seen = state.trips.get(slot), set()
    for hit in range(found.first[row], found.first[row + 1]):
        zone = world.zone(found.zone[hit])
        if world.barring(zone, trip) and _meets(batch, found, hit, row, zone, drove, visits):
            seen.add(zone.id)
    if len(seen) < len(visits):
        for zone_id in [zone_id for zone_id in visits if zone_id not in seen]:
            _outside(batch, found, row, zone_id, visits)
    if visits:
        state.visits[slot] = visits
        place, arrival = good.position(row), int(good.arrival[row])
        for zone_id, visit in visits.items():
            apply_hours(state, world, batch.out, arrival, slot, zone_id, visit, now, place)
    else:
        state.visits.pop(slot, None)


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


def _meets(
    batch: Batch, found: _Barred, hit: int, row: int, zone: ZoneRecord, drove: bool, visits: dict[str, Visit]
) -> bool:
    """The step from the last fix meets a zone that bars the load. True while the vehicle is inside at its end."""
    good, ends_inside = batch.good, found.ends_inside[hit]
    visit = visits.get(zone.id)
    if visit is not None:
        if ends_inside:
            visit.seen_inside()
        return ends_inside
    if not _is_convincing(batch, row, drove, zone, ends_inside):
        return False
    now = int(good.time[row])
    begin = int(batch.from_ms[row]) if drove else now
    entered, left = (begin + round(share * (now - begin)) for share in (found.t_in[hit], found.t_out[hit]))
    if ends_inside:
        visits[zone.id] = Visit(entered, "entered" if drove and found.t_in[hit] > 0 else "inside", entered)
    else:
        passing, slot, arrival = Visit(entered, "crossed", entered), int(good.slot[row]), int(good.arrival[row])
        leave(batch.state, batch.world, batch.out, arrival, slot, zone.id, passing, left, good.position(row))
    return ends_inside


def _is_convincing(batch: Batch, row: int, drove: bool, zone: ZoneRecord, ends_inside: bool) -> bool:
    """Whether the vehicle really moved, or is so deep inside that no error explains it."""
    good = batch.good
    if int(good.speed[row]) >= _MOVING_DKMH:
        return True
    if drove:
        columns = (batch.from_latitude, batch.from_longitude, good.latitude, good.longitude)
        if float(distances_m(*(column[row] for column in columns))) >= _MOVING_M:
            return True
    return ends_inside and batch.world.area(zone).distance_m(good.position(row)) >= _DEEP_M


def _outside(batch: Batch, found: _Barred, row: int, zone_id: str, visits: dict[str, Visit]) -> None:
    """A fix outside a zone the vehicle is visiting."""
    state, world, good = batch.state, batch.world, batch.good
    slot, now, visit = int(good.slot[row]), int(good.time[row]), visits[zone_id]
    zone, limits = world.zones.get(zone_id), world.thresholds
    surely = True
    if zone is not None:
        slow = int(good.speed[row]) < _MOVING_DKMH
        room = max(limits.leave_m, _DEEP_M) if slow else limits.leave_m
        surely = world.is_beyond(zone, good.position(row), room + int(good.accuracy[row]) / 10)
    crossed = now
    for hit in range(found.first[row], found.first[row + 1]):
        if batch.from_ms[row] >= 0 and world.zone(found.zone[hit]).id == zone_id:
            begin = int(batch.from_ms[row])
            crossed = begin + round(found.t_out[hit] * (now - begin))
    if zone is None or visit.seen_outside(crossed, surely=surely, fixes=limits.leave_fixes):
        left_ms, arrival = visit.left_ms or now, int(good.arrival[row])
        leave(state, world, batch.out, arrival, slot, zone_id, visit, left_ms, good.position(row))
        del visits[zone_id]


def apply_hours(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, zone_id: str, visit: Visit, now: int,
    place: Position | None,
) -> None:  # fmt: skip
    """Raise and end alarms as the zone's hours open and close round the visit, up to ``now``; not while it may be over."""
    zone, trip = world.zones.get(zone_id), state.trips.get(slot)
    rules = world.barring(zone, trip) if zone is not None else ()
    if zone is None or visit.left_ms or now < visit.hours_ms:
        return
    alarm = state.open.get((slot, str(AlarmKind.AREA_ENTERED), zone_id))
    visit.is_settled = alarm is not None and bool(rules) and rules[0].hours is always
    if visit.is_settled:
        return
    open_spans = spans(rules, visit.hours_ms, now + 1)
    if alarm is not None:
        running = open_spans[0][1] if open_spans and open_spans[0][0] <= visit.hours_ms else visit.hours_ms
        if running <= now:
            end_alarm(state, out, arrival, slot, AlarmKind.AREA_ENTERED, running, cause=zone_id)
        open_spans = [span for span in open_spans if span[0] > visit.hours_ms]
    for begin, end in open_spans:
        how = visit.how if begin == visit.entered_ms else "window opened"
        raise_alarm(
            state, out, arrival, slot, AlarmKind.AREA_ENTERED, begin, cause=zone_id, zone_id=zone_id,
            severity=_severity(trip), position=place, ended_ms=end if end <= now else None,
            evidence={"rule": "DM-04", "how": how, "name": zone.name, "zone_version": zone.version, "zone_rule": rules[0].id},
        )  # fmt: skip
    visit.hours_ms = now + 1


def leave(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, zone_id: str, visit: Visit, left_ms: int,
    place: Position | None,
) -> None:  # fmt: skip
    """The visit ended: an alarm of a window that opened only afterwards is taken back."""
    visit.seen_inside()
    apply_hours(state, world, out, arrival, slot, zone_id, visit, left_ms, place)
    alarm = state.open.get((slot, str(AlarmKind.AREA_ENTERED), zone_id))
    if alarm is not None and alarm.occurred_ms >= left_ms and alarm.occurred_ms > visit.entered_ms:
        withdraw_alarm(state, out, arrival, slot, AlarmKind.AREA_ENTERED, cause=zone_id)
    end_alarm(state, out, arrival, slot, AlarmKind.AREA_ENTERED, left_ms, cause=zone_id)


def _severity(trip: TripFact | None) -> Severity:
    goods = trip.goods if trip else ()
    explosive = any(hazard.split(".")[0] == "1" for line in goods for hazard in line.hazards)
    grave = explosive or any(_GRAVE.intersection(line.controls) for line in goods)
    return Severity.GRAVE if grave else Severity.ORDINARY
