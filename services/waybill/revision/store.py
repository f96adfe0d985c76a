"""Revisions as proposed and as made: their table's only writer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from services.runtime.plain import from_plain, to_json
from services.waybill.model import Waybill
from services.waybill.revision.model import Revision, Signer

_INSERT = text(
    "INSERT INTO waybill_revisions"
    " (waybill_id, number, id, state, author, reason, at, body, proposal, decision, registered) VALUES"
    " (:waybill, :number, :id, :state, :author, :reason, :at, CAST(:body AS jsonb), CAST(:proposal AS jsonb),"
    "  CAST(:decision AS jsonb), :registered)"
)


def insert(
    connection: Connection,
    waybill: Waybill,
    revision: Revision,
    *,
    decision: Mapping[str, Any],
    registered: bytes | None,
) -> None:
    connection.execute(
        _INSERT,
        {
            "waybill": waybill.id,
            "number": revision.number,
            "id": revision.id,
            "state": revision.state.name,
            "author": revision.author,
            "reason": revision.reason,
            "at": revision.at,
            "body": to_json(waybill),
            "proposal": to_json(revision),
            "decision": json.dumps(decision, ensure_ascii=False),
            "registered": registered,
        },
    )


_UPDATE = text(
    "UPDATE waybill_revisions SET state = :state, proposal = CAST(:proposal AS jsonb), body = CAST(:body AS jsonb),"
    " registered = coalesce(:registered, registered) WHERE waybill_id = :waybill AND number = :number"
)


def update(connection: Connection, waybill: Waybill, revision: Revision, *, registered: bytes | None = None) -> None:
    """The proposal's signatures and state; ``waybill`` as proposed, or as made."""
    connection.execute(
        _UPDATE,
        {
            "waybill": waybill.id,
            "number": revision.number,
            "state": revision.state.name,
            "proposal": to_json(revision),
            "body": to_json(waybill),
            "registered": registered,
        },
    )


_SIGN = text(
    "UPDATE waybill_revisions SET proposal = jsonb_set(proposal, '{signed}', proposal->'signed' || to_jsonb(CAST(:signer AS text)))"
    " WHERE waybill_id = :waybill AND number = :number AND NOT proposal->'signed' ? :signer"
)


def sign(connection: Connection, waybill_id: str, number: int, signer: Signer) -> None:
    """One more has signed a revision that was made already."""
    connection.execute(_SIGN, {"waybill": waybill_id, "number": number, "signer": signer.name})


_FIND_OPEN = text("SELECT proposal, body FROM waybill_revisions WHERE waybill_id = :id AND state = 'OPEN'")


def find_open(connection: Connection, waybill_id: str) -> tuple[Revision, Waybill] | None:
    """The revision that waits for signatures, and the waybill as proposed."""
    row = connection.execute(_FIND_OPEN, {"id": waybill_id}).first()
    return None if row is None else (from_plain(Revision, row.proposal), from_plain(Waybill, row.body))


_NEXT = text("SELECT coalesce(max(number), 0) + 1 FROM waybill_revisions WHERE waybill_id = :id")


def next_number(connection: Connection, waybill_id: str) -> int:
    """Of a waybill that is locked."""
    number: int = connection.execute(_NEXT, {"id": waybill_id}).scalar_one()
    return number


_REVISIONS_OF = text("SELECT proposal FROM waybill_revisions WHERE waybill_id = :id ORDER BY number")


def revisions_of(connection: Connection, waybill_id: str) -> list[Revision]:
    """All of them, the oldest first."""
    rows = connection.execute(_REVISIONS_OF, {"id": waybill_id})
    return [from_plain(Revision, row.proposal) for row in rows]
