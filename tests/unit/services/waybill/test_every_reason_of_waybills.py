"""For every reason the waybill slice can give: a trip refused for exactly that reason, and one as close as can be that passes.

The table is compared with the reasons themselves, so that a rule without both cases fails here. Reasons that only a server
with its tables can give are tried over the wire, by the tests named below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.errors import Finding, Refusal, reasons_of
from services.registry.model import (
    Compartment,
    Employment,
    Medium,
    QualificationKind,
    Special,
    TankCondition,
    TankKind,
    TankState,
    VehicleKind,
)
from services.waybill.delivery import Received, check_delivery, delivered
from services.waybill.facts import Busy
from services.waybill.issuing.numbering import NumberBlock, NumberRule, check_offline_number
from services.waybill.issuing.numbers import number_of
from services.waybill.lifecycle import Act, check_act
from services.waybill.model import Assignment, Drop, Role, Route, State, Waybill, WaybillKind
from services.waybill.preparation.rules import Preparation, PreparationKind, unprepared
from services.waybill.revision.model import Revision, RevisionState, Signer
from services.waybill.revision.reassignment import Swap, check_swap
from services.waybill.revision.rules import check_amendment, sign
from services.waybill.rules import check_void
from services.waybill.rules.quantities import check_actual
from services.zones.passed import RouteZone, RouteZoneAction, RouteZoneKind
from services.zones.ruling import Purpose
from tests.unit.services.waybill.petrol_trip import (
    ARRIVAL,
    CATALOGUE,
    DAY,
    DEPARTURE,
    DRIVER,
    ESCORT,
    FACTS,
    LOADED,
    NOW,
    PETROL,
    SECOND,
    TANK,
    TRACTOR,
    TRAILER,
    WAYBILL,
    YESTERDAY,
    carrying,
    depart,
    issue,
    knowing,
    licence,
    person,
    stop,
    vehicle,
    without,
)
from tests.unit.services.waybill.test_issue_permits import PERMIT, SHOW, fireworks_facts
from tests.unit.services.waybill.test_route_rules import AREA, ENTER, LEAVE, PASS, TUNNEL, WATER, through

ROOT = Path(__file__).resolve().parents[4]
HOUR = timedelta(hours=1)
Findings = Iterable[Finding]

MOVING = replace(WAYBILL, state=State.IN_TRANSIT, departed_at=DEPARTURE)
ARRIVED = replace(MOVING, state=State.ARRIVED)
ROUND = replace(MOVING, goods=(replace(PETROL, actual_mass_g=1_000),), stops=(stop(1, 600), stop(2, 400)))
RELIEF = Swap(role=Role.DRIVER, outgoing_id="driver", incoming_id="second", reason="疲劳")
REMARKED = replace(WAYBILL, state=State.ISSUED, remarks="更正")
EMPTY = replace(carrying(replace(PETROL, mass_g=0)), kind=WaybillKind.EMPTY_RETURN, loader=None)
NIGHT = replace(AREA, windows=((ENTER, LEAVE),))
BRIDGE = RouteZone(zone_id="z1", name="特大桥", kind=RouteZoneKind.LARGE_BRIDGE)
MARKED = {
    each.id: replace(each, qualifications=(replace(each.qualifications[0], specials=frozenset({Special.EXPLOSIVE})),))
    for each in (DRIVER, ESCORT)
}
RULE, LICENCE = NumberRule(), "440307000001"
BLOCK = NumberBlock(LICENCE, DAY, 0, 10)
OPEN = Revision(
    id="r", waybill_id="w1", number=2, author="carrier", reason="-", at=NOW, changes=(), required=frozenset({Signer.CARRIER})
)  # fmt: skip
ACID = replace(PETROL, un_number="1831", name="发烟硫酸", hazard_class="8", packing_group="I", density_mg_per_ml=1_900)


def state(condition: TankCondition, last: str = "1203") -> TankState:
    return TankState(condition=condition, last_un_numbers=(last,), certificate="C", station="S")


def assigned(role: Role, resource_id: str) -> Waybill:
    kept = tuple(each for each in WAYBILL.assignments if each.role is not role)
    return replace(WAYBILL, assignments=(*kept, Assignment(role=role, resource_id=resource_id)))


def of_fireworks(waybill: Waybill = SHOW, permit: Any = PERMIT, **crew: Any) -> Findings:
    facts = fireworks_facts(permit)
    return issue(waybill, knowing(facts, *crew.values()) if crew else facts)


def busy(until: Any) -> Findings:
    other = Busy(resource="vehicle/tractor", waybill_id="w2", from_at=DEPARTURE - HOUR, to_at=until)
    return issue(facts=replace(FACTS, busy=(other,)))


def following(mass_g: int = 28_000_000, **changes: Any) -> Findings:
    earlier = replace(MOVING, id="w0")
    waybill = replace(
        WAYBILL, kind=WaybillKind.DIVERTED, loader=None, replaces="w0", goods=(replace(PETROL, mass_g=mass_g),)
    )
    return issue(replace(waybill, **changes), replace(FACTS, replaced=earlier))


def amended(new: Waybill = REMARKED, open_revision: Revision | None = None) -> Findings:
    old = replace(REMARKED, remarks="")
    return check_amendment(old, new, reason="笔误", at=NOW, open_revision=open_revision).findings


def filled(volume_ml: int, **changes: Any) -> Findings:
    """The line states its volume, the tank has one compartment of 10 m³."""
    tank = replace(TANK, compartments=(Compartment(1, 10_000_000, **changes),))
    line = replace(PETROL, density_mg_per_ml=0, volume_ml=volume_ml, mass_g=1_000_000)
    return issue(carrying(line), knowing(FACTS, tank))


def acid_in(volume_ml: int, kind: TankKind = TankKind.ATMOSPHERIC) -> Findings:
    tank = replace(
        TANK, compartments=(Compartment(1, volume_ml, surge_plates=True),), kind=kind, tank_code="L10BH",
        permitted_media=(Medium("1831"),), state=state(TankCondition.GAS_FREE),
    )  # fmt: skip
    scope = "危险货物运输(8类)"
    cars = [vehicle(each.id, each.kind, scope) for each in (TRACTOR, TRAILER)]
    mark = [
        replace(each, qualifications=(replace(each.qualifications[0], specials=frozenset(Special)),))
        for each in (DRIVER, ESCORT)
    ]
    return issue(carrying(replace(ACID, mass_g=1_000_000)), knowing(FACTS, tank, *cars, *mark, licence(scope)))


def offline(serial: int = 3, *, taken: tuple[str, ...] = (), after: timedelta = timedelta(hours=24)) -> Findings:
    number = RULE.number(LICENCE, DAY, serial)
    return check_offline_number(RULE, number, [BLOCK], taken, NOW, NOW + after)


def numbered(serial: int) -> Findings:
    try:
        number_of(LICENCE, DAY, serial)
    except Refusal as refusal:
        return refusal.findings
    return ()


def signed(signer: Signer) -> Findings:
    made = sign(OPEN, signer)
    return made if isinstance(made, tuple) else ()


def prepared(*failed: PreparationKind, but: PreparationKind | None = None) -> Findings:
    """Everything recorded before the trip ``but`` one, of which some ``failed``."""
    crew = ("driver", "escort")
    made = [
        Preparation(kind=kind, person_id="driver", done_at=NOW, attendee_ids=crew, passed=kind not in failed)
        for kind in PreparationKind
        if kind is not but
    ]
    return list(unprepared(MOVING, made, NOW))


def dropping(*grams: int, line: int = 1) -> Findings:
    stops = tuple(
        replace(stop(number, mass_g), drops=(Drop(goods_number=line, planned_g=mass_g),))
        for number, mass_g in enumerate(grams, 1)
    )
    return issue(replace(WAYBILL, stops=stops))


# Reason: what is refused for it, what passes beside it.
PAIRS: Mapping[str, tuple[Findings, Findings]] = {
    "PARTY_MISSING": (issue(replace(WAYBILL, consignee=None)), issue()),
    "RESOURCE_UNKNOWN": (issue(assigned(Role.DRIVER, "nobody")), issue(assigned(Role.DRIVER, "driver"))),
    "RESOURCE_WRONG_KIND": (
        issue(assigned(Role.TRAILER, "tractor"), knowing(FACTS, replace(TANK, fixed_on=""))), issue(assigned(Role.TRAILER, "trailer")),
    ),
    "CREW_IS_ONE_PERSON": (
        issue(assigned(Role.ESCORT, "driver"), knowing(FACTS, replace(DRIVER, qualifications=(*DRIVER.qualifications, *ESCORT.qualifications)))),
        issue(),
    ),
    "TRIP_TIMES_INVALID": (
        issue(replace(WAYBILL, planned_arrival=DEPARTURE)), issue(replace(WAYBILL, planned_arrival=DEPARTURE + SECOND)),
    ),
    "GOODS_CLASS_MISSTATED": (issue(carrying(replace(PETROL, hazard_class="3.1"))), issue()),
    "PURPOSE_UNFOUNDED": (
        issue(replace(WAYBILL, purposes=(Purpose.MEDICAL_OXYGEN,))), issue(replace(WAYBILL, purposes=(Purpose.SERVICE_AREA_FUEL,))),
    ),
    "DROPS_INCONSISTENT": (dropping(14_000_000, 14_000_001), dropping(14_000_000, 14_000_000)),
    "GOODS_LINE_UNKNOWN": (dropping(28_000_000, line=2), dropping(28_000_000)),
    "LINK_MISSING": (following(replaces=""), following()),
    "CARRIER_LICENCE_INVALID": (
        issue(facts=knowing(FACTS, replace(licence(), valid_to=YESTERDAY))), issue(facts=knowing(FACTS, licence())),
    ),
    "OUT_OF_SCOPE": (
        issue(facts=knowing(FACTS, vehicle("trailer", VehicleKind.TRAILER, "危险货物运输(2类)"))),
        issue(facts=knowing(FACTS, vehicle("trailer", VehicleKind.TRAILER, "危险货物运输(2类)(3类)"))),
    ),
    "VEHICLE_OF_OTHER_CARRIER": (
        issue(facts=knowing(FACTS, replace(TRACTOR, carrier_id="x"))), issue(facts=knowing(FACTS, replace(TRAILER, carrier_id="x"))),
    ),
    "QUALIFICATION_MISSING": (
        issue(facts=knowing(FACTS, person("driver", QualificationKind.ESCORT))),
        issue(facts=knowing(FACTS, person("driver", QualificationKind.DRIVER))),
    ),
    "QUALIFICATION_EXPIRED": (
        issue(facts=knowing(FACTS, person("driver", QualificationKind.DRIVER, YESTERDAY))),
        issue(facts=knowing(FACTS, person("driver", QualificationKind.DRIVER, DAY))),
    ),
    "QUALIFICATION_SPECIAL_MISSING": (of_fireworks(driver=DRIVER), of_fireworks(driver=MARKED["driver"])),
    "NOT_EMPLOYED": (
        issue(facts=knowing(FACTS, replace(DRIVER, employment=(Employment(carrier_id="carrier", valid_from=date(2020, 1, 1), valid_to=YESTERDAY),)))),
        issue(facts=knowing(FACTS, replace(DRIVER, employment=(Employment(carrier_id="carrier", valid_from=date(2020, 1, 1), valid_to=DAY),)))),
    ),
    "INSPECTION_EXPIRED": (
        issue(facts=knowing(FACTS, replace(TANK, next_inspection=YESTERDAY))), issue(facts=knowing(FACTS, replace(TANK, next_inspection=DAY))),
    ),
    "INSPECTION_UNKNOWN": (issue(facts=knowing(FACTS, replace(TANK, next_inspection=None))), issue()),
    "VEHICLE_ALTERED": (issue(facts=knowing(FACTS, replace(TRAILER, altered=True))), issue()),
    "TANK_MISSING": (issue(without(Role.TANK)), issue()),
    "TANK_NOT_ON_VEHICLE": (
        issue(facts=knowing(FACTS, replace(TANK, fixed_on="other"))), issue(facts=knowing(FACTS, replace(TANK, fixed_on=""))),
    ),
    "TANK_MEDIUM_NOT_PERMITTED": (
        issue(facts=knowing(FACTS, replace(TANK, permitted_media=(Medium("1202"),)))),
        issue(facts=knowing(FACTS, replace(TANK, permitted_media=(Medium("1203"),)))),
    ),
    "TANK_MEDIUM_NAME_DIFFERS": (
        issue(facts=knowing(FACTS, replace(TANK, permitted_media=(Medium("1203", "航空汽油"),)))),
        issue(facts=knowing(FACTS, replace(TANK, permitted_media=(Medium("1203", "车用汽油"),)))),
    ),
    "TANK_LAST_GOODS_DIFFER": (
        issue(facts=knowing(FACTS, replace(TANK, state=state(TankCondition.EMPTY_UNCLEANED, "1202")))),
        issue(facts=knowing(FACTS, replace(TANK, state=state(TankCondition.CLEANED, "1202")))),
    ),
    "TANK_TOO_LARGE": (acid_in(20_000_001), acid_in(20_000_000)),
    "COMPARTMENT_UNKNOWN": (issue(carrying(replace(PETROL, compartment=2))), issue()),
    "COMPARTMENT_SHARED": (
        issue(
            carrying(replace(PETROL, mass_g=14_000_000), replace(PETROL, number=2, un_number="1223", name="煤油", packing_group="III", mass_g=13_000_000)),
            knowing(FACTS, replace(TANK, permitted_media=(Medium("1203"), Medium("1223")))),
        ),
        issue(carrying(replace(PETROL, mass_g=14_000_000), replace(PETROL, number=2, mass_g=13_000_000))),
    ),
    "OVERLOADED": (
        issue(facts=knowing(FACTS, replace(TRAILER, rated_mass_g=27_999_999))), issue(facts=knowing(FACTS, replace(TRAILER, rated_mass_g=28_000_000))),
    ),
    "OVERFILLED": (filled(9_500_001), filled(9_500_000)),
    "SURGE_RANGE": (filled(7_999_999), filled(8_000_000)),
    "PERMIT_MISSING": (of_fireworks(replace(SHOW, permit_numbers=("P2",))), of_fireworks()),
    "PERMIT_MISMATCH": (of_fireworks(permit=replace(PERMIT, valid_to=ARRIVAL)), of_fireworks(permit=replace(PERMIT, valid_to=ARRIVAL + SECOND))),
    "PERMIT_ROUTE_DIFFERS": (of_fireworks(permit=replace(PERMIT, route=frozenset({"e1"}))), of_fireworks(permit=replace(PERMIT, route=frozenset({"e1", "e2", "e3"})))),
    "ROUTE_UNKNOWN": (
        of_fireworks(replace(SHOW, route=Route()), replace(PERMIT, route=frozenset())),
        issue(replace(WAYBILL, route=Route())),
    ),
    "RESOURCE_BUSY": (busy(DEPARTURE + SECOND), busy(DEPARTURE)),
    "POSITIONING_MISSING": (
        issue(facts=knowing(FACTS, replace(TRACTOR, positioning_device=""))), issue(facts=knowing(FACTS, replace(TRAILER, positioning_device=""))),
    ),
    "POSITIONING_SILENT": (depart(at=NOW + SECOND), depart(at=NOW)),
    "CLEARANCE_MISSING": (depart(clearance=None), depart()),
    "CLEARANCE_VOID": (depart(replace(LOADED, revision=2)), depart()),
    "TANK_NOT_EMPTY": (
        depart(replace(EMPTY, state=State.ISSUED), knowing(FACTS, replace(TANK, state=state(TankCondition.PART)))),
        depart(replace(EMPTY, state=State.ISSUED), knowing(FACTS, replace(TANK, state=state(TankCondition.EMPTY_UNCLEANED)))),
    ),
    "TOO_EARLY": (check_swap(MOVING, RELIEF, DEPARTURE - SECOND), check_swap(MOVING, RELIEF, DEPARTURE)),
    "TUNNEL_FORBIDDEN": (issue(facts=through(TUNNEL)), issue(facts=through(replace(TUNNEL, tunnel_category="C")))),
    "CROSSING_NOT_NOTIFIED": (
        issue(facts=through(BRIDGE)), issue(facts=through(replace(BRIDGE, kind=RouteZoneKind.BRIDGE))),
    ),
    "WATER_SOURCE_CROSSED": (
        issue(facts=through(WATER)), issue(facts=through(WATER, facts=knowing(FACTS, permits=(PASS,)))),
    ),
    "ZONE_FORBIDDEN": (issue(facts=through(NIGHT)), issue(facts=through(replace(NIGHT, windows=((LEAVE, LEAVE + HOUR),))))),
    "ZONE_PASS_NEEDED": (
        issue(facts=through(replace(AREA, action=RouteZoneAction.PASS_ONLY))),
        issue(facts=through(replace(AREA, action=RouteZoneAction.PASS_ONLY), facts=knowing(FACTS, permits=(PASS,)))),
    ),
    "ZONE_NOTICE": (
        issue(facts=through(replace(AREA, action=RouteZoneAction.NOTIFY))), issue(facts=through(replace(AREA, action=RouteZoneAction.NOTHING))),
    ),
    "NOT_IN_THIS_STATE": (check_act(LOADED, Act.CLEAR, NOW), check_act(replace(LOADED, state=State.ISSUED), Act.CLEAR, NOW)),
    "NOT_ISSUED": (check_act(WAYBILL, Act.CLEAR, NOW), check_act(replace(WAYBILL, state=State.ISSUED), Act.CLEAR, NOW)),
    "NOT_DEPARTED": (check_act(LOADED, Act.ARRIVE, NOW), check_act(MOVING, Act.ARRIVE, NOW)),
    "ALREADY_DEPARTED": (check_void(MOVING, "改派", NOW), check_void(LOADED, "改派", NOW)),
    "WAYBILL_CLOSED": (check_act(replace(ARRIVED, state=State.COMPLETED), Act.SIGN_STOP, NOW), check_act(ARRIVED, Act.SIGN_STOP, NOW)),
    "WAYBILL_VOID": (check_act(replace(WAYBILL, state=State.VOIDED), Act.AMEND, NOW), check_act(replace(WAYBILL, state=State.ISSUED), Act.AMEND, NOW)),
    "WAYBILL_REJECTED": (check_act(replace(WAYBILL, state=State.REJECTED), Act.AMEND, NOW), check_act(LOADED, Act.AMEND, NOW)),
    "REASON_NEEDED": (check_void(LOADED, " ", NOW), check_void(LOADED, "改", NOW)),
    "REVISION_OPEN": (amended(open_revision=OPEN), amended(open_revision=replace(OPEN, state=RevisionState.REVERTED))),
    "REVISION_EMPTY": (amended(new=replace(REMARKED, remarks="")), amended()),
    "FIELD_IMMUTABLE": (amended(new=replace(REMARKED, kind=WaybillKind.RESCUE)), amended()),
    "SIGNER_NOT_REQUIRED": (signed(Signer.LOADER), signed(Signer.CARRIER)),
    "QUANTITY_OUT_OF_TOLERANCE": (
        check_actual(WAYBILL, FACTS, CATALOGUE, {1: 27_439_999}, NOW), check_actual(WAYBILL, FACTS, CATALOGUE, {1: 27_440_000}, NOW),
    ),
    "NUMBER_TAKEN": (offline(taken=(RULE.number(LICENCE, DAY, 3),)), offline(taken=(RULE.number(LICENCE, DAY, 4),))),
    "NUMBER_NOT_IN_BLOCK": (offline(10), offline(9)),
    "NUMBERS_EXHAUSTED": (numbered(1_000_000), numbered(999_999)),
    "OFFLINE_UPLOAD_LATE": (offline(after=timedelta(hours=24, seconds=1)), offline()),
    "NOT_ASSIGNED": (check_swap(MOVING, replace(RELIEF, outgoing_id="escort"), NOW), check_swap(MOVING, RELIEF, NOW)),
    "ALREADY_ASSIGNED": (check_swap(MOVING, replace(RELIEF, incoming_id="driver"), NOW), check_swap(MOVING, RELIEF, NOW)),
    "PREPARATION_MISSING": (prepared(but=PreparationKind.OUTER_CHECK), prepared()),
    "PREPARATION_FAILED": (prepared(PreparationKind.OUTER_CHECK), prepared()),
    "STOP_UNKNOWN": (check_delivery(ROUND, 3, {1: Received(1)}, NOW), check_delivery(ROUND, 2, {1: Received(400)}, NOW)),
    "STOP_SIGNED": (
        check_delivery(delivered(ROUND, 1, {1: Received(600)}, "王五", NOW), 1, {}, NOW), check_delivery(ROUND, 1, {1: Received(600)}, NOW),
    ),
    "DELIVERY_IMPOSSIBLE": (check_delivery(ROUND, 1, {1: Received(600, 401)}, NOW), check_delivery(ROUND, 1, {1: Received(600, 400)}, NOW)),
    "DELIVERY_DIFFERS": (check_delivery(ROUND, 1, {1: Received(599)}, NOW), check_delivery(ROUND, 1, {1: Received(600)}, NOW)),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_one_trip_is_refused_for_exactly_this_and_its_neighbour_passes(name: str) -> None:
    refused, passes = ({finding.reason.name for finding in found} for found in PAIRS[name])
    assert (refused, passes) == ({name}, set())


def test_no_reason_of_waybills_lacks_its_two_cases() -> None:
    """Those of lists, hand-overs and tables, which pure rules of a trip cannot give, are tried by name elsewhere."""
    every = {reason.name for reason in reasons_of("waybill")}
    assert PAIRS.keys() <= every
    elsewhere = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    tried = {word for text in elsewhere for word in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text)}
    assert every - PAIRS.keys() - tried == set()
