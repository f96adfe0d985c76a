"""The carrier's own numbers, each of which leads to one waybill: with ``issued_store`` their table's only writer."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, text

Reference = tuple[str, str]  # the other system, and the number there

_DROP = text("DELETE FROM waybill_references WHERE waybill_id = :id")
_FIND = text(
    "SELECT system, number, waybill_id FROM waybill_references WHERE carrier_id = :carrier AND (system, number) IN"
    " (SELECT * FROM unnest(CAST(:systems AS text[]), CAST(:numbers AS text[])))"
)


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
