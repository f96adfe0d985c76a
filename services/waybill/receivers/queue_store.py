"""What receivers are yet to be told: queued in the transaction that changed a waybill, worked through by workers."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, text

from services.waybill.model import Waybill
from services.waybill.receivers.changes import event_of
from services.waybill.receivers.store import Delivery, Receiver, read_delivery, read_receiver

# Between attempts, in seconds; the last repeats for ever: nothing is dropped because a receiver is down.
_WAITS = (1, 5, 30, 120, 600)
_MOST_ERROR = 500

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


_CLAIM = text(
    "UPDATE waybill_receivers SET claimed_until = now() + make_interval(secs => :seconds) WHERE number IN"
    " (SELECT r.number FROM waybill_receivers r WHERE r.claimed_until < now() AND r.rests_until <= now()"
    "  AND EXISTS (SELECT FROM waybill_deliveries d"
    "   WHERE d.receiver = r.number AND d.state = 'WAITING' AND d.due_at <= now())"
    "  ORDER BY r.claimed_until LIMIT :most FOR UPDATE SKIP LOCKED)"
    " RETURNING number, organisation_id, id, kind, url, secret, events, province, last_error, NULL AS rests_until"
)


def claim(connection: Connection, most: int, seconds: float) -> list[Receiver]:
    """Receivers with something due that no other worker is telling; they are this one's for so long."""
    rows = connection.execute(_CLAIM, {"most": most, "seconds": seconds})
    return [read_receiver(row) for row in rows]


_DUE = text(
    "SELECT * FROM waybill_deliveries d WHERE d.receiver = :receiver AND d.state = 'WAITING' AND d.due_at <= now()"
    " AND NOT EXISTS (SELECT FROM waybill_deliveries e WHERE e.receiver = d.receiver"
    "  AND e.waybill_id = d.waybill_id AND e.state = 'WAITING' AND e.number < d.number)"
    " ORDER BY d.number LIMIT :most"
)


def due(connection: Connection, receiver: Receiver, most: int) -> list[Delivery]:
    """What may be told now: of each waybill the oldest that waits, if its time has come."""
    rows = connection.execute(_DUE, {"receiver": receiver.number, "most": most})
    return [read_delivery(row) for row in rows]


_ANSWERED = text(
    "UPDATE waybill_deliveries SET state = :state, attempts = attempts + 1, last_error = :reason,"
    " last_status = :status, answered_at = now() WHERE number = :number"
)
_REACHED = text(
    "UPDATE waybill_receivers SET failures = 0, rests_until = '-infinity', last_error = ''"
    " WHERE number = (SELECT receiver FROM waybill_deliveries WHERE number = :number)"
)


def answered(connection: Connection, delivery: Delivery, state: str, status: int, reason: str = "") -> None:
    """It arrived: accepted, or refused for a reason. The receiver can be reached."""
    connection.execute(
        _ANSWERED, {"number": delivery.number, "state": state, "reason": reason[:_MOST_ERROR], "status": status}
    )
    connection.execute(_REACHED, {"number": delivery.number})


_FAILED = text(
    "UPDATE waybill_deliveries SET attempts = attempts + 1, last_error = :error, last_status = :status,"
    " due_at = now() + make_interval(secs => :wait) WHERE number = :number"
)
_REST = text(
    "UPDATE waybill_receivers SET failures = failures + 1, last_error = :error, rests_until ="
    " now() + make_interval(secs => (CAST(:waits AS int[]))[least(failures + 1, cardinality(CAST(:waits AS int[])))])"
    " WHERE number = (SELECT receiver FROM waybill_deliveries WHERE number = :number)"
)


def failed(connection: Connection, delivery: Delivery, status: int, error: str, *, rest: bool) -> None:
    """Try it again later; with ``rest`` the receiver is left alone altogether for a while."""
    wait = _WAITS[min(delivery.attempts, len(_WAITS) - 1)]
    connection.execute(
        _FAILED,
        {"number": delivery.number, "error": error[:_MOST_ERROR], "status": status, "wait": 0 if rest else wait},
    )
    if rest:
        connection.execute(_REST, {"number": delivery.number, "error": error[:_MOST_ERROR], "waits": list(_WAITS)})


_GIVE_BACK = text("UPDATE waybill_receivers SET claimed_until = '-infinity' WHERE number = :number")


def give_back(connection: Connection, receiver: Receiver) -> None:
    connection.execute(_GIVE_BACK, {"number": receiver.number})
