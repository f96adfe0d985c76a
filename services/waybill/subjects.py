"""The trips of a vehicle and of an organisation, as subjects of the record. Reads only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from services.runtime.call import Call

_MOST = 5_000


def subjects_of_vehicle(call: Call, vehicle_id: str, start: datetime | None, end: datetime | None) -> list[str]:
    """``waybill/<id>`` of every trip the vehicle was laid out for at a time in the period, void ones too, in order of time.

    A vehicle that was merged has the trips of all its entries.
    """
    rows = call.transaction.execute(
        _OF_VEHICLE, {"resource": f"vehicle/{vehicle_id}", "start": start, "end": end, "most": _MOST}
    )
    return [f"waybill/{row.waybill_id}" for row in rows]


_OF_VEHICLE = text(
    "WITH names AS (SELECT r.number, r.resource FROM waybill_resources r JOIN waybill_resources asked USING (number)"
    "  WHERE asked.resource = :resource),"
    " trips AS (SELECT o.waybill_id, o.from_at, o.to_at FROM waybill_occupancy o"
    "   WHERE o.resource IN (SELECT number FROM names)"
    "  UNION SELECT w.id, w.departs_at, coalesce(CAST(w.body->>'planned_arrival' AS timestamptz), w.departs_at)"
    "   FROM names JOIN waybill_waybills w ON w.state = 'VOIDED' AND w.body->'assignments'"
    "    @> jsonb_build_array(jsonb_build_object('resource_id', substr(names.resource, length('vehicle/') + 1))))"
    " SELECT waybill_id, min(from_at) AS from_at FROM trips WHERE (CAST(:end AS timestamptz) IS NULL OR from_at < :end)"
    " AND (CAST(:start AS timestamptz) IS NULL OR to_at >= :start)"
    " GROUP BY waybill_id ORDER BY 2, 1 LIMIT :most"
)


_SUBJECTS_OF_ORGANISATION = text(
    "SELECT waybill_id FROM waybill_parties WHERE organisation_id = :id"
    " AND (CAST(:end AS timestamptz) IS NULL OR departs_at < :end)"
    " AND (CAST(:start AS timestamptz) IS NULL OR departs_at >= :start)"
    " ORDER BY departs_at, waybill_id LIMIT :most"
)


def subjects_of_organisation(
    call: Call, organisation_id: str, start: datetime | None, end: datetime | None
) -> list[str]:
    """``waybill/<id>`` of every trip that names the organisation and departs in the period, in order of departure."""
    rows = call.transaction.execute(
        _SUBJECTS_OF_ORGANISATION,
        {"id": organisation_id, "start": start, "end": end, "most": _MOST},
    )
    return [f"waybill/{row.waybill_id}" for row in rows]
