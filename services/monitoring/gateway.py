"""What one api process keeps for fixes: the committer, the live map, and each carrier's fleet for a few seconds."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import partial
from weakref import WeakValueDictionary

from services import registry
from services.monitoring import intake, vehicles
from services.monitoring.committer import Committer
from services.monitoring.frames import Frames, Watched
from services.monitoring.live import LiveMap
from services.monitoring.log_store import SHARDS
from services.runtime.access import Relation
from services.runtime.bus import Bus
from services.runtime.call import Call
from services.runtime.host import Host
from services.runtime.service import StreamCall
from services.runtime.together import Together

_FRESH_S = 5.0
_WATCHED_S = 1.0
_AGAIN_S = 0.5  # an unknown vehicle may have been registered a moment ago


@dataclass(slots=True)
class _Fleet:
    numbers: dict[str, int]
    mark: tuple[object, ...]
    read_at: float


class Gateway:
    """Made once a process; safe to use from all its calls."""

    def __init__(self, host: Host) -> None:
        self.committer = Committer(host.engine, host.bus, host.clock)
        self._bus: Bus = host.bus
        self._live: LiveMap | None = None
        self._opening = threading.Lock()
        self._fleets: dict[str, _Fleet] = {}
        self._reading: Together[None] = Together()
        self._watched: Together[Watched] = Together()
        self._seen: WeakValueDictionary[tuple[str, str], Watched] = WeakValueDictionary()
        self.frames = Frames()

    @property
    def live(self) -> LiveMap:
        """Opened by the first watcher, once however many come at once: a process nobody watches through does not listen."""
        with self._opening:
            if self._live is None:
                self._live = LiveMap(self._bus, SHARDS)
            return self._live

    def is_fresh(self, organisation: str, *, with_strangers: bool = False) -> bool:
        """Whether the fleet at hand is good enough to judge by, and to call vehicles strangers by."""
        kept = self._fleets.get(organisation)
        return kept is not None and time.monotonic() - kept.read_at < (_AGAIN_S if with_strangers else _FRESH_S)

    def fleet(self, organisation: str) -> intake.Fleet:
        """The organisation's vehicles, once ``read_fleet`` has been called for it."""
        return self._fleets[organisation].numbers

    async def read_fleet(self, call: StreamCall) -> None:
        """Make sure of the caller's vehicles, once for all of his batches that wait for it. Raises ``Refusal``."""
        await self._reading.do(call.organisation, partial(call.run, self._read_fleet), fresh_s=0.0)

    def _read_fleet(self, call: Call) -> None:
        """The caller's vehicles with number and shard, read anew where they have changed; numbered where they were not."""
        call.allow([Relation.OWN], again=True)
        carrier = call.caller.organisation
        kept, mark = self._fleets.get(carrier), registry.fleet_mark(call.transaction, carrier)
        if kept is not None and kept.mark == mark:
            kept.read_at = time.monotonic()
            return
        now = registry.fleet(call.transaction, carrier)
        known = vehicles.known(call.transaction, carrier)
        changed = {
            one: division
            for one, division in now.items()
            if known.get(one, (0, 0, ""))[2] != division or one not in known
        }
        numbered = {one: (number, shard) for one, (number, shard, _) in known.items() if one in now}
        if changed:
            numbered |= vehicles.ensure(call.transaction, carrier, changed)
        self._fleets[carrier] = _Fleet(intake.as_fleet(numbered), mark, time.monotonic())

    async def watched(self, call: StreamCall) -> Watched:
        """What the watcher may see now, looked up once for all watchers of one caller; the same object while it is the same
        vehicles. Raises ``Refusal``."""
        key = call.organisation, call.person

        async def look() -> Watched:
            found: Watched = await call.run(_visible)
            before = self._seen.get(key)
            if before is not None and before.ids == found.ids:
                return before
            self._seen[key] = found
            return found

        return await self._watched.do(key, look, fresh_s=_WATCHED_S)

    def close(self) -> None:
        self.committer.close()
        if self._live is not None:
            self._live.close()


def _visible(call: Call) -> Watched:
    relation = call.allow(
        [Relation.JURISDICTION] if call.caller.is_authority else [Relation.OWN], subject="vehicles", again=True
    )
    if relation is Relation.OWN:
        return Watched(vehicles.of_carrier(call.transaction, call.caller.organisation))
    return Watched(vehicles.of_division(call.transaction, registry.division_prefix(call.caller.division)))
