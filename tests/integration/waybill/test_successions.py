"""One waybill takes over from another on the way 转单: the lorry and its load are on exactly one at any moment."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from hazway import ids, record, trust
from hazway.day_bundle import Status
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import handover_pb2 as handover
from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.waybill.status_list import place_of, status_list
from tests.cast import CARRIER, CONSIGNEE, CONSIGNOR, LOADER, RIVAL, Cast, a_waybill, put_fleet
from tests.integration.waybill.test_handovers import a_handover, calls, custody, entering, offering, offers
from tests.integration.waybill.test_handovers import refusal as unanswered
from tests.integration.waybill.test_kinds_of_waybill import (
    KG,
    after,
    condition,
    ends,
    home,
    leaves,
    reasons,
    takes_deliveries,
)
from tests.integration.waybill.test_waybill_life import departs, read, told

ALL = 28_000 * KG


def test_a_lorry_sent_elsewhere_on_the_way_goes_over_to_its_new_waybill_when_it_sets_off(cast: Cast) -> None:
    trip = departs(cast, cast.issue(a_waybill()).waybill)
    offer = offers(cast, CARRIER, a_handover(trip, handover.HANDOVER_KIND_DELIVERY)).handover
    assert reasons(cast, diverted(cast, trip, ALL + 1)) == {"FIELD_INVALID"}
    assert reasons(cast, diverted(cast, trip, ALL - 1)) == {"FIELD_INVALID"}  # nothing of a lorry's load stays behind
    there = diverted(cast, trip, ALL)
    issued = cast.issue(there).waybill
    # What is beyond the first trip's time is taken, and the lorry is still on the first.
    assert reasons(cast, diverted(cast, trip, ALL)) == {"RESOURCE_BUSY"}
    assert (on_the_way(cast), standing_of(cast, trip)) == ([trip.id], Status.GOOD)
    cast.world.clock.advance(minutes=30)
    trial = pb.DepartWaybillRequest(waybill_id=issued.id, validate_only=True)
    assert cast.call(CARRIER, "DepartWaybill", trial).waybill.state == pb.STATE_IN_TRANSIT
    assert (on_the_way(cast), read(cast, trip)) == ([trip.id], trip)
    early = pb.DepartWaybillRequest(waybill_id=issued.id)
    early.departed_at.FromDatetime(trip.departed_at.ToDatetime() - timedelta(seconds=1))
    assert refusal(cast, early) == {"TOO_EARLY"}
    request = pb.DepartWaybillRequest(request_id=ids.new_id(), waybill_id=issued.id)
    answer = cast.call(CARRIER, "DepartWaybill", request)
    ended = read(cast, trip)
    assert (ended.state, ended.completed_at) == (pb.STATE_COMPLETED, answer.waybill.departed_at)
    (by,) = ended.successors
    assert (by.waybill_id, by.number, by.kind, by.at) == (
        issued.id, issued.number, pb.WAYBILL_KIND_DIVERTED, ended.completed_at,
    )  # fmt: skip
    assert [(line.goods_number, line.mass_g) for line in by.taken] == [(1, ALL)]
    assert on_the_way(cast) == [issued.id]
    assert (standing_of(cast, trip), standing_of(cast, issued)) == (Status.ENDED, Status.GOOD)
    # The lorry's followers hear of the new trip alone; nothing was unloaded from it, and nobody waits for a signature.
    facts = [(fact["waybill_id"], fact["event"], fact["loaded"]) for fact in told(cast)]
    assert facts == [(trip.id, "LOADED", True), (trip.id, "DEPARTED", True), (issued.id, "DEPARTED", True)]
    (kept,) = [each for each in custody(cast, trip.id).handovers if each.id == offer.id]
    assert kept.state == handover.HANDOVER_STATE_WITHDRAWN
    # Told again, it is the same departure.
    assert cast.call(CARRIER, "DepartWaybill", request) == answer
    assert (read(cast, trip), len(told(cast))) == (ended, 3)
    assert {f"waybill/{trip.id}", f"waybill/{issued.id}"} <= bundle(cast, trip) & bundle(cast, issued)
    ends(cast, issued, CONSIGNEE)
    assert read(cast, trip) == ended


def test_a_rescue_of_part_leaves_the_rest_with_the_first_and_one_of_all_the_rest_ends_it(cast: Cast) -> None:
    put_fleet(cast, "-3", 3)
    put_fleet(cast, "-2", 2)
    trip = departs(cast, cast.issue(a_waybill()).waybill)
    cast.heard_of("tractor-3", "tractor-2")
    first = rescue(cast, trip, 10_000 * KG, "-3", CARRIER)
    late = rescue(cast, trip, 18_000 * KG + 1, "-2", CARRIER)
    waiting = cast.issue(late).waybill  # until the other leaves there is that much aboard
    leaves(cast, first)
    left = read(cast, trip)
    assert left.state == pb.STATE_IN_TRANSIT
    assert [line.mass_g for each in left.successors for line in each.taken] == [10_000 * KG]
    assert [line.mass_g for line in custody(cast, trip.id).aboard] == [18_000 * KG]
    assert on_the_way(cast) == [trip.id]
    assert refusal(cast, pb.DepartWaybillRequest(waybill_id=waiting.id)) == {"FIELD_INVALID"}
    cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=waiting.id, reason="数量有误"))
    assert reasons(cast, rescue(cast, trip, 18_000 * KG + 1, "-2", CARRIER)) == {"FIELD_INVALID"}
    rest = leaves(cast, rescue(cast, trip, 18_000 * KG, "-2", CARRIER))
    ended = read(cast, trip)
    assert (ended.state, ended.unloaded_at) == (pb.STATE_COMPLETED, rest.departed_at)
    assert sum(line.mass_g for each in ended.successors for line in each.taken) == ALL
    assert (on_the_way(cast), on_the_way(cast, "tractor-2")) == ([], [rest.id])
    assert told(cast)[-2]["event"] == "SUCCEEDED"
    assert condition(cast) == registry.TANK_CONDITION_EMPTY_UNCLEANED
    assert f"waybill/{rest.id}" in bundle(cast, trip, by=CONSIGNOR)


def test_what_is_left_after_a_rescue_of_part_is_delivered_without_anybody_counting_again(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    trip = departs(cast, cast.issue(a_waybill()).waybill)
    cast.heard_of("tractor-2")
    leaves(cast, rescue(cast, trip, 1, "-2", CARRIER))
    ended = ends(cast, trip, CONSIGNEE)
    assert [drop.delivered_g for drop in ended.stops[0].drops] == [ALL - 1]


def test_a_lorry_turned_back_on_the_way_takes_its_load_home_under_a_waybill_of_its_own(cast: Cast) -> None:
    """The consignee says before the arrival that it will not take the goods."""
    trip = departs(cast, cast.issue(a_waybill()).waybill)
    offer = offers(cast, CARRIER, a_handover(trip, handover.HANDOVER_KIND_DELIVERY)).handover
    takes_deliveries(cast, LOADER)
    part = home(after(cast, trip, pb.WAYBILL_KIND_REFUSED_RETURN, ALL - 1), LOADER)
    assert reasons(cast, part) == {"FIELD_INVALID"}  # nothing of a lorry's load stays behind
    back = leaves(cast, home(after(cast, trip, pb.WAYBILL_KIND_REFUSED_RETURN, ALL), LOADER))
    ended = read(cast, trip)
    assert (ended.state, ended.completed_at) == (pb.STATE_COMPLETED, back.departed_at)
    assert [(by.waybill_id, by.kind) for by in ended.successors] == [(back.id, pb.WAYBILL_KIND_REFUSED_RETURN)]
    assert (standing_of(cast, trip), standing_of(cast, back)) == (Status.ENDED, Status.GOOD)
    assert on_the_way(cast) == [back.id]
    facts = [(fact["waybill_id"], fact["event"], fact["loaded"]) for fact in told(cast)]
    assert facts == [(trip.id, "LOADED", True), (trip.id, "DEPARTED", True), (back.id, "DEPARTED", True)]
    (kept,) = [each for each in custody(cast, trip.id).handovers if each.id == offer.id]
    assert kept.state == handover.HANDOVER_STATE_WITHDRAWN
    late = pb.SignDeliveryRequest(waybill_id=trip.id, signed_by="陈站长")
    with pytest.raises(Refused) as refused:
        cast.call(CONSIGNEE, "SignDelivery", late)
    assert refused.value.reasons == {"WAYBILL_CLOSED"}
    ends(cast, back, LOADER)
    assert condition(cast) == registry.TANK_CONDITION_EMPTY_UNCLEANED


def test_after_a_rescue_of_part_the_code_of_a_hand_over_of_all_is_no_good_and_that_of_the_rest_is(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    message = a_waybill()
    message.consignee.CopyFrom(pb.Party(name="山脚加油点", phone="13900000001"))
    trip = departs(cast, cast.issue(message).waybill)
    cast.heard_of("tractor-2")
    whole = offers(cast, CARRIER, a_handover(trip, handover.HANDOVER_KIND_DELIVERY)).handover
    ask = handover.GetHandoverCodeRequest(waybill_id=trip.id, handover_id=whole.id)
    code = calls(cast.clients[CONSIGNOR], ask).code
    leaves(cast, rescue(cast, trip, 10_000 * KG, "-2", CARRIER))
    assert unanswered(cast.clients[CONSIGNOR], ask) == {"HANDOVER_ANSWERED"}
    assert unanswered(cast.clients[CARRIER], entering(whole, code)) == {"HANDOVER_ANSWERED"}
    assert read(cast, trip).state == pb.STATE_IN_TRANSIT
    again = a_handover(trip, handover.HANDOVER_KIND_DELIVERY)
    assert "HANDOVER_IMPOSSIBLE" in unanswered(cast.clients[CARRIER], offering(again))
    again.lines[0].mass_g = 18_000 * KG
    rest = offers(cast, CARRIER, again).handover
    cast.call(CARRIER, "ArriveWaybill", pb.ArriveWaybillRequest(waybill_id=trip.id))
    told_code = calls(
        cast.clients[CONSIGNOR], handover.GetHandoverCodeRequest(waybill_id=trip.id, handover_id=rest.id)
    ).code
    assert calls(cast.clients[CARRIER], entering(rest, told_code)).accepted
    ended = read(cast, trip)
    assert (ended.state, ended.stops[0].drops[0].delivered_g) == (pb.STATE_COMPLETED, 18_000 * KG)


def test_another_carrier_takes_nothing_from_a_waybill_by_its_own_word_alone(cast: Cast) -> None:
    put_fleet(cast, "-rescue", 7, RIVAL)
    trip = departs(cast, cast.issue(a_waybill()).waybill)
    cast.heard_of("tractor-rescue")
    before = read(cast, trip)
    came = leaves(cast, rescue(cast, trip, ALL, "-rescue", RIVAL), by=RIVAL)
    assert came.state == pb.STATE_IN_TRANSIT
    assert read(cast, trip) == before
    assert on_the_way(cast) == [trip.id]


def test_of_two_that_would_take_over_at_once_one_does(cast: Cast) -> None:
    trip = departs(cast, cast.issue(a_waybill()).waybill)
    both = [cast.issue(diverted(cast, trip, ALL, hours=2)).waybill for _ in range(2)]
    cast.world.clock.advance(minutes=30)
    results: dict[str, frozenset[str] | None] = {}

    def go(waybill_id: str) -> None:
        try:
            cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill_id))
            results[waybill_id] = None
        except Refused as refused:
            results[waybill_id] = frozenset(refused.reasons)

    threads = [threading.Thread(target=go, args=(each.id,)) for each in both]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    (winner,) = [waybill_id for waybill_id, refused in results.items() if refused is None]
    (lost,) = [refused for refused in results.values() if refused is not None]
    assert lost <= {"FIELD_INVALID", "RESOURCE_BUSY"}
    assert [each.waybill_id for each in read(cast, trip).successors] == [winner]
    assert on_the_way(cast) == [winner]


# What the tests above say it with.


def diverted(cast: Cast, trip: pb.Waybill, mass_g: int, hours: float = 4) -> pb.Waybill:
    """To leave in half an hour with the same lorry."""
    message = after(cast, trip, pb.WAYBILL_KIND_DIVERTED, mass_g)
    message.planned_arrival.FromDatetime(message.planned_departure.ToDatetime() + timedelta(hours=hours))
    return message


def rescue(cast: Cast, trip: pb.Waybill, mass_g: int, suffix: str, carrier: str) -> pb.Waybill:
    message = after(cast, trip, pb.WAYBILL_KIND_RESCUE, mass_g, suffix=suffix, carrier=carrier)
    message.authority = "深圳市应急管理局"
    return message


def refusal(cast: Cast, request: pb.DepartWaybillRequest) -> frozenset[str]:
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "DepartWaybill", request)
    return frozenset(refused.value.reasons)


def on_the_way(cast: Cast, tractor: str = "tractor") -> list[str]:
    """The waybills a lorry is under way with."""
    with cast.world.host.engine.connect() as connection:
        query = text(
            "SELECT o.waybill_id FROM waybill_resources r JOIN waybill_occupancy o ON o.resource = r.number"
            " WHERE r.resource = :name AND o.under_way"
        )
        return list(connection.execute(query, {"name": f"vehicle/{tractor}"}).scalars())


def standing_of(cast: Cast, trip: pb.Waybill) -> Status:
    """What an inspector's bundle says of its roadside code."""
    with cast.world.host.engine.connect() as connection:
        place = place_of(connection, trip.id, 1)
        assert place is not None
        return status_list(connection, cast.world.clock.now()).find(place.status_index) or Status.GOOD


def bundle(cast: Cast, trip: pb.Waybill, by: str = CARRIER) -> set[str]:
    """The subjects whose records are handed out with the waybill's."""
    cast.world.settle()
    trusted = trust.parse(traceability.trust_file(traceability.keeper_of(cast.world.host.settings)))
    verified = record.verify(cast.clients[by].export_record(f"waybill/{trip.id}"), trusted)
    return {each.subject for each in verified.subjects}
