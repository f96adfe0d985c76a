"""WB-01: what the form must hold, refused for one missing thing at a time; returns, diversions, rescues."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.waybill.model import (
    Assignment,
    Drop,
    Party,
    Role,
    State,
    WaybillKind,
)
from tests.unit.services.waybill.petrol_trip import (
    DEPARTURE,
    DRIVER,
    ESCORT,
    FACTS,
    NOW,
    PETROL,
    SECOND,
    TANK,
    WAYBILL,
    carrying,
    errors,
    issue,
    knowing,
    stop,
    warned,
    without,
)


@pytest.mark.parametrize(
    "name",
    ["consignor", "carrier", "loader", "consignee", "origin", "destination", "planned_departure", "planned_arrival"],
)
def test_every_party_place_and_time_must_be_there(name: str) -> None:
    nothing: dict[str, Any] = {name: None}
    found = issue(replace(WAYBILL, **nothing))
    assert errors(found) == ["PARTY_MISSING"]
    assert found[0].path == f"waybill.{name}"


def test_a_party_with_a_blank_name_is_missing() -> None:
    assert errors(issue(replace(WAYBILL, loader=Party(name=" ")))) == ["PARTY_MISSING"]


@pytest.mark.parametrize("role", [Role.TRACTOR, Role.DRIVER, Role.ESCORT])
def test_vehicle_driver_and_escort_must_be_there(role: Role) -> None:
    assert errors(issue(without(role))) == ["PARTY_MISSING"]


def test_goods_must_be_there() -> None:
    assert errors(issue(carrying())) == ["PARTY_MISSING"]


def test_a_consignee_need_not_be_registered_but_carrier_and_consignor_must() -> None:
    assert issue(replace(WAYBILL, consignee=Party(name="陌生人", organisation_id="nobody"))) == ()
    assert errors(issue(replace(WAYBILL, consignor=Party(name="某公司", organisation_id="nobody")))) == [
        "RESOURCE_UNKNOWN"
    ]


@pytest.mark.parametrize("role", list(Role))
def test_whatever_is_assigned_must_be_registered(role: Role) -> None:
    stranger = Assignment(role=role, resource_id="stranger")
    assert errors(issue(replace(WAYBILL, assignments=(*WAYBILL.assignments, stranger)))) == ["RESOURCE_UNKNOWN"]


def test_a_trailer_cannot_pull_and_a_tractor_cannot_carry() -> None:
    pulled = replace(WAYBILL, assignments=(*WAYBILL.assignments, Assignment(role=Role.TRACTOR, resource_id="trailer")))
    assert errors(issue(pulled)) == ["RESOURCE_WRONG_KIND"]
    alone = without(Role.TRAILER)
    assert errors(issue(alone, knowing(FACTS, replace(TANK, fixed_on="tractor")))) == ["RESOURCE_WRONG_KIND"]


def test_one_person_is_never_the_whole_crew_but_a_double_crew_may_swap() -> None:
    both = replace(DRIVER, qualifications=(*DRIVER.qualifications, *ESCORT.qualifications))
    alone = (*without(Role.ESCORT).assignments, Assignment(role=Role.ESCORT, resource_id="driver"))
    assert errors(issue(replace(WAYBILL, assignments=alone), knowing(FACTS, both))) == ["CREW_IS_ONE_PERSON"]
    other = replace(ESCORT, qualifications=both.qualifications)
    swap = (
        *WAYBILL.assignments,
        Assignment(role=Role.ESCORT, resource_id="driver"),
        Assignment(role=Role.DRIVER, resource_id="escort"),
    )
    assert issue(replace(WAYBILL, assignments=swap), knowing(FACTS, both, other)) == ()


def test_a_trip_must_arrive_after_it_departs() -> None:
    assert errors(issue(replace(WAYBILL, planned_arrival=DEPARTURE))) == ["TRIP_TIMES_INVALID"]
    assert issue(replace(WAYBILL, planned_arrival=DEPARTURE + SECOND)) == ()


def test_the_class_must_be_the_one_of_the_list() -> None:
    assert errors(issue(carrying(replace(PETROL, hazard_class="8")))) == ["GOODS_CLASS_MISSTATED"]


@pytest.mark.parametrize(
    ("change", "path"),
    [({"mass_g": 0}, "mass_g"), ({"mode": "bucket", "density_mg_per_ml": 0}, "mode"), ({"number": 0}, "number")],
)
def test_figures_that_cannot_be_are_refused_at_their_field(change: dict[str, object], path: str) -> None:
    found = issue(carrying(replace(PETROL, **change)))  # type: ignore[arg-type]
    assert "FIELD_INVALID" in errors(found)
    assert f"waybill.goods[0].{path}" in {finding.path for finding in found}


def test_stops_add_up_to_the_line_to_the_gram() -> None:
    assert issue(replace(WAYBILL, stops=(stop(1, 20_000_000), stop(2, 8_000_000)))) == ()
    over = issue(replace(WAYBILL, stops=(stop(1, 20_000_000), stop(2, 8_000_001))))
    assert errors(over) == ["DROPS_INCONSISTENT"]
    under = issue(replace(WAYBILL, stops=(stop(1, 20_000_000), stop(2, 7_999_999))))
    assert (errors(under), warned(under)) == ([], ["DROPS_INCONSISTENT"])


def test_stops_are_numbered_in_order_name_a_consignee_and_drop_known_lines() -> None:
    assert errors(issue(replace(WAYBILL, stops=(stop(2, 28_000_000),)))) == ["FIELD_INVALID"]
    assert errors(issue(replace(WAYBILL, stops=(stop(1, 28_000_000, name=""),)))) == ["PARTY_MISSING"]
    lost = replace(stop(1, 28_000_000), drops=(Drop(goods_number=2, planned_g=1),))
    assert errors(issue(replace(WAYBILL, stops=(lost,)))) == ["GOODS_LINE_UNKNOWN"]


def test_only_a_draft_is_issued() -> None:
    assert errors(issue(replace(WAYBILL, state=State.ISSUED))) == ["NOT_IN_THIS_STATE"]
    assert errors(issue(replace(WAYBILL, state=State.VOIDED))) == ["WAYBILL_VOID"]


def test_a_return_follows_a_waybill_that_departed_and_carries_no_more() -> None:
    first = replace(WAYBILL, id="w0", state=State.REJECTED, departed_at=NOW - timedelta(hours=5))
    back = replace(WAYBILL, kind=WaybillKind.REFUSED_RETURN, replaces="w0", loader=None)
    assert errors(issue(back, replace(FACTS, replaced=first))) == []
    assert errors(issue(back)) == ["LINK_MISSING"]
    never_left = replace(first, departed_at=None)
    assert errors(issue(back, replace(FACTS, replaced=never_left))) == ["LINK_MISSING"]
    less = replace(first, goods=(replace(PETROL, actual_mass_g=27_999_999),))
    assert errors(issue(back, replace(FACTS, replaced=less))) == ["FIELD_INVALID"]


def test_residues_are_what_is_left_of_a_load_that_departed() -> None:
    first = replace(WAYBILL, id="w0", state=State.COMPLETED, departed_at=NOW - timedelta(hours=5))
    residue = replace(
        carrying(replace(PETROL, mass_g=500_000)), kind=WaybillKind.RESIDUE_RETURN, replaces="w0", loader=None
    )
    assert errors(issue(residue, replace(FACTS, replaced=first))) == []
    assert errors(issue(residue)) == ["LINK_MISSING"]


def test_a_rescue_names_the_authority_that_ordered_it() -> None:
    first = replace(WAYBILL, id="w0", state=State.IN_TRANSIT, departed_at=NOW - timedelta(hours=5))
    rescue = replace(WAYBILL, kind=WaybillKind.RESCUE, replaces="w0", loader=None)
    assert errors(issue(rescue, replace(FACTS, replaced=first))) == ["LINK_MISSING"]
    assert errors(issue(replace(rescue, authority="transport"), replace(FACTS, replaced=first))) == []
