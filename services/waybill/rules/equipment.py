"""WB-04 and WB-11 at issue: vehicles and tanks are inspected until the arrival, unaltered, and can be followed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.errors import Finding
from services.errors.waybill.resources import (
    INSPECTION_EXPIRED,
    INSPECTION_UNKNOWN,
    POSITIONING_MISSING,
    VEHICLE_ALTERED,
)
from services.registry.model import Vehicle
from services.waybill.model import Role
from services.waybill.trip import Trip

RULE = "WB-04"


def inspected(trip: Trip) -> Iterator[Finding]:
    """行驶证 and 道路运输证 of each vehicle and the certificate of each tank last at least until the day of arrival."""
    for each, vehicle in trip.vehicles():
        yield from _vehicle(trip, each.path, vehicle)
    for each, tank in trip.tanks():
        yield from _lasts(trip, each.path, ("罐体", "tank"), tank.number, tank.next_inspection)


def _vehicle(trip: Trip, path: str, vehicle: Vehicle) -> Iterator[Finding]:
    yield from _lasts(trip, path, ("车辆", "vehicle"), vehicle.plate, vehicle.annual_review_to)
    permit_ends = [day for day in (vehicle.permit_valid_to, vehicle.operation_review_to) if day is not None]
    yield from _lasts(
        trip, path, ("道路运输证", "road transport permit of"), vehicle.plate, min(permit_ends, default=None)
    )
    if vehicle.altered:
        yield trip.finding(VEHICLE_ALTERED, path, RULE, plate=vehicle.plate)


def _lasts(trip: Trip, path: str, what: tuple[str, str], name: str, valid_to: date | None) -> Iterator[Finding]:
    zh, en = what
    if valid_to is None:
        yield trip.finding(INSPECTION_UNKNOWN, path, RULE, what=zh, what_en=en, id=name)
    elif valid_to < trip.last_day:
        yield trip.finding(
            INSPECTION_EXPIRED, path, RULE, what=zh, what_en=en, id=name, valid_to=valid_to, day=trip.last_day
        )


def can_be_followed(trip: Trip) -> Iterator[Finding]:
    """Each powered vehicle has a positioning terminal; whether it works is asked at the departure."""
    for each, vehicle in trip.vehicles(Role.TRACTOR):
        if not vehicle.positioning_device:
            yield trip.finding(POSITIONING_MISSING, each.path, "WB-11", plate=vehicle.plate)
