"""The table of what maps made of zones; this is its only writer, always in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """``drawn`` and ``ruled`` are digests; ``closed`` the number of the version that closed the zone, None while it is on the map."""

    zone_id: str
    map_name: str
    drawn: bytes
    ruled: bytes
    closed: int | None = None


def concerning(connection: Connection, map_name: str, zone_ids: Sequence[str]) -> dict[str, ImportRow]:
    """What is known of these zones, and of all others that came out of the map of that name."""
    rows = connection.execute(
        text("SELECT zone_id, map, drawn, ruled, closed FROM zones_imports WHERE map = :map OR zone_id = ANY(:ids)"),
        {"map": map_name, "ids": list(zone_ids)},
    )
    return {
        row.zone_id: ImportRow(
            zone_id=row.zone_id, map_name=row.map, drawn=bytes(row.drawn), ruled=bytes(row.ruled), closed=row.closed
        )
        for row in rows
    }


def put(connection: Connection, rows: Iterable[ImportRow]) -> None:
    """Remember these, each zone once, in one round trip."""
    kept = list(rows)
    if kept:
        connection.execute(_PUT, {name: [getattr(row, name) for row in kept] for name in ImportRow.__slots__})


_PUT = text(
    "INSERT INTO zones_imports (zone_id, map, drawn, ruled, closed)"
    " SELECT * FROM unnest(CAST(:zone_id AS text[]), CAST(:map_name AS text[]), CAST(:drawn AS bytea[]),"
    "  CAST(:ruled AS bytea[]), CAST(:closed AS bigint[])) ON CONFLICT (zone_id) DO UPDATE SET map = EXCLUDED.map,"
    " drawn = EXCLUDED.drawn, ruled = EXCLUDED.ruled, closed = EXCLUDED.closed"
)
_QUEUE = 0x484D4150  # "HMAP": any number, as long as it is always the same one


def queue_up(connection: Connection) -> None:
    """Nobody else takes in a map until this transaction ends; before ``store.queue_up``."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:queue)"), {"queue": _QUEUE})
