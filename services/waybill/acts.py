"""What happens to an issued waybill by its carrier's word: it arrives, is unloaded, or is void; what all such acts share."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services import registry, traceability
from services.errors import Finding, Refusal, refuse
from services.errors.common import NOT_FOUND
from services.errors.waybill.under_way import NOT_IN_THIS_STATE
from services.registry.model import TankCondition, TankState
from services.runtime.call import Call
from services.runtime.wire import moment, text_of
from services.traceability import Registered
from services.waybill import clearances_store, store
from services.waybill.consignment import drawing
from services.waybill.gathering import catalogue_of, known_of
from services.waybill.handover import overdue
from services.waybill.issuing import references_store
from services.waybill.lifecycle import Act, check_act, next_state
from services.waybill.model import Role, State, Waybill, WaybillKind
from services.waybill.occupancy import store as occupancy
from services.waybill.occupancy.laying_out import lay_out
from services.waybill.occupancy.spans import spans_of
from services.waybill.relations import relations_to
from services.waybill.rules import check_not_before, check_void
from services.waybill.store import Kept
from services.waybill.trip_fact import tell
from services.waybill.wire import shown


def standing(call: Call, waybill_id: str) -> Kept:
    """The locked waybill, for a caller the table lets act on it. Raises a refusal NOT_FOUND."""
    kept = (
        None
        if text_of(waybill_id, "waybill_id", required=True)
        else store.find(call.transaction, waybill_id, lock=True)
    )
    call.allow(relations_to(call, kept.waybill) if kept else (), subject=f"waybill/{waybill_id}")
    if kept is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="waybill_id"),))
    return kept


def moved(waybill: Waybill, act: Act, **changes: Any) -> Waybill:
    """The waybill after an act that was found possible."""
    state = next_state(waybill.state, act, waybill.kind)
    return replace(waybill, state=state if isinstance(state, State) else waybill.state, **changes)


def arrive_waybill(call: Call, request: Any) -> pb.ArriveWaybillResponse:
    """A waybill whose stops were all signed for on the way is complete with its arrival."""
    kept = standing(call, request.waybill_id)
    at, faults = moment(request, "arrived_at", call.now)
    refuse(
        (
            *faults,
            *check_act(kept.waybill, Act.ARRIVE, call.now),
            *check_not_before("arrived_at", at, kept.waybill.departed_at),
        )
    )
    registered = traceability.record(call, request)
    waybill = moved(kept.waybill, Act.ARRIVE, arrived_at=at)
    if waybill.stops and all(stop.signed_at for stop in waybill.stops):
        refused = all(stop.refused_reason for stop in waybill.stops)
        waybill = completed(call, waybill, at, registered, Act.REJECT if refused else Act.COMPLETE)
    changed = keep_changed(call, kept, waybill, at, "ENDED" if waybill.completed_at else "ARRIVED")
    return pb.ArriveWaybillResponse(waybill=shown(changed), registered=registered.to_wire())


def unload_waybill(call: Call, request: Any) -> pb.UnloadWaybillResponse:
    """Everything is off the lorry; told once."""
    kept = standing(call, request.waybill_id)
    at, faults = moment(request, "unloaded_at", call.now)
    findings = [
        *faults,
        *check_act(kept.waybill, Act.COMPLETE, call.now),
        *check_not_before("unloaded_at", at, kept.waybill.arrived_at),
    ]
    if kept.waybill.unloaded_at is not None:
        values = {"state": "UNLOADED", "act": "UNLOAD"}
        findings.append(Finding(reason=NOT_IN_THIS_STATE, path="waybill.state", rule="WB-12", values=values))
    refuse(findings)
    registered = traceability.record(call, request)
    waybill = unloaded(call, kept.waybill, at, registered)
    changed = keep_changed(call, kept, waybill, at, "UNLOADED")
    return pb.UnloadWaybillResponse(waybill=shown(changed), registered=registered.to_wire())


def void_waybill(call: Call, request: Any) -> pb.VoidWaybillResponse:
    """As if it had never been issued: what it drew and held is free again. Only before the departure."""
    kept = standing(call, request.waybill_id)
    refuse((*text_of(request.reason, "reason"), *check_void(kept.waybill, request.reason, call.now)))
    alarmed = overdue.stop_waiting_for_all(call.transaction, kept.waybill.id)
    registered = traceability.record(call, request)
    clearances_store.void(call.transaction, kept.waybill.id, request.reason, call.now)
    references_store.drop(call.transaction, kept.waybill.id)
    drawing.release(call, kept.waybill.id)
    waybill = moved(kept.waybill, Act.VOID, void_reason=request.reason)
    lay_out(call, waybill)
    if kept.waybill.state is State.LOADED:
        facts = known_of(call.transaction, waybill, call.now, now=call.now)
        tell(call.transaction, waybill, facts, catalogue_of(call), call.now, "VOIDED")
    changed = store.update(call.transaction, kept, waybill, call.now)
    for handover in alarmed:
        overdue.withdraw(call, waybill, handover)
    return pb.VoidWaybillResponse(waybill=shown(changed), registered=registered.to_wire())


def completed(call: Call, waybill: Waybill, at: datetime, registered: Registered, act: Act = Act.COMPLETE) -> Waybill:
    """The arrived waybill at its end; unloaded too when nobody said so before."""
    done = moved(waybill, act, completed_at=at)
    return done if done.unloaded_at is not None else unloaded(call, done, at, registered)


def unloaded(
    call: Call, waybill: Waybill, at: datetime, registered: Registered, *, but: Collection[str] = ()
) -> Waybill:
    """Vehicle and crew are free; the tanks (not those in ``but``) hold what is left of their last goods until cleaned."""
    if (state := _left_in_tank(waybill, at)) is not None:
        for tank_id in (each for each in waybill.resources(Role.TANK) if each not in but):
            registry.record_tank_state(
                call.transaction, tank_id, state, now=call.now, by=waybill.carrier_id, registered=registered.digest
            )
    return replace(waybill, unloaded_at=at)


def keep_changed(call: Call, kept: Kept, waybill: Waybill, at: datetime, event: str) -> Kept:
    """Keep a waybill that was under way, free what it holds no longer, and tell those who follow it."""
    relay(call, waybill)
    facts = known_of(call.transaction, waybill, at, now=call.now)
    tell(call.transaction, waybill, facts, catalogue_of(call), at, event)
    return store.update(call.transaction, kept, waybill, call.now)


def relay(call: Call, waybill: Waybill) -> None:
    """Hold the resources at the times that stand now. Before the departure another trip in the way is refused.

    Afterwards nothing that happened is refused: a trip that took longer than the next one was planned to begin is kept
    as short as it was planned itself.
    """
    if waybill.unloaded_at is None:
        lay_out(call, waybill)
        return
    planned = waybill.planned_arrival
    try:
        occupancy.lay_out(call.transaction, waybill.id, spans_of(waybill))
    except occupancy.Overlap:
        early = min(waybill.unloaded_at, planned) if planned else waybill.unloaded_at
        occupancy.lay_out(call.transaction, waybill.id, spans_of(replace(waybill, unloaded_at=early)))


def _left_in_tank(waybill: Waybill, at: datetime) -> TankState | None:
    """``None`` where unloading did not empty it: an empty return, or goods that were all turned away."""
    if waybill.kind is WaybillKind.EMPTY_RETURN or waybill.state is State.REJECTED:
        return None
    returned = any(drop.returned_g for stop in waybill.stops for drop in stop.drops)
    condition = TankCondition.PART if returned else TankCondition.EMPTY_UNCLEANED
    held = tuple(sorted({line.un_number for line in waybill.goods if line.mode == "tank"}))
    return TankState(condition=condition, last_un_numbers=held, at=at) if held else None
