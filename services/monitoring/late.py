"""Judging vehicles anew from their stored fixes when something came late; what was told is amended, never rewritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from services.monitoring import engine, late_store, track
from services.monitoring.columns import to_fixes
from services.monitoring.model import Effect

# Before the late fix, so that rests and the day's driving are seen.
BEFORE = timedelta(hours=48)
_EVER = 1 << 61


def begin_of(since: Mapping[int, int]) -> int:
    """From when on the history is needed of vehicles that are to be judged anew, each from some moment on."""
    return min(since.values()) - int(BEFORE.total_seconds() * 1000)


def judge_anew(
    connection: Connection,
    home: Path,
    state: engine.ShardState,
    worlds: Sequence[tuple[int, engine.World]],
    *,
    shard: int,
    cursor: int,
    since: Mapping[int, int],
) -> dict[int, list[Effect]]:
    """Make the state what it would be had everything up to the cursor come in time; what comes of it for each vehicle.

    ``since`` says for each vehicle from when on anything may change: alarms that had ended before then stay as they are.
    ``worlds`` are those in force since ``begin_of(since)``.
    """
    begin_ms = begin_of(since)
    history = track.of_vehicles(connection, home, shard, since, begin_ms, _EVER, upto=cursor)
    facts = late_store.facts_since(connection, since, begin_ms)
    told = late_store.told_since(connection, since, begin_ms)
    return {
        vehicle: engine.recompute(
            state, worlds, vehicle, to_fixes(history[vehicle]), facts.get(vehicle, []), told.get(vehicle, []),
            begin_ms=begin_ms, from_ms=from_ms,
        )
        for vehicle, from_ms in since.items()
    }  # fmt: skip
