"""Reading waybills, each as far as the caller may see."""

from __future__ import annotations

from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services.errors import Finding, Refusal, refuse
from services.errors.common import NOT_FOUND
from services.registry.wire import text_of
from services.runtime.call import Call
from services.waybill import store
from services.waybill.relations import relations_to
from services.waybill.wire import shown


def get_waybill(call: Call, request: Any) -> pb.Waybill:
    refuse(text_of(request.waybill_id, "waybill_id", required=True))
    kept = store.find(call.transaction, request.waybill_id)
    call.allow(relations_to(call, kept.waybill) if kept else (), subject=f"waybill/{request.waybill_id}")
    if kept is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="waybill_id"),))
    return shown(kept)
