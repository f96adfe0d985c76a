"""Alarms counted: in groups of one trip and cause, by what they turned out to be, and by how soon they were handled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from services.alarms.store import condition_of


@cache
def _groups(names: tuple[str, ...]) -> TextClause:
    return text(
        "SELECT vehicle_id, waybill_id, kind, cause, max(severity) FILTER (WHERE severity = 'GRAVE') AS grave,"
        " count(*) AS alarms, count(*) FILTER (WHERE state = 'OPEN') AS open, min(occurred_at) AS first_occurred_at,"
        " max(occurred_at) AS last_occurred_at, (array_agg(id ORDER BY occurred_at DESC, id))[1] AS alarm_id"
        f" FROM alarms_alarms WHERE state <> 'WITHDRAWN' AND {condition_of(names)}"
        " GROUP BY waybill_id, vehicle_id, kind, cause HAVING NOT :open_only OR bool_or(state = 'OPEN')"
        " ORDER BY max(change) DESC LIMIT :most"
    )


def groups(connection: Connection, filters: Mapping[str, object], *, open_only: bool, most: int) -> Sequence[Row[Any]]:
    """Alarms that stand by trip (else vehicle), kind and cause, the group with the latest change first."""
    return connection.execute(_groups(tuple(filters)), {**filters, "open_only": open_only, "most": most}).all()


@cache
def _by_outcome(names: tuple[str, ...]) -> TextClause:
    counted = ", ".join(
        f"count(*) FILTER (WHERE state = 'HANDLED' AND handling_reason = '{reason}') AS {name}"
        for name, reason in (
            ("found_true", "TRUE"), ("device_fault", "DEVICE_FAULT"), ("map_wrong", "MAP_WRONG"), ("exempt", "EXEMPT"),
        )
    )  # fmt: skip
    return text(
        "SELECT kind, count(*) AS raised, count(*) FILTER (WHERE state = 'HANDLED') AS handled,"
        f" count(*) FILTER (WHERE state = 'WITHDRAWN') AS withdrawn, {counted} FROM alarms_alarms"
        f" WHERE occurred_at >= :since AND occurred_at < :until AND {condition_of(names)} GROUP BY kind ORDER BY kind"
    )


def by_outcome(
    connection: Connection, filters: Mapping[str, object], since: datetime, until: datetime
) -> Sequence[Row[Any]]:
    """Of the alarms that occurred in [since, until): for each kind how many, and what those handled turned out to be."""
    return connection.execute(_by_outcome(tuple(filters)), {**filters, "since": since, "until": until}).all()


_HANDLED = text(
    "SELECT count(*) FILTER (WHERE state = 'HANDLED' AND handled_at - raised_at <= :within) AS handled,"
    " count(*) AS raised FROM alarms_alarms WHERE state <> 'WITHDRAWN' AND occurred_at >= :since"
    " AND occurred_at < :until AND (:carrier = '' OR carrier_id = :carrier) AND starts_with(division, :division)"
)


def handled(
    connection: Connection, *, carrier_id: str, division: str, since: datetime, until: datetime, within: timedelta
) -> tuple[int, int]:
    """How many of the alarms that occurred in [since, until) and stand were handled within that time of being raised, and
    how many there are; of a carrier, or of divisions that begin with ``division``, or both."""
    row = connection.execute(
        _HANDLED, {"carrier": carrier_id, "division": division, "since": since, "until": until, "within": within}
    ).one()
    return row.handled, row.raised
