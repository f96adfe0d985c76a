"""What was checked and told before a trip: its table's only writer."""

from __future__ import annotations

from sqlalchemy import Connection, text

from services.runtime.plain import from_plain, to_json
from services.waybill.preparation.rules import Preparation

_INSERT = text(
    "INSERT INTO waybill_preparations (registered, waybill_id, body) VALUES (:registered, :waybill, CAST(:body AS jsonb))"
)


def insert(connection: Connection, waybill_id: str, made: Preparation, registered: bytes) -> None:
    connection.execute(_INSERT, {"registered": registered, "waybill": waybill_id, "body": to_json(made)})


_PREPARATIONS_OF = text("SELECT body FROM waybill_preparations WHERE waybill_id = :id ORDER BY number")


def preparations_of(connection: Connection, waybill_id: str) -> tuple[Preparation, ...]:
    """In the order they were recorded."""
    rows = connection.execute(_PREPARATIONS_OF, {"id": waybill_id})
    return tuple(from_plain(Preparation, row.body) for row in rows)
