"""An organisation's vehicles in one look, for those who must tell a fleet's fixes apart by the ten thousand."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

_FLEET = text(
    "SELECT v.id, o.division_code FROM registry_things v"
    " JOIN registry_things o ON o.kind = 'organisation' AND o.id = v.owner_id"
    " WHERE v.kind = 'vehicle' AND v.owner_id = :owner"
)


def fleet(connection: Connection, organisation_id: str) -> dict[str, str]:
    """The organisation's vehicles now, each with the division it is registered in: its owner's."""
    rows = connection.execute(_FLEET, {"owner": organisation_id})
    return {row.id: row.division_code for row in rows}


_MARK = text(
    "SELECT count(*), coalesce(sum(hashtext(id || ' ' || version)), 0),"
    " (SELECT division_code FROM registry_things WHERE kind = 'organisation' AND id = :owner)"
    " FROM registry_things WHERE kind = 'vehicle' AND owner_id = :owner"
)


def fleet_mark(connection: Connection, organisation_id: str) -> tuple[object, ...]:
    """The same while ``fleet`` is the same, at a small part of its cost: whoever keeps a large fleet reads it anew only when this
    has changed."""
    return tuple(connection.execute(_MARK, {"owner": organisation_id}).one())


_DIVISION = text(
    "SELECT o.division_code FROM registry_things v JOIN registry_things o ON o.kind = 'organisation' AND o.id = v.owner_id"
    " WHERE v.kind = 'vehicle' AND v.id = :vehicle AND v.owner_id = :owner"
)


def division_of(connection: Connection, organisation_id: str, vehicle_id: str) -> str:
    """What ``fleet`` says of one vehicle; empty when it is not the organisation's."""
    found = connection.execute(_DIVISION, {"owner": organisation_id, "vehicle": vehicle_id}).scalar()
    return str(found or "")


_WITH_TERMINAL = text(
    "SELECT v.id FROM registry_things v JOIN registry_things o ON o.kind = 'organisation' AND o.id = v.owner_id"
    " CROSS JOIN LATERAL (SELECT body FROM registry_facts f WHERE f.kind = 'vehicle' AND f.id = v.id"
    "  AND f.valid_from <= :at AND (f.valid_to IS NULL OR :at < f.valid_to) ORDER BY f.version DESC LIMIT 1) f"
    " WHERE v.kind = 'vehicle' AND (:owner = '' OR v.owner_id = :owner) AND starts_with(o.division_code, :division)"
    " AND coalesce(f.body->>'positioning_device', '') <> ''"
    " AND NOT EXISTS (SELECT FROM registry_aliases a WHERE a.kind = 'vehicle' AND a.alias_id = v.id)"
)


def with_terminal(connection: Connection, at: datetime, *, owner: str = "", division: str = "") -> list[str]:
    """The vehicles that have a positioning terminal by the facts of that time: those of an owner, of owners in divisions whose
    codes begin with ``division``, or all. One that was merged into another entry does not count again."""
    rows = connection.execute(_WITH_TERMINAL, {"at": at, "owner": owner, "division": division})
    return list(rows.scalars())
