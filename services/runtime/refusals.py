"""Refusals on the wire: ErrorInfo and BadRequest with all faults at once, in Chinese and English (AIP-193)."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any
from google.rpc import code_pb2, error_details_pb2, status_pb2

from services.errors import Basis, Finding, Refusal, errors_among

# More than this overflows the 8 KiB that gRPC allows for trailers; the count of all of them is always told.
MOST_FINDINGS = 20
MOST_BYTES = 6_000
DOMAIN = "hazway"


def to_status(refusal: Refusal) -> status_pb2.Status:
    """The status of a refusal: the first error decides the code, every finding becomes a field violation."""
    findings = errors_among(refusal.findings) + tuple(
        finding for finding in refusal.findings if finding not in errors_among(refusal.findings)
    )
    first = findings[0]
    bad_request = error_details_pb2.BadRequest()
    for finding in findings[:MOST_FINDINGS]:
        violation = _violation(finding)
        if bad_request.ByteSize() + violation.ByteSize() > MOST_BYTES:
            break
        bad_request.field_violations.append(violation)
    info = error_details_pb2.ErrorInfo(
        reason=first.reason.name, domain=DOMAIN, metadata={"findings": str(len(findings)), **dict(first.values)}
    )
    status = status_pb2.Status(
        code=code_pb2.Code.Value(first.reason.status.value), message=f"{first.zh} / {first.en}"[:500]
    )
    for detail in (info, bad_request):
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _violation(finding: Finding) -> error_details_pb2.BadRequest.FieldViolation:
    reason = finding.reason
    return error_details_pb2.BadRequest.FieldViolation(
        field=finding.path,
        reason=reason.name,
        description=_sentence(finding.en, reason.remedy_en, citation(finding, "en")),
        localized_message=error_details_pb2.LocalizedMessage(
            locale="zh-CN", message=_sentence(finding.zh, reason.remedy_zh, citation(finding, "zh"))
        ),
    )


def citation(finding: Finding, language: str) -> str:
    """``WB-05 · 办法 第二十三条`` with the mark that nobody has verified it, where nobody has."""
    basis: Basis | None = finding.basis
    if basis is None:
        return finding.rule
    source = basis.zh if language == "zh" else basis.en
    mark = "" if basis.verified else ("（待核）" if language == "zh" else " (unverified)")
    since = f", {basis.effective_from.isoformat()}" if basis.effective_from else ""
    return " · ".join(part for part in (finding.rule, f"{source} {basis.article}".strip() + since + mark) if part)


def _sentence(text: str, remedy: str, source: str) -> str:
    return text + (f" → {remedy}" if remedy else "") + (f" [{source}]" if source else "")
