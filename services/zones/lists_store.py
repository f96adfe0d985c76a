"""Zones by the page, of one kind or in a box. Nothing is written here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.zones.boxes import BOX, Box, corners
from services.zones.model import ZoneVersion
from services.zones.store import COLUMNS, version_of

_TURN_E7 = 3_600_000_000


def page(
    connection: Connection, at: datetime, *, after: str, most: int, kind: str = "", box: Box | None = None
) -> list[ZoneVersion]:
    """Zones in force at ``at``, by id after ``after``; only those whose box meets ``box``."""
    conditions = ["z.id > :after"]
    values: dict[str, Any] = {"at": at, "after": after, "most": most}
    if kind:
        conditions.append("z.kind = :kind")
        values["kind"] = kind
    if box is not None:
        conditions.append(f"({' OR '.join(f'z.reach && {_shifted(turn)}' for turn in (-1, 0, 1))})")
        values |= corners(box)
    rows = connection.execute(
        text(
            f"SELECT {COLUMNS} FROM zones_zones z CROSS JOIN LATERAL (SELECT * FROM zones_versions v"
            "  WHERE v.zone_id = z.id AND v.valid_from <= :at AND (v.valid_to IS NULL OR :at < v.valid_to)"
            "  ORDER BY v.version DESC LIMIT 1) v"
            f" WHERE NOT v.withdrawn AND {' AND '.join(conditions)} ORDER BY z.id LIMIT :most"
        ),
        values,
    )
    return [version_of(row) for row in rows]


def _shifted(turns: int) -> str:
    """The box asked about, so many turns round the globe: shapes over the date line run past 180 degrees."""
    return BOX.replace("CAST(:west AS float8)", f"CAST(:west AS float8) + {turns * _TURN_E7}").replace(
        "CAST(:east AS float8)", f"CAST(:east AS float8) + {turns * _TURN_E7}"
    )
