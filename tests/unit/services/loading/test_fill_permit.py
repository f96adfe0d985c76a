"""How much may be filled, to the gram: order and tolerance, degree of filling, rated masses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.loading.model import Bound, Fill
from services.loading.permit import check_densities, limit_at_ml
from services.registry.model import Compartment, Medium
from services.waybill.rules.quantities import check_actual
from tests.unit.services.loading.loading_samples import FILL, ISSUED, a_permit, at_gate
from tests.unit.services.waybill.petrol_trip import (
    CATALOGUE,
    FACTS,
    NOW,
    PETROL,
    TANK,
    TRACTOR,
    TRAILER,
    carrying,
    errors,
    knowing,
)

ROOMY = knowing(FACTS, replace(TRAILER, rated_mass_g=90_000_000), replace(TRACTOR, towing_mass_g=0),
                replace(TANK, rated_mass_g=90_000_000))  # fmt: skip


def entry(facts=FACTS, waybill=ISSUED, *fills: Fill):  # type: ignore[no-untyped-def]
    return a_permit(at_gate(facts, waybill), *fills).entries[0]


def test_the_rated_mass_bounds_an_order_that_just_fits() -> None:
    assert (entry().maximum_g, entry().bound) == (28_000_000, Bound.RATED_MASS)


def test_the_order_and_two_per_cent_bound_a_small_order() -> None:
    small = carrying(replace(PETROL, mass_g=10_000_049), waybill=ISSUED)
    assert entry(FACTS, small).maximum_g == 10_000_049 + 200_000  # 200,000.98 rounded down
    assert entry(FACTS, small).bound is Bound.ORDER


def test_ninety_five_per_cent_of_the_compartment_bound_a_big_order() -> None:
    big = carrying(replace(PETROL, mass_g=29_000_000), waybill=ISSUED)
    assert entry(ROOMY, big).maximum_g == 40_000_000 * 950 // 1000 * 740 // 1000 == 28_120_000
    assert entry(ROOMY, big).bound is Bound.FILLING


def test_a_cold_liquid_leaves_more_room_than_the_flat_figure() -> None:
    cold = replace(FILL, temperature_dc=-100, expansion_ppm_per_k=1_200)
    big = carrying(replace(PETROL, mass_g=29_000_000), waybill=ISSUED)
    assert entry(ROOMY, big, cold).maximum_g == limit_at_ml(40_000_000, 100, 1_200, -100) * 740 // 1000
    assert entry(ROOMY, big, cold).maximum_g < entry(ROOMY, big).maximum_g


def test_the_smaller_of_both_densities_counts() -> None:
    big = carrying(replace(PETROL, mass_g=29_000_000), waybill=ISSUED)
    assert entry(ROOMY, big, replace(FILL, density_mg_per_ml=700)).maximum_g == 38_000_000 * 700 // 1000
    assert entry(ROOMY, big, replace(FILL, density_mg_per_ml=800)).maximum_g == 28_120_000


def test_a_liquid_without_any_density_has_no_permit() -> None:
    silent = carrying(replace(PETROL, density_mg_per_ml=0), waybill=ISSUED)
    assert errors(check_densities((replace(FILL, density_mg_per_ml=0),), at_gate(FACTS, silent))) == ["DENSITY_NEEDED"]
    assert check_densities((FILL,), at_gate(FACTS, silent)) == ()
    assert check_densities((replace(FILL, density_mg_per_ml=0),), at_gate()) == ()


def test_a_gas_is_filled_by_mass_and_needs_no_density() -> None:
    lpg = replace(
        PETROL, un_number="1965", name="液化石油气", hazard_class="2.1", density_mg_per_ml=0, packing_group=""
    )
    trip = at_gate(
        knowing(ROOMY, replace(TANK, permitted_media=(Medium("1965"),), rated_mass_g=90_000_000)),
        carrying(lpg, waybill=ISSUED),
    )
    assert check_densities((replace(FILL, density_mg_per_ml=0),), trip) == ()
    assert a_permit(trip).entries[0].maximum_g == 28_000_000 + 560_000


def test_what_the_tractor_may_tow_bounds_too() -> None:
    weak = knowing(ROOMY, replace(TRACTOR, towing_mass_g=30_000_000))
    assert a_permit(at_gate(weak)).maximum_total_g == 30_000_000 - 9_000_000


def test_a_permit_without_anything_to_bear_the_goods_permits_nothing() -> None:
    assert a_permit(at_gate(FACTS, replace(ISSUED, assignments=()))).maximum_total_g == 0


def test_a_permit_is_for_this_revision_and_four_hours() -> None:
    permit = a_permit(at_gate(FACTS, replace(ISSUED, revision=3)))
    assert (permit.revision, permit.expires_at) == (3, NOW + timedelta(hours=4))


def test_every_line_of_two_compartments_has_a_maximum_of_its_own() -> None:
    two = knowing(ROOMY, replace(TANK, compartments=(Compartment(1, 20_000_000), Compartment(2, 10_000_000))))
    lines = (replace(PETROL, mass_g=13_000_000), replace(PETROL, number=2, mass_g=7_000_000, compartment=2))
    permit = a_permit(
        at_gate(two, carrying(*lines, waybill=ISSUED)), FILL, replace(FILL, goods_number=2, compartment=2)
    )
    assert [each.maximum_g for each in permit.entries] == [13_260_000, 10_000_000 * 95 // 100 * 740 // 1000]


@given(
    mass=st.integers(1, 40_000_000),
    volume=st.integers(1_000_000, 60_000_000),
    density=st.integers(300, 2_000),
    rated=st.integers(1_000_000, 40_000_000),
)
def test_the_waybill_takes_the_maximum_and_refuses_a_gram_more(
    mass: int, volume: int, density: int, rated: int
) -> None:
    facts = knowing(FACTS, replace(TANK, compartments=(Compartment(1, volume),), rated_mass_g=rated))
    order = carrying(replace(PETROL, mass_g=mass, density_mg_per_ml=density), waybill=ISSUED)
    most = entry(facts, order, replace(FILL, density_mg_per_ml=density)).maximum_g
    assert errors(check_actual(order, facts, CATALOGUE, {1: most}, NOW)) == []
    assert errors(check_actual(order, facts, CATALOGUE, {1: most + 1}, NOW)) != []


@given(
    volume=st.integers(1, 10**9), percent=st.sampled_from((95, 97, 98, 100)), expansion=st.integers(0, 5_000),
    temperature=st.integers(-2_000, 1_500),
)  # fmt: skip
def test_the_degree_of_filling_is_the_formula_rounded_down(
    volume: int, percent: int, expansion: int, temperature: int
) -> None:
    warming = max(Fraction(0), 50 - Fraction(temperature, 10))
    exact = volume * Fraction(percent, 100) / (1 + Fraction(expansion, 10**6) * warming)
    assert limit_at_ml(volume, percent, expansion, temperature) == floor(exact)


@given(expansion=st.integers(0, 5_000), colder=st.integers(-2_000, 1_500), warmer=st.integers(-2_000, 1_500))
def test_a_colder_liquid_is_never_allowed_more(expansion: int, colder: int, warmer: int) -> None:
    cold, warm = sorted((colder, warmer))
    assert limit_at_ml(10**7, 100, expansion, cold) <= limit_at_ml(10**7, 100, expansion, warm) <= 10**7


@pytest.mark.parametrize(
    ("un_number", "code", "percent"), [("1203", "LGBF", 100), ("1203", "L4BH", 97), ("1114", "LGBF", 100)]
)
def test_how_full_depends_on_hazard_and_closure(un_number: str, code: str, percent: int) -> None:
    facts = knowing(ROOMY, replace(TANK, tank_code=code))
    order = carrying(replace(PETROL, un_number=un_number, mass_g=40_000_000), waybill=ISSUED)
    hot = replace(FILL, temperature_dc=-400, expansion_ppm_per_k=1_500)
    assert entry(facts, order, hot).maximum_g == limit_at_ml(40_000_000, percent, 1_500, -400) * 740 // 1000
