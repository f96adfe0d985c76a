"""Issuing a waybill: judged by every rule at once, then kept with its number, its place among the trips and its record."""

from __future__ import annotations

from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services.runtime.call import Call
from services.runtime.refusals import finding_to_wire
from services.waybill.issuing.drafts import Issuing, draft_of, hold
from services.waybill.issuing.numbers import Numbers
from services.waybill.wire import shown


def issue_waybill(call: Call, request: Any) -> pb.IssueWaybillResponse:
    """Judge it and keep it, or refuse it with every fault. With ``validate_only`` nothing stays."""
    draft = draft_of(call, request)
    hold(call, [draft])
    issuing = Issuing(call, [draft], Numbers(call.transaction, call.now))
    outcome = issuing.issue(draft)
    issuing.keep()
    response = pb.IssueWaybillResponse(waybill=shown(outcome.kept), warnings=map(finding_to_wire, outcome.warnings))
    if outcome.registered is not None:
        response.registered.CopyFrom(outcome.registered.to_wire())
    return response
