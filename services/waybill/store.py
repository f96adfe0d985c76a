"""Waybills as they stand: with ``issuing.store`` their table's only writer, in the caller's transaction. What hangs on them has stores of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.registry.model import ExternalRef
from services.runtime.plain import from_plain, to_json
from services.waybill.model import Route, Waybill
from services.waybill.receivers import queue_store


@dataclass(frozen=True, slots=True)
class Kept:
    """A waybill as it stands and how often it was changed."""

    waybill: Waybill
    version: int


_UPDATE = text(
    "UPDATE waybill_waybills SET state = :state, departs_at = :departs_at, version = version + 1,"
    " body = CAST(:body AS jsonb), changed_at = :now WHERE id = :id"
)
_UPDATE_ROUTE = text("UPDATE waybill_waybills SET route = CAST(:route AS jsonb) WHERE id = :id")


def update(connection: Connection, before: Kept, waybill: Waybill, now: datetime) -> Kept:
    """Keep the changed waybill, whose row the caller has locked."""
    columns = {
        "id": waybill.id,
        "state": waybill.state.name,
        "departs_at": waybill.planned_departure,
        "body": to_json(replace(waybill, route=Route())),
        "now": now,
    }
    connection.execute(_UPDATE, columns)
    if waybill.route != before.waybill.route:
        connection.execute(_UPDATE_ROUTE, {"id": waybill.id, "route": to_json(waybill.route)})
    queue_store.queue(connection, before.waybill, waybill, before.version + 1, now)
    return Kept(waybill, before.version + 1)


_FIND = "SELECT body, route, version FROM waybill_waybills WHERE id = :id"
_FINDS = {False: text(_FIND), True: text(f"{_FIND} FOR NO KEY UPDATE")}
_TAKEN = text("SELECT id FROM waybill_waybills WHERE id = ANY(:ids)")


def find(connection: Connection, waybill_id: str, *, lock: bool = False) -> Kept | None:
    """The waybill as it stands; with ``lock`` nobody else changes it until the transaction ends."""
    row = connection.execute(_FINDS[lock], {"id": waybill_id}).first()
    return None if row is None else Kept(read(row.body, row.route), row.version)


def taken(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Those of these ids that are a waybill's."""
    return set(connection.execute(_TAKEN, {"ids": list(ids)}).scalars())


def note_reference(connection: Connection, waybill_id: str, reference: ExternalRef) -> None:
    """What another system said of the waybill last. It is no change of the waybill: nobody signs it, nobody is told."""
    kept = find(connection, waybill_id, lock=True)
    if kept is None:
        return
    others = tuple(each for each in kept.waybill.external_refs if each.system != reference.system)
    connection.execute(_NOTE, {"id": waybill_id, "all": to_json((*others, reference))})


_NOTE = text(
    "UPDATE waybill_waybills SET body = jsonb_set(body, '{external_refs}', CAST(:all AS jsonb)) WHERE id = :id"
)


def read(body: Any, route: Any) -> Waybill:
    waybill: Waybill = from_plain(Waybill, body)
    return waybill if route is None else replace(waybill, route=from_plain(Route, route))
