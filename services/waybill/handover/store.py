"""Hand-overs and the state of their one-time codes: their tables' only writer."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.runtime.plain import from_plain, to_plain
from services.waybill.handover.model import Handover

_DIGESTS = ("revision_digest", "loading_record_digest", "statement_digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The living code of an offer is number ``serial``; ``tries`` are the wrong ones entered for it."""

    serial: int
    tries: int
    expires_at: datetime


_INSERT = text(
    "INSERT INTO waybill_handovers (id, waybill_id, position, state, revision, statement_digest, body)"
    " SELECT :id, :waybill, coalesce(max(position), 0) + 1, :state, :revision, :digest, CAST(:body AS jsonb)"
    " FROM waybill_handovers WHERE waybill_id = :waybill ON CONFLICT (id) DO NOTHING RETURNING true"
)


def insert(connection: Connection, handover: Handover) -> bool:
    """Keep a new offer at the end of its waybill's chain, whose waybill the caller has locked; false when its id is taken."""
    return bool(
        connection.execute(
            _INSERT,
            {
                "id": handover.id,
                "waybill": handover.waybill_id,
                "state": handover.state.name,
                "revision": handover.revision,
                "digest": handover.statement_digest,
                "body": _json(handover),
            },
        ).scalar()
    )


_UPDATE = text("UPDATE waybill_handovers SET state = :state, body = CAST(:body AS jsonb) WHERE id = :id")


def update(connection: Connection, handover: Handover) -> None:
    """What came of it; ``handover``'s waybill is locked by the caller."""
    connection.execute(_UPDATE, {"id": handover.id, "state": handover.state.name, "body": _json(handover)})


_FIND = text("SELECT body FROM waybill_handovers WHERE id = :id")


def find(connection: Connection, handover_id: str) -> Handover | None:
    body = connection.execute(_FIND, {"id": handover_id}).scalar()
    return None if body is None else _read(body)


_CHAIN_OF = text("SELECT body FROM waybill_handovers WHERE waybill_id = :id ORDER BY position")


def chain_of(connection: Connection, waybill_id: str) -> tuple[Handover, ...]:
    """All of a waybill's, in the order they were stated."""
    rows = connection.execute(_CHAIN_OF, {"id": waybill_id})
    return tuple(_read(row.body) for row in rows)


_LOADING_RECORD_DIGEST = text(
    "SELECT loading_record_digest FROM waybill_clearances WHERE waybill_id = :id AND voided_at IS NULL"
)


def loading_record_digest(connection: Connection, waybill_id: str) -> bytes:
    """Of the record that cleared the waybill; empty where nothing does."""
    digest = connection.execute(_LOADING_RECORD_DIGEST, {"id": waybill_id}).scalar()
    return bytes(digest or b"")


_CODE_OF = text("SELECT serial, tries, expires_at FROM waybill_handover_codes WHERE handover_id = :id")


def code_of(connection: Connection, handover_id: str) -> Code | None:
    """The code in use, without its digits, which follow from the statement and a key."""
    row = connection.execute(_CODE_OF, {"id": handover_id}).first()
    return None if row is None else Code(serial=row.serial, tries=row.tries, expires_at=row.expires_at)


_PUT_CODE = text(
    "INSERT INTO waybill_handover_codes (handover_id, serial, tries, expires_at)"
    " VALUES (:id, :serial, :tries, :expires_at) ON CONFLICT (handover_id) DO UPDATE"
    " SET serial = EXCLUDED.serial, tries = EXCLUDED.tries, expires_at = EXCLUDED.expires_at"
)


def put_code(connection: Connection, handover_id: str, code: Code) -> None:
    connection.execute(
        _PUT_CODE, {"id": handover_id, "serial": code.serial, "tries": code.tries, "expires_at": code.expires_at}
    )


def _json(handover: Handover) -> str:
    plain = to_plain(handover)
    return json.dumps(plain | {name: plain[name].hex() for name in _DIGESTS}, ensure_ascii=False)


def _read(body: Any) -> Handover:
    handover: Handover = from_plain(Handover, body)
    digests: dict[str, Any] = {name: bytes.fromhex(body[name]) for name in _DIGESTS}
    return replace(handover, **digests)
