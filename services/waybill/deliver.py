"""A consignee signs for what came; the last signature completes the waybill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.errors import Finding, Refusal, refuse, warnings_among
from services.errors.common import NOT_FOUND
from services.errors.waybill import GOODS_LINE_UNKNOWN
from services.registry.wire import invalid, text_of
from services.runtime.call import Call
from services.waybill.acts import completed, keep_changed, moved, standing
from services.waybill.delivery import Received, check_delivery, delivered
from services.waybill.lifecycle import Act
from services.waybill.model import Drop, Party, Place, State, Stop, Waybill
from services.waybill.wire import finding_to_wire, moment, shown

_PATHS = {"stop": "stop_number", "at": "signed_at"}


def sign_delivery(call: Call, request: Any) -> pb.SignDeliveryResponse:
    kept = standing(call, request.waybill_id)
    waybill, number = kept.waybill, request.stop_number
    if not waybill.stops and number == 0:
        waybill, number = _with_its_only_stop(waybill), 1
    at, faults = moment(request, "signed_at", call.now)
    stop = _stop(call, waybill, number)
    findings = (
        *faults,
        *text_of(request.signed_by, "signed_by", required=True),
        *text_of(request.refused_reason, "refused_reason"),
        *_told(stop, request),
        *_judged(waybill, stop, request, at),
    )
    refuse(findings)
    registered = traceability.record(call, request)
    signed = _signed(waybill, stop, request, at)
    ends = _end(signed)
    signed = completed(call, signed, at, registered, ends) if ends else moved(signed, Act.SIGN_STOP)
    changed = keep_changed(call, kept, signed, at, "ENDED" if ends else "AMENDED")
    warnings = map(finding_to_wire, warnings_among(findings))
    return pb.SignDeliveryResponse(waybill=shown(changed), registered=registered.to_wire(), warnings=warnings)


def _with_its_only_stop(waybill: Waybill) -> Waybill:
    """A waybill that names no stops has one: all of it for its consignee."""
    loaded = (
        (line.number, line.mass_g if line.actual_mass_g is None else line.actual_mass_g) for line in waybill.goods
    )
    drops = tuple(Drop(goods_number=number, planned_g=mass_g) for number, mass_g in loaded if mass_g > 0)
    place, consignee = waybill.destination or Place(name=""), waybill.consignee or Party(name="")
    return replace(waybill, stops=(Stop(number=1, place=place, consignee=consignee, drops=drops),))


def _stop(call: Call, waybill: Waybill, number: int) -> Stop:
    """The stop the caller may sign for. Raises a refusal NOT_FOUND.

    A stop whose consignee is not registered is signed by the waybill's own consignee.
    """
    stop = next((each for each in waybill.stops if each.number == number), None)
    main = waybill.consignee.organisation_id if waybill.consignee else ""
    if stop is None or (stop.consignee.organisation_id or main) != call.caller.organisation:
        raise Refusal((Finding(reason=NOT_FOUND, path="stop_number"),))
    return stop


def _told(stop: Stop, request: Any) -> Iterator[Finding]:
    """Each line planned for the stop once at most, in grams that can be."""
    known = {drop.goods_number for drop in stop.drops}
    for index, received in enumerate(request.received):
        path = f"received[{index}]"
        again = any(each.goods_number == received.goods_number for each in request.received[:index])
        if received.goods_number not in known or again:
            values = {"line": str(received.goods_number)}
            yield Finding(reason=GOODS_LINE_UNKNOWN, path=f"{path}.goods_number", rule="WB-01", values=values)
        for name in ("delivered_g", "returned_g"):
            if getattr(received, name) < 0:
                yield invalid(f"{path}.{name}", "below 0 g 不能为负")


def _judged(waybill: Waybill, stop: Stop, request: Any, at: datetime) -> Iterator[Finding]:
    """The rules' findings at the fields of the request."""
    for finding in check_delivery(waybill, stop.number, _received(stop, request), at):
        yield replace(finding, path=_PATHS.get(finding.path, finding.path))


def _received(stop: Stop, request: Any) -> dict[int, Received]:
    """By goods line: as told, else as planned; all of it given back where it was turned away."""
    planned: dict[int, int] = {}
    for drop in stop.drops:
        planned[drop.goods_number] = planned.get(drop.goods_number, 0) + drop.planned_g
    refused = bool(request.refused_reason)
    received = {number: Received(0, mass_g) if refused else Received(mass_g) for number, mass_g in planned.items()}
    return received | {each.goods_number: Received(each.delivered_g, each.returned_g) for each in request.received}


def _signed(waybill: Waybill, stop: Stop, request: Any, at: datetime) -> Waybill:
    signed = delivered(waybill, stop.number, _received(stop, request), request.signed_by, at)
    stops = tuple(
        replace(each, refused_reason=request.refused_reason) if each.number == stop.number else each
        for each in signed.stops
    )
    return replace(signed, stops=stops)


def _end(waybill: Waybill) -> Act | None:
    """How the waybill ends by this signature; ``None`` while it is on the way or others have yet to sign."""
    if waybill.state is not State.ARRIVED or any(stop.signed_at is None for stop in waybill.stops):
        return None
    return Act.REJECT if all(stop.refused_reason for stop in waybill.stops) else Act.COMPLETE
