"""One entry of a shard's log: the state moves on and effects come out. No clock, no chance: time is only what entries say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.monitoring.engine.areas import areas
from services.monitoring.engine.batch import Outbox, Rows, arranged
from services.monitoring.engine.closures import foresee, ways_ahead, ways_ahead_until, zones_changed
from services.monitoring.engine.fatigue import fatigue, paused
from services.monitoring.engine.faults import position_faults
from services.monitoring.engine.hours import apply_hours
from services.monitoring.engine.places import believed, remember
from services.monitoring.engine.route import route_deviation
from services.monitoring.engine.silence import moved_offline, offline, offline_by, remember_silence
from services.monitoring.engine.speed import overspeed
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.stops import long_stop, long_stop_by, parked
from services.monitoring.engine.trips import announce, due, judge_visits, let_go, take_due
from services.monitoring.engine.tunnels import tunnels, waited
from services.monitoring.engine.waybills import no_waybill
from services.monitoring.engine.world import World
from services.monitoring.fixes import Fixes
from services.monitoring.model import Activation, Effect, FixesEntry, Heard, PassEntry, TripEntry

Int64s = npt.NDArray[np.int64]

_WRONG_MS = 60_000


def activate(state: ShardState, before: World, after: World, activation: Activation) -> list[Effect]:
    """From the activation's moment on the zones of the world ``after`` hold, which is the one compiled for it."""
    out = Outbox()
    ways_ahead_until(state, before, activation.at_ms - 1, out)
    for slot in list(state.visits):
        judge_visits(state, before, activation.at_ms, slot, out, int(state.vehicle[slot]))
    state.activation = activation
    let_go(state, after, out)
    zones_changed(state, before, after, activation.at_ms, out)
    return out.effects()


def step(state: ShardState, world: World, entry: Heard) -> list[Effect]:
    """Move the state on in place. What comes out does not depend on how fixes are cut into entries, but for the number of
    ``NeedsHistory``; a fix sent twice changes nothing."""
    out = Outbox()
    if isinstance(entry, FixesEntry):
        _fixes(state, world, entry.fixes, out)
    elif isinstance(entry, TripEntry | PassEntry):
        announce(state, world, entry.fact, out)
    else:
        _tick(state, world, entry.at_ms, out)
    return out.effects()


def _fixes(state: ShardState, world: World, fixes: Fixes, out: Outbox) -> None:
    if not len(fixes):
        return
    rows = arranged(state, fixes, np.arange(len(fixes)), out)
    split = sorted({*_put_in_force(state, world, rows, out), *_that_look_between(state, rows)})
    if not split:
        _detect(state, world, rows, out)
        return
    _detect(state, world, rows.take(~np.isin(rows.slot, split)), out)
    for slot in split:
        _in_turn(state, world, rows.take(rows.slot == slot), slot, out)


def put_in_force(state: ShardState, world: World, at_ms: int) -> list[Effect]:
    """Put all facts in force that wait and are due; no fix from before then is still to come."""
    out = Outbox()
    foresee(state, world, state.pending, at_ms)
    for slot in list(state.pending):
        take_due(state, world, slot, at_ms, out, int(state.vehicle[slot]))
    return out.effects()


def _put_in_force(state: ShardState, world: World, rows: Rows, out: Outbox) -> list[int]:
    """Bring waiting facts into force that come before a vehicle's first row; name the vehicles that have more between their rows."""
    split = []
    waiting = state.pending.keys() & set(rows.slot.tolist()) if state.pending else ()
    if len(waiting) > 1:
        foresee(state, world, waiting, int(rows.time.max()))
    for slot in sorted(waiting):
        begin, end = np.searchsorted(rows.slot, [slot, slot + 1]).tolist()
        take_due(state, world, slot, int(rows.time[begin]), out, int(rows.arrival[begin]))
        if due(state, slot, int(rows.time[end - 1])) is not None:
            split.append(slot)
    return split


def _that_look_between(state: ShardState, rows: Rows) -> list[int]:
    """The vehicles with several rows by the last of which hours of zones on their way will have begun."""
    first, last = rows.first, rows.last
    slot, look = rows.slot[first], state.columns["look_ms"][rows.slot[first]]
    between = (look >= 0) & (look <= rows.time[last]) & (rows.time[first] < rows.time[last])
    found: list[int] = slot[between].tolist()
    return found


def _in_turn(state: ShardState, world: World, rows: Rows, slot: int, out: Outbox) -> None:
    """One vehicle for which facts wait, each of which comes into force between the fixes before and after its time, or hours begin,
    of which it is told with the fix after that: what it does before is judged before."""
    begin = 0
    while begin < len(rows):
        fact, look_ms = due(state, slot, int(rows.time[-1])), int(state.columns["look_ms"][slot])
        fact_end = len(rows) if fact is None else int(np.searchsorted(rows.time, fact.at_ms))
        look_end = len(rows) if look_ms < 0 else max(begin, int(np.searchsorted(rows.time, look_ms)))
        end = min(fact_end, look_end)
        _detect(state, world, rows.take(np.arange(begin, end)), out)
        if fact is not None and end == fact_end:
            take_due(state, world, slot, fact.at_ms, out, int(rows.arrival[end]))
        elif end < len(rows):
            _detect(state, world, rows.take(np.arange(end, end + 1)), out)
            end += 1
        begin = end


def _detect(state: ShardState, world: World, rows: Rows, out: Outbox) -> None:
    if not len(rows):
        return
    batch = believed(state, world, rows, out)
    offline(batch)
    moved_offline(batch)
    ways_ahead(batch)
    inside = areas(batch)
    overspeed(batch, inside)
    tunnels(batch)
    route_deviation(batch)
    fatigue(batch)
    long_stop(batch)
    parked(batch)
    no_waybill(batch)
    position_faults(batch)
    remember_silence(batch)
    remember(batch)


def _tick(state: ShardState, world: World, at_ms: int, out: Outbox) -> None:
    if at_ms <= state.tick_ms:
        if at_ms < state.tick_ms - _WRONG_MS:
            state.tick_ms = at_ms  # the clock was wrong and has been set back: what comes next counts again
        return
    paused(state, state.tick_ms, at_ms, out)
    state.tick_ms = at_ms
    by_ms = at_ms - world.thresholds.late_fact_ms
    foresee(state, world, state.pending, by_ms)
    for slot in list(state.pending):
        take_due(state, world, slot, by_ms, out, int(state.vehicle[slot]))
    ways_ahead_until(state, world, by_ms, out)
    elapse(state, world, at_ms, np.arange(len(state)), out)


def elapse(state: ShardState, world: World, at_ms: int, slots: Int64s, out: Outbox) -> None:
    """Nothing more has been heard of these vehicles up to now."""
    offline_by(state, world, at_ms, slots, out)
    long_stop_by(state, world, at_ms, slots, out)
    chosen = set(slots.tolist()) if len(slots) < len(state) else None
    for slot in [slot for slot in state.transits if chosen is None or slot in chosen]:
        waited(state, world, at_ms, slot, out)
    for slot in [slot for slot in state.visits if chosen is None or slot in chosen]:
        for zone_id, visit in state.visits[slot].items():
            if visit.is_settled:
                continue
            arrival, place = int(state.vehicle[slot]), state.position(slot)
            apply_hours(state, world, out, arrival, slot, zone_id, visit, at_ms, place)
