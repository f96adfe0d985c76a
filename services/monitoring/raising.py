"""The engine's alarms as the desk knows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services import alarms
from services.monitoring.model import Alarm, AlarmWithdrawn, Severity
from services.monitoring.texts import alarm_text
from services.monitoring.vehicles import Vehicle

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_alarm(said: Alarm, vehicle: Vehicle) -> alarms.Alarm:
    zh, en = alarm_text(said.kind, said.evidence)
    return alarms.Alarm(
        id=said.id,
        kind=alarms.Kind[said.kind.name],
        vehicle_id=vehicle.vehicle_id,
        carrier_id=said.carrier_id or vehicle.carrier_id,
        division=vehicle.division,
        waybill_id=said.waybill_id,
        zone_id=said.zone_id,
        occurred_at=_at(said.occurred_ms),
        ended_at=None if said.ended_ms is None else _at(said.ended_ms),
        position=None if said.position is None else (said.position.latitude_e7, said.position.longitude_e7),
        evidence=said.evidence,
        revision=said.revision,
        state=alarms.State.WITHDRAWN if isinstance(said, AlarmWithdrawn) else alarms.State.OPEN,
        grave=said.severity is Severity.GRAVE,
        cause=said.cause,
        text_zh=zh,
        text_en=en,
    )


def _at(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
