"""Lists of things, page by page; it writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, TextClause, text

from services.registry.store import TRUE_AT, Head, read_head, read_value


def page(
    connection: Connection, kind: str, at: datetime, *, after: str, most: int, where: Mapping[str, str]
) -> list[tuple[Head, Any]]:
    """Up to ``most`` things by id after ``after``; ``where`` may bind ``owner``, ``division`` (a prefix), ``role``."""
    named = {"kind": kind, "at": at, "after": after, "most": most, **where}
    return [(read_head(row), read_value(kind, row.body)) for row in connection.execute(_page(tuple(where)), named)]


@cache
def _page(bound: tuple[str, ...]) -> TextClause:
    return text(
        "SELECT t.kind, t.id, t.owner_id, t.division_code, t.version, CAST(f.body AS text) AS body FROM registry_things t"
        " CROSS JOIN LATERAL (SELECT body FROM registry_facts"
        f"  WHERE kind = t.kind AND id = t.id AND {TRUE_AT} ORDER BY version DESC LIMIT 1) f"
        " WHERE t.kind = :kind AND t.id > :after"
        "  AND NOT EXISTS (SELECT FROM registry_aliases a WHERE a.kind = t.kind AND a.alias_id = t.id)"
        f" AND {' AND '.join(_CONDITIONS[name] for name in bound) or 'true'} ORDER BY t.id LIMIT :most"
    )


_OWNED_BY = (
    "(t.owner_id = {owner} OR t.kind = 'person' AND EXISTS (SELECT FROM registry_members m"
    " WHERE m.person_id = t.id AND m.organisation_id = {owner}))"
)
_CONDITIONS = {
    "owner": _OWNED_BY.format(owner=":owner"),
    "division": (
        "(EXISTS (SELECT FROM registry_things o WHERE o.kind = 'organisation' AND starts_with(o.division_code, :division)"
        f"  AND {_OWNED_BY.format(owner='o.id')})"
        " OR t.kind = 'vehicle' AND EXISTS (SELECT FROM registry_presences p"
        "  WHERE p.vehicle_id = t.id AND starts_with(p.division_code, :division)))"
    ),
    "role": "f.body->'kinds' ? :role",
}
