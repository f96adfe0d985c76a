"""An organisation's vehicles in one look, for those who must tell a fleet's fixes apart by the ten thousand."""

from __future__ import annotations

from sqlalchemy import Connection, text


def fleet(connection: Connection, organisation_id: str) -> dict[str, str]:
    """The organisation's vehicles now, each with the division it is registered in: its owner's."""
    rows = connection.execute(
        text(
            "SELECT v.id, o.division_code FROM registry_things v"
            " JOIN registry_things o ON o.kind = 'organisation' AND o.id = v.owner_id"
            " WHERE v.kind = 'vehicle' AND v.owner_id = :owner"
        ),
        {"owner": organisation_id},
    )
    return {row.id: row.division_code for row in rows}
