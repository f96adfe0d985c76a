"""For each rule of issuing a waybill refused for exactly that reason, and one as close as can be that passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import Severity
from services.registry.model import (
    Compartment,
    Medium,
    Permit,
    PermitGoods,
    PermitKind,
    Qualification,
    QualificationKind,
    Special,
    TankCondition,
    TankState,
    VehicleKind,
    VehicleType,
)
from services.waybill.bases import FIGURES, RULES
from services.waybill.busy import occupies
from services.waybill.model import (
    Assignment,
    Busy,
    Drop,
    Exemption,
    GoodsLine,
    Party,
    Place,
    Role,
    RouteZone,
    State,
    Stop,
    WaybillKind,
    ZoneKind,
)
from tests.unit.services.waybill.petrol_trip import (
    ARRIVAL,
    DAY,
    DEPARTURE,
    DRIVER,
    ESCORT,
    FACTS,
    NOW,
    PETROL,
    SECOND,
    TANK,
    TRACTOR,
    TRAILER,
    WAYBILL,
    carrying,
    errors,
    issue,
    knowing,
    licence,
    person,
    vehicle,
    warned,
    without,
)

YESTERDAY = DAY - timedelta(days=1)


def test_a_sound_trip_on_the_last_day_of_every_paper_and_at_the_full_mass_passes() -> None:
    assert issue() == ()


def test_four_faults_come_back_as_exactly_four_errors_in_two_languages_with_their_bases() -> None:
    facts = knowing(
        FACTS, replace(TANK, permitted_media=(Medium("1202"),)), person("escort", QualificationKind.ESCORT, YESTERDAY)
    )
    facts = replace(
        facts,
        zones=(RouteZone(zone_id="z1", name="示例隧道", kind=ZoneKind.TUNNEL, tunnel_category="D"),),
        busy=tuple(
            Busy(resource_id=name, waybill_id="w2", from_at=DEPARTURE, to_at=ARRIVAL, waybill_number="C2")
            for name in ("tractor", "trailer", "tank", "driver", "escort")
        ),
    )
    found = issue(facts=facts)
    assert errors(found) == [
        "QUALIFICATION_EXPIRED", "RESOURCE_BUSY", "TANK_MEDIUM_NOT_PERMITTED", "TUNNEL_FORBIDDEN",
    ]  # fmt: skip
    assert {finding.rule for finding in found if finding.severity is Severity.ERROR} == {
        "WB-03",
        "WB-05",
        "WB-10",
        "RT-01",
    }
    for finding in found:
        assert finding.basis is not None
        assert "{" not in finding.zh + finding.en
        assert finding.path.startswith("waybill.")


# WB-01


@pytest.mark.parametrize(
    "name",
    ["consignor", "carrier", "loader", "consignee", "origin", "destination", "planned_departure", "planned_arrival"],
)
def test_every_party_place_and_time_must_be_there(name: str) -> None:
    found = issue(replace(WAYBILL, **{name: None}))
    assert errors(found) == ["PARTY_MISSING"]
    assert found[0].path == f"waybill.{name}"


def test_a_party_with_a_blank_name_is_missing() -> None:
    assert errors(issue(replace(WAYBILL, loader=Party(name=" ")))) == ["PARTY_MISSING"]


@pytest.mark.parametrize("role", [Role.TRACTOR, Role.DRIVER, Role.ESCORT])
def test_vehicle_driver_and_escort_must_be_there(role: Role) -> None:
    assert errors(issue(without(role))) == ["PARTY_MISSING"]


def test_goods_must_be_there() -> None:
    assert errors(issue(carrying())) == ["PARTY_MISSING"]


def test_a_consignee_need_not_be_registered_but_carrier_and_consignor_must() -> None:
    assert issue(replace(WAYBILL, consignee=Party(name="陌生人", organisation_id="nobody"))) == ()
    assert errors(issue(replace(WAYBILL, consignor=Party(name="某公司", organisation_id="nobody")))) == [
        "RESOURCE_UNKNOWN"
    ]


@pytest.mark.parametrize("role", list(Role))
def test_whatever_is_assigned_must_be_registered(role: Role) -> None:
    stranger = Assignment(role=role, resource_id="stranger")
    assert errors(issue(replace(WAYBILL, assignments=(*WAYBILL.assignments, stranger)))) == ["RESOURCE_UNKNOWN"]


def test_a_trailer_cannot_pull_and_a_tractor_cannot_carry() -> None:
    pulled = replace(WAYBILL, assignments=(*WAYBILL.assignments, Assignment(role=Role.TRACTOR, resource_id="trailer")))
    assert errors(issue(pulled)) == ["RESOURCE_WRONG_KIND"]
    alone = without(Role.TRAILER)
    assert errors(issue(alone, knowing(FACTS, replace(TANK, fixed_on="tractor")))) == ["RESOURCE_WRONG_KIND"]


def test_one_person_is_never_the_whole_crew_but_a_double_crew_may_swap() -> None:
    both = replace(DRIVER, qualifications=(*DRIVER.qualifications, *ESCORT.qualifications))
    alone = (*without(Role.ESCORT).assignments, Assignment(role=Role.ESCORT, resource_id="driver"))
    assert errors(issue(replace(WAYBILL, assignments=alone), knowing(FACTS, both))) == ["CREW_IS_ONE_PERSON"]
    other = replace(ESCORT, qualifications=both.qualifications)
    swap = (
        *WAYBILL.assignments,
        Assignment(role=Role.ESCORT, resource_id="driver"),
        Assignment(role=Role.DRIVER, resource_id="escort"),
    )
    assert issue(replace(WAYBILL, assignments=swap), knowing(FACTS, both, other)) == ()


def test_a_trip_must_arrive_after_it_departs() -> None:
    assert errors(issue(replace(WAYBILL, planned_arrival=DEPARTURE))) == ["TRIP_TIMES_INVALID"]
    assert issue(replace(WAYBILL, planned_arrival=DEPARTURE + SECOND)) == ()


def test_the_class_must_be_the_one_of_the_list() -> None:
    assert errors(issue(carrying(replace(PETROL, hazard_class="8")))) == ["GOODS_CLASS_MISSTATED"]


@pytest.mark.parametrize(
    ("change", "path"),
    [({"mass_g": 0}, "mass_g"), ({"mode": "bucket", "density_mg_per_ml": 0}, "mode"), ({"number": 0}, "number")],
)
def test_figures_that_cannot_be_are_refused_at_their_field(change: dict[str, object], path: str) -> None:
    found = issue(carrying(replace(PETROL, **change)))  # type: ignore[arg-type]
    assert "FIELD_INVALID" in errors(found)
    assert f"waybill.goods[0].{path}" in {finding.path for finding in found}


def stop(number: int, *planned_g: int, name: str = "站") -> Stop:
    drops = tuple(Drop(goods_number=1, planned_g=each) for each in planned_g)
    return Stop(number=number, place=Place(name="站"), consignee=Party(name=name), drops=drops)


def test_stops_add_up_to_the_line_to_the_gram() -> None:
    assert issue(replace(WAYBILL, stops=(stop(1, 20_000_000), stop(2, 8_000_000)))) == ()
    over = issue(replace(WAYBILL, stops=(stop(1, 20_000_000), stop(2, 8_000_001))))
    assert errors(over) == ["DROPS_INCONSISTENT"]
    under = issue(replace(WAYBILL, stops=(stop(1, 20_000_000), stop(2, 7_999_999))))
    assert (errors(under), warned(under)) == ([], ["DROPS_INCONSISTENT"])


def test_stops_are_numbered_in_order_name_a_consignee_and_drop_known_lines() -> None:
    assert errors(issue(replace(WAYBILL, stops=(stop(2, 28_000_000),)))) == ["FIELD_INVALID"]
    assert errors(issue(replace(WAYBILL, stops=(stop(1, 28_000_000, name=""),)))) == ["PARTY_MISSING"]
    lost = replace(stop(1, 28_000_000), drops=(Drop(goods_number=2, planned_g=1),))
    assert errors(issue(replace(WAYBILL, stops=(lost,)))) == ["GOODS_LINE_UNKNOWN"]


def test_only_a_draft_is_issued() -> None:
    assert errors(issue(replace(WAYBILL, state=State.ISSUED))) == ["NOT_IN_THIS_STATE"]
    assert errors(issue(replace(WAYBILL, state=State.VOIDED))) == ["WAYBILL_VOID"]


# WB-02


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
    toxic = [
        licence("(6类1项)"),
        vehicle("tractor", VehicleKind.TRACTOR, "(6类1项)"),
        vehicle("trailer", VehicleKind.TRAILER, "(6类1项)"),
    ]
    assert errors(issue(carrying(methanol), knowing(facts, *toxic))) == ["OUT_OF_SCOPE"] * 3


def test_a_tractor_of_another_carrier_is_refused_and_a_leased_trailer_is_not() -> None:
    assert errors(issue(facts=knowing(FACTS, replace(TRACTOR, carrier_id="other")))) == ["VEHICLE_OF_OTHER_CARRIER"]
    assert issue(facts=knowing(FACTS, replace(TRAILER, carrier_id="other"))) == ()


# WB-03


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


# WB-04, WB-11


@pytest.mark.parametrize("field", ["annual_review_to", "permit_valid_to"])
def test_a_vehicle_must_be_inspected_until_the_arrival(field: str) -> None:
    assert errors(issue(facts=knowing(FACTS, replace(TRACTOR, **{field: YESTERDAY})))) == ["INSPECTION_EXPIRED"]
    assert errors(issue(facts=knowing(FACTS, replace(TRAILER, **{field: YESTERDAY})))) == ["INSPECTION_EXPIRED"]
    assert errors(issue(facts=knowing(FACTS, replace(TRAILER, **{field: None})))) == ["INSPECTION_UNKNOWN"]


def test_a_tank_must_be_inspected_until_the_arrival() -> None:
    assert errors(issue(facts=knowing(FACTS, replace(TANK, next_inspection=YESTERDAY)))) == ["INSPECTION_EXPIRED"]
    assert errors(issue(facts=knowing(FACTS, replace(TANK, next_inspection=None)))) == ["INSPECTION_UNKNOWN"]


def test_an_altered_vehicle_and_one_without_terminal_are_refused() -> None:
    assert errors(issue(facts=knowing(FACTS, replace(TRAILER, altered=True)))) == ["VEHICLE_ALTERED"]
    assert errors(issue(facts=knowing(FACTS, replace(TRACTOR, positioning_device="")))) == ["POSITIONING_MISSING"]


# WB-05


def test_goods_in_a_tank_need_a_tank() -> None:
    assert errors(issue(without(Role.TANK))) == ["TANK_MISSING"]


def test_the_list_of_media_decides_and_another_name_only_warns() -> None:
    assert errors(issue(facts=knowing(FACTS, replace(TANK, permitted_media=(Medium("1202"),))))) == [
        "TANK_MEDIUM_NOT_PERMITTED"
    ]
    assert issue(facts=knowing(FACTS, replace(TANK, permitted_media=(Medium("1203"),)))) == ()
    other = issue(facts=knowing(FACTS, replace(TANK, permitted_media=(Medium("1203", "航空汽油"),))))
    assert (errors(other), warned(other)) == ([], ["TANK_MEDIUM_NAME_DIFFERS"])


def test_a_collective_entry_must_be_listed_by_its_own_name() -> None:
    mixed = replace(PETROL, un_number="1993", name="二甲苯混合物")
    clean = replace(TANK, state=TankState(condition=TankCondition.GAS_FREE), tank_code="L4BN")
    facts = knowing(FACTS, replace(clean, permitted_media=(Medium("1993", "乙苯"),)))
    assert errors(issue(carrying(mixed), facts)) == ["TANK_MEDIUM_NOT_PERMITTED"]
    facts = knowing(FACTS, replace(clean, permitted_media=(Medium("1993", "二甲苯混合物"),)))
    assert errors(issue(carrying(mixed), facts)) == []


def test_a_tank_is_where_it_is_fixed() -> None:
    assert errors(issue(facts=knowing(FACTS, replace(TANK, fixed_on="another")))) == ["TANK_NOT_ON_VEHICLE"]
    assert issue(facts=knowing(FACTS, replace(TANK, fixed_on=""))) == ()


def test_other_last_goods_in_a_tank_that_is_not_clean_are_a_warning() -> None:
    dirty = TankState(condition=TankCondition.EMPTY_UNCLEANED, last_un_numbers=("1202",))
    assert warned(issue(facts=knowing(FACTS, replace(TANK, state=dirty)))) == ["TANK_LAST_GOODS_DIFFER"]
    clean = TankState(condition=TankCondition.CLEANED, last_un_numbers=("1202",), certificate="C", station="S")
    assert issue(facts=knowing(FACTS, replace(TANK, state=clean))) == ()


def test_compartments_exist_and_hold_one_kind_of_goods() -> None:
    assert errors(issue(carrying(replace(PETROL, compartment=2)))) == ["COMPARTMENT_UNKNOWN"]
    diesel = replace(PETROL, number=2, un_number="1202", name="柴油", packing_group="III", mass_g=1_000_000)
    facts = knowing(FACTS, replace(TANK, permitted_media=(Medium("1203"), Medium("1202"))))
    shared = carrying(replace(PETROL, mass_g=1_000_000), diesel)
    assert "COMPARTMENT_SHARED" in errors(issue(shared, facts))
    two = replace(
        TANK,
        permitted_media=(Medium("1203"), Medium("1202")),
        compartments=(Compartment(1, 5_000_000), Compartment(2, 5_000_000)),
    )
    apart = carrying(replace(PETROL, mass_g=1_000_000), replace(diesel, compartment=2))
    assert errors(issue(apart, knowing(FACTS, two))) == []


# WB-06


def test_the_rated_mass_holds_to_the_gram() -> None:
    assert issue(carrying(replace(PETROL, mass_g=28_000_000))) == ()
    over = issue(carrying(replace(PETROL, mass_g=28_000_001)))
    assert errors(over) == ["OVERLOADED"] * 3  # trailer, tank, and what the tractor may tow


def test_the_tank_is_rated_by_itself() -> None:
    assert errors(issue(facts=knowing(FACTS, replace(TANK, rated_mass_g=27_999_999)))) == ["OVERLOADED"]


def test_the_degree_of_filling_holds_to_the_millilitre() -> None:
    filled_ml = -(-28_000_000 * 1000 // 740)
    needed_ml = -(-filled_ml * 1000 // 950)
    assert (
        issue(facts=knowing(FACTS, replace(TANK, compartments=(Compartment(1, needed_ml, surge_plates=True),)))) == ()
    )
    small = replace(TANK, compartments=(Compartment(1, needed_ml - 2, surge_plates=True),))
    assert errors(issue(facts=knowing(FACTS, small))) == ["OVERFILLED"]


def test_a_large_compartment_without_surge_plates_half_full_is_a_warning() -> None:
    half = carrying(replace(PETROL, mass_g=14_000_000))
    assert issue(half) == ()
    plain = replace(TANK, compartments=(Compartment(1, 40_000_000),))
    assert warned(issue(half, knowing(FACTS, plain))) == ["SURGE_RANGE"]
    assert warned(issue(facts=knowing(FACTS, plain))) == []


# WB-07, WB-08, WB-09

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
    marked = [
        licence("3类,危险废物"),
        vehicle("tractor", VehicleKind.TRACTOR, "3类,危险废物"),
        vehicle("trailer", VehicleKind.TRAILER, "3类,危险废物"),
    ]
    assert errors(issue(waste)) == ["OUT_OF_SCOPE"] * 3 + ["PERMIT_MISSING"]
    manifest = replace(PERMIT, kind=PermitKind.WASTE_MANIFEST, goods=(), route=frozenset())
    facts = knowing(knowing(FACTS, permits=(manifest,)), *marked)
    assert errors(issue(replace(waste, permit_numbers=("P1",)), facts)) == []
    assert errors(issue(waste, facts)) == ["PERMIT_MISSING"]


# WB-10


@pytest.mark.parametrize(
    ("start", "end", "refused"),
    [
        (DEPARTURE - timedelta(hours=2), DEPARTURE, False),
        (DEPARTURE - timedelta(hours=2), DEPARTURE + SECOND, True),
        (ARRIVAL, ARRIVAL + timedelta(hours=2), False),
        (ARRIVAL - SECOND, ARRIVAL + timedelta(hours=2), True),
        (DEPARTURE + SECOND, ARRIVAL - SECOND, True),
    ],
)
@pytest.mark.parametrize("resource", ["tractor", "trailer", "tank", "driver", "escort"])
def test_nothing_is_on_two_trips_at_once_to_the_second(resource: str, start, end, refused: bool) -> None:  # type: ignore[no-untyped-def]
    busy = Busy(resource_id=resource, waybill_id="w2", from_at=start, to_at=end)
    assert errors(issue(facts=replace(FACTS, busy=(busy,)))) == (["RESOURCE_BUSY"] if refused else [])


def test_the_trip_itself_does_not_count_as_another() -> None:
    busy = Busy(resource_id="tractor", waybill_id="w1", from_at=DEPARTURE, to_at=ARRIVAL)
    assert issue(facts=replace(FACTS, busy=(busy,))) == ()


def test_a_number_that_may_not_be_known_is_not_told() -> None:
    busy = Busy(resource_id="driver", waybill_id="w2-secret", from_at=DEPARTURE, to_at=ARRIVAL)
    (finding,) = issue(facts=replace(FACTS, busy=(busy,)))
    assert "w2-secret" not in finding.zh + finding.en + finding.path


def test_a_driver_relieved_before_the_other_trip_begins_is_free() -> None:
    noon = DEPARTURE + timedelta(hours=2)
    others = (each for each in WAYBILL.assignments if each.role is not Role.DRIVER)
    first = Assignment(role=Role.DRIVER, resource_id="driver", to_at=noon)
    relieved = (*others, first, Assignment(role=Role.DRIVER, resource_id="second", from_at=noon))
    facts = knowing(FACTS, person("second", QualificationKind.DRIVER))
    busy = Busy(resource_id="driver", waybill_id="w2", from_at=noon, to_at=ARRIVAL)
    assert issue(replace(WAYBILL, assignments=relieved), replace(facts, busy=(busy,))) == ()


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20), st.integers(1, 20))
def test_overlap_agrees_with_counting_every_minute(first: int, length: int, other: int, other_length: int) -> None:
    minute = timedelta(minutes=1)
    waybill = replace(WAYBILL, planned_departure=NOW + first * minute, planned_arrival=NOW + (first + length) * minute)
    twin = replace(
        waybill, id="w2", planned_departure=NOW + other * minute, planned_arrival=NOW + (other + other_length) * minute
    )
    shared = set(range(first, first + length)) & set(range(other, other + other_length))
    found = issue(waybill, replace(FACTS, busy=occupies(twin)))
    assert (errors(found) == ["RESOURCE_BUSY"]) == bool(shared)


def test_an_unloaded_lorry_is_free_though_nobody_signed() -> None:
    arrived = replace(WAYBILL, state=State.ARRIVED, departed_at=DEPARTURE, unloaded_at=DEPARTURE + SECOND)
    assert {(busy.to_at, busy.under_way) for busy in occupies(arrived)} == {(DEPARTURE + SECOND, False)}


# Returns, diversions, rescues


def test_a_return_follows_a_waybill_that_departed_and_carries_no_more() -> None:
    first = replace(WAYBILL, id="w0", state=State.REJECTED, departed_at=NOW - timedelta(hours=5))
    back = replace(WAYBILL, kind=WaybillKind.REFUSED_RETURN, replaces="w0", loader=None)
    assert errors(issue(back, replace(FACTS, replaced=first))) == []
    assert errors(issue(back)) == ["LINK_MISSING"]
    never_left = replace(first, departed_at=None)
    assert errors(issue(back, replace(FACTS, replaced=never_left))) == ["LINK_MISSING"]
    less = replace(first, goods=(replace(PETROL, actual_mass_g=27_999_999),))
    assert errors(issue(back, replace(FACTS, replaced=less))) == ["FIELD_INVALID"]


def test_residues_are_what_is_left_of_a_load_that_departed() -> None:
    first = replace(WAYBILL, id="w0", state=State.COMPLETED, departed_at=NOW - timedelta(hours=5))
    residue = replace(
        carrying(replace(PETROL, mass_g=500_000)), kind=WaybillKind.RESIDUE_RETURN, replaces="w0", loader=None
    )
    assert errors(issue(residue, replace(FACTS, replaced=first))) == []
    assert errors(issue(residue)) == ["LINK_MISSING"]


def test_a_rescue_names_the_authority_that_ordered_it() -> None:
    first = replace(WAYBILL, id="w0", state=State.IN_TRANSIT, departed_at=NOW - timedelta(hours=5))
    rescue = replace(WAYBILL, kind=WaybillKind.RESCUE, replaces="w0", loader=None)
    assert errors(issue(rescue, replace(FACTS, replaced=first))) == ["LINK_MISSING"]
    assert errors(issue(replace(rescue, authority="transport"), replace(FACTS, replaced=first))) == []


# All together


def test_a_decision_keeps_the_versions_it_used() -> None:
    zone = RouteZone(zone_id="z", name="z", kind=ZoneKind.TUNNEL, version_id="5")
    assert replace(FACTS, zones=(zone,)).version_ids == ("3", "5", "7")


def test_every_rule_and_figure_has_a_basis_in_two_languages() -> None:
    bases = [basis for bases in RULES.values() for basis in bases]
    bases += [figure.basis for figures in FIGURES.values() for figure in figures]
    assert all(basis.zh and basis.en for basis in bases)


@given(st.sets(st.sampled_from(["medium", "escort", "trailer", "altered", "mass", "licence", "busy", "party"])))
def test_any_mixture_of_faults_is_told_completely(faults: set[str]) -> None:
    """Each fault is told no matter which others there are."""
    facts, waybill, expected = FACTS, WAYBILL, []
    tank, trailer = TANK, TRAILER
    if "medium" in faults:
        tank, expected = replace(tank, permitted_media=(Medium("1202"),)), [*expected, "TANK_MEDIUM_NOT_PERMITTED"]
    if "escort" in faults:
        facts = knowing(facts, person("escort", QualificationKind.ESCORT, YESTERDAY))
        expected = [*expected, "QUALIFICATION_EXPIRED"]
    if "trailer" in faults:
        trailer, expected = replace(trailer, annual_review_to=YESTERDAY), [*expected, "INSPECTION_EXPIRED"]
    if "altered" in faults:
        trailer, expected = replace(trailer, altered=True), [*expected, "VEHICLE_ALTERED"]
    if "mass" in faults:
        tank, expected = replace(tank, rated_mass_g=1_000_000), [*expected, "OVERLOADED"]
    if "licence" in faults:
        facts, expected = knowing(facts, licences=()), [*expected, "CARRIER_LICENCE_INVALID"]
    if "busy" in faults:
        busy = Busy(resource_id="tank", waybill_id="w2", from_at=DEPARTURE, to_at=ARRIVAL)
        facts, expected = replace(facts, busy=(busy,)), [*expected, "RESOURCE_BUSY"]
    if "party" in faults:
        waybill, expected = replace(waybill, loader=None), [*expected, "PARTY_MISSING"]
    assert errors(issue(waybill, knowing(facts, tank, trailer))) == sorted(expected)
