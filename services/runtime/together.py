"""What several streams of one process want at the same moment, done once for all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.errors import Refusal

Result = TypeVar("Result")
_REST = 20  # work that takes long is done seldom: it may fill one part in so many of the time
_MOST_A_SECOND = 50  # for however many different keys


@dataclass(slots=True)
class _Done(Generic[Result]):
    task: asyncio.Future[Result]
    until: float = float("inf")


class Together(Generic[Result]):
    """Not for several event loops at once, but for what goes by the loop that asks."""

    def __init__(self) -> None:
        self._done: dict[Hashable, _Done[Result]] = {}

    async def do(self, key: Hashable, work: Callable[[], Awaitable[Result]], *, fresh_s: float) -> Result:
        """What ``work`` came to for whoever asked for ``key`` first within ``fresh_s``, longer where work is much. Its refusal is
        his alone: the others ask for themselves. Raises ``Refusal``."""
        loop = asyncio.get_running_loop()
        known = self._done.get((loop, key))
        if known is not None and time.monotonic() < known.until:
            try:
                return await asyncio.shield(known.task)
            except Refusal:
                return await work()
        self._forget()
        began = time.monotonic()
        doing = self._done[loop, key] = _Done(asyncio.ensure_future(work()))

        def ended(task: asyncio.Future[Result]) -> None:
            failed = task.cancelled() or task.exception() is not None
            now = time.monotonic()
            rest_s = max(fresh_s, _REST * (now - began), len(self._done) / _MOST_A_SECOND)
            doing.until = now if failed else now + rest_s

        doing.task.add_done_callback(ended)
        return await asyncio.shield(doing.task)

    def _forget(self) -> None:
        now = time.monotonic()
        for key in [key for key, one in self._done.items() if one.until < now]:
            del self._done[key]
