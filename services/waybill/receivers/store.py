"""Receivers and what they are told: their tables' only writer. Waits run by the database's clock, as they are about systems."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.waybill.model import Waybill
from services.waybill.receivers.changes import event_of

WEBHOOK, PROVINCE = "WEBHOOK", "PROVINCE"
WAITING, ACCEPTED, REFUSED = "WAITING", "ACCEPTED", "REFUSED"
# Between attempts, in seconds; the last repeats for ever: nothing is dropped because a receiver is down.
_WAITS = (1, 5, 30, 120, 600)
_MOST_ERROR = 500


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


_QUEUE = text(
    "INSERT INTO waybill_deliveries (receiver, waybill_id, event, body, queued_at)"
    " SELECT r.number, :waybill, :event, :body, :at FROM waybill_receivers r"
    " WHERE r.organisation_id IN (SELECT organisation_id FROM waybill_parties WHERE waybill_id = :waybill)"
    " AND (r.kind = 'WEBHOOK' OR r.organisation_id = :carrier)"
    " AND (cardinality(r.events) = 0 OR :event = ANY(r.events))"
)


def queue(connection: Connection, before: Waybill | None, after: Waybill, version: int, at: datetime) -> None:
    """Every receiver of the waybill's parties that wants to hear of this change will; a province hears from the carrier."""
    event, body = told(before, after, version, at)
    connection.execute(
        _QUEUE, {"waybill": after.id, "event": event, "body": body, "at": at, "carrier": after.carrier_id}
    )


def told(before: Waybill | None, after: Waybill, version: int, at: datetime) -> tuple[str, str]:
    """The event, and what receivers are told of it."""
    event = event_of(before, after)
    content = {
        "event": event, "waybill_id": after.id, "number": after.number, "state": f"STATE_{after.state.name}",
        "revision": after.revision, "version": version, "at": at.isoformat(),
    }  # fmt: skip
    return event, json.dumps(content, ensure_ascii=False)


def put(connection: Connection, receiver: Receiver) -> None:
    """Set up or change; an empty secret stays what it was. Its rest ends, since it may be mended now."""
    connection.execute(
        text(
            "INSERT INTO waybill_receivers AS r (organisation_id, id, kind, url, secret, events, province)"
            " VALUES (:organisation, :id, :kind, :url, :secret, :events, :province)"
            " ON CONFLICT (organisation_id, id) DO UPDATE SET kind = EXCLUDED.kind, url = EXCLUDED.url,"
            " secret = CASE WHEN EXCLUDED.secret = '' THEN r.secret ELSE EXCLUDED.secret END,"
            " events = EXCLUDED.events, province = EXCLUDED.province, failures = 0, rests_until = '-infinity'"
        ),
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


def receivers_of(connection: Connection, organisation_id: str) -> list[Receiver]:
    rows = connection.execute(
        text(f"{_RECEIVER} WHERE organisation_id = :organisation ORDER BY id"), {"organisation": organisation_id}
    )
    return [_receiver(row) for row in rows]


def find(connection: Connection, organisation_id: str, receiver_id: str) -> Receiver | None:
    row = connection.execute(
        text(f"{_RECEIVER} WHERE organisation_id = :organisation AND id = :id"),
        {"organisation": organisation_id, "id": receiver_id},
    ).first()
    return None if row is None else _receiver(row)


def remove(connection: Connection, receiver: Receiver) -> int:
    """Drop it and its queue; how many deliveries were waiting."""
    waiting: int = connection.execute(
        text("SELECT count(*) FROM waybill_deliveries WHERE receiver = :number AND state = 'WAITING'"),
        {"number": receiver.number},
    ).scalar_one()
    connection.execute(text("DELETE FROM waybill_receivers WHERE number = :number"), {"number": receiver.number})
    return waiting


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
        text(
            "SELECT * FROM waybill_deliveries WHERE receiver = :receiver"
            " AND (cardinality(CAST(:states AS text[])) = 0 OR state = ANY(:states))"
            " AND (:waybill = '' OR waybill_id = :waybill) AND (CAST(:before AS bigint) IS NULL OR number < :before)"
            " ORDER BY number DESC LIMIT :most"
        ),
        {
            "receiver": receiver.number,
            "states": list(states),
            "waybill": waybill_id,
            "before": before,
            "most": most,
        },
    )
    return [_delivery(row) for row in rows]


def replay(connection: Connection, receiver: Receiver, numbers: Sequence[int], since: datetime | None) -> int:
    """Let these, and all queued since then, be told again, at once; how many."""
    count = connection.execute(
        text(
            "UPDATE waybill_deliveries SET state = 'WAITING', due_at = now(), attempts = 0 WHERE receiver = :receiver"
            " AND (number = ANY(:numbers) OR queued_at >= :since)"
        ),
        {"receiver": receiver.number, "numbers": list(numbers), "since": since},
    ).rowcount
    connection.execute(
        text("UPDATE waybill_receivers SET failures = 0, rests_until = '-infinity' WHERE number = :number"),
        {"number": receiver.number},
    )
    return count


def claim(connection: Connection, most: int, seconds: float) -> list[Receiver]:
    """Receivers with something due that no other worker is telling; they are this one's for so long."""
    rows = connection.execute(
        text(
            "UPDATE waybill_receivers SET claimed_until = now() + make_interval(secs => :seconds) WHERE number IN"
            " (SELECT r.number FROM waybill_receivers r WHERE r.claimed_until < now() AND r.rests_until <= now()"
            "  AND EXISTS (SELECT FROM waybill_deliveries d"
            "   WHERE d.receiver = r.number AND d.state = 'WAITING' AND d.due_at <= now())"
            "  ORDER BY r.claimed_until LIMIT :most FOR UPDATE SKIP LOCKED)"
            " RETURNING number, organisation_id, id, kind, url, secret, events, province, last_error, NULL AS rests_until"
        ),
        {"most": most, "seconds": seconds},
    )
    return [_receiver(row) for row in rows]


def due(connection: Connection, receiver: Receiver, most: int) -> list[Delivery]:
    """What may be told now: of each waybill the oldest that waits, if its time has come."""
    rows = connection.execute(
        text(
            "SELECT * FROM waybill_deliveries d WHERE d.receiver = :receiver AND d.state = 'WAITING' AND d.due_at <= now()"
            " AND NOT EXISTS (SELECT FROM waybill_deliveries e WHERE e.receiver = d.receiver"
            "  AND e.waybill_id = d.waybill_id AND e.state = 'WAITING' AND e.number < d.number)"
            " ORDER BY d.number LIMIT :most"
        ),
        {"receiver": receiver.number, "most": most},
    )
    return [_delivery(row) for row in rows]


def answered(connection: Connection, delivery: Delivery, state: str, status: int, reason: str = "") -> None:
    """It arrived: accepted, or refused for a reason. The receiver can be reached."""
    connection.execute(
        text(
            "UPDATE waybill_deliveries SET state = :state, attempts = attempts + 1, last_error = :reason,"
            " last_status = :status, answered_at = now() WHERE number = :number"
        ),
        {"number": delivery.number, "state": state, "reason": reason[:_MOST_ERROR], "status": status},
    )
    connection.execute(
        text(
            "UPDATE waybill_receivers SET failures = 0, rests_until = '-infinity', last_error = ''"
            " WHERE number = (SELECT receiver FROM waybill_deliveries WHERE number = :number)"
        ),
        {"number": delivery.number},
    )


def failed(connection: Connection, delivery: Delivery, status: int, error: str, *, rest: bool) -> None:
    """Try it again later; with ``rest`` the receiver is left alone altogether for a while."""
    wait = _WAITS[min(delivery.attempts, len(_WAITS) - 1)]
    connection.execute(
        text(
            "UPDATE waybill_deliveries SET attempts = attempts + 1, last_error = :error, last_status = :status,"
            " due_at = now() + make_interval(secs => :wait) WHERE number = :number"
        ),
        {"number": delivery.number, "error": error[:_MOST_ERROR], "status": status, "wait": 0 if rest else wait},
    )
    if rest:
        connection.execute(
            text(
                "UPDATE waybill_receivers SET failures = failures + 1, last_error = :error, rests_until ="
                " now() + make_interval(secs => (CAST(:waits AS int[]))[least(failures + 1, cardinality(CAST(:waits AS int[])))])"
                " WHERE number = (SELECT receiver FROM waybill_deliveries WHERE number = :number)"
            ),
            {"number": delivery.number, "error": error[:_MOST_ERROR], "waits": list(_WAITS)},
        )


def give_back(connection: Connection, receiver: Receiver) -> None:
    connection.execute(
        text("UPDATE waybill_receivers SET claimed_until = '-infinity' WHERE number = :number"),
        {"number": receiver.number},
    )


# psycopg2 has no datetime for -infinity.
_RECEIVER = (
    "SELECT number, organisation_id, id, kind, url, secret, events, province, last_error,"
    " CASE WHEN rests_until > now() THEN rests_until END AS rests_until FROM waybill_receivers"
)


def _receiver(row: Any) -> Receiver:
    return Receiver(
        number=row.number, organisation_id=row.organisation_id, id=row.id, kind=row.kind, url=row.url, secret=row.secret,
        events=tuple(row.events), province=row.province, rests_until=row.rests_until, last_error=row.last_error,
    )  # fmt: skip


def _delivery(row: Any) -> Delivery:
    return Delivery(
        number=row.number, waybill_id=row.waybill_id, event=row.event, body=row.body, state=row.state,
        attempts=row.attempts, last_error=row.last_error, last_status=row.last_status, queued_at=row.queued_at,
        due_at=row.due_at, answered_at=row.answered_at,
    )  # fmt: skip
