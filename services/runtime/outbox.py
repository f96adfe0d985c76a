"""The outbox: what others are told once the transaction that caused it is committed, at least once, in order of key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text

from services.runtime.database import Connection, Engine

# Waits between attempts, in seconds; the last one repeats for ever: nothing is dropped because a receiver is down.
_WAITS = (1, 5, 30, 120, 600)


@dataclass(frozen=True, slots=True)
class Message:
    id: int
    topic: str
    key: str
    payload: bytes
    attempts: int


def put(connection: Connection, topic: str, key: str, payload: bytes) -> None:
    """Queue one message in the caller's transaction, so neither exists alone."""
    connection.execute(
        text("INSERT INTO runtime_outbox (topic, key, payload) VALUES (:topic, :key, :payload)"),
        {"topic": topic, "key": key, "payload": payload},
    )


def deliver_due(engine: Engine, topic: str, deliver: Callable[[Connection, Message], None], *, most: int = 100) -> int:
    """Hand up to ``most`` due messages to ``deliver``; one that raises is kept and tried again later.
    What it writes through the connection is committed with the message's end.

    Several processes may call this at once: a row is locked by one of them. Returns how many were delivered.
    """
    delivered = 0
    for _ in range(most):
        with engine.begin() as connection:
            row = connection.execute(
                text(
                    "SELECT id, topic, key, payload, attempts FROM runtime_outbox AS o"
                    " WHERE topic = :topic AND due_at <= now() AND NOT EXISTS (SELECT FROM runtime_outbox AS earlier"
                    "  WHERE earlier.topic = o.topic AND earlier.key = o.key AND earlier.id < o.id)"
                    " ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
                ),
                {"topic": topic},
            ).first()
            if row is None:
                return delivered
            message = Message(row.id, row.topic, row.key, row.payload, row.attempts)
            try:
                with connection.begin_nested():
                    deliver(connection, message)
            except Exception as error:
                _postpone(connection, message, str(error))
            else:
                connection.execute(text("DELETE FROM runtime_outbox WHERE id = :id"), {"id": message.id})
                delivered += 1
    return delivered


def _postpone(connection: Connection, message: Message, error: str) -> None:
    wait = _WAITS[min(message.attempts, len(_WAITS) - 1)]
    connection.execute(
        text(
            "UPDATE runtime_outbox SET attempts = attempts + 1, last_error = :error,"
            " due_at = now() + make_interval(secs => :wait) WHERE id = :id"
        ),
        {"id": message.id, "error": error[:500], "wait": wait},
    )
