"""The taker's part: it signs what the giver signed, or does not take it; with a key of its own, one kept for it, or a code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hazway import body
from hazway.waybill.v1 import handover_pb2 as pb
from services import traceability
from services.errors import Findings, deduplicated, refuse
from services.errors.waybill.under_way import STOP_UNKNOWN
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.wire import from_wire, moment, text_of
from services.traceability import Registered
from services.waybill.deliver import Receipt, check_receipt, consignee_of, keep_receipt, received_of, with_stops
from services.waybill.delivery import Received
from services.waybill.handover import codes, overdue, store
from services.waybill.handover.found import Found, answered, found, handover_to_wire
from services.waybill.handover.model import (
    Handover,
    HandoverAnswer,
    HandoverKind,
    HandoverState,
    ReceivedLine,
    SignatureMethod,
)
from services.waybill.handover.rules import check_answer, check_open, finding, found_otherwise, is_taker, totals
from services.waybill.model import Waybill
from services.waybill.relations import relations_to
from services.waybill.revision import store as revisions
from services.waybill.revision.model import Signer

CODE_KIND = "waybill.countersign_by_code"


def countersign_handover(call: Call, request: Any) -> pb.HandoverResponse:
    """By the taker's own word: neither the giver nor another of its people can."""
    of = _for_taker(call, request)
    answer, findings = _judged(call, of, request, _method(request))
    refuse(findings)
    alarmed = overdue.stop_waiting(call.transaction, of.handover)
    registered = traceability.record(call, request)
    return answered(_kept(call, of, answer, registered, alarmed=alarmed), registered, findings)


def refuse_handover(call: Call, request: Any) -> pb.HandoverResponse:
    """The taker says why it does not take; the giver keeps the load, and may offer anew."""
    of = _for_taker(call, request)
    answer, findings = _judged(call, of, request, _method(request))
    refuse((*text_of(request.refused_reason, "refused_reason", required=True), *findings))
    alarmed = overdue.stop_waiting(call.transaction, of.handover)
    registered = traceability.record(call, request)
    return answered(_kept(call, of, answer, registered, alarmed=alarmed), registered, findings)


def enter_handover_code(call: Call, request: Any) -> pb.EnterHandoverCodeResponse:
    """Anybody of the trip may hold out the device. A wrong code changes nothing but the count of tries, which is kept.

    The server states what was signed, with its own key, and that it did so for somebody who entered a code.
    """
    of = found(call, request)
    relations = relations_to(call, of.kept.waybill)
    if is_taker(of.handover, call.caller.organisation, call.caller.person):
        relations.append(Relation.OWN)
    call.allow(relations, subject=f"waybill/{of.handover.waybill_id}")
    answer, findings = _judged(call, of, request, SignatureMethod.ONE_TIME_CODE)
    refuse(findings)
    code = codes.living(call, of.handover)
    if not codes.is_right(call, of.handover, code, request.code):
        left = codes.MOST_TRIES - code.tries - 1
        return pb.EnterHandoverCodeResponse(attempts_left=left, handover=handover_to_wire(of.handover))
    alarmed = overdue.stop_waiting(call.transaction, of.handover)
    registered = _stated_for(call, request)
    handover = _kept(call, of, answer, registered, alarmed=alarmed)
    shown = answered(handover, registered, findings)
    return pb.EnterHandoverCodeResponse(
        accepted=True, handover=shown.handover, registered=shown.registered, warnings=shown.warnings
    )  # fmt: skip


def _for_taker(call: Call, request: Any) -> Found:
    of = found(call, request)
    own = is_taker(of.handover, call.caller.organisation, call.caller.person)
    call.allow([Relation.OWN] if own else [], subject=f"waybill/{of.handover.waybill_id}")
    return of


def _method(request: Any) -> SignatureMethod:
    return SignatureMethod.KEY if request.statement else SignatureMethod.CUSTODIAL_KEY


def _judged(call: Call, of: Found, request: Any, method: SignatureMethod) -> tuple[HandoverAnswer, Findings]:
    """What the request says, and everything that is wrong with it."""
    offer, waybill = of.handover, of.kept.waybill
    at, faults = moment(request, "signed_at", call.now)
    told = getattr(request, "received", ())
    received = tuple(_line(each) for each in told)
    refused = getattr(request, "refused_reason", "").strip()
    differences = getattr(request, "differences", "")
    otherwise = found_otherwise(offer, received, at)
    answer = HandoverAnswer(
        signed_by=request.signed_by, signed_at=at, method=method, received=received, differences=differences,
        refused_reason=refused, discrepancy=bool(otherwise or differences.strip()),
    )  # fmt: skip
    findings = (
        *faults,
        *text_of(request.signed_by, "signed_by", required=True),
        *text_of(refused, "refused_reason"),
        *text_of(differences, "differences"),
        *check_answer(waybill, offer, request.statement_digest, received, at),
        *otherwise,
    )
    if offer.kind is HandoverKind.DELIVERY and not check_open(waybill, offer, at):
        receipt = _receipt(waybill, offer, answer)
        gone = finding(STOP_UNKNOWN, "handover_id", at, stop=offer.stop_number)
        findings = (*findings, *(check_receipt(*receipt) if receipt else (gone,)))
    return answer, deduplicated(findings)


def _line(message: Any) -> ReceivedLine:
    line: ReceivedLine = from_wire(ReceivedLine, message, "received").value
    return line


def _receipt(waybill: Waybill, offer: Handover, answer: HandoverAnswer) -> tuple[Waybill, Receipt] | None:
    """At a stop the answer is the consignee's receipt: as told, else as the carrier stated it. ``None`` where a correction
    has struck out the stop, or sent the goods to somebody else."""
    planned, number = with_stops(waybill, offer.stop_number)
    stop = next((each for each in planned.stops if each.number == number), None)
    if stop is None or offer.taker is None or consignee_of(planned, stop) != offer.taker.organisation_id:
        return None
    refused = bool(answer.refused_reason)
    stated = {} if refused else {line: Received(mass_g) for line, mass_g in totals(offer).items()}
    received = received_of(stop, (), refused=True) if refused else stated
    told = {each.goods_number: Received(each.delivered_g, each.returned_g) for each in answer.received}
    return planned, Receipt(
        stop=stop, received=received | told, signed_by=answer.signed_by, refused_reason=answer.refused_reason,
        at=answer.signed_at,
    )  # fmt: skip


def _kept(call: Call, of: Found, answer: HandoverAnswer, registered: Registered, *, alarmed: bool) -> Handover:
    refused = bool(answer.refused_reason)
    state = HandoverState.REFUSED if refused else HandoverState.COUNTERSIGNED
    late = of.handover.due_at is not None and call.now >= of.handover.due_at
    handover = replace(of.handover, state=state, answer=replace(answer, late=late))
    store.update(call.transaction, handover)
    waybill = of.kept.waybill
    if handover.kind is HandoverKind.DELIVERY and (receipt := _receipt(waybill, handover, answer)):
        keep_receipt(call, of.kept, *receipt, registered)
    elif refused:
        overdue.raise_refused(call, waybill, handover)
    elif handover.kind in (HandoverKind.CREW, HandoverKind.VEHICLE):
        _sign_revision(call, handover)
    if alarmed and (not refused or handover.kind is HandoverKind.DELIVERY):
        overdue.withdraw(call, waybill, handover)
    return handover


def _sign_revision(call: Call, handover: Handover) -> None:
    """The swap's revision is signed by the crew once nobody of it is waited for."""
    chain = store.chain_of(call.transaction, handover.waybill_id)
    of_swap = [each for each in chain if each.statement_digest == handover.statement_digest]
    if all(each.state is HandoverState.COUNTERSIGNED for each in of_swap):
        revisions.sign(call.transaction, handover.waybill_id, handover.revision, Signer.CREW)


def _stated_for(call: Call, request: Any) -> Registered:
    said = body.body_of(request) | {
        "method": "SIGNATURE_METHOD_ONE_TIME_CODE", "custodial": True, "entered_by": call.caller.organisation,
    }  # fmt: skip
    if call.caller.person:
        said["person_id"] = call.caller.person
    return traceability.state(
        call.transaction, traceability.keeper_of(call.settings), kind=CODE_KIND, subject=f"waybill/{request.waybill_id}",
        body=said, request_id=request.request_id, at=call.now,
    )  # fmt: skip
