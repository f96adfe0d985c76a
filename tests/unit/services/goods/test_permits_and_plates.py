"""Which substances are under special rules, what papers they need, and what the vehicle shows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.goods import (
    Control,
    Load,
    LoadLine,
    Mode,
    OrangePlate,
    Permit,
    Regime,
    TankState,
    core,
    is_ordinary_cargo,
    partial_lists,
    permits_needed,
    plates,
    special_control_of,
    substances_of,
)

ON = date(2026, 11, 1)
SPECIAL = (
    "0222 1942 2426 0340 0341 0342 0343 2555 2556 2557 1485 1495 1017 1005 2480 1595 1689 3414 1680 3413 1075 1972 "
    "1040 1086 1033 1203 3475 1280 1131 1230 1170"
)


def controls(**values: Any) -> set[Control]:
    return {substance.control for substance in substances_of(LoadLine(**values), core())}


def permits(*lines: LoadLine) -> set[tuple[Permit, ...]]:
    return {need.any_of for need in permits_needed(Load(lines=lines), core(), ON)}


@pytest.mark.parametrize("un_number", SPECIAL.split())
def test_every_number_of_the_special_control_list_is_known_and_in_the_core_list(un_number: str) -> None:
    assert special_control_of(un_number)
    assert core().rows_of(un_number)


@pytest.mark.parametrize("un_number", ["1965", "1978", "1011"])
def test_liquefied_petroleum_gas_is_controlled_under_its_other_numbers_too(un_number: str) -> None:
    assert special_control_of(un_number) == "11 液化石油气"


def test_diesel_is_not_specially_controlled() -> None:
    assert special_control_of("1202") == ""
    assert controls(un_number="1202") == set()


def test_a_substance_is_found_by_its_cas_number_under_a_collective_entry() -> None:
    assert controls(un_number="1993") == set()
    assert controls(un_number="1993", cas="64-17-5") == {Control.SPECIAL_CONTROL}
    assert controls(un_number="1993", cas="64-17-6") == set()


@pytest.mark.parametrize("name", ["乙醇", "乙醇（工业级）", "ethanol", "ＥＴＨＡＮＯＬ", " 乙醇 ", "乙醇；95%"])
def test_a_substance_is_found_by_its_name(name: str) -> None:
    assert controls(un_number="1993", name=name) == {Control.SPECIAL_CONTROL}


@pytest.mark.parametrize("name", ["乙醇胺", "硝酸铵基肥料", "甲醇钠"])
def test_a_name_that_only_begins_alike_is_another_substance(name: str) -> None:
    assert controls(un_number="1993", name=name) == set()


@pytest.mark.parametrize(
    ("un_number", "permit"),
    [
        ("1689", (Permit.TOXIC_ROAD_PASS,)),
        ("0336", (Permit.FIREWORKS_ROAD_PERMIT,)),
        ("0432", (Permit.FIREWORKS_ROAD_PERMIT, Permit.CIVIL_EXPLOSIVES_TRANSPORT_PERMIT)),
        ("0082", (Permit.CIVIL_EXPLOSIVES_TRANSPORT_PERMIT,)),
        ("1715", (Permit.DRUG_PRECURSOR_TRANSPORT_PERMIT,)),
        ("1294", (Permit.DRUG_PRECURSOR_FILING,)),
        ("1830", (Permit.DRUG_PRECURSOR_FILING,)),
        ("2014", (Permit.EXPLOSIVE_PRECURSOR_REPORT,)),
        ("1203", (Permit.SPECIAL_CONTROL_TRACE,)),
    ],
)
def test_what_each_kind_of_goods_needs(un_number: str, permit: tuple[Permit, ...]) -> None:
    assert permit in permits(LoadLine(un_number=un_number))


def test_fireworks_need_no_civil_explosives_permit() -> None:
    assert permits(LoadLine(un_number="0336")) == {(Permit.FIREWORKS_ROAD_PERMIT,)}


def test_an_explosive_precursor_needs_a_report_and_no_paper() -> None:
    needs = permits_needed(Load(lines=(LoadLine(un_number="2031"),)), core(), ON)
    assert [need.is_document for need in needs] == [False]


def test_a_need_names_all_the_lines_that_cause_it() -> None:
    lines = (LoadLine(un_number="1017"), LoadLine(un_number="1203"), LoadLine(un_number="1017"))
    needs = permits_needed(Load(lines=lines), core(), ON)
    toxic = [need for need in needs if need.control is Control.HIGHLY_TOXIC]
    assert [need.lines for need in toxic] == [(0, 2)]
    assert toxic[0].basis is not None


@pytest.mark.parametrize("state", [TankState.EMPTY_UNCLEANED, TankState.CLEANED, TankState.GAS_FREE])
def test_an_empty_tank_needs_no_permit(state: TankState) -> None:
    assert permits(LoadLine(un_number="1017", tank_state=state)) == set()


def test_lists_known_only_in_part_say_so() -> None:
    assert Control.HIGHLY_TOXIC in partial_lists()
    assert Control.SPECIAL_CONTROL not in partial_lists()


# --- plates


def tank(un_number: str, **values: object) -> LoadLine:
    return LoadLine(un_number=un_number, mode=Mode.TANK, **values)  # type: ignore[arg-type]


def shown(*lines: LoadLine) -> tuple[tuple[OrangePlate, ...], tuple[str, ...]]:
    result = plates(Load(lines=lines), core(), ON)
    return result.orange, result.placards


def test_a_petrol_tanker_shows_33_over_1203() -> None:
    assert shown(tank("1203")) == ((OrangePlate("33", "1203"),), ("3",))


def test_an_empty_uncleaned_tanker_keeps_its_plates_and_a_cleaned_one_shows_none() -> None:
    assert shown(tank("1203", tank_state=TankState.EMPTY_UNCLEANED)) == shown(tank("1203"))
    assert shown(tank("1203", tank_state=TankState.CLEANED)) == ((), ())


def test_a_tanker_with_two_products_shows_both_and_a_blank_plate() -> None:
    orange, placards = shown(tank("1203"), tank("1202", packing_group="III"))
    assert orange == (OrangePlate("33", "1203"), OrangePlate("30", "1202"), OrangePlate())
    assert placards == ("3",)


def test_packages_show_a_blank_plate_and_every_label() -> None:
    assert shown(LoadLine(un_number="1017")) == ((OrangePlate(),), ("2.3", "5.1", "8"))


def test_an_unnamed_packing_group_shows_the_gravest_number() -> None:
    assert shown(tank("1402"))[0] == (OrangePlate("X423", "1402"),)
    assert shown(tank("1402", packing_group="II"))[0] == (OrangePlate("423", "1402"),)


def test_fireworks_show_their_code_and_a_mixed_load_its_worst_division() -> None:
    assert shown(LoadLine(un_number="0336"))[1] == ("1.4G",)
    assert shown(LoadLine(un_number="0336"), LoadLine(un_number="0335"))[1] == ("1.3",)


def test_limited_quantities_show_their_own_mark_above_eight_tonnes_only() -> None:
    def marked(mass_g: int) -> bool:
        line = LoadLine(un_number="1203", quantity_regime=Regime.LQ, packages=1, mass_g=mass_g)
        result = plates(Load(lines=(line,)), core(), ON)
        assert (result.orange, result.placards) == ((), ())
        return result.limited_quantity_mark

    assert not marked(8_000_000)
    assert marked(8_000_001)


def test_the_standard_on_plates_changes_with_its_day() -> None:
    load = Load(lines=(tank("1203"),))
    before, after = (plates(load, core(), day).basis for day in (date(2025, 3, 31), date(2025, 4, 1)))
    assert before is not None
    assert after is not None
    assert ("2005" in before.zh, "2023" in after.zh) == (True, True)


# --- ordinary cargo


def test_small_quantities_are_ordinary_cargo_until_one_line_travels_normally() -> None:
    small = LoadLine(un_number="1203", quantity_regime=Regime.LQ, packages=1, mass_g=8_000_000)
    excepted = LoadLine(un_number="1203", quantity_regime=Regime.EQ, packages=1000)
    assert is_ordinary_cargo(Load(lines=(small, excepted)), ON)
    assert not is_ordinary_cargo(Load(lines=(small, LoadLine(un_number="1203"))), ON)
    assert not is_ordinary_cargo(Load(lines=(small, small)), ON)
    assert not is_ordinary_cargo(Load(lines=(small,)), date(2019, 12, 31))


def test_a_cleaned_tank_alone_is_ordinary_cargo() -> None:
    assert is_ordinary_cargo(Load(lines=(tank("1203", tank_state=TankState.CLEANED),)), ON)
