"""The life of a waybill: one table of (state, act) → state, and for every other pair the reason it is refused.

UNDER_CORRECTION is a flag beside the state and no row of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from services.errors import Finding, Reason
from services.errors.waybill.under_way import (
    ALREADY_DEPARTED,
    CLEARANCE_MISSING,
    NOT_DEPARTED,
    NOT_IN_THIS_STATE,
    NOT_ISSUED,
    WAYBILL_CLOSED,
    WAYBILL_REJECTED,
    WAYBILL_VOID,
)
from services.runtime.clock import legal_day
from services.waybill.bases import basis_on
from services.waybill.model import State, Waybill, WaybillKind


class Act(Enum):
    EDIT = "EDIT"  # change a draft
    ISSUE = "ISSUE"
    CLEAR = "CLEAR"  # the loader grants clearance
    VOID_CLEARANCE = "VOID_CLEARANCE"
    DEPART = "DEPART"
    REASSIGN = "REASSIGN"  # exchange driver, escort, tractor, trailer
    SIGN_STOP = "SIGN_STOP"  # one consignee of several signs
    ARRIVE = "ARRIVE"
    COMPLETE = "COMPLETE"  # the last consignee signs
    SUCCEED = "SUCCEED"  # another waybill takes over all that is aboard 转单
    REJECT = "REJECT"  # the loader turns the lorry away, or the consignee the goods
    VOID = "VOID"
    AMEND = "AMEND"  # open, sign, make or revert a revision


TABLE: Mapping[tuple[State, Act], State] = {
    (State.DRAFT, Act.EDIT): State.DRAFT,
    (State.DRAFT, Act.ISSUE): State.ISSUED,
    (State.DRAFT, Act.VOID): State.VOIDED,
    (State.ISSUED, Act.CLEAR): State.LOADED,
    (State.ISSUED, Act.REASSIGN): State.ISSUED,
    (State.ISSUED, Act.REJECT): State.REJECTED,
    (State.ISSUED, Act.VOID): State.VOIDED,
    (State.ISSUED, Act.AMEND): State.ISSUED,
    (State.LOADED, Act.VOID_CLEARANCE): State.ISSUED,
    (State.LOADED, Act.DEPART): State.IN_TRANSIT,
    (State.LOADED, Act.REASSIGN): State.LOADED,
    (State.LOADED, Act.REJECT): State.REJECTED,
    (State.LOADED, Act.VOID): State.VOIDED,
    (State.LOADED, Act.AMEND): State.LOADED,
    (State.IN_TRANSIT, Act.REASSIGN): State.IN_TRANSIT,
    (State.IN_TRANSIT, Act.SIGN_STOP): State.IN_TRANSIT,
    (State.IN_TRANSIT, Act.ARRIVE): State.ARRIVED,
    (State.IN_TRANSIT, Act.SUCCEED): State.COMPLETED,
    (State.IN_TRANSIT, Act.AMEND): State.IN_TRANSIT,
    (State.ARRIVED, Act.SIGN_STOP): State.ARRIVED,
    (State.ARRIVED, Act.COMPLETE): State.COMPLETED,
    (State.ARRIVED, Act.SUCCEED): State.COMPLETED,
    (State.ARRIVED, Act.REJECT): State.REJECTED,
    (State.ARRIVED, Act.AMEND): State.ARRIVED,
    (State.COMPLETED, Act.AMEND): State.COMPLETED,
}

# Kinds nothing is filled or loaded for: they leave without a loader's clearance.
LEAVES_WITHOUT_LOADING = frozenset(
    {WaybillKind.EMPTY_RETURN, WaybillKind.RESIDUE_RETURN, WaybillKind.REFUSED_RETURN, WaybillKind.DIVERTED, WaybillKind.RESCUE}
)  # fmt: skip

# Acts that belong before the departure, and acts that belong after it.
_BEFORE = frozenset({Act.EDIT, Act.ISSUE, Act.CLEAR, Act.VOID_CLEARANCE, Act.DEPART, Act.VOID})
_AFTER = frozenset({Act.SIGN_STOP, Act.ARRIVE, Act.COMPLETE, Act.SUCCEED})
_ENDED: Mapping[State, Reason] = {
    State.COMPLETED: WAYBILL_CLOSED,
    State.VOIDED: WAYBILL_VOID,
    State.REJECTED: WAYBILL_REJECTED,
}


def next_state(state: State, act: Act, kind: WaybillKind = WaybillKind.NORMAL) -> State | Reason:
    """The state an act leads to, or the reason why it is not possible."""
    if state is State.ISSUED and act is Act.DEPART and kind in LEAVES_WITHOUT_LOADING:
        return State.IN_TRANSIT
    return TABLE.get((state, act)) or _refusal(state, act)


def check_act(waybill: Waybill, act: Act, at: datetime) -> tuple[Finding, ...]:
    """Nothing when the act is possible now, else the one finding that says why not."""
    outcome = next_state(waybill.state, act, waybill.kind)
    if isinstance(outcome, State):
        return ()
    values = {"state": waybill.state.value, "act": act.value}
    return (
        Finding(
            reason=outcome, path="waybill.state", rule="WB-12", basis=basis_on("WB-12", legal_day(at)), values=values
        ),
    )


def _refusal(state: State, act: Act) -> Reason:
    if state in _ENDED:
        return _ENDED[state]
    if state is State.DRAFT:
        return NOT_ISSUED
    if act is Act.DEPART and state is State.ISSUED:
        return CLEARANCE_MISSING
    departed = state in (State.IN_TRANSIT, State.ARRIVED)
    if departed and act in _BEFORE:
        return ALREADY_DEPARTED
    if not departed and act in _AFTER:
        return NOT_DEPARTED
    return NOT_IN_THIS_STATE
