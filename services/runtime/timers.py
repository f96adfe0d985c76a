"""Timers by the injected clock: what must happen at a time unless it is cancelled before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


_SET = text(
    "INSERT INTO runtime_timers (kind, key, due_at, payload) SELECT * FROM unnest(CAST(:kinds AS text[]),"
    " CAST(:keys AS text[]), CAST(:times AS timestamptz[]), CAST(:payloads AS bytea[])) AS t (kind, key, due_at, payload)"
    " ORDER BY kind, key ON CONFLICT (kind, key) DO UPDATE SET due_at = EXCLUDED.due_at, payload = EXCLUDED.payload"
)
_CANCEL = text("DELETE FROM runtime_timers WHERE kind = :kind AND key = ANY(:keys)")


def set_timer(connection: Connection, timer: Timer) -> None:
    """Set or move the timer of this kind and key, in the caller's transaction."""
    set_timers(connection, [timer])


def set_timers(connection: Connection, timers: Sequence[Timer]) -> None:
    """As ``set_timer``, for many of different kind or key."""
    if timers:
        connection.execute(
            _SET,
            {
                "kinds": [timer.kind for timer in timers],
                "keys": [timer.key for timer in timers],
                "times": [timer.due_at for timer in timers],
                "payloads": [timer.payload for timer in timers],
            },
        )


def cancel_timer(connection: Connection, kind: str, *keys: str) -> None:
    """Nothing will happen for these keys."""
    if keys:
        connection.execute(_CANCEL, {"kind": kind, "keys": list(keys)})


_DUE = text(
    "DELETE FROM runtime_timers WHERE (kind, key) IN (SELECT kind, key FROM runtime_timers"
    " WHERE kind = :kind AND due_at <= :at ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING kind, key, due_at, payload"
)


def fire_due(
    engine: Engine, kind: str, at: datetime, act: Callable[[Connection, Timer], None], *, most: int = 100
) -> int:
    """Run ``act`` for up to ``most`` timers due at ``at``, each in the transaction that also removes it.

    ``act`` may set the same timer again. Several processes may call this at once. Returns how many fired.
    """
    for fired in range(most):
        with engine.begin() as connection:
            row = connection.execute(_DUE, {"kind": kind, "at": at}).first()
            if row is None:
                return fired
            act(connection, Timer(row.kind, row.key, row.due_at, row.payload))
    return most
