"""The life of a loading: the table, cell by cell, and every way through it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import Reason
from services.loading.lifecycle import Event, check_event, moved, next_state
from services.loading.model import State

N, A, C, P, F, R = State.NEW, State.APPOINTED, State.CHECKED_FAIL, State.PERMITTED, State.FILLED, State.RECORDED
# Rows are states, columns events in the order of their declaration; None is refused.
ORACLE: dict[State, tuple[State | None, ...]] = {
    #  APPOINT  FAIL  PASS  WEIGH  FILL  OVERFILL  POST_FILL  RECORD
    N: (A,      C,    P,    None,  None, None,     None,      None),
    A: (A,      C,    P,    None,  None, None,     None,      None),
    C: (A,      C,    P,    None,  None, None,     None,      None),
    P: (None,   C,    P,    P,     F,    P,        None,      None),
    F: (None,   C,    None, None,  F,    P,        F,         R),
    R: (None,   C,    None, None,  None, None,     None,      None),
}  # fmt: skip


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_cell_of_the_table_is_as_written_down(state: State, event: Event) -> None:
    wanted = ORACLE[state][list(Event).index(event)]
    found = next_state(state, event)
    assert found is wanted if wanted else isinstance(found, Reason)
    assert bool(check_event(state, event)) is (wanted is None)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_a_refused_event_never_moves_anything(state: State, event: Event) -> None:
    if check_event(state, event):
        with pytest.raises(ValueError, match=event.name):
            moved(state, event)


@given(st.lists(st.sampled_from(Event), max_size=30))
def test_nothing_is_recorded_unless_the_last_check_passed_and_it_was_filled_after_it(events: list[Event]) -> None:
    state, taken = State.NEW, []
    for event in events:
        if not check_event(state, event):
            state = moved(state, event)
            taken.append(event)
    if state is State.RECORDED:
        checks = [index for index, event in enumerate(taken) if event in (Event.PASS, Event.FAIL)]
        fills = [index for index, event in enumerate(taken) if event in (Event.FILL, Event.OVERFILL)]
        assert taken[checks[-1]] is Event.PASS
        assert taken[fills[-1]] is Event.FILL
        assert checks[-1] < fills[-1]
        assert taken[-1] is Event.RECORD


@given(st.lists(st.sampled_from(Event), max_size=30))
def test_a_failed_check_always_ends_whatever_was_permitted(events: list[Event]) -> None:
    state = State.NEW
    for event in events:
        if not check_event(state, event):
            state = moved(state, event)
    assert moved(state, Event.FAIL) is State.CHECKED_FAIL
