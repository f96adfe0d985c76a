"""Finding waybills by who asks and what must hold of them; it writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from services.waybill.store import Kept, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which waybills: by whose eyes (``organisation_id``, or ``division`` as a prefix), and what must hold of them."""

    organisation_id: str = ""
    division: str = ""
    number: str = ""
    plate: str = ""
    states: tuple[str, ...] = ()
    departs_from: datetime | None = None
    departs_to: datetime | None = None
    external_number: str = ""


def page(connection: Connection, search: Search, *, after: tuple[datetime, str] | None, most: int) -> list[Kept]:
    """Up to ``most`` waybills, without routes, the latest departure first, after that place."""
    conditions = [condition for name, condition in _CONDITIONS.items() if getattr(search, name)]
    if after is not None:
        conditions.append("(w.departs_at, w.id) < (:after_at, :after_id)")
    rows = connection.execute(
        text(
            f"SELECT w.body, w.version FROM waybill_waybills w WHERE {' AND '.join(conditions) or 'true'}"
            " ORDER BY w.departs_at DESC, w.id DESC LIMIT :most"
        ),
        {
            **{name: getattr(search, name) for name in _CONDITIONS},
            "states": list(search.states),
            "division": f"{search.division}%",
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "most": most,
        },
    )
    return [Kept(read(row.body, None), row.version) for row in rows]


_CONDITIONS = {
    "organisation_id": (
        "EXISTS (SELECT FROM waybill_parties p WHERE p.waybill_id = w.id AND p.organisation_id = :organisation_id)"
    ),
    "division": "EXISTS (SELECT FROM waybill_divisions d WHERE d.waybill_id = w.id AND d.division_code LIKE :division)",
    "number": "w.number = :number",
    "plate": "w.id IN (SELECT p.waybill_id FROM waybill_plates p WHERE p.plate = :plate)",
    "states": "w.state = ANY(:states)",
    "departs_from": "w.departs_at >= :departs_from",
    "departs_to": "w.departs_at < :departs_to",
    "external_number": (
        "w.id IN (SELECT r.waybill_id FROM waybill_references r"
        " WHERE r.carrier_id = :organisation_id AND r.number = :external_number)"
    ),
}
