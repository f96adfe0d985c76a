"""The desk's front door: how another slice raises, amends or withdraws an alarm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from services import traceability
from services.alarms import escalation, store
from services.alarms.model import Alarm, State

_KINDS = {State.OPEN: "alarm.raise", State.WITHDRAWN: "alarm.withdraw", State.HANDLED: "alarm.raise"}


def put_alarms(
    connection: Connection, keeper: traceability.Keeper, alarms: Sequence[Alarm], at: datetime
) -> list[Alarm]:
    """Store and state what is not known yet, in the caller's transaction; returns what was new.

    Saying the same again after a crash changes nothing: an alarm is known by its id and revision.
    """
    fresh = []
    for alarm in alarms:
        if not store.is_known(connection, alarm.id, alarm.revision) and store.put(connection, alarm, at):
            traceability.state(
                connection,
                keeper,
                kind=_KINDS[alarm.state] if alarm.revision == 1 else "alarm.amend",
                subject=alarm.subject,
                body=alarm.stated(),
                request_id=f"{alarm.id}.{alarm.revision}",
                at=at,
            )
            escalation.watch_over(connection, alarm, at)
            fresh.append(alarm)
    return fresh


def is_open(connection: Connection, alarm_id: str) -> bool:
    """Whether it was raised and nobody has handled or withdrawn it."""
    row = store.find(connection, alarm_id)
    return row is not None and row.state == State.OPEN.name
