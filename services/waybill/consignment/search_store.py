"""Finding consignment lists by who asks and what must hold of them; it writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, TextClause, text

from services.waybill.consignment.model import ConsignmentList
from services.waybill.consignment.store import SELECT, read


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
    asked = tuple(name for name in _CONDITIONS if getattr(search, name))
    rows = connection.execute(
        _page(asked, after is not None),
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
    return [read(row) for row in rows]


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


@lru_cache(maxsize=256)
def _page(asked: tuple[str, ...], goes_on: bool) -> TextClause:
    conditions = [_CONDITIONS[name] for name in asked]
    if goes_on:
        conditions.append("(c.offered_at, c.id) < (:after_at, :after_id)")
    return text(
        f"{SELECT} WHERE {' AND '.join(conditions) or 'true'} ORDER BY c.offered_at DESC, c.id DESC LIMIT :most"
    )
