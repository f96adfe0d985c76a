"""A refusal as a status: every fault in both languages while it fits, the true count always."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from google.rpc import code_pb2, error_details_pb2
from hypothesis import given
from hypothesis import strategies as st

from services.errors import Basis, Finding, Refusal, Severity, catalogue
from services.errors.common import FIELD_INVALID, FIELD_MISSING, NOT_FOUND
from services.runtime.refusals import MOST_FINDINGS, to_status

MOST_TRAILER_BYTES = 8 * 1024


def details(status: Any) -> tuple[Any, Any]:
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad)
    return info, bad


def trailer_bytes(status: Any) -> int:
    """As gRPC sends them: the message percent-encoded, the details in base64, 32 bytes more for each header."""
    return len(quote(status.message)) + len(base64.b64encode(status.SerializeToString())) + 3 * 32 + 64


def test_thousands_of_findings_fit_and_are_counted() -> None:
    status = to_status(Refusal(Finding(reason=FIELD_MISSING, path=f"rows[{row}].plate") for row in range(5_000)))
    info, bad = details(status)
    assert info.metadata["findings"] == "5000"
    assert 10 <= len(bad.field_violations) <= MOST_FINDINGS
    assert trailer_bytes(status) < MOST_TRAILER_BYTES


def test_the_first_error_decides_and_warnings_come_last() -> None:
    warning = Finding(reason=FIELD_MISSING, path="first", severity=Severity.WARNING)
    status = to_status(Refusal((warning, Finding(reason=NOT_FOUND, path="second"))))
    info, bad = details(status)
    assert (status.code, info.reason) == (code_pb2.NOT_FOUND, "NOT_FOUND")
    assert [violation.field for violation in bad.field_violations] == ["second", "first"]


def test_one_finding_is_always_told_however_long_what_it_quotes() -> None:
    values = {"field": "字" * 100_000, "problem": "\u202e" * 100_000}
    info, bad = details(status := to_status(Refusal((Finding(reason=FIELD_INVALID, path="x" * 9_000, values=values),))))
    assert info.metadata["findings"] == "1"
    assert len(bad.field_violations) == 1
    assert trailer_bytes(status) < MOST_TRAILER_BYTES


BASES = st.one_of(
    st.none(), st.builds(Basis, zh=st.just("危险货物道路运输安全管理办法" * 2), en=st.just("Measures " * 6))
)
FINDINGS = st.builds(
    Finding,
    reason=st.sampled_from(sorted(catalogue().values(), key=lambda reason: reason.name)),
    path=st.text(max_size=200),
    severity=st.sampled_from(Severity),
    rule=st.sampled_from(["", "WB-05"]),
    basis=BASES,
    values=st.dictionaries(st.sampled_from(["field", "problem", "id", "name"]), st.text(max_size=300), max_size=3),
)


@given(st.lists(FINDINGS, min_size=1, max_size=60))
def test_whatever_is_found_fits_the_trailers(findings: list[Finding]) -> None:
    info, bad = details(status := to_status(Refusal(findings)))
    assert info.metadata["findings"] == str(len(findings))
    assert bad.field_violations
    assert trailer_bytes(status) < MOST_TRAILER_BYTES
