"""WB-10: one vehicle, one trip. Nobody and nothing is on two trips between departure and unloading."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.errors import Finding
from services.errors.waybill.resources import RESOURCE_BUSY
from services.registry.model import RegistryFacts
from services.waybill.facts import Busy
from services.waybill.model import Assignment, Waybill
from services.waybill.trip import ROLE_WORDS, Trip

RULE = "WB-10"


def occupies(waybill: Waybill) -> tuple[Busy, ...]:
    """When the waybill keeps each of its resources busy; empty without times. Overlapping assignments of one are joined.

    From departure (planned, until it happened) to unloading, else arrival, else planned arrival; half open.
    """
    start = waybill.departed_at or waybill.planned_departure
    end = waybill.unloaded_at or waybill.planned_arrival
    if start is None or end is None:
        return ()
    spans: dict[str, tuple[datetime, datetime]] = {}
    for assignment in waybill.assignments:
        first, last = _span(assignment, start, end)
        if first < last:
            known = spans.get(assignment.resource, (first, last))
            spans[assignment.resource] = min(known[0], first), max(known[1], last)
    under_way = waybill.departed_at is not None and waybill.unloaded_at is None
    return tuple(
        Busy(
            resource=resource, waybill_id=waybill.id, from_at=first, to_at=last,
            under_way=under_way and last == end, waybill_number=waybill.number,
        )
        for resource, (first, last) in spans.items()
    )  # fmt: skip


def _span(assignment: Assignment, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    return max(assignment.from_at or start, start), min(assignment.to_at or end, end)


def not_twice(trip: Trip) -> Iterator[Finding]:
    """One finding for each other trip that overlaps, naming everything the two share."""
    ours = {each.resource: each for each in occupies(trip.waybill)}
    yield from _shared(trip, [
        other for other in trip.facts.busy
        if (own := ours.get(other.resource)) and own.from_at < other.to_at and other.from_at < own.to_at
    ])  # fmt: skip


def not_under_way(trip: Trip) -> Iterator[Finding]:
    """At the departure: no other trip that holds a resource has yet to be unloaded, whatever was planned for it."""
    ours = {each.assignment.resource for each in trip.assigned(*ROLE_WORDS) if each.assignment.to_at is None}
    yield from _shared(trip, [other for other in trip.facts.busy if other.under_way and other.resource in ours])


def _shared(trip: Trip, conflicts: list[Busy]) -> Iterator[Finding]:
    own = {trip.waybill.id, trip.waybill.replaces}  # what a diversion or return takes over is not another trip
    by_trip: dict[str, list[Busy]] = {}
    for busy in conflicts:
        if busy.waybill_id not in own:
            by_trip.setdefault(busy.waybill_id, []).append(busy)
    for others in by_trip.values():
        names = "、".join(dict.fromkeys(_name(trip.registry, busy.resource) for busy in others))
        other = others[0].waybill_number or "另一运单 another waybill"
        yield trip.finding(RESOURCE_BUSY, "waybill.assignments", RULE, resources=names, other=other)


def _name(registry: RegistryFacts, resource: str) -> str:
    """Plate, tank number or name: what the reader of a finding knows it by."""
    kind, _, thing_id = resource.partition("/")
    if kind == "vehicle" and thing_id in registry.vehicles:
        return registry.vehicles[thing_id].plate
    if kind == "tank" and thing_id in registry.tanks:
        return registry.tanks[thing_id].number
    return registry.persons[thing_id].name if kind == "person" and thing_id in registry.persons else thing_id
