"""Alarms as plain values and back, and the one way their ids are made."""

from __future__ import annotations

import hashlib
from typing import Any

from geo.position import Position
from services.monitoring.model import Alarm, AlarmKind, Severity


def alarm_id(kind: AlarmKind, vehicle: int, cause: str, occurred_ms: int) -> str:
    """The same for the same kind, vehicle, cause and start, on any machine, in any replay."""
    return hashlib.sha256(f"{kind}|{vehicle}|{cause}|{occurred_ms}".encode()).hexdigest()[:32]


def alarm_to_plain(alarm: Alarm) -> list[Any]:
    place = alarm.position
    return [
        alarm.id, str(alarm.kind), str(alarm.severity), alarm.vehicle, alarm.carrier_id, alarm.waybill_id, alarm.zone_id,
        alarm.cause, alarm.occurred_ms, alarm.ended_ms, place and [place.latitude_e7, place.longitude_e7],
        dict(sorted(alarm.evidence.items())), alarm.revision,
    ]  # fmt: skip


def alarm_from_plain(plain: list[Any]) -> Alarm:
    ident, kind, severity, vehicle, carrier, waybill, zone, cause, occurred, ended, place, evidence, revision = plain
    return Alarm(
        id=ident, kind=AlarmKind(kind), severity=Severity(severity), vehicle=vehicle, carrier_id=carrier,
        waybill_id=waybill, zone_id=zone, cause=cause, occurred_ms=occurred, ended_ms=ended,
        position=Position(*place) if place else None, evidence=evidence, revision=revision,
    )  # fmt: skip
