"""One vehicle in one restricted zone: entered, and still inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Visit:
    """Inside since ``entered_ms``; ``hours_ms`` is how far the rule's hours have been looked at. ``left_ms`` is when the fence was
    crossed outwards, if it was; 0 while the vehicle is seen inside."""

    entered_ms: int
    how: str
    hours_ms: int
    left_ms: int = 0
    is_settled: bool = False  # told, and there are no hours to watch; found out again after a restart

    def to_plain(self) -> list[Any]:
        return [self.entered_ms, self.how, self.hours_ms, self.left_ms]

    @classmethod
    def from_plain(cls, plain: list[Any]) -> Visit:
        return cls(*plain)
