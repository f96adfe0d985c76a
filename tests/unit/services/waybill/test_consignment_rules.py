"""What a consignment list must say and what its goods ask for: each refused for exactly that reason, with its basis."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import Finding, errors_among, warnings_among
from services.registry.model import Licence, LicenceKind, Permit, PermitGoods, PermitKind, RegistryFacts
from services.registry.scope import parse_scope
from services.waybill.consignment.lifecycle import TABLE, ListAct, check_act
from services.waybill.consignment.model import ConsignmentList, ListState
from services.waybill.consignment.rules import MOST_G, MOST_LINES, check_list, goods_of
from services.waybill.model import Exemption, Party
from tests.unit.services.waybill.consignment_samples import ADVICE, LINE, a_list
from tests.unit.services.waybill.petrol_trip import CATALOGUE, FACTS, NOW, PETROL

KNOWN = FACTS.registry
TRADE = Licence(
    id="trade", kind=LicenceKind.CHEMICALS_TRADE, number="T1", organisation_id="consignor", valid_from=date(2024, 1, 1),
    valid_to=date(2026, 12, 31),
)  # fmt: skip
CYANIDE = replace(
    LINE, un_number="1680", name="氰化钾", hazard_class="6.1", packing_group="I", mode="packages", packaging="钢桶",
    packaging_spec="50 kg", package_count=20, mass_g=1_000_000,
)  # fmt: skip
PASS = Permit(
    id="pass", kind=PermitKind.TOXIC_ROAD_PASS, number="P1", issuer="公安", organisation_id="consignor",
    valid_from=NOW - timedelta(days=1), valid_to=NOW + timedelta(days=1), goods=(PermitGoods("1680", limit_g=1_000_000),),
)  # fmt: skip


def judged(offered: ConsignmentList, known: RegistryFacts = KNOWN, at: datetime = NOW) -> tuple[Finding, ...]:
    return check_list(offered, known, CATALOGUE, at)


def wrong(*arguments: Any) -> list[tuple[str, str]]:
    """(reason, path within the list) of every error."""
    return [
        (finding.reason.name, finding.path.removeprefix("consignment_list."))
        for finding in errors_among(judged(*arguments))
    ]


def knowing(*licences: Licence, permits: tuple[Permit, ...] = (), scope: str = "") -> RegistryFacts:
    carriers = tuple(
        replace(each, scope_text=scope, scope=parse_scope(scope).scope) if scope else each for each in KNOWN.licences
    )
    return replace(KNOWN, licences=(*carriers, *licences), permits=permits)


def test_a_list_that_says_everything_passes() -> None:
    assert errors_among(judged(a_list())) == ()


@pytest.mark.parametrize("name", list(ADVICE.__dataclass_fields__))
def test_every_advice_of_article_13_is_asked_for(name: str) -> None:
    silent = replace(LINE, safety=replace(ADVICE, **{name: " "}))
    assert wrong(a_list("l1", silent)) == [("CONSIGNMENT_CONTENT_MISSING", f"lines[0].safety.{name}")]
    (finding,) = errors_among(judged(a_list("l1", silent)))
    assert finding.basis is not None
    assert ("13" in finding.basis.article, finding.basis.verified) == (True, False)


@pytest.mark.parametrize("party", ["consignor", "carrier", "loader", "consignee"])
def test_every_party_is_named(party: str) -> None:
    changed: dict[str, Any] = {party: Party(name=" ", organisation_id=party)}
    nameless = a_list(**changed)
    assert wrong(nameless) == [("CONSIGNMENT_CONTENT_MISSING", f"{party}.name")]


def test_packages_say_what_they_are_and_tanks_need_not() -> None:
    bare = replace(CYANIDE, packaging="", packaging_spec="", package_count=0)
    known = knowing(scope="危险货物运输(6类1项,剧毒化学品)", permits=(PASS,))
    asked = {
        ("CONSIGNMENT_CONTENT_MISSING", f"lines[0].{name}") for name in ("packaging", "packaging_spec", "package_count")
    }
    assert set(wrong(a_list("l1", bare, permit_numbers=("P1",)), known)) == asked
    assert wrong(a_list("l1", CYANIDE, permit_numbers=("P1",)), known) == []


@pytest.mark.parametrize(("mass_g", "sound"), [(0, False), (-1, False), (1, True), (MOST_G, True), (MOST_G + 1, False)])
def test_quantities_are_whole_grams_above_nothing(mass_g: int, sound: bool) -> None:
    found = wrong(a_list("l1", replace(LINE, mass_g=mass_g)))
    assert found[:1] == ([] if sound else [("FIELD_INVALID", "lines[0].mass_g")])
    assert {path for _, path in found} <= {"lines[0].mass_g"}


def test_lines_are_numbered_once_and_are_not_too_many() -> None:
    twice = a_list("l1", LINE, LINE)
    assert wrong(twice) == [("FIELD_INVALID", "lines[0].number"), ("FIELD_INVALID", "lines[1].number")]
    many = tuple(replace(LINE, number=number) for number in range(1, MOST_LINES + 2))
    assert wrong(a_list("l1", *many[:-1])) == []
    assert wrong(a_list("l1", *many)) == [("FIELD_INVALID", "lines")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hazard_class": "8"}, "GOODS_CLASS_MISSTATED"),
        ({"packing_group": "I", "hazard_class": "3"}, "GOODS_PACKING_GROUP_UNKNOWN"),
        ({"un_number": "9999"}, "GOODS_UNKNOWN"),
        ({"mode": "x"}, "FIELD_INVALID"),
        ({"un_number": "12"}, "FIELD_INVALID"),
    ],
)
def test_goods_are_what_the_list_of_goods_says(change: dict[str, Any], reason: str) -> None:
    assert reason in {name for name, _ in wrong(a_list("l1", replace(LINE, **change)))}


def test_limited_quantities_state_their_packages_and_their_gross_mass() -> None:
    limited = replace(
        LINE, exemption=Exemption.LIMITED_QUANTITY, mode="packages", packaging="纸箱", packaging_spec="1 L", package_count=10,
        mass_g=10_000, gross_mass_g=12_000,
    )  # fmt: skip
    assert wrong(a_list("l1", limited)) == []
    assert wrong(a_list("l1", replace(limited, gross_mass_g=0))) == [("GOODS_QUANTITY_NOT_STATED", "lines[0].mass_g")]


def test_the_carrier_is_licensed_for_every_line_on_that_day() -> None:
    second = replace(CYANIDE, number=2)
    known = knowing(permits=(PASS,))
    assert wrong(a_list("l1", LINE, second, permit_numbers=("P1",)), known) == [("OUT_OF_SCOPE", "lines[1]")]
    (finding,) = errors_among(judged(a_list(), KNOWN, NOW + timedelta(days=1)))
    assert (finding.reason.name, finding.rule) == ("CARRIER_LICENCE_INVALID", "CL-02")
    assert finding.basis is not None
    assert "9" in finding.basis.article


def test_highly_toxic_goods_name_their_pass_and_one_that_does_not_fit_yet_is_told() -> None:
    scope = "危险货物运输(6类1项,剧毒化学品)"
    assert wrong(a_list("l1", CYANIDE), knowing(scope=scope, permits=(PASS,))) == [("PERMIT_MISSING", "lines[0]")]
    named = a_list("l1", CYANIDE, permit_numbers=("P1",))
    assert wrong(named, knowing(scope=scope, permits=(PASS,))) == []
    less = replace(PASS, goods=(PermitGoods("1680", limit_g=999_999),))
    told = {finding.reason.name for finding in warnings_among(judged(named, knowing(scope=scope, permits=(less,))))}
    assert "PERMIT_MISMATCH" in told


def test_duties_without_a_paper_and_unknown_licences_are_told_with_their_basis() -> None:
    told = warnings_among(judged(a_list()))
    assert {finding.reason.name for finding in told} == {"CONSIGNMENT_DUTY", "CONSIGNOR_LICENCE_UNKNOWN"}
    assert all(finding.basis is not None for finding in told)
    told = warnings_among(judged(a_list(), knowing(TRADE)))
    assert {finding.reason.name for finding in told} == {"CONSIGNMENT_DUTY"}
    for ended in (replace(TRADE, suspended=True), replace(TRADE, valid_to=date(2026, 5, 31))):
        assert "CONSIGNOR_LICENCE_UNKNOWN" in {
            finding.reason.name for finding in warnings_among(judged(a_list(), knowing(ended)))
        }


def test_the_text_behind_a_licence_changes_with_the_law() -> None:
    def basis(at: datetime) -> str:
        found = (finding for finding in judged(a_list(), KNOWN, at) if finding.rule == "CL-04")
        return next(finding.basis.zh for finding in found if finding.basis)

    assert "591" in basis(datetime(2026, 4, 30, 12, tzinfo=UTC))
    assert "安全法" in basis(datetime(2026, 5, 1, 12, tzinfo=UTC))


def test_parties_that_sign_are_registered() -> None:
    stranger = a_list(consignor=Party(name="x", organisation_id="x"))
    assert wrong(stranger) == [("RESOURCE_UNKNOWN", "consignor.organisation_id")]


def test_a_line_of_a_list_is_a_line_of_goods_with_the_same_words() -> None:
    assert goods_of(LINE) == replace(PETROL, density_mg_per_ml=0, compartment=None)


@pytest.mark.parametrize("state", ListState)
@pytest.mark.parametrize("act", ListAct)
def test_an_act_outside_the_table_is_refused_with_state_and_act(state: ListState, act: ListAct) -> None:
    found = check_act(a_list(state=state), act)
    assert (not found) == ((state, act) in TABLE)
    assert all(dict(finding.values) == {"state": state.value, "act": act.value} for finding in found)


@given(st.lists(st.sampled_from(ListAct), max_size=8))
@settings(max_examples=200)
def test_no_way_leads_out_of_withdrawn_nor_to_acceptance_but_by_an_answer(acts: list[ListAct]) -> None:
    state, offered = ListState.OFFERED, True
    for act in acts:
        after = TABLE.get((state, act), state)
        if state is ListState.WITHDRAWN:
            assert after is ListState.WITHDRAWN
        if after is ListState.ACCEPTED and state is not ListState.ACCEPTED:
            assert (act, state, offered) == (ListAct.ACCEPT, ListState.OFFERED, True)
        offered = after is ListState.OFFERED
        state = after
