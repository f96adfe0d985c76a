"""The registry's tables; this is their only writer, always in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.registry.kinds import KINDS, Keys, kind_of
from services.registry.model import Permit
from services.registry.plain import from_plain, to_plain


@dataclass(frozen=True, slots=True)
class Head:
    """Where a thing stands now: its owner, the division it is registered in, its newest version."""

    kind: str
    id: str
    owner_id: str
    division_code: str
    version: str


@dataclass(frozen=True, slots=True)
class Found:
    """A thing as one version of its fact says."""

    version: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """One new version: ``registered`` is the digest of the registration that stated it, ``now`` when it is learnt."""

    value: Any
    valid_from: datetime
    valid_to: datetime | None = None
    now: datetime
    by: str
    person: str = ""
    registered: bytes | None = None


_VERSIONS = (
    "SELECT DISTINCT ON (f.kind, f.id) f.kind, f.id, f.version, f.body FROM registry_facts f"
    " WHERE {which} AND f.valid_from <= :at AND (f.valid_to IS NULL OR :at < f.valid_to)"
    " AND (CAST(:known_at AS timestamptz) IS NULL OR f.recorded_at <= :known_at)"
    " ORDER BY f.kind, f.id, f.version DESC"
)


def find(
    connection: Connection, kind: str, thing_id: str, at: datetime, known_at: datetime | None = None
) -> Found | None:
    """The version true at ``at`` by what was known at ``known_at``; of several the one learnt last."""
    row = connection.execute(
        text(_VERSIONS.format(which="f.kind = :kind AND f.id = :id")),
        {"kind": kind, "id": thing_id, "at": at, "known_at": known_at},
    ).first()
    return None if row is None else _found(row)


def find_versions(connection: Connection, versions: Iterable[str]) -> dict[tuple[str, str], Found]:
    """These very versions, by (kind, id)."""
    rows = connection.execute(
        text("SELECT kind, id, version, body FROM registry_facts WHERE version = ANY(:versions)"),
        {"versions": [int(version) for version in versions]},
    )
    return {(row.kind, row.id): _found(row) for row in rows}


def find_all(
    connection: Connection, wanted: Iterable[tuple[str, str]], at: datetime, known_at: datetime | None = None
) -> dict[tuple[str, str], Found]:
    """Many things at once, by (kind, id); what was not known or not true then is left out."""
    pairs = list(wanted)
    rows = connection.execute(
        text(
            _VERSIONS.format(
                which="(f.kind, f.id) IN (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS text[])))"
            )
        ),
        {
            "kinds": [kind for kind, _ in pairs],
            "ids": [thing_id for _, thing_id in pairs],
            "at": at,
            "known_at": known_at,
        },
    )
    return {(row.kind, row.id): _found(row) for row in rows}


def owned(
    connection: Connection, kinds: Sequence[str], owners: Iterable[str], *, ending_after: datetime
) -> list[tuple[str, str]]:
    """(kind, id) of everything of these kinds that belongs to these organisations now, but for what ended by then."""
    rows = connection.execute(
        text(
            "SELECT kind, id FROM registry_things WHERE kind = ANY(:kinds) AND owner_id = ANY(:owners)"
            " AND (ends_at IS NULL OR ends_at > :after) ORDER BY kind, id"
        ),
        {"kinds": list(kinds), "owners": list(owners), "after": ending_after},
    )
    return [(row.kind, row.id) for row in rows]


def known(connection: Connection, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The owners of those of these (kind, id) that are registered."""
    pairs = list(wanted)
    if not pairs:
        return {}
    rows = connection.execute(
        text(
            "SELECT kind, id, owner_id FROM registry_things"
            " WHERE (kind, id) IN (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS text[])))"
        ),
        {"kinds": [kind for kind, _ in pairs], "ids": [thing_id for _, thing_id in pairs]},
    )
    return {(row.kind, row.id): row.owner_id for row in rows}


def head(connection: Connection, kind: str, thing_id: str, *, lock: bool = False) -> Head | None:
    """Where the thing stands; with ``lock`` nobody else writes it until the transaction ends."""
    row = connection.execute(
        text(
            "SELECT kind, id, owner_id, division_code, version FROM registry_things"
            f" WHERE kind = :kind AND id = :id{' FOR UPDATE' if lock else ''}"
        ),
        {"kind": kind, "id": thing_id},
    ).first()
    return None if row is None else _head(row)


class Clash(Exception):
    """Somebody else made the same thing, or took one of its keys, since it was looked at: the call may be tried again."""


def append(connection: Connection, before: Head | None, writing: Writing) -> str:
    """Add the version, bring the present up to date and return the version's name. Raises ``Clash``.

    ``before`` is the locked head, ``None`` for a new thing. Versions of a thing are learnt in the order of their
    numbers, whatever the clocks of the callers said.
    """
    kind, thing_id = kind_of(writing.value).name, writing.value.id
    if before is None and not connection.execute(text(_PLACE), {"kind": kind, "id": thing_id}).scalar():
        raise Clash
    row = connection.execute(text(_APPEND), {"kind": kind, "id": thing_id, **_columns(writing)}).one()
    current = find(connection, kind, thing_id, writing.now) or Found(_name(row.version), writing.value)
    connection.execute(
        text(
            "UPDATE registry_things SET version = :version, recorded_at = :recorded_at, owner_id = :owner,"
            " division_code = :division, ends_at = greatest(ends_at, :ends_at) WHERE kind = :kind AND id = :id"
        ),
        {
            "kind": kind,
            "id": thing_id,
            "version": row.version,
            "recorded_at": row.recorded_at,
            "owner": KINDS[kind].owner(current.value),
            "division": getattr(current.value, "division_code", ""),
            "ends_at": writing.value.valid_to if isinstance(writing.value, Permit) else None,
        },
    )
    _keep_keys(connection, kind, thing_id, KINDS[kind].keys(current.value))
    return _name(row.version)


_PLACE = (
    "INSERT INTO registry_things (kind, id, owner_id, version, recorded_at) VALUES (:kind, :id, '', 0, '-infinity')"
    " ON CONFLICT DO NOTHING RETURNING true"
)
_APPEND = (
    "INSERT INTO registry_facts (kind, id, body, valid_from, valid_to, recorded_at, recorded_by, person, registered)"
    " SELECT kind, id, CAST(:body AS jsonb), :valid_from, :valid_to, greatest(:now, recorded_at), :by, :person, :registered"
    " FROM registry_things WHERE kind = :kind AND id = :id RETURNING version, recorded_at"
)


def _columns(writing: Writing) -> dict[str, Any]:
    return {
        "body": json.dumps(to_plain(writing.value), ensure_ascii=False),
        "valid_from": writing.valid_from,
        "valid_to": writing.valid_to,
        "now": writing.now,
        "by": writing.by,
        "person": writing.person,
        "registered": writing.registered,
    }


def _keep_keys(connection: Connection, kind: str, thing_id: str, keys: Keys) -> None:
    """The thing's keys are exactly these. A key of an entry that was merged into it becomes its own."""
    arguments = {"kind": kind, "id": thing_id, "names": [name for name, _ in keys], "keys": [key for _, key in keys]}
    connection.execute(
        text(
            "DELETE FROM registry_keys WHERE kind = :kind AND id = :id AND (name, key) NOT IN"
            " (SELECT * FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[])))"
        ),
        arguments,
    )
    kept = connection.execute(
        text(
            "INSERT INTO registry_keys AS k (name, key, kind, id)"
            " SELECT *, :kind, :id FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[])) ORDER BY 1, 2"
            " ON CONFLICT (name, key) DO UPDATE SET id = EXCLUDED.id WHERE k.id = EXCLUDED.id OR EXISTS"
            "  (SELECT FROM registry_aliases a WHERE a.kind = k.kind AND a.alias_id = k.id AND a.id = EXCLUDED.id)"
            " RETURNING true"
        ),
        arguments,
    ).all()
    if len(kept) < len(keys):
        raise Clash


def by_key(connection: Connection, keys: Keys) -> dict[tuple[str, str], str]:
    """The ids of the things that hold these keys; a merged entry's keys lead to the one it is."""
    rows = connection.execute(
        text(
            "SELECT k.name, k.key, coalesce(a.id, k.id) AS id FROM registry_keys k"
            " LEFT JOIN registry_aliases a ON a.kind = k.kind AND a.alias_id = k.id WHERE (k.name, k.key) IN"
            " (SELECT * FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[])))"
        ),
        {"names": [name for name, _ in keys], "keys": [key for _, key in keys]},
    )
    return {(row.name, row.key): row.id for row in rows}


def resolved(connection: Connection, kind: str, ids: Iterable[str]) -> dict[str, str]:
    """Where those of these ids lead that were merged into another entry; chains are kept one step long."""
    rows = connection.execute(
        text("SELECT alias_id, id FROM registry_aliases WHERE kind = :kind AND alias_id = ANY(:ids)"),
        {"kind": kind, "ids": list(ids)},
    )
    return {row.alias_id: row.id for row in rows}


def alias(connection: Connection, kind: str, merged_id: str, kept_id: str, now: datetime) -> None:
    """From now on ``merged_id``, and whatever led to it, leads to ``kept_id``; both heads must be locked."""
    arguments = {"kind": kind, "merged": merged_id, "kept": kept_id, "now": now}
    connection.execute(text("UPDATE registry_aliases SET id = :kept WHERE kind = :kind AND id = :merged"), arguments)
    connection.execute(
        text("INSERT INTO registry_aliases (kind, alias_id, id, recorded_at) VALUES (:kind, :merged, :kept, :now)"),
        arguments,
    )


def divisions_of(connection: Connection, kind: str, thing_id: str) -> frozenset[str]:
    """Where a thing is registered through its owner or employers, and where a vehicle was seen."""
    rows = connection.execute(
        text(
            "SELECT o.division_code FROM registry_things t JOIN registry_things o"
            "  ON o.kind = 'organisation' AND o.id = t.owner_id WHERE t.kind = :kind AND t.id = :id"
            " UNION SELECT division_code FROM registry_presences WHERE :kind = 'vehicle' AND vehicle_id = :id"
            " UNION SELECT o.division_code FROM registry_members m JOIN registry_things o"
            "  ON o.kind = 'organisation' AND o.id = m.organisation_id WHERE :kind = 'person' AND m.person_id = :id"
        ),
        {"kind": kind, "id": thing_id},
    )
    return frozenset(row.division_code for row in rows)


def page(
    connection: Connection, kind: str, at: datetime, *, after: str, most: int, where: Mapping[str, str]
) -> list[tuple[Head, Any]]:
    """Up to ``most`` things by id after ``after``; ``where`` may bind ``owner``, ``division`` (a prefix), ``role``."""
    conditions = " AND ".join(_CONDITIONS[name] for name in where) or "true"
    rows = connection.execute(
        text(
            "SELECT t.kind, t.id, t.owner_id, t.division_code, t.version, f.body FROM registry_things t"
            " CROSS JOIN LATERAL (SELECT body FROM registry_facts f WHERE f.kind = t.kind AND f.id = t.id"
            "  AND f.valid_from <= :at AND (f.valid_to IS NULL OR :at < f.valid_to) ORDER BY f.version DESC LIMIT 1) f"
            " WHERE t.kind = :kind AND t.id > :after"
            "  AND NOT EXISTS (SELECT FROM registry_aliases a WHERE a.kind = t.kind AND a.alias_id = t.id)"
            f" AND {conditions} ORDER BY t.id LIMIT :most"
        ),
        {"kind": kind, "at": at, "after": after, "most": most, **where},
    )
    return [(_head(row), from_plain(KINDS[kind].model, row.body)) for row in rows]


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


def record_presence(connection: Connection, vehicle_id: str, division_code: str, at: datetime) -> None:
    """The vehicle was in the division at this time."""
    connection.execute(
        text(
            "INSERT INTO registry_presences AS p (vehicle_id, division_code, last_at) VALUES (:vehicle, :division, :at)"
            " ON CONFLICT (vehicle_id, division_code) DO UPDATE SET last_at = greatest(p.last_at, EXCLUDED.last_at)"
        ),
        {"vehicle": vehicle_id, "division": division_code, "at": at},
    )


def _name(version: int) -> str:
    """Versions are named so that the names sort as the numbers do."""
    return f"{version:012}"


def _head(row: Any) -> Head:
    return Head(row.kind, row.id, row.owner_id, row.division_code, _name(row.version))


def _found(row: Any) -> Found:
    return Found(_name(row.version), from_plain(KINDS[row.kind].model, row.body))
