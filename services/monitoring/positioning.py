"""Telling the waybill slice whose terminals are awake: it lets nobody depart whose terminal is silent (Measures Art. 26)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import Connection

from services import waybill
from services.monitoring import packed
from services.monitoring.vehicles import Vehicle
from services.waybill.facts import Positioning as Told

_EVERY_MS = 60_000  # of a vehicle's own time: departures are judged by minutes
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Known = Callable[[Connection, Collection[int]], Mapping[int, Vehicle]]


def newest(batches: Sequence[packed.Records]) -> dict[int, int]:
    """When each vehicle in the batches last knew where it was, in milliseconds."""
    if not batches:
        return {}
    records = np.concatenate(batches)
    records = records[(records["flags"] & packed.POSITIONED) != 0]
    order = np.argsort(records["time_ms"], kind="stable")
    return dict(zip(records["vehicle"][order].tolist(), records["time_ms"][order].tolist(), strict=True))


class Positioning:
    """Remembers what was told, so that a vehicle is told about once a minute and not once a fix."""

    def __init__(self) -> None:
        self._told: dict[int, int] = {}

    def tell(self, connection: Connection, heard: Mapping[int, int], known: Known) -> None:
        """Tell of the vehicles just heard, where that is a minute later than what was told last."""
        due = {number: at for number, at in heard.items() if at - self._told.get(number, 0) >= _EVERY_MS}
        if not due:
            return
        named = known(connection, set(due))
        waybill.record_positioning(
            connection,
            {named[number].vehicle_id: Told(last_fix_at=_at(at)) for number, at in due.items()},
        )
        self._told |= due


def _at(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)
