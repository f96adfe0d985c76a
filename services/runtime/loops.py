"""What a worker does again and again: each loop on a thread of its own, surviving whatever its body raises."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from services.runtime.bus import Bus

_log = logging.getLogger("hazway.worker")
_LONGEST_REST_S = 5.0


def _nothing() -> None:
    """Most loops hold nothing that must be given back."""


@dataclass(frozen=True, slots=True)
class Loop:
    """``body`` returns whether it found work: then it is run again at once, else after ``every_s`` or a wake-up."""

    name: str
    every_s: float
    body: Callable[[], bool]
    wake: str = ""
    close: Callable[[], None] = _nothing


def run_loops(loops: Sequence[Loop], bus: Bus, stopped: threading.Event) -> None:
    """Run the loops until ``stopped`` is set; returns when every one has ended its round."""
    threads = [_start(loop, bus, stopped) for loop in loops]
    stopped.wait()
    for thread in threads:
        thread.join()


def _start(loop: Loop, bus: Bus, stopped: threading.Event) -> threading.Thread:
    awake = threading.Event()
    if loop.wake:
        bus.listen(loop.wake, lambda _channel, _payload: awake.set(), stopped)
    thread = threading.Thread(target=_run, args=(loop, awake, stopped), name=loop.name)
    thread.start()
    return thread


def _run(loop: Loop, awake: threading.Event, stopped: threading.Event) -> None:
    rest_s = loop.every_s
    while not stopped.is_set():
        awake.clear()
        try:
            busy = loop.body()
            rest_s = loop.every_s
        except OperationalError as error:
            _log.warning("the database is away; tried again", extra={"loop": loop.name, "error": str(error.orig)[:120]})
            busy, rest_s = False, min(_LONGEST_REST_S, max(0.2, rest_s * 2))
        except Exception:
            _log.exception("a round failed and will be tried again", extra={"loop": loop.name})
            busy, rest_s = False, min(_LONGEST_REST_S, max(0.2, rest_s * 2))
        if not busy:
            _rest(awake, stopped, rest_s)
    loop.close()


def _rest(awake: threading.Event, stopped: threading.Event, seconds: float) -> None:
    step = min(seconds, 0.2)
    waited = 0.0
    while waited < seconds and not stopped.is_set() and not awake.wait(step):
        waited += step
