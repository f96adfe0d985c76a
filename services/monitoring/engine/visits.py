"""One vehicle in one restricted zone: entered, still inside, left. Jitter beside the fence is no visit, and a visit outlasts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Visit:
    """Inside since ``entered_ms``; ``hours_ms`` is how far the rule's hours have been looked at, ``outside`` counts fixes surely
    outside in a row. ``left_ms`` is when the fence was crossed outwards, 0 while the vehicle is seen inside."""

    entered_ms: int
    how: str
    hours_ms: int
    outside: int = 0
    left_ms: int = 0
    is_settled: bool = False  # told, and there are no hours to watch; found out again after a restart

    def to_plain(self) -> list[Any]:
        return [self.entered_ms, self.how, self.hours_ms, self.outside, self.left_ms]

    @classmethod
    def from_plain(cls, plain: list[Any]) -> Visit:
        return cls(*plain)

    def seen_inside(self) -> None:
        self.outside, self.left_ms = 0, 0

    def seen_outside(self, crossed_ms: int, *, surely: bool, fixes: int) -> bool:
        """Whether the visit is over: so many fixes in a row surely outside. It ended where the first one outside crossed the fence."""
        self.left_ms = self.left_ms or crossed_ms
        self.outside = self.outside + 1 if surely else 0
        return self.outside >= fixes
