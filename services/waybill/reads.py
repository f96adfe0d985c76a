"""Reading waybills and their revisions, each as far as the caller may see."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services.errors import Finding, Findings, Refusal, refuse
from services.errors.common import NOT_FOUND, invalid
from services.registry.identifiers import normalise_plate, plain
from services.registry.relations import division_prefix, oversees
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.paging import next_page_token, page_of
from services.runtime.wire import text_of, time_of
from services.waybill import search_store, store
from services.waybill.model import State
from services.waybill.relations import relations_to
from services.waybill.revision import store as revisions
from services.waybill.search_store import Search
from services.waybill.store import Kept
from services.waybill.wire import revision_to_wire, shown


def get_waybill(call: Call, request: Any) -> pb.Waybill:
    """For whoever may see it. Raises a refusal NOT_FOUND for all others."""
    return shown(readable(call, request.waybill_id))


def list_revisions(call: Call, request: Any) -> pb.ListRevisionsResponse:
    """Every amendment and correction, with who has signed it."""
    kept = readable(call, request.waybill_id)
    found = revisions.revisions_of(call.transaction, kept.waybill.id)
    return pb.ListRevisionsResponse(revisions=map(revision_to_wire, found))


def list_waybills(call: Call, request: Any) -> pb.ListWaybillsResponse:
    """One more is read than is shown, so that the last page is known to be the last."""
    relation = call.allow([Relation.JURISDICTION if oversees(call.caller) else Relation.PARTY], subject="waybill/*")
    search, findings = _search(call, request, relation)
    refuse(findings)
    asked = page_of(call, request)
    found = search_store.page(call.transaction, search, after=_place(asked.cursor), most=asked.size + 1)
    response = pb.ListWaybillsResponse(waybills=[shown(each.kept, route=False) for each in found[: asked.size]])
    if len(found) > asked.size:
        at, waybill_id = found[asked.size - 1].place
        response.next_page_token = next_page_token(call, request, f"{at.isoformat()} {waybill_id}")
    return response


def readable(call: Call, waybill_id: str) -> Kept:
    """Raises a refusal NOT_FOUND for what is not there and for what is not the caller's to see."""
    refuse(text_of(waybill_id, "waybill_id", required=True))
    kept = store.find(call.transaction, waybill_id)
    call.allow(relations_to(call, kept.waybill) if kept else (), subject=f"waybill/{waybill_id}")
    if kept is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="waybill_id"),))
    return kept


def _search(call: Call, request: Any, relation: Relation) -> tuple[Search, Findings]:
    since, faults = time_of(request.departs_from, "departs_from")
    until, more = time_of(request.departs_to, "departs_to")
    findings = [*faults, *more]
    for name in ("number", "plate", "external_number", "party_id", "un_number", "division_code"):
        findings += text_of(getattr(request, name), name)
    states, wrong = _states(request)
    looks = relation is Relation.JURISDICTION
    search = Search(
        organisation_id="" if looks else call.caller.organisation,
        division=division_prefix(call.caller.division) if looks else "",
        number=plain(request.number),
        plate=normalise_plate(request.plate)[0],
        states=states,
        departs_from=since,
        departs_to=until,
        external_number=request.external_number,
        party_id=request.party_id,
        un_number=plain(request.un_number).removeprefix("UN"),
        place=division_prefix(request.division_code),
    )
    return search, (*findings, *wrong)


def _states(request: Any) -> tuple[tuple[str, ...], Findings]:
    known = {pb.State.Value(f"STATE_{state.name}"): state.name for state in State}
    wrong = tuple(
        invalid(f"states[{index}]", f"no state {number} 无此状态")
        for index, number in enumerate(request.states)
        if number not in known
    )
    return tuple(known[number] for number in request.states if number in known), wrong


def _place(cursor: str) -> tuple[datetime, str] | None:
    at, _, waybill_id = cursor.partition(" ")
    return (datetime.fromisoformat(at), waybill_id) if waybill_id else None
