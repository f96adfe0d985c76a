"""The carrier's own numbers, each of which leads to one waybill: their table's only writer."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from services.waybill.model import Waybill
from services.waybill.store import Taken


def keep(connection: Connection, waybill: Waybill) -> None:
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
            "carrier": waybill.carrier_id,
            "id": waybill.id,
            "systems": [system for system, _ in sorted(references)],
            "numbers": [number for _, number in sorted(references)],
        },
    ).all()
    if len(kept) < len(references):
        raise Taken


def drop(connection: Connection, waybill_id: str) -> None:
    """The carrier's own numbers of a void waybill may lead to another."""
    connection.execute(text("DELETE FROM waybill_references WHERE waybill_id = :id"), {"id": waybill_id})


def find(connection: Connection, carrier_id: str, references: Iterable[tuple[str, str]]) -> frozenset[str]:
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
