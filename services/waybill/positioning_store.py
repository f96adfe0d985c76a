"""When vehicles were last heard of, as told: their table's only writer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, text

from services.waybill.facts import Positioning

_POSITIONING_OF = text("SELECT vehicle_id, last_fix_at FROM waybill_positioning WHERE vehicle_id = ANY(:ids)")


def positioning_of(connection: Connection, vehicle_ids: Iterable[str]) -> dict[str, Positioning]:
    """When each of these vehicles was heard of last; those that never were are left out."""
    rows = connection.execute(_POSITIONING_OF, {"ids": list(vehicle_ids)})
    return {row.vehicle_id: Positioning(last_fix_at=row.last_fix_at) for row in rows}


_RECORD = text(
    "INSERT INTO waybill_positioning AS p (vehicle_id, last_fix_at)"
    " SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:fixes AS timestamptz[]))"
    " ON CONFLICT (vehicle_id) DO UPDATE SET last_fix_at = greatest(p.last_fix_at, EXCLUDED.last_fix_at)"
)


def record(connection: Connection, told: Mapping[str, Positioning]) -> None:
    """The last fix only moves forward; rows are taken in one order, so that two tellers never wait for each other."""
    vehicles = sorted(told)
    connection.execute(
        _RECORD,
        {
            "ids": vehicles,
            "fixes": [told[vehicle].last_fix_at for vehicle in vehicles],
        },
    )
