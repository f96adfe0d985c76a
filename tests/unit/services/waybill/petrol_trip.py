"""A sound trip with 28 t of petrol, to be bent by one thing at a time. Times are 08:00 to 12:00 in Shanghai."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.errors import Finding, Severity
from services.goods import core
from services.registry.model import (
    Compartment,
    Employment,
    Licence,
    LicenceKind,
    Medium,
    Organisation,
    OrganisationKind,
    Person,
    PlateColour,
    Qualification,
    QualificationKind,
    RegistryFacts,
    Tank,
    TankCondition,
    TankKind,
    TankState,
    Vehicle,
    VehicleKind,
    VehicleType,
)
from services.registry.scope import parse_scope
from services.waybill.facts import Facts, Positioning
from services.waybill.model import (
    Assignment,
    Clearance,
    Drop,
    GoodsLine,
    Party,
    Place,
    Role,
    Route,
    State,
    Stop,
    Waybill,
)
from services.waybill.rules import check_departure, check_issue

CATALOGUE = core()
NOW = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
DEPARTURE = NOW
ARRIVAL = NOW + timedelta(hours=4)
DAY = date(2026, 6, 1)
SECOND = timedelta(seconds=1)
YESTERDAY = DAY - timedelta(days=1)


def organisation(name: str, kind: OrganisationKind) -> Organisation:
    return Organisation(
        id=name, name=name, credit_code="91350100M000100Y43", kinds=frozenset({kind}), division_code="440307"
    )


def licence(scope: str = "危险货物运输(3类)") -> Licence:
    return Licence(
        id="licence", kind=LicenceKind.ROAD_OPERATION, number="440307000001", organisation_id="carrier",
        scope_text=scope, scope=parse_scope(scope).scope, valid_from=date(2024, 1, 1), valid_to=DAY,
    )  # fmt: skip


def vehicle(vehicle_id: str, kind: VehicleKind, scope: str = "危险货物运输(3类)") -> Vehicle:
    return Vehicle(
        id=vehicle_id, carrier_id="carrier", plate="粤B1234挂" if kind is VehicleKind.TRAILER else "粤B12345",
        plate_colour=PlateColour.YELLOW, vin="LHZ00000000000001", kind=kind, vehicle_type=VehicleType.FL,
        rated_mass_g=0 if kind is VehicleKind.TRACTOR else 28_000_000, kerb_mass_g=9_000_000, towing_mass_g=37_000_000,
        permit_number="440307000002", scope_text=scope, scope=parse_scope(scope).scope, permit_valid_to=DAY,
        annual_review_to=DAY, positioning_device="T1",
    )  # fmt: skip


def person(person_id: str, kind: QualificationKind, valid_to: date = DAY) -> Person:
    return Person(
        id=person_id, name=person_id,
        qualifications=(Qualification(kind=kind, number="Q1", valid_from=date(2024, 1, 1), valid_to=valid_to),),
        employment=(Employment(carrier_id="carrier", valid_from=date(2020, 1, 1)),),
    )  # fmt: skip


TRACTOR = vehicle("tractor", VehicleKind.TRACTOR)
TRAILER = vehicle("trailer", VehicleKind.TRAILER)
TANK = Tank(
    id="tank", carrier_id="carrier", number="G1", kind=TankKind.ATMOSPHERIC, tank_code="LGBF",
    compartments=(Compartment(1, 40_000_000, surge_plates=True),), permitted_media=(Medium("1203", "车用汽油"),),
    next_inspection=DAY, rated_mass_g=28_000_000, fixed_on="trailer",
    state=TankState(condition=TankCondition.EMPTY_UNCLEANED, last_un_numbers=("1203",)),
)  # fmt: skip
DRIVER = person("driver", QualificationKind.DRIVER)
ESCORT = person("escort", QualificationKind.ESCORT)
PETROL = GoodsLine(
    number=1, un_number="1203", name="车用汽油", hazard_class="3", packing_group="II", mass_g=28_000_000, mode="tank",
    density_mg_per_ml=740, compartment=1,
)  # fmt: skip
PARTIES = {
    "consignor": OrganisationKind.CONSIGNOR,
    "carrier": OrganisationKind.CARRIER,
    "loader": OrganisationKind.LOADER,
    "consignee": OrganisationKind.CONSIGNEE,
}

WAYBILL = Waybill(
    id="w1", number="C44030700000120260601000",
    **{name: Party(name=name, organisation_id=name) for name in PARTIES},  # type: ignore[arg-type]
    origin=Place(name="油库"), destination=Place(name="加油站"), planned_departure=DEPARTURE, planned_arrival=ARRIVAL,
    goods=(PETROL,),
    assignments=(
        Assignment(role=Role.TRACTOR, resource_id="tractor"),
        Assignment(role=Role.TRAILER, resource_id="trailer"),
        Assignment(role=Role.TANK, resource_id="tank"),
        Assignment(role=Role.DRIVER, resource_id="driver"),
        Assignment(role=Role.ESCORT, resource_id="escort"),
    ),
    route=Route(edge_keys=("e1", "e2"), zone_keys=("z1",)), emergency_phone="12345678",
)  # fmt: skip

REGISTRY = RegistryFacts(
    at=NOW,
    organisations={name: organisation(name, kind) for name, kind in PARTIES.items()},
    licences=(licence(),),
    vehicles={"tractor": TRACTOR, "trailer": TRAILER},
    tanks={"tank": TANK},
    persons={"driver": DRIVER, "escort": ESCORT},
    versions={"tank": "7", "driver": "3"},
)
FACTS = Facts(registry=REGISTRY, positioning={"tractor": Positioning(last_fix_at=NOW - timedelta(hours=24))})
LOADED = replace(WAYBILL, state=State.LOADED)
CLEARANCE = Clearance(waybill_id="w1", revision=1, loading_record_id="r1", granted_at=NOW)


def knowing(facts: Facts = FACTS, *things: Vehicle | Tank | Person | Licence, **changes: Any) -> Facts:
    """The facts with these things in place of those of the same id, and other parts of the registry replaced."""
    registry = replace(facts.registry, **changes)
    for thing in things:
        if isinstance(thing, Licence):
            registry = replace(registry, licences=(thing,))
        else:
            name = {Vehicle: "vehicles", Tank: "tanks", Person: "persons"}[type(thing)]
            known: dict[str, Any] = {name: {**getattr(registry, name), thing.id: thing}}
            registry = replace(registry, **known)
    return replace(facts, registry=registry)


def errors(findings: Iterable[Finding]) -> list[str]:
    """Names of the reasons of all errors, sorted, with repetition."""
    return sorted(finding.reason.name for finding in findings if finding.severity is Severity.ERROR)


def warned(findings: Iterable[Finding]) -> list[str]:
    return sorted(finding.reason.name for finding in findings if finding.severity is Severity.WARNING)


def issue(waybill: Waybill = WAYBILL, facts: Facts = FACTS, at: datetime = NOW) -> tuple[Finding, ...]:
    return check_issue(waybill, facts, CATALOGUE, at)


def depart(
    waybill: Waybill = LOADED, facts: Facts = FACTS, clearance: Clearance | None = CLEARANCE, at: datetime = NOW
) -> tuple[Finding, ...]:
    return check_departure(waybill, facts, CATALOGUE, clearance, at)


def carrying(*lines: GoodsLine, waybill: Waybill = WAYBILL) -> Waybill:
    return replace(waybill, goods=lines)


def without(role: Role, waybill: Waybill = WAYBILL) -> Waybill:
    return replace(waybill, assignments=tuple(each for each in waybill.assignments if each.role is not role))


def stop(number: int, *planned_g: int, name: str = "站") -> Stop:
    drops = tuple(Drop(goods_number=1, planned_g=each) for each in planned_g)
    return Stop(number=number, place=Place(name="站"), consignee=Party(name=name), drops=drops)
