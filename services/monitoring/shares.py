"""One process's share of some shards of the logs: taken by lease, renewed in time, given up in part when others come."""

from __future__ import annotations

import time
from collections.abc import Mapping

from sqlalchemy import Engine

from services.monitoring import cursors
from services.monitoring.cursors import Held

LEASE_S = 6.0
_RENEW_S = 2.0


class Lost(Exception):
    """A shard is not held any more."""


class Share:
    """``held`` are the shards this process holds, by number. Not for several threads."""

    def __init__(self, engine: Engine, holder: str, shards: range) -> None:
        self.holder = holder
        self.held: dict[int, Held] = {}
        self._engine, self._shards = engine, shards
        self._renewed = 0.0

    def renew(self) -> bool:
        """Make sure of what is held, and take what is free and fair, when it is time to; whether that was done."""
        if time.monotonic() - self._renewed <= _RENEW_S:
            return False
        with self._engine.begin() as connection:
            fair = -(-len(self._shards) // cursors.be_present(connection, self.holder, seconds=LEASE_S))
            held = cursors.take(connection, self.holder, self._shards, seconds=LEASE_S, most=fair)
            if len(held) > fair:
                cursors.give_back(connection, self.holder, [one.shard for one in held[fair:]])
                held = held[:fair]
        self._renewed = time.monotonic()
        self.held = {one.shard: one for one in held}
        return True

    def moved(self, moves: Mapping[Held, int]) -> None:
        """The cursors of these shards stand there now."""
        for held, seq in moves.items():
            self.held[held.shard] = Held(held.shard, held.token, seq)

    def drop(self) -> None:
        """Forget what is held: it is asked for again before anything else is done."""
        self.held.clear()
        self._renewed = 0.0

    def leave(self) -> None:
        """Let others take over at once."""
        with self._engine.begin() as connection:
            cursors.leave(connection, self.holder, self._shards)
