"""What waybills draw on consignment lists: its table's only writer, and of how much of each line is drawn.

The lists are held by whoever draws; their lines refuse to be drawn over all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from services.waybill.consignment.model import Draw
from services.waybill.consignment.store import hold

MOST_SHOWN = 1_000


class Overdrawn(Exception):
    """More was to be drawn than remains."""


_GIVEN = (
    "unnest(CAST(:lists AS text[]), CAST(:numbers AS int[]), CAST(:goods AS int[]), CAST(:masses AS bigint[]))"
    " AS given (list_id, number, goods, mass_g)"
)
_TAKE = text(
    "WITH wanted AS (SELECT list_id, number, sum(mass_g) AS mass_g FROM"
    f" {_GIVEN} GROUP BY list_id, number)"
    " UPDATE waybill_consignment_lines l SET drawn_g = l.drawn_g + w.mass_g FROM wanted w"
    " WHERE l.list_id = w.list_id AND l.number = w.number AND l.drawn_g + w.mass_g <= l.mass_g RETURNING true"
)
_INSERT = text(
    "INSERT INTO waybill_consignment_draws (waybill_id, list_id, line_number, goods_number, mass_g)"
    f" SELECT :waybill, list_id, number, goods, mass_g FROM {_GIVEN}"
)


def draw(connection: Connection, waybill_id: str, draws: Collection[Draw]) -> None:
    """A waybill that draws nothing yet carries these. Raises ``Overdrawn`` when one is more than remains."""
    places = {(each.list_id, each.line_number) for each in draws}
    drawn = connection.execute(
        _TAKE,
        _given(draws),
    ).all()
    if len(drawn) < len(places):
        raise Overdrawn
    connection.execute(_INSERT, {**_given(draws), "waybill": waybill_id})
    _settle_states(connection, {each.list_id for each in draws})


def _given(draws: Collection[Draw]) -> dict[str, Any]:
    return {
        "lists": [each.list_id for each in draws],
        "numbers": [each.line_number for each in draws],
        "goods": [each.goods_number for each in draws],
        "masses": [each.mass_g for each in draws],
    }


_RELEASE = text(
    "WITH gone AS (DELETE FROM waybill_consignment_draws WHERE waybill_id = :waybill RETURNING *),"
    " total AS (SELECT list_id, line_number, sum(mass_g) AS mass_g FROM gone GROUP BY list_id, line_number)"
    " UPDATE waybill_consignment_lines l SET drawn_g = l.drawn_g - t.mass_g FROM total t"
    " WHERE l.list_id = t.list_id AND l.number = t.line_number"
)


def release(connection: Connection, waybill_id: str) -> None:
    """What the waybill drew remains to be carried again."""
    if not (held := drawn_on(connection, waybill_id)):
        return
    hold(connection, held)
    connection.execute(_RELEASE, {"waybill": waybill_id})
    _settle_states(connection, held)


_DRAWN_ON = text("SELECT DISTINCT list_id FROM waybill_consignment_draws WHERE waybill_id = :waybill")


def drawn_on(connection: Connection, waybill_id: str) -> frozenset[str]:
    """Ids of the lists on which the waybill draws."""
    rows = connection.execute(_DRAWN_ON, {"waybill": waybill_id})
    return frozenset(row.list_id for row in rows)


_SETTLE_STATES = text(
    "UPDATE waybill_consignment_lists c SET state = CASE WHEN s.drawn_g = 0 THEN 'ACCEPTED'"
    " WHEN s.drawn_g < s.mass_g THEN 'PART_ALLOTTED' ELSE 'ALLOTTED' END"
    " FROM (SELECT list_id, sum(drawn_g) AS drawn_g, sum(mass_g) AS mass_g FROM waybill_consignment_lines"
    "  WHERE list_id = ANY(:ids) GROUP BY list_id) s WHERE c.id = s.list_id AND c.state <> 'WITHDRAWN'"
)


def _settle_states(connection: Connection, list_ids: Collection[str]) -> None:
    """Accepted lists say how much of them is drawn; a withdrawn one stays so."""
    connection.execute(_SETTLE_STATES, {"ids": sorted(list_ids)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDraw:
    """A draw with the number of its waybill."""

    waybill_id: str
    waybill_number: str
    goods_number: int
    line_number: int
    mass_g: int


_DRAWS_ON = text(
    "SELECT d.waybill_id, w.number, d.goods_number, d.line_number, d.mass_g FROM waybill_consignment_draws d"
    " JOIN waybill_waybills w ON w.id = d.waybill_id WHERE d.list_id = :id"
    " ORDER BY w.departs_at DESC, d.waybill_id, d.goods_number, d.line_number LIMIT :most"
)


def draws_on(connection: Connection, list_id: str) -> list[ShownDraw]:
    """The newest ``MOST_SHOWN``, by departure."""
    rows = connection.execute(_DRAWS_ON, {"id": list_id, "most": MOST_SHOWN})
    return [
        ShownDraw(
            waybill_id=row.waybill_id, waybill_number=row.number, goods_number=row.goods_number,
            line_number=row.line_number, mass_g=row.mass_g,
        )
        for row in rows
    ]  # fmt: skip


def subjects_of_waybill(connection: Connection, waybill_id: str, named: Iterable[str]) -> list[str]:
    """``consignment-list/<id>`` of every list the waybill names (``named``) or draws on."""
    return [f"consignment-list/{each}" for each in sorted({*named, *drawn_on(connection, waybill_id)})]


_WAYBILLS_OF = text(
    "SELECT DISTINCT w.departs_at, w.id FROM waybill_consignment_draws d"
    " JOIN waybill_waybills w ON w.id = d.waybill_id WHERE d.list_id = :id ORDER BY w.departs_at, w.id LIMIT :most"
)


def waybills_of(connection: Connection, list_id: str, most: int) -> list[str]:
    """``waybill/<id>`` of every waybill that draws on the list, in order of departure."""
    rows = connection.execute(_WAYBILLS_OF, {"id": list_id, "most": most})
    return [f"waybill/{row.id}" for row in rows]
