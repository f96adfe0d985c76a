"""Waking the watchers of one process when an alarm has changed; who is not woken looks by himself a moment later."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from services.alarms.escalation import WAKE
from services.runtime.bus import Bus


class Wakes:
    """Listens to the bus as long as anybody watches."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._stopped: dict[int, threading.Event] = {}
        self._counts: dict[int, int] = {}

    @contextmanager
    def watching(self, bus: Bus) -> Iterator[asyncio.Event]:
        """An event that is set at each wake-up, while the block runs."""
        watcher = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            self._watchers.add(watcher)
            self._counts[id(bus)] = self._counts.get(id(bus), 0) + 1
            if self._counts[id(bus)] == 1:
                self._stopped[id(bus)] = threading.Event()
                bus.listen(WAKE, lambda _channel, _payload: self._wake(), self._stopped[id(bus)])
        try:
            yield watcher[1]
        finally:
            with self._lock:
                self._watchers.discard(watcher)
                self._counts[id(bus)] -= 1
                if not self._counts[id(bus)]:
                    self._stopped.pop(id(bus)).set()

    def _wake(self) -> None:
        with self._lock:
            for loop, event in self._watchers:
                with contextlib.suppress(RuntimeError):  # its loop is closed
                    loop.call_soon_threadsafe(event.set)


async def woken(event: asyncio.Event, seconds: float) -> None:
    """Until the next wake-up, at most so long."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
