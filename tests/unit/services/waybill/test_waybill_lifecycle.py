"""The whole matrix of states and acts, walked cell by cell, and long random lives."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import Reason
from services.waybill.lifecycle import LEAVES_WITHOUT_LOADING, TABLE, Act, check_act, next_state
from services.waybill.model import State, WaybillKind
from services.waybill.rules import check_void
from tests.unit.services.waybill.petrol_trip import NOW, WAYBILL, errors

# A row a state, a column an act in the order of the enum: the state it leads to, or the reason in lower case.
MATRIX = """
           EDIT        ISSUE       CLEAR       VOID_CLEARANCE DEPART     REASSIGN   SIGN_STOP   ARRIVE      COMPLETE    REJECT     VOID       AMEND SUCCEED
DRAFT      DRAFT       ISSUED      not_issued  not_issued  not_issued  not_issued not_issued  not_issued  not_issued  not_issued VOIDED     not_issued not_issued
ISSUED     wrong       wrong       LOADED      wrong       uncleared   ISSUED     not_gone    not_gone    not_gone    REJECTED   VOIDED     ISSUED not_gone
LOADED     wrong       wrong       wrong       ISSUED      IN_TRANSIT  LOADED     not_gone    not_gone    not_gone    REJECTED   VOIDED     LOADED not_gone
IN_TRANSIT gone        gone        gone        gone        gone        IN_TRANSIT IN_TRANSIT  ARRIVED     wrong       wrong      gone       IN_TRANSIT COMPLETED
ARRIVED    gone        gone        gone        gone        gone        wrong      ARRIVED     wrong       COMPLETED   REJECTED   gone       ARRIVED COMPLETED
COMPLETED  closed      closed      closed      closed      closed      closed     closed      closed      closed      closed     closed     COMPLETED closed
VOIDED     void        void        void        void        void        void       void        void        void        void       void       void void
REJECTED   rejected    rejected    rejected    rejected    rejected    rejected   rejected    rejected    rejected    rejected   rejected   rejected rejected
"""
REASONS = {
    "not_issued": "NOT_ISSUED",
    "wrong": "NOT_IN_THIS_STATE",
    "uncleared": "CLEARANCE_MISSING",
    "not_gone": "NOT_DEPARTED",
    "gone": "ALREADY_DEPARTED",
    "closed": "WAYBILL_CLOSED",
    "void": "WAYBILL_VOID",
    "rejected": "WAYBILL_REJECTED",
}


def cells() -> list[tuple[State, Act, str]]:
    head, *rows = (line.split() for line in MATRIX.strip().splitlines())
    return [(State(row[0]), Act(act), cell) for row in rows for act, cell in zip(head, row[1:], strict=True)]


def test_the_matrix_has_every_cell() -> None:
    assert len(cells()) == len(State) * len(Act)


@pytest.mark.parametrize(("state", "act", "cell"), cells())
def test_every_act_in_every_state(state: State, act: Act, cell: str) -> None:
    outcome = next_state(state, act)
    assert (outcome.value if isinstance(outcome, State) else outcome.name) == REASONS.get(cell, cell)
    assert bool(check_act(replace(WAYBILL, state=state), act, NOW)) is isinstance(outcome, Reason)


@pytest.mark.parametrize("kind", list(WaybillKind))
def test_only_what_is_not_loaded_leaves_without_clearance(kind: WaybillKind) -> None:
    leaves = next_state(State.ISSUED, Act.DEPART, kind) is State.IN_TRANSIT
    assert leaves is (kind in LEAVES_WITHOUT_LOADING)
    assert leaves is (kind is not WaybillKind.NORMAL)


@given(st.lists(st.sampled_from(sorted(Act, key=lambda act: act.value)), max_size=40))
def test_no_life_departs_uncleared_twice_or_returns_from_the_dead(acts: list[Act]) -> None:
    state, cleared, departures, ended = State.DRAFT, False, 0, False
    for act in acts:
        outcome = next_state(state, act)
        if not isinstance(outcome, State):
            continue
        assert not ended or outcome is state
        cleared = act is Act.CLEAR or (cleared and act is not Act.VOID_CLEARANCE)
        if act is Act.DEPART:
            departures += 1
            assert cleared
        state = outcome
        ended = state in (State.COMPLETED, State.VOIDED, State.REJECTED)
    assert departures <= 1


def test_every_state_can_be_reached_and_each_row_is_used() -> None:
    reached = {State.DRAFT}
    for _ in State:
        reached |= {after for (before, _), after in TABLE.items() if before in reached}
    assert reached == set(State)


def test_a_waybill_is_voided_before_the_departure_only_and_with_a_reason() -> None:
    issued = replace(WAYBILL, state=State.ISSUED)
    assert check_void(issued, "订单取消", NOW) == ()
    assert errors(check_void(issued, "  ", NOW)) == ["REASON_NEEDED"]
    assert errors(check_void(replace(WAYBILL, state=State.IN_TRANSIT), "x", NOW)) == ["ALREADY_DEPARTED"]
    assert errors(check_void(replace(WAYBILL, state=State.VOIDED), "", NOW)) == ["REASON_NEEDED", "WAYBILL_VOID"]
