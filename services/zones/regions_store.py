"""The table of road networks; this is its only writer, always in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from services.zones.boxes import BOX, Box, corners


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRow:
    id: str
    name: str
    nodes: int
    edges: int
    tunnels: int
    box: Box
    imported_at: datetime


def insert(connection: Connection, region: RegionRow, graph: bytes) -> bool:
    """Keep a road network; false when it is there already."""
    return bool(
        connection.execute(
            text(
                "INSERT INTO zones_regions (id, name, graph, nodes, edges, tunnels, reach, imported_at)"
                f" VALUES (:id, :name, :graph, :nodes, :edges, :tunnels, {BOX}, :at) ON CONFLICT (id) DO NOTHING"
                " RETURNING true"
            ),
            {
                "id": region.id,
                "name": region.name,
                "graph": graph,
                "nodes": region.nodes,
                "edges": region.edges,
                "tunnels": region.tunnels,
                "at": region.imported_at,
                **corners(region.box),
            },
        ).scalar()
    )


_REGION = (
    "SELECT id, name, nodes, edges, tunnels, imported_at, (reach[1])[1] AS south, (reach[1])[0] AS west,"
    " (reach[0])[1] AS north, (reach[0])[0] AS east FROM zones_regions"
)


def regions(connection: Connection) -> Sequence[RegionRow]:
    """All of them, the newest first."""
    return [_shown(row) for row in connection.execute(text(f"{_REGION} ORDER BY number DESC"))]


def graph_of(connection: Connection, region_id: str) -> bytes | None:
    found: bytes | None = connection.execute(
        text("SELECT graph FROM zones_regions WHERE id = :id"), {"id": region_id}
    ).scalar()
    return found


def _shown(row: Row[Any]) -> RegionRow:
    return RegionRow(
        id=row.id,
        name=row.name,
        nodes=row.nodes,
        edges=row.edges,
        tunnels=row.tunnels,
        box=(int(row.south), int(row.west), int(row.north), int(row.east)),
        imported_at=row.imported_at,
    )
