"""A waybill from the issue to the last signature, over the wire of a real server."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from hazway import cbor
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import waybill_pb2 as pb
from tests.cast import CARRIER, CONSIGNEE, CONSIGNOR, LOADER, REGISTRY, RIVAL, Cast, a_waybill, put_fleet


def test_a_trip_goes_from_issue_to_completion(cast: Cast) -> None:
    issued = cast.issue(a_waybill())
    assert issued.waybill.state == pb.STATE_ISSUED
    assert issued.waybill.number == "C44030700000120261102000"
    assert issued.registered.subject == f"waybill/{issued.waybill.id}"
    departed = departs(cast, issued.waybill)
    assert departed.state == pb.STATE_IN_TRANSIT
    assert departed.goods[0].actual_mass_g == 28_000_000
    assert arrives(cast, departed).state == pb.STATE_ARRIVED
    request = pb.SignDeliveryRequest(waybill_id=issued.waybill.id, signed_by="陈站长")
    signed = cast.call(CONSIGNEE, "SignDelivery", request)
    assert signed.waybill.state == pb.STATE_COMPLETED
    assert signed.registered.seq == 4
    assert cast.call(CARRIER, "GetWaybill", pb.GetWaybillRequest(waybill_id=issued.waybill.id)) == signed.waybill
    tank = cast.call(CARRIER, f"{REGISTRY}/GetTank", registry.GetTankRequest(tank_id="tank"))
    assert tank.state.condition == registry.TANK_CONDITION_EMPTY_UNCLEANED


def test_those_who_follow_vehicles_are_told_of_each_step_in_order(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    assert told(cast) == []
    arrives(cast, departs(cast, waybill))
    cast.call(CONSIGNEE, "SignDelivery", pb.SignDeliveryRequest(waybill_id=waybill.id, signed_by="陈站长"))
    facts = told(cast)
    assert [fact["event"] for fact in facts] == ["LOADED", "DEPARTED", "ARRIVED", "ENDED"]
    assert [fact["under_way"] for fact in facts] == [False, True, False, False]
    assert [fact["loaded"] for fact in facts] == [True, True, True, False]
    # The tank is not cleaned: what is left in it keeps the tunnel code.
    assert [fact["tunnel_forbidden"] for fact in facts] == ["DE", "DE", "DE", "DE"]
    assert facts[0]["vehicle_id"] == "tractor"
    assert facts[0]["driver_ids"] == ["driver"]
    assert facts[0]["goods"] == [["1203", ["3"], ["SPECIAL_CONTROL"], "", ["D/E"], []]]
    assert facts[0]["purposes"] == []


def test_nobody_departs_without_the_loaders_clearance(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    cast.world.clock.advance(hours=2)
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill.id))
    assert "CLEARANCE_MISSING" in refused.value.reasons
    cast.clear(waybill)
    cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill.id))


def test_nobody_departs_with_a_terminal_silent_for_a_day(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    cast.clear(waybill)
    cast.world.clock.advance(hours=25)
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill.id))
    assert "POSITIONING_SILENT" in refused.value.reasons
    cast.heard_of("tractor")
    cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill.id))


def test_trying_a_departure_changes_nothing(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    cast.clear(waybill)
    request = pb.DepartWaybillRequest(waybill_id=waybill.id, validate_only=True)
    assert cast.call(CARRIER, "DepartWaybill", request).waybill.state == pb.STATE_IN_TRANSIT
    assert read(cast, waybill).state == pb.STATE_LOADED
    assert [fact["event"] for fact in told(cast)] == ["LOADED"]


def test_no_act_is_dated_ahead_of_the_clock_or_before_what_it_follows(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    cast.clear(waybill)
    ahead = pb.DepartWaybillRequest(waybill_id=waybill.id)
    ahead.departed_at.FromDatetime(cast.world.clock.now().replace(year=2027))
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "DepartWaybill", ahead)
    assert [fault.path for fault in refused.value.faults] == ["departed_at"]
    departed = departs(cast, waybill)
    early = pb.ArriveWaybillRequest(waybill_id=waybill.id)
    early.arrived_at.FromSeconds(departed.departed_at.seconds - 1)
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "ArriveWaybill", early)
    assert refused.value.reasons == {"TOO_EARLY"}


def test_a_waybill_is_void_before_the_departure_only_and_for_a_reason(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=waybill.id, reason="  "))
    assert refused.value.reasons == {"REASON_NEEDED"}
    request = pb.VoidWaybillRequest(waybill_id=waybill.id, reason="客户取消")
    voided = cast.call(CARRIER, "VoidWaybill", request).waybill
    assert (voided.state, voided.void_reason) == (pb.STATE_VOIDED, "客户取消")
    # Vehicle and crew are free again.
    second = cast.issue(a_waybill()).waybill
    departs(cast, second)
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=second.id, reason="晚了"))
    assert refused.value.reasons == {"ALREADY_DEPARTED"}


def test_a_void_waybill_takes_nothing_more(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=waybill.id, reason="取消"))
    for method, request in (
        ("DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill.id)),
        ("ArriveWaybill", pb.ArriveWaybillRequest(waybill_id=waybill.id)),
        ("UnloadWaybill", pb.UnloadWaybillRequest(waybill_id=waybill.id)),
        ("AmendWaybill", pb.AmendWaybillRequest(waybill=waybill, reason="x")),
    ):
        with pytest.raises(Refused) as refused:
            cast.call(CARRIER, method, request)
        assert "WAYBILL_VOID" in refused.value.reasons, method


def test_unloading_frees_the_lorry_though_the_consignee_has_not_signed(cast: Cast) -> None:
    first = cast.issue(a_waybill()).waybill
    arrives(cast, departs(cast, first))  # at 05:00, planned 06:00
    with pytest.raises(Refused):
        cast.issue(a_waybill(departure=cast.world.clock.now()))
    cast.call(CARRIER, "UnloadWaybill", pb.UnloadWaybillRequest(waybill_id=first.id))
    second = cast.issue(a_waybill(departure=cast.world.clock.now())).waybill
    departs(cast, second, hours=0)
    signed = cast.call(CONSIGNEE, "SignDelivery", pb.SignDeliveryRequest(waybill_id=first.id, signed_by="陈站长"))
    assert signed.waybill.state == pb.STATE_COMPLETED
    assert signed.waybill.unloaded_at.seconds < signed.waybill.completed_at.seconds + 1


def test_a_lorry_that_is_late_holds_up_its_next_departure_and_no_other_act(cast: Cast) -> None:
    first = cast.issue(a_waybill(hours=2)).waybill
    second = cast.issue(a_waybill(departure=cast.world.clock.now().replace(hour=5))).waybill
    departs(cast, first)
    cast.clear(second, "record-2")
    cast.world.clock.advance(hours=4)  # 06:00: the first was to arrive at 04:00
    cast.heard_of("tractor")
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=second.id))
    assert "RESOURCE_BUSY" in refused.value.reasons
    arrives(cast, first, hours=0)
    cast.call(CARRIER, "UnloadWaybill", pb.UnloadWaybillRequest(waybill_id=first.id))
    cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=second.id))


def test_each_consignee_signs_at_its_own_stop_and_the_last_one_completes(cast: Cast) -> None:
    message = a_waybill()
    for number, (consignee, mass_g) in enumerate(((CONSIGNEE, 10_000_000), (LOADER, 18_000_000)), start=1):
        stop = message.stops.add(number=number, place=message.destination)
        stop.consignee.CopyFrom(pb.Party(name=consignee, organisation_id=consignee))
        stop.drops.add(goods_number=1, planned_g=mass_g)
    cast.register(registry.RegisterOrganisationRequest(organisation=_both_loader_and_consignee(cast)), by="operator")
    waybill = cast.issue(message).waybill
    departs(cast, waybill)
    first = pb.SignDeliveryRequest(waybill_id=waybill.id, stop_number=1, signed_by="甲")
    first.received.add(goods_number=1, delivered_g=9_900_000, returned_g=100_000)
    with pytest.raises(Refused) as refused:
        cast.call(LOADER, "SignDelivery", pb.SignDeliveryRequest(waybill_id=waybill.id, stop_number=1, signed_by="乙"))
    assert refused.value.reasons == {"NOT_FOUND"}
    on_the_way = cast.call(CONSIGNEE, "SignDelivery", first).waybill
    assert on_the_way.state == pb.STATE_IN_TRANSIT
    assert on_the_way.stops[0].drops[0].delivered_g == 9_900_000
    with pytest.raises(Refused) as refused:
        cast.call(
            CONSIGNEE, "SignDelivery", pb.SignDeliveryRequest(waybill_id=waybill.id, stop_number=1, signed_by="甲")
        )
    assert "STOP_SIGNED" in refused.value.reasons
    last = pb.SignDeliveryRequest(waybill_id=waybill.id, stop_number=2, signed_by="乙")
    assert cast.call(LOADER, "SignDelivery", last).waybill.state == pb.STATE_IN_TRANSIT
    done = arrives(cast, waybill)
    assert done.state == pb.STATE_COMPLETED
    tank = cast.call(CARRIER, f"{REGISTRY}/GetTank", registry.GetTankRequest(tank_id="tank"))
    assert tank.state.condition == registry.TANK_CONDITION_PART


def test_goods_turned_away_stay_aboard_and_go_back_with_a_waybill_of_their_own(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    arrives(cast, departs(cast, waybill))
    request = pb.SignDeliveryRequest(waybill_id=waybill.id, signed_by="陈站长", refused_reason="质量不合格")
    rejected = cast.call(CONSIGNEE, "SignDelivery", request).waybill
    assert rejected.state == pb.STATE_REJECTED
    assert told(cast)[-1]["loaded"] is True
    back = a_waybill(departure=cast.world.clock.now())
    back.kind, back.replaces = pb.WAYBILL_KIND_REFUSED_RETURN, waybill.id
    back.ClearField("loader")
    returned = cast.issue(back).waybill
    left = cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=returned.id)).waybill
    assert left.state == pb.STATE_IN_TRANSIT


def test_others_learn_nothing_of_a_waybill(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    put_fleet(cast, "-r", 2, RIVAL)
    outcomes = set()
    for waybill_id in (waybill.id, "01a21b2e-0000-7000-8000-000000000000"):
        for method, request in (
            ("GetWaybill", pb.GetWaybillRequest(waybill_id=waybill_id)),
            ("ListRevisions", pb.ListRevisionsRequest(waybill_id=waybill_id)),
            ("DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill_id)),
            ("VoidWaybill", pb.VoidWaybillRequest(waybill_id=waybill_id, reason="x")),
            ("SwapAssignment", pb.SwapAssignmentRequest(waybill_id=waybill_id, role=pb.ROLE_DRIVER, reason="x")),
        ):
            with pytest.raises(Refused) as refused:
                cast.call(RIVAL, method, request)
            outcomes.add((refused.value.code, refused.value.message, tuple(refused.value.faults)))
    assert len(outcomes) == 1
    assert list(cast.call(RIVAL, "ListWaybills", pb.ListWaybillsRequest()).waybills) == []
    for party in (CONSIGNOR, LOADER, CONSIGNEE):
        assert cast.call(party, "GetWaybill", pb.GetWaybillRequest(waybill_id=waybill.id)).number == waybill.number


def departs(cast: Cast, waybill: pb.Waybill, hours: float = 2) -> pb.Waybill:
    """Cleared and on the way, so many hours later."""
    cast.clear(waybill)
    cast.world.clock.advance(hours=hours)
    answer: Any = cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill.id))
    departed: pb.Waybill = answer.waybill
    return departed


def arrives(cast: Cast, waybill: pb.Waybill, hours: float = 3) -> pb.Waybill:
    cast.world.clock.advance(hours=hours)
    answer: Any = cast.call(CARRIER, "ArriveWaybill", pb.ArriveWaybillRequest(waybill_id=waybill.id))
    arrived: pb.Waybill = answer.waybill
    return arrived


def read(cast: Cast, waybill: pb.Waybill) -> pb.Waybill:
    found: pb.Waybill = cast.call(CARRIER, "GetWaybill", pb.GetWaybillRequest(waybill_id=waybill.id))
    return found


def told(cast: Cast) -> list[dict[Any, Any]]:
    """What stands in the outbox for those who follow vehicles, in order."""
    with cast.world.host.engine.connect() as connection:
        rows = connection.execute(text("SELECT payload FROM runtime_outbox WHERE topic = 'trip' ORDER BY id"))
        return [cbor.loads(row.payload) for row in rows]


def _both_loader_and_consignee(cast: Cast) -> registry.Organisation:
    request = registry.GetOrganisationRequest(organisation_id=LOADER)
    organisation: registry.Organisation = cast.call(CARRIER, f"{REGISTRY}/GetOrganisation", request)
    organisation.kinds.append(registry.ORGANISATION_KIND_CONSIGNEE)
    return organisation


def test_what_the_only_consignee_gives_back_is_on_record(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    arrives(cast, departs(cast, waybill))
    request = pb.SignDeliveryRequest(waybill_id=waybill.id, signed_by="陈站长")
    request.received.add(goods_number=1, delivered_g=27_000_001, returned_g=1_000_000)
    with pytest.raises(Refused) as refused:
        cast.call(CONSIGNEE, "SignDelivery", request)
    assert refused.value.reasons == {"DELIVERY_IMPOSSIBLE"}
    request = pb.SignDeliveryRequest(waybill_id=waybill.id, signed_by="陈站长")
    request.received.add(goods_number=1, delivered_g=27_000_000, returned_g=1_000_000)
    signed = cast.call(CONSIGNEE, "SignDelivery", request)
    assert signed.waybill.state == pb.STATE_COMPLETED
    assert [(drop.delivered_g, drop.returned_g) for drop in signed.waybill.stops[0].drops] == [(27_000_000, 1_000_000)]
    assert [warning.path for warning in signed.warnings] == ["received"]
    tank = cast.call(CARRIER, f"{REGISTRY}/GetTank", registry.GetTankRequest(tank_id="tank"))
    assert tank.state.condition == registry.TANK_CONDITION_PART
