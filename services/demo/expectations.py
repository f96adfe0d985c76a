"""What the demo promises to show, and whether it held."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Outcome(Enum):
    HELD = "held"
    FAILED = "failed"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, slots=True)
class Expectation:
    chapter: str
    zh: str
    en: str
    outcome: Outcome
    detail: str = ""


@dataclass
class Expectations:
    """Collected in the order they were met; ``chapter`` is where the play stands."""

    chapter: str = ""
    met: list[Expectation] = field(default_factory=list)

    def expect(self, holds: bool, zh: str, en: str, detail: object = "") -> bool:
        outcome = Outcome.HELD if holds else Outcome.FAILED
        self.met.append(Expectation(self.chapter, zh, en, outcome, str(detail)))
        return holds

    def not_shown(self, zh: str, en: str, why: str) -> None:
        """What this region cannot show is said to be so, never counted as held."""
        self.met.append(Expectation(self.chapter, zh, en, Outcome.NOT_SHOWN, why))

    @property
    def all_held(self) -> bool:
        return bool(self.met) and all(one.outcome is not Outcome.FAILED for one in self.met)
