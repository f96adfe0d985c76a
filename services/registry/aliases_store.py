"""Entries that turned out to be another one: whatever names them names the one that was kept, from then on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.registry import store
from services.registry.kinds import VEHICLE
from services.registry.model import Permit, Tank


def led_on(connection: Connection, value: Any) -> Any:
    """The permit or tank as it names vehicles by the ids that were kept; anything else as it is."""
    named = _vehicles_of(value)
    aliases = store.resolved(connection, VEHICLE.name, sorted(named)) if named else {}
    if not aliases:
        return value
    if isinstance(value, Tank):
        return replace(value, fixed_on=aliases[value.fixed_on])
    return replace(value, vehicle_ids=frozenset(aliases.get(each, each) for each in named))


def lead_on(connection: Connection, merged_id: str, *, now: datetime, by: str, registered: bytes) -> None:
    """Every permit that still runs, and every tank, that names the merged vehicle gets a version that names the kept one."""
    for row in connection.execute(_NAMING, {"merged": merged_id, "now": now}).all():
        head = store.head(connection, row.kind, row.id, lock=True)
        found = store.find(connection, row.kind, row.id, now) if head else None
        value = led_on(connection, found.value) if found else None
        if head and found and value != found.value:
            store.append(
                connection, head, store.Writing(value=value, valid_from=now, now=now, by=by, registered=registered)
            )


_NAMING = text(
    "SELECT DISTINCT t.kind, t.id FROM registry_things t JOIN registry_facts f ON f.kind = t.kind AND f.id = t.id"
    " WHERE t.kind = 'tank' AND f.body->>'fixed_on' = :merged"
    " OR t.kind = 'permit' AND t.ends_at > :now AND f.body->'vehicle_ids' ? :merged ORDER BY t.kind, t.id"
)


def _vehicles_of(value: Any) -> frozenset[str]:
    if isinstance(value, Permit):
        return value.vehicle_ids
    return frozenset({value.fixed_on} - {""}) if isinstance(value, Tank) else frozenset()
