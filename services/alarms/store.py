"""The table of alarms; this module is its only writer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from services.alarms.model import Alarm, HandlingReason, State

_UPSERT = text(
    "INSERT INTO alarms_alarms AS a (id, kind, severity, state, vehicle_id, carrier_id, division, waybill_id, zone_id,"
    "  occurred_at, ended_at, raised_at, latitude_e7, longitude_e7, evidence, revision, text_zh, text_en, cause, change)"
    " VALUES (:id, :kind, :severity, :state, :vehicle_id, :carrier_id, :division, :waybill_id, :zone_id,"
    "  :occurred_at, :ended_at, :raised_at, :latitude_e7, :longitude_e7, CAST(:evidence AS jsonb), :revision,"
    "  :text_zh, :text_en, :cause, :change)"
    " ON CONFLICT (id) DO UPDATE SET severity = EXCLUDED.severity, occurred_at = EXCLUDED.occurred_at,"
    "  ended_at = EXCLUDED.ended_at, latitude_e7 = EXCLUDED.latitude_e7, longitude_e7 = EXCLUDED.longitude_e7,"
    "  evidence = EXCLUDED.evidence, revision = EXCLUDED.revision, text_zh = EXCLUDED.text_zh,"
    "  text_en = EXCLUDED.text_en, change = EXCLUDED.change,"
    "  state = CASE WHEN EXCLUDED.state = 'WITHDRAWN' OR a.state = 'WITHDRAWN' THEN EXCLUDED.state ELSE a.state END"
    " WHERE a.revision < EXCLUDED.revision RETURNING true"
)


def is_known(connection: Connection, alarm_id: str, revision: int) -> bool:
    """Whether this revision of the alarm, or a later one, is stored."""
    return bool(
        connection.execute(
            text("SELECT true FROM alarms_alarms WHERE id = :id AND revision >= :revision"),
            {"id": alarm_id, "revision": revision},
        ).scalar()
    )


def put(connection: Connection, alarm: Alarm, raised_at: datetime) -> bool:
    """Store the alarm or its later revision; false when it is known already."""
    latitude, longitude = alarm.position or (None, None)
    return bool(
        connection.execute(
            _UPSERT,
            {
                "id": alarm.id,
                "kind": alarm.kind.name,
                "severity": alarm.severity.name,
                "state": alarm.state.name,
                "vehicle_id": alarm.vehicle_id,
                "carrier_id": alarm.carrier_id,
                "division": alarm.division,
                "waybill_id": alarm.waybill_id,
                "zone_id": alarm.zone_id,
                "occurred_at": alarm.occurred_at,
                "ended_at": alarm.ended_at,
                "raised_at": raised_at,
                "latitude_e7": latitude,
                "longitude_e7": longitude,
                "evidence": json.dumps(dict(alarm.evidence), ensure_ascii=False),
                "revision": alarm.revision,
                "text_zh": alarm.text_zh,
                "text_en": alarm.text_en,
                "cause": alarm.cause,
                "change": _next_change(connection),
            },
        ).scalar()
    )


def handle(connection: Connection, alarm_id: str, *, reason: HandlingReason, note: str, by: str, at: datetime) -> bool:
    """Close the alarm; false when it is not open."""
    return bool(
        connection.execute(
            text(
                "UPDATE alarms_alarms SET state = :handled, handling_reason = :reason, handling_note = :note,"
                " handled_by = :by, handled_at = :at, change = :change WHERE id = :id AND state = :open RETURNING true"
            ),
            {
                "id": alarm_id,
                "handled": State.HANDLED.name,
                "open": State.OPEN.name,
                "reason": reason.name,
                "note": note,
                "by": by,
                "at": at,
                "change": _next_change(connection),
            },
        ).scalar()
    )


def escalate(connection: Connection, alarm_id: str, at: datetime) -> None:
    """Show an alarm that is still open to the regulator, as a change of now."""
    connection.execute(
        text(
            "UPDATE alarms_alarms SET escalated_at = :at, change = :change"
            " WHERE id = :id AND state = :open AND escalated_at IS NULL"
        ),
        {"id": alarm_id, "at": at, "open": State.OPEN.name, "change": _next_change(connection)},
    )


def find(connection: Connection, alarm_id: str) -> Row[Any] | None:
    return connection.execute(text("SELECT * FROM alarms_alarms WHERE id = :id"), {"id": alarm_id}).first()


def newest(
    connection: Connection, filters: Mapping[str, object], *, before: int | None, most: int
) -> Sequence[Row[Any]]:
    """Alarms whose columns equal ``filters`` (``division`` by prefix), the latest change first."""
    where, values = where_of(filters)
    if before is not None:
        where.append("change < :before")
        values["before"] = before
    sql = f"SELECT * FROM alarms_alarms WHERE {' AND '.join(where)} ORDER BY change DESC LIMIT :most"
    return connection.execute(text(sql), {**values, "most": most}).all()


def changed_since(
    connection: Connection, filters: Mapping[str, object], *, after: int, most: int
) -> Sequence[Row[Any]]:
    """Alarms changed after ``after``, in the order of their last change."""
    where, values = where_of(filters)
    sql = f"SELECT * FROM alarms_alarms WHERE {' AND '.join([*where, 'change > :after'])} ORDER BY change LIMIT :most"
    return connection.execute(text(sql), {**values, "after": after, "most": most}).all()


def last_change(connection: Connection) -> int:
    return int(connection.execute(text("SELECT last FROM alarms_changes")).scalar_one())


def _next_change(connection: Connection) -> int:
    """The next number; whoever changes an alarm next waits for this transaction, so numbers appear in order."""
    return int(connection.execute(text("UPDATE alarms_changes SET last = last + 1 RETURNING last")).scalar_one())


def where_of(filters: Mapping[str, object]) -> tuple[list[str], dict[str, object]]:
    """Conditions and values: columns equal, but ``division`` by prefix, and ``shown`` to an authority or not yet."""
    where, values = ["true"], {name: value for name, value in filters.items() if name != "shown"}
    for name in filters:
        where.append(_CONDITIONS.get(name, f"{name} = :{name}"))
    return where, values


_CONDITIONS = {
    "division": "starts_with(division, :division)",
    "shown": "(severity = 'GRAVE' OR escalated_at IS NOT NULL)",
}


def prefix_of(division: str) -> str:
    """What all divisions within a division begin with (GB/T 2260): 440300 -> 4403."""
    short = division.rstrip("0")
    return short if len(short) % 2 == 0 else short + "0"


def lies_in(alarm: Row[Any], division: str) -> bool:
    return str(alarm.division).startswith(prefix_of(division))
