"""Receivers, and what each was told or is yet to be told, for the organisation whose they are: with ``queue_store`` their tables' only
writer. Waits run by the database's clock, as they are about systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

WEBHOOK, PROVINCE = "WEBHOOK", "PROVINCE"
WAITING, ACCEPTED, REFUSED = "WAITING", "ACCEPTED", "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """``secret`` is sealed; ``events`` empty means all; ``rests_until`` is None while it can be reached."""

    number: int
    organisation_id: str
    id: str
    kind: str
    url: str
    secret: bytes
    events: tuple[str, ...]
    province: str
    rests_until: datetime | None = None
    last_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    number: int
    waybill_id: str
    event: str
    body: str
    state: str
    attempts: int
    last_error: str
    last_status: int
    queued_at: datetime
    due_at: datetime
    answered_at: datetime | None


_PUT = text(
    "INSERT INTO waybill_receivers AS r (organisation_id, id, kind, url, secret, events, province)"
    " VALUES (:organisation, :id, :kind, :url, :secret, :events, :province)"
    " ON CONFLICT (organisation_id, id) DO UPDATE SET kind = EXCLUDED.kind, url = EXCLUDED.url,"
    " secret = CASE WHEN EXCLUDED.secret = '' THEN r.secret ELSE EXCLUDED.secret END,"
    " events = EXCLUDED.events, province = EXCLUDED.province, failures = 0, rests_until = '-infinity'"
)


def put(connection: Connection, receiver: Receiver) -> None:
    """Set up or change; an empty secret stays what it was. Its rest ends, since it may be mended now."""
    connection.execute(
        _PUT,
        {
            "organisation": receiver.organisation_id,
            "id": receiver.id,
            "kind": receiver.kind,
            "url": receiver.url,
            "secret": receiver.secret,
            "events": list(receiver.events),
            "province": receiver.province,
        },
    )


# psycopg2 has no datetime for -infinity.
_RECEIVER = (
    "SELECT number, organisation_id, id, kind, url, secret, events, province, last_error,"
    " CASE WHEN rests_until > now() THEN rests_until END AS rests_until FROM waybill_receivers"
)
_RECEIVERS_OF = text(f"{_RECEIVER} WHERE organisation_id = :organisation ORDER BY id")


def receivers_of(connection: Connection, organisation_id: str) -> list[Receiver]:
    """An organisation's own receivers by id."""
    rows = connection.execute(_RECEIVERS_OF, {"organisation": organisation_id})
    return [read_receiver(row) for row in rows]


_FIND = text(f"{_RECEIVER} WHERE organisation_id = :organisation AND id = :id")


def find(connection: Connection, organisation_id: str, receiver_id: str) -> Receiver | None:
    row = connection.execute(_FIND, {"organisation": organisation_id, "id": receiver_id}).first()
    return None if row is None else read_receiver(row)


_COUNT_WAITING = text("SELECT count(*) FROM waybill_deliveries WHERE receiver = :number AND state = 'WAITING'")
_REMOVE = text("DELETE FROM waybill_receivers WHERE number = :number")


def remove(connection: Connection, receiver: Receiver) -> int:
    """Drop it and its queue; how many deliveries were waiting."""
    waiting: int = connection.execute(_COUNT_WAITING, {"number": receiver.number}).scalar_one()
    connection.execute(_REMOVE, {"number": receiver.number})
    return waiting


_PAGE = text(
    "SELECT * FROM waybill_deliveries WHERE receiver = :receiver"
    " AND (cardinality(CAST(:states AS text[])) = 0 OR state = ANY(:states))"
    " AND (:waybill = '' OR waybill_id = :waybill) AND (CAST(:before AS bigint) IS NULL OR number < :before)"
    " ORDER BY number DESC LIMIT :most"
)


def page(
    connection: Connection,
    receiver: Receiver,
    *,
    states: Sequence[str],
    waybill_id: str,
    before: int | None,
    most: int,
) -> list[Delivery]:
    """Its deliveries, the newest first, before that number."""
    rows = connection.execute(
        _PAGE,
        {
            "receiver": receiver.number,
            "states": list(states),
            "waybill": waybill_id,
            "before": before,
            "most": most,
        },
    )
    return [read_delivery(row) for row in rows]


_REPLAY = text(
    "UPDATE waybill_deliveries SET state = 'WAITING', due_at = now(), attempts = 0 WHERE receiver = :receiver"
    " AND (number = ANY(:numbers) OR queued_at >= :since)"
)
_END_REST = text("UPDATE waybill_receivers SET failures = 0, rests_until = '-infinity' WHERE number = :number")


def replay(connection: Connection, receiver: Receiver, numbers: Sequence[int], since: datetime | None) -> int:
    """Let these, and all queued since then, be told again, at once; how many."""
    count = connection.execute(
        _REPLAY, {"receiver": receiver.number, "numbers": list(numbers), "since": since}
    ).rowcount
    connection.execute(_END_REST, {"number": receiver.number})
    return count


def read_receiver(row: Any) -> Receiver:
    return Receiver(
        number=row.number, organisation_id=row.organisation_id, id=row.id, kind=row.kind, url=row.url, secret=row.secret,
        events=tuple(row.events), province=row.province, rests_until=row.rests_until, last_error=row.last_error,
    )  # fmt: skip


def read_delivery(row: Any) -> Delivery:
    return Delivery(
        number=row.number, waybill_id=row.waybill_id, event=row.event, body=row.body, state=row.state,
        attempts=row.attempts, last_error=row.last_error, last_status=row.last_status, queued_at=row.queued_at,
        due_at=row.due_at, answered_at=row.answered_at,
    )  # fmt: skip
