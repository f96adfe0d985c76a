"""The table of administrative divisions' shapes; this is its only writer, always in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, text

from geo.divisions import Division
from geo.shapes import from_geojson, to_geojson


def add(connection: Connection, division: Division, *, map_name: str, at: datetime) -> bool:
    """Keep the shape unless it is the one known last; whether it was added."""
    values = {
        "code": division.code,
        "name": division.name,
        "shape": json.dumps(to_geojson(division.shape)),
        "element": division.element,
        "map": map_name,
        "at": at,
    }
    return bool(
        connection.execute(
            text(
                "INSERT INTO zones_divisions (code, name, shape, element, map, imported_at)"
                " SELECT :code, :name, CAST(:shape AS jsonb), :element, :map, :at WHERE NOT EXISTS ("
                "  SELECT 1 FROM (SELECT name, shape, element FROM zones_divisions WHERE code = :code"
                "   ORDER BY number DESC LIMIT 1) last"
                "  WHERE last.name = :name AND last.shape = CAST(:shape AS jsonb) AND last.element = :element)"
                " RETURNING true"
            ),
            values,
        ).scalar()
    )


def newest(connection: Connection) -> int:
    """The number of the row added last, 0 before the first."""
    return int(connection.execute(text("SELECT coalesce(max(number), 0) FROM zones_divisions")).scalar_one())


def known(connection: Connection) -> Mapping[str, Division]:
    """Every division by its code, as drawn last."""
    rows = connection.execute(
        text("SELECT DISTINCT ON (code) code, name, shape, element FROM zones_divisions ORDER BY code, number DESC")
    )
    return {row.code: Division(row.code, row.name, from_geojson(row.shape), row.element) for row in rows}
