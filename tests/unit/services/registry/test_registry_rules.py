"""What may be registered: a sound thing passes, and each fault is told, all of them at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import Finding, Reason
from services.errors.common import FIELD_MISSING
from services.errors.registry import (
    CREDIT_CODE_INVALID,
    DIVISION_CODE_INVALID,
    DUPLICATE_ENTRY,
    IDENTITY_INVALID,
    MASS_INVALID,
    MERGE_REFUSED,
    PERIOD_INVALID,
    PLATE_INVALID,
    SCOPE_NOT_UNDERSTOOD,
    TANK_CODE_INVALID,
    TANK_STATE_INVALID,
    VIN_INVALID,
)
from services.registry import merge
from services.registry.affiliation import WEIGHTS, Evidence, affiliation
from services.registry.employment import employed_by, off_board
from services.registry.model import (
    Compartment,
    Employment,
    Licence,
    LicenceKind,
    Medium,
    Organisation,
    OrganisationKind,
    Person,
    PlateColour,
    Qualification,
    QualificationKind,
    Tank,
    TankCondition,
    TankKind,
    TankState,
    Vehicle,
    VehicleKind,
    VehicleType,
)
from services.registry.rules import check_licence, check_organisation, check_person, check_tank, check_vehicle
from services.registry.versions import FactVersion, as_of, valid_on
from services.runtime.clock import legal_day

TODAY = date(2026, 6, 1)

ORGANISATION = Organisation(
    id="o1", name="示例运输有限公司", credit_code="91350100M000100Y43", kinds=frozenset({OrganisationKind.CARRIER}), division_code="440307",
)  # fmt: skip
LICENCE = Licence(
    id="l1", kind=LicenceKind.ROAD_OPERATION, number="440307000001", organisation_id="o1", scope_text="危险货物运输(3类)",
    valid_from=date(2024, 1, 1), valid_to=date(2028, 1, 1),
)  # fmt: skip
VEHICLE = Vehicle(
    id="v1", carrier_id="o1", plate="粤B1234挂", plate_colour=PlateColour.YELLOW, vin="LHZ00000000000001", kind=VehicleKind.TRAILER,
    vehicle_type=VehicleType.FL, rated_mass_g=30_000_000, permit_number="440307000002", scope_text="(3类)",
)  # fmt: skip
TANK = Tank(
    id="t1", carrier_id="o1", number="G0001", kind=TankKind.ATMOSPHERIC, tank_code="LGBF", compartments=(Compartment(1, 42_000_000),),
    permitted_media=(Medium("1203", "车用汽油"),), next_inspection=date(2027, 1, 1), rated_mass_g=30_000_000,
    state=TankState(condition=TankCondition.CLEANED, certificate="C1", station="S1"),
)  # fmt: skip
PERSON = Person(
    id="p1", name="张三", identity_masked="110***********002X",
    qualifications=(Qualification(kind=QualificationKind.DRIVER, number="D1", valid_from=None, valid_to=date(2028, 1, 1)),),
    employment=(Employment(carrier_id="o1", valid_from=date(2020, 1, 1)),),
)  # fmt: skip


def reasons(findings: Iterable[Finding]) -> list[str]:
    return sorted(finding.reason.name for finding in findings)


def test_sound_things_pass() -> None:
    assert check_organisation(ORGANISATION) == ()
    assert check_licence(LICENCE) == ()
    assert check_vehicle(VEHICLE) == ()
    assert check_tank(TANK) == ()
    assert check_person(PERSON, "11010519491231002X", TODAY) == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"credit_code": "91350100M000100Y44"}, CREDIT_CODE_INVALID),
        ({"credit_code": ""}, FIELD_MISSING),
        ({"name": " "}, FIELD_MISSING),
        ({"kinds": frozenset()}, FIELD_MISSING),
        ({"division_code": "44030"}, DIVISION_CODE_INVALID),
    ],
)
def test_each_fault_of_an_organisation_is_told(change: dict[str, Any], reason: Reason) -> None:
    assert reasons(check_organisation(replace(ORGANISATION, **change))) == [reason.name]


def test_an_old_shop_may_lack_a_credit_code_and_a_carrier_may_not() -> None:
    shop = replace(ORGANISATION, credit_code="", kinds=frozenset({OrganisationKind.FIREWORKS_RETAILER}))
    assert check_organisation(shop) == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"plate": "粤B12345"}, PLATE_INVALID),
        ({"vin": "X"}, VIN_INVALID),
        ({"scope_text": "(3类)、随便"}, SCOPE_NOT_UNDERSTOOD),
        ({"rated_mass_g": 0}, MASS_INVALID),
        ({"rated_mass_g": 30_000}, MASS_INVALID),
        ({"permit_valid_from": date(2026, 1, 2), "permit_valid_to": date(2026, 1, 1)}, PERIOD_INVALID),
        ({"permit_number": ""}, FIELD_MISSING),
    ],
)
def test_each_fault_of_a_vehicle_is_told(change: dict[str, Any], reason: Reason) -> None:
    assert reasons(check_vehicle(replace(VEHICLE, **change))) == [reason.name]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tank_code": "LGXF"}, TANK_CODE_INVALID),
        ({"compartments": ()}, FIELD_MISSING),
        ({"compartments": (Compartment(1, 0),)}, MASS_INVALID),
        ({"compartments": (Compartment(1, 5), Compartment(1, 6))}, DUPLICATE_ENTRY),
        ({"permitted_media": ()}, FIELD_MISSING),
        ({"permitted_media": (Medium("UN1203"),)}, FIELD_MISSING),
        ({"next_inspection": None}, FIELD_MISSING),
        ({"state": TankState(condition=TankCondition.CLEANED, certificate="C1")}, TANK_STATE_INVALID),
        ({"state": TankState(condition=TankCondition.EMPTY_UNCLEANED)}, TANK_STATE_INVALID),
    ],
)
def test_each_fault_of_a_tank_is_told(change: dict[str, Any], reason: Reason) -> None:
    assert reasons(check_tank(replace(TANK, **change))) == [reason.name]


def test_a_dirty_tank_names_its_last_goods() -> None:
    assert (
        check_tank(replace(TANK, state=TankState(condition=TankCondition.EMPTY_UNCLEANED, last_un_numbers=("1203",))))
        == ()
    )


def test_all_faults_of_a_vehicle_come_at_once() -> None:
    broken = replace(VEHICLE, plate="X", vin="X", scope_text="某某", rated_mass_g=-1, permit_number="")
    assert reasons(check_vehicle(broken)) == sorted(
        ["PLATE_INVALID", "VIN_INVALID", "SCOPE_NOT_UNDERSTOOD", "MASS_INVALID", "FIELD_MISSING"]
    )


def test_an_identity_number_is_checked_and_not_repeated() -> None:
    (finding,) = check_person(PERSON, "110105194912310021", TODAY)
    assert finding.reason is IDENTITY_INVALID
    assert "194912" not in f"{finding.zh}{finding.en}{finding.values}"


def test_merging_needs_the_same_vin_or_a_document() -> None:
    twin = replace(VEHICLE, id="v2", plate="粤B9999挂")
    other = replace(twin, vin="LHZ00000000000002")
    assert merge.check_merge(VEHICLE, twin) == ()
    assert reasons(merge.check_merge(VEHICLE, other)) == [MERGE_REFUSED.name]
    assert merge.check_merge(VEHICLE, other, successor=True) == ()
    assert reasons(merge.check_merge(VEHICLE, VEHICLE)) == [MERGE_REFUSED.name]
    assert reasons(merge.check_merge(VEHICLE, TANK)) == [MERGE_REFUSED.name]


def test_shops_without_a_credit_code_are_never_taken_for_one() -> None:
    shops = [replace(ORGANISATION, id=f"s{number}", credit_code="") for number in range(3)]
    assert reasons(merge.check_merge(shops[0], shops[1])) == [MERGE_REFUSED.name]


def test_owner_apart_from_operator_is_no_sign_of_affiliation() -> None:
    score = affiliation(Evidence(id="v1", carrier_id="o1"))
    assert (score.points, score.possible, score.reasons) == (0, 0, ())


def test_every_sign_of_affiliation_is_counted_and_named() -> None:
    evidence = Evidence(
        id="v1", carrier_id="o1", insurance_payer_id="x", crew_insured_by_id="x", freight_account_id="x", nights_at_base=9, nights_known=20
    )  # fmt: skip
    score = affiliation(evidence)
    assert score.points == score.possible == sum(WEIGHTS.values()) == 100
    assert {reason.code for reason in score.reasons} == set(WEIGHTS)
    assert affiliation(replace(evidence, nights_at_base=10)).points == 100 - WEIGHTS["BASED_ELSEWHERE"]
    assert affiliation(replace(evidence, nights_known=19)).possible == 100 - WEIGHTS["BASED_ELSEWHERE"]


def test_employment_counts_its_first_and_last_day() -> None:
    person = replace(
        PERSON, employment=(Employment(carrier_id="o1", valid_from=date(2026, 1, 2), valid_to=date(2026, 1, 3)),)
    )
    assert [employed_by(person, "o1", date(2026, 1, day)) for day in (1, 2, 3, 4)] == [False, True, True, False]
    assert not employed_by(person, "o2", date(2026, 1, 2))


def test_off_boarding_ends_this_employment_and_no_other() -> None:
    person = replace(PERSON, employment=(
        Employment(carrier_id="o1", valid_from=date(2020, 1, 1)),
        Employment(carrier_id="o2", valid_from=date(2020, 1, 1)),
        Employment(carrier_id="o1", valid_from=date(2027, 1, 1)),
        Employment(carrier_id="o1", valid_from=date(2019, 1, 1), valid_to=date(2019, 6, 1)),
    ))  # fmt: skip
    left = off_board(person, "o1", TODAY)
    assert employed_by(left, "o1", TODAY)
    assert not employed_by(left, "o1", TODAY + timedelta(days=1))
    assert not employed_by(left, "o1", date(2027, 2, 1))
    assert employed_by(left, "o2", date(2027, 2, 1))
    assert not employed_by(left, "o1", date(2019, 6, 2))


def test_a_document_is_good_until_the_end_of_its_last_legal_day() -> None:
    last = datetime(2026, 5, 3, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
    assert valid_on(legal_day(last), None, date(2026, 5, 3))
    assert not valid_on(legal_day(last + timedelta(seconds=1)), None, date(2026, 5, 3))
    with pytest.raises(ValueError, match="time zone"):
        legal_day(datetime(2026, 5, 3))


START = datetime(2026, 1, 1, tzinfo=UTC)
hours = st.integers(0, 48)


@given(st.lists(st.tuples(hours, st.one_of(st.none(), hours), hours), max_size=8), hours, hours)
def test_what_was_known_then_agrees_with_a_slow_look_at_every_version(rows, at, known) -> None:  # type: ignore[no-untyped-def]
    versions = [
        FactVersion(
            id=f"{index:02}", subject_id="s", value=index, valid_from=START + timedelta(hours=start),
            valid_to=None if end is None else START + timedelta(hours=end), recorded_at=START + timedelta(hours=recorded),
        )
        for index, (start, end, recorded) in enumerate(rows)
    ]  # fmt: skip
    best = None
    for index, (start, end, recorded) in enumerate(rows):
        true_then = start <= at and (end is None or at < end)
        if true_then and recorded <= known and (best is None or recorded >= rows[best][2]):
            best = index
    found = as_of(versions, START + timedelta(hours=at), START + timedelta(hours=known))
    assert (None if found is None else found.value) == best
