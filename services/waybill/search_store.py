"""Finding waybills by who asks and what must hold of them; it writes nothing.

Waybills are walked along an index that has them in the order of the answer: a party's own, a county's, or all of them for
a wider division. Where a condition leaves few (a number, a plate, rare goods), the database sees from its statistics that
looking those up first is quicker; everything is written so that it may.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, TextClause, text

from services.waybill.model import State
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


def page(connection: Connection, search: Search, *, after: tuple[datetime, str] | None, most: int) -> list[Found]:
    """Up to ``most`` waybills, without routes, the latest departure first, after that place."""
    if search.states == (State.DRAFT.name,):
        return []  # a draft is its author's alone: none is kept, which only reading everything would tell
    walked = _walked(search)
    asked = tuple(name for name in _CONDITIONS if getattr(search, name) and name != walked.answers)
    rows = connection.execute(
        _page(walked, asked, after is not None),
        {
            **{name: getattr(search, name) for name in (*_CONDITIONS, "organisation_id")},
            "states": list(search.states),
            "division": search.division if walked is _IN_DIVISION else f"{search.division}%",
            "place": f"{search.place}%",
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "most": most,
        },
    )
    return [Found(Kept(read(row.body, None), row.version), (row.at, row.id)) for row in rows]


@dataclass(frozen=True, slots=True)
class Found:
    """A waybill, and its place in the order, behind which the next page begins."""

    kept: Kept
    place: tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class _Walk:
    """Tables that an index gives in the order of the answer, and the condition of a search that they fulfil."""

    tables: str
    at: str
    id: str
    answers: str = ""
    condition: str = ""


_ALL = _Walk("waybill_waybills w", "w.departs_at", "w.id")
_OF_PARTY = _Walk(
    "waybill_parties o JOIN waybill_waybills w ON w.id = o.waybill_id", "o.departs_at", "o.waybill_id",
    "organisation_id", "o.organisation_id = :organisation_id",
)  # fmt: skip
_IN_DIVISION = _Walk(
    "waybill_divisions o JOIN waybill_waybills w ON w.id = o.waybill_id", "o.departs_at", "o.waybill_id",
    "division", "o.division_code = :division",
)  # fmt: skip
_WHOLE_CODE = 6


def _walked(search: Search) -> _Walk:
    if search.organisation_id:
        return _OF_PARTY
    return _IN_DIVISION if len(search.division) == _WHOLE_CODE else _ALL


def _touches(name: str) -> str:
    return f"EXISTS (SELECT FROM waybill_divisions d WHERE d.waybill_id = w.id AND d.division_code LIKE :{name})"


_CONDITIONS = {
    "division": _touches("division"),
    "number": "w.number = :number",
    "plate": "w.id IN (SELECT p.waybill_id FROM waybill_plates p WHERE p.plate = :plate)",
    "states": "w.state = ANY(:states)",
    "departs_from": "{at} >= :departs_from",
    "departs_to": "{at} < :departs_to",
    "external_number": (
        "w.id IN (SELECT r.waybill_id FROM waybill_references r"
        " WHERE r.carrier_id = :organisation_id AND r.number = :external_number)"
    ),
    "party_id": "EXISTS (SELECT FROM waybill_parties p WHERE p.waybill_id = w.id AND p.organisation_id = :party_id)",
    "un_number": "waybill_un_numbers(w.body) @> jsonb_build_array(CAST(:un_number AS text))",
    "place": _touches("place"),
}


@lru_cache(maxsize=256)
def _page(walked: _Walk, asked: tuple[str, ...], goes_on: bool) -> TextClause:
    conditions = [walked.condition] if walked.condition else []
    conditions += [_CONDITIONS[name].format(at=walked.at) for name in asked]
    if goes_on:
        conditions.append(f"({walked.at}, {walked.id}) < (:after_at, :after_id)")
    return text(
        f"SELECT w.body, w.version, {walked.at} AS at, w.id FROM {walked.tables}"
        f" WHERE {' AND '.join(conditions) or 'true'} ORDER BY {walked.at} DESC, {walked.id} DESC LIMIT :most"
    )
