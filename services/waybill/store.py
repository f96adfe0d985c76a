"""Waybills as they stand: their table's only writer, in the caller's transaction. What hangs on them has stores of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.registry.model import ExternalRef
from services.registry.plain import from_plain, to_json
from services.waybill import receivers_store
from services.waybill.index_store import Index, reindex
from services.waybill.model import Route, Waybill


@dataclass(frozen=True, slots=True)
class Kept:
    """A waybill as it stands and how often it was changed."""

    waybill: Waybill
    version: int


class Taken(Exception):
    """Another waybill has this id, number or external reference."""


def insert(connection: Connection, waybill: Waybill, index: Index, now: datetime) -> None:
    """Keep a new waybill. Raises ``Taken`` for an id or number that another one has; the transaction stays usable."""
    fresh = connection.execute(
        text(
            "INSERT INTO waybill_waybills (id, number, state, carrier_id, departs_at, version, body, route, changed_at)"
            " VALUES (:id, :number, :state, :carrier, :departs_at, 1, CAST(:body AS jsonb), CAST(:route AS jsonb), :now)"
            " ON CONFLICT DO NOTHING RETURNING true"
        ),
        {**_columns(waybill), "route": to_json(waybill.route), "now": now},
    ).scalar()
    if not fresh:
        raise Taken
    reindex(connection, waybill, index)
    receivers_store.queue(connection, None, waybill, 1, now)


def update(connection: Connection, before: Kept, waybill: Waybill, now: datetime) -> Kept:
    """Keep the changed waybill, whose row the caller has locked."""
    connection.execute(
        text(
            "UPDATE waybill_waybills SET state = :state, departs_at = :departs_at, version = version + 1,"
            " body = CAST(:body AS jsonb), changed_at = :now WHERE id = :id"
        ),
        {**_columns(waybill), "now": now},
    )
    if waybill.route != before.waybill.route:
        connection.execute(
            text("UPDATE waybill_waybills SET route = CAST(:route AS jsonb) WHERE id = :id"),
            {"id": waybill.id, "route": to_json(waybill.route)},
        )
    receivers_store.queue(connection, before.waybill, waybill, before.version + 1, now)
    return Kept(waybill, before.version + 1)


def find(connection: Connection, waybill_id: str, *, lock: bool = False) -> Kept | None:
    """The waybill as it stands; with ``lock`` nobody else changes it until the transaction ends."""
    row = connection.execute(
        text(f"SELECT body, route, version FROM waybill_waybills WHERE id = :id{' FOR NO KEY UPDATE' if lock else ''}"),
        {"id": waybill_id},
    ).first()
    return None if row is None else Kept(read(row.body, row.route), row.version)


def note_reference(connection: Connection, waybill_id: str, reference: ExternalRef) -> None:
    """What another system said of the waybill last. It is no change of the waybill: nobody signs it, nobody is told."""
    kept = find(connection, waybill_id, lock=True)
    if kept is None:
        return
    others = tuple(each for each in kept.waybill.external_refs if each.system != reference.system)
    connection.execute(
        text(
            "UPDATE waybill_waybills SET body = jsonb_set(body, '{external_refs}', CAST(:all AS jsonb)) WHERE id = :id"
        ),
        {"id": waybill_id, "all": to_json((*others, reference))},
    )


def _columns(waybill: Waybill) -> dict[str, Any]:
    return {
        "id": waybill.id,
        "number": waybill.number,
        "state": waybill.state.name,
        "carrier": waybill.carrier_id,
        "departs_at": waybill.planned_departure,
        "body": to_json(replace(waybill, route=Route())),
    }


def read(body: Any, route: Any) -> Waybill:
    waybill: Waybill = from_plain(Waybill, body)
    return waybill if route is None else replace(waybill, route=from_plain(Route, route))
