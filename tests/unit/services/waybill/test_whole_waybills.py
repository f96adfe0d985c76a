"""Whole waybills at random: whatever is stated, the rules answer with findings that can be read, and never with a crash."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import Severity
from services.registry.model import TankCondition, TankState
from services.waybill.facts import Busy
from services.waybill.model import (
    Assignment,
    Drop,
    Exemption,
    GoodsLine,
    Party,
    Place,
    Role,
    State,
    Stop,
    Waybill,
    WaybillKind,
)
from services.waybill.revision.rules import check_amendment
from services.zones.passed import RouteZone, RouteZoneAction, RouteZoneKind
from tests.unit.services.waybill.petrol_trip import (
    CATALOGUE,
    FACTS,
    NOW,
    PETROL,
    TANK,
    WAYBILL,
    depart,
    errors,
    issue,
    knowing,
)

moments = st.integers(-500, 500).map(lambda minutes: NOW + timedelta(minutes=minutes))
grams = st.sampled_from([-1, 0, 1, 9_999, 28_000_000, 28_000_001, 2**63])
lines = st.builds(
    GoodsLine,
    number=st.integers(-1, 3),
    un_number=st.sampled_from(["", "0000", "x", *CATALOGUE.un_numbers()]),
    name=st.sampled_from(["", "车用汽油", "{un}", "烟花"]),
    hazard_class=st.sampled_from(["", "3", "1.4G", "8"]),
    mass_g=grams,
    mode=st.sampled_from(["", "tank", "bulk", "packages"]),
    packing_group=st.sampled_from(["", "I", "II", "III", "IV"]),
    gross_mass_g=grams,
    net_explosive_mass_g=grams,
    volume_ml=grams,
    density_mg_per_ml=st.integers(-1, 900),
    package_count=st.integers(-1, 2000),
    compartment=st.sampled_from([None, 0, 1]),
    exemption=st.sampled_from(Exemption),
    waste=st.booleans(),
    actual_mass_g=st.one_of(st.none(), grams),
)
stops = st.builds(
    Stop,
    number=st.integers(0, 3),
    place=st.just(Place(name="")),
    consignee=st.sampled_from([Party(name=""), Party(name="a")]),
    drops=st.lists(st.builds(Drop, goods_number=st.integers(0, 3), planned_g=grams), max_size=2).map(tuple),
)
assignments = st.builds(
    Assignment,
    role=st.sampled_from(Role),
    resource_id=st.sampled_from(["tractor", "trailer", "tank", "driver", "escort", "nobody", ""]),
    from_at=st.one_of(st.none(), moments),
    to_at=st.one_of(st.none(), moments),
)
zones = st.builds(
    RouteZone,
    zone_id=st.sampled_from(["z1", "z2"]),
    name=st.just("z"),
    kind=st.sampled_from(RouteZoneKind),
    tunnel_category=st.sampled_from(["", "A", "B", "C", "D", "E", "X"]),
    action=st.sampled_from(RouteZoneAction),
    enter_at=st.one_of(st.none(), moments),
    leave_at=st.one_of(st.none(), moments),
    windows=st.lists(st.tuples(moments, moments), max_size=2).map(tuple),
)
busy = st.builds(
    Busy, resource=st.sampled_from(["vehicle/tractor", "vehicle/nobody", ""]), waybill_id=st.sampled_from(["w1", "w2"]), from_at=moments, to_at=moments
)  # fmt: skip
waybills = st.builds(
    lambda **stated: replace(WAYBILL, **stated),
    kind=st.sampled_from(WaybillKind),
    state=st.sampled_from(State),
    consignor=st.sampled_from([None, WAYBILL.consignor, Party(name="", organisation_id="?")]),
    carrier=st.sampled_from([None, WAYBILL.carrier, Party(name="x")]),
    planned_departure=st.one_of(st.none(), moments),
    planned_arrival=st.one_of(st.none(), moments),
    goods=st.lists(lines, max_size=3).map(tuple),
    stops=st.lists(stops, max_size=2).map(tuple),
    assignments=st.lists(assignments, max_size=6).map(tuple),
    permit_numbers=st.sampled_from([(), ("P1",)]),
    replaces=st.sampled_from(["", "w0"]),
)


@settings(max_examples=150)
@given(
    waybills,
    st.lists(zones, max_size=3).map(tuple),
    st.lists(busy, max_size=3).map(tuple),
    st.sampled_from(TankCondition),
)
def test_every_waybill_gets_an_answer_that_can_be_read(waybill, on_route, others, condition) -> None:  # type: ignore[no-untyped-def]
    tank = replace(TANK, state=TankState(condition=condition, last_un_numbers=("1203",)))
    facts = replace(knowing(FACTS, tank), zones=on_route, busy=others)
    for found in (issue(waybill, facts), depart(waybill, facts)):
        for finding in found:
            unfilled = (finding.zh + finding.en).replace("{un}", "")  # the one brace a name above brings in itself
            assert "{" not in unfilled
            assert finding.severity in Severity
            assert finding.rule
            assert finding.path
        assert found == tuple(found)


@given(waybills)
def test_nothing_departs_without_the_clearance_it_needs(waybill: Waybill) -> None:
    if waybill.kind is WaybillKind.NORMAL:
        assert errors(depart(waybill, clearance=None))


@given(waybills, waybills)
def test_every_amendment_gets_an_answer(old: Waybill, new: Waybill) -> None:
    amendment = check_amendment(old, new, reason="x", at=NOW)
    assert bool(amendment.changes) == (errors(amendment.findings).count("REVISION_EMPTY") == 0)
    assert amendment.required or not amendment.changes or errors(amendment.findings)


@given(st.integers(1, 30_000_000), st.integers(1, 30_000_000), st.integers(700, 900))
def test_masses_and_volumes_agree_with_plain_arithmetic(mass_g: int, rated_g: int, density: int) -> None:
    facts = knowing(FACTS, replace(TANK, rated_mass_g=rated_g))
    found = errors(issue(replace(WAYBILL, goods=(replace(PETROL, mass_g=mass_g, density_mg_per_ml=density),)), facts))
    too_heavy = (mass_g > rated_g) + (mass_g > 28_000_000) + (mass_g + 9_000_000 > 37_000_000)
    assert found.count("OVERLOADED") == too_heavy
    assert found.count("OVERFILLED") == (mass_g * 1000 > density * (40_000_000 * 950 // 1000))
