"""Which zones, figures and road networks detection has been told to go by, since when: one row for each entry in the shard logs."""

from __future__ import annotations

from sqlalchemy import Connection, Row, text

from services.monitoring.model import Activation

_COLUMNS = "SELECT change, at_ms, regions FROM monitoring_activations"


def newest(connection: Connection) -> Activation | None:
    """The one told last. Nobody else tells another before this transaction ends."""
    connection.execute(text("LOCK TABLE monitoring_activations IN SHARE ROW EXCLUSIVE MODE"))
    row = connection.execute(text(f"{_COLUMNS} ORDER BY number DESC LIMIT 1")).first()
    return None if row is None else _activation(row)


def before_newest(connection: Connection, many: int) -> Activation | None:
    """The one that was the newest when so many had not been told yet."""
    row = connection.execute(text(f"{_COLUMNS} ORDER BY number DESC LIMIT 1 OFFSET :many"), {"many": many}).first()
    return None if row is None else _activation(row)


def keep(connection: Connection, activation: Activation) -> None:
    connection.execute(
        text("INSERT INTO monitoring_activations (change, at_ms, regions) VALUES (:change, :at_ms, :regions)"),
        {"change": activation.change, "at_ms": activation.at_ms, "regions": list(activation.regions)},
    )


def since(connection: Connection, at_ms: int) -> list[Activation]:
    """The one in force at that time, and all later ones, in order."""
    rows = connection.execute(
        text(
            f"{_COLUMNS} WHERE number >= coalesce((SELECT max(number) FROM monitoring_activations WHERE at_ms <= :at_ms), 0)"
            " ORDER BY number"
        ),
        {"at_ms": at_ms},
    )
    return [_activation(row) for row in rows]


def _activation(row: Row[tuple[int, int, list[str]]]) -> Activation:
    return Activation(row.change, row.at_ms, tuple(row.regions))
