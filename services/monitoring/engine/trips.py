"""Facts about trips and passes as they come into force, in the order of their own time."""

from __future__ import annotations

from dataclasses import replace

from services.monitoring.engine.batch import Outbox
from services.monitoring.engine.closures import trip_changed, ways_ahead_until
from services.monitoring.engine.desk import end_alarm
from services.monitoring.engine.fatigue import change_driver, crew_of
from services.monitoring.engine.hours import apply_hours, close
from services.monitoring.engine.route import back_on_route
from services.monitoring.engine.silence import offline_until
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.stops import change_load, stop_until
from services.monitoring.engine.waybills import check_place
from services.monitoring.engine.world import World
from services.monitoring.facts import CATEGORIES, Fact, PassFact, TripFact
from services.monitoring.model import AlarmKind, NeedsHistory


def announce(state: ShardState, world: World, fact: Fact, out: Outbox) -> None:
    """A fact of the future waits for the fix that comes after it; one of the past holds at once and asks for history. Past is what a
    fix or a tick has been judged behind."""
    slot = state.slot(fact.vehicle)
    judged_ms = max(int(state.columns["heard_ms"][slot]), state.tick_ms - world.thresholds.late_fact_ms)
    if fact.at_ms > judged_ms:
        waiting = state.pending.setdefault(slot, [])
        waiting.append(fact)
        waiting.sort(key=lambda each: each.at_ms)
        return
    out.add(0, NeedsHistory(fact.vehicle, fact.at_ms))
    current = (state.passes if isinstance(fact, PassFact) else state.trips).get(slot)
    if current is None or fact.at_ms >= current.at_ms:
        apply_fact(state, world, fact, slot, out, 0)


def due(state: ShardState, slot: int, at_ms: int) -> Fact | None:
    """The first fact that waits for this vehicle and is in force at an instant."""
    waiting = state.pending.get(slot)
    return waiting[0] if waiting and waiting[0].at_ms <= at_ms else None


def take_due(state: ShardState, world: World, slot: int, at_ms: int, out: Outbox, arrival: int) -> None:
    """Put all facts in force that wait for this vehicle and are due."""
    while (fact := due(state, slot, at_ms)) is not None:
        state.pending[slot].pop(0)
        if not state.pending[slot]:
            del state.pending[slot]
            if not state.pending:
                state.pending = {}  # an emptied dict keeps the room of all it held: a fact of every vehicle of a nation
        apply_fact(state, world, fact, slot, out, arrival)


def apply_fact(state: ShardState, world: World, fact: Fact, slot: int, out: Outbox, arrival: int) -> None:
    """From here on the vehicle is on this trip with this load, or has these passes."""
    ways_ahead_until(state, world, fact.at_ms - 1, out, [slot], arrival)
    if isinstance(fact, PassFact):
        _carry(state, world, fact, slot, out, arrival)
    else:
        _travel(state, world, fact, slot, out, arrival)


def _carry(state: ShardState, world: World, fact: PassFact, slot: int, out: Outbox, arrival: int) -> None:
    judge_visits(state, world, fact.at_ms, slot, out, arrival)
    state.passes[slot] = fact
    if slot in state.trips and state.trips[slot].passes != fact.passes:
        state.trips[slot] = replace(state.trips[slot], passes=fact.passes)
        trip_changed(state, world, slot, fact.at_ms, out, arrival)


def judge_visits(state: ShardState, world: World, until_ms: int, slot: int, out: Outbox, arrival: int) -> None:
    """What the vehicle visits has been closed to it as it was until then; from then on it is looked at anew."""
    place = state.position(slot)
    for zone_id, visit in state.visits.get(slot, {}).items():
        apply_hours(state, world, out, arrival, slot, zone_id, visit, until_ms - 1, place)
        if not visit.left_ms:
            visit.hours_ms = max(visit.hours_ms, until_ms)
        visit.is_settled = False


def _is_moot(fact: TripFact, current: TripFact | None) -> bool:
    """What happens to a waybill before it departs changes nothing for a vehicle that is on another trip."""
    of_another = current is not None and current.waybill_id != fact.waybill_id
    is_under_way = current is not None and current.under_way
    return of_another and ((fact.waits and is_under_way) or fact.event == "VOIDED")


def _travel(state: ShardState, world: World, fact: TripFact, slot: int, out: Outbox, arrival: int) -> None:
    if _is_moot(fact, state.trips.get(slot)):
        return
    offline_until(state, world, fact.at_ms, slot, out, arrival)
    _close_what_is_free(state, world, fact, fact.at_ms, slot, out, arrival)
    change_load(state, fact, slot, out, arrival)
    columns = state.columns
    if (fact.under_way and fact.loaded) != bool(columns["under_way"][slot] and columns["loaded"][slot]):
        stop_until(state, world, fact.at_ms, slot, out, arrival)
    change_driver(state, fact, slot, out, arrival)
    check_place(state, world, fact, slot, out, arrival)
    back_on_route(state, slot, out, arrival, fact.at_ms)
    passes = state.passes.get(slot)
    state.trips[slot] = replace(fact, passes=passes.passes) if passes is not None else fact
    state.follow_trip(slot)
    columns["trip_ms"][slot], columns["known"][slot] = fact.at_ms, True
    columns["under_way"][slot], columns["loaded"][slot] = fact.under_way, fact.loaded
    columns["double_crew"][slot] = len(crew_of(fact)) > 1
    columns["forbidden"][slot] = sum(1 << CATEGORIES.index(category) for category in fact.tunnel_forbidden)
    columns["routed"][slot] = fact.under_way and len(fact.route) > 1
    trip_changed(state, world, slot, fact.at_ms, out, arrival)


def let_go(state: ShardState, world: World, out: Outbox) -> None:
    """The zones of the activation hold since its moment: what they leave free is over."""
    for slot in sorted({*state.visits, *state.doubts, *state.transits}, key=lambda each: int(state.vehicle[each])):
        trip = state.trips.get(slot)
        _close_what_is_free(state, world, trip, state.activation.at_ms, slot, out, int(state.vehicle[slot]))


def _close_what_is_free(
    state: ShardState, world: World, trip: TripFact | None, at_ms: int, slot: int, out: Outbox, arrival: int
) -> None:
    """Visits, approaches and transits that mean nothing to the load from then on end with that."""
    for zone_id, visit in list(state.visits.get(slot, {}).items()):
        zone = world.zones.get(zone_id)
        visit.is_settled = False
        if zone is None or not world.barring(zone, trip):
            ended_ms = visit.left_ms or at_ms
            close(state, out, arrival, slot, zone_id, ended_ms)
            del state.visits[slot][zone_id]
    for zone_id in list(state.doubts.get(slot, {})):
        zone = world.zones.get(zone_id)
        if zone is None or not world.barring(zone, trip):
            del state.doubts[slot][zone_id]
    for structure in list(state.transits.get(slot, {})):
        zone = world.watched.get(structure)
        if zone is None or not world.barring(zone, trip):
            del state.transits[slot][structure]
            state.held.get(slot, {}).pop(structure, None)
    for zone_id in [zone_id for _, kind, zone_id in state.open.of(slot) if kind == AlarmKind.TUNNEL_OVERDUE]:
        zone = world.zones.get(zone_id)
        if zone is None or not world.barring(zone, trip):
            end_alarm(state, out, arrival, slot, AlarmKind.TUNNEL_OVERDUE, at_ms, cause=zone_id)
    for mapping in (state.visits, state.doubts, state.transits, state.held):
        if slot in mapping and not mapping[slot]:
            del mapping[slot]
