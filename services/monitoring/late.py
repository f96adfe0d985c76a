"""Judging vehicles anew from their stored fixes when something came late; what was told is amended, never rewritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from services.monitoring import engine, late_store, track
from services.monitoring.columns import to_fixes
from services.monitoring.engine.late import standing
from services.monitoring.facts import TripFact
from services.monitoring.fixes import Fixes
from services.monitoring.model import Alarm, AlarmWithdrawn, Effect, FixesEntry, TickEntry, TripEntry, alarm_fields

# Before the late fix, so that rests and the day's driving are seen.
BEFORE = timedelta(hours=48)
_EVER = 1 << 61


def judge_anew(
    connection: Connection,
    home: Path,
    state: engine.ShardState,
    world: engine.World,
    *,
    shard: int,
    cursor: int,
    since: Mapping[int, int],
) -> list[Effect]:
    """Make the state what it would be had everything up to the cursor come in time; what must be told for it.

    ``since`` says for each vehicle from when on anything may change: alarms that had ended before then stay as they are.
    """
    begin_ms = min(since.values()) - int(BEFORE.total_seconds() * 1000)
    history = track.of_vehicles(connection, home, shard, since, begin_ms, _EVER, upto=cursor)
    trips = late_store.trips_since(connection, since, begin_ms)
    told = late_store.told_since(connection, since, begin_ms)
    effects: list[Effect] = []
    for vehicle, from_ms in since.items():
        anew, found = _judged(state, world, to_fixes(history[vehicle]), trips.get(vehicle, []))
        known = told.get(vehicle, [])
        said = engine.reconcile(known, [alarm for alarm in found if alarm.occurred_ms >= begin_ms], begin_ms)
        said = [effect for effect in said if _may_change(effect, from_ms)]
        _keep_ids(anew, [*known, *_alarms(said)])
        state.adopt(state.slot(vehicle), anew, anew.slot(vehicle))
        effects += said
    return effects


def _judged(
    state: engine.ShardState, world: engine.World, fixes: Fixes, trips: Sequence[TripFact]
) -> tuple[engine.ShardState, list[Alarm]]:
    """One vehicle's state and alarms had everything come in the order of its own time, up to the newest tick."""
    anew = engine.ShardState()
    effects: list[Effect] = []
    for fact in sorted(trips, key=lambda each: each.at_ms):
        effects += engine.step(anew, world, TripEntry(fact))
    effects += engine.step(anew, world, FixesEntry(fixes.take(np.argsort(fixes.time_ms, kind="stable"))))
    if state.tick_ms >= 0:
        effects += engine.step(anew, world, TickEntry(state.tick_ms))
    return anew, standing(effects)


def _keep_ids(anew: engine.ShardState, told: Sequence[Alarm]) -> None:
    """Alarms that are still open go on under the ids and revisions they were last told under."""
    names = {
        (alarm.kind, alarm.cause, alarm.occurred_ms): alarm for alarm in told if not isinstance(alarm, AlarmWithdrawn)
    }
    for key, alarm in anew.open.items():
        last = names.get((alarm.kind, alarm.cause, alarm.occurred_ms))
        if last is not None:
            anew.open[key] = Alarm(**(alarm_fields(alarm) | {"id": last.id, "revision": last.revision}))


def _alarms(effects: Sequence[Effect]) -> list[Alarm]:
    return [effect for effect in effects if isinstance(effect, Alarm)]


def _may_change(effect: Effect, from_ms: int) -> bool:
    return not isinstance(effect, Alarm) or effect.ended_ms is None or effect.ended_ms >= from_ms
