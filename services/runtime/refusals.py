"""Refusals on the wire: ErrorInfo and BadRequest with all faults at once, in Chinese and English (AIP-193)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from google.protobuf.any_pb2 import Any
from google.rpc import code_pb2, error_details_pb2, status_pb2

from hazway.refusal.v1 import refusal_pb2
from services.errors import Basis, Finding, Findings, Refusal, Severity, warnings_among

# gRPC gives trailers 8 KiB in all, the message percent-encoded and the details in base64 among them; the count of all
# findings is always told.
MOST_FINDINGS = 20
MOST_BYTES = 4_800
_MOST_MESSAGE = 100
_MOST_VALUE = 80
DOMAIN = "hazway"


def to_status(refusal: Refusal) -> status_pb2.Status:
    """The status of a refusal: the first error decides the code, every finding becomes a field violation."""
    findings = errors_first(refusal.findings)
    first = _short(findings[0])
    info = error_details_pb2.ErrorInfo(
        reason=first.reason.name, domain=DOMAIN, metadata={"findings": str(len(findings)), **first.values}
    )
    status = status_pb2.Status(
        code=code_pb2.Code.Value(first.reason.status.value), message=f"{first.zh} / {first.en}"[:_MOST_MESSAGE]
    )
    left = MOST_BYTES - status.ByteSize() - info.ByteSize()
    bad_request = error_details_pb2.BadRequest()
    for finding in findings[:MOST_FINDINGS]:
        violation = _violation(_short(finding))
        if bad_request.field_violations and bad_request.ByteSize() + violation.ByteSize() > left:
            break
        bad_request.field_violations.append(violation)
    for detail in (info, bad_request):
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def errors_first(findings: Findings) -> Findings:
    """Errors, then warnings, each in their order."""
    return tuple(sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR))


def finding_to_wire(finding: Finding) -> refusal_pb2.Finding:
    """One finding as it stands in an answer."""
    message = refusal_pb2.Finding(
        reason=refusal_pb2.Reason.Value(f"REASON_{finding.reason.name}"),
        path=finding.path,
        severity=refusal_pb2.Severity.Value(f"SEVERITY_{finding.severity.name}"),
        rule=finding.rule,
        message_zh=finding.zh,
        message_en=finding.en,
        remedy_zh=finding.reason.remedy_zh,
        remedy_en=finding.reason.remedy_en,
    )
    if (basis := finding.basis) is not None:
        message.basis_zh, message.basis_en, message.article = basis.zh, basis.en, basis.article
        message.effective_from = basis.effective_from.isoformat() if basis.effective_from else ""
        message.effective_to = basis.effective_to.isoformat() if basis.effective_to else ""
        message.verified = basis.verified
    return message


def warnings_to_wire(findings: Iterable[Finding]) -> list[refusal_pb2.Finding]:
    """What an act that was let pass is warned of."""
    return [finding_to_wire(each) for each in warnings_among(findings)]


def _short(finding: Finding) -> Finding:
    """What the caller sent may stand in a refusal, but not in full length."""
    values = {name: _cut(str(value)) for name, value in finding.values.items()}
    return replace(finding, path=_cut(finding.path), values=values)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_VALUE else f"{text[: _MOST_VALUE - 1]}…"


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
