"""Consignment lists: their tables' only writer, in the caller's transaction, but for what is drawn (``draws_store``).

Whoever draws or changes a list holds its row first, lists in one order, so that nobody decides by what another is about to
change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, text

from services.runtime.plain import from_plain, to_json
from services.waybill.consignment.model import ConsignmentList, ListState


class Taken(Exception):
    """Another list has this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """By whom a list is seen: the organisations named in it, and authorities of these divisions."""

    organisations: frozenset[str]
    divisions: frozenset[str]


_INSERT = text(
    "INSERT INTO waybill_consignment_lists (id, number, state, revision, offered_at, body)"
    " VALUES (:id, :number, :state, :revision, :offered_at, CAST(:body AS jsonb))"
    " ON CONFLICT DO NOTHING RETURNING true"
)


def insert(connection: Connection, offered: ConsignmentList, seen: Seen) -> None:
    """Keep a new list. Raises ``Taken``; the transaction stays usable."""
    fresh = connection.execute(
        _INSERT,
        _columns(offered),
    ).scalar()
    if not fresh:
        raise Taken
    _write_parts(connection, offered, seen)


_DROP_PARTS = [
    text(f"DELETE FROM waybill_consignment_{table} WHERE list_id = :id") for table in ("lines", "parties", "divisions")
]


def rewrite(connection: Connection, offered: ConsignmentList, seen: Seen) -> None:
    """Keep what the consignor sent instead of a held list on which nothing is drawn."""
    update(connection, offered)
    for drop in _DROP_PARTS:
        connection.execute(drop, {"id": offered.id})
    _write_parts(connection, offered, seen)


_UPDATE = text(
    "UPDATE waybill_consignment_lists SET number = :number, state = :state, revision = :revision,"
    " body = CAST(:body AS jsonb) WHERE id = :id"
)


def update(connection: Connection, offered: ConsignmentList) -> None:
    """Keep what was answered to a held list, or its withdrawal."""
    connection.execute(
        _UPDATE,
        _columns(offered),
    )


def _columns(offered: ConsignmentList) -> dict[str, Any]:
    return {
        "id": offered.id,
        "number": offered.number,
        "state": offered.state.name,
        "revision": offered.revision,
        "offered_at": offered.offered_at,
        "body": to_json(offered),
    }


_WRITE_PARTS = text(
    "WITH parties AS (INSERT INTO waybill_consignment_parties (organisation_id, list_id, offered_at)"
    "  SELECT value, :id, :offered_at FROM unnest(CAST(:organisations AS text[])) AS value),"
    " divisions AS (INSERT INTO waybill_consignment_divisions (list_id, division_code)"
    "  SELECT :id, value FROM unnest(CAST(:divisions AS text[])) AS value)"
    " INSERT INTO waybill_consignment_lines (list_id, number, un_number, mass_g) SELECT :id, * FROM"
    " unnest(CAST(:numbers AS int[]), CAST(:un_numbers AS text[]), CAST(:masses AS bigint[]))"
)


def _write_parts(connection: Connection, offered: ConsignmentList, seen: Seen) -> None:
    connection.execute(
        _WRITE_PARTS,
        {
            "id": offered.id,
            "offered_at": offered.offered_at,
            "organisations": sorted(seen.organisations),
            "divisions": sorted(seen.divisions),
            "numbers": [line.number for line in offered.lines],
            "un_numbers": [line.un_number for line in offered.lines],
            "masses": [line.mass_g for line in offered.lines],
        },
    )


_HOLD = text("SELECT FROM waybill_consignment_lists WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")


def hold(connection: Connection, list_ids: Iterable[str]) -> None:
    """Nobody else draws on these lists or changes them until the transaction ends."""
    connection.execute(_HOLD, {"ids": sorted(set(list_ids))})


def find(connection: Connection, list_id: str) -> ConsignmentList | None:
    return find_all(connection, [list_id]).get(list_id)


# ``:but`` names a waybill whose draws do not count.
SELECT = (
    "SELECT c.id, c.state, c.offered_at, c.body, (SELECT jsonb_object_agg(l.number, l.drawn_g - coalesce("
    " (SELECT sum(d.mass_g) FROM waybill_consignment_draws d WHERE d.waybill_id = :but AND d.list_id = l.list_id"
    " AND d.line_number = l.number), 0)) FROM waybill_consignment_lines l WHERE l.list_id = c.id) AS drawn"
    " FROM waybill_consignment_lists c"
)
_FIND_ALL = text(f"{SELECT} WHERE c.id = ANY(:ids)")


def find_all(connection: Connection, list_ids: Collection[str], *, but: str = "") -> dict[str, ConsignmentList]:
    """Those lists that are there, by id, with what is drawn on each line; not counting the draws of the waybill ``but``."""
    rows = connection.execute(_FIND_ALL, {"ids": sorted(set(list_ids)), "but": but})
    return {row.id: read(row) for row in rows}


def read(row: Any) -> ConsignmentList:
    """The list in a row of ``SELECT``."""
    body: ConsignmentList = from_plain(ConsignmentList, row.body)
    lines = tuple(replace(line, drawn_g=int(row.drawn[str(line.number)])) for line in body.lines)
    return replace(body, state=ListState[row.state], lines=lines)


_DIVISIONS_OF = text("SELECT division_code FROM waybill_consignment_divisions WHERE list_id = :id")


def divisions_of(connection: Connection, list_id: str) -> frozenset[str]:
    """The division codes (GB/T 2260) a list touches."""
    rows = connection.execute(_DIVISIONS_OF, {"id": list_id})
    return frozenset(row.division_code for row in rows)
