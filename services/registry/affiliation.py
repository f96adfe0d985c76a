"""挂靠: a sign that a vehicle only borrows a carrier's licence. A score with its reasons for an inspector, never a gate.

Owner and operator may lawfully differ (leased trailers, tank-containers), so ownership alone weighs nothing: what
counts is who pays, who employs and where the lorry lives. The weights are ours, kept here as data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.errors import Finding
from services.errors.common import FIELD_INVALID, FIELD_MISSING

WEIGHTS = {
    "INSURANCE_PAID_BY_OTHER": 25,
    "CREW_NOT_INSURED_BY_CARRIER": 30,
    "FREIGHT_PAID_TO_OTHER": 30,
    "BASED_ELSEWHERE": 15,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of the vehicle ``id``; empty where nothing is known. Ids are organisations, persons, or papers that name them.

    ``nights_at_base`` of ``nights_known`` are nights the vehicle stood at a site of its carrier.
    """

    id: str
    carrier_id: str
    insurance_payer_id: str = ""
    crew_insured_by_id: str = ""
    freight_account_id: str = ""
    nights_at_base: int = 0
    nights_known: int = 0


@dataclass(frozen=True, slots=True)
class AffiliationReason:
    code: str
    weight: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class AffiliationScore:
    """``points`` of the ``possible`` points that the evidence at hand could give (0 of 0: nothing is known)."""

    points: int
    possible: int
    reasons: tuple[AffiliationReason, ...]


_TEXTS = {
    "INSURANCE_PAID_BY_OTHER": ("保险费由承运人以外的人支付", "insurance is paid by somebody other than the carrier"),
    "CREW_NOT_INSURED_BY_CARRIER": (
        "驾驶人员社会保险不由承运人缴纳",
        "the crew's social insurance is not paid by the carrier",
    ),
    "FREIGHT_PAID_TO_OTHER": ("运费不进入承运人账户", "freight is not paid to the carrier's account"),
    "BASED_ELSEWHERE": ("车辆多数夜间不在承运人停车场", "most nights the vehicle is not at a site of the carrier"),
}

MIN_NIGHTS = 20  # fewer nights say nothing about where a lorry lives
MOST_NIGHTS = 3_660


def affiliation(evidence: Evidence) -> AffiliationScore:
    """Add up the signs. Unknown evidence gives no points and is not counted as possible either."""
    signs = {
        "INSURANCE_PAID_BY_OTHER": _other(evidence.insurance_payer_id, evidence.carrier_id),
        "CREW_NOT_INSURED_BY_CARRIER": _other(evidence.crew_insured_by_id, evidence.carrier_id),
        "FREIGHT_PAID_TO_OTHER": _other(evidence.freight_account_id, evidence.carrier_id),
        "BASED_ELSEWHERE": (
            evidence.nights_at_base * 2 < evidence.nights_known if evidence.nights_known >= MIN_NIGHTS else None
        ),
    }
    reasons = tuple(AffiliationReason(code, WEIGHTS[code], *_TEXTS[code]) for code, sign in signs.items() if sign)
    possible = sum(WEIGHTS[code] for code, sign in signs.items() if sign is not None)
    return AffiliationScore(sum(reason.weight for reason in reasons), possible, reasons)


def _other(known: str, carrier_id: str) -> bool | None:
    return known != carrier_id if known else None


def check_evidence(evidence: Evidence) -> tuple[Finding, ...]:
    """Whether it can be true at all: the nights at the base are some of those known."""
    at_base, known = evidence.nights_at_base, evidence.nights_known
    return (
        *(
            Finding(
                reason=FIELD_MISSING, path=f"affiliation.{name}", rule="RG-00", values={"field": f"affiliation.{name}"}
            )
            for name in ("id", "carrier_id")
            if not getattr(evidence, name)
        ),
        *_wrong("nights_known", not 0 <= known <= MOST_NIGHTS, f"0–{MOST_NIGHTS}"),
        *_wrong("nights_at_base", not 0 <= at_base <= max(known, 0), f"0–{max(known, 0)}"),
    )


def _wrong(name: str, is_wrong: bool, expected: str) -> Iterator[Finding]:
    if is_wrong:
        path = f"affiliation.{name}"
        yield Finding(reason=FIELD_INVALID, path=path, rule="RG-13", values={"field": path, "problem": expected})
