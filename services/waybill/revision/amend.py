"""Changing an issued waybill: proposed, signed by everybody whom it concerns, then a new revision of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hazway import ids
from hazway.waybill.v1 import waybill_pb2 as pb
from services import traceability
from services.errors import Finding, Findings, Refusal, Severity, deduplicated, refuse
from services.errors.common import NOT_FOUND, STALE_ETAG
from services.errors.waybill.issuing import REFERENCE_TAKEN
from services.errors.waybill.revision import SIGNER_NOT_REQUIRED
from services.runtime.call import Call
from services.runtime.refusals import warnings_to_wire
from services.runtime.wire import text_of
from services.waybill import clearances_store, index_store
from services.waybill import store as waybills
from services.waybill.acts import relay, standing
from services.waybill.consignment import drawing
from services.waybill.gathering import catalogue_of, decision_on, gather_all, known_of
from services.waybill.issuing import references_store
from services.waybill.issuing.references_store import references_of
from services.waybill.loading import without_clearance
from services.waybill.model import GoodsLine, Role, State, Stop, Waybill
from services.waybill.occupancy import store as occupancy
from services.waybill.relations import index_of
from services.waybill.revision import store
from services.waybill.revision.alarm import raise_amended
from services.waybill.revision.model import Revision, RevisionState, Signer
from services.waybill.revision.rules import Amendment, check_amendment, further_references, revert, sign
from services.waybill.rules import check_content
from services.waybill.store import Kept
from services.waybill.trip_fact import tell
from services.waybill.wire import revision_to_wire, shown, waybill_from_wire

_DEPARTED = frozenset({State.IN_TRANSIT, State.ARRIVED, State.COMPLETED})


def amend_waybill(call: Call, request: Any) -> pb.AmendWaybillResponse:
    """The author's own signature counts for all he is in the waybill; the change holds at once when nobody else must sign."""
    kept = standing(call, request.waybill.id)
    occupancy.hold(call.transaction, occupancy.resources_of(kept.waybill))
    read = waybill_from_wire(request.waybill)
    proposed = carried_over(kept.waybill, read.value)
    pending = store.find_open(call.transaction, kept.waybill.id)
    amendment = check_amendment(
        kept.waybill, proposed, reason=request.reason, at=call.now, open_revision=pending[0] if pending else None
    )
    catalogue = catalogue_of(call)
    departure = proposed.departed_at or proposed.planned_departure or call.now
    gathered = gather_all(call.transaction, proposed, departure, now=call.now, catalogue=catalogue)
    judged = check_content(proposed, gathered.facts, catalogue, call.now)
    redrawn = drawing.amended(call, kept.waybill, proposed)
    findings = deduplicated(
        (
            *read.findings,
            *text_of(request.reason, "reason"),
            *_stale(kept, request.etag),
            *amendment.findings,
            *gathered.findings,
            *(judged if kept.waybill.state not in _DEPARTED else _softened(judged)),
            *(redrawn.findings if redrawn else ()),
        )
    )
    refuse(findings)
    response = pb.AmendWaybillResponse(voids_clearance=amendment.voids_clearance, warnings=warnings_to_wire(findings))
    revision = _proposal(call, kept, proposed, amendment, request.reason)
    changed = kept
    if not request.validate_only:
        decision = {**decision_on(gathered.facts, catalogue), "alerts_regulator": amendment.alerts_regulator}
        registered = traceability.record(call, request, decision=decision)
        store.insert(call.transaction, proposed, revision, decision=decision, registered=registered.digest)
        changed = settle(call, kept, revision, proposed)
        response.registered.CopyFrom(registered.to_wire())
    response.waybill.CopyFrom(shown(changed))
    response.revision.CopyFrom(revision_to_wire(revision))
    return response


def sign_revision(call: Call, request: Any) -> pb.SignRevisionResponse:
    """One of those asked agrees; with the last signature the correction holds."""
    kept = standing(call, request.waybill_id)
    revision, proposed = _pending(call, kept, request.revision_id)
    signer = _signer(request)
    if signer not in capacities(call, proposed):
        values = {"signer": signer.value if signer else "-"}
        raise Refusal((Finding(reason=SIGNER_NOT_REQUIRED, path="signer", rule="WB-12", values=values),))
    signed = sign(revision, signer)
    if not isinstance(signed, Revision):
        raise Refusal(signed)
    registered = traceability.record(call, request)
    changed = settle(call, kept, signed, proposed)
    return pb.SignRevisionResponse(
        waybill=shown(changed), revision=revision_to_wire(signed), registered=registered.to_wire()
    )


def revert_revision(call: Call, request: Any) -> pb.RevertRevisionResponse:
    """Its author takes back a correction that is still open."""
    kept = standing(call, request.waybill_id)
    revision, proposed = _pending(call, kept, request.revision_id)
    registered = traceability.record(call, request)
    reverted = revert(revision)
    changed = settle(call, kept, reverted, proposed)
    return pb.RevertRevisionResponse(
        waybill=shown(changed), revision=revision_to_wire(reverted), registered=registered.to_wire()
    )


def settle(call: Call, kept: Kept, revision: Revision, proposed: Waybill) -> Kept:
    """Keep the revision as it stands now, and the waybill with it: under correction, changed, or as it was."""
    if revision.state is not RevisionState.MADE:
        open_id = revision.id if revision.state is RevisionState.OPEN else ""
        store.update(call.transaction, proposed, revision)
        return waybills.update(call.transaction, kept, replace(kept.waybill, under_correction=open_id), call.now)
    current = replace(kept.waybill, under_correction="")
    made = replace(carried_over(current, proposed), revision=revision.number)
    amendment = check_amendment(current, made, reason=revision.reason or "-", at=call.now)
    if amendment.voids_clearance and made.state is State.LOADED:
        clearances_store.void(call.transaction, made.id, f"revision {revision.number} 更正", call.now)
        made = without_clearance(made)
    relay(call, made)
    drawing.redraw(call, kept.waybill, made)
    store.update(call.transaction, made, revision)
    facts = known_of(call.transaction, made, call.now, now=call.now)
    index_store.reindex(call.transaction, made, index_of(made, facts))
    if not references_store.keep(call.transaction, made.carrier_id, made.id, references_of(made)):
        raise Refusal((Finding(reason=REFERENCE_TAKEN, path="waybill.external_refs"),))
    if amendment.alerts_regulator:
        raise_amended(call, made, revision)
    if made.state is State.IN_TRANSIT:
        tell(call.transaction, made, facts, catalogue_of(call), call.now, "AMENDED")
    return waybills.update(call.transaction, kept, made, call.now)


def carried_over(current: Waybill, stated: Waybill) -> Waybill:
    """The stated waybill with what only acts of their own write, as it stands now."""
    return replace(
        stated,
        number=current.number,
        state=current.state,
        revision=current.revision,
        under_correction=current.under_correction,
        external_refs=(*current.external_refs, *further_references(current, stated)),
        issued_at=current.issued_at,
        departed_at=current.departed_at,
        arrived_at=current.arrived_at,
        unloaded_at=current.unloaded_at,
        completed_at=current.completed_at,
        void_reason=current.void_reason,
        successors=current.successors,
        goods=tuple(_line(current, line) for line in stated.goods),
        stops=tuple(_stop(current, stop) for stop in stated.stops),
    )


def _line(current: Waybill, line: GoodsLine) -> GoodsLine:
    old = next((each for each in current.goods if each.number == line.number), None)
    return replace(line, actual_mass_g=old.actual_mass_g if old else None)


def _stop(current: Waybill, stop: Stop) -> Stop:
    """What a consignee signed for stays with the stop of that number."""
    old = next((each for each in current.stops if each.number == stop.number), None)
    if old is None:
        return stop
    said = {drop.goods_number: drop for drop in old.drops}
    drops = tuple(
        replace(drop, delivered_g=before.delivered_g, returned_g=before.returned_g)
        if (before := said.get(drop.goods_number))
        else drop
        for drop in stop.drops
    )
    return replace(
        stop, drops=drops, signed_by=old.signed_by, signed_at=old.signed_at, refused_reason=old.refused_reason
    )


def capacities(call: Call, waybill: Waybill) -> frozenset[Signer]:
    """As whom the caller may sign. The crew are the carrier's people, named by their own certificate or token."""
    return frozenset(_capacities(call, waybill))


def _capacities(call: Call, waybill: Waybill) -> Iterator[Signer]:
    organisation = call.caller.organisation
    for signer, party in (
        (Signer.CONSIGNOR, waybill.consignor),
        (Signer.CARRIER, waybill.carrier),
        (Signer.LOADER, waybill.loader),
        (Signer.CONSIGNEE, waybill.consignee),
    ):
        if party is not None and party.organisation_id == organisation:
            yield signer
    if any(stop.consignee.organisation_id == organisation for stop in waybill.stops):
        yield Signer.CONSIGNEE
    crew = {*waybill.resources(Role.DRIVER), *waybill.resources(Role.ESCORT)}
    if waybill.carrier_id == organisation and call.caller.person in crew:
        yield Signer.CREW


def _proposal(call: Call, kept: Kept, proposed: Waybill, amendment: Amendment, reason: str) -> Revision:
    signed = amendment.required & capacities(call, proposed)
    return Revision(
        id=ids.new_id(),
        waybill_id=kept.waybill.id,
        number=store.next_number(call.transaction, kept.waybill.id),
        author=call.caller.organisation,
        reason=reason,
        at=call.now,
        changes=amendment.changes,
        required=amendment.required,
        signed=signed,
        state=RevisionState.MADE if signed >= amendment.required else RevisionState.OPEN,
    )


def _pending(call: Call, kept: Kept, revision_id: str) -> tuple[Revision, Waybill]:
    """Raises a refusal NOT_FOUND."""
    pending = store.find_open(call.transaction, kept.waybill.id)
    if pending is None or pending[0].id != revision_id:
        raise Refusal((Finding(reason=NOT_FOUND, path="revision_id"),))
    return pending


def _signer(request: Any) -> Signer | None:
    names = pb.Signer.DESCRIPTOR.values_by_number
    name = names[request.signer].name.removeprefix("SIGNER_") if request.signer in names else ""
    return Signer[name] if name in Signer.__members__ else None


def _stale(kept: Kept, etag: str) -> Findings:
    return (Finding(reason=STALE_ETAG, path="etag"),) if etag and etag != str(kept.version) else ()


def _softened(findings: Findings) -> Findings:
    """On the way and afterwards only the form itself is refused: what ended meanwhile must not keep a mistake in place."""
    return tuple(
        finding if finding.rule == "WB-01" else replace(finding, severity=Severity.WARNING) for finding in findings
    )
