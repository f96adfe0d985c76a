"""WB-02 to WB-04 and WB-11: scopes, certificates, inspections and terminals, to the last second of the last day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.registry.model import (
    Licence,
    Medium,
    QualificationKind,
    TankCondition,
    TankState,
    Vehicle,
    VehicleKind,
)
from tests.unit.services.waybill.petrol_trip import (
    DAY,
    DRIVER,
    FACTS,
    NOW,
    PETROL,
    SECOND,
    TANK,
    TRACTOR,
    TRAILER,
    WAYBILL,
    YESTERDAY,
    carrying,
    errors,
    issue,
    knowing,
    licence,
    person,
    vehicle,
    warned,
)


def test_carrier_tractor_and_trailer_must_each_have_the_scope() -> None:
    assert errors(issue(facts=knowing(FACTS, licence("(8类)")))) == ["OUT_OF_SCOPE"]
    assert errors(issue(facts=knowing(FACTS, vehicle("tractor", VehicleKind.TRACTOR, "(8类)")))) == ["OUT_OF_SCOPE"]
    assert errors(issue(facts=knowing(FACTS, vehicle("trailer", VehicleKind.TRAILER, "(8类)")))) == ["OUT_OF_SCOPE"]


def test_a_licence_must_last_until_the_arrival_and_not_be_suspended() -> None:
    assert errors(issue(facts=knowing(FACTS, replace(licence(), valid_to=YESTERDAY)))) == ["CARRIER_LICENCE_INVALID"]
    assert errors(issue(facts=knowing(FACTS, replace(licence(), suspended=True)))) == ["CARRIER_LICENCE_INVALID"]
    assert errors(issue(facts=knowing(FACTS, licences=()))) == ["CARRIER_LICENCE_INVALID"]


def test_a_subsidiary_hazard_does_not_widen_a_scope() -> None:
    methanol = replace(PETROL, un_number="1230", name="甲醇")  # 3 with subsidiary 6.1
    tank = replace(
        TANK, permitted_media=(Medium("1230"),), tank_code="L4BH", state=TankState(condition=TankCondition.GAS_FREE)
    )
    facts = knowing(FACTS, tank)
    assert errors(issue(carrying(methanol), facts)) == []
    toxic: list[Vehicle | Licence] = [
        licence("(6类1项)"),
        vehicle("tractor", VehicleKind.TRACTOR, "(6类1项)"),
        vehicle("trailer", VehicleKind.TRAILER, "(6类1项)"),
    ]
    assert errors(issue(carrying(methanol), knowing(facts, *toxic))) == ["OUT_OF_SCOPE"] * 3


def test_a_tractor_of_another_carrier_is_refused_and_a_leased_trailer_is_not() -> None:
    assert errors(issue(facts=knowing(FACTS, replace(TRACTOR, carrier_id="other")))) == ["VEHICLE_OF_OTHER_CARRIER"]
    assert issue(facts=knowing(FACTS, replace(TRAILER, carrier_id="other"))) == ()


def test_a_certificate_counts_on_its_last_day_and_not_after() -> None:
    assert issue(facts=knowing(FACTS, person("escort", QualificationKind.ESCORT, DAY))) == ()
    late = issue(facts=knowing(FACTS, person("escort", QualificationKind.ESCORT, YESTERDAY)))
    assert errors(late) == ["QUALIFICATION_EXPIRED"]
    assert late[0].path == "waybill.assignments[4]"


def test_a_certificate_must_last_until_the_arrival_to_the_second() -> None:
    midnight = NOW + timedelta(hours=16)  # 24:00 in Shanghai
    assert issue(replace(WAYBILL, planned_arrival=midnight - SECOND)) == ()
    late = issue(replace(WAYBILL, planned_arrival=midnight))
    assert errors(late) == sorted(
        ["QUALIFICATION_EXPIRED"] * 2 + ["CARRIER_LICENCE_INVALID"] + ["INSPECTION_EXPIRED"] * 5
    )


def test_a_driver_is_no_escort() -> None:
    assert errors(issue(facts=knowing(FACTS, person("escort", QualificationKind.DRIVER)))) == ["QUALIFICATION_MISSING"]


def test_employment_elsewhere_is_a_warning() -> None:
    found = issue(facts=knowing(FACTS, replace(DRIVER, employment=())))
    assert (errors(found), warned(found)) == ([], ["NOT_EMPLOYED"])


@pytest.mark.parametrize("field", ["annual_review_to", "permit_valid_to"])
def test_a_vehicle_must_be_inspected_until_the_arrival(field: str) -> None:
    expired: dict[str, Any] = {field: YESTERDAY}
    unknown: dict[str, Any] = {field: None}
    assert errors(issue(facts=knowing(FACTS, replace(TRACTOR, **expired)))) == ["INSPECTION_EXPIRED"]
    assert errors(issue(facts=knowing(FACTS, replace(TRAILER, **expired)))) == ["INSPECTION_EXPIRED"]
    assert errors(issue(facts=knowing(FACTS, replace(TRAILER, **unknown)))) == ["INSPECTION_UNKNOWN"]


def test_a_tank_must_be_inspected_until_the_arrival() -> None:
    assert errors(issue(facts=knowing(FACTS, replace(TANK, next_inspection=YESTERDAY)))) == ["INSPECTION_EXPIRED"]
    assert errors(issue(facts=knowing(FACTS, replace(TANK, next_inspection=None)))) == ["INSPECTION_UNKNOWN"]


def test_an_altered_vehicle_and_one_without_terminal_are_refused() -> None:
    assert errors(issue(facts=knowing(FACTS, replace(TRAILER, altered=True)))) == ["VEHICLE_ALTERED"]
    assert errors(issue(facts=knowing(FACTS, replace(TRACTOR, positioning_device="")))) == ["POSITIONING_MISSING"]
