"""Every field of every request with what it should never hold, over the wire: a refusal or an answer, never a server error."""

from __future__ import annotations

import random
from typing import Any

import grpc
import pytest

from hazway import ids
from hazway.errors import VerificationError
from hazway.refusals import Refused
from hazway.waybill.v1 import waybill_pb2 as pb
from services.runtime.service import request_class
from services.waybill.service import SERVICE
from tests.cast import CARRIER, CONSIGNEE, WAYBILL, Cast, a_waybill
from tests.spoilt import is_field, spoilt

# What is told of a waybill as a whole names no field.
OF_THE_WHOLE = {"NOT_FOUND", "NOT_ALLOWED", "STALE_ETAG"}
BROKEN = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE}


def good(cast: Cast, method: str) -> Any:
    """A request that passes, or nearly so."""
    message = a_waybill()
    message.stops.add(number=1, place=message.destination, consignee=message.consignee).drops.add(
        goods_number=1, planned_g=28_000_000
    )
    message.route.line.add(latitude_e7=225_000_000, longitude_e7=1_140_000_000)
    message.route.line.add(latitude_e7=225_100_000, longitude_e7=1_140_000_000)
    message.external_refs.add(system="fleet", number="F-1")
    if method == "IssueWaybill":
        return pb.IssueWaybillRequest(waybill=message)
    if method == "BatchIssueWaybills":
        return pb.BatchIssueWaybillsRequest(requests=[pb.IssueWaybillRequest(request_id="r", waybill=message)])
    issued = cast.issue(message).waybill
    request: Any = request_class(next(each for each in SERVICE.methods() if each.name == method))()
    fields = request.DESCRIPTOR.fields_by_name
    if "waybill" in fields:
        issued.remarks = "x"
        request.waybill.CopyFrom(issued)
    for name, value in (("waybill_id", issued.id), ("reason", "x"), ("signed_by", "x"), ("stop_number", 1)):
        if name in fields:
            setattr(request, name, value)
    if method == "SwapAssignment":
        request.role, request.outgoing_id, request.incoming_id = pb.ROLE_DRIVER, "driver", "escort"
    return request


@pytest.mark.parametrize("method", [each.name for each in SERVICE.methods()])
def test_no_field_over_the_wire_brings_a_server_error(cast: Cast, method: str) -> None:
    start = good(cast, method)
    caller = CONSIGNEE if method == "SignDelivery" else CARRIER
    cases = list(spoilt(start, 4))
    for request in random.Random(method).sample(cases, min(len(cases), 80)):
        if "validate_only" in request.DESCRIPTOR.fields_by_name:
            request.validate_only = True
        outcome(cast, caller, method, request)


def test_what_is_issued_of_spoilt_waybills_goes_in_whole_or_not_at_all(cast: Cast) -> None:
    start, kept_so_far = good(cast, "IssueWaybill"), 0
    cases = list(spoilt(start, 4))
    for request in random.Random("kept").sample(cases, 200):
        request.validate_only = False
        if request.waybill.id == start.waybill.id:
            request.waybill.id = ids.new_id()
        if outcome(cast, CARRIER, "IssueWaybill", request) is not grpc.StatusCode.OK:
            continue
        kept = cast.call(CARRIER, "GetWaybill", pb.GetWaybillRequest(waybill_id=request.waybill.id))
        cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=kept.id, reason="试"))
        kept_so_far += 1
    assert kept_so_far > 20


def outcome(cast: Cast, caller: str, method: str, request: Any) -> grpc.StatusCode | None:
    """How the call ended; ``None`` for what nobody can sign. Never a server error."""
    try:
        cast.clients[caller].call(f"{WAYBILL}/{method}", request, patience_s=0)
    except VerificationError:
        return None
    except Refused as refused:
        if refused.code in BROKEN:
            pytest.fail(f"{refused.code} for {request}")
        for fault in refused.faults:
            if fault.path or fault.reason not in OF_THE_WHOLE:
                # A request that only names a waybill is told of the waybill's own fields.
                own = is_field(pb.IssueWaybillRequest(), fault.path) and fault.path.startswith("waybill")
                assert own or is_field(request, fault.path), (fault.reason, fault.path, request)
        return refused.code
    return grpc.StatusCode.OK
