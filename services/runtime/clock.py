"""The one clock, injected: aware UTC datetimes; the legal day is Asia/Shanghai."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

LEGAL_ZONE = ZoneInfo("Asia/Shanghai")
_COMPARED_S = 10.0
_SLOW_S = 1.0
_log = logging.getLogger("hazway.runtime")


def _since_start() -> float:
    """Seconds that nobody can set, those of a suspended host among them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


class SharedClock:
    """The database's clock, asked now and then and carried on between by time since this host started: every process tells the
    same time, and a host whose own clock is set wrong, or jumps, changes nothing.

    ``ask`` tells what time it is there, or raises. Until it has answered once the host's own clock must do.
    """

    def __init__(self, ask: Callable[[], datetime], passed: Callable[[], float] = _since_start) -> None:
        self._ask, self._passed = ask, passed
        self._epoch = datetime.now(UTC) - timedelta(seconds=passed())  # what time it was when the host started
        self._stopped = threading.Event()
        self.compare()
        threading.Thread(target=self._run, name="clock", daemon=True).start()

    def now(self) -> datetime:
        return self._epoch + timedelta(seconds=self._passed())

    def compare(self) -> None:
        """Ask once; an answer that was long on its way is worth nothing, nor is none."""
        began = self._passed()
        try:
            told = self._ask()
        except Exception:  # it is away: what was told last goes on
            _log.debug("nobody tells the time", exc_info=True)
            return
        ended = self._passed()
        if ended - began < _SLOW_S:
            self._epoch = told - timedelta(seconds=(began + ended) / 2)

    def close(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(_COMPARED_S):
            self.compare()


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Runs ``factor`` times as fast as the world since ``real_start``, when it showed ``start``.

    Both ends are stored by the demo, so that a process that is killed and started again reads the same time.
    """

    start: datetime
    real_start: float
    factor: float

    def now(self) -> datetime:
        return self.start + timedelta(seconds=(time.time() - self.real_start) * self.factor)


@dataclass(slots=True)
class HandClock:
    """Moves only when told to: for tests of rules that depend on time."""

    at: datetime = field(default_factory=lambda: datetime(2026, 11, 2, 8, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def advance(self, **duration: float) -> None:
        self.at += timedelta(**duration)


def legal_day(at: datetime) -> date:
    """The day the law counts ``at`` to belong to. Raises ``ValueError`` for a datetime without a zone."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(LEGAL_ZONE).date()


def nanoseconds(at: datetime) -> int:
    """Whole nanoseconds since the epoch, without passing through a float."""
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
