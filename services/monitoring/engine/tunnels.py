"""Forbidden tunnels (RT-01): pre-alarm on the approach, transit though no fix lies inside, overdue inside. ``geo.transit`` decides.

Only vehicles near a tunnel that is closed to what they carry are looked at. Whatever a tick finds, the next report would find
too: before each report the detector is told how late it is, so alarms do not depend on when ticks came.
"""

from __future__ import annotations

import numpy as np

from geo import transit
from geo.position import Position
from geo.transit import Blind, Event, Kind, Seen, TransitState
from services.monitoring.engine.batch import Batch, Outbox
from services.monitoring.engine.bores import meaning, named
from services.monitoring.engine.closures import reached
from services.monitoring.engine.desk import end_alarm, raise_alarm
from services.monitoring.engine.judge import CATEGORY, spans
from services.monitoring.engine.plan import goes_through, keeps_to
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.world import World
from services.monitoring.facts import TripFact
from services.monitoring.fixes import POSITIONED
from services.monitoring.model import AlarmKind, EstimatedPosition, Severity, ZoneRecord

_LIKELY = 0.5
_FROZEN_DKMH = 50

Report = Seen | Blind


def tunnels(batch: Batch) -> None:
    """Move on every vehicle that is near a tunnel closed to its load, or was."""
    state, world, good = batch.state, batch.world, batch.good
    wanted = {slot: {structure: set[int]() for structure in states} for slot, states in state.transits.items()}
    row, number = world.near.near(good.latitude, good.longitude)
    closed = np.flatnonzero(world.closed.to(state, good.slot[row], number))
    for place, tunnel in zip(row[closed].tolist(), number[closed].tolist(), strict=True):
        near = wanted.setdefault(int(good.slot[place]), {}).setdefault(world.near.names[tunnel], set())
        near.add(int(good.arrival[place]))
    for slot, structures in wanted.items():
        reports = _reports(batch, slot)
        for structure, near in sorted(structures.items()):
            if structure in world.watched:
                _follow(batch, slot, structure, reports, near)


def _reports(batch: Batch, slot: int) -> list[tuple[int, Report]]:
    """The reports of one vehicle in order of time, each with its arrival; a repeated place of a moving vehicle is none."""
    good, rows = batch.good, batch.rows
    begin, end = np.searchsorted(good.slot, [slot, slot + 1]).tolist()
    found: list[tuple[int, Report]] = []
    for row in range(begin, end):
        at_ms, speed, place = int(good.time[row]), int(good.speed[row]), good.position(row)
        is_repeat = (
            batch.from_ms[row] >= 0
            and speed >= _FROZEN_DKMH
            and (place.latitude_e7, place.longitude_e7) == (batch.from_latitude[row], batch.from_longitude[row])
        )
        odometer = int(good.odometer[row]) // 10 or None
        seen = Blind(at_ms) if is_repeat else Seen(at_ms, place, speed, int(good.heading[row]), odometer)
        found.append((int(good.arrival[row]), seen))
    begin, end = np.searchsorted(rows.slot, [slot, slot + 1]).tolist()
    for row in range(begin, end):
        if not rows.flags[row] & POSITIONED:
            found.append((int(rows.arrival[row]), Blind(int(rows.time[row]))))
    return sorted(found, key=lambda report: report[1].at_ms)


def _follow(batch: Batch, slot: int, structure: str, reports: list[tuple[int, Report]], near: set[int]) -> None:
    """Go through the reports, beginning with one that arrived ``near`` the tunnel."""
    state, world = batch.state, batch.world
    around = world.roads.around(structure)
    current = state.transits.get(slot, {}).get(structure)
    place = state.position(slot)
    for arrival, report in reports:
        if current is None and arrival not in near:
            continue
        for _ in range(2):  # presume the entry, then miss the exit
            moved, events = transit.step(around, current, transit.Tick(report.at_ms - 1))
            if moved is current:
                break
            current = moved
            _tell(state, world, batch.out, arrival, slot, structure, events, place)
        current, events = transit.step(around, current, report)
        place = report.position if isinstance(report, Seen) else place
        _tell(state, world, batch.out, arrival, slot, structure, events, place)
        _release(state, world, batch.out, arrival, slot, structure, current, report)
        current = _settled(current)
    _keep(state, slot, structure, current)


def _settled(current: TransitState | None) -> TransitState | None:
    """The state as it will be read back from a snapshot, so that a restart changes nothing."""
    return None if current is None else TransitState.from_plain(current.to_plain())


def _keep(state: ShardState, slot: int, structure: str, current: TransitState | None) -> None:
    if current is not None:
        state.transits.setdefault(slot, {})[structure] = current
        return
    for mapping in (state.transits, state.held):
        if slot in mapping:
            mapping[slot].pop(structure, None)
            if not mapping[slot]:
                del mapping[slot]


def waited(state: ShardState, world: World, at_ms: int, slot: int, out: Outbox) -> None:
    """It is so late and the vehicle has not been heard since: where it should be, and whether it is overdue."""
    vehicle = int(state.vehicle[slot])
    for structure, current in sorted(state.transits.get(slot, {}).items()):
        zone = world.watched.get(structure)
        if zone is None:
            continue
        around = world.roads.around(structure)
        moved, events = transit.step(around, current, transit.Tick(at_ms))
        _tell(state, world, out, vehicle, slot, structure, events, state.position(slot))
        moved = _settled(moved)
        _keep(state, slot, structure, moved)
        estimate = transit.estimate(around, moved, at_ms) if moved is not None else None
        if estimate is not None:
            told = EstimatedPosition(vehicle, at_ms, estimate.position, round(estimate.uncertainty_m), zone.id)
            out.add(vehicle, told)


def _tell(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, structure: str, events: tuple[Event, ...],
    place: Position | None,
) -> None:  # fmt: skip
    zone, trip = world.watched[structure], state.trips.get(slot)
    for event in events:
        if event.kind is Kind.PRE_ALARM:
            if _is_planned_past(world, structure, trip, event):
                state.held.setdefault(slot, {})[structure] = event.at_ms
            else:
                _ahead(state, world, out, arrival, slot, zone, event.bore_id, event.at_ms, place, _distances(event))
            continue
        if event.kind in (Kind.ENTERED, Kind.TRANSIT):
            _ahead_if_held(state, world, out, arrival, slot, structure, event.bore_id, place)
        if event.kind is Kind.OVERDUE:
            _overdue(state, world, out, arrival, slot, zone, event, place)
        elif event.kind is not Kind.ENTERED:
            ended = event.left_ms or event.at_ms
            end_alarm(state, out, arrival, slot, AlarmKind.TUNNEL_OVERDUE, ended, cause=zone.id)
        if event.kind is Kind.TRANSIT or (event.kind is Kind.AMBIGUOUS and event.probability >= _LIKELY):
            _transit(state, world, out, arrival, slot, zone, event, place)


def _is_planned_past(world: World, structure: str, trip: TripFact | None, event: Event) -> bool:
    """Whether the plan leaves the road to the tunnel at a turn-off still ahead, so that nothing is wrong yet."""
    if trip is None or not trip.route or not event.can_turn_off:
        return False
    bores = {bore.id: bore for bore in world.roads.around(structure).bores}
    bore = bores[event.bore_id]
    return not goes_through(trip.route, bore.entrance, bore.exit)


def _release(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, structure: str, current: TransitState | None,
    report: Report,
) -> None:  # fmt: skip
    """A held pre-alarm comes when the vehicle leaves its plan while still on the way to the tunnel, and is dropped when it turns off."""
    if structure not in state.held.get(slot, {}) or not isinstance(report, Seen):
        return
    if current is None or current.warned == transit.NOWHERE:
        del state.held[slot][structure]
        if not state.held[slot]:
            del state.held[slot]
        return
    trip = state.trips.get(slot)
    if trip is None or not keeps_to(trip.route, report.position, report.heading_deg or 0):
        bore_id = world.roads.around(structure).bores[current.warned].id
        _ahead_if_held(state, world, out, arrival, slot, structure, bore_id, report.position, report.at_ms)


def _ahead_if_held(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, structure: str, bore_id: str,
    place: Position | None, at_ms: int | None = None,
) -> None:  # fmt: skip
    held_ms = state.held.get(slot, {}).pop(structure, None)
    if held_ms is None:
        return
    if not state.held[slot]:
        del state.held[slot]
    zone, since_ms = world.watched[structure], at_ms or held_ms
    _ahead(state, world, out, arrival, slot, zone, bore_id, since_ms, place, {"off_plan": "true"})


def _distances(event: Event) -> dict[str, object]:
    to_portal = {} if event.to_portal_m is None else {"to_portal_m": round(event.to_portal_m)}
    return {"can_turn_off": str(bool(event.can_turn_off)).lower(), **to_portal}


def _ahead(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, zone: ZoneRecord, bore_id: str, at_ms: int,
    place: Position | None, evidence: dict[str, object],
) -> None:  # fmt: skip
    if reason := _closed(state, world, slot, zone, bore_id, at_ms):
        raise_alarm(
            state, out, arrival, slot, AlarmKind.TUNNEL_AHEAD, at_ms, cause=zone.id, zone_id=zone.id, position=place,
            ended_ms=at_ms, evidence={**reason, **evidence},
        )  # fmt: skip


def _transit(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, zone: ZoneRecord, event: Event,
    place: Position | None,
) -> None:  # fmt: skip
    occurred = event.entered_ms or event.at_ms
    reached(state, slot, zone.id, occurred, out, arrival)
    if reason := _closed(state, world, slot, zone, event.bore_id, occurred):
        is_sure = event.kind is Kind.TRANSIT
        raise_alarm(
            state, out, arrival, slot, AlarmKind.TUNNEL_TRANSIT, occurred, cause=zone.id, zone_id=zone.id, position=place,
            severity=Severity.GRAVE if is_sure else Severity.ORDINARY, ended_ms=event.left_ms or event.at_ms,
            evidence={
                **reason, "verdict": "transit" if is_sure else "ambiguous",
                "probability_permille": round(event.probability * 1000),
            },
        )  # fmt: skip


def _overdue(
    state: ShardState, world: World, out: Outbox, arrival: int, slot: int, zone: ZoneRecord, event: Event,
    place: Position | None,
) -> None:  # fmt: skip
    entered = event.entered_ms or event.at_ms
    if reason := _closed(state, world, slot, zone, event.bore_id, entered):
        raise_alarm(
            state, out, arrival, slot, AlarmKind.TUNNEL_OVERDUE, entered, cause=zone.id, zone_id=zone.id, position=place,
            severity=Severity.GRAVE, evidence=reason,
        )  # fmt: skip


def _closed(
    state: ShardState, world: World, slot: int, zone: ZoneRecord, bore_id: str, at_ms: int
) -> dict[str, object]:
    """Why that bore is closed to the load at that time, with its name; empty when it is not."""
    barring = meaning(zone, world.barring(zone, state.trips.get(slot)), bore_id)
    rules = [rule for rule in barring if spans((rule,), at_ms, at_ms + 1)]
    if not rules:
        return {}
    trip = state.trips[slot]
    reason = {"rule": "RT-01", "name": zone.name, "zone_version": zone.version, "zone_rule": rules[0].id}
    if rules[0].id == CATEGORY:
        reason |= {"category": rules[0].tunnel_category, "forbidden": trip.tunnel_forbidden}
    return {**reason, **named(world.roads, bore_id)}
