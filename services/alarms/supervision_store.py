"""The table of supervision requests; this module is its only writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text


def insert(
    connection: Connection, *, supervision_id: str, alarm_id: str, authority_id: str, demand: str, at: datetime,
    due_at: datetime,
) -> bool:  # fmt: skip
    """False when the id is taken."""
    return bool(
        connection.execute(
            text(
                "INSERT INTO alarms_supervisions (id, alarm_id, authority_id, demand, requested_at, due_at)"
                " VALUES (:id, :alarm_id, :authority_id, :demand, :at, :due_at) ON CONFLICT DO NOTHING RETURNING true"
            ),
            {"id": supervision_id, "alarm_id": alarm_id, "authority_id": authority_id, "demand": demand, "at": at,
             "due_at": due_at},
        ).scalar()
    )  # fmt: skip


def answer(connection: Connection, supervision_id: str, *, said: str, by: str, at: datetime) -> bool:
    """False when it has been answered."""
    return bool(
        connection.execute(
            text(
                "UPDATE alarms_supervisions SET answer = :said, answered_by = :by, answered_at = :at"
                " WHERE id = :id AND answered_at IS NULL RETURNING true"
            ),
            {"id": supervision_id, "said": said, "by": by, "at": at},
        ).scalar()
    )


def run_out(connection: Connection, supervision_id: str) -> bool:
    """Its time is over; false when it was answered before."""
    return bool(
        connection.execute(
            text("UPDATE alarms_supervisions SET overdue = true WHERE id = :id AND answered_at IS NULL RETURNING true"),
            {"id": supervision_id},
        ).scalar()
    )


def find(connection: Connection, supervision_id: str) -> Row[Any] | None:
    """The request with its alarm's carrier."""
    return connection.execute(
        text(
            "SELECT s.*, a.carrier_id, a.division FROM alarms_supervisions AS s JOIN alarms_alarms AS a ON a.id = s.alarm_id"
            " WHERE s.id = :id"
        ),
        {"id": supervision_id},
    ).first()


def newest(connection: Connection, filters: Mapping[str, object], *, open_only: bool, most: int) -> Sequence[Row[Any]]:
    """Requests by ``carrier_id`` or ``authority_id`` and ``alarm_id``, the newest first."""
    where = [f"{'a' if name == 'carrier_id' else 's'}.{name} = :{name}" for name in filters]
    where += ["s.answered_at IS NULL"] if open_only else []
    sql = (
        "SELECT s.* FROM alarms_supervisions AS s JOIN alarms_alarms AS a ON a.id = s.alarm_id"
        f" WHERE {' AND '.join(where or ['true'])} ORDER BY s.requested_at DESC, s.id LIMIT :most"
    )
    return connection.execute(text(sql), {**filters, "most": most}).all()
