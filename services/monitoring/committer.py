"""Group commit: whatever arrives within a few tens of milliseconds becomes durable in one transaction.

Waiting callers are answered only after the commit; a PostgreSQL that is away, or has no room for us, is waited for, and nothing is
answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from services.monitoring import figures_store, links, log_store
from services.monitoring.intake import Taken
from services.monitoring.packed import by_shard
from services.runtime.bus import Bus
from services.runtime.clock import Clock, legal_day
from services.runtime.database import is_transient

WAKE = "hazway:fixes"
_GATHER_S = 0.02
_MOST_RECORDS = 50_000
_log = logging.getLogger("hazway.monitoring")


@dataclass(frozen=True, slots=True)
class _Waiting:
    taken: Taken
    carrier_id: str
    done: asyncio.Future[None]
    loop: asyncio.AbstractEventLoop

    def answer(self, fault: Exception | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits, and the others still do
            self.loop.call_soon_threadsafe(_finish, self.done, fault)


def _finish(done: asyncio.Future[None], fault: Exception | None) -> None:
    if done.done():  # the stream may have been cancelled meanwhile
        return
    if fault is None:
        done.set_result(None)
    else:
        done.set_exception(fault)


class Committer:
    """One thread that commits for all streams of this process."""

    def __init__(self, engine: Engine, bus: Bus, clock: Clock) -> None:
        self._engine, self._bus, self._clock = engine, bus, clock
        self._waiting: list[_Waiting] = []
        self._arrived = threading.Condition()
        self._stopping = False
        self._heard: dict[str, int] = {}  # carrier -> the last minute noted of its link
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    async def append(self, taken: Taken, carrier_id: str) -> None:
        """Return once the records, how many were refused, and that the carrier was heard of are durable. Raises what keeps them from
        ever being so."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        with self._arrived:
            self._waiting.append(_Waiting(taken, carrier_id, done, loop))
            self._arrived.notify()
        await done

    def close(self) -> None:
        with self._arrived:
            self._stopping = True
            self._arrived.notify()
        self._thread.join()

    def _run(self) -> None:
        while (batch := self._gather()) is not None:
            fault: Exception | None = None
            try:
                self._commit(batch)
            except Exception as error:  # whatever it is: others wait for this thread
                _log.exception("fixes that cannot be kept")
                fault = error
            for one in batch:
                one.answer(fault)
            self._bus.publish(WAKE)

    def _gather(self) -> list[_Waiting] | None:
        with self._arrived:
            while not self._waiting:
                if self._stopping:
                    return None
                self._arrived.wait(1.0)
        time.sleep(_GATHER_S)
        with self._arrived:
            count, size = 0, 0
            while count < len(self._waiting) and (count == 0 or size < _MOST_RECORDS):
                size += len(self._waiting[count].taken.records)
                count += 1
            batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _commit(self, batch: list[_Waiting]) -> None:
        records = np.concatenate([one.taken.records for one in batch])
        shards = np.concatenate([one.taken.shards for one in batch])
        entries = [
            log_store.Entry(shard, log_store.Kind.FIXES, body, first, last, bits)
            for shard, body, first, last, bits in by_shard(records, shards)
        ]
        refused, now = _refused(batch), self._clock.now()
        minute = links.minute_of(now)
        heard = {one.carrier_id for one in batch if self._heard.get(one.carrier_id) != minute}
        wait_s = 0.1
        while entries or refused or heard:
            try:
                with self._engine.begin() as connection:
                    if entries:
                        log_store.append(connection, entries)
                    figures_store.add_refused(connection, legal_day(now), refused)
                    links.note(connection, minute, heard)
                self._heard |= dict.fromkeys(heard, minute)
                return
            except (DBAPIError, NoConnection) as error:
                if isinstance(error, DBAPIError) and not is_transient(error):
                    raise
                # A commit whose answer was lost may stand: the same fixes twice change nothing (detection drops them).
                _log.warning("fixes wait for the database", extra={"error": str(error)[:200]})
                time.sleep(wait_s)
                wait_s = min(2.0, wait_s * 2)


def _refused(batch: Sequence[_Waiting]) -> Counter[tuple[str, int, str]]:
    counts: Counter[tuple[str, int, str]] = Counter()
    for one in batch:
        for (vehicle, reason), fixes in one.taken.refused_by.items():
            counts[one.carrier_id, vehicle, reason] += fixes
    return counts
