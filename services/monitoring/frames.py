"""What watchers of vehicles are shown: the newest of each, made once a second for all who see the same and are equally far."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from hazway.monitoring.v1 import monitoring_pb2 as pb
from services.monitoring.live import LiveMap, Snapshot
from services.monitoring.packed import ESTIMATED, Records

EVERY_S = 1.0
_MOST_STATES = 5_000  # in one message: a province has more vehicles than a message holds
_SHOWN = ("vehicle", "time_ms", "latitude_e7", "longitude_e7", "speed_dkmh", "heading_deg", "flags")


class Watched:
    """Vehicles somebody may see: ``ids`` by number."""

    def __init__(self, ids: Mapping[int, str]) -> None:
        self.ids = ids
        self.numbers = np.fromiter(ids, dtype=np.int64, count=len(ids))

    def only(self, wanted: frozenset[str]) -> Watched:
        """Those of them that are wanted; all when none are named."""
        return Watched({number: name for number, name in self.ids.items() if name in wanted}) if wanted else self

    def parted(self, before: Watched) -> tuple[Watched, Watched]:
        """Those that have come since ``before``, and those that were there then."""
        if not before.ids:
            return self, before
        came = {number: name for number, name in self.ids.items() if number not in before.ids}
        return Watched(came), Watched({number: name for number, name in self.ids.items() if number not in came})


class Frames:
    """Not for several threads: the watchers' event loop calls it."""

    def __init__(self) -> None:
        self._made: dict[tuple[Watched, int], list[pb.WatchVehiclesResponse]] = {}
        self._snapshot: Snapshot | None = None
        self._made_at = 0.0

    def since(self, live: LiveMap, watched: Watched, seen: int) -> tuple[int, list[pb.WatchVehiclesResponse]]:
        """What is news after ``seen``, and up to where it then is seen; at most a second old."""
        now = time.monotonic()
        if self._snapshot is None or now - self._made_at > EVERY_S * 0.9:
            self._snapshot, self._made, self._made_at = live.snapshot(), {}, now
        key = watched, seen
        if key not in self._made:
            self._made[key] = _messages(self._snapshot.since(seen, watched.numbers), watched.ids)
        return self._snapshot.count, self._made[key]


def _messages(records: Records, ids: Mapping[int, str]) -> list[pb.WatchVehiclesResponse]:
    return [
        pb.WatchVehiclesResponse(vehicles=_states(records[begin : begin + _MOST_STATES], ids))
        for begin in range(0, len(records), _MOST_STATES)
    ]


def _states(records: Records, ids: Mapping[int, str]) -> list[pb.VehicleState]:
    columns = (records[name].tolist() for name in _SHOWN)
    states = []
    for number, time_ms, latitude, longitude, speed, heading, flags in zip(*columns, strict=True):
        state = pb.VehicleState(
            vehicle_id=ids[number],
            time_ms=time_ms,
            speed_dkmh=speed,
            heading_deg=heading,
            estimated=bool(flags & ESTIMATED),
        )
        state.position.latitude_e7, state.position.longitude_e7 = latitude, longitude
        states.append(state)
    return states
