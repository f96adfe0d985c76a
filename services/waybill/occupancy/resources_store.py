"""Resources that turn out to be one thing share one stretch of the line on which trips are laid out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from services.waybill.occupancy.store import STRETCH, hold


def one_and_the_same(connection: Connection, kind: str, thing_id: str, same_id: str, now: datetime) -> bool:
    """From now on the two are on one trip at a time, whichever of them a waybill names.

    Trips that were laid out before for both at one time stay as they are; false when one of those is not over yet. With an
    empty ``same_id`` the thing stands alone again.
    """
    names = [f"{kind}/{each}" for each in (thing_id, same_id) if each]
    hold(connection, names)
    old = connection.execute(_NUMBER, {"name": names[0]}).scalar_one()
    if not same_id:
        if connection.execute(_SHARED, {"number": old}).scalar():
            new = connection.execute(_ALONE, {"name": names[0]}).scalar_one()
            _move(connection, old, new, thing_id)
        return True
    new = connection.execute(_NUMBER, {"name": names[1]}).scalar_one()
    if old == new:
        return True
    connection.execute(_SHARE, {"old": old, "new": new})
    _move(connection, old, new, "")
    return not connection.execute(_LEFT, {"old": old, "now": now}).scalar()


def _move(connection: Connection, old: int, new: int, only: str) -> None:
    connection.execute(_MOVE, {"old": old, "new": new, "by": (new - old) * STRETCH, "only": only})


_NUMBER = text("SELECT number FROM waybill_resources WHERE resource = :name")
_SHARED = text("SELECT count(*) > 1 FROM waybill_resources WHERE number = :number")
_ALONE = text("UPDATE waybill_resources SET number = DEFAULT WHERE resource = :name RETURNING number")
_SHARE = text("UPDATE waybill_resources SET number = :new WHERE number = :old")
_LEFT = text("SELECT EXISTS (SELECT FROM waybill_occupancy WHERE resource = :old AND (under_way OR to_at > :now))")
# What does not overlap; rows of one stretch never overlap each other, so those moved do not either.
_MOVE = text(
    "UPDATE waybill_occupancy AS m SET resource = :new, slots = int8range(lower(m.slots) + :by, upper(m.slots) + :by)"
    " WHERE m.resource = :old AND (:only = '' OR m.resource_id = :only) AND NOT EXISTS"
    "  (SELECT FROM waybill_occupancy o WHERE o.resource = :new AND (o.waybill_id = m.waybill_id OR o.under_way AND m.under_way"
    "   OR o.slots && int8range(lower(m.slots) + :by, upper(m.slots) + :by)))"
)
