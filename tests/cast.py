"""Everybody and everything a trip needs, registered at a real server by the acts that register them; all of it invented.

``play(world)`` puts the cast on stage: consignor, two carriers, loader, consignee, transport authority, police; tractor,
trailer, tank, driver, escort of the first carrier. ``a_waybill()`` is a sound trip of 28 t of petrol for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hazway import ids, keys
from hazway.client import Client
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import waybill_pb2 as waybill
from services import waybill as door
from services.waybill.facts import Positioning
from tests.integration.registry.registry_house import a_credit_code, an_identity
from tests.world import World

REGISTRY = "hazway.registry.v1.RegistryService"
WAYBILL = "hazway.waybill.v1.WaybillService"

CONSIGNOR, CARRIER, RIVAL, LOADER, CONSIGNEE = "consignor", "carrier", "rival", "loader", "consignee"
TRANSPORT, POLICE = "transport", "police"
# Of each: what it is, its name, its division (GB/T 2260).
ORGANISATIONS = {
    CONSIGNOR: (registry.ORGANISATION_KIND_CONSIGNOR, "盐田石油销售公司", "440308"),
    CARRIER: (registry.ORGANISATION_KIND_CARRIER, "龙岗安达危货运输公司", "440307"),
    RIVAL: (registry.ORGANISATION_KIND_CARRIER, "罗湖平安危货运输公司", "440303"),
    LOADER: (registry.ORGANISATION_KIND_LOADER, "盐田油库", "440308"),
    CONSIGNEE: (registry.ORGANISATION_KIND_CONSIGNEE, "龙岗加油站", "440307"),
    TRANSPORT: (registry.ORGANISATION_KIND_TRANSPORT_AUTHORITY, "深圳市交通运输局", "440300"),
    POLICE: (registry.ORGANISATION_KIND_POLICE, "广州市公安局", "440100"),
}
SCOPE = "危险货物运输(3类)"
LAST_DAY = "2027-12-31"


@dataclass
class Cast:
    """``clients`` sign for their organisation. Ids of things are their names here: "tractor", "tank", "escort" ..."""

    world: World
    clients: dict[str, Client] = field(default_factory=dict)
    signers: dict[str, keys.Signer] = field(default_factory=dict)

    def call(self, organisation: str, method: str, request: Any, **options: Any) -> Any:
        """The answer to ``Service/Method`` of waybills or the registry, asked by the organisation. Raises ``Refused``."""
        name = method if "/" in method else f"{WAYBILL}/{method}"
        return self.clients[organisation].call(name, request, **options)

    def register(self, request: Any, by: str = CARRIER) -> Any:
        """Put a thing: the method is the request's name without ``Request``."""
        return self.call(by, f"{REGISTRY}/{type(request).__name__.removesuffix('Request')}", request)

    def heard_of(self, *vehicles: str, at: datetime | None = None) -> None:
        """The terminals of these vehicles sent a fix."""
        told = {vehicle: Positioning(last_fix_at=at or self.world.clock.now()) for vehicle in vehicles}
        with self.world.host.engine.begin() as connection:
            door.record_positioning(connection, told)

    def issue(self, message: waybill.Waybill, by: str = CARRIER, **options: Any) -> waybill.IssueWaybillResponse:
        request = waybill.IssueWaybillRequest(request_id=ids.new_id(), waybill=message, **options)
        answer: waybill.IssueWaybillResponse = self.call(by, "IssueWaybill", request)
        return answer

    def clear(self, message: waybill.Waybill, record: str = "record-1", **actual_g: int) -> None:
        """The loader's clearance, as the loading slice gives it; every line as planned when nothing is told."""
        grams = {int(line[1:]): mass for line, mass in actual_g.items()} or {
            line.number: line.mass_g for line in message.goods
        }
        with self.world.host.engine.begin() as connection:
            door.give_clearance(
                connection, message.id, revision=message.revision, loading_record_id=record,
                loading_record_digest=b"\x01" * 32, actual_g=grams, at=self.world.clock.now(),
            )  # fmt: skip


@dataclass(frozen=True)
class Played:
    """What a play leaves when its world has ended, for copies to go on from: the database's name, the home, and whose key is what."""

    database: str
    home: Path
    signers: dict[str, keys.Signer]

    def go_on(self, world: World) -> Cast:
        """The cast on stage again, in a world over copies of both."""
        clients = {name: world.client(name, signer=signer) for name, signer in self.signers.items()}
        return Cast(world, {"operator": world.operator, **clients}, dict(self.signers))


def play(world: World) -> Cast:
    """Register everybody and everything, with keys of their own; the tractor's terminal is alive."""
    cast = Cast(world, {"operator": world.operator})
    for number, (name, (kind, title, division)) in enumerate(ORGANISATIONS.items(), start=1):
        organisation = registry.Organisation(
            id=name, name=title, credit_code=a_credit_code(number), kinds=[kind], division_code=division,
            phone=f"0755-0000000{number}",
        )  # fmt: skip
        cast.register(registry.RegisterOrganisationRequest(organisation=organisation), by="operator")
        cast.signers[name] = keys.generate()
        cast.clients[name] = world.client(name)
        cast.clients[name].register_key(cast.signers[name])
    for number, carrier in enumerate((CARRIER, RIVAL), start=1):
        cast.register(registry.PutLicenceRequest(licence=a_licence(carrier, number)), by="operator")
    put_fleet(cast)
    cast.heard_of("tractor")
    return cast


def put_fleet(cast: Cast, suffix: str = "", number: int = 1, by: str = CARRIER) -> None:
    """A tractor, trailer, tank, driver and escort; ``suffix`` names another set of them, with another ``number``."""
    cast.register(registry.PutVehicleRequest(vehicle=a_vehicle(f"tractor{suffix}", by, number)), by)
    cast.register(registry.PutVehicleRequest(vehicle=a_vehicle(f"trailer{suffix}", by, number, trailer=True)), by)
    cast.register(registry.PutTankRequest(tank=a_tank(f"tank{suffix}", by, number, f"trailer{suffix}")), by)
    cast.register(registry.PutPersonRequest(person=a_person(f"driver{suffix}", by, 2 * number)), by)
    cast.register(registry.PutPersonRequest(person=a_person(f"escort{suffix}", by, 2 * number + 1, escort=True)), by)


def a_licence(carrier: str, number: int = 1) -> registry.Licence:
    licence = registry.Licence(
        id=f"licence-{carrier}", kind=registry.LICENCE_KIND_ROAD_OPERATION, number=f"4403070{number:05}",
        organisation_id=carrier, scope_text=SCOPE,
    )  # fmt: skip
    licence.valid_from.iso, licence.valid_to.iso = "2024-01-01", LAST_DAY
    return licence


def a_vehicle(vehicle_id: str, carrier: str = CARRIER, number: int = 1, *, trailer: bool = False) -> registry.Vehicle:
    vehicle = registry.Vehicle(
        id=vehicle_id, carrier_id=carrier, plate=f"粤B{1000 + number}挂" if trailer else f"粤B1{1000 + number}",
        plate_colour=registry.PLATE_COLOUR_YELLOW, vin=f"LHAZWAY{'T' if trailer else 'R'}0000{number:05}",
        kind=registry.VEHICLE_KIND_TRAILER if trailer else registry.VEHICLE_KIND_TRACTOR,
        vehicle_type=registry.VEHICLE_TYPE_FL, rated_mass_g=30_000_000 if trailer else 0,
        kerb_mass_g=8_000_000, towing_mass_g=0 if trailer else 40_000_000,
        permit_number=f"44030700{number:04}", scope_text=SCOPE, positioning_device="" if trailer else f"T{number:05}",
    )  # fmt: skip
    for day in (vehicle.permit_valid_to, vehicle.annual_review_to, vehicle.operation_review_to):
        day.iso = LAST_DAY
    return vehicle


def a_tank(tank_id: str = "tank", carrier: str = CARRIER, number: int = 1, fixed_on: str = "trailer") -> registry.Tank:
    tank = registry.Tank(
        id=tank_id, carrier_id=carrier, number=f"G-{number:04}", kind=registry.TANK_KIND_ATMOSPHERIC, tank_code="LGBF",
        compartments=[registry.Compartment(number=1, volume_ml=42_000_000, surge_plates=True)],
        permitted_media=[registry.Medium(un_number="1203"), registry.Medium(un_number="1202")],
        rated_mass_g=30_000_000, fixed_on=fixed_on, certificate=f"GZ-{number:04}",
        state=registry.TankState(condition=registry.TANK_CONDITION_EMPTY_UNCLEANED, last_un_numbers=["1203"]),
    )  # fmt: skip
    tank.next_inspection.iso = LAST_DAY
    return tank


def a_person(person_id: str, carrier: str = CARRIER, number: int = 1, *, escort: bool = False) -> registry.Person:
    kind = registry.QUALIFICATION_KIND_ESCORT if escort else registry.QUALIFICATION_KIND_DRIVER
    person = registry.Person(
        id=person_id, name=f"{'李' if escort else '张'}{number}号", identity_number=an_identity(number),
        phone=f"138{number:08}", qualifications=[registry.Qualification(kind=kind, number=f"Q-{number:04}")],
        employment=[registry.Employment(carrier_id=carrier)],
    )  # fmt: skip
    person.qualifications[0].valid_from.iso, person.qualifications[0].valid_to.iso = "2024-01-01", LAST_DAY
    person.employment[0].valid_from.iso = "2024-01-01"
    return person


def a_waybill(
    *,
    departure: datetime = datetime(2026, 11, 2, 2, tzinfo=UTC),
    hours: float = 4,
    suffix: str = "",
    carrier: str = CARRIER,
) -> waybill.Waybill:
    """28 t of petrol from the depot to the filling station, by the first carrier's set of that ``suffix``."""
    message = waybill.Waybill(
        id=ids.new_id(), kind=waybill.WAYBILL_KIND_NORMAL,
        consignor=a_party(CONSIGNOR), carrier=a_party(carrier), loader=a_party(LOADER), consignee=a_party(CONSIGNEE),
        origin=waybill.Place(name="盐田油库", division_code="440308", site_id="depot"),
        destination=waybill.Place(name="龙岗加油站", division_code="440307", site_id="station"),
        goods=[petrol()], dispatcher="王调度", emergency_phone="0755-12345678",
    )  # fmt: skip
    message.planned_departure.FromDatetime(departure)
    message.planned_arrival.FromDatetime(departure + timedelta(hours=hours))
    for role, name in (
        (waybill.ROLE_TRACTOR, "tractor"),
        (waybill.ROLE_TRAILER, "trailer"),
        (waybill.ROLE_TANK, "tank"),
        (waybill.ROLE_DRIVER, "driver"),
        (waybill.ROLE_ESCORT, "escort"),
    ):
        message.assignments.add(role=role, resource_id=f"{name}{suffix}")
    return message


def a_party(name: str) -> waybill.Party:
    return waybill.Party(name=ORGANISATIONS[name][1], organisation_id=name, phone="0755-00000000")


def petrol(number: int = 1, mass_g: int = 28_000_000) -> waybill.GoodsLine:
    return waybill.GoodsLine(
        number=number, un_number="1203", name="车用汽油", hazard_class="3", packing_group="II", mass_g=mass_g, mode="tank",
        density_mg_per_ml=740, compartment=1,
    )  # fmt: skip
