"""Amending: what changed, who signs, what becomes of the clearance; one revision open at a time."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.waybill.model import Assignment, Drop, Party, Place, Role, Route, State, Stop, Waybill
from services.waybill.revision.model import Revision, RevisionState, Signer
from services.waybill.revision.rules import (
    IMMUTABLE,
    MATTERS,
    WRITTEN_BY_ACTS,
    Amendment,
    check_amendment,
    diff,
    revert,
    sign,
)
from tests.unit.services.waybill.petrol_trip import LOADED, NOW, PETROL, WAYBILL, errors

ISSUED = replace(WAYBILL, state=State.ISSUED)
MOVING = replace(WAYBILL, state=State.IN_TRANSIT, departed_at=NOW)
OTHER_UN: dict[str, Any] = {"goods": (replace(PETROL, un_number="1202"),)}


def amend(old: Waybill, reason: str = "笔误", pending: Revision | None = None, **change: object) -> Amendment:
    return check_amendment(old, replace(old, **change), reason=reason, at=NOW, open_revision=pending)  # type: ignore[arg-type]


def test_every_field_of_a_waybill_is_either_amendable_immutable_or_written_by_acts() -> None:
    names = {field.name for field in fields(Waybill)}
    assert names == set(MATTERS) | IMMUTABLE | WRITTEN_BY_ACTS
    assert len(names) == len(MATTERS) + len(IMMUTABLE) + len(WRITTEN_BY_ACTS)


def test_a_changed_field_is_told_by_path_with_both_values() -> None:
    (change,) = amend(LOADED, goods=(replace(PETROL, mass_g=27_000_000),)).changes
    assert (change.path, change.before, change.after) == ("goods[0].mass_g", "28000000", "27000000")


def test_other_goods_on_a_loaded_lorry_ask_all_three_and_void_the_clearance() -> None:
    amendment = amend(LOADED, **OTHER_UN)
    assert amendment.required == {Signer.CONSIGNOR, Signer.CARRIER, Signer.LOADER}
    assert (amendment.voids_clearance, amendment.alerts_regulator, amendment.findings) == (True, False, ())


def test_before_loading_the_loader_is_not_asked() -> None:
    assert amend(ISSUED, **OTHER_UN).required == {Signer.CONSIGNOR, Signer.CARRIER}


def test_other_goods_on_the_way_are_told_to_the_regulator() -> None:
    amendment = amend(MOVING, **OTHER_UN)
    assert amendment.required == {Signer.CONSIGNOR, Signer.CARRIER}
    assert (amendment.voids_clearance, amendment.alerts_regulator) == (False, True)


def relieved() -> tuple[Assignment, ...]:
    others = tuple(each for each in WAYBILL.assignments if each.role is not Role.DRIVER)
    return (*others, Assignment(role=Role.DRIVER, resource_id="second", reason="疲劳", approved_by="dispatcher"))


def test_a_swap_of_the_driver_on_the_way_asks_carrier_and_crew_only() -> None:
    amendment = amend(MOVING, assignments=relieved())
    assert amendment.required == {Signer.CARRIER, Signer.CREW}
    assert (amendment.voids_clearance, amendment.alerts_regulator) == (False, False)


def test_a_swap_of_the_driver_at_the_gate_voids_the_clearance() -> None:
    assert amend(LOADED, assignments=relieved()).voids_clearance


@pytest.mark.parametrize("change", [{"remarks": "x"}, {"route": Route(edge_keys=("e9",))}, {"dispatcher": "李四"}])
def test_what_does_not_touch_the_load_leaves_the_clearance(change: dict[str, Any]) -> None:
    amendment = amend(LOADED, **change)
    assert amendment.required == {Signer.CARRIER}
    assert not amendment.voids_clearance


@pytest.mark.parametrize(
    "change",
    [
        {"carrier": Party(name="他", organisation_id="other")},
        {"consignor": Party(name="他")},
        {"number": "C9"},
        {"id": "w9"},
    ],
)
def test_what_makes_it_another_waybill_cannot_be_amended(change: dict[str, Any]) -> None:
    assert set(errors(amend(ISSUED, **change).findings)) == {"FIELD_IMMUTABLE"}


def test_what_acts_write_is_not_changed_by_an_amendment() -> None:
    amendment = amend(ISSUED, state=State.COMPLETED, revision=9, completed_at=NOW)
    assert amendment.changes == ()
    assert errors(amendment.findings) == ["REVISION_EMPTY"]


def test_the_actual_mass_is_the_loaders_word() -> None:
    assert amend(LOADED, goods=(replace(PETROL, actual_mass_g=1),)).changes == ()


def signed_stop(**change: object) -> tuple[Stop, ...]:
    stop = Stop(
        number=1, place=Place(name="站"), consignee=Party(name="站"), drops=(Drop(goods_number=1, planned_g=5, delivered_g=5),),
        signed_by="王五", signed_at=NOW,
    )  # fmt: skip
    return (replace(stop, **change),)  # type: ignore[arg-type]


def test_a_signature_of_a_consignee_is_nobodys_to_amend_and_what_he_received_needs_his() -> None:
    done = replace(WAYBILL, state=State.COMPLETED, stops=signed_stop())
    assert errors(amend(done, stops=signed_stop(signed_by="")).findings) == ["FIELD_IMMUTABLE"]
    fewer = amend(done, stops=signed_stop(drops=(Drop(goods_number=1, planned_g=5, delivered_g=4),)))
    assert fewer.findings == ()
    assert fewer.required == {Signer.CONSIGNOR, Signer.CARRIER, Signer.CONSIGNEE}


@pytest.mark.parametrize(
    ("state", "reason"),
    [(State.DRAFT, "NOT_ISSUED"), (State.VOIDED, "WAYBILL_VOID"), (State.REJECTED, "WAYBILL_REJECTED")],
)
def test_drafts_and_dead_waybills_are_not_amended(state: State, reason: str) -> None:
    assert errors(amend(replace(WAYBILL, state=state), remarks="x").findings) == [reason]


def test_an_amendment_needs_a_reason_and_a_change() -> None:
    assert errors(amend(ISSUED, reason=" ", remarks="x").findings) == ["REASON_NEEDED"]
    assert errors(amend(ISSUED).findings) == ["REVISION_EMPTY"]


REVISION = Revision(
    id="r", waybill_id="w1", number=2, author="carrier", reason="笔误", at=NOW, changes=(),
    required=frozenset({Signer.CARRIER, Signer.CREW}),
)  # fmt: skip


def test_only_one_revision_is_open_at_a_time() -> None:
    assert errors(amend(ISSUED, pending=REVISION, remarks="x").findings) == ["REVISION_OPEN"]
    assert amend(ISSUED, pending=revert(REVISION), remarks="x").findings == ()


def test_a_revision_is_made_once_every_required_signature_is_there() -> None:
    once = sign(REVISION, Signer.CARRIER)
    assert isinstance(once, Revision)
    assert once.state is RevisionState.OPEN
    assert sign(once, Signer.CARRIER) == once
    made = sign(once, Signer.CREW)
    assert isinstance(made, Revision)
    assert made.state is RevisionState.MADE
    assert revert(made) == made


def test_a_signature_nobody_asked_for_is_refused() -> None:
    for refused in (sign(REVISION, Signer.LOADER), sign(revert(REVISION), Signer.CARRIER)):
        assert isinstance(refused, tuple)
        assert errors(refused) == ["SIGNER_NOT_REQUIRED"]


def test_the_same_instant_in_another_zone_is_no_change() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=8)))
    assert list(diff(WAYBILL, replace(WAYBILL, planned_departure=there))) == []
    assert NOW.tzinfo is UTC


texts = st.text(alphabet="ab", max_size=2)
waybills = st.builds(
    lambda remarks, phone, mass, dispatcher: replace(
        ISSUED, remarks=remarks, emergency_phone=phone, goods=(replace(PETROL, mass_g=mass),), dispatcher=dispatcher
    ),
    texts, texts, st.integers(1, 3), texts,
)  # fmt: skip


@given(waybills, waybills)
def test_a_diff_is_empty_for_equals_and_mirrors_when_turned_round(one: Waybill, other: Waybill) -> None:
    forth, back = list(diff(one, other)), list(diff(other, one))
    assert (forth == []) == (one == other)
    assert {(each.path, each.before, each.after) for each in forth} == {
        (each.path, each.after, each.before) for each in back
    }
