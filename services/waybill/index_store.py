"""What a waybill is found by besides its id and number: parties, divisions, plates; with ``issuing.store`` their tables' only writer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from services.waybill.model import Waybill


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """What a waybill is found by besides its id and number; ``plates`` as GA 36 writes them."""

    organisations: frozenset[str]
    divisions: frozenset[str]
    plates: frozenset[str]


def reindex(connection: Connection, waybill: Waybill, index: Index) -> None:
    """Everything a waybill is found by; what it was found by before it still is."""
    connection.execute(
        _REINDEX,
        {
            "id": waybill.id,
            "departs_at": waybill.planned_departure,
            "organisations": sorted(index.organisations),
            "divisions": sorted(index.divisions),
            "plates": sorted(index.plates),
        },
    )


_REINDEX = text(
    "WITH parties AS (INSERT INTO waybill_parties (organisation_id, waybill_id, departs_at)"
    "  SELECT value, :id, :departs_at FROM unnest(CAST(:organisations AS text[])) AS value"
    "  ON CONFLICT (organisation_id, waybill_id) DO UPDATE SET departs_at = EXCLUDED.departs_at),"
    " divisions AS (INSERT INTO waybill_divisions (division_code, waybill_id, departs_at)"
    "  SELECT value, :id, :departs_at FROM unnest(CAST(:divisions AS text[])) AS value"
    "  ON CONFLICT (waybill_id, division_code) DO UPDATE SET departs_at = EXCLUDED.departs_at)"
    " INSERT INTO waybill_plates (plate, waybill_id)"
    " SELECT plate, :id FROM unnest(CAST(:plates AS text[])) AS plate ON CONFLICT DO NOTHING"
)


def divisions_of(connection: Connection, waybill_id: str) -> frozenset[str]:
    """The division codes (GB/T 2260) a waybill touches."""
    rows = connection.execute(_DIVISIONS, {"id": waybill_id})
    return frozenset(row.division_code for row in rows)


def add_division(connection: Connection, vehicle_id: str, division_code: str) -> None:
    """The vehicle was seen in the division: whatever it is on the way with touches it."""
    connection.execute(_ADD_DIVISION, {"vehicle": vehicle_id, "division": division_code})


_DIVISIONS = text("SELECT division_code FROM waybill_divisions WHERE waybill_id = :id")
_ADD_DIVISION = text(
    "INSERT INTO waybill_divisions (waybill_id, division_code, departs_at)"
    " SELECT w.id, :division, w.departs_at FROM waybill_occupancy o"
    " JOIN waybill_resources r ON r.number = o.resource JOIN waybill_waybills w ON w.id = o.waybill_id"
    " WHERE r.resource = 'vehicle/' || :vehicle AND o.under_way ON CONFLICT DO NOTHING"
)
