"""Who and what is on the trip at its time, as the registry knows them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from services.registry.model import Person, QualificationKind, Tank, Vehicle
from services.waybill.model import Role
from services.waybill.trip import Trip


def vehicles(trip: Trip, role: Role) -> list[Vehicle]:
    """Those in the role at the time of ``trip.at`` that the registry knows."""
    known = trip.registry.vehicles
    return [known[each] for each in _ids(trip, role) if each in known]


def tanks(trip: Trip) -> list[Tank]:
    """Those aboard at ``trip.at`` that the registry knows."""
    known = trip.registry.tanks
    return [known[each] for each in _ids(trip, Role.TANK) if each in known]


def people(trip: Trip, role: Role) -> list[Person]:
    """Those in the role at ``trip.at`` that the registry knows."""
    known = trip.registry.persons
    return [known[each] for each in _ids(trip, role) if each in known]


def certificate(person: Person, role: Role) -> str:
    """The number of the qualification certificate for the seat; empty when none is known."""
    kind = QualificationKind.DRIVER if role is Role.DRIVER else QualificationKind.ESCORT
    return next((each.number for each in person.qualifications if each.kind is kind), "")


def _ids(trip: Trip, role: Role) -> Iterator[str]:
    """Whoever was exchanged on the way is not aboard any more, and whoever takes over later not yet."""
    for each in trip.assigned(role):
        if each.assignment.holds_at(trip.at):
            yield each.resource_id
