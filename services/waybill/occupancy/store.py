"""Trips laid out on one line of numbers: the database itself refuses two trips of one vehicle, tank or person at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from services.waybill.facts import Busy
from services.waybill.model import Waybill
from services.waybill.occupancy.spans import spans_of

# A resource's stretch of the line, in seconds since 1970: good until the year 2242.
STRETCH = 1 << 33
_NOT_AT_ONCE = frozenset({"23P01", "23505"})  # exclusion and unique violation


class Overlap(Exception):
    """Another trip holds one of the resources at that time, or is under way with it."""


def resources_of(waybill: Waybill) -> frozenset[str]:
    """``vehicle/<id>``, ``tank/<id>`` or ``person/<id>`` of everybody and everything that is or was assigned."""
    return frozenset(each.resource for each in waybill.assignments)


def hold(connection: Connection, resources: Iterable[str]) -> None:
    """Nobody else lays out a trip with these resources until the transaction ends."""
    _numbers(connection, resources, lock=True)


_BUSY = text(
    "SELECT r.resource, o.waybill_id, o.from_at, o.to_at, o.under_way, w.number, w.carrier_id"
    " FROM waybill_resources r JOIN waybill_occupancy o ON o.resource = r.number"
    " JOIN waybill_waybills w ON w.id = o.waybill_id"
    " WHERE r.resource = ANY(:resources) AND (o.to_at > :since OR o.under_way)"
)


def busy(
    connection: Connection, resources: Collection[str], *, carrier_id: str, since: datetime
) -> dict[str, list[Busy]]:
    """When trips hold these resources after ``since``, and all that are under way with them, by resource.

    The number of another carrier's waybill is nobody else's to know.
    """
    found: dict[str, list[Busy]] = {}
    for row in connection.execute(_BUSY, {"resources": sorted(resources), "since": since}):
        trip = Busy(
            resource=row.resource, waybill_id=row.waybill_id, from_at=row.from_at, to_at=row.to_at,
            under_way=row.under_way, waybill_number=row.number if row.carrier_id == carrier_id else "",
        )  # fmt: skip
        found.setdefault(row.resource, []).append(trip)
    return found


_HELD_BY = text(
    "SELECT r.resource, o.from_at, o.to_at FROM waybill_resources r JOIN waybill_occupancy o ON o.resource = r.number"
    " WHERE o.waybill_id = :id AND r.resource = ANY(:resources) ORDER BY o.from_at"
)


def beside_followed(connection: Connection, waybill: Waybill) -> tuple[Busy, ...]:
    """The waybill's spans; until it departs, without the times at which the waybill it follows holds the same resources."""
    spans = {span.resource: span for span in spans_of(waybill)}
    if not spans or not waybill.replaces or waybill.departed_at is not None:
        return tuple(spans.values())
    for held in connection.execute(_HELD_BY, {"id": waybill.replaces, "resources": sorted(spans)}):
        span = spans[held.resource]
        if held.from_at < span.to_at and span.from_at < held.to_at:
            spans[held.resource] = replace(span, from_at=held.to_at)
    return tuple(span for span in spans.values() if span.from_at < span.to_at)


def lay_out(connection: Connection, waybill_id: str, spans: Iterable[Busy]) -> None:
    """The trip holds exactly the resources of these spans at their times. Raises ``Overlap`` when another trip is in the way.

    Nothing but this is undone then: the caller's transaction stays usable. Fractions of seconds are cut off.
    """
    wanted = sorted(spans, key=lambda span: span.resource)
    numbers = _numbers(connection, [span.resource for span in wanted])
    rows = [row_of(span, numbers[span.resource]) for span in wanted]
    columns = {name: [row[name] for row in rows] for name in _COLUMNS}
    try:
        with connection.begin_nested():
            connection.execute(_CLEAR, {"id": waybill_id})
            connection.execute(_LAY, {"waybill": waybill_id, **columns})
    except IntegrityError as error:
        if not is_overlap(error):
            raise
        raise Overlap from error


def is_overlap(error: IntegrityError) -> bool:
    """Whether the database refused a trip because another is in its way."""
    return getattr(error.orig, "pgcode", None) in _NOT_AT_ONCE


_COLUMNS = {
    "resource_id": "text", "resource": "bigint", "first": "bigint", "past": "bigint",
    "from_at": "timestamptz", "to_at": "timestamptz", "under_way": "boolean",
}  # fmt: skip
_CLEAR = text("DELETE FROM waybill_occupancy WHERE waybill_id = :id")
_LAY = text(
    "INSERT INTO waybill_occupancy (waybill_id, resource_id, resource, slots, from_at, to_at, under_way)"
    " SELECT :waybill, resource_id, resource, int8range(first, past), from_at, to_at, under_way"
    f" FROM unnest({', '.join(f'CAST(:{name} AS {kind}[])' for name, kind in _COLUMNS.items())})"
    f" AS rows ({', '.join(_COLUMNS)}) ORDER BY resource"
)


def _numbers(connection: Connection, resources: Iterable[str], *, lock: bool = False) -> dict[str, int]:
    """The number of each resource, given when it is first met; always in one order, so that nobody waits in a ring."""
    names = sorted(set(resources))
    known = _known_numbers(connection, names, lock=lock)
    if missing := [name for name in names if name not in known]:
        connection.execute(_GIVE, {"names": missing})
        known = _known_numbers(connection, names, lock=lock)
    return known


_GIVE = text(
    "INSERT INTO waybill_resources (resource) SELECT name FROM unnest(CAST(:names AS text[])) AS name"
    " ON CONFLICT DO NOTHING"
)
_NUMBERS = {
    False: text("SELECT resource, number FROM waybill_resources WHERE resource = ANY(:names)"),
    True: text(
        "SELECT resource, number FROM waybill_resources WHERE number IN"
        " (SELECT number FROM waybill_resources WHERE resource = ANY(:names)) ORDER BY resource FOR NO KEY UPDATE"
    ),
}


def _known_numbers(connection: Connection, names: list[str], *, lock: bool) -> dict[str, int]:
    return {row.resource: row.number for row in connection.execute(_NUMBERS[lock], {"names": names})}


def row_of(span: Busy, number: int = 0) -> dict[str, Any]:
    """The trip on its resource's stretch of the line."""
    first = _seconds(span.from_at)
    return {
        "resource_id": span.resource.partition("/")[2],
        "resource": number,
        "first": number * STRETCH + first,
        "past": number * STRETCH + max(_seconds(span.to_at), first + 1),
        "from_at": span.from_at,
        "to_at": span.to_at,
        "under_way": span.under_way,
    }


def _seconds(at: datetime) -> int:
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return min(max(since.days * 86_400 + since.seconds, 0), STRETCH - 2)
