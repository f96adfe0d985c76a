"""The desk's front door: how another slice raises, amends or withdraws an alarm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from services import traceability
from services.alarms import escalation, store
from services.alarms.model import Alarm, State

_FIRST_KINDS = {State.OPEN: "alarm.raise", State.WITHDRAWN: "alarm.withdraw", State.HANDLED: "alarm.raise"}


def put_alarms(
    connection: Connection, keeper: traceability.Keeper, alarms: Sequence[Alarm], at: datetime
) -> list[Alarm]:
    """Store and state what is not known yet, in the caller's transaction; returns what was new.

    Saying the same again after a crash changes nothing: an alarm is known by its id and revision.
    """
    known = store.revisions_of(connection, {alarm.id for alarm in alarms})
    fresh = list(_unknown(dict(known), alarms))
    stored = store.put(connection, fresh, at)
    new = [alarm for alarm in fresh if (alarm.id, alarm.revision) in stored]
    traceability.state_all(connection, keeper, list(_deeds(set(known), new)), at)
    escalation.watch_over(connection, new, at)
    return new


def _unknown(known: dict[str, int], alarms: Sequence[Alarm]) -> Iterator[Alarm]:
    """Those that say more than the revisions known, and than those before them."""
    for alarm in alarms:
        if alarm.revision > known.get(alarm.id, 0):
            known[alarm.id] = alarm.revision
            yield alarm


def _deeds(known: set[str], alarms: Sequence[Alarm]) -> Iterator[traceability.Deed]:
    """An alarm is raised when it is first told of, at whatever revision: it may have been held back until then."""
    for alarm in alarms:
        yield traceability.Deed(
            kind="alarm.amend" if alarm.id in known else _FIRST_KINDS[alarm.state],
            subject=alarm.subject,
            body=alarm.stated(),
            request_id=f"{alarm.id}.{alarm.revision}",
        )
        known.add(alarm.id)


def is_open(connection: Connection, alarm_id: str) -> bool:
    """Whether it was raised and nobody has handled or withdrawn it."""
    row = store.find(connection, alarm_id)
    return row is not None and row.state == State.OPEN.name
