"""Who may act at all: organisations and their standing, and the people who work for them now. Tables of its own."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection, text

from services.registry.model import Person
from services.runtime.access import Role
from services.runtime.call import Caller
from services.runtime.clock import legal_day
from services.traceability import OPERATOR

_IDENTIFY = text(
    "SELECT f.body->'kinds' AS kinds, f.body->>'division_code' AS division"
    " FROM (SELECT body FROM registry_facts WHERE kind = 'organisation' AND id = :organisation AND valid_from <= :at"
    "   AND (valid_to IS NULL OR :at < valid_to) ORDER BY version DESC LIMIT 1) f"
    " LEFT JOIN registry_standing s ON s.organisation_id = :organisation"
    " WHERE NOT coalesce(s.suspended, false) AND (:person = '' OR EXISTS (SELECT FROM registry_members"
    "  WHERE person_id = :person AND organisation_id = :organisation AND NOT ended"
    "  AND valid_from <= :day AND (valid_to IS NULL OR :day <= valid_to)))"
)


def identify(connection: Connection, organisation: str, person: str, at: datetime) -> Caller | None:
    """Who is on the line: the operator of this server, or whom the registry knows.

    ``None`` for an organisation that is unknown or suspended, or a person who does not work for it.
    """
    if organisation == OPERATOR:
        return Caller(organisation, person, frozenset({Role.OPERATOR}))
    names = {"organisation": organisation, "person": person, "at": at, "day": legal_day(at)}
    row = None if "\0" in organisation + person else connection.execute(_IDENTIFY, names).first()
    if row is None:
        return None
    return Caller(organisation, person, frozenset(Role[kind] for kind in row.kinds), row.division)


_SET_SUSPENDED = text(
    "INSERT INTO registry_standing (organisation_id, suspended) VALUES (:id, :suspended)"
    " ON CONFLICT (organisation_id) DO UPDATE SET suspended = EXCLUDED.suspended"
)


def set_suspended(connection: Connection, organisation_id: str, suspended: bool) -> None:
    connection.execute(_SET_SUSPENDED, {"id": organisation_id, "suspended": suspended})


_IS_SUSPENDED = text("SELECT suspended FROM registry_standing WHERE organisation_id = :id")


def is_suspended(connection: Connection, organisation_id: str) -> bool:
    row = connection.execute(_IS_SUSPENDED, {"id": organisation_id}).first()
    return row is not None and bool(row.suspended)


_DROP_MEMBERS = text(
    "DELETE FROM registry_members WHERE person_id = :person AND (organisation_id, valid_from) NOT IN"
    " (SELECT * FROM unnest(CAST(:organisations AS text[]), CAST(:since AS date[])))"
)
_KEEP_MEMBER = text(
    "INSERT INTO registry_members (person_id, organisation_id, valid_from, valid_to)"
    " VALUES (:person, :organisation, :valid_from, :valid_to)"
    " ON CONFLICT (person_id, organisation_id, valid_from) DO UPDATE SET valid_to = EXCLUDED.valid_to"
)


def keep_members(connection: Connection, person: Person) -> None:
    """The person's employments are exactly these; one that was cut off at once stays so."""
    begun = [(each.carrier_id, each.valid_from, each.valid_to) for each in person.employment]
    connection.execute(
        _DROP_MEMBERS,
        {"person": person.id, "organisations": [each[0] for each in begun], "since": [each[1] for each in begun]},
    )
    for organisation_id, valid_from, valid_to in dict.fromkeys(begun):
        connection.execute(
            _KEEP_MEMBER,
            {"person": person.id, "organisation": organisation_id, "valid_from": valid_from, "valid_to": valid_to},
        )


_CUT_OFF = text(
    "UPDATE registry_members SET ended = true WHERE person_id = :person AND organisation_id = :organisation"
)


def cut_off(connection: Connection, person_id: str, organisation_id: str) -> None:
    """The person can act for the organisation no more, from this transaction on."""
    connection.execute(_CUT_OFF, {"person": person_id, "organisation": organisation_id})


_EMPLOYERS = text(
    "SELECT organisation_id, bool_or(NOT ended AND (valid_to IS NULL OR :day <= valid_to)) AS still"
    " FROM registry_members WHERE person_id = :person GROUP BY organisation_id"
)


def employers(connection: Connection, person_id: str, day: date) -> dict[str, bool]:
    """Every organisation the person works or worked for, and whether still on this day."""
    rows = connection.execute(_EMPLOYERS, {"person": person_id, "day": day})
    return {row.organisation_id: row.still for row in rows}
