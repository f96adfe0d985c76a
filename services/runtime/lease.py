"""Leases with fencing: who may do what only one process may do.

A lease runs by the database's clock, since it is about processes, not about the world the injected clock shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from services.runtime.database import Connection


@dataclass(frozen=True, slots=True)
class Lease:
    """Held by one holder; ``token`` grows with every change of holder, so a late write of an old one can be told."""

    name: str
    holder: str
    token: int


_TAKE = text(
    "INSERT INTO runtime_leases (name, holder, token, until)"
    " VALUES (:name, :holder, 1, clock_timestamp() + make_interval(secs => :seconds))"
    " ON CONFLICT (name) DO UPDATE SET"
    "  holder = EXCLUDED.holder, until = EXCLUDED.until,"
    "  token = runtime_leases.token + CASE WHEN runtime_leases.holder = EXCLUDED.holder THEN 0 ELSE 1 END"
    " WHERE runtime_leases.holder = EXCLUDED.holder OR runtime_leases.until < clock_timestamp()"
    " RETURNING token"
)


def take_lease(connection: Connection, name: str, holder: str, *, seconds: float) -> Lease | None:
    """Take or renew the lease; ``None`` while somebody else holds it."""
    token = connection.execute(_TAKE, {"name": name, "holder": holder, "seconds": seconds}).scalar()
    return None if token is None else Lease(name, holder, token)


def is_held(connection: Connection, lease: Lease) -> bool:
    """Whether the lease is still this holder's; locks the row, so it stays so until the transaction ends."""
    row = connection.execute(
        text("SELECT token FROM runtime_leases WHERE name = :name FOR SHARE"), {"name": lease.name}
    ).first()
    return row is not None and row.token == lease.token
