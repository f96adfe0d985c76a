"""The waybills' tables but for the laying out of trips (``slots_store``): their only writer, in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from services.registry.model import ExternalRef
from services.registry.plain import from_plain, to_plain
from services.waybill import receivers_store
from services.waybill.model import Clearance, Positioning, Revision, Route, Waybill
from services.waybill.numbering import NumberBlock


@dataclass(frozen=True, slots=True)
class Kept:
    """A waybill as it stands and how often it was changed."""

    waybill: Waybill
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """What a waybill is found by besides its id and number; ``plates`` as GA 36 writes them."""

    organisations: frozenset[str]
    divisions: frozenset[str]
    plates: frozenset[str]


class Taken(Exception):
    """Another waybill has this id, number or external reference."""


def insert(connection: Connection, waybill: Waybill, index: Index, now: datetime) -> None:
    """Keep a new waybill. Raises ``Taken`` for an id or number that another one has; the transaction stays usable."""
    fresh = connection.execute(
        text(
            "INSERT INTO waybill_waybills (id, number, state, carrier_id, departs_at, version, body, route, changed_at)"
            " VALUES (:id, :number, :state, :carrier, :departs_at, 1, CAST(:body AS jsonb), CAST(:route AS jsonb), :now)"
            " ON CONFLICT DO NOTHING RETURNING true"
        ),
        {**_columns(waybill), "route": _json(waybill.route), "now": now},
    ).scalar()
    if not fresh:
        raise Taken
    reindex(connection, waybill, index)
    receivers_store.queue(connection, None, waybill, 1, now)


def update(connection: Connection, before: Kept, waybill: Waybill, now: datetime) -> Kept:
    """Keep the changed waybill, whose row the caller has locked."""
    connection.execute(
        text(
            "UPDATE waybill_waybills SET state = :state, departs_at = :departs_at, version = version + 1,"
            " body = CAST(:body AS jsonb), changed_at = :now WHERE id = :id"
        ),
        {**_columns(waybill), "now": now},
    )
    if waybill.route != before.waybill.route:
        connection.execute(
            text("UPDATE waybill_waybills SET route = CAST(:route AS jsonb) WHERE id = :id"),
            {"id": waybill.id, "route": _json(waybill.route)},
        )
    receivers_store.queue(connection, before.waybill, waybill, before.version + 1, now)
    return Kept(waybill, before.version + 1)


def reindex(connection: Connection, waybill: Waybill, index: Index) -> None:
    """Everything a waybill is found by; what it was found by before it still is."""
    connection.execute(
        text(_REINDEX),
        {
            "id": waybill.id,
            "departs_at": waybill.planned_departure,
            "organisations": sorted(index.organisations),
            "divisions": sorted(index.divisions),
            "plates": sorted(index.plates),
        },
    )


_REINDEX = (
    "WITH parties AS (INSERT INTO waybill_parties (organisation_id, waybill_id, departs_at)"
    "  SELECT value, :id, :departs_at FROM unnest(CAST(:organisations AS text[])) AS value"
    "  ON CONFLICT (organisation_id, waybill_id) DO UPDATE SET departs_at = EXCLUDED.departs_at),"
    " divisions AS (INSERT INTO waybill_divisions (division_code, waybill_id, departs_at)"
    "  SELECT value, :id, :departs_at FROM unnest(CAST(:divisions AS text[])) AS value"
    "  ON CONFLICT (waybill_id, division_code) DO UPDATE SET departs_at = EXCLUDED.departs_at)"
    " INSERT INTO waybill_plates (plate, waybill_id)"
    " SELECT plate, :id FROM unnest(CAST(:plates AS text[])) AS plate ON CONFLICT DO NOTHING"
)


def find(connection: Connection, waybill_id: str, *, lock: bool = False) -> Kept | None:
    """The waybill as it stands; with ``lock`` nobody else changes it until the transaction ends."""
    row = connection.execute(
        text(f"SELECT body, route, version FROM waybill_waybills WHERE id = :id{' FOR NO KEY UPDATE' if lock else ''}"),
        {"id": waybill_id},
    ).first()
    return None if row is None else Kept(_waybill(row.body, row.route), row.version)


def note_reference(connection: Connection, waybill_id: str, reference: ExternalRef) -> None:
    """What another system said of the waybill last. It is no change of the waybill: nobody signs it, nobody is told."""
    kept = find(connection, waybill_id, lock=True)
    if kept is None:
        return
    others = tuple(each for each in kept.waybill.external_refs if each.system != reference.system)
    connection.execute(
        text(
            "UPDATE waybill_waybills SET body = jsonb_set(body, '{external_refs}', CAST(:all AS jsonb)) WHERE id = :id"
        ),
        {"id": waybill_id, "all": _json((*others, reference))},
    )


def keep_references(connection: Connection, waybill: Waybill) -> None:
    """The carrier's own numbers lead to this waybill. Raises ``Taken`` when one leads to another."""
    references = {(each.system, each.number) for each in waybill.external_refs}
    if not references:
        return
    kept = connection.execute(
        text(
            "INSERT INTO waybill_references AS r (carrier_id, system, number, waybill_id)"
            " SELECT :carrier, *, :id FROM unnest(CAST(:systems AS text[]), CAST(:numbers AS text[])) ORDER BY 2, 3"
            " ON CONFLICT (carrier_id, system, number) DO UPDATE SET waybill_id = r.waybill_id"
            " WHERE r.waybill_id = EXCLUDED.waybill_id RETURNING true"
        ),
        {
            "carrier": _carrier(waybill),
            "id": waybill.id,
            "systems": [system for system, _ in sorted(references)],
            "numbers": [number for _, number in sorted(references)],
        },
    ).all()
    if len(kept) < len(references):
        raise Taken


def drop_references(connection: Connection, waybill_id: str) -> None:
    """The carrier's own numbers of a void waybill may lead to another."""
    connection.execute(text("DELETE FROM waybill_references WHERE waybill_id = :id"), {"id": waybill_id})


def by_reference(connection: Connection, carrier_id: str, references: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Ids of the carrier's waybills that bear one of these (system, number)."""
    pairs = list(references)
    rows = connection.execute(
        text(
            "SELECT waybill_id FROM waybill_references WHERE carrier_id = :carrier AND (system, number) IN"
            " (SELECT * FROM unnest(CAST(:systems AS text[]), CAST(:numbers AS text[])))"
        ),
        {
            "carrier": carrier_id,
            "systems": [system for system, _ in pairs],
            "numbers": [number for _, number in pairs],
        },
    )
    return frozenset(row.waybill_id for row in rows)


def next_serials(connection: Connection, licence_number: str, day: date, count: int) -> int:
    """The first of ``count`` new serials of the licence on the day, from 0; their row stays locked until the end."""
    past: int = connection.execute(
        text(
            "INSERT INTO waybill_serials AS s (licence_number, day, next) VALUES (:licence, :day, :count)"
            " ON CONFLICT (licence_number, day) DO UPDATE SET next = s.next + :count RETURNING next"
        ),
        {"licence": licence_number, "day": day, "count": count},
    ).scalar_one()
    return past - count


def insert_block(connection: Connection, carrier_id: str, block: NumberBlock, now: datetime) -> None:
    connection.execute(
        text(
            "INSERT INTO waybill_blocks (carrier_id, licence_number, day, first, past, allotted_at)"
            " VALUES (:carrier, :licence, :day, :first, :past, :now)"
        ),
        {
            "carrier": carrier_id,
            "licence": block.licence_number,
            "day": block.day,
            "first": block.first,
            "past": block.end,
            "now": now,
        },
    )


def blocks_of(connection: Connection, carrier_id: str, day: date) -> list[NumberBlock]:
    rows = connection.execute(
        text("SELECT licence_number, day, first, past FROM waybill_blocks WHERE carrier_id = :carrier AND day = :day"),
        {"carrier": carrier_id, "day": day},
    )
    return [NumberBlock(row.licence_number, row.day, row.first, row.past) for row in rows]


def is_number_taken(connection: Connection, number: str) -> bool:
    return bool(
        connection.execute(
            text("SELECT EXISTS (SELECT FROM waybill_waybills WHERE number = :number)"), {"number": number}
        ).scalar()
    )


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
    return [Kept(_waybill(row.body, None), row.version) for row in rows]


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


def divisions_of(connection: Connection, waybill_id: str) -> frozenset[str]:
    rows = connection.execute(
        text("SELECT division_code FROM waybill_divisions WHERE waybill_id = :id"), {"id": waybill_id}
    )
    return frozenset(row.division_code for row in rows)


def add_division(connection: Connection, vehicle_id: str, division_code: str) -> None:
    """The vehicle was seen in the division: whatever it is on the way with touches it."""
    connection.execute(
        text(
            "INSERT INTO waybill_divisions (waybill_id, division_code, departs_at)"
            " SELECT w.id, :division, w.departs_at FROM waybill_occupancy o"
            " JOIN waybill_resources r ON r.number = o.resource JOIN waybill_waybills w ON w.id = o.waybill_id"
            " WHERE r.resource = 'vehicle/' || :vehicle AND o.under_way ON CONFLICT DO NOTHING"
        ),
        {"vehicle": vehicle_id, "division": division_code},
    )


# Revisions and clearances.


def insert_revision(
    connection: Connection,
    waybill: Waybill,
    revision: Revision,
    *,
    decision: Mapping[str, Any],
    registered: bytes | None,
) -> None:
    connection.execute(
        text(
            "INSERT INTO waybill_revisions"
            " (waybill_id, number, id, state, author, reason, at, body, proposal, decision, registered) VALUES"
            " (:waybill, :number, :id, :state, :author, :reason, :at, CAST(:body AS jsonb), CAST(:proposal AS jsonb),"
            "  CAST(:decision AS jsonb), :registered)"
        ),
        {
            "waybill": waybill.id,
            "number": revision.number,
            "id": revision.id,
            "state": revision.state.name,
            "author": revision.author,
            "reason": revision.reason,
            "at": revision.at,
            "body": _json(waybill),
            "proposal": _json(revision),
            "decision": json.dumps(decision, ensure_ascii=False),
            "registered": registered,
        },
    )


def update_revision(
    connection: Connection, waybill: Waybill, revision: Revision, *, registered: bytes | None = None
) -> None:
    """The proposal's signatures and state; ``waybill`` as proposed, or as made."""
    connection.execute(
        text(
            "UPDATE waybill_revisions SET state = :state, proposal = CAST(:proposal AS jsonb), body = CAST(:body AS jsonb),"
            " registered = coalesce(:registered, registered) WHERE waybill_id = :waybill AND number = :number"
        ),
        {
            "waybill": waybill.id,
            "number": revision.number,
            "state": revision.state.name,
            "proposal": _json(revision),
            "body": _json(waybill),
            "registered": registered,
        },
    )


def open_revision(connection: Connection, waybill_id: str) -> tuple[Revision, Waybill] | None:
    """The revision that waits for signatures, and the waybill as proposed."""
    row = connection.execute(
        text("SELECT proposal, body FROM waybill_revisions WHERE waybill_id = :id AND state = 'OPEN'"),
        {"id": waybill_id},
    ).first()
    return None if row is None else (from_plain(Revision, row.proposal), from_plain(Waybill, row.body))


def revisions_of(connection: Connection, waybill_id: str) -> list[Revision]:
    """All of them, the oldest first."""
    rows = connection.execute(
        text("SELECT proposal FROM waybill_revisions WHERE waybill_id = :id ORDER BY number"), {"id": waybill_id}
    )
    return [from_plain(Revision, row.proposal) for row in rows]


def clearance_of(connection: Connection, waybill_id: str) -> Clearance | None:
    """The living clearance, else the one voided last, so that the reason can be told."""
    row = connection.execute(
        text(
            "SELECT revision, loading_record_id, granted_at, voided_at, void_reason FROM waybill_clearances"
            " WHERE waybill_id = :id ORDER BY voided_at DESC NULLS FIRST LIMIT 1"
        ),
        {"id": waybill_id},
    ).first()
    if row is None:
        return None
    return Clearance(
        waybill_id=waybill_id, revision=row.revision, loading_record_id=row.loading_record_id,
        granted_at=row.granted_at, voided_at=row.voided_at, void_reason=row.void_reason,
    )  # fmt: skip


def insert_clearance(connection: Connection, clearance: Clearance, digest: bytes) -> bool:
    """False when this loading record has cleared the waybill before, or another clearance is living."""
    return bool(
        connection.execute(
            text(
                "INSERT INTO waybill_clearances (waybill_id, loading_record_id, loading_record_digest, revision, granted_at)"
                " VALUES (:waybill, :record, :digest, :revision, :at) ON CONFLICT DO NOTHING RETURNING true"
            ),
            {
                "waybill": clearance.waybill_id,
                "record": clearance.loading_record_id,
                "digest": digest,
                "revision": clearance.revision,
                "at": clearance.granted_at,
            },
        ).scalar()
    )


def void_clearance(connection: Connection, waybill_id: str, reason: str, at: datetime) -> bool:
    """Whether there was a living one."""
    return bool(
        connection.execute(
            text(
                "UPDATE waybill_clearances SET voided_at = :at, void_reason = :reason"
                " WHERE waybill_id = :id AND voided_at IS NULL RETURNING true"
            ),
            {"id": waybill_id, "reason": reason, "at": at},
        ).scalar()
    )


# Positioning, as told.


def positioning_of(connection: Connection, vehicle_ids: Iterable[str]) -> dict[str, Positioning]:
    rows = connection.execute(
        text("SELECT vehicle_id, last_fix_at, online_since FROM waybill_positioning WHERE vehicle_id = ANY(:ids)"),
        {"ids": list(vehicle_ids)},
    )
    return {row.vehicle_id: Positioning(last_fix_at=row.last_fix_at, online_since=row.online_since) for row in rows}


def record_positioning(connection: Connection, told: Mapping[str, Positioning]) -> None:
    """The last fix only moves forward; rows are taken in one order, so that two tellers never wait for each other."""
    vehicles = sorted(told)
    connection.execute(
        text(
            "INSERT INTO waybill_positioning AS p (vehicle_id, last_fix_at, online_since)"
            " SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:fixes AS timestamptz[]), CAST(:online AS timestamptz[]))"
            " ON CONFLICT (vehicle_id) DO UPDATE SET last_fix_at = greatest(p.last_fix_at, EXCLUDED.last_fix_at),"
            " online_since = EXCLUDED.online_since"
        ),
        {
            "ids": vehicles,
            "fixes": [told[vehicle].last_fix_at for vehicle in vehicles],
            "online": [told[vehicle].online_since for vehicle in vehicles],
        },
    )


def _carrier(waybill: Waybill) -> str:
    return waybill.carrier.organisation_id if waybill.carrier else ""


def _columns(waybill: Waybill) -> dict[str, Any]:
    return {
        "id": waybill.id,
        "number": waybill.number,
        "state": waybill.state.name,
        "carrier": _carrier(waybill),
        "departs_at": waybill.planned_departure,
        "body": _json(replace(waybill, route=Route())),
    }


def _json(value: Any) -> str:
    return json.dumps(to_plain(value), ensure_ascii=False)


def _waybill(body: Any, route: Any) -> Waybill:
    waybill: Waybill = from_plain(Waybill, body)
    return waybill if route is None else replace(waybill, route=from_plain(Route, route))
