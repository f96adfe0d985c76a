"""What every process of the server stands on: the database, Redis and the clock, embedded ones where none are named."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, text

from services.runtime import embedded
from services.runtime.bus import Bus
from services.runtime.clock import Clock, ScaledClock, SharedClock
from services.runtime.database import connect
from services.runtime.settings import Settings

_CLOCK_FILE = "clock.json"


@dataclass(frozen=True, slots=True)
class Host:
    settings: Settings
    engine: Engine
    bus: Bus
    clock: Clock

    def close(self) -> None:
        if isinstance(self.clock, SharedClock):
            self.clock.close()
        self.engine.dispose()


@contextmanager
def embedded_servers(settings: Settings) -> Iterator[Settings]:
    """The settings with both URLs filled in; servers started here are stopped at the end, adopted ones left running."""
    started = []
    try:
        if not settings.database_url:
            started.append(embedded.postgres.start(settings.home))
            settings = replace(settings, database_url=started[-1].url)
        if not settings.redis_url:
            started.append(embedded.redis.start(settings.home))
            settings = replace(settings, redis_url=started[-1].url)
        yield settings
    finally:
        for server in reversed(started):
            if server.owned:
                server.stop()


def open_host(settings: Settings) -> Host:
    """Connect to the servers the settings name."""
    engine = connect(settings.database_url, pool=settings.pool + 4)
    scaled = _read_clock(settings.home)
    return Host(settings, engine, Bus(settings.redis_url), scaled or SharedClock(partial(_time_of, engine)))


def _time_of(engine: Engine) -> datetime:
    with engine.connect() as connection:
        now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return now


def scale_clock(home: Path, start: datetime, factor: float) -> ScaledClock:
    """Let every process of this home read a clock that runs ``factor`` times as fast from ``start`` on (the demo)."""
    home.mkdir(parents=True, exist_ok=True)
    clock = ScaledClock(start, time.time(), factor)
    content = {"start": start.isoformat(), "real_start": clock.real_start, "factor": factor}
    (home / _CLOCK_FILE).write_text(json.dumps(content), encoding="utf-8")
    return clock


def _read_clock(home: Path) -> ScaledClock | None:
    """The clock of this home where a demo has scaled it; else it goes by the database's."""
    try:
        content = json.loads((home / _CLOCK_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return ScaledClock(datetime.fromisoformat(content["start"]), content["real_start"], content["factor"])
