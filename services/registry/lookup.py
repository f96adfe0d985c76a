"""Finding an organisation's own things by what stands on them, for papers that name no ids."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, text

from services.registry import store
from services.registry.kinds import plate_key
from services.registry.model import PlateColour


def own_vehicle(connection: Connection, owner_id: str, plate: str, colour: PlateColour) -> str:
    """The id of the organisation's vehicle with this plate, empty where it has none."""
    key = plate_key(plate, colour)
    vehicle_id = store.by_key(connection, (key,)).get(key, "")
    head = store.head(connection, "vehicle", vehicle_id) if vehicle_id else None
    return vehicle_id if head is not None and head.owner_id == owner_id else ""


_OWN_PERSON = text(
    "SELECT DISTINCT m.person_id FROM registry_members m CROSS JOIN LATERAL (SELECT body FROM registry_facts f"
    "  WHERE f.kind = 'person' AND f.id = m.person_id ORDER BY version DESC LIMIT 1) f"
    " WHERE m.organisation_id = :organisation AND NOT m.ended AND m.valid_from <= :day"
    " AND (m.valid_to IS NULL OR :day <= m.valid_to)"
    " AND f.body->'qualifications' @> jsonb_build_array(jsonb_build_object('number', CAST(:number AS text)))"
)


def own_person(connection: Connection, organisation_id: str, qualification: str, day: date) -> str:
    """The id of whoever works for the organisation on the day and holds this qualification, empty unless it is one person."""
    named = {"organisation": organisation_id, "day": day, "number": qualification}
    rows = connection.execute(_OWN_PERSON, named).all()
    return str(rows[0].person_id) if len(rows) == 1 and qualification else ""
