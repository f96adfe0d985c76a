"""Waybills as they are issued, each with everything that hangs on it, in one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from services.runtime.plain import to_plain
from services.waybill.facts import Busy
from services.waybill.index_store import Index
from services.waybill.model import Route, Waybill
from services.waybill.occupancy import store as occupancy
from services.waybill.receivers import queue_store
from services.waybill.revision.model import Revision


class Taken(Exception):
    """Another waybill has this id or number."""


class ReferenceTaken(Exception):
    """Another waybill has one of the carrier's own numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """``registered`` is the digest of the registration that stated it; ``decision`` what it was accepted on."""

    waybill: Waybill
    index: Index
    revision: Revision
    decision: Mapping[str, Any]
    registered: bytes


def insert(connection: Connection, issued: Sequence[Issued], now: datetime) -> None:
    """Keep them all, or none, on resources that are held.

    Raises ``Taken``, ``ReferenceTaken``, or ``occupancy.Overlap`` when a trip is in the way of one; the transaction must
    then be rolled back to where it was before.
    """
    rows = [_row(each, occupancy.beside_followed(connection, each.waybill), now) for each in issued]
    try:
        kept = connection.execute(_INSERT, {"rows": json.dumps(rows, ensure_ascii=False), "now": now}).one()
    except IntegrityError as error:
        raise _meaning(error) from error
    if kept.references_kept < sum(len(row["numbers"]) for row in rows):
        raise ReferenceTaken


def _meaning(error: IntegrityError) -> Exception:
    diagnosis = getattr(error.orig, "diag", None)
    table = getattr(diagnosis, "table_name", None)
    if table == "waybill_occupancy" and occupancy.is_overlap(error):
        return occupancy.Overlap()
    return Taken() if table in ("waybill_waybills", "waybill_revisions") else error


def _row(issued: Issued, spans: Iterable[Busy], now: datetime) -> dict[str, Any]:
    waybill, index = issued.waybill, issued.index
    event, told = queue_store.told(None, waybill, 1, now)
    return {
        "id": waybill.id,
        "number": waybill.number,
        "state": waybill.state.name,
        "carrier": waybill.carrier_id,
        "departs_at": _text(waybill.planned_departure),
        "body": to_plain(replace(waybill, route=Route())),
        "route": to_plain(waybill.route),
        "organisations": sorted(index.organisations),
        "divisions": sorted(index.divisions),
        "plates": sorted(index.plates),
        "numbers": sorted({(each.system, each.number) for each in waybill.external_refs}),
        "trip": [
            {
                **occupancy.row_of(span),
                "resource": span.resource,
                "from_at": _text(span.from_at),
                "to_at": _text(span.to_at),
            }
            for span in spans
        ],
        "revision": to_plain(issued.revision),
        "decision": issued.decision,
        "registered": issued.registered.hex(),
        "event": event,
        "told": told,
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


# A resource without a number would be kept with none, which the table refuses.
_INSERT = text(
    "WITH said AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS rows ("
    "  id text, number text, state text, carrier text, departs_at timestamptz, body jsonb, route jsonb,"
    "  organisations text[], divisions text[], plates text[], numbers jsonb, trip jsonb, revision jsonb, decision jsonb,"
    "  registered text, event text, told text)),"
    " waybills AS (INSERT INTO waybill_waybills"
    "  (id, number, state, carrier_id, departs_at, version, body, route, changed_at)"
    "  SELECT id, number, state, carrier, departs_at, 1, body, route, :now FROM said ORDER BY id),"
    " parties AS (INSERT INTO waybill_parties (organisation_id, waybill_id, departs_at)"
    "  SELECT unnest(organisations), id, departs_at FROM said),"
    " divisions AS (INSERT INTO waybill_divisions (division_code, waybill_id, departs_at)"
    "  SELECT unnest(divisions), id, departs_at FROM said),"
    " plates AS (INSERT INTO waybill_plates (plate, waybill_id) SELECT unnest(plates), id FROM said),"
    " numbers AS (INSERT INTO waybill_references (carrier_id, system, number, waybill_id)"
    "  SELECT carrier, pair->>0, pair->>1, id FROM said CROSS JOIN jsonb_array_elements(numbers) AS pair ORDER BY 2, 3"
    "  ON CONFLICT DO NOTHING RETURNING true),"
    " trips AS (INSERT INTO waybill_occupancy (waybill_id, resource_id, resource, slots, from_at, to_at, under_way)"
    "  SELECT id, resource_id, r.number, int8range(r.number * :stretch + first, r.number * :stretch + past),"
    "   from_at, to_at, under_way"
    "  FROM said CROSS JOIN jsonb_to_recordset(trip) AS t (resource text, resource_id text, first bigint, past bigint,"
    "   from_at timestamptz, to_at timestamptz, under_way boolean)"
    "  LEFT JOIN waybill_resources r USING (resource) ORDER BY r.number),"
    " revisions AS (INSERT INTO waybill_revisions"
    "  (waybill_id, number, id, state, author, reason, at, body, proposal, decision, registered)"
    "  SELECT id, CAST(revision->>'number' AS int), revision->>'id', revision->>'state', revision->>'author',"
    "   revision->>'reason', :now, body || jsonb_build_object('route', route), revision, decision, decode(registered, 'hex')"
    "  FROM said),"
    " deliveries AS (INSERT INTO waybill_deliveries (receiver, waybill_id, event, body, queued_at)"
    "  SELECT r.number, said.id, event, told, :now FROM said JOIN waybill_receivers r ON r.organisation_id = ANY(organisations)"
    "  WHERE (r.kind = 'WEBHOOK' OR r.organisation_id = carrier) AND (cardinality(r.events) = 0 OR event = ANY(r.events)))"
    " SELECT count(*) AS references_kept FROM numbers"
).bindparams(stretch=occupancy.STRETCH)
