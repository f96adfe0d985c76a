"""WB-07 to WB-09 and RT-05: fireworks and waste with the papers they need, and with what they may travel."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.errors import Severity
from services.registry.model import (
    Licence,
    Permit,
    PermitGoods,
    PermitKind,
    Qualification,
    QualificationKind,
    Special,
    Vehicle,
    VehicleKind,
    VehicleType,
)
from services.waybill.model import (
    Exemption,
    GoodsLine,
    Role,
)
from tests.unit.services.waybill.petrol_trip import (
    ARRIVAL,
    DEPARTURE,
    DRIVER,
    ESCORT,
    FACTS,
    PETROL,
    SECOND,
    TRACTOR,
    TRAILER,
    carrying,
    errors,
    issue,
    knowing,
    licence,
    stop,
    vehicle,
    without,
)

FIREWORKS = GoodsLine(
    number=1, un_number="0336", name="烟花", hazard_class="1.4G", mass_g=4_000_000, gross_mass_g=5_000_000,
    net_explosive_mass_g=900_000, mode="packages", package_count=300,
)  # fmt: skip
SHOW = replace(carrying(FIREWORKS, waybill=without(Role.TANK)), permit_numbers=("P1",))
PERMIT = Permit(
    id="p1", kind=PermitKind.FIREWORKS_ROAD_PERMIT, number="P1", issuer="police", organisation_id="consignor",
    valid_from=DEPARTURE, valid_to=ARRIVAL + SECOND, vehicle_ids=frozenset({"tractor", "trailer"}),
    goods=(PermitGoods("0336", "烟花", 4_000_000),), route=frozenset({"e1", "e2"}), single_trip=True,
)  # fmt: skip


def fireworks_facts(*permits: Permit):  # type: ignore[no-untyped-def]
    crew = [
        replace(one, qualifications=(replace(one.qualifications[0], specials=frozenset({Special.EXPLOSIVE})),))
        for one in (DRIVER, ESCORT)
    ]
    lorries = [
        replace(vehicle(one.id, one.kind, "危险货物运输(1类4项)(仅限烟花爆竹)"), vehicle_type=VehicleType.EX2)
        for one in (TRACTOR, TRAILER)
    ]
    return knowing(knowing(FACTS, permits=permits), *crew, *lorries, licence("危险货物运输(1类)"))


def test_fireworks_with_their_permit_pass() -> None:
    assert errors(issue(SHOW, fireworks_facts(PERMIT))) == []


def test_fireworks_without_a_permit_named_by_the_waybill_are_refused() -> None:
    assert errors(issue(SHOW, fireworks_facts())) == ["PERMIT_MISSING"]
    assert errors(issue(replace(SHOW, permit_numbers=()), fireworks_facts(PERMIT))) == ["PERMIT_MISSING"]


@pytest.mark.parametrize(
    "change",
    [
        {"valid_from": DEPARTURE + SECOND},
        {"valid_to": ARRIVAL},
        {"vehicle_ids": frozenset({"tractor"})},
        {"goods": (PermitGoods("0336", "烟花", 3_999_999),)},
        {"goods": (PermitGoods("0335", "烟花", 4_000_000),)},
        {"revoked": True},
        {"used_by": "w9"},
    ],
)
def test_a_permit_that_differs_in_one_thing_is_refused(change: dict[str, object]) -> None:
    assert errors(issue(SHOW, fireworks_facts(replace(PERMIT, **change)))) == ["PERMIT_MISMATCH"]  # type: ignore[arg-type]


def test_the_permit_may_be_used_by_this_very_waybill() -> None:
    assert errors(issue(SHOW, fireworks_facts(replace(PERMIT, used_by="w1")))) == []


def test_the_route_and_the_stops_are_those_of_the_permit() -> None:
    found = issue(SHOW, fireworks_facts(replace(PERMIT, route=frozenset({"e1"}))))
    assert errors(found) == ["PERMIT_ROUTE_DIFFERS"]
    assert [finding.rule for finding in found if finding.severity is Severity.ERROR] == ["RT-05"]
    stops = replace(SHOW, stops=(stop(1, 4_000_000),))
    assert errors(issue(stops, fireworks_facts(PERMIT))) == []
    assert errors(issue(stops, fireworks_facts(replace(PERMIT, stop_site_ids=frozenset({"s1"}))))) == [
        "PERMIT_ROUTE_DIFFERS"
    ]


def test_one_good_permit_among_bad_ones_is_enough() -> None:
    bad = replace(PERMIT, id="p2", revoked=True)
    assert errors(issue(SHOW, fireworks_facts(bad, PERMIT))) == []


def test_a_crew_without_the_explosives_mark_is_refused() -> None:
    plain = Qualification(kind=QualificationKind.DRIVER, number="Q", valid_from=None, valid_to=date(2030, 1, 1))
    facts = knowing(fireworks_facts(PERMIT), replace(DRIVER, qualifications=(plain,)))
    assert errors(issue(SHOW, facts)) == ["QUALIFICATION_SPECIAL_MISSING"]


def test_fireworks_may_not_travel_with_petrol() -> None:
    can = replace(PETROL, number=2, mode="packages", package_count=1, mass_g=10_000, compartment=None)
    lorries = [
        replace(vehicle(one.id, one.kind, "(1类,3类)"), vehicle_type=VehicleType.EX2) for one in (TRACTOR, TRAILER)
    ]
    facts = knowing(fireworks_facts(PERMIT), *lorries, licence("(1类,3类)"))
    assert errors(issue(carrying(FIREWORKS, can, waybill=SHOW), facts)) == ["GOODS_MIXED_LOADING"]


def test_limited_quantities_may_not_travel_with_fireworks() -> None:
    paint = replace(
        PETROL, number=2, mode="packages", package_count=5, mass_g=10_000, gross_mass_g=12_000, compartment=None,
        exemption=Exemption.LIMITED_QUANTITY,
    )  # fmt: skip
    lorries = [
        replace(vehicle(one.id, one.kind, "(1类,3类)"), vehicle_type=VehicleType.EX2) for one in (TRACTOR, TRAILER)
    ]
    facts = knowing(fireworks_facts(PERMIT), *lorries, licence("(1类,3类)"))
    assert "GOODS_LQ_WITH_EXPLOSIVES" in errors(issue(carrying(FIREWORKS, paint, waybill=SHOW), facts))


def test_hazardous_waste_needs_its_manifest_and_its_mark() -> None:
    waste = carrying(replace(PETROL, waste=True))
    marked: list[Vehicle | Licence] = [
        licence("3类,危险废物"),
        vehicle("tractor", VehicleKind.TRACTOR, "3类,危险废物"),
        vehicle("trailer", VehicleKind.TRAILER, "3类,危险废物"),
    ]
    assert errors(issue(waste)) == ["OUT_OF_SCOPE"] * 3 + ["PERMIT_MISSING"]
    manifest = replace(PERMIT, kind=PermitKind.WASTE_MANIFEST, goods=(), route=frozenset())
    facts = knowing(knowing(FACTS, permits=(manifest,)), *marked)
    assert errors(issue(replace(waste, permit_numbers=("P1",)), facts)) == []
    assert errors(issue(waste, facts)) == ["PERMIT_MISSING"]
