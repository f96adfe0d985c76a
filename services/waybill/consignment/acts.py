"""What consignor and carrier do with a consignment list: made, changed, accepted, refused, withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hazway.waybill.v1 import consignment_pb2 as pb
from hazway.waybill.v1 import waybill_pb2
from services import registry, traceability
from services.errors import Finding, Findings, Refusal, deduplicated, refuse
from services.errors.common import STALE_ETAG
from services.errors.waybill.consignment import CONSIGNMENT_LIST_EXISTS
from services.errors.waybill.revision import FIELD_IMMUTABLE
from services.registry.model import RegistryFacts
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.refusals import warnings_to_wire
from services.runtime.wire import Read, from_wire, text_of
from services.waybill.consignment import store
from services.waybill.consignment.lifecycle import TABLE, ListAct, check_act, check_reason
from services.waybill.consignment.model import ConsignmentList, ListState
from services.waybill.consignment.reads import parties_of, readable, shown
from services.waybill.consignment.rules import check_list
from services.waybill.consignment.store import Seen
from services.waybill.gathering import EDITION, catalogue_of


def create_consignment_list(call: Call, request: Any) -> pb.CreateConsignmentListResponse:
    """The consignor's own, sent to its carrier at once."""
    stated = request.consignment_list
    own = stated.consignor.organisation_id == call.caller.organisation
    call.allow([Relation.OWN] if own else [], subject=f"consignment-list/{stated.id}")
    read = _read(stated)
    offered = replace(read.value, offered_at=call.now)
    known = _facts(call, offered)
    findings = deduplicated((*read.findings, *_free(call, offered), *_judged(call, offered, known)))
    refuse(findings)
    response = pb.CreateConsignmentListResponse(consignment_list=shown(offered), warnings=warnings_to_wire(findings))
    if not request.validate_only:
        registered = traceability.record(call, request, decision=_decision(call, known))
        try:
            store.insert(call.transaction, offered, _seen(offered, known))
        except store.Taken:
            raise Refusal((_exists(offered),)) from None
        response.registered.CopyFrom(registered.to_wire())
    return response


def amend_consignment_list(call: Call, request: Any) -> pb.AmendConsignmentListResponse:
    """Nothing is drawn on a list that may be amended, so all of it may change but its id and consignor."""
    kept = readable(call, request.consignment_list.id, hold=True)
    read = _read(request.consignment_list)
    offered = replace(read.value, revision=kept.revision + 1, offered_at=kept.offered_at)
    known = _facts(call, offered)
    findings = deduplicated(
        (
            *read.findings,
            *check_act(kept, ListAct.AMEND),
            *_stale(kept, request.revision),
            *_consignor_stays(kept, offered),
            *_judged(call, offered, known),
        )
    )
    refuse(findings)
    response = pb.AmendConsignmentListResponse(consignment_list=shown(offered), warnings=warnings_to_wire(findings))
    if not request.validate_only:
        registered = traceability.record(call, request, decision=_decision(call, known))
        store.rewrite(call.transaction, offered, _seen(offered, known))
        response.registered.CopyFrom(registered.to_wire())
    return response


def accept_consignment_list(call: Call, request: Any) -> pb.AcceptConsignmentListResponse:
    """Judged again by the facts of now: what ended since it was sent is the carrier's to know, and to refuse for."""
    kept = readable(call, request.consignment_list_id, hold=True)
    known = _facts(call, kept)
    findings = (*check_act(kept, ListAct.ACCEPT), *_stale(kept, request.revision), *_judged(call, kept, known))
    refuse(findings)
    registered = traceability.record(call, request, decision=_decision(call, known))
    accepted = _moved(kept, ListAct.ACCEPT, answered_at=call.now)
    store.update(call.transaction, accepted)
    return pb.AcceptConsignmentListResponse(
        consignment_list=shown(accepted),
        warnings=warnings_to_wire(findings),
        registered=registered.to_wire(),
    )


def refuse_consignment_list(call: Call, request: Any) -> pb.RefuseConsignmentListResponse:
    """The carrier's answer, with its reason; the consignor may send it anew."""
    kept = readable(call, request.consignment_list_id, hold=True)
    refuse((*text_of(request.reason, "reason"), *check_act(kept, ListAct.REFUSE), *check_reason(request.reason)))
    registered = traceability.record(call, request)
    refused = _moved(kept, ListAct.REFUSE, answered_at=call.now, refused_reason=request.reason)
    store.update(call.transaction, refused)
    return pb.RefuseConsignmentListResponse(consignment_list=shown(refused), registered=registered.to_wire())


def withdraw_consignment_list(call: Call, request: Any) -> pb.WithdrawConsignmentListResponse:
    """What waybills have drawn already is carried all the same."""
    kept = readable(call, request.consignment_list_id, hold=True)
    refuse((*text_of(request.reason, "reason"), *check_act(kept, ListAct.WITHDRAW), *check_reason(request.reason)))
    registered = traceability.record(call, request)
    withdrawn = _moved(kept, ListAct.WITHDRAW, withdrawn_reason=request.reason)
    store.update(call.transaction, withdrawn)
    return pb.WithdrawConsignmentListResponse(consignment_list=shown(withdrawn), registered=registered.to_wire())


def _read(message: pb.ConsignmentList) -> Read:
    """The list as its consignor states it; what only the server knows keeps the model's defaults."""
    stated = pb.ConsignmentList()
    stated.CopyFrom(message)
    for line in stated.lines:
        line.exemption = line.exemption or waybill_pb2.EXEMPTION_NONE
    read = from_wire(ConsignmentList, stated, "consignment_list")
    return Read(read.value, (*text_of(stated.id, "consignment_list.id", required=True), *read.findings))


def _facts(call: Call, offered: ConsignmentList) -> RegistryFacts:
    return registry.facts_at(call.transaction, call.now, organisations=_named(offered))


def _named(offered: ConsignmentList) -> frozenset[str]:
    return parties_of(offered) | ({offered.consignee.organisation_id} - {""})


def _judged(call: Call, offered: ConsignmentList, known: RegistryFacts) -> Findings:
    return check_list(offered, known, catalogue_of(call), call.now)


def _decision(call: Call, known: RegistryFacts) -> dict[str, Any]:
    """The versions of facts and the editions of rules and goods that a list was let pass by."""
    return {"rules": EDITION, "goods": catalogue_of(call).edition, "facts": dict(sorted(known.versions.items()))}


def _seen(offered: ConsignmentList, known: RegistryFacts) -> Seen:
    return Seen(organisations=parties_of(offered), divisions=frozenset(_divisions(offered, known)) - {""})


def _divisions(offered: ConsignmentList, known: RegistryFacts) -> Iterator[str]:
    """Of origin and destination, as stated and as their registered sites lie, and of consignor and carrier."""
    sites = {site.id: site.division_code for each in known.organisations.values() for site in each.sites}
    for place in (offered.origin, offered.destination):
        yield place.division_code
        yield sites.get(place.site_id, "")
    for party in (offered.consignor, offered.carrier):
        if (organisation := known.organisations.get(party.organisation_id)) is not None:
            yield organisation.division_code


def _moved(kept: ConsignmentList, act: ListAct, **changes: Any) -> ConsignmentList:
    """The list after an act that was found possible."""
    state: ListState = TABLE[kept.state, act]
    return replace(kept, state=state, **changes)


def _free(call: Call, offered: ConsignmentList) -> Iterator[Finding]:
    """The id is nobody's yet; whose it is, is not told."""
    if offered.id and store.find(call.transaction, offered.id) is not None:
        yield _exists(offered)


def _exists(offered: ConsignmentList) -> Finding:
    return Finding(reason=CONSIGNMENT_LIST_EXISTS, path="consignment_list.id", values={"id": offered.id})


def _stale(kept: ConsignmentList, revision: int) -> Findings:
    """The revision that was read is the one that stands."""
    return () if revision == kept.revision else (Finding(reason=STALE_ETAG, path="revision"),)


def _consignor_stays(kept: ConsignmentList, offered: ConsignmentList) -> Iterator[Finding]:
    if kept.consignor.organisation_id != offered.consignor.organisation_id:
        path = "consignment_list.consignor.organisation_id"
        yield Finding(reason=FIELD_IMMUTABLE, path=path, values={"field": "consignor 托运人"})
