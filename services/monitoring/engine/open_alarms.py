"""The alarms of a state that have not ended: by slot, kind and cause, and all of one slot without a look at the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping

from services.monitoring.model import Alarm

AlarmKey = tuple[int, str, str]  # slot, kind, cause


class OpenAlarms(MutableMapping[AlarmKey, Alarm]):
    def __init__(self) -> None:
        self._of: dict[int, dict[AlarmKey, Alarm]] = {}

    def of(self, slot: int) -> Mapping[AlarmKey, Alarm]:
        """Those of one vehicle."""
        return self._of.get(slot, {})

    def __getitem__(self, key: AlarmKey) -> Alarm:
        return self._of[key[0]][key]

    def __setitem__(self, key: AlarmKey, alarm: Alarm) -> None:
        self._of.setdefault(key[0], {})[key] = alarm

    def __delitem__(self, key: AlarmKey) -> None:
        mine = self._of[key[0]]
        del mine[key]
        if not mine:
            del self._of[key[0]]

    def __iter__(self) -> Iterator[AlarmKey]:
        return (key for mine in self._of.values() for key in mine)

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))
