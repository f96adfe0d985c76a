"""The chain of custody 保管链 of a waybill: who holds the load now, and every hand-over that led there."""

from __future__ import annotations

from typing import Any

from hazway.waybill.v1 import handover_pb2 as pb
from services.errors import Finding, Refusal
from services.errors.common import NOT_FOUND
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.wire import text_of, to_wire
from services.waybill import store as waybills
from services.waybill.delivery import aboard_g
from services.waybill.handover import store
from services.waybill.handover.custody import holder
from services.waybill.handover.found import handover_to_wire
from services.waybill.handover.model import Handover
from services.waybill.handover.offer import grounds
from services.waybill.relations import relations_to


def get_custody(call: Call, request: Any) -> pb.GetCustodyResponse:
    """A custodian who is no party to the waybill sees the hand-overs that name it, and what they are about."""
    kept = (
        None
        if text_of(request.waybill_id, "waybill_id", required=True)
        else waybills.find(call.transaction, request.waybill_id)
    )
    chain = store.chain_of(call.transaction, kept.waybill.id) if kept else ()
    own = [each for each in chain if _names(each, call.caller.organisation)]
    relations = relations_to(call, kept.waybill) if kept else []
    chosen = call.allow([*relations, *([Relation.OWN] if own else [])], subject=f"waybill/{request.waybill_id}")
    if kept is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="waybill_id"),))
    waybill = kept.waybill
    revision_digest, loading_record_digest = grounds(call, waybill)
    response = pb.GetCustodyResponse(
        handovers=map(handover_to_wire, own if chosen is Relation.OWN else chain), revision=waybill.revision,
        revision_digest=revision_digest, loading_record_digest=loading_record_digest,
        aboard=(pb.HandedLine(goods_number=number, mass_g=mass_g) for number, mass_g in sorted(aboard_g(waybill).items())),
    )  # fmt: skip
    to_wire(holder(waybill, chain, call.now), response.holder)
    return response


def _names(handover: Handover, organisation_id: str) -> bool:
    return organisation_id in {each.organisation_id for each in (handover.giver, handover.taker) if each is not None}
