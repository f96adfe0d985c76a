"""The cast of the demo, all of it invented: organisations, a tractor with a tank trailer, a crew, and what they are licensed for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from hazway.registry.v1 import registry_pb2 as pb
from hazway.types.v1 import types_pb2
from services.demo.stage import Stage
from services.registry.invented import credit_code, identity_number

DIVISION = "430181"
_REGISTRY = "hazway.registry.v1.RegistryService"

CONSIGNOR, CARRIER, LOADER, CONSIGNEE = "demo-refinery", "demo-carrier", "demo-depot", "demo-station"
TRANSPORT, POLICE = "demo-transport", "demo-police"
_ORGANISATIONS = (
    (CONSIGNOR, "示例炼化有限公司", pb.ORGANISATION_KIND_CONSIGNOR),
    (CARRIER, "示例危货运输有限公司", pb.ORGANISATION_KIND_CARRIER),
    (LOADER, "示例油库有限公司", pb.ORGANISATION_KIND_LOADER),
    (CONSIGNEE, "示例加油站有限公司", pb.ORGANISATION_KIND_CONSIGNEE),
    (TRANSPORT, "示例市交通运输局", pb.ORGANISATION_KIND_TRANSPORT_AUTHORITY),
    (POLICE, "示例市公安局交警支队", pb.ORGANISATION_KIND_POLICE),
)
TRACTOR, TRAILER, DRIVER, ESCORT = "demo-tractor", "demo-trailer", "demo-driver", "demo-escort"
LAPSED_ESCORT, SUPERVISOR = "demo-escort-lapsed", "demo-supervisor"
# Of each: name, employer, qualification, and how many days from today it still runs.
_PEOPLE = (
    (DRIVER, "张示例", CARRIER, pb.QUALIFICATION_KIND_DRIVER, 700),
    (ESCORT, "王示例", CARRIER, pb.QUALIFICATION_KIND_ESCORT, 700),
    (LAPSED_ESCORT, "赵示例", CARRIER, pb.QUALIFICATION_KIND_ESCORT, -3),
    (SUPERVISOR, "李示例", LOADER, pb.QUALIFICATION_KIND_LOADING_SUPERVISOR, 700),
)
PETROL_TANK, ACID_TANK = "demo-tank-petrol", "demo-tank-acid"
LICENCE_NUMBER = "430100000001"


@dataclass(frozen=True, slots=True)
class Cast:
    """The legal day everybody's papers were made out for."""

    today: date


def enter(stage: Stage) -> Cast:
    """Register everybody and everything, each by whoever may."""
    cast = Cast(stage.now().date())
    for number, (organisation, name, role) in enumerate(_ORGANISATIONS):
        request = pb.RegisterOrganisationRequest(
            organisation=pb.Organisation(
                id=organisation,
                name=name,
                credit_code=credit_code(number),
                kinds=[role],
                division_code=DIVISION,
                phone="073100000000",
            ),
            valid_from=_timestamp(stage, days=-365),
        )
        stage.operator.call(f"{_REGISTRY}/RegisterOrganisation", request)
        stage.enrol(organisation)
    _put(stage, TRANSPORT, "PutLicence", licence=_licence(cast.today))
    for vehicle in (_tractor(cast.today), _trailer(cast.today)):
        _put(stage, CARRIER, "PutVehicle", vehicle=vehicle)
    for tank in (
        _tank(PETROL_TANK, "T43-0001", "LGBF", ("1203", "1202"), cast.today, TRAILER),
        _tank(ACID_TANK, "T43-0002", "L4BN", ("1830",), cast.today, ""),
    ):
        _put(stage, CARRIER, "PutTank", tank=tank)
    for number, (person, name, employer, kind, days) in enumerate(_PEOPLE):
        put = _person(person, name, employer, kind, cast.today, days)
        put.identity_number = identity_number(number)
        _put(stage, employer, "PutPerson", person=put)
    return cast


def _put(stage: Stage, organisation: str, method: str, **thing: Any) -> None:
    request = getattr(pb, f"{method}Request")(valid_from=_timestamp(stage, days=-365), **thing)
    stage.client(organisation).call(f"{_REGISTRY}/{method}", request)


def _licence(today: date) -> pb.Licence:
    return pb.Licence(
        id="demo-licence",
        kind=pb.LICENCE_KIND_ROAD_OPERATION,
        number=LICENCE_NUMBER,
        organisation_id=CARRIER,
        scope_text="危险货物运输(2类1项)(3类)(8类)(剧毒化学品除外)",
        valid_from=_day(today, -700),
        valid_to=_day(today, 700),
    )


def _tractor(today: date) -> pb.Vehicle:
    return _vehicle(
        today,
        id=TRACTOR,
        plate="湘A00001",
        vin="LHAZWAYDEM0000001",
        kind=pb.VEHICLE_KIND_TRACTOR,
        vehicle_type=pb.VEHICLE_TYPE_FL,
        kerb_mass_g=8_800_000,
        towing_mass_g=40_000_000,
        permit_number="430100100001",
        positioning_device="demo-terminal-1",
    )


def _trailer(today: date) -> pb.Vehicle:
    return _vehicle(
        today,
        id=TRAILER,
        plate="湘A0001挂",
        vin="LHAZWAYDEM0000002",
        kind=pb.VEHICLE_KIND_TRAILER,
        vehicle_type=pb.VEHICLE_TYPE_FL,
        rated_mass_g=30_000_000,
        kerb_mass_g=6_500_000,
        permit_number="430100100002",
    )


def _vehicle(today: date, **given: Any) -> pb.Vehicle:
    return pb.Vehicle(
        carrier_id=CARRIER,
        owner_id=CARRIER,
        plate_colour=pb.PLATE_COLOUR_YELLOW,
        scope_text="危险货物运输(3类)",
        permit_valid_from=_day(today, -700),
        permit_valid_to=_day(today, 700),
        annual_review_to=_day(today, 200),
        operation_review_to=_day(today, 200),
        **given,
    )


def _tank(thing: str, number: str, code: str, media: tuple[str, ...], today: date, fixed_on: str) -> pb.Tank:
    return pb.Tank(
        id=thing,
        carrier_id=CARRIER,
        number=number,
        kind=pb.TANK_KIND_ATMOSPHERIC,
        tank_code=code,
        compartments=[pb.Compartment(number=1, volume_ml=42_000_000, surge_plates=True)],
        permitted_media=[pb.Medium(un_number=un_number) for un_number in media],
        next_inspection=_day(today, 180),
        rated_mass_g=30_000_000,
        state=pb.TankState(condition=pb.TANK_CONDITION_CLEANED, certificate="示例清洗证0001", station="示例清洗站"),
        fixed_on=fixed_on,
        certificate="示例检验证0001",
    )


def _person(thing: str, name: str, employer: str, kind: int, today: date, days: int) -> pb.Person:
    return pb.Person(
        id=thing,
        name=name,
        phone="13000000000",
        qualifications=[
            pb.Qualification(
                kind=kind,  # type: ignore[arg-type]  # enum values are plain numbers
                number=f"示例{thing}",
                valid_from=_day(today, -900),
                valid_to=_day(today, days),
            )
        ],
        employment=[pb.Employment(carrier_id=employer, valid_from=_day(today, -400))],
    )


def _day(today: date, days: int) -> Any:
    return types_pb2.Day(iso=(today + timedelta(days=days)).isoformat())


def _timestamp(stage: Stage, *, days: int) -> Any:
    moment = Timestamp()
    moment.FromDatetime(stage.now() + timedelta(days=days))
    return moment
