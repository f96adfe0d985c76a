"""Many waybills at once: each judged, stated and answered by itself, so that one refused holds up no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services.errors import Finding, Refusal, errors_among, refuse
from services.registry.wire import invalid, missing
from services.runtime.access import Relation
from services.runtime.call import Call
from services.waybill import slots_store
from services.waybill.issue import issue_waybill
from services.waybill.wire import finding_to_wire, waybill_from_wire

MOST = 1_000
_MOST_FINDINGS = 20
_METHOD = "hazway.waybill.v1.WaybillService/IssueWaybill"


def batch_issue_waybills(call: Call, request: Any) -> pb.BatchIssueWaybillsResponse:
    """All results are durable together; the resources are held in one order, so that two batches never wait in a ring."""
    call.allow([Relation.CARRYING], subject="waybill/*")
    if not request.requests:
        refuse((missing("requests"),))
    if len(request.requests) > MOST:
        refuse((invalid("requests", f"more than {MOST} 过多"),))
    if not request.validate_only:
        slots_store.hold(call.transaction, _resources(request))
    return pb.BatchIssueWaybillsResponse(results=[_one(call, request, each) for each in request.requests])


def _resources(request: Any) -> set[str]:
    waybills = (waybill_from_wire(each.waybill).value for each in request.requests)
    return {name for each in waybills for name in slots_store.resources_of(each.assignments).values()}


def _one(call: Call, request: Any, issue: Any) -> pb.BatchResult:
    """The result of one, as if it were called for alone; what it had begun is undone when it is refused."""
    if not issue.request_id:
        return _refused((missing("request_id"),))
    issue.validate_only = request.validate_only
    own = replace(call, method=_METHOD, request_id=issue.request_id, after_commit=[])
    try:
        with call.transaction.begin_nested():
            answer = issue_waybill(own, issue)
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
