"""A hand-over beside its locked waybill, as every act on it finds it, and as it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hazway.waybill.v1 import handover_pb2 as pb
from services.errors import Finding
from services.runtime.call import Call
from services.runtime.refusals import warnings_to_wire
from services.runtime.wire import text_of, to_wire
from services.traceability import Registered
from services.waybill import store as waybills
from services.waybill.handover import store
from services.waybill.handover.model import Handover
from services.waybill.store import Kept


@dataclass(frozen=True, slots=True)
class Found:
    kept: Kept
    handover: Handover


def found(call: Call, request: Any) -> Found:
    """The hand-over of this waybill; the caller of it has yet to be allowed anything. Raises a refusal NOT_FOUND."""
    wrong = (*text_of(request.waybill_id, "waybill_id", required=True), *text_of(request.handover_id, "handover_id"))
    kept = None if wrong else waybills.find(call.transaction, request.waybill_id, lock=True)
    handover = store.find(call.transaction, request.handover_id) if kept else None
    if kept is None or handover is None or handover.waybill_id != kept.waybill.id:
        call.allow(())
        raise AssertionError("nothing allows this")
    return Found(kept, handover)


def handover_to_wire(handover: Handover) -> pb.Handover:
    message: pb.Handover = to_wire(handover, pb.Handover())
    return message


def answered(handover: Handover, registered: Registered, findings: Iterable[Finding] = ()) -> pb.HandoverResponse:
    return pb.HandoverResponse(
        handover=handover_to_wire(handover), registered=registered.to_wire(),
        warnings=warnings_to_wire(findings),
    )  # fmt: skip
