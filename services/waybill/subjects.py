"""The trips of a vehicle and of an organisation, as subjects of the record. Reads only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from services.runtime.call import Call

_MOST = 5_000


def subjects_of_vehicle(call: Call, vehicle_id: str, start: datetime | None, end: datetime | None) -> list[str]:
    """``waybill/<id>`` of every trip the vehicle was laid out for at a time in the period, in order of time."""
    rows = call.transaction.execute(
        text(
            "SELECT DISTINCT o.waybill_id, o.from_at FROM waybill_resources AS r"
            " JOIN waybill_occupancy AS o ON o.resource = r.number WHERE r.resource = :resource"
            " AND (CAST(:end AS timestamptz) IS NULL OR o.from_at < :end)"
            " AND (CAST(:start AS timestamptz) IS NULL OR o.to_at >= :start)"
            " ORDER BY o.from_at, o.waybill_id LIMIT :most"
        ),
        {"resource": f"vehicle/{vehicle_id}", "start": start, "end": end, "most": _MOST},
    )
    return [f"waybill/{row.waybill_id}" for row in rows]


def subjects_of_organisation(
    call: Call, organisation_id: str, start: datetime | None, end: datetime | None
) -> list[str]:
    """``waybill/<id>`` of every trip that names the organisation and departs in the period, in order of departure."""
    rows = call.transaction.execute(
        text(
            "SELECT waybill_id FROM waybill_parties WHERE organisation_id = :id"
            " AND (CAST(:end AS timestamptz) IS NULL OR departs_at < :end)"
            " AND (CAST(:start AS timestamptz) IS NULL OR departs_at >= :start)"
            " ORDER BY departs_at, waybill_id LIMIT :most"
        ),
        {"id": organisation_id, "start": start, "end": end, "most": _MOST},
    )
    return [f"waybill/{row.waybill_id}" for row in rows]
