"""Hand-overs by rule alone: who may give, who may take, to the gram and to the second; and no way to be both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import Basis
from services.waybill.handover import rules
from services.waybill.handover.custody import holder
from services.waybill.handover.model import Custodian, HandedLine, Handover, HandoverKind, HandoverState, ReceivedLine
from services.waybill.handover.rules import (
    check_answer,
    check_offer,
    check_open,
    countersigned_within,
    found_otherwise,
    is_oneself,
    is_taker,
    may_carry_code,
    totals,
)
from services.waybill.model import Party, Role, State
from tests.unit.services.waybill.petrol_trip import DEPARTURE, PETROL, SECOND, WAYBILL, errors, warned

CARRIER, LOADER, YARD = (Custodian(name=name, organisation_id=name) for name in ("carrier", "loader", "yard"))
LOADED = replace(
    WAYBILL, state=State.LOADED, revision=3, goods=(replace(PETROL, actual_mass_g=1_000),), loader=Party(name="l", organisation_id="loader"),
    carrier=Party(name="c", organisation_id="carrier"), consignee=Party(name="g", organisation_id="consignee"),
    consignor=Party(name="s", organisation_id="consignor"), stops=(), issued_at=DEPARTURE - timedelta(hours=9),
)  # fmt: skip
MOVING = replace(LOADED, state=State.IN_TRANSIT, departed_at=DEPARTURE)
NOON = DEPARTURE + timedelta(hours=2)
OFFER = Handover(
    id="h", waybill_id=WAYBILL.id, kind=HandoverKind.LOADING, revision=3, lines=(HandedLine(goods_number=1, mass_g=1_000),),
    handed_at=NOON, giver=LOADER, taker=CARRIER, statement_digest=b"\x05" * 32,
)  # fmt: skip
PARKED = replace(OFFER, id="p", kind=HandoverKind.PARKED, giver=CARRIER, taker=YARD)
BACK = replace(
    OFFER, id="b", kind=HandoverKind.TAKEN_UP, giver=YARD, taker=CARRIER, handed_at=NOON + timedelta(hours=1)
)


def signed(offer: Handover) -> Handover:
    return replace(offer, state=HandoverState.COUNTERSIGNED)


def judged(offer: Handover, *chain: Handover, waybill: object = MOVING) -> list[str]:
    assert offer.giver is not None
    assert offer.taker is not None
    at = offer.handed_at or NOON
    return errors(check_offer(waybill, chain, offer, offer.giver, offer.taker, at))  # type: ignore[arg-type]


def test_each_kind_has_its_place_in_the_life_of_a_waybill() -> None:
    early = replace(OFFER, handed_at=DEPARTURE - timedelta(hours=1))
    assert judged(early, waybill=LOADED) == []
    assert judged(OFFER) == []  # late, and on record all the same
    assert judged(PARKED) == []
    assert judged(replace(PARKED, kind=HandoverKind.DELIVERY)) == []
    for offer in (PARKED, BACK, replace(PARKED, kind=HandoverKind.DELIVERY)):
        assert "HANDOVER_NOT_NOW" in judged(offer, waybill=replace(MOVING, state=State.LOADED)), offer.kind
    for kind in (HandoverKind.CREW, HandoverKind.VEHICLE):
        assert judged(replace(PARKED, kind=kind)) == ["HANDOVER_NOT_NOW"]
    for state in (State.DRAFT, State.ISSUED, State.COMPLETED, State.VOIDED, State.REJECTED):
        for kind in HandoverKind:
            assert "HANDOVER_NOT_NOW" in judged(replace(OFFER, kind=kind), waybill=replace(MOVING, state=state))


def test_only_a_trailer_is_left_and_not_while_a_correction_is_open() -> None:
    rigid = replace(MOVING, assignments=tuple(each for each in MOVING.assignments if each.role is not Role.TRAILER))
    assert judged(PARKED, waybill=rigid) == ["HANDOVER_NOT_NOW"]
    assert judged(PARKED, waybill=replace(MOVING, under_correction="r")) == ["HANDOVER_NOT_NOW"]


def test_who_holds_it_gives_it_and_nobody_else() -> None:
    assert holder(LOADED, (), NOON).organisation_id == "loader"
    assert holder(LOADED, (signed(OFFER),), NOON).organisation_id == "carrier"
    assert holder(MOVING, (), NOON).person_id == "driver"
    assert holder(MOVING, (PARKED,), NOON).organisation_id == "carrier"  # an offer moves nothing
    assert holder(MOVING, (signed(PARKED),), NOON) == YARD
    assert holder(MOVING, (signed(PARKED), signed(BACK)), NOON).organisation_id == "carrier"
    assert holder(replace(MOVING, state=State.COMPLETED), (), NOON).organisation_id == "consignee"
    delivery = replace(
        PARKED,
        id="d",
        kind=HandoverKind.DELIVERY,
        taker=Custodian(organisation_id="consignee"),
        handed_at=BACK.handed_at,
    )
    assert judged(delivery, signed(PARKED)) == ["HANDOVER_NOT_HOLDER"]
    assert judged(delivery, signed(PARKED), signed(BACK)) == []
    assert judged(BACK, signed(PARKED)) == []
    assert "HANDOVER_NOT_HOLDER" in judged(replace(BACK, giver=CARRIER, taker=YARD), signed(PARKED))
    assert judged(BACK) == ["HANDOVER_NOT_HOLDER"]
    assert judged(replace(OFFER, giver=CARRIER, taker=YARD)) == ["HANDOVER_NOT_HOLDER"]
    assert judged(replace(delivery, giver=YARD), signed(PARKED)) == ["HANDOVER_NOT_HOLDER"]


def test_a_second_offer_of_the_same_waits_for_the_first_to_end() -> None:
    assert judged(replace(PARKED, id="q"), PARKED) == ["HANDOVER_NOT_NOW"]
    for over in (HandoverState.REFUSED, HandoverState.WITHDRAWN):
        assert judged(replace(PARKED, id="q"), replace(PARKED, state=over)) == []
    again = replace(PARKED, id="q", handed_at=NOON + timedelta(hours=2))
    assert judged(again, signed(PARKED), signed(BACK)) == []
    first = replace(PARKED, kind=HandoverKind.DELIVERY, stop_number=1)
    assert judged(replace(first, id="q", stop_number=2), first) == []


def test_times_follow_one_another() -> None:
    assert judged(replace(PARKED, handed_at=DEPARTURE)) == []
    assert judged(replace(PARKED, handed_at=DEPARTURE - SECOND)) == ["TOO_EARLY"]
    assert judged(replace(BACK, handed_at=NOON - SECOND), signed(PARKED)) == ["TOO_EARLY"]
    assert judged(replace(PARKED, revision=2)) == ["HANDOVER_NOT_NOW"]


@given(st.lists(st.integers(-5, 1_005), max_size=4))
def test_no_more_is_handed_over_than_is_aboard_to_the_gram(grams: list[int]) -> None:
    lines = tuple(HandedLine(goods_number=1, mass_g=each, compartment=index) for index, each in enumerate(grams))
    offer = replace(PARKED, lines=lines)
    impossible = sum(grams) > 1_000 or any(each < 0 for each in grams)
    assert ("HANDOVER_IMPOSSIBLE" in judged(offer)) == impossible
    assert totals(offer) == ({1: sum(grams)} if grams else {})
    found = check_offer(MOVING, (), offer, CARRIER, YARD, NOON)
    if not impossible:
        assert warned(found) == ([] if sum(grams) == 1_000 else ["HANDOVER_DIFFERS"])


ORGANISATIONS, PEOPLE = st.sampled_from(["a", "b", ""]), st.sampled_from(["x", "y", ""])
CUSTODIANS = st.builds(Custodian, organisation_id=ORGANISATIONS, person_id=PEOPLE)


@given(CUSTODIANS.filter(lambda each: each.organisation_id != ""), CUSTODIANS, PEOPLE)
def test_no_giver_can_be_its_own_taker(giver: Custodian, taker: Custodian, caller: str) -> None:
    """Whoever could have signed as the giver, whatever person was named: a hand-over that passed is not his to take."""
    offer = replace(OFFER, giver=giver, taker=taker)
    could_give = caller == giver.person_id
    if not is_oneself(giver, taker) and could_give:
        assert not is_taker(offer, giver.organisation_id, caller)
    assert not may_carry_code(MOVING, offer, giver.organisation_id)
    if not taker.organisation_id:
        assert not any(is_taker(offer, one, person) for one in ("a", "b", "") for person in ("x", "y", ""))


def test_a_code_is_carried_by_the_takers_side() -> None:
    def carriers(offer: Handover) -> set[str]:
        everybody = ("carrier", "loader", "consignee", "consignor", "yard", "stranger", "")
        return {each for each in everybody if may_carry_code(MOVING, offer, each)}

    assert carriers(OFFER) == {"carrier"}
    assert carriers(PARKED) == {"yard", "consignee", "consignor"}
    assert carriers(replace(PARKED, kind=HandoverKind.DELIVERY, taker=Custodian(name="站"))) == {
        "consignee",
        "consignor",
    }
    assert carriers(replace(OFFER, kind=HandoverKind.CREW, giver=CARRIER)) == set()


def test_an_answer_is_to_these_very_bytes_and_once() -> None:
    assert check_answer(MOVING, OFFER, OFFER.statement_digest, (), NOON) == ()
    assert errors(check_answer(MOVING, OFFER, b"", (), NOON)) == ["HANDOVER_DIGEST_DIFFERS"]
    assert errors(check_answer(MOVING, OFFER, OFFER.statement_digest, (), NOON - SECOND)) == ["TOO_EARLY"]
    for state in HandoverState:
        found = errors(check_open(MOVING, replace(OFFER, state=state), NOON))
        assert found == ([] if state is HandoverState.OFFERED else ["HANDOVER_ANSWERED"])
    for of_waybill in State:
        found = errors(check_open(replace(MOVING, state=of_waybill), OFFER, NOON))
        assert found == (["WAYBILL_VOID"] if of_waybill is State.VOIDED else []), of_waybill


@given(st.lists(st.builds(ReceivedLine, goods_number=st.integers(0, 2), delivered_g=st.integers(-1, 1_001), returned_g=st.integers(-1, 1)), max_size=3),
       st.sampled_from([HandoverKind.DELIVERY, HandoverKind.PARKED]))  # fmt: skip
def test_an_answer_tells_of_each_line_once_in_grams_that_can_be(
    received: Sequence[ReceivedLine], kind: HandoverKind
) -> None:
    offer = replace(OFFER, kind=kind)
    sound = (
        len({each.goods_number for each in received}) == len(received)
        and all(each.goods_number == 1 and each.delivered_g >= 0 for each in received)
        and all(each.returned_g == 0 or (kind is HandoverKind.DELIVERY and each.returned_g > 0) for each in received)
    )
    assert (errors(check_answer(MOVING, offer, offer.statement_digest, tuple(received), NOON)) == []) == sound
    if sound:
        otherwise = [each for each in received if each.delivered_g != 1_000]
        assert len(found_otherwise(offer, received, NOON)) == len(otherwise)


@pytest.mark.parametrize("kind", list(HandoverKind))
def test_the_time_limit_is_the_one_in_force_that_day(kind: HandoverKind, monkeypatch: pytest.MonkeyPatch) -> None:
    old = (timedelta(hours=5), Basis("旧", "old", "", None, date(2027, 1, 1)))
    new = (timedelta(hours=1), Basis("新", "new", "", date(2027, 1, 1), None))
    monkeypatch.setattr(rules, "COUNTERSIGNED_WITHIN", {kind: (old, new)})
    assert countersigned_within(kind, date(2026, 12, 31)) == timedelta(hours=5)
    assert countersigned_within(kind, date(2027, 1, 1)) == timedelta(hours=1)
