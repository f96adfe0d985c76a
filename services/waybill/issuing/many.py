"""Many waybills at once: each judged, stated and answered by itself, so that one refused holds up no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from hazway.waybill.v1 import waybill_pb2 as pb
from services.errors import Finding, Refusal, errors_among, refuse
from services.errors.common import invalid, missing
from services.errors.traceability import LOG_FROZEN
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.refusals import finding_to_wire
from services.waybill.issuing.drafts import METHOD, Draft, Issuing, Outcome, draft_of, hold
from services.waybill.issuing.numbers import Numbers
from services.waybill.wire import shown

MOST = 1_000
_MOST_FINDINGS = 20


def batch_issue_waybills(call: Call, request: Any) -> pb.BatchIssueWaybillsResponse:
    """All results are durable together."""
    call.allow([Relation.CARRYING], subject="waybill/*")
    if not request.requests:
        refuse((missing("requests"),))
    if len(request.requests) > MOST:
        refuse((invalid("requests", f"more than {MOST} 过多"),))
    read = [_read(call, request, each) for each in request.requests]
    drafts = [each for each in read if isinstance(each, Draft)]
    hold(call, drafts)
    results = iter(_together(call, drafts, Numbers(call.transaction, call.now, len(drafts))) if drafts else ())
    return pb.BatchIssueWaybillsResponse(results=[next(results) if isinstance(each, Draft) else each for each in read])


def _read(call: Call, request: Any, own: Any) -> Draft | pb.BatchResult:
    """One, as if it were called for alone."""
    if not own.request_id:
        return _refused((missing("request_id"),))
    own.validate_only = request.validate_only
    try:
        return draft_of(replace(call, method=METHOD), own)
    except Refusal as refusal:
        return _refused(refusal.findings)


def _together(call: Call, drafts: Sequence[Draft], numbers: Numbers) -> list[pb.BatchResult]:
    """Judged one by one and kept at once; where that fails, as somebody else was faster with one of them, in halves."""
    issuing = Issuing(call, drafts, numbers)
    try:
        with call.transaction.begin_nested():
            results = list(_issued(issuing, drafts))
            issuing.keep()
    except Refusal as refusal:
        if any(each.reason is LOG_FROZEN for each in refusal.findings):
            raise
        if len(drafts) == 1:
            return [_refused(refusal.findings)]
        middle = len(drafts) // 2
        return [*_together(call, drafts[:middle], numbers), *_together(call, drafts[middle:], numbers)]
    return [_accepted(each) if isinstance(each, Outcome) else each for each in results]


def _issued(issuing: Issuing, drafts: Sequence[Draft]) -> Iterator[Outcome | pb.BatchResult]:
    for draft in drafts:
        issuing.make_way(draft)
        try:
            yield issuing.issue(draft)
        except Refusal as refusal:
            yield _refused(refusal.findings)


def _accepted(outcome: Outcome) -> pb.BatchResult:
    findings = map(finding_to_wire, outcome.warnings[:_MOST_FINDINGS])
    result = pb.BatchResult(waybill=shown(outcome.kept, route=False), findings=findings)
    if outcome.registered is not None:
        result.registered.CopyFrom(outcome.registered.to_wire())
    return result


def _refused(findings: tuple[Finding, ...]) -> pb.BatchResult:
    ordered = sorted(findings, key=lambda finding: finding not in errors_among(findings))
    return pb.BatchResult(findings=map(finding_to_wire, ordered[:_MOST_FINDINGS]))
