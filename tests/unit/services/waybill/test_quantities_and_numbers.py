"""What was loaded against what was ordered, to the gram; and numbers in blocks, online and offline."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.model import Compartment, Medium, TankKind
from services.waybill.issuing.numbering import NumberBlock, NumberRule, check_offline_number
from services.waybill.model import GoodsLine, Waybill
from services.waybill.rules.quantities import check_actual, mass_aboard, volume_of
from tests.unit.services.waybill.petrol_trip import (
    CATALOGUE,
    FACTS,
    NOW,
    PETROL,
    SECOND,
    TANK,
    carrying,
    errors,
    issue,
    knowing,
    warned,
)

ORDER = carrying(replace(PETROL, mass_g=20_000_000))


def actual(grams: int, waybill: Waybill = ORDER, tolerance: int | None = None):  # type: ignore[no-untyped-def]
    return check_actual(waybill, FACTS, CATALOGUE, {1: grams}, NOW, tolerance)


@pytest.mark.parametrize(("grams", "refused"), [(20_000_000, False), (20_400_000, False), (20_400_001, True)])
def test_the_order_and_its_tolerance_hold_to_the_gram(grams: int, refused: bool) -> None:
    assert errors(actual(grams)) == (["QUANTITY_OUT_OF_TOLERANCE"] if refused else [])


def test_less_than_ordered_is_a_warning_and_less_than_nothing_an_error() -> None:
    assert actual(19_600_000) == ()
    found = actual(19_599_999)
    assert (errors(found), warned(found)) == ([], ["QUANTITY_OUT_OF_TOLERANCE"])
    assert errors(actual(-1)) == ["QUANTITY_OUT_OF_TOLERANCE"]


def test_a_tolerance_of_its_own_replaces_the_common_one() -> None:
    assert errors(actual(20_000_001, tolerance=0)) == ["QUANTITY_OUT_OF_TOLERANCE"]
    assert actual(21_000_000, tolerance=50) == ()


def test_within_tolerance_but_above_the_rated_mass_is_refused() -> None:
    full = carrying(replace(PETROL, mass_g=28_000_000))
    assert actual(28_000_000, full) == ()
    assert errors(actual(28_000_001, full)) == ["OVERLOADED"] * 3


def test_within_tolerance_but_above_the_degree_of_filling_is_refused() -> None:
    compartment = replace(TANK.compartments[0], volume_ml=28_448_000)
    facts = knowing(FACTS, replace(TANK, compartments=(compartment,)))
    limit_g = 28_448_000 * 950 // 1000 * 740 // 1000
    assert errors(check_actual(ORDER, facts, CATALOGUE, {1: limit_g}, NOW)) == []
    assert errors(check_actual(ORDER, facts, CATALOGUE, {1: limit_g + 1}, NOW)) == ["OVERFILLED"]


def test_a_line_the_waybill_does_not_have_is_refused() -> None:
    assert errors(check_actual(ORDER, FACTS, CATALOGUE, {1: 20_000_000, 2: 1}, NOW)) == ["GOODS_LINE_UNKNOWN"]


@given(st.integers(1, 10**8), st.integers(1, 3000))
def test_a_volume_is_rounded_up_and_never_by_a_whole_millilitre(mass_g: int, density: int) -> None:
    line = GoodsLine(
        number=1, un_number="1203", name="", hazard_class="3", mode="tank", mass_g=mass_g, density_mg_per_ml=density
    )
    volume = volume_of(line)
    assert (volume - 1) * density < mass_g * 1000 <= volume * density


RULE = NumberRule()
LICENCE = "370305000509"
DAY = date(2026, 6, 1)


def test_a_number_is_prefix_licence_day_and_serial() -> None:
    assert RULE.number(LICENCE, DAY, 1) == "C37030500050920260601001"
    assert len(RULE.number(LICENCE, DAY, 1)) == 24


@given(st.integers(0, 999), st.dates())
def test_a_number_read_back_is_what_it_was_made_of(serial: int, day: date) -> None:
    if day.year >= 1000:
        assert RULE.parse(RULE.number(LICENCE, day, serial)) == (LICENCE, day, serial)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "C37030500050920260601",
        "T37030500050920260601001",
        "C37030500050920261301001",
        "C３7030500050920260601001",
        "C37030500050920260601001\n",
    ],
)
def test_a_number_of_another_form_is_no_number(number: str) -> None:
    assert RULE.parse(number) is None


@pytest.mark.parametrize(("licence", "serial"), [("3703", 0), (LICENCE, 1000), (LICENCE, -1)])
def test_what_does_not_fit_makes_no_number(licence: str, serial: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        RULE.number(licence, DAY, serial)


BLOCK = NumberBlock(LICENCE, DAY, 10, 20)


def offline(serial: int, *, taken: tuple[str, ...] = (), issued_at=NOW, at=NOW):  # type: ignore[no-untyped-def]
    return check_offline_number(RULE, RULE.number(LICENCE, DAY, serial), [BLOCK], taken, issued_at, at)


@pytest.mark.parametrize(("serial", "refused"), [(9, True), (10, False), (19, False), (20, True)])
def test_an_offline_number_is_one_of_the_block(serial: int, refused: bool) -> None:
    assert errors(offline(serial)) == (["NUMBER_NOT_IN_BLOCK"] if refused else [])


def test_an_offline_number_is_used_once_and_on_its_legal_day() -> None:
    assert errors(offline(10, taken=(RULE.number(LICENCE, DAY, 10),))) == ["NUMBER_TAKEN"]
    last = NOW + timedelta(hours=16) - SECOND  # 23:59:59 in Shanghai
    assert offline(10, issued_at=last, at=last) == ()
    assert errors(offline(10, issued_at=last + SECOND, at=last + SECOND)) == ["NUMBER_NOT_IN_BLOCK"]


def test_reporting_within_a_day_carries_no_warning() -> None:
    assert offline(10, at=NOW + timedelta(hours=24)) == ()
    assert warned(offline(10, at=NOW + timedelta(hours=24) + SECOND)) == ["OFFLINE_UPLOAD_LATE"]


def litres(millilitres: int) -> GoodsLine:
    return replace(PETROL, mass_g=1_000, density_mg_per_ml=0, volume_ml=millilitres)


@pytest.mark.parametrize(
    ("filled_ml", "volume_ml", "surging"),
    [
        (2_000_000, 10_000_000, False),
        (2_000_001, 10_000_000, True),
        (7_999_999, 10_000_000, True),
        (8_000_000, 10_000_000, False),
        (4_000_000, 7_500_000, False),
        (4_000_000, 7_500_001, True),
    ],
)
@pytest.mark.parametrize("compartment", [1, None])
def test_the_surge_range_holds_to_the_millilitre(
    filled_ml: int, volume_ml: int, surging: bool, compartment: int | None
) -> None:
    facts = knowing(FACTS, replace(TANK, compartments=(Compartment(1, volume_ml),)))
    found = issue(carrying(replace(litres(filled_ml), compartment=compartment)), facts)
    assert (errors(found), warned(found)) == ([], ["SURGE_RANGE"] if surging else [])


def test_without_a_compartment_the_whole_tank_is_judged_but_not_its_surge() -> None:
    two = (Compartment(1, 10_000_000), Compartment(2, 10_000_000))
    facts = knowing(FACTS, replace(TANK, compartments=two))
    assert issue(carrying(replace(litres(10_000_000), compartment=None)), facts) == ()
    assert errors(issue(carrying(replace(litres(19_000_001), compartment=None)), facts)) == ["OVERFILLED"]


def test_gases_are_filled_by_mass_and_have_no_degree_of_filling() -> None:
    gas = replace(litres(40_000_000), un_number="1075", name="液化石油气", hazard_class="2.1", packing_group="")
    tank = replace(TANK, kind=TankKind.PRESSURE, tank_code="P16BN", permitted_media=(Medium("1075"),))
    assert "OVERFILLED" not in errors(issue(carrying(gas), knowing(FACTS, tank)))
    assert "OVERFILLED" in errors(issue(carrying(litres(40_000_000))))


def test_what_is_beside_the_tank_does_not_fill_it() -> None:
    cans = replace(litres(40_000_000), mode="packages", package_count=1)
    assert "OVERFILLED" not in errors(issue(carrying(cans)))


def test_packaging_counts_before_and_after_the_loading() -> None:
    drums = replace(PETROL, mass_g=20_000_000, gross_mass_g=21_000_000)
    assert [mass_aboard(drums), mass_aboard(replace(drums, actual_mass_g=20_000_001))] == [21_000_000, 21_000_001]
    assert [mass_aboard(PETROL), mass_aboard(replace(PETROL, actual_mass_g=5))] == [28_000_000, 5]


def test_a_stated_volume_counts_where_no_density_is_known() -> None:
    assert volume_of(litres(7)) == 7
    assert volume_of(replace(litres(7), density_mg_per_ml=1)) == 1_000_000
