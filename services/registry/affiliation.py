"""挂靠: a sign that a vehicle only borrows a carrier's licence. A score with its reasons for an inspector, never a gate.

Owner and operator may lawfully differ (leased trailers, tank-containers), so ownership alone weighs nothing: what
counts is who pays, who employs and where the lorry lives. The weights are ours, kept here as data.
"""

from __future__ import annotations

from dataclasses import dataclass

WEIGHTS = {
    "INSURANCE_PAID_BY_OTHER": 25,
    "CREW_NOT_INSURED_BY_CARRIER": 30,
    "FREIGHT_PAID_TO_OTHER": 30,
    "BASED_ELSEWHERE": 15,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one vehicle; ``None`` where nothing is known. Ids are organisations or persons.

    ``nights_at_base`` of ``nights_known`` are nights the vehicle stood at a site of its carrier.
    """

    carrier_id: str
    insurance_payer_id: str | None = None
    crew_insured_by_id: str | None = None
    freight_account_id: str | None = None
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


def _other(known: str | None, carrier_id: str) -> bool | None:
    return None if known is None else known != carrier_id
