"""The second stages' worker: holds shards of places and persons by lease and works off what first stages handed on.

All it knows is in the database, so there is nothing to restore: entries, what comes of them and the cursor, all or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from hazway import cbor
from services import alarms, traceability
from services.monitoring import cursors, log_store, neighbours
from services.monitoring.late_store import Stage
from services.monitoring.log_store import PERSON_SHARDS, PLACE_SHARDS, Kind, Row
from services.monitoring.shares import Lost, Share
from services.monitoring.telling import Teller
from services.runtime.host import Host

WAKE = "hazway:handed-on"
_MOST_ROWS = 200  # of one shard in one round

Key = TypeVar("Key")


class SecondStage:
    """One process's share of places and persons. Not for several threads."""

    def __init__(self, host: Host, keeper: traceability.Keeper, holder: str) -> None:
        self._host = host
        self._share = Share(host.engine, holder, range(PLACE_SHARDS.start, PERSON_SHARDS.stop))
        self._teller = Teller(host, keeper)

    def round(self) -> bool:
        """Work off what has been handed on; true when there was something."""
        self._share.renew()
        held = self._share.held
        if not held:
            return False
        with self._host.engine.connect() as connection:
            found = log_store.read_many(connection, {one.shard: one.cursor for one in held.values()}, _MOST_ROWS)
        if not found:
            return False
        try:
            self._work_off(found)
        except Exception:
            self._share.drop()
            raise
        return True

    def close(self) -> None:
        self._share.leave()

    def _work_off(self, found: dict[int, list[Row]]) -> None:
        moves = {self._share.held[shard]: rows[-1].seq for shard, rows in found.items()}
        rows = [row for some in found.values() for row in some]
        with self._host.engine.begin() as connection:
            places = neighbours.at_places(connection, _asked(rows, Kind.STOOD), self._teller.known)
            fresh = self._teller.tell(connection, places, Stage.PLACE)
            persons = neighbours.of_persons(connection, _asked(rows, Kind.DROVE))
            fresh = self._teller.tell(connection, persons, Stage.PERSON) or fresh
            if not cursors.move(connection, moves):
                raise Lost(f"{self._share.holder} no longer holds all of {sorted(found)}")
        self._share.moved(moves)
        if fresh:
            self._host.bus.publish(alarms.WAKE)


def _asked(rows: Iterable[Row], kind: Kind) -> dict[Key, int]:
    """Who is to be looked at, each from the earliest moment anything asks for."""
    asked: dict[Key, int] = {}
    for row in rows:
        if row.kind is kind:
            key, from_ms = cbor.loads(row.body)
            asked[key] = min(from_ms, asked.get(key, from_ms))
    return asked
