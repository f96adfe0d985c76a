"""What a caller holds while a server runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Running:
    """``owned`` is true for the one call that started the server; others adopted it and should leave it running.

    ``stop()`` ends the server and all its processes, whoever started it, and is quiet when it has already gone.
    """

    url: str
    pid: int
    owned: bool
    stop: Callable[[], None]
