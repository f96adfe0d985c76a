"""The original's side of a departure that takes over its load: kept and told in the transaction of the departure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.runtime.call import Call
from services.traceability import Registered
from services.waybill import store
from services.waybill.acts import unloaded
from services.waybill.delivery import aboard_g
from services.waybill.gathering import catalogue_of, known_of
from services.waybill.handover import overdue
from services.waybill.handover import store as handovers
from services.waybill.handover.model import Handover, HandoverKind, HandoverState
from services.waybill.handover.rules import totals
from services.waybill.model import Role, Waybill
from services.waybill.store import Kept
from services.waybill.succession.rules import ended_by, is_own, takes_over
from services.waybill.trip_fact import tell

Offers = Sequence[tuple[Handover, bool]]


def followed(call: Call, waybill: Waybill) -> Kept | None:
    """The waybill this one takes over from, locked; always after this one, which is younger, so nobody waits in a ring."""
    if not takes_over(waybill):
        return None
    kept = store.find(call.transaction, waybill.replaces, lock=True)
    return kept if kept is not None and is_own(waybill, kept.waybill) else None


def decided(over: Waybill) -> dict[str, Any]:
    """What the record of the departure keeps of the original."""
    last = over.successors[-1]
    taken_g = {str(line.goods_number): line.mass_g for line in last.taken}
    return {"succeeds": {"waybill": over.id, "state": over.state.name, "taken_g": taken_g}}


def stop_offers(call: Call, over: Waybill) -> list[tuple[Handover, bool]]:
    """Open hand-overs of a waybill that ends, and deliveries of more than is left aboard, each with whether its alarm is open. Call
    it before anything is put on record."""
    waiting = (each for each in handovers.chain_of(call.transaction, over.id) if each.state is HandoverState.OFFERED)
    over_now = (each for each in waiting if over.completed_at is not None or _is_too_much(over, each))
    return [(each, overdue.stop_waiting(call.transaction, each)) for each in over_now]


def _is_too_much(over: Waybill, offer: Handover) -> bool:
    left = aboard_g(over)
    return offer.kind is HandoverKind.DELIVERY and any(
        mass_g > left.get(number, 0) for number, mass_g in totals(offer).items()
    )


def keep_succeeded(
    call: Call, original: Kept, over: Waybill, waybill: Waybill, offers: Offers, registered: Registered
) -> None:
    """Whoever follows a vehicle that goes on is told of its new trip alone: nothing was unloaded from it."""
    for offer, alarmed in offers:
        taken_back = replace(offer, state=HandoverState.WITHDRAWN)
        handovers.update(call.transaction, taken_back)
        if alarmed:
            overdue.withdraw(call, over, taken_back)
    if ended_by(original.waybill, over):
        at = over.successors[-1].at
        if original.waybill.unloaded_at is None:
            unloaded(call, over, at, registered, but=waybill.resources(Role.TANK))
        facts = known_of(call.transaction, over, at, now=call.now)
        going_on = waybill.resources(Role.TRACTOR)
        tell(call.transaction, over, facts, catalogue_of(call), at, "SUCCEEDED", but=going_on)
    store.update(call.transaction, original, over, call.now)
