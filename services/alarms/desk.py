"""The desk's front door: how another slice raises, amends or withdraws an alarm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    fresh = list(_unknown(connection, alarms))
    stored = store.put(connection, fresh, at)
    new = [alarm for alarm in fresh if (alarm.id, alarm.revision) in stored]
    traceability.state_all(connection, keeper, [_deed(alarm) for alarm in new], at)
    escalation.watch_over(connection, new, at)
    return new


def _unknown(connection: Connection, alarms: Sequence[Alarm]) -> Iterator[Alarm]:
    """Those that say more than what is stored, and than those before them."""
    known = store.revisions_of(connection, {alarm.id for alarm in alarms})
    for alarm in alarms:
        if alarm.revision > known.get(alarm.id, 0):
            known[alarm.id] = alarm.revision
            yield alarm


def _deed(alarm: Alarm) -> traceability.Deed:
    return traceability.Deed(
        kind=_KINDS[alarm.state] if alarm.revision == 1 else "alarm.amend",
        subject=alarm.subject,
        body=alarm.stated(),
        request_id=f"{alarm.id}.{alarm.revision}",
    )


def is_open(connection: Connection, alarm_id: str) -> bool:
    """Whether it was raised and nobody has handled or withdrawn it."""
    row = store.find(connection, alarm_id)
    return row is not None and row.state == State.OPEN.name
