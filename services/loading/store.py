"""The loading slice's tables; this is their only writer, in the caller's transaction, under the lock of the waybill's row."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.loading.model import Check, Loading, LoadingRecord, Result
from services.runtime.plain import from_plain, to_plain

_FIND = text("SELECT body FROM loading_loadings WHERE waybill_id = :id")


def find(connection: Connection, waybill_id: str) -> Loading | None:
    body = connection.execute(_FIND, {"id": waybill_id}).scalar()
    return None if body is None else from_plain(Loading, body)


_KEEP = text(
    "INSERT INTO loading_loadings AS l (waybill_id, loader_id, state, revision, version, body, changed_at)"
    " VALUES (:id, :loader, :state, :revision, 1, CAST(:body AS jsonb), :now)"
    " ON CONFLICT (waybill_id) DO UPDATE SET loader_id = EXCLUDED.loader_id, state = EXCLUDED.state,"
    " revision = EXCLUDED.revision, version = l.version + 1, body = EXCLUDED.body, changed_at = EXCLUDED.changed_at"
)


def keep(connection: Connection, loading: Loading, loader_id: str, now: datetime) -> None:
    """How far it has come; the caller holds the waybill's row."""
    connection.execute(
        _KEEP,
        {
            "id": loading.waybill_id,
            "loader": loader_id,
            "state": loading.state.name,
            "revision": loading.revision,
            "body": _json(loading),
            "now": now,
        },
    )


_INSERT_CHECK = text(
    "INSERT INTO loading_checks (id, waybill_id, revision, outcome, at, body, judged, registered) VALUES"
    " (:id, :waybill, :revision, :outcome, :at, CAST(:body AS jsonb), CAST(:judged AS jsonb), :registered)"
    " ON CONFLICT DO NOTHING RETURNING true"
)


def insert_check(
    connection: Connection,
    check: Check,
    *,
    revision: int,
    outcome: Result,
    judged: Any,
    at: datetime,
    registered: bytes,
) -> bool:
    """False when the id is in use."""
    return bool(
        connection.execute(
            _INSERT_CHECK,
            {
                "id": check.id,
                "waybill": check.waybill_id,
                "revision": revision,
                "outcome": outcome.name,
                "at": at,
                "body": _json(check),
                "judged": json.dumps(judged, ensure_ascii=False),
                "registered": registered,
            },
        ).scalar()
    )


_INSERT_RECORD = text(
    "INSERT INTO loading_records (id, waybill_id, revision, loaded_at, retain_until, body, registered) VALUES"
    " (:id, :waybill, :revision, :at, :until, CAST(:body AS jsonb), :registered)"
    " ON CONFLICT DO NOTHING RETURNING true"
)


def insert_record(connection: Connection, record: LoadingRecord, registered: bytes) -> bool:
    """False when the id is in use, or the waybill has a living record."""
    return bool(
        connection.execute(
            _INSERT_RECORD,
            {
                "id": record.id,
                "waybill": record.waybill_id,
                "revision": record.revision,
                "at": record.loaded_at,
                "until": record.retain_until,
                "body": _json(record),
                "registered": registered,
            },
        ).scalar()
    )


_VOID_RECORD = text(
    "UPDATE loading_records SET voided_at = :at, void_reason = :reason"
    " WHERE waybill_id = :id AND voided_at IS NULL RETURNING true"
)


def void_record(connection: Connection, waybill_id: str, reason: str, at: datetime) -> bool:
    """Whether there was a living one."""
    return bool(connection.execute(_VOID_RECORD, {"id": waybill_id, "reason": reason, "at": at}).scalar())


def _json(value: Any) -> str:
    return json.dumps(to_plain(value), ensure_ascii=False)
