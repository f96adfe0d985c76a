"""Timers by the injected clock: what must happen at a time unless it is cancelled before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from services.runtime.database import Connection, Engine


@dataclass(frozen=True, slots=True)
class Timer:
    kind: str
    key: str
    due_at: datetime
    payload: bytes


def set_timer(connection: Connection, timer: Timer) -> None:
    """Set or move the timer of this kind and key, in the caller's transaction."""
    connection.execute(
        text(
            "INSERT INTO runtime_timers (kind, key, due_at, payload) VALUES (:kind, :key, :due_at, :payload)"
            " ON CONFLICT (kind, key) DO UPDATE SET due_at = EXCLUDED.due_at, payload = EXCLUDED.payload"
        ),
        {"kind": timer.kind, "key": timer.key, "due_at": timer.due_at, "payload": timer.payload},
    )


def cancel_timer(connection: Connection, kind: str, key: str) -> None:
    connection.execute(text("DELETE FROM runtime_timers WHERE kind = :kind AND key = :key"), {"kind": kind, "key": key})


def fire_due(
    engine: Engine, kind: str, at: datetime, act: Callable[[Connection, Timer], None], *, most: int = 100
) -> int:
    """Run ``act`` for up to ``most`` timers due at ``at``, each in the transaction that also removes it.

    ``act`` may set the same timer again. Several processes may call this at once. Returns how many fired.
    """
    for fired in range(most):
        with engine.begin() as connection:
            row = connection.execute(
                text(
                    "DELETE FROM runtime_timers WHERE (kind, key) IN (SELECT kind, key FROM runtime_timers"
                    " WHERE kind = :kind AND due_at <= :at ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
                    " RETURNING kind, key, due_at, payload"
                ),
                {"kind": kind, "at": at},
            ).first()
            if row is None:
                return fired
            act(connection, Timer(row.kind, row.key, row.due_at, row.payload))
    return most
