"""Reading consignment lists, each as far as the caller may see: its consignor, carrier and loader, and authorities there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hazway.waybill.v1 import consignment_pb2 as pb
from services.errors import Finding, Findings, Refusal, refuse
from services.errors.common import NOT_FOUND, invalid
from services.registry.relations import covers, division_prefix, oversees
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.paging import next_page_token, page_of
from services.runtime.wire import text_of, time_of, to_wire
from services.waybill import store as waybills
from services.waybill.consignment import draws_store, search_store, store
from services.waybill.consignment.model import ConsignmentList, ListState
from services.waybill.consignment.search_store import ListSearch

_MOST_RELATED = 5_000


def get_consignment_list(call: Call, request: Any) -> pb.ConsignmentList:
    """With the waybills that draw on it. Raises a refusal NOT_FOUND for whoever is no party and no authority of a place it touches."""
    offered = readable(call, request.consignment_list_id)
    return shown(offered, draws_store.draws_on(call.transaction, offered.id))


def list_consignment_lists(call: Call, request: Any) -> pb.ListConsignmentListsResponse:
    """One more is read than is shown, so that the last page is known to be the last."""
    looks = oversees(call.caller)
    relation = call.allow([Relation.JURISDICTION if looks else Relation.PARTY], subject="consignment-list/*")
    search, findings = _search(call, request, relation)
    refuse(findings)
    asked = page_of(call, request)
    found = search_store.page(call.transaction, search, after=_place(asked.cursor), most=asked.size + 1)
    response = pb.ListConsignmentListsResponse(consignment_lists=map(shown, found[: asked.size]))
    if len(found) > asked.size:
        last = found[asked.size - 1]
        offered_at = last.offered_at.isoformat() if last.offered_at else ""
        response.next_page_token = next_page_token(call, request, f"{offered_at} {last.id}")
    return response


def readable(call: Call, list_id: str, *, hold: bool = False) -> ConsignmentList:
    """Raises a refusal NOT_FOUND for what is not there and for what is not the caller's; ``hold`` keeps others from it."""
    unread = text_of(list_id, "consignment_list_id", required=True)
    if hold and not unread:
        store.hold(call.transaction, [list_id])
    offered = None if unread else store.find(call.transaction, list_id)
    call.allow(relations_to(call, offered) if offered else (), subject=f"consignment-list/{list_id}")
    if offered is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="consignment_list_id"),))
    return offered


def shown(offered: ConsignmentList, draws: list[draws_store.ShownDraw] | None = None) -> pb.ConsignmentList:
    """The list as everybody entitled to it sees it."""
    message: pb.ConsignmentList = to_wire(offered, pb.ConsignmentList())
    for stated, line in zip(message.lines, offered.lines, strict=True):
        stated.remaining_g = line.remaining_g
    for each in draws or ():
        to_wire(each, message.draws.add())
    return message


def relations(call: Call, list_id: str) -> list[Relation]:
    """Empty for a list that is not there, and for one that is none of the caller's business."""
    offered = store.find(call.transaction, list_id)
    return [] if offered is None else relations_to(call, offered)


def relations_to(call: Call, offered: ConsignmentList) -> list[Relation]:
    """How the caller stands to the list."""
    return list(_relations(call, offered))


def _relations(call: Call, offered: ConsignmentList) -> Iterator[Relation]:
    organisation = call.caller.organisation
    if offered.consignor.organisation_id == organisation:
        yield Relation.OWN
    if offered.carrier.organisation_id == organisation:
        yield Relation.CARRYING
    if organisation in parties_of(offered):
        yield Relation.PARTY
    if oversees(call.caller):
        divisions = store.divisions_of(call.transaction, offered.id)
        if covers(call.caller.division, divisions):
            yield Relation.JURISDICTION


def parties_of(offered: ConsignmentList) -> frozenset[str]:
    """Who sees the list: who sends it, who carries and who loads the goods."""
    named = (offered.consignor, offered.carrier, offered.loader)
    return frozenset(party.organisation_id for party in named) - {""}


def subjects_of_waybill(call: Call, waybill_id: str, _start: datetime | None, _end: datetime | None) -> list[str]:
    """The consignment lists a waybill is carried for, the waybill it follows and those that follow it, as subjects of the record."""
    kept = waybills.find(call.transaction, waybill_id)
    if kept is None:
        return draws_store.subjects_of_waybill(call.transaction, waybill_id, ())
    linked = (kept.waybill.replaces, *(each.waybill_id for each in kept.waybill.successors))
    lists = draws_store.subjects_of_waybill(call.transaction, waybill_id, kept.waybill.consignment_list_ids)
    return [*lists, *(f"waybill/{each}" for each in dict.fromkeys(linked) if each)]


def subjects_of_list(call: Call, list_id: str, _start: datetime | None, _end: datetime | None) -> list[str]:
    """The waybills that carry a list, as subjects of the record."""
    return draws_store.waybills_of(call.transaction, list_id, _MOST_RELATED)


def _search(call: Call, request: Any, relation: Relation) -> tuple[ListSearch, Findings]:
    since, faults = time_of(request.offered_from, "offered_from")
    until, more = time_of(request.offered_to, "offered_to")
    findings = [*faults, *more]
    for name in ("number", "un_number", "waybill_id"):
        findings += text_of(getattr(request, name), name)
    known = {pb.ListState.Value(f"LIST_STATE_{state.name}"): state.name for state in ListState}
    findings += [
        invalid(f"states[{index}]", f"no state {number} 无此状态")
        for index, number in enumerate(request.states)
        if number not in known
    ]
    looks = relation is Relation.JURISDICTION
    search = ListSearch(
        organisation_id="" if looks else call.caller.organisation,
        division=division_prefix(call.caller.division) if looks else "",
        number=request.number,
        un_number=request.un_number,
        waybill_id=request.waybill_id,
        states=tuple(known[number] for number in request.states if number in known),
        offered_from=since,
        offered_to=until,
    )
    return search, tuple(findings)


def _place(cursor: str) -> tuple[datetime, str] | None:
    at, _, list_id = cursor.partition(" ")
    return (datetime.fromisoformat(at), list_id) if list_id else None
