"""Every version of a thing, as the tables keep them; reads only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, text

from services.registry.kinds import Kind
from services.registry.versions import FactVersion
from services.runtime.plain import from_plain

# Whether a version says that the thing is the organisation's own.
_OWN = {
    "organisation": "id = :owner",
    "person": "body->'employment' @> jsonb_build_array(jsonb_build_object('carrier_id', CAST(:owner AS text)))",
    **dict.fromkeys(("licence", "permit"), "body->>'organisation_id' = :owner"),
    **dict.fromkeys(("vehicle", "tank", "affiliation"), "body->>'carrier_id' = :owner"),
}


def _versions(condition: str) -> TextClause:
    return text(
        "SELECT version, id, body, valid_from, valid_to, recorded_at, recorded_by, registered FROM registry_facts"
        " WHERE kind = :kind AND id = :id AND (CAST(:known_at AS timestamptz) IS NULL OR recorded_at <= :known_at)"
        f" AND {condition} ORDER BY version DESC LIMIT :most"
    )


_OLDER = "(:before = 0 OR version < :before)"
_VERSIONS = _versions(_OLDER)
_OWN_VERSIONS = {kind: _versions(f"{_OLDER} AND {own}") for kind, own in _OWN.items()}
_VERSION_AT = _versions("valid_from <= :at AND (valid_to IS NULL OR :at < valid_to)")


def versions_of(
    connection: Connection, kind: Kind, thing_id: str, *, known_at: datetime | None, owner: str, before: int, most: int
) -> list[FactVersion[Any]]:
    """The newest first, older than version ``before`` unless it is 0; with ``owner`` only what was that organisation's."""
    named = {"kind": kind.name, "id": thing_id, "known_at": known_at, "owner": owner, "before": before, "most": most}
    return _read(kind, connection.execute(_OWN_VERSIONS[kind.name] if owner else _VERSIONS, named))


def version_at(
    connection: Connection, kind: Kind, thing_id: str, at: datetime, known_at: datetime | None
) -> FactVersion[Any] | None:
    """The version true at ``at`` by what was known at ``known_at``; of several the one learnt last."""
    named = {"kind": kind.name, "id": thing_id, "known_at": known_at, "at": at, "most": 1}
    return next(iter(_read(kind, connection.execute(_VERSION_AT, named))), None)


_MERGED_INTO = text(
    "SELECT id FROM registry_aliases WHERE kind = :kind AND alias_id = :id"
    " AND (CAST(:known_at AS timestamptz) IS NULL OR recorded_at <= :known_at)"
)


def merged_into(connection: Connection, kind: Kind, thing_id: str, known_at: datetime | None) -> str:
    """The entry this one was known to be by then, empty for itself."""
    return connection.execute(_MERGED_INTO, {"kind": kind.name, "id": thing_id, "known_at": known_at}).scalar() or ""


def _read(kind: Kind, rows: Iterable[Any]) -> list[FactVersion[Any]]:
    return [
        FactVersion(
            id=f"{row.version:012}", subject_id=row.id, value=from_plain(kind.model, row.body),
            valid_from=row.valid_from, valid_to=row.valid_to, recorded_at=row.recorded_at,
            recorded_by=row.recorded_by, registered=bytes(row.registered or b""),
        )
        for row in rows
    ]  # fmt: skip
