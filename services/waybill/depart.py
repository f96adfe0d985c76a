"""A lorry leaves: judged by the facts of now, and with what it takes over from the waybill it follows."""

from __future__ import annotations

from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services import registry, traceability
from services.errors import Finding, Refusal, refuse, warnings_among
from services.errors.waybill.route import PERMIT_MISMATCH
from services.runtime.call import Call
from services.runtime.refusals import finding_to_wire
from services.runtime.wire import moment
from services.traceability import Registered
from services.waybill import clearances_store, store
from services.waybill.acts import moved, relay, standing
from services.waybill.facts import Facts
from services.waybill.gathering import catalogue_of, decision_on, gather
from services.waybill.lifecycle import Act
from services.waybill.model import Waybill
from services.waybill.occupancy import store as occupancy
from services.waybill.occupancy.laying_out import lay_out
from services.waybill.preparation import store as preparations
from services.waybill.preparation.rules import unprepared
from services.waybill.rules import check_departure, check_not_before
from services.waybill.store import Kept
from services.waybill.succession.handing_over import decided, followed, keep_succeeded, stop_offers
from services.waybill.succession.rules import said_at, succeeded
from services.waybill.trip_fact import tell
from services.waybill.wire import shown


def depart_waybill(call: Call, request: Any) -> pb.DepartWaybillResponse:
    """Judged again by the facts of now: what ended since the issue holds the lorry at the gate.

    What it takes over from the waybill it follows changes hands in this one transaction, so that the lorry and its load
    are on one waybill at any moment.
    """
    kept = standing(call, request.waybill_id)
    at, faults = moment(request, "departed_at", call.now)
    original = followed(call, kept.waybill)
    names = (occupancy.resources_of(each.waybill) for each in (kept, original) if each is not None)
    occupancy.hold(call.transaction, frozenset[str]().union(*names))
    catalogue = catalogue_of(call)
    facts = gather(call.transaction, kept.waybill, at, now=call.now, catalogue=catalogue)
    clearance = clearances_store.find(call.transaction, kept.waybill.id)
    findings = (
        *faults,
        *check_departure(kept.waybill, facts, catalogue, clearance, at),
        *check_not_before("departed_at", at, kept.waybill.issued_at),
        *(check_not_before("departed_at", at, *said_at(original.waybill)) if original else ()),
    )
    refuse(findings)
    waybill = moved(kept.waybill, Act.DEPART, departed_at=at)
    over = succeeded(original.waybill, waybill, at) if original else None
    if over is not None and over.unloaded_at is not None:
        relay(call, over)
    lay_out(call, waybill)
    unready = unprepared(kept.waybill, preparations.preparations_of(call.transaction, kept.waybill.id), at)
    response = pb.DepartWaybillResponse(warnings=map(finding_to_wire, (*warnings_among(findings), *unready)))
    if request.validate_only:
        response.waybill.CopyFrom(shown(Kept(waybill, kept.version)))
        return response
    offers = stop_offers(call, over) if over is not None else []
    decision = {**decision_on(facts, catalogue), **(decided(over) if over is not None else {})}
    registered = traceability.record(call, request, decision=decision)
    if original is not None and over is not None:
        keep_succeeded(call, original, over, waybill, offers, registered)
    _use_permits(call, waybill, facts, registered)
    tell(call.transaction, waybill, facts, catalogue, at, "DEPARTED")
    response.waybill.CopyFrom(shown(store.update(call.transaction, kept, waybill, call.now)))
    response.registered.CopyFrom(registered.to_wire())
    return response


def _use_permits(call: Call, waybill: Waybill, facts: Facts, registered: Registered) -> None:
    """Permits for one trip are used up by leaving. Raises a refusal when another waybill was faster."""
    for permit in facts.registry.permits:
        if permit.single_trip and permit.number in waybill.permit_numbers:
            used = registry.use_permit(
                call.transaction,
                permit.id,
                waybill.id,
                now=call.now,
                by=waybill.carrier_id,
                registered=registered.digest,
            )
            if not used:
                path = f"waybill.permit_numbers[{waybill.permit_numbers.index(permit.number)}]"
                values = {
                    "number": permit.number, "problem_zh": "单次许可已用于其他运单", "problem": "it is for one trip and was used",
                }  # fmt: skip
                raise Refusal((Finding(reason=PERMIT_MISMATCH, path=path, rule="WB-07", values=values),))
