"""Findings and refusals: what a rule found, where, on what legal basis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from services.errors.reason import Reason


class Severity(Enum):
    ERROR = "ERROR"
    WARNING = "WARNING"


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a rule comes from: the source in Chinese and English, its article, its dates of effect.

    ``verified`` is false for a text nobody here has read in full; it is shown with the citation.
    """

    zh: str
    en: str
    article: str = ""
    effective_from: date | None = None
    effective_to: date | None = None
    verified: bool = True

    def in_force(self, on: date) -> bool:
        """From ``effective_from`` on, and no more on ``effective_to``."""
        return (self.effective_from is None or self.effective_from <= on) and (
            self.effective_to is None or on < self.effective_to
        )


UNVERIFIED = "（条文待核 text not yet verified）"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault or warning: ``path`` is the proto field path (``waybill.goods[0].tank``), ``rule`` the rule id (``WB-05``)."""

    reason: Reason
    path: str = ""
    severity: Severity = Severity.ERROR
    rule: str = ""
    basis: Basis | None = None
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def zh(self) -> str:
        """The Chinese sentence, its values filled in."""
        return self.reason.zh.format_map(_Values(self.values))

    @property
    def en(self) -> str:
        """The English sentence, its values filled in."""
        return self.reason.en.format_map(_Values(self.values))

    def __str__(self) -> str:
        return f"{self.reason.name} at {self.path or '-'}: {self.en}"


Findings = tuple[Finding, ...]


class _Values(dict[str, str]):
    """A template never fails for a missing value: the name stands in its place."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class Refusal(Exception):
    """The request is refused, for every reason in ``findings`` at once; nothing was changed."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(str(finding) for finding in self.findings))


def errors_among(findings: Iterable[Finding]) -> Findings:
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def warnings_among(findings: Iterable[Finding]) -> Findings:
    return tuple(finding for finding in findings if finding.severity is Severity.WARNING)


def refuse(findings: Iterable[Finding]) -> None:
    """Raise ``Refusal`` with all findings when at least one is an error; silent otherwise."""
    found = tuple(findings)
    if errors_among(found):
        raise Refusal(found)


def deduplicated(findings: Iterable[Finding]) -> Findings:
    """One finding for each path, reason and text, the first of them: two places on one route are two findings."""
    every = {(finding.path, finding.reason.name, finding.zh): finding for finding in reversed(list(findings))}
    return tuple(every.values())[::-1]
