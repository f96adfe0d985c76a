"""Telling the alarm desk what detection found, in the transaction that moves the cursor."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from services import alarms, traceability
from services.monitoring import late_store, outages, vehicles
from services.monitoring.late_store import Stage
from services.monitoring.model import Alarm, Effect
from services.monitoring.raising import to_alarm
from services.runtime.host import Host


class Teller:
    """Knows vehicles by number; not for several threads."""

    def __init__(self, host: Host, keeper: traceability.Keeper) -> None:
        self._host, self._keeper = host, keeper
        self._vehicles: dict[int, vehicles.Vehicle] = {}

    def known(self, connection: Connection, numbers: Collection[int]) -> dict[int, vehicles.Vehicle]:
        """Who these vehicles are; owners change seldom, and an alarm of a vehicle just sold still goes to who drove it."""
        if unknown := set(numbers) - self._vehicles.keys():
            self._vehicles |= vehicles.by_number(connection, unknown)
        return self._vehicles

    def tell(self, connection: Connection, effects: Sequence[Effect], stage: Stage = Stage.VEHICLE) -> bool:
        """Tell what is to be told of alarms now; whether anything is new at the desk."""
        said = [one for one in effects if isinstance(one, Alarm)]
        if not said:
            return False
        known = self.known(connection, {one.vehicle for one in said})
        late_store.keep_told(connection, said, stage)
        now = self._host.clock.now()
        told = [to_alarm(one, known[one.vehicle]) for one in outages.held_back(connection, said, known, now)]
        return bool(alarms.put_alarms(connection, self._keeper, told, now))
