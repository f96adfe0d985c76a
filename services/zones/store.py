"""The tables of zones and their versions; this is their only writer, always in the caller's transaction.

Whoever writes first calls ``queue_up``: versions then get their numbers in the order of commits, so that a reader who has
seen number n has seen all before it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from services.zones.boxes import SIDES, Box, corners
from services.zones.model import Zone, ZoneVersion
from services.zones.plain import from_json, to_json

_QUEUE = 0x485A4F4E  # "HZON": any number, as long as it is always the same one


def queue_up(connection: Connection) -> None:
    """Nobody else writes zones until this transaction ends. Call it before any other lock is taken."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:queue)"), {"queue": _QUEUE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A version to be added; ``box`` surrounds the zone's shape."""

    zone: Zone
    box: Box
    valid_from: datetime
    valid_to: datetime | None
    registered: bytes | None
    withdrawn: bool = False


def append(
    connection: Connection,
    zone: Zone,
    *,
    box: Box,
    valid_from: datetime,
    valid_to: datetime | None,
    now: datetime,
    by: str,
    registered: bytes | None,
    withdrawn: bool = False,
) -> ZoneVersion:
    """Add a version; ``box`` surrounds the zone's shape."""
    draft = Draft(
        zone=zone, box=box, valid_from=valid_from, valid_to=valid_to, registered=registered, withdrawn=withdrawn
    )
    return append_all(connection, [draft], now=now, by=by)[0]


def append_all(connection: Connection, drafts: Sequence[Draft], *, now: datetime, by: str) -> list[ZoneVersion]:
    """Add versions of different zones, numbered in this order, in two round trips."""
    bodies = [json.dumps(to_json(each.zone), ensure_ascii=False, separators=(",", ":")) for each in drafts]
    rows = connection.execute(
        _APPEND,
        {
            "bodies": bodies,
            "ids": [each.zone.id for each in drafts],
            "now": now,
            "by": by,
            **{
                f"{name}s": [getattr(each, name) for each in drafts] for name in ("withdrawn", "valid_from", "valid_to")
            },
            "registered": [each.registered for each in drafts],
        },
    )
    numbers = sorted((row.version, row.recorded_at) for row in rows)
    sides = [corners(each.box) for each in drafts]
    connection.execute(
        _REACH,
        {
            "ids": [each.zone.id for each in drafts],
            "kinds": [each.zone.kind.name for each in drafts],
            "versions": [number for number, _ in numbers],
            **{side: [each[side] for each in sides] for side in SIDES},
        },
    )
    return [
        ZoneVersion(
            number=number,
            zone=each.zone,
            valid_from=each.valid_from,
            valid_to=each.valid_to,
            recorded_at=recorded_at,
            recorded_by=by,
            withdrawn=each.withdrawn,
        )
        for each, (number, recorded_at) in zip(drafts, numbers, strict=True)
    ]


_APPEND = text(
    "INSERT INTO zones_versions"
    " (version, zone_id, body, withdrawn, valid_from, valid_to, recorded_at, recorded_by, registered)"
    " SELECT coalesce(newest.version, 0) + given.place, given.id, CAST(given.body AS jsonb), given.withdrawn,"
    "  given.valid_from, given.valid_to, greatest(CAST(:now AS timestamptz), newest.recorded_at), :by, given.registered"
    " FROM unnest(CAST(:ids AS text[]), CAST(:bodies AS text[]), CAST(:withdrawns AS boolean[]),"
    "  CAST(:valid_froms AS timestamptz[]), CAST(:valid_tos AS timestamptz[]), CAST(:registered AS bytea[]))"
    "  WITH ORDINALITY AS given (id, body, withdrawn, valid_from, valid_to, registered, place)"
    " LEFT JOIN (SELECT version, recorded_at FROM zones_versions ORDER BY version DESC LIMIT 1) newest ON true"
    " RETURNING version, recorded_at"
)
_REACH = text(
    "INSERT INTO zones_zones AS z (id, kind, version, reach)"
    " SELECT id, kind, version, box(point(west, south), point(east, north)) FROM unnest(CAST(:ids AS text[]),"
    "  CAST(:kinds AS text[]), CAST(:versions AS bigint[]), CAST(:south AS float8[]), CAST(:west AS float8[]),"
    "  CAST(:north AS float8[]), CAST(:east AS float8[])) AS given (id, kind, version, south, west, north, east)"
    " ON CONFLICT (id) DO UPDATE SET version = EXCLUDED.version, reach = bound_box(z.reach, EXCLUDED.reach)"
)

COLUMNS = "v.version, v.body, v.withdrawn, v.valid_from, v.valid_to, v.recorded_at, v.recorded_by"


def find(connection: Connection, zone_id: str, at: datetime, known_at: datetime | None = None) -> ZoneVersion | None:
    """The version true at ``at`` by what was known at ``known_at``; of several the one written last. It may be withdrawn."""
    row = connection.execute(
        text(
            f"SELECT {COLUMNS} FROM zones_versions v WHERE v.zone_id = :id AND v.valid_from <= :at"
            " AND (v.valid_to IS NULL OR :at < v.valid_to)"
            " AND (CAST(:known_at AS timestamptz) IS NULL OR v.recorded_at <= :known_at) ORDER BY v.version DESC LIMIT 1"
        ),
        {"id": zone_id, "at": at, "known_at": known_at},
    ).first()
    return None if row is None else version_of(row)


def current(connection: Connection, zone_ids: Sequence[str], at: datetime) -> dict[str, ZoneVersion]:
    """``find`` for many zones: those of them that are known at ``at``, withdrawn or not."""
    rows = connection.execute(
        text(
            f"SELECT {COLUMNS} FROM unnest(CAST(:ids AS text[])) AS z (id) CROSS JOIN LATERAL"
            "  (SELECT * FROM zones_versions v WHERE v.zone_id = z.id AND v.valid_from <= :at"
            "   AND (v.valid_to IS NULL OR :at < v.valid_to) ORDER BY v.version DESC LIMIT 1) v"
        ),
        {"ids": list(zone_ids), "at": at},
    )
    return {version.zone.id: version for version in map(version_of, rows)}


def newest(connection: Connection, zone_id: str) -> ZoneVersion | None:
    """The version written last, whenever it is true."""
    return newest_of(connection, [zone_id]).get(zone_id)


def newest_of(connection: Connection, zone_ids: Sequence[str]) -> dict[str, ZoneVersion]:
    """``newest`` for many zones: those of them there are."""
    rows = connection.execute(
        text(
            f"SELECT {COLUMNS} FROM unnest(CAST(:ids AS text[])) AS z (id) CROSS JOIN LATERAL"
            "  (SELECT * FROM zones_versions v WHERE v.zone_id = z.id ORDER BY v.version DESC LIMIT 1) v"
        ),
        {"ids": list(zone_ids)},
    )
    return {version.zone.id: version for version in map(version_of, rows)}


def next_begin(connection: Connection, zone_id: str, after: datetime) -> datetime | None:
    """When the next version that was published already begins to be true."""
    return next_begins(connection, [zone_id], after).get(zone_id)


def next_begins(connection: Connection, zone_ids: Sequence[str], after: datetime) -> dict[str, datetime]:
    """``next_begin`` for many zones: those of them that have one."""
    rows = connection.execute(
        text(
            "SELECT zone_id, min(valid_from) AS begin FROM zones_versions"
            " WHERE zone_id = ANY(CAST(:ids AS text[])) AND valid_from > :after GROUP BY zone_id"
        ),
        {"ids": list(zone_ids), "after": after},
    )
    return {row.zone_id: row.begin for row in rows}


def find_version(connection: Connection, number: int) -> ZoneVersion | None:
    row = connection.execute(
        text(f"SELECT {COLUMNS} FROM zones_versions v WHERE v.version = :number"), {"number": number}
    ).first()
    return None if row is None else version_of(row)


def changes_since(connection: Connection, number: int, most: int = 1_000) -> list[ZoneVersion]:
    """Up to ``most`` versions after that number, in the order they were written."""
    rows = connection.execute(
        text(f"SELECT {COLUMNS} FROM zones_versions v WHERE v.version > :number ORDER BY v.version LIMIT :most"),
        {"number": number, "most": most},
    )
    return [version_of(row) for row in rows]


def written_since(connection: Connection, number: int) -> list[str]:
    """The zones of which a version after that number was written, by id."""
    rows = connection.execute(
        text("SELECT DISTINCT zone_id FROM zones_versions WHERE version > :number ORDER BY zone_id"), {"number": number}
    )
    return list(rows.scalars())


def last_change(connection: Connection) -> int:
    """The number of the newest version, 0 before the first."""
    return int(connection.execute(text("SELECT coalesce(max(version), 0) FROM zones_versions")).scalar_one())


def version_of(row: Row[Any]) -> ZoneVersion:
    return ZoneVersion(
        number=row.version,
        zone=from_json(row.body),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        withdrawn=row.withdrawn,
    )
