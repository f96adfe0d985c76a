"""Finding waybills by who asks and what must hold of them; it writes nothing.

A party's waybills are walked along its own index in the order they are shown, an authority's along all of them or, where
its division has few, those of the division; what names few waybills by itself (a number, a plate) is looked up first.
Which of these is quickest the database tells from its statistics: the conditions are written so that it may choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from services.waybill.store import Kept, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which waybills: by whose eyes (``organisation_id``, or ``division`` as a prefix), and what must hold of them.

    ``place`` is a prefix of a division the waybill touches, ``party_id`` an organisation named in it.
    """

    organisation_id: str = ""
    division: str = ""
    number: str = ""
    plate: str = ""
    states: tuple[str, ...] = ()
    departs_from: datetime | None = None
    departs_to: datetime | None = None
    external_number: str = ""
    party_id: str = ""
    un_number: str = ""
    place: str = ""


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
            "place": f"{search.place}%",
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "most": most,
        },
    )
    return [Kept(read(row.body, None), row.version) for row in rows]


def _touches(name: str) -> str:
    return f"EXISTS (SELECT FROM waybill_divisions d WHERE d.waybill_id = w.id AND d.division_code LIKE :{name})"


def _names(name: str) -> str:
    return f"EXISTS (SELECT FROM waybill_parties p WHERE p.waybill_id = w.id AND p.organisation_id = :{name})"


_CONDITIONS = {
    "organisation_id": _names("organisation_id"),
    "division": _touches("division"),
    "number": "w.number = :number",
    "plate": "w.id IN (SELECT p.waybill_id FROM waybill_plates p WHERE p.plate = :plate)",
    "states": "w.state = ANY(:states)",
    "departs_from": "w.departs_at >= :departs_from",
    "departs_to": "w.departs_at < :departs_to",
    "external_number": (
        "w.id IN (SELECT r.waybill_id FROM waybill_references r"
        " WHERE r.carrier_id = :organisation_id AND r.number = :external_number)"
    ),
    "party_id": _names("party_id"),
    "un_number": "waybill_un_numbers(w.body) @> jsonb_build_array(CAST(:un_number AS text))",
    "place": _touches("place"),
}
