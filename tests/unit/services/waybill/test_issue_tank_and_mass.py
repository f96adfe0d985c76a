"""WB-05 and WB-06: media, compartments, masses to the gram and filling to the millilitre."""

from __future__ import annotations

from dataclasses import replace

from services.registry.model import (
    Compartment,
    Medium,
    TankCondition,
    TankState,
)
from services.waybill.model import (
    Role,
)
from tests.unit.services.waybill.petrol_trip import (
    FACTS,
    PETROL,
    TANK,
    carrying,
    errors,
    issue,
    knowing,
    warned,
    without,
)


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
