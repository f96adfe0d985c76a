"""The giver's part: what is handed over is stated and waits for its taker. A swap makes such offers too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from hazway.waybill.v1 import handover_pb2 as pb
from services import registry, traceability
from services.errors import Finding, Findings, deduplicated, refuse
from services.errors.common import invalid, missing
from services.errors.waybill.issuing import RESOURCE_UNKNOWN
from services.errors.waybill.under_way import STOP_UNKNOWN
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.wire import from_wire, moment, text_of
from services.traceability import Registered
from services.waybill import status_list
from services.waybill import store as waybills
from services.waybill.deliver import consignee_of, with_stops
from services.waybill.delivery import Received, check_delivery
from services.waybill.handover import overdue, store
from services.waybill.handover.custody import carrier_aboard, holder
from services.waybill.handover.found import answered, found
from services.waybill.handover.model import Custodian, Handover, HandoverKind, HandoverState
from services.waybill.handover.rules import check_offer, check_open, finding, totals
from services.waybill.handover.waiting import keep_offer
from services.waybill.model import Party, Role, Waybill
from services.waybill.occupancy import store as occupancy
from services.waybill.relations import relations_to
from services.waybill.revision import store as revisions
from services.waybill.revision.amend import settle
from services.waybill.revision.carriers_word import revision_by_word
from services.waybill.store import Kept

_PATHS = {"stop": "handover.stop_number", "at": "handover.handed_at", "received": "handover.lines"}


def offer_handover(call: Call, request: Any) -> pb.HandoverResponse:
    """The chain of a waybill grows at its end only: its row is locked."""
    kept = _allowed(call, request.handover.waybill_id)
    waybill = kept.waybill
    read = from_wire(Handover, request.handover, "handover")
    refuse((*read.findings, *_unnamed(request.handover)))
    at, faults = moment(request.handover, "handed_at", call.now)
    chain = store.chain_of(call.transaction, waybill.id)
    offer, planned = replace(read.value, handed_at=at), waybill
    if offer.kind is HandoverKind.DELIVERY:
        planned, number = with_stops(waybill, offer.stop_number)
        offer = replace(offer, stop_number=number)
    giver, taker = _giver(call, waybill, offer), _taker(call, planned, offer, at)
    findings = deduplicated((
        *(replace(each, path=f"handover.{each.path}") for each in faults),
        *_persons(call, offer),
        *_grounds(call, waybill, offer),
        *check_offer(waybill, chain, offer, giver, taker, at),
        *_stop_faults(planned, offer, at),
        *_taker_faults(call, offer),
    ))  # fmt: skip
    refuse(findings)
    if offer.kind is HandoverKind.PARKED:
        occupancy.hold(call.transaction, occupancy.resources_of(waybill))
    registered = traceability.record(call, request)
    if offer.kind is HandoverKind.PARKED:
        _leave(call, kept, at, registered)
    offer = replace(offer, giver=giver, taker=taker, statement_digest=registered.statement_digest)
    return answered(keep_offer(call, offer), registered, findings)


def withdraw_handover(call: Call, request: Any) -> pb.HandoverResponse:
    """By its giver, while it waits. An alarm raised for it goes with it."""
    of = found(call, request)
    offer, giver = of.handover, of.handover.giver
    own = giver is not None and giver.organisation_id == call.caller.organisation
    call.allow([Relation.OWN] if own else [], subject=f"waybill/{offer.waybill_id}")
    swapped = offer.kind in (HandoverKind.CREW, HandoverKind.VEHICLE)
    told = (invalid("handover_id", "a swap is undone by another swap 更换须以再次更换撤销"),) if swapped else ()
    refuse((*text_of(request.reason, "reason", required=True), *told, *check_open(of.kept.waybill, offer, call.now)))
    alarmed = overdue.stop_waiting(call.transaction, offer)
    registered = traceability.record(call, request)
    taken_back = replace(offer, state=HandoverState.WITHDRAWN)
    store.update(call.transaction, taken_back)
    if alarmed:
        overdue.withdraw(call, of.kept.waybill, taken_back)
    return answered(taken_back, registered)


def _leave(call: Call, kept: Kept, at: datetime, registered: Registered) -> None:
    """Tractor and crew drive off and are free, by the carrier's word; the trailer stays on its trip."""
    stays = (Role.TRAILER, Role.TANK)
    assignments = tuple(
        each if each.role in stays or each.to_at is not None else replace(each, to_at=at)
        for each in kept.waybill.assignments
    )
    after = replace(kept.waybill, assignments=assignments)
    revision = revision_by_word(call, kept.waybill, after, "甩挂 trailer left", crew_signs=False)
    revisions.insert(call.transaction, after, revision, decision={}, registered=registered.digest)
    settle(call, kept, revision, after)


def _allowed(call: Call, waybill_id: str) -> Kept:
    """Whoever loads or carries it, or keeps its trailer. Raises a refusal NOT_FOUND."""
    wrong = text_of(waybill_id, "waybill_id", required=True)
    kept = None if wrong else waybills.find(call.transaction, waybill_id, lock=True)
    relations: list[Relation] = []
    if kept is not None:
        chain = store.chain_of(call.transaction, waybill_id)
        relations = relations_to(call, kept.waybill)
        if holder(kept.waybill, chain, call.now).organisation_id == call.caller.organisation:
            relations.append(Relation.OWN)
    call.allow(relations, subject=f"waybill/{waybill_id}")
    if kept is None:
        raise AssertionError("nothing allows this")
    return kept


def _unnamed(message: Any) -> Iterator[Finding]:
    for name in ("id", "waybill_id"):
        if not getattr(message, name):
            yield missing(f"handover.{name}")


def _giver(call: Call, waybill: Waybill, offer: Handover) -> Custodian:
    organisation = call.caller.organisation
    named = {each.organisation_id: each for each in (waybill.loader, waybill.carrier) if each}
    party = named.get(organisation, Party(name=""))
    return Custodian(
        name=party.name, organisation_id=organisation, phone=party.phone,
        person_id=offer.giver_person_id or call.caller.person,
    )  # fmt: skip


def _taker(call: Call, waybill: Waybill, offer: Handover, at: datetime) -> Custodian:
    """Of a delivery the stop's consignee, of loading and taking up the carrier, whatever else was stated."""
    stated = offer.taker or Custodian()
    if offer.kind in (HandoverKind.LOADING, HandoverKind.TAKEN_UP):
        carrier = carrier_aboard(waybill, at)
        return replace(carrier, person_id=stated.person_id, organisation_id=waybill.carrier_id)
    stop = next((each for each in waybill.stops if each.number == offer.stop_number), None)
    if offer.kind is not HandoverKind.DELIVERY or stop is None:
        return stated
    return Custodian(
        name=stop.consignee.name, organisation_id=consignee_of(waybill, stop), person_id=stated.person_id,
        site_id=stop.place.site_id, phone=stated.phone or stop.consignee.phone,
    )  # fmt: skip


def _persons(call: Call, offer: Handover) -> Iterator[Finding]:
    if call.caller.person and offer.giver_person_id not in ("", call.caller.person):
        yield invalid("handover.giver_person_id", "not the person who signs 不是签署人")


def _grounds(call: Call, waybill: Waybill, offer: Handover) -> Iterator[Finding]:
    """What the giver states of the waybill's record must stand there."""
    known = grounds(call, waybill)
    for name, digest in zip(("revision_digest", "loading_record_digest"), known, strict=True):
        if getattr(offer, name) not in (b"", digest):
            yield invalid(f"handover.{name}", "not what is on record 与记录不符")


def grounds(call: Call, waybill: Waybill) -> tuple[bytes, bytes]:
    """Registration of the waybill's revision, digest of the loading record that cleared it."""
    place = status_list.place_of(call.transaction, waybill.id, waybill.revision)
    registered = bytes(place.registered or b"") if place else b""
    return registered, store.loading_record_digest(call.transaction, waybill.id)


def _stop_faults(waybill: Waybill, offer: Handover, at: datetime) -> Iterator[Finding]:
    if offer.kind is not HandoverKind.DELIVERY:
        return
    if all(each.number != offer.stop_number for each in waybill.stops):
        yield finding(STOP_UNKNOWN, "handover.stop_number", at, stop=offer.stop_number)
        return
    stated = {number: Received(mass_g) for number, mass_g in totals(offer).items()}
    for each in check_delivery(waybill, offer.stop_number, stated, at):
        yield replace(each, path=_PATHS.get(each.path, each.path))


def _taker_faults(call: Call, offer: Handover) -> Findings:
    """A trailer is left with somebody: a registered site of a registered organisation, else whoever is named signs by code."""
    taker = offer.taker or Custodian()
    if offer.kind is not HandoverKind.PARKED:
        return ()
    if not taker.organisation_id:
        return text_of(taker.name, "handover.taker.name", required=True)
    known = registry.facts_at(call.transaction, call.now, organisations=[taker.organisation_id]).organisations
    sites = known[taker.organisation_id].sites if taker.organisation_id in known else ()
    if taker.organisation_id not in known or taker.site_id not in ("", *(site.id for site in sites)):
        stated = f"{taker.organisation_id} {taker.site_id}".strip()
        return (finding(RESOURCE_UNKNOWN, "handover.taker", call.now, role="场所经营者", id=stated),)
    return ()
