"""The table of alarms; this module is its only writer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from services.alarms.model import Alarm, HandlingReason, State

_COLUMNS = {
    "id": "text", "kind": "text", "severity": "text", "state": "text", "vehicle_id": "text", "carrier_id": "text",
    "division": "text", "waybill_id": "text", "zone_id": "text", "occurred_at": "timestamptz", "ended_at": "timestamptz",
    "raised_at": "timestamptz", "latitude_e7": "bigint", "longitude_e7": "bigint", "evidence": "text", "revision": "bigint",
    "text_zh": "text", "text_en": "text", "cause": "text", "change": "bigint",
}  # fmt: skip
_UPSERT = text(
    f"INSERT INTO alarms_alarms AS a ({', '.join(_COLUMNS)})"
    f" SELECT {', '.join('CAST(evidence AS jsonb)' if name == 'evidence' else name for name in _COLUMNS)}"
    f" FROM unnest({', '.join(f'CAST(:{name} AS {kind}[])' for name, kind in _COLUMNS.items())})"
    f" AS said ({', '.join(_COLUMNS)}) ORDER BY change"
    " ON CONFLICT (id) DO UPDATE SET severity = EXCLUDED.severity, occurred_at = EXCLUDED.occurred_at,"
    "  ended_at = EXCLUDED.ended_at, latitude_e7 = EXCLUDED.latitude_e7, longitude_e7 = EXCLUDED.longitude_e7,"
    "  evidence = EXCLUDED.evidence, revision = EXCLUDED.revision, text_zh = EXCLUDED.text_zh,"
    "  text_en = EXCLUDED.text_en, change = EXCLUDED.change,"
    "  state = CASE WHEN EXCLUDED.state = 'WITHDRAWN' OR a.state = 'WITHDRAWN' THEN EXCLUDED.state ELSE a.state END"
    " WHERE a.revision < EXCLUDED.revision RETURNING id, revision"
)
_REVISIONS = text("SELECT id, revision FROM alarms_alarms WHERE id = ANY(:ids)")


def revisions_of(connection: Connection, alarm_ids: Iterable[str]) -> dict[str, int]:
    """The stored revision of those of these alarms that are stored."""
    ids = list(alarm_ids)
    return {row.id: row.revision for row in connection.execute(_REVISIONS, {"ids": ids})} if ids else {}


def put(connection: Connection, alarms: Sequence[Alarm], raised_at: datetime) -> set[tuple[str, int]]:
    """Store the alarms and later revisions, as changes in this order; (id, revision) of those that were not known already."""
    stored: set[tuple[str, int]] = set()
    left = list(alarms)
    while left:
        # One statement touches an alarm once: what is said of one again waits for the next.
        first = {alarm.id: alarm for alarm in reversed(left)}
        now = [alarm for alarm in left if first[alarm.id] is alarm]
        left = [alarm for alarm in left if first[alarm.id] is not alarm]
        change = _next_changes(connection, len(now))
        rows = [_row(alarm, raised_at, change + index) for index, alarm in enumerate(now)]
        columns = {name: [row[name] for row in rows] for name in _COLUMNS}
        stored |= {(row.id, row.revision) for row in connection.execute(_UPSERT, columns)}
    return stored


def _row(alarm: Alarm, raised_at: datetime, change: int) -> dict[str, object]:
    latitude, longitude = alarm.position or (None, None)
    return {
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
        "change": change,
    }


_HANDLE = text(
    "UPDATE alarms_alarms SET state = :handled, handling_reason = :reason, handling_note = :note,"
    " handled_by = :by, handled_at = :at, change = :change WHERE id = :id AND state = :open RETURNING true"
)


def handle(connection: Connection, alarm_id: str, *, reason: HandlingReason, note: str, by: str, at: datetime) -> bool:
    """Close the alarm; false when it is not open."""
    return bool(
        connection.execute(
            _HANDLE,
            {
                "id": alarm_id,
                "handled": State.HANDLED.name,
                "open": State.OPEN.name,
                "reason": reason.name,
                "note": note,
                "by": by,
                "at": at,
                "change": _next_changes(connection),
            },
        ).scalar()
    )


_ESCALATE = text(
    "UPDATE alarms_alarms SET escalated_at = :at, change = :change"
    " WHERE id = :id AND state = :open AND escalated_at IS NULL"
)


def escalate(connection: Connection, alarm_id: str, at: datetime) -> None:
    """Show an alarm that is still open to the regulator, as a change of now."""
    connection.execute(
        _ESCALATE,
        {"id": alarm_id, "at": at, "open": State.OPEN.name, "change": _next_changes(connection)},
    )


_FIND = text("SELECT * FROM alarms_alarms WHERE id = :id")


def find(connection: Connection, alarm_id: str) -> Row[Any] | None:
    """The alarm as it stands, with all its columns."""
    return connection.execute(_FIND, {"id": alarm_id}).first()


_CONDITIONS = {
    "division": "starts_with(division, :division)",
    "shown": "(severity = 'GRAVE' OR escalated_at IS NOT NULL)",
}


def condition_of(names: Iterable[str]) -> str:
    """That alarms are as filters of these names say: columns equal, but ``division`` by prefix, and ``shown`` to an authority."""
    return " AND ".join(["true", *(_CONDITIONS.get(name, f"{name} = :{name}") for name in names)])


_NO_CHANGE_YET = (1 << 63) - 1


@cache
def _newest(names: tuple[str, ...]) -> TextClause:
    return text(
        f"SELECT * FROM alarms_alarms WHERE {condition_of(names)} AND change < :before ORDER BY change DESC LIMIT :most"
    )


def newest(
    connection: Connection, filters: Mapping[str, object], *, before: int | None, most: int
) -> Sequence[Row[Any]]:
    """Alarms as ``filters`` say, the latest change first."""
    before = _NO_CHANGE_YET if before is None else before
    return connection.execute(_newest(tuple(filters)), {**filters, "before": before, "most": most}).all()


@cache
def _changed_since(names: tuple[str, ...]) -> TextClause:
    return text(
        f"SELECT * FROM alarms_alarms WHERE {condition_of(names)} AND change > :after ORDER BY change LIMIT :most"
    )


def changed_since(
    connection: Connection, filters: Mapping[str, object], *, after: int, most: int
) -> Sequence[Row[Any]]:
    """Alarms changed after ``after``, in the order of their last change."""
    return connection.execute(_changed_since(tuple(filters)), {**filters, "after": after, "most": most}).all()


_TOUCHED_SINCE = text(
    f"SELECT DISTINCT carrier_id, division, {_CONDITIONS['shown']} AS is_shown FROM alarms_alarms WHERE change > :after"
)


def touched_since(connection: Connection, after: int) -> set[tuple[str, str, bool]]:
    """Whom changes after ``after`` concern: carrier, division, and whether authorities see it."""
    rows = connection.execute(_TOUCHED_SINCE, {"after": after})
    return {(row.carrier_id, row.division, row.is_shown) for row in rows}


_LAST_CHANGE = text("SELECT last FROM alarms_changes")


def last_change(connection: Connection) -> int:
    """The number of the change made last; 0 before the first."""
    return int(connection.execute(_LAST_CHANGE).scalar_one())


_NEXT_CHANGES = text("UPDATE alarms_changes SET last = last + :count RETURNING last")


def _next_changes(connection: Connection, count: int = 1) -> int:
    """The first of so many next numbers; whoever changes an alarm next waits for this transaction, so numbers appear in order."""
    return int(connection.execute(_NEXT_CHANGES, {"count": count}).scalar_one()) - count + 1


def prefix_of(division: str) -> str:
    """What all divisions within a division begin with (GB/T 2260): 440300 -> 4403."""
    short = division.rstrip("0")
    return short if len(short) % 2 == 0 else short + "0"


def lies_in(alarm: Row[Any], division: str) -> bool:
    """Whether it occurred within the division, of whatever level."""
    return str(alarm.division).startswith(prefix_of(division))
