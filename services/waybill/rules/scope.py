"""WB-02: carrier, vehicle and trailer may carry every line of the goods; the papers of the vehicle are in force."""

from __future__ import annotations

from collections.abc import Iterator

from services.errors import Finding
from services.errors.waybill.resources import CARRIER_LICENCE_INVALID, OUT_OF_SCOPE, VEHICLE_OF_OTHER_CARRIER
from services.registry.model import LicenceKind
from services.registry.scope import Scope
from services.registry.versions import valid_on
from services.waybill.model import Role
from services.waybill.rules.special import marks_of, names_of
from services.waybill.trip import Trip

RULE = "WB-02"


def within_scope(trip: Trip) -> Iterator[Finding]:
    """Every line against every holder of a scope; goods the catalogue does not know are for the goods rules to refuse."""
    yield from _carrier(trip)
    for each, vehicle in trip.vehicles():
        yield from _lines(trip, vehicle.scope, vehicle.scope_text, vehicle.plate)
        if each.assignment.role is Role.TRACTOR and vehicle.carrier_id != trip.carrier_id and trip.carrier_id:
            yield trip.finding(VEHICLE_OF_OTHER_CARRIER, each.path, RULE, plate=vehicle.plate)


def _carrier(trip: Trip) -> Iterator[Finding]:
    carrier = trip.waybill.carrier
    if carrier is None or not carrier.organisation_id:
        return
    valid = [
        licence
        for licence in trip.carrier_licences()
        if licence.kind is LicenceKind.ROAD_OPERATION
        and not licence.suspended
        and valid_on(trip.first_day, licence.valid_from, licence.valid_to)
        and valid_on(trip.last_day, licence.valid_from, licence.valid_to)
    ]
    if not valid:
        yield trip.finding(CARRIER_LICENCE_INVALID, "waybill.carrier", RULE, carrier=carrier.name, day=trip.last_day)
        return
    scope = Scope(frozenset(grant for licence in valid for grant in licence.scope.grants))
    text = "；".join(licence.scope_text for licence in valid)
    yield from _lines(trip, scope, text, carrier.name)


def _lines(trip: Trip, scope: Scope, text: str, holder: str) -> Iterator[Finding]:
    for path, line in trip.lines():
        names, marks = names_of(trip, line), marks_of(trip, line)
        hazards = sorted({row.division for row in trip.rows(line)})
        if not all(scope.covers(hazard, line.un_number, names, marks) for hazard in hazards):
            yield trip.finding(
                OUT_OF_SCOPE, path, RULE, un=line.un_number, hazard="/".join(hazards), holder=holder,
                holder_en=holder, scope=text,
            )  # fmt: skip
