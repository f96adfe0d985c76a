"""Consignment lists and what is drawn on them: their tables' only writer, in the caller's transaction.

Whoever draws or changes a list holds its row first (``hold``), lists in one order, so that nobody decides by what another
is about to change; the lines themselves refuse to be drawn over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.registry.plain import from_plain, to_json
from services.waybill.consignment_model import ConsignmentList, Draw, ListState

MOST_DRAWS_SHOWN = 1_000


class Taken(Exception):
    """Another list has this id."""


class Overdrawn(Exception):
    """More was to be drawn than remains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """By whom a list is seen: the organisations named in it, and authorities of these divisions."""

    organisations: frozenset[str]
    divisions: frozenset[str]


def insert(connection: Connection, offered: ConsignmentList, seen: Seen) -> None:
    """Keep a new list. Raises ``Taken``; the transaction stays usable."""
    fresh = connection.execute(
        text(
            "INSERT INTO waybill_consignment_lists (id, number, state, revision, offered_at, body)"
            " VALUES (:id, :number, :state, :revision, :offered_at, CAST(:body AS jsonb))"
            " ON CONFLICT DO NOTHING RETURNING true"
        ),
        _columns(offered),
    ).scalar()
    if not fresh:
        raise Taken
    _write_parts(connection, offered, seen)


def rewrite(connection: Connection, offered: ConsignmentList, seen: Seen) -> None:
    """Keep what the consignor sent instead of a held list on which nothing is drawn."""
    update(connection, offered)
    for table in ("lines", "parties", "divisions"):
        connection.execute(text(f"DELETE FROM waybill_consignment_{table} WHERE list_id = :id"), {"id": offered.id})
    _write_parts(connection, offered, seen)


def update(connection: Connection, offered: ConsignmentList) -> None:
    """Keep what was answered to a held list, or its withdrawal."""
    connection.execute(
        text(
            "UPDATE waybill_consignment_lists SET number = :number, state = :state, revision = :revision,"
            " body = CAST(:body AS jsonb) WHERE id = :id"
        ),
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


def _write_parts(connection: Connection, offered: ConsignmentList, seen: Seen) -> None:
    connection.execute(
        text(
            "WITH parties AS (INSERT INTO waybill_consignment_parties (organisation_id, list_id, offered_at)"
            "  SELECT value, :id, :offered_at FROM unnest(CAST(:organisations AS text[])) AS value),"
            " divisions AS (INSERT INTO waybill_consignment_divisions (list_id, division_code)"
            "  SELECT :id, value FROM unnest(CAST(:divisions AS text[])) AS value)"
            " INSERT INTO waybill_consignment_lines (list_id, number, un_number, mass_g) SELECT :id, * FROM"
            " unnest(CAST(:numbers AS int[]), CAST(:un_numbers AS text[]), CAST(:masses AS bigint[]))"
        ),
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


def hold(connection: Connection, list_ids: Iterable[str]) -> None:
    """Nobody else draws on these lists or changes them until the transaction ends."""
    connection.execute(
        text("SELECT FROM waybill_consignment_lists WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE"),
        {"ids": sorted(set(list_ids))},
    )


def find(connection: Connection, list_id: str) -> ConsignmentList | None:
    return find_all(connection, [list_id]).get(list_id)


def find_all(connection: Connection, list_ids: Collection[str], *, but: str = "") -> dict[str, ConsignmentList]:
    """Those lists that are there, by id, with what is drawn on each line; not counting the draws of the waybill ``but``."""
    rows = connection.execute(text(f"{_SELECT} WHERE c.id = ANY(:ids)"), {"ids": sorted(set(list_ids)), "but": but})
    return {row.id: _read(row) for row in rows}


_SELECT = (
    "SELECT c.id, c.state, c.offered_at, c.body, (SELECT jsonb_object_agg(l.number, l.drawn_g - coalesce("
    " (SELECT sum(d.mass_g) FROM waybill_consignment_draws d WHERE d.waybill_id = :but AND d.list_id = l.list_id"
    " AND d.line_number = l.number), 0)) FROM waybill_consignment_lines l WHERE l.list_id = c.id) AS drawn"
    " FROM waybill_consignment_lists c"
)


def _read(row: Any) -> ConsignmentList:
    body: ConsignmentList = from_plain(ConsignmentList, row.body)
    lines = tuple(replace(line, drawn_g=int(row.drawn[str(line.number)])) for line in body.lines)
    return replace(body, state=ListState[row.state], lines=lines)


def draw(connection: Connection, waybill_id: str, draws: Collection[Draw]) -> None:
    """A waybill that draws nothing yet carries these. Raises ``Overdrawn`` when one is more than remains."""
    places = {(each.list_id, each.line_number) for each in draws}
    drawn = connection.execute(
        text(
            "WITH wanted AS (SELECT list_id, number, sum(mass_g) AS mass_g FROM"
            f" {_GIVEN} GROUP BY list_id, number)"
            " UPDATE waybill_consignment_lines l SET drawn_g = l.drawn_g + w.mass_g FROM wanted w"
            " WHERE l.list_id = w.list_id AND l.number = w.number AND l.drawn_g + w.mass_g <= l.mass_g RETURNING true"
        ),
        _given(draws),
    ).all()
    if len(drawn) < len(places):
        raise Overdrawn
    connection.execute(
        text(
            "INSERT INTO waybill_consignment_draws (waybill_id, list_id, line_number, goods_number, mass_g)"
            f" SELECT :waybill, list_id, number, goods, mass_g FROM {_GIVEN}"
        ),
        {**_given(draws), "waybill": waybill_id},
    )
    _settle_states(connection, {each.list_id for each in draws})


_GIVEN = (
    "unnest(CAST(:lists AS text[]), CAST(:numbers AS int[]), CAST(:goods AS int[]), CAST(:masses AS bigint[]))"
    " AS given (list_id, number, goods, mass_g)"
)


def _given(draws: Collection[Draw]) -> dict[str, Any]:
    return {
        "lists": [each.list_id for each in draws],
        "numbers": [each.line_number for each in draws],
        "goods": [each.goods_number for each in draws],
        "masses": [each.mass_g for each in draws],
    }


def release(connection: Connection, waybill_id: str) -> None:
    """What the waybill drew remains to be carried again."""
    if not (held := drawn_on(connection, waybill_id)):
        return
    hold(connection, held)
    connection.execute(
        text(
            "WITH gone AS (DELETE FROM waybill_consignment_draws WHERE waybill_id = :waybill RETURNING *),"
            " total AS (SELECT list_id, line_number, sum(mass_g) AS mass_g FROM gone GROUP BY list_id, line_number)"
            " UPDATE waybill_consignment_lines l SET drawn_g = l.drawn_g - t.mass_g FROM total t"
            " WHERE l.list_id = t.list_id AND l.number = t.line_number"
        ),
        {"waybill": waybill_id},
    )
    _settle_states(connection, held)


def drawn_on(connection: Connection, waybill_id: str) -> frozenset[str]:
    """Ids of the lists on which the waybill draws."""
    rows = connection.execute(
        text("SELECT DISTINCT list_id FROM waybill_consignment_draws WHERE waybill_id = :waybill"),
        {"waybill": waybill_id},
    )
    return frozenset(row.list_id for row in rows)


def _settle_states(connection: Connection, list_ids: Collection[str]) -> None:
    """Accepted lists say how much of them is drawn; a withdrawn one stays so."""
    connection.execute(
        text(
            "UPDATE waybill_consignment_lists c SET state = CASE WHEN s.drawn_g = 0 THEN 'ACCEPTED'"
            " WHEN s.drawn_g < s.mass_g THEN 'PART_ALLOTTED' ELSE 'ALLOTTED' END"
            " FROM (SELECT list_id, sum(drawn_g) AS drawn_g, sum(mass_g) AS mass_g FROM waybill_consignment_lines"
            "  WHERE list_id = ANY(:ids) GROUP BY list_id) s WHERE c.id = s.list_id AND c.state <> 'WITHDRAWN'"
        ),
        {"ids": sorted(list_ids)},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDraw:
    """A draw with the number of its waybill."""

    waybill_id: str
    waybill_number: str
    goods_number: int
    line_number: int
    mass_g: int


def draws_on(connection: Connection, list_id: str) -> list[ShownDraw]:
    """The newest ``MOST_DRAWS_SHOWN``, by departure."""
    rows = connection.execute(
        text(
            "SELECT d.waybill_id, w.number, d.goods_number, d.line_number, d.mass_g FROM waybill_consignment_draws d"
            " JOIN waybill_waybills w ON w.id = d.waybill_id WHERE d.list_id = :id"
            " ORDER BY w.departs_at DESC, d.waybill_id, d.goods_number, d.line_number LIMIT :most"
        ),
        {"id": list_id, "most": MOST_DRAWS_SHOWN},
    )
    return [
        ShownDraw(
            waybill_id=row.waybill_id, waybill_number=row.number, goods_number=row.goods_number,
            line_number=row.line_number, mass_g=row.mass_g,
        )
        for row in rows
    ]  # fmt: skip


def divisions_of(connection: Connection, list_id: str) -> frozenset[str]:
    rows = connection.execute(
        text("SELECT division_code FROM waybill_consignment_divisions WHERE list_id = :id"), {"id": list_id}
    )
    return frozenset(row.division_code for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSearch:
    """Which lists: by whose eyes (``organisation_id``, or ``division`` as a prefix), and what must hold of them."""

    organisation_id: str = ""
    division: str = ""
    number: str = ""
    un_number: str = ""
    waybill_id: str = ""
    states: tuple[str, ...] = ()
    offered_from: datetime | None = None
    offered_to: datetime | None = None


def page(
    connection: Connection, search: ListSearch, *, after: tuple[datetime, str] | None, most: int
) -> list[ConsignmentList]:
    """Up to ``most`` lists, the latest sent first, after that place."""
    conditions = [condition for name, condition in _CONDITIONS.items() if getattr(search, name)]
    if after is not None:
        conditions.append("(c.offered_at, c.id) < (:after_at, :after_id)")
    rows = connection.execute(
        text(f"{_SELECT} WHERE {' AND '.join(conditions) or 'true'} ORDER BY c.offered_at DESC, c.id DESC LIMIT :most"),
        {
            **{name: getattr(search, name) for name in _CONDITIONS},
            "states": list(search.states),
            "division": f"{search.division}%",
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "most": most,
            "but": "",
        },
    )
    return [_read(row) for row in rows]


_CONDITIONS = {
    "organisation_id": (
        "c.id IN (SELECT p.list_id FROM waybill_consignment_parties p WHERE p.organisation_id = :organisation_id)"
    ),
    "division": (
        "c.id IN (SELECT d.list_id FROM waybill_consignment_divisions d WHERE d.division_code LIKE :division)"
    ),
    "number": "c.number = :number",
    "un_number": (
        "EXISTS (SELECT FROM waybill_consignment_lines l WHERE l.list_id = c.id AND l.un_number = :un_number)"
    ),
    "waybill_id": ("c.id IN (SELECT d.list_id FROM waybill_consignment_draws d WHERE d.waybill_id = :waybill_id)"),
    "states": "c.state = ANY(:states)",
    "offered_from": "c.offered_at >= :offered_from",
    "offered_to": "c.offered_at < :offered_to",
}


def subjects_of_waybill(connection: Connection, waybill_id: str, named: Iterable[str]) -> list[str]:
    """``consignment-list/<id>`` of every list the waybill names (``named``) or draws on."""
    return [f"consignment-list/{each}" for each in sorted({*named, *drawn_on(connection, waybill_id)})]


def waybills_of(connection: Connection, list_id: str, most: int) -> list[str]:
    """``waybill/<id>`` of every waybill that draws on the list, in order of departure."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT w.departs_at, w.id FROM waybill_consignment_draws d"
            " JOIN waybill_waybills w ON w.id = d.waybill_id WHERE d.list_id = :id ORDER BY w.departs_at, w.id LIMIT :most"
        ),
        {"id": list_id, "most": most},
    )
    return [f"waybill/{row.id}" for row in rows]
