"""Live state through Redis: the last record of each vehicle, for maps and watchers. It may be lost and fills again by itself.

Where a vehicle silent in a tunnel should be is shown until its next fix, marked as estimated.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import redis

from services.monitoring.packed import ESTIMATED, RECORD, Records, read
from services.runtime.bus import Bus

_CHANNEL = "hazway:live"
_SHARD = "hazway:live:{shard}"
_REFILL_S = 20.0  # workers keep each shard's anew every few seconds


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


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The last record of every vehicle by its number, when each changed, and the count of changes then."""

    count: int
    records: Records
    changed: npt.NDArray[np.int64]

    def since(self, after: int, numbers: npt.NDArray[np.int64]) -> Records:
        """The records of these vehicles that changed after ``after``."""
        known = numbers[numbers < len(self.records)]
        return self.records[known[self.changed[known] > after]]


class LiveMap:
    """One process's view of the last record of every vehicle, with a count that grows at each change.

    What was told while Redis was away, or kept there only since, is made up for by reading what is kept again and again.
    """

    def __init__(self, bus: Bus, shards: int) -> None:
        self._bus, self._shards = bus, shards
        self._lock = threading.Lock()
        # By vehicle's number, which are dense.
        self._records = np.zeros(0, dtype=RECORD)
        self._seen_ms = np.zeros(0, dtype=np.int64)  # the newest fix of each
        self._changed = np.zeros(0, dtype=np.int64)
        self._count = 0
        self._stopped = threading.Event()
        bus.listen(_CHANNEL, lambda _channel, payload: self._hear(read([payload])), self._stopped)
        self._fill()
        threading.Thread(target=self._refill, name="live map", daemon=True).start()

    def close(self) -> None:
        self._stopped.set()

    def snapshot(self) -> Snapshot:
        """What is known now; it does not change any more."""
        with self._lock:
            return Snapshot(self._count, self._records.copy(), self._changed.copy())

    def _refill(self) -> None:
        while not self._stopped.wait(_REFILL_S):
            self._fill()

    def _fill(self) -> None:
        try:
            kept = self._bus.client.mget([_SHARD.format(shard=shard) for shard in range(self._shards)])
        except redis.RedisError:
            return
        self._hear(read([body for body in kept if isinstance(body, bytes)]))

    def _hear(self, records: Records) -> None:
        if not len(records):
            return
        is_guess = (records["flags"] & ESTIMATED) != 0
        with self._lock:
            self._make_room(int(records["vehicle"].max()) + 1)
            self._count += 1
            fixes = records[~is_guess]
            fixes = fixes[fixes["time_ms"] > self._seen_ms[fixes["vehicle"]]]
            self._take(fixes)
            self._seen_ms[fixes["vehicle"]] = self._records["time_ms"][fixes["vehicle"]]
            guesses = records[is_guess]
            self._take(guesses[guesses["time_ms"] > self._records["time_ms"][guesses["vehicle"]]])

    def _take(self, records: Records) -> None:
        """The newest of each vehicle: where a place is written several times, the last stays."""
        ordered = records[np.argsort(records["time_ms"], kind="stable")]
        self._records[ordered["vehicle"]] = ordered
        self._changed[ordered["vehicle"]] = self._count

    def _make_room(self, size: int) -> None:
        if size <= len(self._records):
            return
        more = max(size, len(self._records) * 3 // 2) - len(self._records)
        unknown = np.zeros(more, dtype=RECORD)
        unknown["time_ms"] = -1
        self._records = np.concatenate([self._records, unknown])
        self._seen_ms = np.concatenate([self._seen_ms, unknown["time_ms"]])
        self._changed = np.concatenate([self._changed, np.zeros(more, dtype=np.int64)])
