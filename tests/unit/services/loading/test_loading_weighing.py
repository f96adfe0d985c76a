"""Weights, the check after filling and the record, at their edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import Severity
from services.loading.bases import SCALE_TOLERANCE_G
from services.loading.model import LoadedLine, PostFill, PostFillCode, PostFillItem, Result, Weights
from services.loading.weighing import (
    check_loaded,
    check_post_fill,
    check_unexpired,
    check_weights,
    is_weighed,
    most_g,
    overfilled,
    post_fill_asked,
    retain_until,
)
from tests.unit.services.loading.loading_samples import ISSUED, a_permit, at_gate
from tests.unit.services.waybill.petrol_trip import FACTS, NOW, PETROL, carrying, errors

TRIP, PERMIT = at_gate(), a_permit()
TARE, MOST = 16_000_000, 28_000_000
TICKET = Weights(tare_g=TARE, gross_g=TARE + MOST, scale="S1", weighed_at=NOW)
LINE = LoadedLine(goods_number=1, mass_g=MOST, compartment=1)
TANK_ITEMS = (PostFillCode.CLOSURES, PostFillCode.NO_LEAK, PostFillCode.DISCONNECTED, PostFillCode.MARKS)
DONE = PostFill(items=tuple(PostFillItem(code=code, result=Result.PASS, checked_by_id="c") for code in TANK_ITEMS))
FIREWORKS = replace(
    PETROL, un_number="0336", name="烟花", hazard_class="1.4G", packing_group="", mode="packages", compartment=None
)


def loaded(*lines: LoadedLine, weights: Weights | None = TICKET, post_fill: PostFill | None = DONE) -> list[str]:
    return errors(check_loaded(lines or (LINE,), PERMIT, weights, post_fill, TRIP))


def test_what_was_permitted_may_be_recorded_to_the_gram() -> None:
    assert loaded() == []


def test_a_gram_above_the_maximum_is_to_be_pumped_back() -> None:
    over = replace(LINE, mass_g=MOST + 1)
    assert "OVERFILLED_PUMP_BACK" in loaded(over)
    assert [each.severity for each in overfilled(MOST + 1, most_g(PERMIT, TRIP))] == [Severity.ERROR]
    assert overfilled(MOST, most_g(PERMIT, TRIP)) == ()


def test_a_ticket_above_the_permit_keeps_a_smaller_record_from_passing() -> None:
    assert "OVERFILLED_PUMP_BACK" in loaded(weights=replace(TICKET, gross_g=TARE + MOST + 1))


@pytest.mark.parametrize("off", [-SCALE_TOLERANCE_G, 0, SCALE_TOLERANCE_G])
def test_record_and_weighbridge_may_differ_by_three_intervals(off: int) -> None:
    assert loaded(replace(LINE, mass_g=MOST - SCALE_TOLERANCE_G), weights=_net(MOST - SCALE_TOLERANCE_G + off)) == []


@pytest.mark.parametrize("off", [-SCALE_TOLERANCE_G - 1, SCALE_TOLERANCE_G + 1])
def test_record_and_weighbridge_may_not_differ_by_a_gram_more(off: int) -> None:
    mass = MOST - 2 * SCALE_TOLERANCE_G
    assert loaded(replace(LINE, mass_g=mass), weights=_net(mass + off)) == ["LOADED_NOT_AS_WEIGHED"]


def _net(net: int) -> Weights:
    return replace(TICKET, gross_g=TARE + net)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((replace(LINE, compartment=2),), "LOADED_LINE_UNKNOWN"),
        ((replace(LINE, compartment=None),), "LOADED_LINE_UNKNOWN"),
        ((LINE, replace(LINE, mass_g=0)), "LOADED_LINE_UNKNOWN"),
        ((replace(LINE, goods_number=2),), "LOADED_LINE_MISSING"),
        ((replace(LINE, mass_g=-1),), "WEIGHTS_INVALID"),
        ((replace(LINE, mass_g=0),), "WEIGHTS_INVALID"),
    ],
)
def test_every_line_is_recorded_once_where_it_was_permitted(lines: tuple[LoadedLine, ...], reason: str) -> None:
    assert reason in loaded(*lines)


@pytest.mark.parametrize(
    "post_fill", [None, replace(DONE, items=(replace(DONE.items[0], result=Result.FAIL), *DONE.items[1:]))]
)
def test_nothing_is_recorded_without_a_passed_check_afterwards(post_fill: PostFill | None) -> None:
    assert loaded(post_fill=post_fill) == ["POST_FILL_MISSING"]


@pytest.mark.parametrize(
    ("tare", "gross"), [(0, 0), (-1, 0), (200_000_001, 0), (5, 5), (6, 5), (1, -1), (1, 200_000_001)]
)
def test_impossible_tickets_are_refused(tare: int, gross: int) -> None:
    assert set(errors(check_weights(Weights(tare_g=tare, gross_g=gross, scale="S"), PERMIT, NOW))) == {
        "WEIGHTS_INVALID"
    }


def test_a_ticket_of_the_empty_lorry_has_no_net_mass() -> None:
    empty = Weights(tare_g=TARE, scale="S")
    assert check_weights(empty, PERMIT, NOW) == ()
    assert empty.net_g == 0


def test_a_permit_ends_with_its_last_microsecond() -> None:
    tick = timedelta(microseconds=1)
    assert check_unexpired(PERMIT, "weights", PERMIT.expires_at - tick) == ()
    assert errors(check_unexpired(PERMIT, "weights", PERMIT.expires_at)) == ["FILL_PERMIT_EXPIRED"]


def test_fireworks_are_counted_and_not_weighed_and_carry_the_safety_plate() -> None:
    trip = at_gate(FACTS, carrying(FIREWORKS, waybill=ISSUED))
    assert not is_weighed(trip)
    assert post_fill_asked(trip) == {
        PostFillCode.MARKS, PostFillCode.NO_LEAK, PostFillCode.PACKAGING, PostFillCode.SAFETY_PLATE,
    }  # fmt: skip
    assert is_weighed(TRIP)
    assert post_fill_asked(TRIP) == set(TANK_ITEMS)


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        (DONE.items[1:], "CHECK_ITEM_MISSING"),
        ((*DONE.items, DONE.items[0]), "CHECK_ITEM_TWICE"),
        ((replace(DONE.items[0], result=Result.NOT_APPLICABLE), *DONE.items[1:]), "CHECK_ITEM_APPLIES"),
        ((replace(DONE.items[0], result=Result.FAIL), *DONE.items[1:]), "FAIL_NEEDS_NOTE"),
    ],
)
def test_the_check_afterwards_answers_everything_once(items: tuple[PostFillItem, ...], reason: str) -> None:
    assert errors(check_post_fill(PostFill(items=items), post_fill_asked(TRIP))) == [reason]


def test_a_record_is_kept_to_the_same_day_of_the_month() -> None:
    shanghai_leap_day = datetime(2024, 2, 28, 16, 0, tzinfo=UTC)
    assert retain_until(shanghai_leap_day, 12) == date(2025, 2, 28)
    assert retain_until(shanghai_leap_day, 48) == date(2028, 2, 29)
    assert retain_until(datetime(2026, 12, 31, 0, 0, tzinfo=UTC), 36) == date(2029, 12, 31)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)), st.integers(12, 60))
def test_a_record_is_never_kept_for_less_than_its_months(at: datetime, months: int) -> None:
    until = retain_until(at, months)
    assert (until - (at + timedelta(hours=8)).date()).days >= months * 30
    assert (until.year * 12 + until.month) - (at + timedelta(hours=8)).date().month == (
        at + timedelta(hours=8)
    ).year * 12 + months
