"""The status list: what became of each revision of a waybill whose roadside code may still be shown. Read only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from hazway.day_bundle import Status, StatusList
from hazway.roadside_code import MAX_LIFETIME_S


@dataclass(frozen=True, slots=True)
class Place:
    """Where a revision stands in the status list; ``registered`` is the digest of its registration, the log's entry."""

    revision_id: str
    status_index: int
    registered: bytes


_PLACE_OF = text(
    "SELECT id, status_index, registered FROM waybill_revisions WHERE waybill_id = :id AND number = :number"
)


def place_of(connection: Connection, waybill_id: str, revision: int) -> Place | None:
    row = connection.execute(_PLACE_OF, {"id": waybill_id, "number": revision}).first()
    return None if row is None else Place(row.id, row.status_index, row.registered)


_WINDOW = text(
    "SELECT coalesce(least((SELECT min(status_index) FROM waybill_revisions WHERE waybill_id IN"
    "   (SELECT id FROM waybill_waybills WHERE state IN ('ISSUED', 'LOADED', 'IN_TRANSIT', 'ARRIVED'))),"
    "  (SELECT min(status_index) FROM waybill_revisions WHERE waybill_id IN"
    "   (SELECT id FROM waybill_waybills WHERE changed_at > :since))), newest.past) AS first, newest.past AS end"
    " FROM (SELECT coalesce(max(status_index), 0) + 1 AS past FROM waybill_revisions) AS newest"
)
_STATUSES = text(
    "SELECT array_agg(given.status_index) AS indexes, given.state, given.superseded FROM ("
    "  SELECT r.status_index, w.state, r.number < newest.number AS superseded FROM waybill_revisions AS r"
    "  JOIN waybill_waybills AS w ON w.id = r.waybill_id"
    # A later revision has a greater index, so the window holds the newest of each waybill it touches.
    "  LEFT JOIN (SELECT waybill_id, max(number) AS number FROM waybill_revisions"
    "   WHERE status_index >= :first AND state = 'MADE' GROUP BY waybill_id) AS newest"
    "   ON newest.waybill_id = r.waybill_id"
    "  WHERE r.status_index >= :first AND r.status_index < :end"
    " ) AS given GROUP BY given.state, given.superseded"
)


def status_list(connection: Connection, now: datetime) -> StatusList:
    """From the oldest revision whose code has not expired for certain. Indexes nobody was given are GOOD: nobody shows them."""
    first, end = connection.execute(_WINDOW, {"since": now - timedelta(seconds=MAX_LIFETIME_S)}).one()
    rows = connection.execute(_STATUSES, {"first": first, "end": end})
    statuses: dict[int, Status] = {}
    for row in rows:
        if (status := _status(row.state, bool(row.superseded))) is not Status.GOOD:
            statuses.update(dict.fromkeys(row.indexes, status))
    return StatusList.of(first, end, statuses)


def _status(state: str, superseded: bool) -> Status:
    """What voids the waybill voids all its revisions."""
    if state in ("VOIDED", "REJECTED"):
        return Status.VOID
    if superseded:
        return Status.SUPERSEDED
    return Status.ENDED if state == "COMPLETED" else Status.GOOD
