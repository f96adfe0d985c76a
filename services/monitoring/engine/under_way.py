"""The trip of each vehicle by its slot. Most vehicles are on one, so they stand in a list: a tenth of what a dict takes."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from services.monitoring.facts import TripFact


class Trips(MutableMapping[int, TripFact]):
    def __init__(self) -> None:
        self._of: list[TripFact | None] = []
        self._count = 0

    def get(self, slot: int, default: Any = None) -> Any:
        trip = self._of[slot] if slot < len(self._of) else None
        return default if trip is None else trip

    def __getitem__(self, slot: int) -> TripFact:
        trip: TripFact | None = self.get(slot)
        if trip is None:
            raise KeyError(slot)
        return trip

    def __contains__(self, slot: object) -> bool:
        return isinstance(slot, int) and self.get(slot) is not None

    def __setitem__(self, slot: int, trip: TripFact) -> None:
        self._of += [None] * (slot + 1 - len(self._of))
        self._count += self._of[slot] is None
        self._of[slot] = trip

    def __delitem__(self, slot: int) -> None:
        if slot not in self:
            raise KeyError(slot)
        self._of[slot] = None
        self._count -= 1

    def __iter__(self) -> Iterator[int]:
        return (slot for slot, trip in enumerate(self._of) if trip is not None)

    def __len__(self) -> int:
        return self._count
