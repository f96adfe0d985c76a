"""The one clock, injected: aware UTC datetimes; the legal day is Asia/Shanghai."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

LEGAL_ZONE = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


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


def from_nanoseconds(value: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value // 1_000)
