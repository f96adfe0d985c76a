"""Refusals over HTTP: the error of the Connect protocol, with the same details as over gRPC and all faults in words."""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf import json_format
from google.rpc import code_pb2, error_details_pb2
from starlette.responses import Response

from services.errors import Finding, Refusal
from services.runtime.refusals import citation, errors_first, to_status

JSON = "application/json"
# The Connect protocol's table of error codes.
HTTP_STATUS = {
    "canceled": 499, "unknown": 500, "invalid_argument": 400, "deadline_exceeded": 504, "not_found": 404,
    "already_exists": 409, "permission_denied": 403, "resource_exhausted": 429, "failed_precondition": 400,
    "aborted": 409, "out_of_range": 400, "unimplemented": 501, "internal": 500, "unavailable": 503, "data_loss": 500,
    "unauthenticated": 401,
}  # fmt: skip
MOST_FAULTS = 500
_DETAILS = {
    "google.rpc.ErrorInfo": error_details_pb2.ErrorInfo,
    "google.rpc.BadRequest": error_details_pb2.BadRequest,
}


def refused(refusal: Refusal) -> Response:
    """``faults`` hold every finding, errors first; ``details`` what fits over gRPC too."""
    status = to_status(refusal)
    code = code_pb2.Code.Name(status.code).lower()
    return failed(code, status.message, details=[_detail(each) for each in status.details],
                 faults=[_fault(each) for each in errors_first(refusal.findings)[:MOST_FAULTS]])  # fmt: skip


def failed(code: str, message: str, *, status: int = 0, **more: Any) -> Response:
    """An error of that code; ``status`` where HTTP has a better word than the protocol's table."""
    content = json.dumps({"code": code, "message": message, **more}, ensure_ascii=False).encode()
    headers = {"WWW-Authenticate": "Bearer"} if code == "unauthenticated" else None
    return Response(content, status or HTTP_STATUS[code], headers, JSON)


def _detail(packed: Any) -> dict[str, Any]:
    name = packed.type_url.rpartition("/")[2]
    message = _DETAILS[name].FromString(packed.value)
    value = base64.b64encode(packed.value).decode().rstrip("=")
    return {"type": name, "value": value, "debug": json_format.MessageToDict(message)}


def _fault(finding: Finding) -> dict[str, str]:
    said = {
        "path": finding.path, "reason": finding.reason.name, "severity": finding.severity.name, "rule": finding.rule,
        "zh": finding.zh, "en": finding.en, "remedy_zh": finding.reason.remedy_zh, "remedy_en": finding.reason.remedy_en,
        "basis_zh": citation(finding, "zh"), "basis_en": citation(finding, "en"),
    }  # fmt: skip
    return {name: value for name, value in said.items() if value}
