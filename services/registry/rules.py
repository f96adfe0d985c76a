"""Whether what somebody wants registered can be true: every fault of a thing at once, nothing looked up, nothing guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from services.errors import Finding
from services.errors.common import FIELD_MISSING
from services.errors.registry import (
    CREDIT_CODE_INVALID,
    DIVISION_CODE_INVALID,
    DUPLICATE_ENTRY,
    IDENTITY_INVALID,
    MASS_INVALID,
    PERIOD_INVALID,
    PLATE_INVALID,
    SCOPE_NOT_UNDERSTOOD,
    TANK_CODE_INVALID,
    TANK_STATE_INVALID,
    VIN_INVALID,
)
from services.goods.tanks import TankCodeUnreadable, parse_tank_code
from services.registry import bases
from services.registry.identifiers import (
    credit_code_problem,
    division_problem,
    identity_problem,
    plate_problem,
    un_number_of,
    vin_problem,
)
from services.registry.model import (
    AUTHORITIES,
    Licence,
    LicenceKind,
    Organisation,
    OrganisationKind,
    Person,
    Tank,
    TankCondition,
    Vehicle,
    VehicleKind,
)
from services.registry.scope import parse_scope

# No lorry of GB 1589 has a total mass above 49 t; special ones are far below this. Catches kilograms typed for grams.
MAX_VEHICLE_GRAMS = 200_000_000
MIN_VEHICLE_GRAMS = 100_000
# Well beyond GB 1589 (20 m, 2.55 m, 4 m) on both sides. Catches centimetres typed for millimetres.
_SIZES_MM = {"length_mm": (1_000, 40_000), "width_mm": (1_000, 5_000), "height_mm": (1_000, 6_000)}


def check_organisation(organisation: Organisation) -> tuple[Finding, ...]:
    """A credit code may be missing only for a fireworks shop (old small shops have none) and for authorities."""
    return (
        *_missing("organisation", id=organisation.id, name=organisation.name),
        *(() if organisation.kinds else (_missing_field("organisation.kinds"),)),
        *_credit_code(organisation),
        *_division(organisation.division_code, "organisation.division_code"),
        *_duplicates((site.id for site in organisation.sites), "organisation.sites"),
    )


def _credit_code(organisation: Organisation) -> Iterator[Finding]:
    code, path = organisation.credit_code, "organisation.credit_code"
    if not code:
        if not organisation.kinds & (AUTHORITIES | {OrganisationKind.FIREWORKS_RETAILER}):
            yield _missing_field(path)
    elif problem := credit_code_problem(code):
        values = {"code": code, "problem": problem}
        yield Finding(reason=CREDIT_CODE_INVALID, path=path, rule="RG-01", basis=bases.CREDIT_CODE, values=values)


def check_licence(licence: Licence) -> tuple[Finding, ...]:
    road = licence.kind is LicenceKind.ROAD_OPERATION
    return (
        *_missing("licence", id=licence.id, number=licence.number, organisation_id=licence.organisation_id),
        *(_missing("licence", scope_text=licence.scope_text) if road else ()),
        *(check_scope(licence.scope_text, "licence.scope_text") if road else ()),
        *_period(licence.valid_from, licence.valid_to, "licence.valid_to"),
    )


def check_scope(text: str, path: str) -> tuple[Finding, ...]:
    """One finding for each phrase of a scope that was not understood."""
    return tuple(
        Finding(reason=SCOPE_NOT_UNDERSTOOD, path=path, rule="RG-05", basis=bases.SCOPE, values={"phrase": phrase})
        for phrase in parse_scope(text).unknown
    )


def check_vehicle(vehicle: Vehicle) -> tuple[Finding, ...]:
    return (
        *_missing("vehicle", id=vehicle.id, carrier_id=vehicle.carrier_id, plate=vehicle.plate, vin=vehicle.vin),
        *_missing("vehicle", permit_number=vehicle.permit_number, scope_text=vehicle.scope_text),
        *_plate(vehicle),
        *_vin(vehicle),
        *check_scope(vehicle.scope_text, "vehicle.scope_text"),
        *_period(vehicle.permit_valid_from, vehicle.permit_valid_to, "vehicle.permit_valid_to"),
        *_vehicle_masses(vehicle),
        *_vehicle_sizes(vehicle),
    )


def _plate(vehicle: Vehicle) -> Iterator[Finding]:
    trailer = vehicle.kind is VehicleKind.TRAILER
    if vehicle.plate and (problem := plate_problem(vehicle.plate, vehicle.plate_colour, trailer=trailer)):
        values = {"plate": vehicle.plate, "colour": vehicle.plate_colour.name, "problem": problem}
        yield Finding(reason=PLATE_INVALID, path="vehicle.plate", rule="RG-03", basis=bases.PLATE, values=values)


def _vin(vehicle: Vehicle) -> Iterator[Finding]:
    if vehicle.vin and (problem := vin_problem(vehicle.vin)):
        values = {"vin": vehicle.vin, "problem": problem}
        yield Finding(reason=VIN_INVALID, path="vehicle.vin", rule="RG-04", basis=bases.VIN, values=values)


def _vehicle_masses(vehicle: Vehicle) -> Iterator[Finding]:
    """A tractor carries on its trailer, so it is rated by what it may tow; everything else by its load."""
    tractor = vehicle.kind is VehicleKind.TRACTOR
    name, mass_g = ("towing_mass_g", vehicle.towing_mass_g) if tractor else ("rated_mass_g", vehicle.rated_mass_g)
    if not MIN_VEHICLE_GRAMS <= mass_g <= MAX_VEHICLE_GRAMS:
        yield _impossible(f"vehicle.{name}", f"{mass_g} g")
    if vehicle.kerb_mass_g < 0 or vehicle.kerb_mass_g > MAX_VEHICLE_GRAMS:
        yield _impossible("vehicle.kerb_mass_g", f"{vehicle.kerb_mass_g} g")


def _vehicle_sizes(vehicle: Vehicle) -> Iterator[Finding]:
    """What nobody has told is 0 and no fault."""
    for name, (least, most) in _SIZES_MM.items():
        size_mm: int = getattr(vehicle, name)
        if size_mm and not least <= size_mm <= most:
            yield _impossible(f"vehicle.{name}", f"{size_mm} mm")


def check_tank(tank: Tank) -> tuple[Finding, ...]:
    return (
        *_missing("tank", id=tank.id, carrier_id=tank.carrier_id, number=tank.number, tank_code=tank.tank_code),
        *_tank_code(tank),
        *_compartments(tank),
        *_media(tank),
        *_tank_state(tank),
        *(() if tank.next_inspection else (_missing_field("tank.next_inspection"),)),
    )


def _tank_code(tank: Tank) -> Iterator[Finding]:
    if not tank.tank_code:
        return
    try:
        parse_tank_code(tank.tank_code)
    except TankCodeUnreadable:
        values = {"code": tank.tank_code}
        yield Finding(reason=TANK_CODE_INVALID, path="tank.tank_code", rule="RG-06", basis=bases.TANK, values=values)


def _compartments(tank: Tank) -> Iterator[Finding]:
    if not tank.compartments:
        yield _missing_field("tank.compartments")
    for index, compartment in enumerate(tank.compartments):
        if compartment.volume_ml <= 0:
            yield _impossible(f"tank.compartments[{index}].volume_ml", f"{compartment.volume_ml} ml")
    yield from _duplicates((str(each.number) for each in tank.compartments), "tank.compartments")
    if not MIN_VEHICLE_GRAMS <= tank.rated_mass_g <= MAX_VEHICLE_GRAMS:
        yield _impossible("tank.rated_mass_g", f"{tank.rated_mass_g} g")


def _media(tank: Tank) -> Iterator[Finding]:
    if not tank.permitted_media:
        yield _missing_field("tank.permitted_media")
    for index, medium in enumerate(tank.permitted_media):
        if not medium.un_number or un_number_of(medium.un_number) != medium.un_number:
            yield _missing_field(f"tank.permitted_media[{index}].un_number")
    yield from _duplicates((f"{each.un_number} {each.name}" for each in tank.permitted_media), "tank.permitted_media")


def _tank_state(tank: Tank) -> Iterator[Finding]:
    """A tank that is not clean names its last goods; one said to be clean names the certificate that says so."""
    state = tank.state
    needs = {"certificate": state.certificate} if state.clean else {"last_un_numbers": "".join(state.last_un_numbers)}
    if state.condition is TankCondition.CLEANED:
        needs["station"] = state.station
    for name, value in needs.items():
        if not value:
            values = {"state": state.condition.value, "missing": name}
            yield Finding(
                reason=TANK_STATE_INVALID, path=f"tank.state.{name}", rule="RG-07", basis=bases.TANK, values=values
            )


def check_person(person: Person, identity_number: str, today: date) -> tuple[Finding, ...]:
    """``identity_number`` is checked and forgotten: no finding repeats it."""
    problem = identity_problem(identity_number, today)
    return (
        *_missing("person", id=person.id, name=person.name),
        *(
            [
                Finding(
                    reason=IDENTITY_INVALID,
                    path="person.identity_number",
                    rule="RG-02",
                    basis=bases.IDENTITY,
                    values={"problem": problem},
                )
            ]
            if problem
            else ()
        ),
        *_qualifications(person),
        *_employment(person),
    )


def _qualifications(person: Person) -> Iterator[Finding]:
    for index, each in enumerate(person.qualifications):
        path = f"person.qualifications[{index}]"
        yield from _missing(path, number=each.number)
        yield from _period(each.valid_from, each.valid_to, f"{path}.valid_to")
    yield from _duplicates(
        (f"{each.kind.value} {each.number}" for each in person.qualifications), "person.qualifications"
    )


def _employment(person: Person) -> Iterator[Finding]:
    for index, each in enumerate(person.employment):
        yield from _missing(f"person.employment[{index}]", carrier_id=each.carrier_id)
        yield from _period(each.valid_from, each.valid_to, f"person.employment[{index}].valid_to")


def _missing(parent: str, /, **fields: str) -> Iterator[Finding]:
    yield from (_missing_field(f"{parent}.{name}") for name, value in fields.items() if not value.strip())


def _missing_field(path: str) -> Finding:
    return Finding(reason=FIELD_MISSING, path=path, rule="RG-00", values={"field": path})


def _impossible(path: str, problem: str) -> Finding:
    return Finding(reason=MASS_INVALID, path=path, rule="RG-08", values={"field": path, "problem": problem})


def _division(code: str, path: str) -> Iterator[Finding]:
    if division_problem(code):
        yield Finding(
            reason=DIVISION_CODE_INVALID, path=path, rule="RG-09", basis=bases.DIVISION, values={"code": code}
        )


def _period(valid_from: date | None, valid_to: date | None, path: str) -> Iterator[Finding]:
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        values = {"valid_from": valid_from.isoformat(), "valid_to": valid_to.isoformat()}
        yield Finding(reason=PERIOD_INVALID, path=path, rule="RG-10", values=values)


def _duplicates(keys: Iterable[str], path: str) -> Iterator[Finding]:
    for key, count in Counter(keys).items():
        if count > 1:
            yield Finding(reason=DUPLICATE_ENTRY, path=path, rule="RG-11", values={"value": key})
