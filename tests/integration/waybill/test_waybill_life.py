"""A waybill from the issue to the last signature, over the wire of a real server."""

from __future__ import annotations

from hazway.waybill.v1 import waybill_pb2 as pb
from tests.cast import CARRIER, CONSIGNEE, Cast, a_waybill


def test_a_trip_goes_from_issue_to_completion(cast: Cast) -> None:
    issued = cast.issue(a_waybill())
    assert issued.waybill.state == pb.STATE_ISSUED
    assert issued.waybill.number == "C44030700000120261102000"
    assert issued.registered.subject == f"waybill/{issued.waybill.id}"
    cast.clear(issued.waybill)
    cast.world.clock.advance(hours=2)
    departed = cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=issued.waybill.id))
    assert departed.waybill.state == pb.STATE_IN_TRANSIT
    assert departed.waybill.goods[0].actual_mass_g == 28_000_000
    cast.world.clock.advance(hours=3)
    arrived = cast.call(CARRIER, "ArriveWaybill", pb.ArriveWaybillRequest(waybill_id=issued.waybill.id))
    assert arrived.waybill.state == pb.STATE_ARRIVED
    request = pb.SignDeliveryRequest(waybill_id=issued.waybill.id, signed_by="陈站长")
    signed = cast.call(CONSIGNEE, "SignDelivery", request)
    assert signed.waybill.state == pb.STATE_COMPLETED
    assert signed.registered.seq == 4
    assert cast.call(CARRIER, "GetWaybill", pb.GetWaybillRequest(waybill_id=issued.waybill.id)) == signed.waybill
