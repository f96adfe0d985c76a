"""Facts that higher slices tell the registry: what is in a tank after loading, a pass used up, where a vehicle was.

The act that caused it is stated by the slice that tells; ``registered`` is the digest of that registration.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from services.registry import store
from services.registry.kinds import PERMIT, TANK
from services.registry.model import TankState

record_presence = store.record_presence


def record_tank_state(
    connection: Connection, tank_id: str, state: TankState, *, now: datetime, by: str, registered: bytes | None = None
) -> str:
    """The tank's state since ``now``; the new version. Raises ``LookupError`` for a tank nobody registered."""
    head = store.head(connection, TANK.name, tank_id, lock=True)
    found = store.find(connection, TANK.name, tank_id, now) if head else None
    if head is None or found is None:
        raise LookupError(f"no tank {tank_id}")
    value = replace(found.value, state=replace(state, at=state.at or now))
    return store.append(
        connection, head, store.Writing(value=value, valid_from=now, now=now, by=by, registered=registered)
    )


def use_permit(
    connection: Connection,
    permit_id: str,
    waybill_id: str,
    *,
    now: datetime,
    by: str,
    registered: bytes | None = None,
) -> bool:
    """Use up a single-trip permit for this waybill; false when another waybill did before, or it is gone or revoked.

    A permit for several trips is not used up: true. Using it again for the same waybill changes nothing.
    """
    head = store.head(connection, PERMIT.name, permit_id, lock=True)
    found = store.find(connection, PERMIT.name, permit_id, now) if head else None
    if head is None or found is None or found.value.revoked:
        return False
    permit = found.value
    if permit.single_trip and not permit.used_by:
        used = replace(permit, used_by=waybill_id)
        store.append(connection, head, store.Writing(value=used, valid_from=now, now=now, by=by, registered=registered))
        return True
    return not permit.single_trip or permit.used_by == waybill_id
