"""Each rule of a load: one refused for exactly that reason, and one as close as can be that passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.errors import Finding, Reason, Severity, catalogue
from services.errors import goods as reasons
from services.goods import Carriage, Catalogue, GoodsRow, Load, LoadLine, Mode, Regime, TankState, check_load, core
from services.goods.bases import BASES, POLICIES, basis_on, policy_on

ON = date(2026, 11, 1)
TONNE = 1_000_000


def line(un_number: str, **values: object) -> LoadLine:
    return LoadLine(un_number=un_number, **{"mass_g": 1000, "packages": 1} | values)  # type: ignore[arg-type]


def fireworks(un_number: str = "0336", net_g: int = 1000, **values: object) -> LoadLine:
    return line(un_number, net_explosive_mass_g=net_g, **{"mass_g": 2 * net_g} | values)


def findings(
    *lines: LoadLine, vehicle: str = "EX/II", on: date = ON, goods: Catalogue | None = None
) -> tuple[Finding, ...]:
    return check_load(Load(lines=lines, vehicle_type=vehicle), goods or core(), on)


def found(*lines: LoadLine, vehicle: str = "EX/II", goods: Catalogue | None = None) -> set[Reason]:
    return {finding.reason for finding in findings(*lines, vehicle=vehicle, goods=goods)}


def test_a_tanker_of_petrol_passes() -> None:
    petrol = line("1203", packing_group="II", mode=Mode.TANK, mass_g=28 * TONNE, tank_code="LGBF")
    assert findings(petrol, vehicle="FL") == ()


def test_a_number_nobody_lists_is_refused() -> None:
    assert found(line("9999")) == {reasons.GOODS_UNKNOWN}
    assert found(line("1203")) == set()


def test_a_packing_group_the_list_does_not_have_is_refused() -> None:
    assert found(line("1203", packing_group="III")) == {reasons.GOODS_PACKING_GROUP_UNKNOWN}
    assert found(line("1203", packing_group="II")) == set()


def test_several_entries_are_told_until_the_packing_group_settles_them() -> None:
    assert found(line("1402")) == {reasons.GOODS_SEVERAL_ENTRIES}
    assert found(line("1402", packing_group="II")) == set()


def test_a_name_settles_what_the_packing_group_cannot() -> None:
    assert found(line("1790", packing_group="I")) == {reasons.GOODS_SEVERAL_ENTRIES}
    assert found(line("1790", packing_group="I", name="氢氟酸，含氟化氢高于85%")) == set()


def a_row(**values: object) -> Catalogue:
    facts = {"un_number": "2000", "goods_class": "3", "division": "3", "tunnel_code": "E"} | values
    return Catalogue([GoodsRow(**facts)], edition="test")  # type: ignore[arg-type]


def test_prohibited_goods_are_refused() -> None:
    assert found(line("2000"), goods=a_row(carriage=Carriage.PROHIBITED)) == {reasons.GOODS_PROHIBITED}
    assert found(line("2000"), goods=a_row()) == set()


@pytest.mark.parametrize("code", ["", "C50000D", "F"])
def test_a_missing_or_unheard_of_tunnel_code_is_to_be_decided_by_hand(code: str) -> None:
    assert found(line("2000"), goods=a_row(tunnel_code=code)) == {reasons.GOODS_TUNNEL_UNKNOWN}


def test_a_row_the_lists_disagree_about_is_told() -> None:
    assert found(line("2000"), goods=a_row(disputed=("class",))) == {reasons.GOODS_LISTS_DISAGREE}


@pytest.mark.parametrize("name", ["mass_g", "net_explosive_mass_g", "packages"])
def test_negative_figures_are_refused(name: str) -> None:
    assert reasons.GOODS_LINE_INVALID in found(line("1203", **{name: -1}))


def test_before_the_rules_were_in_force_nothing_passes_silently() -> None:
    refused = findings(line("1203"), on=date(2018, 11, 30))
    assert [finding.reason for finding in refused] == [reasons.GOODS_RULES_NOT_IN_FORCE]
    assert findings(line("1203"), on=date(2018, 12, 1)) == ()


# --- limited and excepted quantities


def lq(un_number: str = "1263", **values: object) -> LoadLine:
    return line(
        un_number, **{"quantity_regime": Regime.LQ, "packing_group": "III" if un_number == "1263" else ""} | values
    )


def test_goods_without_a_limited_quantity_may_not_travel_so() -> None:
    assert found(lq("1131")) == {reasons.GOODS_LQ_NOT_PERMITTED}
    assert found(lq("1203")) == set()


def test_goods_without_an_excepted_quantity_may_not_travel_so() -> None:
    assert found(line("1131", quantity_regime=Regime.EQ)) == {reasons.GOODS_EQ_NOT_PERMITTED}
    assert found(line("1203", quantity_regime=Regime.EQ)) == set()


def test_limited_quantities_never_travel_with_explosives_not_even_1_4s() -> None:
    refused = findings(lq("1203"), fireworks("0337"))
    assert [(finding.reason, finding.path) for finding in refused] == [(reasons.GOODS_LQ_WITH_EXPLOSIVES, "lines[1]")]
    assert found(line("1203"), fireworks("0337")) == set()
    assert found(lq("1203"), line("1203")) == set()


def test_excepted_quantities_are_ordinary_cargo_up_to_a_thousand_packages() -> None:
    def of(packages: int) -> set[Reason]:
        return found(line("1203", quantity_regime=Regime.EQ, packages=packages))

    assert of(1000) == set()
    assert of(1001) == {reasons.GOODS_NOT_ORDINARY_CARGO}


def test_limited_quantities_are_ordinary_cargo_up_to_eight_tonnes_to_the_gram() -> None:
    assert found(lq("1203", mass_g=4 * TONNE), lq("1090", mass_g=4 * TONNE)) == set()
    assert found(lq("1203", mass_g=4 * TONNE), lq("1090", mass_g=4 * TONNE + 1)) == {reasons.GOODS_NOT_ORDINARY_CARGO}


@pytest.mark.parametrize("name", ["mass_g", "packages"])
def test_a_limited_quantity_states_packages_and_gross_mass(name: str) -> None:
    assert found(lq("1203", **{name: 0})) == {reasons.GOODS_QUANTITY_NOT_STATED}


def test_an_excepted_quantity_states_packages_only() -> None:
    assert found(line("1203", quantity_regime=Regime.EQ, packages=0)) == {reasons.GOODS_QUANTITY_NOT_STATED}
    assert found(line("1203", quantity_regime=Regime.EQ, mass_g=0)) == set()


# --- mixed loading


def test_fireworks_may_not_travel_with_petrol() -> None:
    assert found(fireworks("0336"), line("1203")) == {reasons.GOODS_MIXED_LOADING}
    assert found(fireworks("0337"), line("1203")) == set()


def test_fireworks_may_travel_with_smokeless_powder_and_not_with_detonators() -> None:
    assert found(fireworks("0335"), fireworks("0161"), vehicle="EX/III") == set()
    assert found(fireworks("0335"), fireworks("0029")) == {reasons.GOODS_COMPATIBILITY_GROUPS}


def test_detonators_travel_with_explosives_only_when_separated() -> None:
    refused = findings(fireworks("0029"), fireworks("0082"))
    assert [(finding.reason, finding.severity) for finding in refused] == [
        (reasons.GOODS_MIXED_ON_CONDITION, Severity.WARNING)
    ]


def test_blasting_explosives_travel_with_ammonium_nitrate_on_a_condition_but_not_type_c() -> None:
    assert found(fireworks("0082"), line("1942")) == {reasons.GOODS_MIXED_ON_CONDITION}
    assert found(fireworks("0083"), line("1942")) == {reasons.GOODS_MIXED_LOADING}


def test_what_is_cleaned_mixes_with_everything_and_what_is_empty_uncleaned_does_not() -> None:
    assert found(fireworks(), line("1203", tank_state=TankState.CLEANED)) == set()
    assert found(fireworks(), line("1203", tank_state=TankState.EMPTY_UNCLEANED)) == {reasons.GOODS_MIXED_LOADING}


def test_self_reactive_goods_with_a_label_1_travel_alone() -> None:
    goods = Catalogue(
        [
            GoodsRow(un_number="3221", goods_class="4.1", division="4.1", subsidiary="1", tunnel_code="B"),
            GoodsRow(un_number="3222", goods_class="4.1", division="4.1", subsidiary="1", tunnel_code="B"),
            GoodsRow(un_number="1350", goods_class="4.1", division="4.1", tunnel_code="E"),
        ],
        edition="test",
    )
    assert found(line("3221"), line("3222"), goods=goods) == set()
    assert found(line("3221"), line("1350"), goods=goods) == {reasons.GOODS_MIXED_LOADING}


# --- class 1


def test_explosives_state_their_net_mass() -> None:
    assert found(fireworks(net_g=0, mass_g=10)) == {reasons.GOODS_NET_EXPLOSIVE_MASS_MISSING}
    assert found(fireworks(net_g=1, mass_g=10)) == set()


def test_an_empty_uncleaned_box_of_explosives_need_not_state_a_net_mass_nor_have_an_ex_vehicle() -> None:
    assert found(fireworks(net_g=0, tank_state=TankState.EMPTY_UNCLEANED), vehicle="FL") == set()
    assert reasons.GOODS_NET_EXPLOSIVE_MASS_MISSING in found(fireworks(net_g=0, tank_state=TankState.PART))


def test_the_net_mass_is_no_more_than_the_mass() -> None:
    assert found(fireworks(net_g=1001, mass_g=1000)) == {reasons.GOODS_NET_EXPLOSIVE_MASS_TOO_LARGE}
    assert found(fireworks(net_g=1000, mass_g=1000)) == set()


@pytest.mark.parametrize("vehicle", ["FL", "AT", "CT", "", "EX/IV"])
def test_fireworks_need_a_vehicle_for_explosives_unless_1_4s(vehicle: str) -> None:
    assert found(fireworks("0336"), vehicle=vehicle) == {reasons.GOODS_VEHICLE_NOT_FOR_EXPLOSIVES}
    assert found(fireworks("0337"), vehicle=vehicle) == set()


@pytest.mark.parametrize(
    ("vehicle", "un_number", "limit_g"),
    [
        ("EX/II", "0333", 1_000_000),
        ("EX/II", "0334", 3_000_000),
        ("EX/II", "0335", 5_000_000),
        ("EX/II", "0336", 15_000_000),
        ("EX/II", "0331", 5_000_000),
        ("EX/II", "0007", 6_250),
        ("EX/II", "0486", 5_000_000),
        ("EX/III", "0333", 16_000_000),
        ("EX/III", "0334", 16_000_000),
        ("EX/III", "0335", 16_000_000),
        ("EX/III", "0336", 16_000_000),
        ("EX/III", "0331", 16_000_000),
        ("EX/III", "0486", 16_000_000),
        ("EX/III", "0007", 18_750),
    ],
)
def test_net_explosive_mass_is_limited_by_vehicle_to_the_gram(vehicle: str, un_number: str, limit_g: int) -> None:
    further = [
        GoodsRow(un_number="0007", goods_class="1", division="1.1", classification_code="1.1A", tunnel_code="B1000C"),
        GoodsRow(un_number="0486", goods_class="1", division="1.6", classification_code="1.6N", tunnel_code="B1000C"),
    ]
    goods = Catalogue([*core().rows(), *further], edition="test")

    def of(net_g: int) -> set[Reason]:
        return found(fireworks(un_number, net_g, mass_g=0), vehicle=vehicle, goods=goods)

    assert of(limit_g) == set()
    assert of(limit_g + 1) == {reasons.GOODS_EXPLOSIVES_ABOVE_LIMIT}


def test_a_mixed_load_is_limited_as_its_worst_division_and_1_4s_does_not_count() -> None:
    assert found(fireworks("0333", 500_000), fireworks("0336", 500_000)) == set()
    assert found(fireworks("0333", 500_000), fireworks("0336", 500_001)) == {reasons.GOODS_EXPLOSIVES_ABOVE_LIMIT}
    assert found(fireworks("0333", 500_000), fireworks("0337", 500_001)) == set()


def test_division_1_5_together_with_1_2_counts_as_1_1() -> None:
    twelve = GoodsRow(
        un_number="0035", goods_class="1", division="1.2", classification_code="1.2D", tunnel_code="B1000C"
    )
    goods = Catalogue([twelve, *core().rows_of("0331")], edition="test")
    assert found(fireworks("0035", 600_000), fireworks("0331", 400_000), goods=goods) == set()
    assert found(fireworks("0035", 600_000), fireworks("0331", 400_001), goods=goods) == {
        reasons.GOODS_EXPLOSIVES_ABOVE_LIMIT
    }


def test_a_lorry_without_tank_carries_ten_tonnes_of_class_1_to_the_gram() -> None:
    def of(*masses_g: int) -> set[Reason]:
        return found(*(fireworks("0336", 1, mass_g=mass_g) for mass_g in masses_g))

    assert of(6 * TONNE, 4 * TONNE) == set()
    assert of(6 * TONNE, 4 * TONNE + 1) == {reasons.GOODS_NON_TANK_ABOVE_LIMIT}


def test_ten_tonnes_bind_highly_toxic_goods_in_packages_and_not_in_a_tank() -> None:
    cyanide = line("1689", mass_g=10 * TONNE + 1)
    assert found(cyanide) == {reasons.GOODS_NON_TANK_ABOVE_LIMIT}
    assert found(replace(cyanide, mass_g=10 * TONNE)) == set()
    assert found(replace(cyanide, mode=Mode.TANK), vehicle="AT") == set()
    assert found(line("1203", mass_g=20 * TONNE)) == set()


def test_ten_tonnes_bind_what_is_strongly_corrosive_and_nothing_milder() -> None:
    rows = [
        GoodsRow(un_number="8101", goods_class="8", division="8", classification_code="C1", packing_group=group, tunnel_code="E")
        for group in ("I", "II")
    ]  # fmt: skip
    goods = Catalogue(rows, edition="test")
    strong = line("8101", packing_group="I", mass_g=10 * TONNE + 1)
    assert found(strong, goods=goods) == {reasons.GOODS_NON_TANK_ABOVE_LIMIT}
    assert found(replace(strong, mass_g=10 * TONNE), goods=goods) == set()
    assert found(replace(strong, packing_group="II"), goods=goods) == set()


# --- tanks


@pytest.mark.parametrize(
    ("have", "reason"),
    [
        ("LGBF", None),
        ("L4BH", None),
        ("LGBV", reasons.GOODS_TANK_CODE_TOO_LOW),
        ("LGAF", reasons.GOODS_TANK_CODE_TOO_LOW),
        ("SGBF", reasons.GOODS_TANK_CODE_TOO_LOW),
        ("petrol", reasons.GOODS_TANK_CODE_UNREADABLE),
    ],
)
def test_the_tank_offered_is_held_against_the_one_required(have: str, reason: Reason | None) -> None:
    assert found(line("1203", mode=Mode.TANK, tank_code=have), vehicle="FL") == ({reason} if reason else set())


def test_a_gas_tank_with_a_figure_is_held_against_x_by_hand() -> None:
    assert found(line("1075", mode=Mode.TANK, tank_code="P18BN"), vehicle="FL") == {reasons.GOODS_TANK_CODE_BY_HAND}
    assert found(line("1075", mode=Mode.TANK, tank_code="PxBN(M)"), vehicle="FL") == set()


def test_goods_without_a_tank_code_in_a_tank_are_told() -> None:
    assert found(line("2555", mode=Mode.TANK), vehicle="") == {reasons.GOODS_TANK_NOT_LISTED}
    assert found(line("2555")) == set()


@pytest.mark.parametrize(
    ("un_number", "right", "wrong"),
    [
        ("1203", ("FL", ""), ("AT", "OX", "CT", "EX/II", "EX/III")),
        ("1202", ("FL", "AT", "OX", ""), ("CT", "EX/III")),
        ("1075", ("FL", ""), ("AT", "OX", "CT")),
        ("1017", ("FL", "OX", "AT", ""), ("CT", "EX/II")),
        ("2015", ("OX", "FL", ""), ("AT", "CT")),
    ],
)
def test_goods_in_a_tank_need_their_type_of_vehicle_and_packages_do_not(
    un_number: str, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    goods = Catalogue(core().rows_of(un_number)[:1], edition="test")
    in_tank = line(un_number, packing_group=goods.rows()[0].packing_group, mode=Mode.TANK)
    for vehicle in wrong:
        refused = findings(in_tank, vehicle=vehicle, goods=goods)
        assert [(each.reason, each.severity) for each in refused] == [
            (reasons.GOODS_VEHICLE_TYPE_WRONG, Severity.ERROR)
        ]
        assert found(replace(in_tank, mode=Mode.PACKAGES), vehicle=vehicle, goods=goods) == set()
        assert found(replace(in_tank, tank_state=TankState.CLEANED), vehicle=vehicle, goods=goods) == set()
        uncleaned = replace(in_tank, tank_state=TankState.EMPTY_UNCLEANED)
        assert found(uncleaned, vehicle=vehicle, goods=goods) == {reasons.GOODS_VEHICLE_TYPE_WRONG}
    for vehicle in right:
        assert found(in_tank, vehicle=vehicle, goods=goods) == set()


def test_a_type_that_only_some_entries_need_is_a_warning() -> None:
    rows = [
        GoodsRow(un_number="8102", goods_class="8", division="8", subsidiary=label, tunnel_code="E", tank_code="L4BN")
        for label in ("3", "")
    ]  # fmt: skip
    goods = Catalogue(rows, edition="test")
    told = findings(line("8102", mode=Mode.TANK), vehicle="AT", goods=goods)
    severities = {each.reason: each.severity for each in told}
    assert severities[reasons.GOODS_VEHICLE_TYPE_WRONG] is Severity.WARNING
    assert reasons.GOODS_VEHICLE_TYPE_WRONG not in found(line("8102", mode=Mode.TANK), vehicle="FL", goods=goods)


# --- bases


def test_every_finding_on_a_rule_cites_its_basis() -> None:
    refused = findings(fireworks("0335", 6_000_000), line("1203"), lq("1131", mass_g=9 * TONNE), line("1402"))
    assert len(refused) >= 5
    assert all(finding.basis is not None and finding.rule for finding in refused)


def test_no_two_texts_of_a_basis_or_policy_are_in_force_on_one_day() -> None:
    days = {date(2018, 12, 1), date(2025, 3, 31), date(2025, 4, 1), date(2026, 4, 30), date(2026, 5, 1), ON}
    for name, texts in BASES.items():
        assert all(sum(basis.in_force(day) for basis in texts) <= 1 for day in days), name
        assert basis_on(name, ON) is not None, name
    for name in POLICIES:
        assert policy_on(name, ON) is not None, name


def test_the_law_on_highly_toxic_chemicals_changes_with_its_day() -> None:
    before, after = basis_on("HIGHLY_TOXIC", date(2026, 4, 30)), basis_on("HIGHLY_TOXIC", date(2026, 5, 1))
    assert before != after
    assert after is not None
    assert not after.verified


def test_every_reason_of_goods_fills_its_text_from_its_values() -> None:
    refused = [
        *findings(fireworks("0335", 6_000_000, mass_g=1), line("1203"), line("9999"), line("1203", packing_group="I")),
        *findings(fireworks("0029"), fireworks("0082"), vehicle=""),
        *findings(lq("1131", mass_g=9 * TONNE, packages=0), fireworks("0337", 0)),
    ]
    assert len({finding.reason for finding in refused}) >= 9
    assert not any("{" in finding.zh + finding.en for finding in refused)


def test_the_reasons_of_goods_stand_in_the_catalogue() -> None:
    assert all(catalogue()[name] is value for name, value in vars(reasons).items() if isinstance(value, Reason))
