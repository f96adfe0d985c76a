"""Waking the watchers of one process whom a change of an alarm concerns: one look for all of them tells whom."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from services.alarms import store
from services.alarms.escalation import WAKE
from services.runtime.bus import Bus

_LOOK_S = 0.5  # between looks when no wake-up comes


@dataclass(slots=True, eq=False)
class Watcher:
    """``event`` is set at each change that may concern him; whatever changed up to ``known`` was there before it was set."""

    visible: Mapping[str, object]
    loop: asyncio.AbstractEventLoop
    event: asyncio.Event = field(default_factory=asyncio.Event)
    known: int = 0

    def is_concerned(self, touched: set[tuple[str, str, bool]]) -> bool:
        """Whether any of (carrier, division, shown to authorities) is for its eyes."""
        if "carrier_id" in self.visible:
            return any(carrier == self.visible["carrier_id"] for carrier, _, _ in touched)
        prefix = str(self.visible["division"])
        return any(is_shown and division.startswith(prefix) for _, division, is_shown in touched)

    def wake(self, change: int) -> None:
        """There is a change up to this number to look at; called in the watcher's own loop."""
        self.known = change
        self.event.set()


class _Tail:
    """Follows the changes of one database on a thread of its own, while anybody watches."""

    def __init__(self, engine: Engine, bus: Bus, after: int) -> None:
        self._engine, self._after = engine, after
        self._lock = threading.Lock()
        self.watchers: set[Watcher] = set()
        self._awake, self._stopped = threading.Event(), threading.Event()
        bus.listen(WAKE, lambda _channel, _payload: self._awake.set(), self._stopped)
        threading.Thread(target=self._run, name="alarm tail", daemon=True).start()

    def add(self, watcher: Watcher) -> None:
        with self._lock:
            self.watchers.add(watcher)
            watcher.known = self._after

    def remove(self, watcher: Watcher) -> bool:
        """Whether that was the last one."""
        with self._lock:
            self.watchers.discard(watcher)
            return not self.watchers

    def stop(self) -> None:
        self._stopped.set()
        self._awake.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._awake.wait(_LOOK_S)
            self._awake.clear()
            with contextlib.suppress(DBAPIError):  # the database is away: the next look finds what this one did not
                self._look()

    def _look(self) -> None:
        with self._engine.connect() as connection:
            last = store.last_change(connection)
            if last == self._after:
                return
            touched = store.touched_since(connection, self._after)
        self._after = last
        with self._lock:
            concerned = [watcher for watcher in self.watchers if watcher.is_concerned(touched)]
        for watcher in concerned:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                watcher.loop.call_soon_threadsafe(watcher.wake, last)


class Wakes:
    """Looks as long as anybody watches."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tails: dict[Engine, _Tail] = {}

    @contextmanager
    def watching(self, engine: Engine, bus: Bus, after: int, visible: Mapping[str, object]) -> Iterator[Watcher]:
        """A watcher who has seen all up to ``after``, woken while the block runs."""
        watcher = Watcher(visible, asyncio.get_running_loop())
        with self._lock:
            tail = self._tails.get(engine) or self._tails.setdefault(engine, _Tail(engine, bus, after))
            tail.add(watcher)
        try:
            yield watcher
        finally:
            with self._lock:
                if tail.remove(watcher):
                    self._tails.pop(engine, tail).stop()


async def woken(event: asyncio.Event, seconds: float) -> None:
    """Until the next wake-up, at most so long."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
