"""The life of a loading: one table of (state, event) → state; every other pair is refused, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from services.errors import Finding, Reason
from services.errors.loading import LOADING_FILLED, LOADING_NOT_FILLED, LOADING_NOT_PERMITTED, LOADING_RECORDED
from services.loading.bases import RULES
from services.loading.model import State


class Event(Enum):
    APPOINT = "APPOINT"
    FAIL = "FAIL"  # a check with at least one FAIL
    PASS = "PASS"  # noqa: S105  # a check without
    WEIGH = "WEIGH"  # the empty lorry
    FILL = "FILL"  # filled, and weighed within the permit where it has to be weighed
    OVERFILL = "OVERFILL"  # weighed above the permit
    POST_FILL = "POST_FILL"
    RECORD = "RECORD"


TABLE: Mapping[tuple[State, Event], State] = {
    (State.NEW, Event.APPOINT): State.APPOINTED,
    (State.NEW, Event.FAIL): State.CHECKED_FAIL,
    (State.NEW, Event.PASS): State.PERMITTED,
    (State.APPOINTED, Event.APPOINT): State.APPOINTED,
    (State.APPOINTED, Event.FAIL): State.CHECKED_FAIL,
    (State.APPOINTED, Event.PASS): State.PERMITTED,
    (State.CHECKED_FAIL, Event.APPOINT): State.APPOINTED,
    (State.CHECKED_FAIL, Event.FAIL): State.CHECKED_FAIL,
    (State.CHECKED_FAIL, Event.PASS): State.PERMITTED,
    (State.PERMITTED, Event.FAIL): State.CHECKED_FAIL,
    (State.PERMITTED, Event.PASS): State.PERMITTED,
    (State.PERMITTED, Event.WEIGH): State.PERMITTED,
    (State.PERMITTED, Event.FILL): State.FILLED,
    (State.PERMITTED, Event.OVERFILL): State.PERMITTED,
    (State.FILLED, Event.FAIL): State.CHECKED_FAIL,
    (State.FILLED, Event.FILL): State.FILLED,
    (State.FILLED, Event.OVERFILL): State.PERMITTED,
    (State.FILLED, Event.POST_FILL): State.FILLED,
    (State.FILLED, Event.RECORD): State.RECORDED,
    (State.RECORDED, Event.FAIL): State.CHECKED_FAIL,
}


def next_state(state: State, event: Event) -> State | Reason:
    """The state an event leads to, or the reason why it cannot be."""
    return TABLE.get((state, event)) or _refusal(state, event)


def check_event(state: State, event: Event) -> tuple[Finding, ...]:
    outcome = next_state(state, event)
    if isinstance(outcome, State):
        return ()
    values = {"state": state.value, "event": event.value}
    return (Finding(reason=outcome, path="waybill_id", rule="LC", basis=RULES["LC"], values=values),)


def moved(state: State, event: Event) -> State:
    """The state after an event that was found possible. Raises ``ValueError`` for one that is not."""
    outcome = next_state(state, event)
    if not isinstance(outcome, State):
        raise ValueError(f"{event} in {state}")
    return outcome


def _refusal(state: State, event: Event) -> Reason:
    if state is State.RECORDED:
        return LOADING_RECORDED
    if state is State.FILLED:
        return LOADING_FILLED
    if state is State.PERMITTED:
        return LOADING_NOT_FILLED if event in (Event.POST_FILL, Event.RECORD) else LOADING_FILLED
    return LOADING_NOT_PERMITTED
