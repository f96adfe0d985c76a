"""Telling whose business a vehicle is when it comes into another administrative division: the waybill slice and the registry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from geo.position import Position
from services import registry, waybill, zones
from services.monitoring import packed, vehicles
from services.monitoring.feeders import EPOCH
from services.monitoring.positioning import Known, LastHeard
from services.monitoring.vehicles import Vehicle

_EVERY_MS = 300_000  # of a vehicle's own time: a division is not crossed faster

PlaceOf = Callable[[Vehicle], Position | None]


class Presence:
    """Remembers where vehicles are, so that only a change is told. Places are those detection believes: a receiver that jumps
    shows a vehicle to nobody."""

    def __init__(self) -> None:
        self._heard = LastHeard(_EVERY_MS)
        self._seen: dict[int, str] = {}

    def tell(self, connection: Connection, batches: Sequence[packed.Records], known: Known, place_of: PlaceOf) -> None:
        """Look where the vehicles just heard are, and tell of those that have come into another division."""
        due = self._heard.due(batches)
        if not due:
            return
        self._heard.note(due)
        if not len(shapes := zones.divisions(connection)):
            return
        named = known(connection, due)
        places = {number: place for number in due if (place := place_of(named[number])) is not None}
        found = zip(places, shapes.at_all(list(places.values())), strict=True)
        inside = {number: codes[0] for number, codes in found if codes}
        entered = {
            number: code for number, code in inside.items() if code != self._seen.get(number, named[number].seen_in)
        }
        for number, code in entered.items():
            vehicle_id, at = named[number].vehicle_id, EPOCH + timedelta(milliseconds=due[number])
            waybill.record_presence(connection, vehicle_id, code)
            registry.record_presence(connection, vehicle_id, code, at)
        vehicles.put_seen_in(connection, entered)
        self._seen |= entered
