"""The check before loading: what is said by hand against what the registry says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.loading.bases import RULE_OF, RULES
from services.loading.model import CheckCode, Objection, Result
from services.loading.rules import CONTESTABLE, judge, outcome_of
from services.registry.model import Medium, TankCondition, TankState
from services.waybill.facts import Facts
from services.waybill.model import GoodsLine, Role
from services.waybill.trip import Trip
from tests.unit.services.loading.loading_samples import (
    BASIC,
    FILL,
    ISSUED,
    OBJECTION,
    a_check,
    at_gate,
    failing,
    form,
    item,
    says_of,
    verdicts,
)
from tests.unit.services.waybill.petrol_trip import (
    ARRIVAL,
    DRIVER,
    FACTS,
    NOW,
    PETROL,
    TANK,
    TRACTOR,
    TRAILER,
    YESTERDAY,
    carrying,
    knowing,
    without,
)

EXPIRED_DRIVER = replace(DRIVER, qualifications=(replace(DRIVER.qualifications[0], valid_to=YESTERDAY),))
FAULTS: dict[str, tuple[Facts, CheckCode, str]] = {
    "tractor permit": (knowing(FACTS, replace(TRACTOR, permit_valid_to=YESTERDAY)), CheckCode.VEHICLE_PAPERS, "INSPECTION_EXPIRED"),
    "no permit on record": (knowing(FACTS, replace(TRAILER, permit_valid_to=None)), CheckCode.VEHICLE_PAPERS, "INSPECTION_UNKNOWN"),
    "unknown vehicle": (knowing(FACTS, vehicles={"trailer": TRAILER}), CheckCode.VEHICLE_PAPERS, "RESOURCE_UNKNOWN"),
    "driver": (knowing(FACTS, EXPIRED_DRIVER), CheckCode.CREW_PAPERS, "QUALIFICATION_EXPIRED"),
    "escort unknown": (knowing(FACTS, persons={"driver": DRIVER}), CheckCode.CREW_PAPERS, "RESOURCE_UNKNOWN"),
    "annual review": (knowing(FACTS, replace(TRAILER, annual_review_to=YESTERDAY)), CheckCode.INSPECTION, "INSPECTION_EXPIRED"),
    "tank inspection": (knowing(FACTS, replace(TANK, next_inspection=YESTERDAY)), CheckCode.INSPECTION, "INSPECTION_EXPIRED"),
    "altered": (knowing(FACTS, replace(TRACTOR, altered=True)), CheckCode.INSPECTION, "VEHICLE_ALTERED"),
    "medium": (knowing(FACTS, replace(TANK, permitted_media=(Medium("1202"),))), CheckCode.PERMITTED_MEDIUM, "TANK_MEDIUM_NOT_PERMITTED"),
    "tank full of diesel": (
        knowing(FACTS, replace(TANK, state=TankState(condition=TankCondition.LOADED, last_un_numbers=("1202",)))),
        CheckCode.LAST_CARGO, "TANK_HOLDS_GOODS",
    ),
}  # fmt: skip


def test_a_sound_lorry_passes() -> None:
    assert form(a_check()) == set()
    assert failing(a_check()) == set()


@pytest.mark.parametrize("name", FAULTS)
def test_what_passes_by_hand_against_the_registry_is_a_fail(name: str) -> None:
    facts, code, reason = FAULTS[name]
    judged = verdicts(a_check(), at_gate(facts))
    assert {each for each, one in judged.items() if one.result is Result.FAIL} == {code}
    found = [each for each in judged[code].findings if each.severity.name == "ERROR"]
    assert reason in {each.reason.name for each in found}
    assert {(each.rule, each.basis) for each in found} == {(RULE_OF[code], RULES[RULE_OF[code]])}


@pytest.mark.parametrize("name", FAULTS)
def test_the_registry_is_contested_only_with_document_second_person_and_approver(name: str) -> None:
    facts, code, _ = FAULTS[name]
    contested = a_check(item(code, objection=OBJECTION))
    judged = verdicts(contested, at_gate(facts))
    assert form(contested, at_gate(facts)) == set()
    assert judged[code].result is Result.PASS
    assert judged[code].contested
    assert judged[code].findings  # kept beside it, as warnings
    assert {each.severity.name for each in judged[code].findings} == {"WARNING"}


@pytest.mark.parametrize(
    "change",
    [
        {"document_sha256": ""}, {"document_sha256": "0F" * 32}, {"second_person_id": ""}, {"approver_id": ""},
        {"second_person_id": "checker"}, {"approver_id": "checker"}, {"approver_id": "second"},
        {"approver_id": "stranger"}, {"explanation": " "},
    ],
)  # fmt: skip
def test_half_an_objection_is_none(change: dict[str, str]) -> None:
    objection: Objection = replace(OBJECTION, **change)
    contested = a_check(item(CheckCode.INSPECTION, objection=objection))
    assert {reason for _, reason in form(contested)} == {"OBJECTION_INVALID"}


def test_there_is_no_way_round_a_fail() -> None:
    contested = a_check(item(CheckCode.INSPECTION, Result.FAIL, note="坏", objection=OBJECTION))
    assert form(contested) == {("check.items[2].objection", "OBJECTION_INVALID")}
    assert failing(contested) == {CheckCode.INSPECTION}


def test_what_the_loader_sees_himself_is_not_contested() -> None:
    other = replace(FILL, un_number="1202")
    contested = a_check(item(CheckCode.GOODS_AS_WAYBILL, objection=OBJECTION), fills=(other,))
    assert ("check.items[3].objection", "OBJECTION_INVALID") in form(contested)
    assert failing(contested) == {CheckCode.GOODS_AS_WAYBILL}


@pytest.mark.parametrize(
    "change",
    [
        {"un_number": "1202"},
        {"name": "柴油"},
        {"packing_group": "I"},
        {"compartment": 2},
        {"compartment": None},
        {"goods_number": 2},
    ],
)
def test_other_goods_than_the_waybill_says_are_a_fail(change: dict[str, Any]) -> None:
    assert failing(a_check(fills=(replace(FILL, **change),))) == {CheckCode.GOODS_AS_WAYBILL}


def test_a_line_nobody_ordered_is_a_fail() -> None:
    assert failing(a_check(fills=(FILL, replace(FILL, goods_number=2)))) == {CheckCode.GOODS_AS_WAYBILL}
    assert failing(a_check(fills=(FILL, FILL))) == {CheckCode.GOODS_AS_WAYBILL}


def test_another_lorry_than_the_waybills_is_a_fail() -> None:
    assert failing(a_check(plates=("粤B·12345", "粤B1234挂"))) == set()
    assert failing(a_check(plates=("粤B12345",))) == {CheckCode.GOODS_AS_WAYBILL}
    assert failing(a_check(plates=("粤B99999", "粤B1234挂"))) == {CheckCode.GOODS_AS_WAYBILL}


def test_every_item_that_applies_is_asked_for() -> None:
    check = a_check(codes=BASIC[1:])
    assert form(check) == {("check.items", "CHECK_ITEM_MISSING")}


def test_an_item_twice_or_not_applicable_or_failed_without_a_word_is_refused() -> None:
    twice = replace(a_check(), items=(*a_check().items, item(CheckCode.KEYS_HELD)))
    assert form(twice) == {("check.items[10]", "CHECK_ITEM_TWICE")}
    absent = a_check(item(CheckCode.VEHICLE_PAPERS, Result.NOT_APPLICABLE))
    assert form(absent) == {("check.items[0].result", "CHECK_ITEM_APPLIES")}
    silent = a_check(item(CheckCode.VEHICLE_PAPERS, Result.FAIL))
    assert form(silent) == {("check.items[0].note", "FAIL_NEEDS_NOTE")}


def test_photos_are_named_by_their_digest_and_people_by_their_id() -> None:
    assert form(a_check(item(CheckCode.KEYS_HELD, photo_sha256=("xyz",)))) == {
        ("check.items[6].photo_sha256", "FIELD_INVALID")
    }
    nobody = replace(item(CheckCode.KEYS_HELD), checked_by_id="")
    assert form(a_check(nobody)) == {("check.items[6].checked_by_id", "FIELD_MISSING")}


@pytest.mark.parametrize(
    "change",
    [
        {"density_mg_per_ml": 2**63 - 1},
        {"density_mg_per_ml": -1},
        {"temperature_dc": -(2**31)},
        {"expansion_ppm_per_k": -1},
    ],
)
def test_no_instrument_shows_such_figures(change: dict[str, Any]) -> None:
    assert {reason for _, reason in form(a_check(fills=(replace(FILL, **change),)))} == {"FIELD_INVALID"}


def test_who_was_exchanged_does_not_count_and_who_took_over_does() -> None:
    left = replace(ISSUED.assignments[3], to_at=NOW)
    relief = replace(ISSUED.assignments[3], resource_id="relief", from_at=NOW)
    swapped = replace(ISSUED, assignments=(*ISSUED.assignments[:3], left, relief, ISSUED.assignments[4]))
    facts = knowing(FACTS, EXPIRED_DRIVER, replace(DRIVER, id="relief"))
    assert failing(a_check(), at_gate(facts, swapped)) == set()
    assert failing(a_check(), at_gate(facts, swapped, NOW - timedelta(seconds=1))) == {CheckCode.CREW_PAPERS}


@pytest.mark.parametrize("role", [Role.DRIVER, Role.ESCORT, Role.TRACTOR])
def test_nobody_at_all_is_no_crew_and_no_lorry(role: Role) -> None:
    code = CheckCode.VEHICLE_PAPERS if role is Role.TRACTOR else CheckCode.CREW_PAPERS
    assert code in failing(a_check(), at_gate(FACTS, without(role, ISSUED)))


def test_papers_that_end_on_the_way_are_found_before_anything_is_in_the_tank() -> None:
    late = NOW + timedelta(hours=12)  # 20:00 in Shanghai, to arrive at 24:00 of the next legal day
    assert failing(a_check(), at_gate(FACTS, ISSUED, late - timedelta(seconds=1))) == set()
    assert failing(a_check(), at_gate(FACTS, ISSUED, late)) >= {CheckCode.INSPECTION, CheckCode.CREW_PAPERS}


GAS = replace(PETROL, un_number="1965", name="液化石油气", hazard_class="2.1", packing_group="")
GAS_CODES = (
    *BASIC, CheckCode.USE_REGISTRATION, CheckCode.RESIDUAL_PRESSURE, CheckCode.RESIDUAL_MEDIUM, CheckCode.VALVES,
    CheckCode.FILLER_LICENCE, CheckCode.OPERATOR_CERTIFICATE,
)  # fmt: skip


def gas_trip(line: GoodsLine = GAS, **tank: Any) -> Trip:
    held = replace(TANK, permitted_media=(Medium(line.un_number),),
                   state=TankState(condition=TankCondition.EMPTY_UNCLEANED, last_un_numbers=(line.un_number,)), **tank)  # fmt: skip
    return at_gate(knowing(FACTS, held), carrying(line, waybill=ISSUED))


def test_a_gas_asks_for_what_only_gases_need() -> None:
    applies = {code for code, said in says_of(gas_trip()).items() if said.applies}
    assert applies == set(GAS_CODES)


@pytest.mark.parametrize(("pressure", "fails"), [(49, True), (50, False), (None, False)])
def test_fifty_kilopascals_are_left_in_the_tank(pressure: int | None, fails: bool) -> None:
    gas_fill = replace(FILL, un_number="1965", name="液化石油气", packing_group="")
    check = a_check(codes=GAS_CODES, fills=(gas_fill,), residual_pressure_kpa=pressure)
    assert (CheckCode.RESIDUAL_PRESSURE in failing(check, gas_trip())) is fails
    assert (("check.residual_pressure_kpa", "MEASUREMENT_MISSING") in form(check, gas_trip())) is (pressure is None)


def test_an_atmospheric_tank_without_registration_is_not_filled_with_gas() -> None:
    assert {CheckCode.USE_REGISTRATION, CheckCode.FILLER_LICENCE} <= failing(a_check(codes=GAS_CODES), gas_trip())


def test_the_holding_time_of_lng_lasts_until_the_arrival() -> None:
    lng = replace(GAS, un_number="1972", name="液化天然气")
    trip = gas_trip(lng)
    codes = (*GAS_CODES, CheckCode.HOLDING_TIME)
    assert says_of(trip)[CheckCode.HOLDING_TIME].applies
    for ends, fails in ((ARRIVAL, False), (ARRIVAL - timedelta(microseconds=1), True)):
        assert (CheckCode.HOLDING_TIME in failing(a_check(codes=codes, holding_ends_at=ends), trip)) is fails


def test_highly_toxic_goods_need_their_pass() -> None:
    chlorine = replace(GAS, un_number="1017", name="氯", hazard_class="2.3")
    said = says_of(gas_trip(chlorine))[CheckCode.SPECIAL_DOCUMENTS]
    assert said.applies
    assert "PERMIT_MISSING" in {each.reason.name for each in said.findings}
    assert not says_of(at_gate())[CheckCode.SPECIAL_DOCUMENTS].applies


def test_the_same_goods_still_in_the_tank_are_only_pointed_out() -> None:
    loaded = replace(TANK, state=TankState(condition=TankCondition.LOADED, last_un_numbers=("1203",)))
    judged = verdicts(a_check(), at_gate(knowing(FACTS, loaded)))
    assert judged[CheckCode.LAST_CARGO].result is Result.PASS
    assert {each.reason.name for each in judged[CheckCode.LAST_CARGO].findings} == {"TANK_HOLDS_GOODS"}


def test_petrol_after_diesel_is_the_loaders_to_judge() -> None:
    dirty = replace(TANK, state=TankState(condition=TankCondition.EMPTY_UNCLEANED, last_un_numbers=("1202",)))
    trip = at_gate(knowing(FACTS, dirty))
    assert failing(a_check(), trip) == set()
    assert {each.reason.name for each in says_of(trip)[CheckCode.LAST_CARGO].findings} == {"TANK_LAST_GOODS_DIFFER"}


@given(
    results=st.dictionaries(st.sampled_from(BASIC), st.sampled_from((Result.PASS, Result.FAIL)), max_size=10),
    objections=st.sets(st.sampled_from(BASIC)),
    fault=st.sampled_from([None, *FAULTS]),
)
def test_the_outcome_is_fail_exactly_when_something_failed_or_stands_uncontested(
    results: dict[CheckCode, Result], objections: set[CheckCode], fault: str | None
) -> None:
    facts, wrong = (FACTS, None) if fault is None else FAULTS[fault][:2]
    bent = (
        item(code, results.get(code, Result.PASS), note="-", objection=OBJECTION if code in objections else None)
        for code in BASIC
    )
    trip = at_gate(facts)
    outcome = outcome_of(judge(a_check(*bent), trip, says_of(trip)))
    hand = Result.FAIL in results.values()
    uncontested = wrong is not None and wrong not in objections & CONTESTABLE
    assert outcome is (Result.FAIL if hand or uncontested else Result.PASS)


def test_all_faults_come_at_once() -> None:
    facts = knowing(FACTS, EXPIRED_DRIVER, replace(TRACTOR, permit_valid_to=YESTERDAY),
                    replace(TANK, next_inspection=YESTERDAY, permitted_media=(Medium("1202"),)))  # fmt: skip
    check = a_check(item(CheckCode.KEYS_HELD, Result.FAIL, note="无钥匙"), fills=(replace(FILL, name="柴油"),))
    assert failing(check, at_gate(facts)) == {
        CheckCode.CREW_PAPERS, CheckCode.VEHICLE_PAPERS, CheckCode.INSPECTION, CheckCode.PERMITTED_MEDIUM,
        CheckCode.KEYS_HELD, CheckCode.GOODS_AS_WAYBILL,
    }  # fmt: skip
