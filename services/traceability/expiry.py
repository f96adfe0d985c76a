"""Expiry: bodies go when their time is over and no hold stands, and that itself is stated first.

In two steps, so that no export ever lacks a body without a word: a ``record.expire`` of the operator on the body's own
subject names it, and only when that is in the log, for a while, the body is deleted.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import Engine

from hazway.record import EXPIRE
from services.runtime.clock import legal_day
from services.traceability import expiry_store, retention
from services.traceability.keeper import Keeper
from services.traceability.record import state

_MOST = 500
GRACE_S = 600.0  # longer than any export takes


def expire_due(engine: Engine, keeper: Keeper, at: datetime, *, grace_s: float = GRACE_S) -> bool:
    """One round of both steps; whether there may be more to do. Safe to run twice, and to be killed in."""
    classes = retention.in_force(legal_day(at))
    stated = sum(_state(engine, keeper, each, classes, at) for each in classes if each.months is not None)
    with engine.begin() as connection:
        deleted = expiry_store.delete_expired(connection, grace_s, _MOST)
    return stated > 0 or deleted == _MOST


def _state(
    engine: Engine,
    keeper: Keeper,
    kept: retention.RetentionClass,
    classes: tuple[retention.RetentionClass, ...],
    at: datetime,
) -> int:
    before = retention.expires_before(kept.months or 0, at)
    but = retention.longer(kept.prefix, classes)
    with engine.begin() as connection:
        due = expiry_store.find_due(connection, kept.prefix, but, before, _MOST)
        for each in due:
            named = b"".join(each.statements)
            registered = state(
                connection,
                keeper,
                kind=EXPIRE,
                subject=each.subject,
                body={"statements": list(each.statements), "class": kept.prefix or "default", "basis": kept.basis},
                request_id=f"expire-{hashlib.sha256(named).hexdigest()[:32]}",
                at=at,
            )
            expiry_store.insert_expiries(connection, each.statements, registered.digest)
    return len(due)
