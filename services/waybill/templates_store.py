"""Templates: their table's only writer, in the caller's transaction. The body is a message of the contract, which only grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    organisation_id: str
    id: str
    name: str
    body: bytes
    changed_at: datetime


_PUT = text(
    "INSERT INTO waybill_templates (organisation_id, id, name, body, changed_at)"
    " VALUES (:organisation, :id, :name, :body, :at) ON CONFLICT (organisation_id, id)"
    " DO UPDATE SET name = EXCLUDED.name, body = EXCLUDED.body, changed_at = EXCLUDED.changed_at"
)


def put(connection: Connection, template: Template) -> None:
    connection.execute(
        _PUT,
        {
            "organisation": template.organisation_id,
            "id": template.id,
            "name": template.name,
            "body": template.body,
            "at": template.changed_at,
        },
    )


_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('waybill_templates/' || :organisation, 0))")
_COUNT_OTHERS = text("SELECT count(*) FROM waybill_templates WHERE organisation_id = :organisation AND id <> :id")


def count_others(connection: Connection, organisation_id: str, template_id: str) -> int:
    """How many the organisation has besides this one; held, so that two at once do not both find room."""
    connection.execute(_ALONE, {"organisation": organisation_id})
    return int(connection.execute(_COUNT_OTHERS, {"organisation": organisation_id, "id": template_id}).scalar_one())


_FIND = text("SELECT * FROM waybill_templates WHERE organisation_id = :organisation AND id = :id")


def find(connection: Connection, organisation_id: str, template_id: str) -> Template | None:
    row = connection.execute(_FIND, {"organisation": organisation_id, "id": template_id}).first()
    return None if row is None else _read(row)


_TEMPLATES_OF = text("SELECT * FROM waybill_templates WHERE organisation_id = :organisation ORDER BY name, id")


def templates_of(connection: Connection, organisation_id: str) -> list[Template]:
    """By name."""
    rows = connection.execute(_TEMPLATES_OF, {"organisation": organisation_id})
    return [_read(row) for row in rows]


_DELETE = text("DELETE FROM waybill_templates WHERE organisation_id = :organisation AND id = :id RETURNING true")


def delete(connection: Connection, organisation_id: str, template_id: str) -> bool:
    """Whether there was one."""
    return bool(connection.execute(_DELETE, {"organisation": organisation_id, "id": template_id}).scalar())


def _read(row: Any) -> Template:
    return Template(
        organisation_id=row.organisation_id, id=row.id, name=row.name, body=row.body, changed_at=row.changed_at
    )
