"""How detectors raise, revise and end alarms: one place that knows ids, revisions and what trip an alarm belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from geo.position import Position
from services.monitoring.engine.batch import Outbox
from services.monitoring.engine.plain import alarm_id
from services.monitoring.engine.state import ShardState
from services.monitoring.model import AlarmKind, AlarmRaised, AlarmRevised, AlarmWithdrawn, Severity, alarm_fields


def raise_alarm(
    state: ShardState,
    out: Outbox,
    arrival: int,
    slot: int,
    kind: AlarmKind,
    occurred_ms: int,
    *,
    cause: str = "",
    zone_id: str = "",
    severity: Severity = Severity.ORDINARY,
    position: Position | None = None,
    evidence: Mapping[str, object] | None = None,
    ended_ms: int | None = None,
) -> None:
    """Raise an alarm of the trip in force. Without ``ended_ms`` it stays open and is not raised again until it has ended."""
    key = (slot, str(kind), cause)
    if key in state.open:
        return
    trip, vehicle = state.trips.get(slot), int(state.vehicle[slot])
    alarm = AlarmRaised(
        id=alarm_id(kind, vehicle, cause, occurred_ms),
        kind=kind,
        severity=severity,
        vehicle=vehicle,
        carrier_id=trip.carrier_id if trip else "",
        waybill_id=trip.waybill_id if trip else "",
        zone_id=zone_id,
        cause=cause,
        occurred_ms=occurred_ms,
        ended_ms=ended_ms,
        position=position,
        evidence=_text(evidence),
    )
    out.add(arrival, alarm)
    if ended_ms is None:
        state.open[key] = alarm


def revise_alarm(
    state: ShardState,
    out: Outbox,
    arrival: int,
    slot: int,
    kind: AlarmKind,
    *,
    cause: str,
    severity: Severity,
    evidence: Mapping[str, object],
) -> None:
    """Say of an open alarm, which goes on, that it is more or less grave now; nothing happens when none is open."""
    alarm = state.open.get((slot, str(kind), cause))
    if alarm is not None:
        said = {"severity": severity, "revision": alarm.revision + 1, "evidence": {**alarm.evidence, **_text(evidence)}}
        state.open[slot, str(kind), cause] = revised = AlarmRevised(**(alarm_fields(alarm) | said))
        out.add(arrival, revised)


def end_alarm(
    state: ShardState,
    out: Outbox,
    arrival: int,
    slot: int,
    kind: AlarmKind,
    ended_ms: int,
    *,
    cause: str = "",
    evidence: Mapping[str, object] | None = None,
) -> None:
    """Say when an open alarm ended, with what is known now; nothing happens when none is open."""
    alarm = state.open.pop((slot, str(kind), cause), None)
    if alarm is None:
        return
    fields = alarm_fields(alarm)
    fields |= {
        "ended_ms": ended_ms,
        "revision": alarm.revision + 1,
        "evidence": {**alarm.evidence, **_text(evidence)},
    }
    out.add(arrival, AlarmRevised(**fields))


def _text(evidence: Mapping[str, object] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (evidence or {}).items()}


def withdraw_alarm(
    state: ShardState,
    out: Outbox,
    arrival: int,
    slot: int,
    kind: AlarmKind,
    *,
    cause: str = "",
    evidence: Mapping[str, object] | None = None,
) -> None:
    """Take an open alarm back: it turned out that it never was, or what it warned of did not come."""
    alarm = state.open.pop((slot, str(kind), cause), None)
    if alarm is not None:
        said = {"revision": alarm.revision + 1, "evidence": {**alarm.evidence, **_text(evidence)}}
        out.add(arrival, AlarmWithdrawn(**(alarm_fields(alarm) | said)))
