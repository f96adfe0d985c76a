"""A consignee signs for what came; the last signature completes the waybill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.errors import Finding, Refusal, refuse
from services.errors.common import NOT_FOUND
from services.errors.waybill import GOODS_LINE_UNKNOWN, NOT_IN_THIS_STATE
from services.registry.wire import invalid, text_of
from services.runtime.call import Call
from services.waybill.acts import completed, keep_changed, moved, standing
from services.waybill.lifecycle import Act, check_act
from services.waybill.model import Drop, State, Stop, Waybill
from services.waybill.rules import check_not_before
from services.waybill.wire import moment, shown


def sign_delivery(call: Call, request: Any) -> pb.SignDeliveryResponse:
    kept = standing(call, request.waybill_id)
    waybill = kept.waybill
    at, faults = moment(request, "signed_at", call.now)
    texts = (
        *text_of(request.signed_by, "signed_by", required=True),
        *text_of(request.refused_reason, "refused_reason"),
    )
    stop = _stop(call, waybill, request.stop_number)
    act = _act(waybill, stop, bool(request.refused_reason))
    refuse(
        (
            *faults,
            *texts,
            *check_act(waybill, act, call.now),
            *check_not_before("signed_at", at, waybill.departed_at, None if stop else waybill.arrived_at),
            *_quantities(waybill, stop, request),
        )
    )
    registered = traceability.record(call, request)
    signed = _signed(waybill, stop, request, at) if stop else waybill
    if act is not Act.SIGN_STOP:
        signed = completed(call, signed, at, registered, act)
    elif signed.state is State.ARRIVED and all(each.signed_at for each in signed.stops):
        refused = all(each.refused_reason for each in signed.stops)
        signed = completed(call, signed, at, registered, Act.REJECT if refused else Act.COMPLETE)
    else:
        signed = moved(signed, act)
    changed = keep_changed(call, kept, signed, at, "ENDED" if signed.completed_at else "AMENDED")
    return pb.SignDeliveryResponse(waybill=shown(changed), registered=registered.to_wire())


def _act(waybill: Waybill, stop: Stop | None, refused: bool) -> Act:
    """One stop of several, or the only delivery there is."""
    if stop is not None:
        return Act.SIGN_STOP
    return Act.REJECT if refused and waybill.state is State.ARRIVED else Act.COMPLETE


def _stop(call: Call, waybill: Waybill, number: int) -> Stop | None:
    """The stop the caller may sign for; ``None`` for a waybill without stops. Raises a refusal NOT_FOUND.

    A stop whose consignee is not registered is signed by the waybill's own consignee.
    """
    if not waybill.stops and number == 0:
        return None
    stop = next((each for each in waybill.stops if each.number == number), None)
    main = waybill.consignee.organisation_id if waybill.consignee else ""
    if stop is None or (stop.consignee.organisation_id or main) != call.caller.organisation:
        raise Refusal((Finding(reason=NOT_FOUND, path="stop_number"),))
    if stop.signed_at is not None:
        values = {"state": "SIGNED", "act": "SIGN_STOP"}
        raise Refusal((Finding(reason=NOT_IN_THIS_STATE, path="stop_number", rule="WB-12", values=values),))
    return stop


def _quantities(waybill: Waybill, stop: Stop | None, request: Any) -> Iterator[Finding]:
    """What came is told of goods of this stop, once each, and never less than nothing."""
    known = {drop.goods_number for drop in stop.drops} if stop else {line.number for line in waybill.goods}
    told: set[int] = set()
    for index, received in enumerate(request.received):
        path = f"received[{index}]"
        if received.goods_number not in known or received.goods_number in told:
            values = {"line": str(received.goods_number)}
            yield Finding(reason=GOODS_LINE_UNKNOWN, path=f"{path}.goods_number", rule="WB-01", values=values)
        told.add(received.goods_number)
        for name in ("delivered_g", "returned_g"):
            if getattr(received, name) < 0:
                yield invalid(f"{path}.{name}", "below 0 g 不能为负")


def _signed(waybill: Waybill, stop: Stop, request: Any, at: datetime) -> Waybill:
    signed = replace(
        stop,
        drops=tuple(_received(drop, request) for drop in stop.drops),
        signed_by=request.signed_by,
        signed_at=at,
        refused_reason=request.refused_reason,
    )
    return replace(waybill, stops=tuple(signed if each is stop else each for each in waybill.stops))


def _received(drop: Drop, request: Any) -> Drop:
    """As told; as planned where nothing is told, and all of it returned where it was turned away."""
    told = next((each for each in request.received if each.goods_number == drop.goods_number), None)
    if told is not None:
        return replace(drop, delivered_g=told.delivered_g, returned_g=told.returned_g)
    if request.refused_reason:
        return replace(drop, delivered_g=0, returned_g=drop.planned_g)
    return replace(drop, delivered_g=drop.planned_g, returned_g=0)
