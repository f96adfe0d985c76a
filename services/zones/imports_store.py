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
    values = [
        {"id": row.zone_id, "map": row.map_name, "drawn": row.drawn, "ruled": row.ruled, "closed": row.closed}
        for row in rows
    ]
    if values:
        connection.execute(
            text(
                "INSERT INTO zones_imports (zone_id, map, drawn, ruled, closed)"
                " VALUES (:id, :map, :drawn, :ruled, :closed) ON CONFLICT (zone_id) DO UPDATE SET map = EXCLUDED.map,"
                " drawn = EXCLUDED.drawn, ruled = EXCLUDED.ruled, closed = EXCLUDED.closed"
            ),
            values,
        )
