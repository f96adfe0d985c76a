"""Many waybills at once: each judged, stated and answered by itself, so that one refused holds up no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services.errors import Finding, Refusal, errors_among, refuse
from services.registry.wire import invalid, missing
from services.runtime.access import Relation
from services.runtime.call import Call
from services.waybill.issue import hold, issue
from services.waybill.numbers import Numbers
from services.waybill.wire import finding_to_wire

MOST = 1_000
_MOST_FINDINGS = 20
_METHOD = "hazway.waybill.v1.WaybillService/IssueWaybill"


def batch_issue_waybills(call: Call, request: Any) -> pb.BatchIssueWaybillsResponse:
    """All results are durable together."""
    call.allow([Relation.CARRYING], subject="waybill/*")
    if not request.requests:
        refuse((missing("requests"),))
    if len(request.requests) > MOST:
        refuse((invalid("requests", f"more than {MOST} 过多"),))
    if not request.validate_only:
        hold(call, request.requests)
    numbers = Numbers(call.transaction, call.now, len(request.requests))
    return pb.BatchIssueWaybillsResponse(results=[_one(call, request, each, numbers) for each in request.requests])


def _one(call: Call, request: Any, own_request: Any, numbers: Numbers) -> pb.BatchResult:
    """The result of one, as if it were called for alone; what it had begun is undone when it is refused."""
    if not own_request.request_id:
        return _refused((missing("request_id"),))
    own_request.validate_only = request.validate_only
    own = replace(call, method=_METHOD, request_id=own_request.request_id, after_commit=[])
    try:
        with call.transaction.begin_nested():
            answer = issue(own, own_request, numbers, held=True)
    except Refusal as refusal:
        return _refused(refusal.findings)
    call.after_commit[:] = own.after_commit or call.after_commit
    answer.waybill.ClearField("route")
    result = pb.BatchResult(waybill=answer.waybill, findings=answer.warnings[:_MOST_FINDINGS])
    if answer.HasField("registered"):
        result.registered.CopyFrom(answer.registered)
    return result


def _refused(findings: tuple[Finding, ...]) -> pb.BatchResult:
    ordered = sorted(findings, key=lambda finding: finding not in errors_among(findings))
    return pb.BatchResult(findings=map(finding_to_wire, ordered[:_MOST_FINDINGS]))
