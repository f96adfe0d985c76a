"""Exchanging crew, vehicle or tank: a revision that holds at once by the carrier's word, for who drives now is a fact.

Consignor and loader are not asked again. The new crew signs the carrier's statement too (``handover.waiting``): until then
the revision lacks its signature, and after a while an alarm says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.errors import Finding, Findings, Severity, deduplicated, refuse
from services.errors.common import invalid, missing
from services.errors.waybill.issuing import PARTY_MISSING
from services.errors.waybill.revision import REVISION_OPEN
from services.runtime.call import Call
from services.runtime.refusals import warnings_to_wire
from services.runtime.wire import moment, text_of
from services.waybill.acts import standing
from services.waybill.gathering import catalogue_of, decision_on, gather_all
from services.waybill.handover.waiting import check_swap_takers, offer_swap
from services.waybill.model import Role, Waybill
from services.waybill.occupancy import store as occupancy
from services.waybill.revision import store
from services.waybill.revision.amend import settle
from services.waybill.revision.carriers_word import revision_by_word
from services.waybill.revision.reassignment import Swap, aboard, check_swap, swapped
from services.waybill.rules import check_content, check_not_before
from services.waybill.trip import ROLE_WORDS
from services.waybill.wire import revision_to_wire, shown

_SEATS = {Role.DRIVER: Role.ESCORT, Role.ESCORT: Role.DRIVER}


def swap_assignment(call: Call, request: Any) -> pb.SwapAssignmentResponse:
    """Two of a double crew who exchange seats do so in one act: who takes over one seat leaves the other."""
    kept = standing(call, request.waybill_id)
    at, faults = moment(request, "swapped_at", call.now)
    swap, wrong = _read(request)
    refuse((*faults, *wrong, *_faults(kept.waybill, swap, at)))
    after = _exchanged(kept.waybill, swap, at)
    incoming = _incoming(kept.waybill, after, at)
    refuse(check_swap_takers(call, after, swap.role, incoming, at))
    occupancy.hold(call.transaction, occupancy.resources_of(after))
    catalogue = catalogue_of(call)
    present = replace(after, assignments=tuple(each for each in after.assignments if not each.to_at or at < each.to_at))
    gathered = gather_all(call.transaction, present, kept.waybill.departed_at or at, now=call.now, catalogue=catalogue)
    judged = check_content(present, gathered.facts, catalogue, call.now)
    findings = deduplicated(_about_incoming(judged, present, swap, _unattended(kept.waybill, at)))
    refuse(findings)
    response = pb.SwapAssignmentResponse(warnings=warnings_to_wire(findings))
    revision = revision_by_word(call, kept.waybill, after, swap.reason, crew_signs=True)
    changed = kept
    if not request.validate_only:
        decision = decision_on(gathered.facts, catalogue)
        registered = traceability.record(call, request, decision=decision)
        store.insert(call.transaction, after, revision, decision=decision, registered=registered.digest)
        changed = settle(call, kept, revision, after)
        offers = offer_swap(call, after, swap.role, incoming, revision.number, at, registered)
        response.handover_ids.extend(offer.id for offer in offers)
        response.registered.CopyFrom(registered.to_wire())
    response.waybill.CopyFrom(shown(changed))
    response.revision.CopyFrom(revision_to_wire(revision))
    return response


def _read(request: Any) -> tuple[Swap, Findings]:
    names = pb.Role.DESCRIPTOR.values_by_number
    name = names[request.role].name.removeprefix("ROLE_") if request.role in names else ""
    faults = [*text_of(request.incoming_id, "incoming_id", required=True)]
    for field in ("outgoing_id", "reason", "approved_by"):
        faults += text_of(getattr(request, field), field)
    if name not in Role.__members__:
        faults.append(missing("role") if request.role == 0 else invalid("role", "no such role 无此取值"))
        name = Role.DRIVER.name
    swap = Swap(
        role=Role[name], incoming_id=request.incoming_id, outgoing_id=request.outgoing_id,
        reason=request.reason, approved_by=request.approved_by,
    )  # fmt: skip
    return swap, tuple(faults)


def _faults(waybill: Waybill, swap: Swap, at: datetime) -> Iterator[Finding]:
    """The rules' findings at the fields of the request, and what only an issued waybill asks."""
    for finding in check_swap(waybill, swap, at):
        path = {"at": "swapped_at"}.get(finding.path, finding.path.removeprefix("swap."))
        yield replace(finding, path=path)
    yield from check_not_before("swapped_at", at, waybill.issued_at if waybill.departed_at is None else None)
    if waybill.under_correction:
        values = {"revision": waybill.under_correction, "author": "-"}
        yield Finding(reason=REVISION_OPEN, path="waybill.under_correction", rule="WB-12", values=values)


def _exchanged(waybill: Waybill, swap: Swap, at: datetime) -> Waybill:
    after = swapped(waybill, swap, at)
    other = _SEATS.get(swap.role)
    if other is None or not swap.outgoing_id or swap.incoming_id not in aboard(waybill, other, at):
        return after
    return swapped(after, replace(swap, role=other, incoming_id=swap.outgoing_id, outgoing_id=swap.incoming_id), at)


def _incoming(before: Waybill, after: Waybill, at: datetime) -> list[str]:
    """Whoever has a seat that was another's."""
    return [
        person for role in _SEATS for person in aboard(after, role, at) if person not in aboard(before, role, at)
    ]  # fmt: skip


def _unattended(waybill: Waybill, at: datetime) -> frozenset[str]:
    """Words of the roles nobody holds: of a trailer that was left somewhere, whose new crew comes one by one."""
    roles = (Role.TRACTOR, Role.DRIVER, Role.ESCORT)
    return frozenset(ROLE_WORDS[role][0] for role in roles if not aboard(waybill, role, at))


def _about_incoming(
    findings: Findings, waybill: Waybill, swap: Swap, unattended: frozenset[str]
) -> Iterator[Finding]:  # fmt: skip
    """What is wrong with who takes over, or with the whole crew and tank, is refused; what was wrong before is told."""
    ours = {
        f"waybill.assignments[{index}]"
        for index, each in enumerate(waybill.assignments)
        if each.resource_id == swap.incoming_id
    }
    for finding in findings:
        about = finding.path in ours or finding.path == "waybill.assignments" or finding.rule == "WB-05"
        if finding.reason is PARTY_MISSING and finding.values["party"] in unattended:
            about = False
        yield finding if about else replace(finding, severity=Severity.WARNING)
