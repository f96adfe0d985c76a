"""Each tunnel code, by carriage mode and to the gram."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import cast

import pytest

from services.goods import Catalogue, GoodsRow, Load, LoadLine, Mode, Regime, TankState, core, tunnel_categories
from services.goods.bases import POLICIES, Policy

ON = date(2026, 11, 1)
TANK, BULK, PACKAGES = Mode.TANK, Mode.BULK, Mode.PACKAGES


def a_catalogue(*codes: str) -> Catalogue:
    """UN 0001, 0002 ... with one code each."""
    rows = [
        GoodsRow(
            un_number=f"{number:04}", goods_class="1", division="1.1", classification_code="1.1D", tunnel_code=code
        )
        for number, code in enumerate(codes, 1)
    ]
    return Catalogue(rows, edition="test")


def forbidden(code: str, mode: Mode, net_g: int = 1) -> str:
    line = LoadLine(un_number="0001", mode=mode, net_explosive_mass_g=net_g)
    judgement = tunnel_categories(Load(lines=(line,)), a_catalogue(code), ON)
    assert not judgement.unknown
    assert judgement.allowed + judgement.forbidden == ("A", "B", "C", "D", "E")
    return "".join(judgement.forbidden)


@pytest.mark.parametrize(
    ("code", "tank", "bulk", "packages"),
    [
        ("B", "BCDE", "BCDE", "BCDE"),
        ("B/D", "BCDE", "DE", "DE"),
        ("B/E", "BCDE", "E", "E"),
        ("C", "CDE", "CDE", "CDE"),
        ("C/D", "CDE", "DE", "DE"),
        ("C/E", "CDE", "E", "E"),
        ("D", "DE", "DE", "DE"),
        ("D/E", "DE", "DE", "E"),
        ("E", "E", "E", "E"),
        ("-", "", "", ""),
    ],
)
def test_each_code_forbids_by_carriage_mode(code: str, tank: str, bulk: str, packages: str) -> None:
    assert (forbidden(code, TANK), forbidden(code, BULK), forbidden(code, PACKAGES)) == (tank, bulk, packages)


@pytest.mark.parametrize(
    ("code", "net_g", "expected"),
    [
        ("B1000C", 1_000_000, "CDE"),
        ("B1000C", 1_000_001, "BCDE"),
        ("C5000D", 5_000_000, "DE"),
        ("C5000D", 5_000_001, "CDE"),
    ],
)
def test_net_explosive_mass_turns_at_the_gram(code: str, net_g: int, expected: str) -> None:
    assert forbidden(code, PACKAGES, net_g) == expected


def test_net_explosive_mass_counts_over_the_whole_transport_unit() -> None:
    lines = tuple(LoadLine(un_number="0333", net_explosive_mass_g=net_g) for net_g in (600_000, 400_001))
    assert tunnel_categories(Load(lines=lines), core(), ON).forbidden == ("B", "C", "D", "E")
    lines = tuple(LoadLine(un_number="0333", net_explosive_mass_g=net_g) for net_g in (600_000, 400_000))
    assert tunnel_categories(Load(lines=lines), core(), ON).forbidden == ("C", "D", "E")


def test_smokeless_powder_of_3000_kg_is_kept_out_of_d_and_e() -> None:
    line = LoadLine(un_number="0161", net_explosive_mass_g=3_000_000)
    assert tunnel_categories(Load(lines=(line,)), core(), ON).forbidden == ("D", "E")


def test_petrol_in_a_tank_is_kept_out_of_d_and_in_drums_only_out_of_e() -> None:
    def of(mode: Mode) -> tuple[str, ...]:
        return tunnel_categories(Load(lines=(LoadLine(un_number="1203", mode=mode),)), core(), ON).forbidden

    assert of(TANK) == ("D", "E")
    assert of(PACKAGES) == ("E",)


def test_the_strictest_line_rules_a_mixed_load() -> None:
    lines = (LoadLine(un_number="1203"), LoadLine(un_number="1075", mode=TANK), LoadLine(un_number="3077"))
    judgement = tunnel_categories(Load(lines=lines), core(), ON)
    assert judgement.forbidden == ("B", "C", "D", "E")
    assert [reason.lowest_forbidden for reason in judgement.reasons] == ["E", "B", ""]


def test_an_empty_code_is_unknown_and_never_allowed() -> None:
    line = LoadLine(un_number="0001", net_explosive_mass_g=1)
    judgement = tunnel_categories(Load(lines=(line,)), a_catalogue(""), ON)
    assert (judgement.allowed, judgement.forbidden, judgement.unknown) == (("A",), (), ("B", "C", "D", "E"))
    assert not judgement.allows("B")


def test_an_unknown_line_leaves_what_another_line_forbids_forbidden() -> None:
    lines = (LoadLine(un_number="9999"), LoadLine(un_number="1203", mode=TANK))
    judgement = tunnel_categories(Load(lines=lines), core(), ON)
    assert (judgement.allowed, judgement.forbidden, judgement.unknown) == (("A",), ("D", "E"), ("B", "C"))


def test_an_empty_uncleaned_tank_keeps_the_code_of_its_last_goods() -> None:
    line = LoadLine(un_number="1203", mode=TANK, tank_state=TankState.EMPTY_UNCLEANED)
    judgement = tunnel_categories(Load(lines=(line,)), core(), ON)
    assert judgement.forbidden == ("D", "E")
    assert "last goods" in judgement.reasons[0].en


def test_an_empty_uncleaned_box_of_fireworks_need_not_state_what_is_left_in_it() -> None:
    line = LoadLine(un_number="0335", tank_state=TankState.EMPTY_UNCLEANED)
    assert tunnel_categories(Load(lines=(line,)), core(), ON).forbidden == ("D", "E")


def test_the_policy_on_empty_tanks_is_data_and_may_change_with_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    (policy,) = POLICIES["EMPTY_UNCLEANED_KEEPS_CODE"]
    lifted = date(2027, 1, 1)
    until, after = replace(policy.basis, effective_to=lifted), replace(policy.basis, effective_from=lifted)
    rows = (Policy(1, until), Policy(0, after))
    monkeypatch.setitem(cast(dict[str, object], POLICIES), "EMPTY_UNCLEANED_KEEPS_CODE", rows)
    load = Load(lines=(LoadLine(un_number="1203", mode=TANK, tank_state=TankState.EMPTY_UNCLEANED),))
    assert tunnel_categories(load, core(), date(2026, 12, 31)).forbidden == ("D", "E")
    assert tunnel_categories(load, core(), lifted).forbidden == ()


@pytest.mark.parametrize("state", [TankState.CLEANED, TankState.GAS_FREE])
def test_a_cleaned_tank_restricts_nothing(state: TankState) -> None:
    line = LoadLine(un_number="1203", mode=TANK, tank_state=state)
    assert tunnel_categories(Load(lines=(line,)), core(), ON).allowed == ("A", "B", "C", "D", "E")


def test_limited_quantities_count_as_e_above_eight_tonnes_to_the_gram() -> None:
    def allowed(*masses_g: int) -> bool:
        lines = tuple(LoadLine(un_number="1263", quantity_regime=Regime.LQ, mass_g=mass_g) for mass_g in masses_g)
        return tunnel_categories(Load(lines=lines), core(), ON).allows("E")

    assert allowed(5_000_000, 3_000_000)
    assert not allowed(5_000_000, 3_000_001)


def test_excepted_quantities_do_not_count() -> None:
    line = LoadLine(un_number="1203", quantity_regime=Regime.EQ, mass_g=9_000_000, packages=2000)
    assert tunnel_categories(Load(lines=(line,)), core(), ON).allows("E")


def test_fireworks_without_a_net_explosive_mass_are_judged_as_above_the_limit() -> None:
    judgement = tunnel_categories(Load(lines=(LoadLine(un_number="0335"),)), core(), ON)
    assert judgement.forbidden == ("C", "D", "E")
    assert "not stated" in judgement.reasons[0].en


def test_one_line_without_a_net_explosive_mass_makes_the_sum_unknown_to_all() -> None:
    lines = (LoadLine(un_number="0335", net_explosive_mass_g=1), LoadLine(un_number="0336"))
    assert tunnel_categories(Load(lines=lines), core(), ON).forbidden == ("C", "D", "E")


def test_paint_of_an_unnamed_variant_takes_the_strictest_and_says_so() -> None:
    line = LoadLine(un_number="1263", packing_group="III", mode=BULK)
    judgement = tunnel_categories(Load(lines=(line,)), core(), ON)
    assert judgement.forbidden == ("D", "E")
    assert "strictest" in judgement.reasons[0].en


def test_carbide_of_group_two_is_not_judged_as_group_one() -> None:
    def of(group: str) -> tuple[str, ...]:
        line = LoadLine(un_number="1402", packing_group=group, mode=TANK)
        return tunnel_categories(Load(lines=(line,)), core(), ON).forbidden

    assert of("II") == ("D", "E")
    assert of("I") == of("") == ("B", "C", "D", "E")


def test_before_the_rules_were_in_force_nothing_is_allowed_silently() -> None:
    judgement = tunnel_categories(Load(lines=(LoadLine(un_number="1203"),)), core(), date(2018, 11, 30))
    assert judgement.unknown == ("B", "C", "D", "E")


def test_an_empty_load_may_go_anywhere() -> None:
    assert tunnel_categories(Load(), core(), ON).allowed == ("A", "B", "C", "D", "E")
