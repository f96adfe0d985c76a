"""The registry's tables; this is their only writer, always in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, text

from services.registry import passes
from services.registry.kinds import KINDS, Keys, kind_of
from services.registry.model import Permit
from services.runtime.plain import from_plain, to_json


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


@dataclass(frozen=True, slots=True)
class Named:
    """A thing found under the id it was asked by; ``id`` is another where that one was merged into it."""

    kind: str
    asked: str
    id: str
    found: Found


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

    @property
    def is_current(self) -> bool:
        """Whether it says what is true now: of all versions that do, the one learnt last counts."""
        return self.valid_from <= self.now and (self.valid_to is None or self.now < self.valid_to)


TRUE_AT = "valid_from <= :at AND (valid_to IS NULL OR :at < valid_to)"
_KNOWN_THEN = f"{TRUE_AT} AND (CAST(:known_at AS timestamptz) IS NULL OR recorded_at <= :known_at)"
_FIND = text(
    "SELECT kind, version, CAST(body AS text) AS body FROM registry_facts"
    f" WHERE kind = :kind AND id = :id AND {_KNOWN_THEN} ORDER BY version DESC LIMIT 1"
)


def find(
    connection: Connection, kind: str, thing_id: str, at: datetime, known_at: datetime | None = None
) -> Found | None:
    """The version true at ``at`` by what was known at ``known_at``; of several the one learnt last."""
    row = connection.execute(_FIND, {"kind": kind, "id": thing_id, "at": at, "known_at": known_at}).first()
    return None if row is None else _found(row)


_VERSIONS = text(
    "SELECT kind, id, version, CAST(body AS text) AS body FROM registry_facts WHERE version = ANY(:versions)"
)


def find_versions(connection: Connection, versions: Iterable[str]) -> dict[tuple[str, str], Found]:
    """These very versions, by (kind, id)."""
    rows = connection.execute(_VERSIONS, {"versions": [int(version) for version in versions]})
    return {(row.kind, row.id): _found(row) for row in rows}


_ALL = text(
    "WITH asked AS ("
    "  SELECT named.kind, named.id AS asked, coalesce(a.id, named.id) AS id"
    "  FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS text[])) AS named (kind, id)"
    "  LEFT JOIN registry_aliases a ON named.kind = 'vehicle' AND a.kind = named.kind AND a.alias_id = named.id"
    "  UNION ALL SELECT kind, id, id FROM registry_things WHERE kind = ANY(:granted) AND owner_id = ANY(:owners)"
    "  AND (ends_at IS NULL OR ends_at > :ending_after))"
    " SELECT asked.kind, asked.asked, asked.id, f.version, CAST(f.body AS text) AS body"
    " FROM asked CROSS JOIN LATERAL (SELECT version, body FROM registry_facts"
    f"  WHERE kind = asked.kind AND id = asked.id AND {_KNOWN_THEN} ORDER BY version DESC LIMIT 1) f"
    " ORDER BY asked.kind, asked.asked"
)


def find_all(
    connection: Connection,
    wanted: Iterable[tuple[str, str]],
    at: datetime,
    known_at: datetime | None = None,
    *,
    granted: Sequence[str] = (),
    owners: Iterable[str] = (),
    ending_after: datetime,
) -> Iterator[Named]:
    """Many things by (kind, id), and everything of the kinds ``granted`` that belongs to these organisations now, but for
    what ended by then. What was not known or not true at ``at`` is left out."""
    pairs = list(wanted)
    rows = connection.execute(
        _ALL,
        {
            "kinds": [kind for kind, _ in pairs],
            "ids": [thing_id for _, thing_id in pairs],
            "granted": list(granted),
            "owners": list(owners),
            "ending_after": ending_after,
            "at": at,
            "known_at": known_at,
        },
    )
    return (Named(row.kind, row.asked, row.id, _found(row)) for row in rows)


_KNOWN = text(
    "SELECT kind, id, owner_id FROM registry_things"
    " WHERE (kind, id) IN (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS text[])))"
)


def known(connection: Connection, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The owners of those of these (kind, id) that are registered."""
    pairs = list(wanted)
    if not pairs:
        return {}
    named = {"kinds": [kind for kind, _ in pairs], "ids": [thing_id for _, thing_id in pairs]}
    return {(row.kind, row.id): row.owner_id for row in connection.execute(_KNOWN, named)}


_HEAD = "SELECT kind, id, owner_id, division_code, version FROM registry_things WHERE kind = :kind AND id = :id"
_HEADS = {False: text(_HEAD), True: text(f"{_HEAD} FOR UPDATE")}


def head(connection: Connection, kind: str, thing_id: str, *, lock: bool = False) -> Head | None:
    """Where the thing stands; with ``lock`` nobody else writes it until the transaction ends."""
    row = connection.execute(_HEADS[lock], {"kind": kind, "id": thing_id}).first()
    return None if row is None else read_head(row)


class Clash(Exception):
    """Somebody else made the same thing, or took one of its keys, since it was looked at: the call may be tried again."""


# A key of an entry that was merged into the thing becomes its own.
_APPEND = text(
    "WITH fact AS ("
    "  INSERT INTO registry_facts (kind, id, body, valid_from, valid_to, recorded_at, recorded_by, person, registered)"
    "  SELECT :kind, :id, CAST(:body AS jsonb), :valid_from, :valid_to,"
    "   greatest(:now, (SELECT recorded_at FROM registry_things WHERE kind = :kind AND id = :id)),"
    "   :by, :person, :registered"
    "  RETURNING version, recorded_at),"
    " thing AS ("
    "  INSERT INTO registry_things AS t (kind, id, owner_id, division_code, ends_at, version, recorded_at)"
    "  SELECT :kind, :id, :owner, :division, :ends_at, version, recorded_at FROM fact"
    "  ON CONFLICT (kind, id) DO UPDATE SET owner_id = EXCLUDED.owner_id, division_code = EXCLUDED.division_code,"
    "   ends_at = greatest(t.ends_at, EXCLUDED.ends_at), version = EXCLUDED.version, recorded_at = EXCLUDED.recorded_at"
    "  WHERE NOT :is_new RETURNING true),"
    " keys AS (SELECT * FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[])) AS k (name, key)),"
    " dropped AS (DELETE FROM registry_keys"
    "  WHERE kind = :kind AND id = :id AND (name, key) NOT IN (SELECT name, key FROM keys)),"
    " kept AS ("
    "  INSERT INTO registry_keys AS k (name, key, kind, id) SELECT name, key, :kind, :id FROM keys ORDER BY name, key"
    "  ON CONFLICT (name, key) DO UPDATE SET id = EXCLUDED.id WHERE k.id = EXCLUDED.id OR EXISTS"
    "   (SELECT FROM registry_aliases a WHERE a.kind = k.kind AND a.alias_id = k.id AND a.id = EXCLUDED.id)"
    "  RETURNING true)"
    " SELECT version, EXISTS (SELECT FROM thing) AND (SELECT count(*) FROM kept) = cardinality(CAST(:names AS text[])) AS whole"
    " FROM fact"
)


def append(connection: Connection, before: Head | None, writing: Writing) -> str:
    """Add the version, bring the present up to date and return the version's name. Raises ``Clash``.

    ``before`` is the locked head, ``None`` for a new thing. Versions of a thing are learnt in the order of their
    numbers, whatever the clocks of the callers said. After a ``Clash`` the transaction must be rolled back.
    """
    value = writing.value
    kind = kind_of(value)
    earlier = None if writing.is_current else find(connection, kind.name, value.id, writing.now)
    current = earlier.value if earlier else value
    keys = kind.keys(current)
    row = connection.execute(
        _APPEND,
        {
            "kind": kind.name,
            "id": value.id,
            "body": to_json(value),
            "valid_from": writing.valid_from,
            "valid_to": writing.valid_to,
            "now": writing.now,
            "by": writing.by,
            "person": writing.person,
            "registered": writing.registered,
            "is_new": before is None,
            "owner": kind.owner(current),
            "division": getattr(current, "division_code", ""),
            "ends_at": value.valid_to if isinstance(value, Permit) else None,
            "names": [name for name, _ in keys],
            "keys": [key for _, key in keys],
        },
    ).one()
    if not row.whole:
        raise Clash
    if isinstance(value, Permit):
        passes.tell(connection, value, writing.now)
    return _name(row.version)


_BY_KEY = text(
    "SELECT k.name, k.key, coalesce(a.id, k.id) AS id FROM registry_keys k"
    " LEFT JOIN registry_aliases a ON a.kind = k.kind AND a.alias_id = k.id WHERE (k.name, k.key) IN"
    " (SELECT * FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[])))"
)


def by_key(connection: Connection, keys: Keys) -> dict[tuple[str, str], str]:
    """The ids of the things that hold these keys; a merged entry's keys lead to the one it is."""
    rows = connection.execute(_BY_KEY, {"names": [name for name, _ in keys], "keys": [key for _, key in keys]})
    return {(row.name, row.key): row.id for row in rows}


_RESOLVED = text("SELECT alias_id, id FROM registry_aliases WHERE kind = :kind AND alias_id = ANY(:ids)")


def resolved(connection: Connection, kind: str, ids: Iterable[str]) -> dict[str, str]:
    """Where those of these ids lead that were merged into another entry; chains are kept one step long."""
    return {row.alias_id: row.id for row in connection.execute(_RESOLVED, {"kind": kind, "ids": list(ids)})}


_REDIRECT = text("UPDATE registry_aliases SET id = :kept WHERE kind = :kind AND id = :merged")
_ALIAS = text("INSERT INTO registry_aliases (kind, alias_id, id, recorded_at) VALUES (:kind, :merged, :kept, :now)")


def alias(connection: Connection, kind: str, merged_id: str, kept_id: str, now: datetime) -> None:
    """From now on ``merged_id``, and whatever led to it, leads to ``kept_id``; both heads must be locked."""
    arguments = {"kind": kind, "merged": merged_id, "kept": kept_id, "now": now}
    connection.execute(_REDIRECT, arguments)
    connection.execute(_ALIAS, arguments)


_DIVISIONS = text(
    "SELECT o.division_code FROM registry_things t JOIN registry_things o"
    "  ON o.kind = 'organisation' AND o.id = t.owner_id WHERE t.kind = :kind AND t.id = :id"
    " UNION SELECT division_code FROM registry_presences WHERE :kind = 'vehicle' AND vehicle_id = :id"
    " UNION SELECT o.division_code FROM registry_members m JOIN registry_things o"
    "  ON o.kind = 'organisation' AND o.id = m.organisation_id WHERE :kind = 'person' AND m.person_id = :id"
)


def divisions_of(connection: Connection, kind: str, thing_id: str) -> frozenset[str]:
    """Where a thing is registered through its owner or employers, and where a vehicle was seen."""
    rows = connection.execute(_DIVISIONS, {"kind": kind, "id": thing_id})
    return frozenset(row.division_code for row in rows)


_PRESENCE = text(
    "INSERT INTO registry_presences AS p (vehicle_id, division_code, last_at) VALUES (:vehicle, :division, :at)"
    " ON CONFLICT (vehicle_id, division_code) DO UPDATE SET last_at = greatest(p.last_at, EXCLUDED.last_at)"
)


def record_presence(connection: Connection, vehicle_id: str, division_code: str, at: datetime) -> None:
    """The vehicle was in the division at this time."""
    connection.execute(_PRESENCE, {"vehicle": vehicle_id, "division": division_code, "at": at})


def _name(version: int) -> str:
    """Versions are named so that the names sort as the numbers do."""
    return f"{version:012}"


def read_head(row: Any) -> Head:
    """The head in a row of its columns."""
    return Head(row.kind, row.id, row.owner_id, row.division_code, _name(row.version))


def _found(row: Any) -> Found:
    return Found(_name(row.version), read_value(row.kind, row.body))


@lru_cache(maxsize=4096)
def read_value(kind: str, body: str) -> Any:
    """The thing a body says. The same text is the same value, whatever database it stands in; values never change, so they can be shared."""
    return from_plain(KINDS[kind].model, json.loads(body))
