"""Exchanging crew, vehicle or tank: a revision by the carrier's word alone, consignor and loader are not asked again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from hazway import ids
from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.errors import Finding, Severity, refuse, warnings_among
from services.errors.waybill import REASON_NEEDED, REVISION_OPEN
from services.registry.wire import invalid, missing, text_of
from services.registry.writing import deduplicated
from services.runtime.call import Call
from services.waybill import slots_store, store
from services.waybill.acts import standing
from services.waybill.amend import settle
from services.waybill.facts import catalogue_of, decision_on, gather_all
from services.waybill.lifecycle import Act, check_act
from services.waybill.model import Assignment, Revision, RevisionState, Role, Signer, State, Waybill
from services.waybill.revision import diff
from services.waybill.rules import check_issue, check_not_before
from services.waybill.wire import Findings, finding_to_wire, moment, revision_to_wire, shown

_CREW = {Role.DRIVER: Role.ESCORT, Role.ESCORT: Role.DRIVER}


def swap_assignment(call: Call, request: Any) -> pb.SwapAssignmentResponse:
    """Before the departure the one who leaves never was on the trip; on the way both stand in the waybill with their times.

    Two of a double crew who exchange seats do so in one act: who joins in one role leaves the other.
    """
    kept = standing(call, request.waybill_id)
    at, faults = moment(request, "swapped_at", call.now)
    role, wrong = _role(request)
    faults = (*faults, *wrong, *_faults(call, kept.waybill, request, at))
    refuse((*faults, *_standing_faults(kept.waybill, role, request, at)))
    swapped = exchanged(kept.waybill, role, request, at)
    slots_store.hold(call.transaction, slots_store.resources_of(swapped.assignments).values())
    catalogue = catalogue_of(call)
    now_on_it = replace(swapped, state=State.DRAFT, assignments=tuple(_current(swapped, at)))
    gathered = gather_all(
        call.transaction, now_on_it, kept.waybill.departed_at or at, now=call.now, catalogue=catalogue
    )
    findings = deduplicated(
        _about_joining(check_issue(now_on_it, gathered.facts, catalogue, call.now), now_on_it, request)
    )
    refuse(findings)
    response = pb.SwapAssignmentResponse(warnings=map(finding_to_wire, warnings_among(findings)))
    revision = _revision(call, kept.waybill, swapped, request)
    changed = kept
    if not request.validate_only:
        decision = decision_on(gathered.facts, catalogue)
        registered = traceability.record(call, request, decision=decision)
        store.insert_revision(call.transaction, swapped, revision, decision=decision, registered=registered.digest)
        changed = settle(call, kept, revision, swapped)
        response.registered.CopyFrom(registered.to_wire())
    response.waybill.CopyFrom(shown(changed))
    response.revision.CopyFrom(revision_to_wire(revision))
    return response


def exchanged(waybill: Waybill, role: Role, request: Any, at: datetime) -> Waybill:
    """The waybill with its assignments after the exchange."""
    other = _CREW.get(role)
    seats = [(role, request.leaves_id, request.joins_id)]
    if other is not None and any(_stands(each, other, request.joins_id, at) for each in waybill.assignments):
        seats.append((other, request.joins_id, request.leaves_id))
    assignments = waybill.assignments
    for seat, leaves, joins in seats:
        assignments = tuple(_after(waybill, assignments, seat, leaves, joins, request, at))
    return replace(waybill, assignments=assignments)


def _after(
    waybill: Waybill,
    assignments: tuple[Assignment, ...],
    role: Role,
    leaves: str,
    joins: str,
    request: Any,
    at: datetime,
) -> Iterator[Assignment]:
    """In place: whoever joins stands where the one who leaves stood."""
    departed = waybill.departed_at is not None
    joined = Assignment(
        role=role, resource_id=joins, from_at=at if departed else None, reason=request.reason, approved_by=request.approved_by
    )  # fmt: skip
    for each in assignments:
        if not (leaves and _stands(each, role, leaves, at)):
            yield each
            continue
        if departed:
            yield replace(each, to_at=at)
        if joins:
            yield joined
    if joins and not leaves:
        yield joined


def _stands(assignment: Assignment, role: Role, resource_id: str, at: datetime) -> bool:
    return (
        bool(resource_id)
        and (assignment.role, assignment.resource_id) == (role, resource_id)
        and (assignment.to_at is None or at < assignment.to_at)
    )


def _current(waybill: Waybill, at: datetime) -> Iterator[Assignment]:
    return (each for each in waybill.assignments if each.to_at is None or at < each.to_at)


def _faults(call: Call, waybill: Waybill, request: Any, at: datetime) -> Iterator[Finding]:
    yield from check_act(waybill, Act.REASSIGN, call.now)
    yield from check_not_before("swapped_at", at, waybill.departed_at or waybill.issued_at)
    for name in ("leaves_id", "joins_id", "reason", "approved_by"):
        yield from text_of(getattr(request, name), name)
    if not request.reason.strip():
        yield Finding(reason=REASON_NEEDED, path="reason", rule="WB-12")
    if waybill.under_correction:
        values = {"revision": waybill.under_correction, "author": "-"}
        yield Finding(reason=REVISION_OPEN, path="waybill.under_correction", rule="WB-12", values=values)


def _standing_faults(waybill: Waybill, role: Role, request: Any, at: datetime) -> Iterator[Finding]:
    if not request.leaves_id and not request.joins_id:
        yield missing("joins_id")
    if request.leaves_id == request.joins_id and request.leaves_id:
        yield invalid("joins_id", "is who leaves 与被更换者相同")
    if request.leaves_id and not any(_stands(each, role, request.leaves_id, at) for each in waybill.assignments):
        yield invalid("leaves_id", "is not assigned in this role 未担任该项")
    if request.joins_id and any(_stands(each, role, request.joins_id, at) for each in waybill.assignments):
        yield invalid("joins_id", "is assigned already 已在本趟运输中")


def _role(request: Any) -> tuple[Role, Findings]:
    names = pb.Role.DESCRIPTOR.values_by_number
    name = names[request.role].name.removeprefix("ROLE_") if request.role in names else ""
    if name in Role.__members__:
        return Role[name], ()
    return Role.DRIVER, (missing("role") if request.role == 0 else invalid("role", "no such role 无此取值"),)


def _about_joining(findings: Findings, waybill: Waybill, request: Any) -> Iterator[Finding]:
    """What is wrong with who joins, or with the trip without who leaves, is refused; what was wrong before is told."""
    ours = {
        f"waybill.assignments[{index}]"
        for index, each in enumerate(waybill.assignments)
        if each.resource_id == request.joins_id
    }
    for finding in findings:
        about = finding.path in ours or finding.path == "waybill.assignments" or finding.rule == "WB-05"
        yield finding if about else replace(finding, severity=Severity.WARNING)


def _revision(call: Call, old: Waybill, new: Waybill, request: Any) -> Revision:
    numbers = [each.number for each in store.revisions_of(call.transaction, old.id)]
    carrier = frozenset({Signer.CARRIER})
    return Revision(
        id=ids.new_id(), waybill_id=old.id, number=max(numbers, default=0) + 1, author=call.caller.organisation,
        reason=request.reason, at=call.now, changes=tuple(diff(old, new)), required=carrier, signed=carrier,
        state=RevisionState.MADE,
    )  # fmt: skip
