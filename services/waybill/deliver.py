"""A consignee signs for what came; the last signature completes the waybill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.errors import Finding, Refusal, refuse
from services.errors.common import NOT_FOUND, invalid
from services.errors.waybill.handover import HANDOVER_WAITS
from services.errors.waybill.issuing import GOODS_LINE_UNKNOWN
from services.runtime.call import Call
from services.runtime.refusals import warnings_to_wire
from services.runtime.wire import moment, text_of
from services.traceability import Registered
from services.waybill.acts import completed, keep_changed, moved, standing
from services.waybill.delivery import Received, aboard_g, check_delivery, delivered, planned_g
from services.waybill.handover import store as handovers
from services.waybill.handover.model import HandoverKind, HandoverState
from services.waybill.lifecycle import Act
from services.waybill.model import Drop, Party, Place, State, Stop, Waybill
from services.waybill.store import Kept
from services.waybill.wire import shown

_PATHS = {"stop": "stop_number", "at": "signed_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a consignee says of a stop: grams of each goods line, or why all of it was turned away."""

    stop: Stop
    received: Mapping[int, Received]
    signed_by: str
    refused_reason: str
    at: datetime


def sign_delivery(call: Call, request: Any) -> pb.SignDeliveryResponse:
    """Where the carrier has offered a hand-over of the stop, that is what is signed, and not this."""
    kept = standing(call, request.waybill_id)
    waybill, number = with_stops(kept.waybill, request.stop_number)
    at, faults = moment(request, "signed_at", call.now)
    stop = _stop(call, waybill, number)
    receipt = Receipt(
        stop=stop, received=received_of(stop, request.received, refused=bool(request.refused_reason)),
        signed_by=request.signed_by, refused_reason=request.refused_reason, at=at,
    )  # fmt: skip
    findings = (
        *faults,
        *text_of(request.signed_by, "signed_by", required=True),
        *text_of(request.refused_reason, "refused_reason"),
        *_told(stop, request),
        *check_receipt(waybill, receipt),
        *_offered(call, waybill, number),
    )
    refuse(findings)
    registered = traceability.record(call, request)
    changed = keep_receipt(call, kept, waybill, receipt, registered)
    warnings = warnings_to_wire(findings)
    return pb.SignDeliveryResponse(waybill=shown(changed), registered=registered.to_wire(), warnings=warnings)


def with_stops(waybill: Waybill, number: int) -> tuple[Waybill, int]:
    """A waybill that names no stops has one, number 0 or 1: all of it for its consignee."""
    if waybill.stops or number not in (0, 1):
        return waybill, number
    left = aboard_g(waybill).items()
    drops = tuple(Drop(goods_number=number, planned_g=mass_g) for number, mass_g in left if mass_g > 0)
    place, consignee = waybill.destination or Place(name=""), waybill.consignee or Party(name="")
    return replace(waybill, stops=(Stop(number=1, place=place, consignee=consignee, drops=drops),)), 1


def consignee_of(waybill: Waybill, stop: Stop) -> str:
    """Who signs for the stop: one whose consignee is not registered is signed by the waybill's own consignee."""
    main = waybill.consignee.organisation_id if waybill.consignee else ""
    return stop.consignee.organisation_id or main


def received_of(stop: Stop, told: Iterable[Any], *, refused: bool) -> dict[int, Received]:
    """By goods line: as told, else as planned; all of it given back where it was turned away."""
    planned = planned_g(stop).items()
    received = {number: Received(0, mass_g) if refused else Received(mass_g) for number, mass_g in planned}
    return received | {each.goods_number: Received(each.delivered_g, each.returned_g) for each in told}


def check_receipt(waybill: Waybill, receipt: Receipt) -> Iterator[Finding]:
    """The rules' findings at the fields of a request."""
    for finding in check_delivery(waybill, receipt.stop.number, receipt.received, receipt.at):
        yield replace(finding, path=_PATHS.get(finding.path, finding.path))


def keep_receipt(call: Call, kept: Kept, waybill: Waybill, receipt: Receipt, registered: Registered) -> Kept:
    """The stop is signed for, and with the last one the waybill is done."""
    signed = delivered(waybill, receipt.stop.number, receipt.received, receipt.signed_by, receipt.at)
    stops = tuple(
        replace(each, refused_reason=receipt.refused_reason) if each.number == receipt.stop.number else each
        for each in signed.stops
    )
    signed = replace(signed, stops=stops)
    ends = _end(signed)
    signed = completed(call, signed, receipt.at, registered, ends) if ends else moved(signed, Act.SIGN_STOP)
    return keep_changed(call, kept, signed, receipt.at, "ENDED" if ends else "AMENDED")


def _stop(call: Call, waybill: Waybill, number: int) -> Stop:
    """The stop the caller may sign for. Raises a refusal NOT_FOUND."""
    stop = next((each for each in waybill.stops if each.number == number), None)
    if stop is None or consignee_of(waybill, stop) != call.caller.organisation:
        raise Refusal((Finding(reason=NOT_FOUND, path="stop_number"),))
    return stop


def _offered(call: Call, waybill: Waybill, number: int) -> Iterator[Finding]:
    for each in handovers.chain_of(call.transaction, waybill.id):
        if each.kind is HandoverKind.DELIVERY and each.state is HandoverState.OFFERED and each.stop_number == number:
            yield Finding(
                reason=HANDOVER_WAITS, path="stop_number", rule="WB-13", values={"stop": str(number), "id": each.id}
            )  # fmt: skip


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


def _end(waybill: Waybill) -> Act | None:
    """How the waybill ends by this signature; ``None`` while it is on the way or others have yet to sign."""
    if waybill.state is not State.ARRIVED or any(stop.signed_at is None for stop in waybill.stops):
        return None
    return Act.REJECT if all(stop.refused_reason for stop in waybill.stops) else Act.COMPLETE
