"""What may be wrong with a request, said once: findings, refusals and the bilingual catalogue of reasons.

A rule returns findings; ``refuse`` raises them all at once when one of them is an error.
The one adapter in ``services.runtime`` turns a refusal into a status for the wire.
"""

from services.errors.finding import (
    UNVERIFIED,
    Basis,
    Finding,
    Findings,
    Refusal,
    Severity,
    deduplicated,
    errors_among,
    refuse,
    warnings_among,
)
from services.errors.reason import Reason, Status, catalogue, reasons_of

__all__ = [
    "UNVERIFIED",
    "Basis",
    "Finding",
    "Findings",
    "Reason",
    "Refusal",
    "Severity",
    "Status",
    "catalogue",
    "deduplicated",
    "errors_among",
    "reasons_of",
    "refuse",
    "warnings_among",
]
