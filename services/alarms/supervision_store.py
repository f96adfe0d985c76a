"""The table of supervision requests; this module is its only writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

_INSERT = text(
    "INSERT INTO alarms_supervisions (id, alarm_id, authority_id, demand, requested_at, due_at)"
    " VALUES (:id, :alarm_id, :authority_id, :demand, :at, :due_at) ON CONFLICT DO NOTHING RETURNING true"
)


def insert(
    connection: Connection, *, supervision_id: str, alarm_id: str, authority_id: str, demand: str, at: datetime,
    due_at: datetime,
) -> bool:  # fmt: skip
    """False when the id is taken."""
    values = {"id": supervision_id, "alarm_id": alarm_id, "authority_id": authority_id, "demand": demand, "at": at,
              "due_at": due_at}  # fmt: skip
    return bool(connection.execute(_INSERT, values).scalar())


_ANSWER = text(
    "UPDATE alarms_supervisions SET answer = :said, answered_by = :by, answered_at = :at"
    " WHERE id = :id AND answered_at IS NULL RETURNING true"
)


def answer(connection: Connection, supervision_id: str, *, said: str, by: str, at: datetime) -> bool:
    """False when it has been answered."""
    return bool(connection.execute(_ANSWER, {"id": supervision_id, "said": said, "by": by, "at": at}).scalar())


_RUN_OUT = text("UPDATE alarms_supervisions SET overdue = true WHERE id = :id AND answered_at IS NULL RETURNING true")


def run_out(connection: Connection, supervision_id: str) -> bool:
    """Its time is over; false when it was answered before."""
    return bool(connection.execute(_RUN_OUT, {"id": supervision_id}).scalar())


_FIND = text(
    "SELECT s.*, a.carrier_id, a.division FROM alarms_supervisions AS s JOIN alarms_alarms AS a ON a.id = s.alarm_id"
    " WHERE s.id = :id"
)


def find(connection: Connection, supervision_id: str) -> Row[Any] | None:
    """The request with its alarm's carrier."""
    return connection.execute(_FIND, {"id": supervision_id}).first()


@cache
def _newest(names: tuple[str, ...], open_only: bool) -> TextClause:
    where = [f"{'a' if name == 'carrier_id' else 's'}.{name} = :{name}" for name in names]
    where += ["s.answered_at IS NULL"] if open_only else []
    return text(
        "SELECT s.* FROM alarms_supervisions AS s JOIN alarms_alarms AS a ON a.id = s.alarm_id"
        f" WHERE {' AND '.join(where or ['true'])} ORDER BY s.requested_at DESC, s.id LIMIT :most"
    )


def newest(connection: Connection, filters: Mapping[str, object], *, open_only: bool, most: int) -> Sequence[Row[Any]]:
    """Requests by ``carrier_id`` or ``authority_id`` and ``alarm_id``, the newest first."""
    return connection.execute(_newest(tuple(filters), open_only), {**filters, "most": most}).all()
