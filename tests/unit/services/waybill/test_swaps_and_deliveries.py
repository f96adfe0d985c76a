"""Swaps on the way and deliveries stop by stop: nobody is aboard twice, no gram is delivered twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.waybill.delivery import Received, aboard_g, check_delivery, delivered
from services.waybill.model import Drop, Party, Place, Role, State, Stop
from services.waybill.revision.reassignment import Swap, aboard, check_swap, swapped
from services.waybill.rules.busy import occupies
from tests.unit.services.waybill.petrol_trip import ARRIVAL, DEPARTURE, NOW, PETROL, SECOND, WAYBILL, errors, warned

MOVING = replace(WAYBILL, state=State.IN_TRANSIT, departed_at=DEPARTURE)
RELIEF = Swap(role=Role.DRIVER, outgoing_id="driver", incoming_id="second", reason="疲劳", approved_by="dispatcher")
NOON = DEPARTURE + timedelta(hours=2)


def test_a_relieved_driver_is_busy_until_the_swap_and_the_new_one_from_it() -> None:
    assert check_swap(MOVING, RELIEF, NOON) == ()
    after = swapped(MOVING, RELIEF, NOON)
    assert aboard(after, Role.DRIVER, NOON - SECOND) == ("driver",)
    assert aboard(after, Role.DRIVER, NOON) == ("second",)
    spans = {busy.resource: (busy.from_at, busy.to_at, busy.under_way) for busy in occupies(after)}
    assert spans["person/driver"] == (DEPARTURE, NOON, False)
    assert spans["person/second"] == (NOON, ARRIVAL, True)


def test_before_the_departure_the_outgoing_one_was_never_on_the_trip() -> None:
    issued = replace(WAYBILL, state=State.ISSUED)
    after = swapped(issued, RELIEF, NOW - timedelta(hours=3))
    assert after.resources(Role.DRIVER) == ("second",)
    assert "person/driver" not in {busy.resource for busy in occupies(after)}


@pytest.mark.parametrize(
    ("swap", "reason"),
    [
        (replace(RELIEF, outgoing_id="stranger"), "NOT_ASSIGNED"),
        (replace(RELIEF, outgoing_id="escort"), "NOT_ASSIGNED"),
        (replace(RELIEF, incoming_id="driver", outgoing_id=""), "ALREADY_ASSIGNED"),
        (replace(RELIEF, reason=" "), "REASON_NEEDED"),
    ],
)
def test_a_swap_that_cannot_be_is_refused(swap: Swap, reason: str) -> None:
    assert errors(check_swap(MOVING, swap, NOON)) == [reason]


def test_a_swap_is_not_dated_before_the_departure_nor_made_after_the_arrival() -> None:
    assert errors(check_swap(MOVING, RELIEF, DEPARTURE - SECOND)) == ["TOO_EARLY"]
    assert errors(check_swap(replace(MOVING, state=State.ARRIVED), RELIEF, NOON)) == ["NOT_IN_THIS_STATE"]


def test_a_relieved_driver_cannot_be_relieved_again() -> None:
    after = swapped(MOVING, RELIEF, NOON)
    assert errors(check_swap(after, replace(RELIEF, incoming_id="third"), NOON)) == ["NOT_ASSIGNED"]


def stop(number: int, planned_g: int) -> Stop:
    drops = (Drop(goods_number=1, planned_g=planned_g),)
    return Stop(number=number, place=Place(name="站"), consignee=Party(name="站"), drops=drops)


ROUND = replace(MOVING, goods=(replace(PETROL, actual_mass_g=1_000),), stops=(stop(1, 600), stop(2, 400)))


def test_a_delivery_as_planned_is_silent_and_another_one_a_warning() -> None:
    assert check_delivery(ROUND, 1, {1: Received(600)}, NOON) == ()
    assert warned(check_delivery(ROUND, 1, {1: Received(599)}, NOON)) == ["DELIVERY_DIFFERS"]


@pytest.mark.parametrize(
    ("grams", "back", "refused"),
    [(1_000, 0, False), (1_001, 0, True), (999, 1, False), (999, 2, True), (-1, 0, True), (1, -1, True)],
)
def test_no_more_is_delivered_than_is_aboard_to_the_gram(grams: int, back: int, refused: bool) -> None:
    found = check_delivery(ROUND, 1, {1: Received(grams, back)}, NOON)
    assert errors(found) == (["DELIVERY_IMPOSSIBLE"] if refused else [])


def test_a_stop_is_signed_once_and_must_exist() -> None:
    after = delivered(ROUND, 1, {1: Received(600)}, "王五", NOON)
    assert errors(check_delivery(after, 1, {}, NOON)) == ["STOP_SIGNED"]
    assert errors(check_delivery(ROUND, 3, {}, NOON)) == ["STOP_UNKNOWN"]
    assert errors(check_delivery(ROUND, 1, {9: Received(1)}, NOON)) == ["GOODS_LINE_UNKNOWN"]
    assert errors(check_delivery(ROUND, 1, {1: Received(600)}, DEPARTURE - SECOND)) == ["TOO_EARLY"]
    assert errors(check_delivery(replace(ROUND, state=State.LOADED), 1, {1: Received(600)}, NOON)) == ["NOT_DEPARTED"]


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(-5, 1_200), st.integers(-5, 50)), max_size=6))
def test_whatever_is_tried_the_grams_delivered_and_aboard_add_up_to_the_load(tries: list[tuple[int, int, int]]) -> None:
    waybill = ROUND
    for number, grams, back in tries:
        received = {1: Received(grams, back)}
        if not errors(check_delivery(waybill, number, received, NOON)):
            waybill = delivered(waybill, number, received, "王五", NOON)
    given_g = sum(drop.delivered_g or 0 for each in waybill.stops for drop in each.drops)
    assert given_g + aboard_g(waybill)[1] == 1_000
    assert 0 <= given_g <= 1_000
