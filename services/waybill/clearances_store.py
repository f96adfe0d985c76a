"""Clearances given by loaders and taken back: their table's only writer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from services.waybill.model import Clearance

_FIND = text(
    "SELECT revision, loading_record_id, granted_at, voided_at, void_reason FROM waybill_clearances"
    " WHERE waybill_id = :id ORDER BY voided_at DESC NULLS FIRST LIMIT 1"
)


def find(connection: Connection, waybill_id: str) -> Clearance | None:
    """The living clearance, else the one voided last, so that the reason can be told."""
    row = connection.execute(_FIND, {"id": waybill_id}).first()
    if row is None:
        return None
    return Clearance(
        waybill_id=waybill_id, revision=row.revision, loading_record_id=row.loading_record_id,
        granted_at=row.granted_at, voided_at=row.voided_at, void_reason=row.void_reason,
    )  # fmt: skip


_INSERT = text(
    "INSERT INTO waybill_clearances (waybill_id, loading_record_id, loading_record_digest, revision, granted_at)"
    " VALUES (:waybill, :record, :digest, :revision, :at) ON CONFLICT DO NOTHING RETURNING true"
)


def insert(connection: Connection, clearance: Clearance, digest: bytes) -> bool:
    """False when this loading record has cleared the waybill before, or another clearance is living."""
    return bool(
        connection.execute(
            _INSERT,
            {
                "waybill": clearance.waybill_id,
                "record": clearance.loading_record_id,
                "digest": digest,
                "revision": clearance.revision,
                "at": clearance.granted_at,
            },
        ).scalar()
    )


_VOID = text(
    "UPDATE waybill_clearances SET voided_at = :at, void_reason = :reason"
    " WHERE waybill_id = :id AND voided_at IS NULL RETURNING true"
)


def void(connection: Connection, waybill_id: str, reason: str, at: datetime) -> bool:
    """Whether there was a living one."""
    return bool(connection.execute(_VOID, {"id": waybill_id, "reason": reason, "at": at}).scalar())
