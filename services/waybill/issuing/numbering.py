"""Waybill numbers: prefix, licence number, legal day, serial; in blocks handed out ahead so that a lorry can be sent offline.

The national rule is not verified (china.md 2.4), so the form is configuration and a foreign form is at most a warning.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.errors import Finding, Severity
from services.errors.waybill.issuing import NUMBER_NOT_IN_BLOCK, NUMBER_TAKEN, OFFLINE_UPLOAD_LATE
from services.runtime.clock import legal_day

OFFLINE_UPLOAD_WITHIN = timedelta(hours=24)  # practice: no penalty within a day


@dataclass(frozen=True, slots=True)
class NumberRule:
    """``C`` + 12 digits of licence + yyyyMMdd + a serial of ``serial_digits`` digits counted from 0."""

    prefix: str = "C"
    licence_digits: int = 12
    serial_digits: int = 3

    def number(self, licence_number: str, day: date, serial: int) -> str:
        """Raises ``ValueError`` for a licence number of another form, or a serial that does not fit."""
        if not re.fullmatch(rf"\d{{{self.licence_digits}}}", licence_number):
            raise ValueError(f"licence number must be {self.licence_digits} digits")
        if not 0 <= serial < self.capacity:
            raise ValueError(f"serial must be below {self.capacity}")
        return f"{self.prefix}{licence_number}{day:%Y%m%d}{serial:0{self.serial_digits}d}"

    @property
    def capacity(self) -> int:
        """Numbers a licence has on one day."""
        return int(10**self.serial_digits)

    def parse(self, number: str) -> tuple[str, date, int] | None:
        """Licence number, day and serial; ``None`` for a number of another form."""
        pattern = rf"{re.escape(self.prefix)}(\d{{{self.licence_digits}}})(\d{{8}})(\d{{{self.serial_digits}}})"
        if not (match := re.fullmatch(pattern, number, re.ASCII)):
            return None
        try:
            day = date(int(match[2][:4]), int(match[2][4:6]), int(match[2][6:]))
        except ValueError:
            return None
        return match[1], day, int(match[3])


@dataclass(frozen=True, slots=True)
class NumberBlock:
    """Serials [``first``, ``end``) of one licence and day, allotted to one holder."""

    licence_number: str
    day: date
    first: int
    end: int

    def __contains__(self, parsed: tuple[str, date, int]) -> bool:
        licence_number, day, serial = parsed
        return licence_number == self.licence_number and day == self.day and self.first <= serial < self.end


def check_offline_number(
    rule: NumberRule, number: str, blocks: Collection[NumberBlock], taken: Collection[str],
    issued_offline_at: datetime, at: datetime,
) -> tuple[Finding, ...]:  # fmt: skip
    """A number given out without a network: of a block of the issuer for the day it was issued, and not used yet."""
    findings: list[Finding] = []
    values = {"number": number, "issued": issued_offline_at.isoformat()}
    parsed = rule.parse(number)
    if parsed is None or parsed[1] != legal_day(issued_offline_at) or not any(parsed in block for block in blocks):
        findings.append(Finding(reason=NUMBER_NOT_IN_BLOCK, path="waybill.number", rule="WB-NUMBER", values=values))
    if number in taken:
        findings.append(Finding(reason=NUMBER_TAKEN, path="waybill.number", rule="WB-NUMBER", values=values))
    if at - issued_offline_at > OFFLINE_UPLOAD_WITHIN:
        late = Finding(
            reason=OFFLINE_UPLOAD_LATE, path="waybill.issued_offline_at", severity=Severity.WARNING, rule="WB-NUMBER", values=values
        )  # fmt: skip
        findings.append(late)
    return tuple(findings)
