"""An offer that waits for its taker: kept with a code and a time limit. What the giver offers, and what a swap does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from hazway import ids
from services import registry
from services.errors import Finding, Refusal
from services.errors.waybill.handover import HANDOVER_EXISTS, HANDOVER_TO_ONESELF
from services.runtime.call import Call
from services.traceability import Registered
from services.waybill.handover import overdue, store
from services.waybill.handover.codes import fresh
from services.waybill.handover.custody import carrier_aboard, custodian_of
from services.waybill.handover.model import Custodian, Handover, HandoverKind
from services.waybill.handover.rules import finding
from services.waybill.model import Role, Waybill

_SEATS = (Role.DRIVER, Role.ESCORT)


def keep_offer(call: Call, offer: Handover) -> Handover:
    """It waits from now on, with a code for a taker who has nothing else. Raises a refusal HANDOVER_EXISTS."""
    waiting = replace(offer, due_at=overdue.due_at(offer, call.now))
    if not store.insert(call.transaction, waiting):
        raise Refusal((finding(HANDOVER_EXISTS, "handover.id", call.now),))
    store.put_code(call.transaction, waiting.id, fresh(call.now))
    overdue.wait_for(call.transaction, waiting)
    return waiting


def check_swap_takers(
    call: Call, waybill: Waybill, role: Role, incoming: Iterable[str], at: datetime
) -> Iterator[Finding]:
    """Who states a swap is none of those who then sign for it."""
    if call.caller.person and call.caller.person in _takers(waybill, role, incoming, at):
        yield finding(HANDOVER_TO_ONESELF, "incoming_id", at)


def offer_swap(
    call: Call,
    waybill: Waybill,
    role: Role,
    incoming: Iterable[str],
    revision: int,
    at: datetime,
    registered: Registered,
) -> list[Handover]:
    """The carrier's word holds at once; each of the new crew, or the driver of a new vehicle, is asked to sign it too."""
    giver = custodian_of(waybill.carrier, call.caller.person)
    kind = HandoverKind.CREW if role in _SEATS else HandoverKind.VEHICLE
    takers = _takers(waybill, role, incoming, at)
    persons = registry.facts_at(call.transaction, call.now, persons=takers).persons
    return [
        keep_offer(call, Handover(
            id=ids.new_id(), waybill_id=waybill.id, kind=kind, revision=revision, handed_at=at, giver=giver,
            taker=Custodian(
                name=persons[person].name if person in persons else "", organisation_id=giver.organisation_id,
                person_id=person, phone=persons[person].phone if person in persons else "",
            ),
            statement_digest=registered.statement_digest,
        ))
        for person in takers
    ]  # fmt: skip


def _takers(waybill: Waybill, role: Role, incoming: Iterable[str], at: datetime) -> list[str]:
    if role in _SEATS:
        return list(incoming)
    driver = carrier_aboard(waybill, at).person_id
    return [driver] if driver else []
