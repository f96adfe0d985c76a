"""Live state through Redis: the last record of each vehicle, for maps and watchers. It may be lost and fills again by itself.

Where a vehicle silent in a tunnel should be is shown until its next fix, marked as estimated.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np
import redis

from services.monitoring.packed import ESTIMATED, RECORD, Records, read
from services.runtime.bus import Bus

_CHANNEL = "hazway:live"
_SHARD = "hazway:live:{shard}"


def publish(bus: Bus, records: Records) -> None:
    """Tell every listening process these newest records."""
    bus.publish(_CHANNEL, records.tobytes())


def keep(bus: Bus, shards: Mapping[int, Records]) -> None:
    """Keep shards' last records for processes that start later."""
    if not shards:
        return
    try:
        bus.client.mset({_SHARD.format(shard=shard): records.tobytes() for shard, records in shards.items()})
    except redis.RedisError:
        return


class LiveMap:
    """One process's view of the last record of every vehicle, with a count that grows at each change."""

    def __init__(self, bus: Bus, shards: int) -> None:
        self._lock = threading.Lock()
        self._records: dict[int, np.void] = {}
        self._seen_ms: dict[int, int] = {}  # the newest fix of each
        self._changed: dict[int, int] = {}
        self._count = 0
        self._stopped = threading.Event()
        bus.listen(_CHANNEL, lambda _channel, payload: self._hear(read([payload])), self._stopped)
        self._fill(bus, shards)

    def close(self) -> None:
        self._stopped.set()

    def changes(self, after: int, numbers: frozenset[int]) -> tuple[int, Records]:
        """The newest records of these vehicles that changed after ``after``, and the count to go on from."""
        with self._lock:
            found = [self._records[number] for number in numbers if self._changed.get(number, 0) > after]
            return self._count, np.array(found, dtype=RECORD)

    def _fill(self, bus: Bus, shards: int) -> None:
        try:
            kept = bus.client.mget([_SHARD.format(shard=shard) for shard in range(shards)])
        except redis.RedisError:
            return
        self._hear(read([body for body in kept if isinstance(body, bytes)]))

    def _hear(self, records: Records) -> None:
        with self._lock:
            self._count += 1
            for record in records:
                number, at_ms = int(record["vehicle"]), int(record["time_ms"])
                known = self._records.get(number)
                if record["flags"] & ESTIMATED:
                    is_news = known is None or at_ms > known["time_ms"]
                else:
                    is_news = at_ms > self._seen_ms.get(number, -1)
                    self._seen_ms[number] = max(at_ms, self._seen_ms.get(number, -1))
                if is_news:
                    self._records[number] = record
                    self._changed[number] = self._count
