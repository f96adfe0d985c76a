"""Telling those who follow vehicles that an organisation's zone passes changed: through the outbox, in the transaction that did it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from hazway import cbor
from services.registry.model import Permit, PermitKind
from services.runtime import outbox

TOPIC = "zone-pass"


def tell(connection: Connection, permit: Permit, at: datetime) -> None:
    """Nothing but whose passes, and as of when: what they are then is asked of ``facts_at``. Other permits are no pass."""
    if permit.kind is PermitKind.ZONE_PASS:
        told = {"organisation_id": permit.organisation_id, "at": at.isoformat()}
        outbox.put(connection, TOPIC, permit.organisation_id, cbor.dumps(told))
