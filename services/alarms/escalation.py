"""What happens when nobody acts: an ordinary alarm is shown to the regulator, a supervision request is overdue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from services.alarms import store, supervision_store
from services.alarms.model import Alarm, Severity, State, escalated_after
from services.runtime.bus import Bus
from services.runtime.clock import Clock, legal_day
from services.runtime.timers import Timer, cancel_timer, fire_due, set_timer, set_timers

WAKE = "hazway:alarms"
_UNHANDLED, _UNANSWERED = "alarm.unhandled", "alarm.unanswered"


def watch_over(connection: Connection, alarms: Sequence[Alarm], at: datetime) -> None:
    """The carrier has so long to handle an ordinary alarm before the regulator sees it, and no longer for a revision of it;
    a withdrawn one is no matter."""
    due_at = at + escalated_after(legal_day(at))
    raised = (each for each in alarms if each.revision == 1 and each.severity is Severity.ORDINARY)
    set_timers(connection, [Timer(_UNHANDLED, each.id, due_at, b"") for each in raised])
    cancel_timer(connection, _UNHANDLED, *(each.id for each in alarms if each.state is State.WITHDRAWN))


def was_handled(connection: Connection, alarm_id: str) -> None:
    """Its time no longer runs."""
    cancel_timer(connection, _UNHANDLED, alarm_id)


def must_be_answered(connection: Connection, supervision_id: str, due_at: datetime) -> None:
    """When the time is over, the request is overdue."""
    set_timer(connection, Timer(_UNANSWERED, supervision_id, due_at, b""))


def was_answered(connection: Connection, supervision_id: str) -> None:
    """Its time no longer runs."""
    cancel_timer(connection, _UNANSWERED, supervision_id)


def escalate_due(engine: Engine, bus: Bus, clock: Clock) -> bool:
    """Escalate what is due by now; true when anything was. Safe in several processes at once."""
    now = clock.now()

    def show(connection: Connection, timer: Timer) -> None:
        store.escalate(connection, timer.key, now)

    def run_out(connection: Connection, timer: Timer) -> None:
        supervision_store.run_out(connection, timer.key)

    fired = fire_due(engine, _UNHANDLED, now, show) + fire_due(engine, _UNANSWERED, now, run_out)
    if fired:
        bus.publish(WAKE)
    return fired > 0
