"""The carrier's own numbers, each of which leads to one waybill: with ``issuing.store`` their table's only writer."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, text

from services.waybill.model import Waybill

Reference = tuple[str, str]  # the other system, and the number there

_DROP = text("DELETE FROM waybill_references WHERE waybill_id = :id")
_KEEP = text(
    "INSERT INTO waybill_references AS r (carrier_id, system, number, waybill_id)"
    " SELECT :carrier, *, :id FROM unnest(CAST(:systems AS text[]), CAST(:numbers AS text[])) ORDER BY 2, 3"
    " ON CONFLICT (carrier_id, system, number) DO UPDATE SET waybill_id = r.waybill_id"
    " WHERE r.waybill_id = EXCLUDED.waybill_id RETURNING true"
)
_FIND = text(
    "SELECT system, number, waybill_id FROM waybill_references WHERE carrier_id = :carrier AND (system, number) IN"
    " (SELECT * FROM unnest(CAST(:systems AS text[]), CAST(:numbers AS text[])))"
)


def references_of(waybill: Waybill) -> set[Reference]:
    return {(each.system, each.number) for each in waybill.external_refs}


def keep(connection: Connection, carrier_id: str, waybill_id: str, references: Collection[Reference]) -> bool:
    """They lead to this waybill; false when one leads to another."""
    if not references:
        return True
    named = {
        "carrier": carrier_id,
        "id": waybill_id,
        "systems": [system for system, _ in sorted(references)],
        "numbers": [number for _, number in sorted(references)],
    }
    return len(connection.execute(_KEEP, named).all()) == len(references)


def drop(connection: Connection, waybill_id: str) -> None:
    """The carrier's own numbers of a void waybill may lead to another."""
    connection.execute(_DROP, {"id": waybill_id})


def find(connection: Connection, carrier_id: str, references: Collection[Reference]) -> dict[Reference, str]:
    """The ids of the carrier's waybills that those of these numbers lead to that lead to one."""
    if not references:
        return {}
    named = {
        "carrier": carrier_id,
        "systems": [system for system, _ in references],
        "numbers": [number for _, number in references],
    }
    return {(row.system, row.number): row.waybill_id for row in connection.execute(_FIND, named)}
