"""Positions that cannot be right (DM-07): drifting, jumping, frozen, or none at all."""

from __future__ import annotations

from geo.position import distance_m
from services.monitoring.engine.batch import Batch, Rows, engine_on
from services.monitoring.engine.desk import end_alarm, raise_alarm
from services.monitoring.engine.runs import Event, What, sustained
from services.monitoring.fixes import POSITIONED
from services.monitoring.model import AlarmKind

DRIFT, JUMP, FROZEN, NO_FIX = "drift", "jump", "frozen", "no fix"
_JUMP_M = 2_000.0


def position_faults(batch: Batch) -> None:
    _odd_places(batch)
    limits, columns, good, rows = batch.world.thresholds, batch.state.columns, batch.good, batch.rows
    same = (good.latitude == batch.from_latitude) & (good.longitude == batch.from_longitude) & (batch.from_ms >= 0)
    frozen = sustained(
        columns, "frozen", good, same & (good.speed >= limits.frozen_speed_dkmh),
        lasting_ms=limits.frozen_ms, gap_ms=limits.offline_ms,
    )  # fmt: skip
    _lasting(batch, good, frozen, FROZEN)
    blind = sustained(
        columns, "blind", rows, engine_on(rows) & ((rows.flags & POSITIONED) == 0),
        lasting_ms=limits.no_fix_ms, gap_ms=limits.offline_ms,
    )  # fmt: skip
    _lasting(batch, rows, blind, NO_FIX)


def _lasting(batch: Batch, rows: Rows, events: list[Event], cause: str) -> None:
    for event in events:
        slot, arrival = int(rows.slot[event.row]), int(rows.arrival[event.row])
        if event.what is What.RAISED:
            place = batch.place_before(slot, int(rows.time[event.row]))
            raise_alarm(
                batch.state, batch.out, arrival, slot, AlarmKind.POSITION_FAULT, event.at_ms, cause=cause,
                position=place, evidence={"rule": "DM-07", "what": cause},
            )  # fmt: skip
        elif event.what is What.OVER:
            end_alarm(batch.state, batch.out, arrival, slot, AlarmKind.POSITION_FAULT, event.at_ms, cause=cause)


def _odd_places(batch: Batch) -> None:
    """One alarm, then a pause: a bad antenna would raise hundreds."""
    columns, odd, pause = batch.state.columns, batch.odd, batch.world.thresholds.fault_pause_ms
    for row in range(len(odd)):
        slot, now = int(odd.slot[row]), int(odd.time[row])
        told = int(columns["odd_raised_ms"][slot])
        if told >= 0 and now - told < pause:
            continue
        columns["odd_raised_ms"][slot] = now
        place = batch.place_before(slot, now)
        away = round(distance_m(place, odd.position(row))) if place is not None else 0
        cause = JUMP if away >= _JUMP_M else DRIFT
        raise_alarm(
            batch.state, batch.out, int(odd.arrival[row]), slot, AlarmKind.POSITION_FAULT, now, cause=cause,
            position=place, ended_ms=now, evidence={"rule": "DM-07", "what": cause, "away_m": away},
        )  # fmt: skip
