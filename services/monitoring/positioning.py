"""Telling the waybill slice whose terminals are awake: it lets nobody depart whose terminal is silent (Measures Art. 26)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from services import waybill
from services.monitoring import packed
from services.monitoring.vehicles import Vehicle
from services.waybill.facts import Positioning as Told

_EVERY_MS = 60_000  # of a vehicle's own time: departures are judged by minutes
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Known = Callable[[Connection, Collection[int]], Mapping[int, Vehicle]]


Moments = npt.NDArray[np.int64]


class LastHeard:
    """When each vehicle, by its number, was last heard of where it is; who has been heard of so much later is due."""

    def __init__(self, every_ms: int) -> None:
        self._every_ms = every_ms
        self._noted: Moments = np.zeros(0, dtype=np.int64)

    def due(self, batches: Sequence[packed.Records]) -> dict[int, int]:
        """The vehicles in the batches that are due, each with when it was heard of last, in milliseconds."""
        found: dict[int, int] = {}
        for records in batches:
            if not len(records):
                continue
            vehicle, time_ms = records["vehicle"], records["time_ms"]
            self._make_room(int(vehicle.max()) + 1)
            late = (time_ms - self._noted[vehicle] >= self._every_ms) & ((records["flags"] & packed.POSITIONED) != 0)
            for number, at in zip(vehicle[late].tolist(), time_ms[late].tolist(), strict=True):
                found[number] = max(at, found.get(number, at))
        return found

    def note(self, heard: Mapping[int, int]) -> None:
        """They are not due for a while."""
        self._noted[list(heard)] = list(heard.values())

    def _make_room(self, size: int) -> None:
        if size > len(self._noted):
            more = max(size, len(self._noted) * 3 // 2) - len(self._noted)
            self._noted = np.append(self._noted, np.zeros(more, dtype=np.int64))


class Positioning:
    """Remembers what was told, so that a vehicle is told about once a minute and not once a fix."""

    def __init__(self) -> None:
        self._heard = LastHeard(_EVERY_MS)

    def tell(self, connection: Connection, batches: Sequence[packed.Records], known: Known) -> None:
        """Tell of the vehicles just heard, where that is a minute later than what was told last."""
        due = self._heard.due(batches)
        if not due:
            return
        named = known(connection, due.keys())
        waybill.record_positioning(
            connection,
            {named[number].vehicle_id: Told(last_fix_at=_at(at)) for number, at in due.items()},
        )
        self._heard.note(due)


def _at(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
