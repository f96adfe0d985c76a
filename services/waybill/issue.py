"""Issuing a waybill: judged by every rule at once, then kept with its number, its place among the trips and its record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.errors import Finding, Refusal, refuse, warnings_among
from services.errors.waybill import REFERENCE_TAKEN, RESOURCE_BUSY, WAYBILL_EXISTS
from services.goods import Catalogue
from services.registry.versions import legal_day
from services.registry.wire import invalid
from services.registry.writing import deduplicated
from services.runtime.access import Relation
from services.runtime.call import Call
from services.traceability import Registered
from services.waybill import consignment_draws, references_store, revisions_store, slots_store, store
from services.waybill.bases import basis_on
from services.waybill.consignment_model import Draw
from services.waybill.facts import carrier_of, catalogue_of, decision_on, gather_all
from services.waybill.model import Facts, Revision, RevisionState, Signer, State, Waybill
from services.waybill.numbers import Numbers, check_offline, licence_of
from services.waybill.relations import index_of
from services.waybill.revision import diff
from services.waybill.rules import check_issue
from services.waybill.slots import spans_of
from services.waybill.store import Kept
from services.waybill.wire import Findings, finding_to_wire, shown, waybill_from_wire

# Nobody plans further, and a trip that holds vehicle and crew for longer is a mistake.
_AHEAD, _LONGEST, _BACK = timedelta(days=180), timedelta(days=30), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Judged:
    """A waybill that may be issued, what it was judged by, and what should be known of it all the same."""

    waybill: Waybill
    facts: Facts
    catalogue: Catalogue
    warnings: Findings
    draws: tuple[Draw, ...] = ()


def issue_waybill(call: Call, request: Any) -> pb.IssueWaybillResponse:
    return issue(call, request, Numbers(call.transaction, call.now), held=False)


def hold(call: Call, requests: Iterable[Any]) -> None:
    """Nobody else disposes of what these waybills need until the transaction ends; all in one order, so nobody waits in a ring."""
    own = (each.waybill for each in requests if is_carrier(call, each.waybill))
    waybills = tuple(waybill_from_wire(each).value for each in own)
    names = {name for each in waybills for name in slots_store.resources_of(each.assignments).values()}
    slots_store.hold(call.transaction, names)
    consignment_draws.hold(call, waybills)


def is_carrier(call: Call, message: Any) -> bool:
    """Whether the waybill names the caller as its carrier."""
    return bool(message.carrier.organisation_id == call.caller.organisation)


def issue(call: Call, request: Any, numbers: Numbers, *, held: bool) -> pb.IssueWaybillResponse:
    """The carrier alone issues. What was issued before under the same number of the carrier's own is answered again."""
    call.allow(
        [Relation.CARRYING] if is_carrier(call, request.waybill) else [], subject=f"waybill/{request.waybill.id}"
    )
    read = waybill_from_wire(request.waybill)
    earlier = _earlier(call, read.value)
    if earlier is not None:
        return pb.IssueWaybillResponse(waybill=shown(earlier))
    if not (held or request.validate_only):
        hold(call, [request])
    faults = (*read.findings, *check_offline(call, read.value, request.offline_number))
    judged = judge(call, read.value, faults)
    response = pb.IssueWaybillResponse(warnings=map(finding_to_wire, judged.warnings))
    if request.validate_only:
        response.waybill.CopyFrom(shown(Kept(judged.waybill, 0)))
        return response
    kept, registered = keep(call, request, judged, numbers)
    response.waybill.CopyFrom(shown(kept))
    response.registered.CopyFrom(registered.to_wire())
    return response


def judge(call: Call, waybill: Waybill, read: Findings) -> Judged:
    """Raises a refusal with everything that is wrong."""
    catalogue = catalogue_of(call)
    departure = waybill.planned_departure or call.now
    gathered = gather_all(call.transaction, waybill, departure, now=call.now, catalogue=catalogue)
    allotted = consignment_draws.allotted(call, waybill)
    findings = deduplicated(
        (
            *read,
            *_times(call, waybill),
            *_free(call, waybill),
            *gathered.findings,
            *check_issue(waybill, gathered.facts, catalogue, call.now),
            *allotted.findings,
        )
    )
    refuse(findings)
    return Judged(waybill, gathered.facts, catalogue, warnings_among(findings), allotted.draws)


def keep(call: Call, request: Any, judged: Judged, numbers: Numbers) -> tuple[Kept, Registered]:
    """Number, record and keep it. Raises a refusal when somebody else was faster with its id or a resource."""
    licence = licence_of(carrier_of(judged.waybill), judged.facts.registry)
    number = request.offline_number or numbers.next(licence)
    waybill = replace(judged.waybill, state=State.ISSUED, number=number, revision=1, issued_at=call.now)
    decision = {**decision_on(judged.facts, judged.catalogue), **consignment_draws.decision(judged.draws)}
    registered = traceability.record(call, request, number=number, decision=decision)
    try:
        store.insert(call.transaction, waybill, index_of(waybill, judged.facts), call.now)
    except store.Taken:
        raise Refusal((_exists(waybill),)) from None
    try:
        references_store.keep(call.transaction, waybill)
    except store.Taken:
        raise Refusal((Finding(reason=REFERENCE_TAKEN, path="waybill.external_refs"),)) from None
    lay_out(call, waybill)
    consignment_draws.keep(call, waybill.id, judged.draws)
    revisions_store.insert(
        call.transaction, waybill, _first_revision(call, waybill), decision=decision, registered=registered.digest
    )
    return Kept(waybill, 1), registered


def lay_out(call: Call, waybill: Waybill) -> None:
    """Hold the waybill's resources at its times. Raises a refusal RESOURCE_BUSY when another trip has one of them."""
    try:
        resources = slots_store.resources_of(waybill.assignments)
        slots_store.lay_out(call.transaction, waybill.id, spans_of(waybill), resources)
    except slots_store.Overlap:
        basis = basis_on("WB-10", legal_day(call.now))
        values = {"resources": "车辆、罐体或人员 a vehicle, tank or person", "other": "另一运单 another waybill"}
        busy = Finding(reason=RESOURCE_BUSY, path="waybill.assignments", rule="WB-10", basis=basis, values=values)
        raise Refusal((busy,)) from None


def _first_revision(call: Call, waybill: Waybill) -> Revision:
    return Revision(
        id=f"{waybill.id}:1", waybill_id=waybill.id, number=1, author=call.caller.organisation, reason="", at=call.now,
        changes=(), required=frozenset({Signer.CARRIER}), signed=frozenset({Signer.CARRIER}), state=RevisionState.MADE,
    )  # fmt: skip


def _earlier(call: Call, waybill: Waybill) -> Kept | None:
    """The waybill issued before under one of the carrier's own numbers, when it says the same.

    Raises a refusal REFERENCE_TAKEN that names it when it says something else: it is to be amended.
    """
    references = [(each.system, each.number) for each in waybill.external_refs]
    found = references_store.find(call.transaction, carrier_of(waybill), references) if references else frozenset()
    if not found:
        return None
    kept = store.find(call.transaction, min(found))
    if len(found) > 1 or kept is None or any(_stated_changes(kept.waybill, waybill)):
        values = {"waybill": kept.waybill.number if kept else "-", "id": min(found)}
        raise Refusal((Finding(reason=REFERENCE_TAKEN, path="waybill.external_refs", values=values),))
    return kept


def _stated_changes(kept: Waybill, waybill: Waybill) -> Iterator[str]:
    """Where a waybill sent again differs from the one kept, but for the id and what the server writes."""
    again = replace(waybill, id=kept.id, number=kept.number, issued_at=kept.issued_at)
    written = ("delivered_g", "returned_g", "signed_by", "signed_at", "refused_reason")
    return (change.path for change in diff(kept, again) if not change.path.endswith(written))


def _times(call: Call, waybill: Waybill) -> Iterator[Finding]:
    departure, arrival = waybill.planned_departure, waybill.planned_arrival
    offline = waybill.issued_offline_at or call.now
    if offline > call.now:
        yield invalid("waybill.issued_offline_at", "lies in the future 晚于当前时间")
    if departure is not None and not min(offline, call.now) - _BACK <= departure <= call.now + _AHEAD:
        yield invalid("waybill.planned_departure", "more than a day ago or half a year ahead 早于一天前或晚于半年后")
    if departure is not None and arrival is not None and arrival - departure > _LONGEST:
        yield invalid("waybill.planned_arrival", "more than 30 days after the departure 超过出发后30天")


def _free(call: Call, waybill: Waybill) -> Iterator[Finding]:
    """The id is nobody's yet; whose it is, is not told."""
    if waybill.id and store.find(call.transaction, waybill.id) is not None:
        yield _exists(waybill)


def _exists(waybill: Waybill) -> Finding:
    return Finding(reason=WAYBILL_EXISTS, path="waybill.id", values={"id": waybill.id})
