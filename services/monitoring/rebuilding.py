"""A shard without a snapshot that can be read: its vehicles are judged anew from stored fixes and facts, and what was told is kept.

The log alone does not reach back far enough: what is archived has left it.
"""

from __future__ import annotations

import logging

from sqlalchemy import Connection

from services.monitoring import activations, cursors, engine, late_store, log_store, vehicles
from services.monitoring.columns import entry_of
from services.monitoring.cursors import Held
from services.monitoring.late_store import Asked
from services.monitoring.log_store import Kind
from services.monitoring.model import TickEntry

_log = logging.getLogger("hazway.monitoring")


def restored(snapshot: bytes | None, shard: int) -> engine.ShardState | None:
    """The state at the end of the snapshot, or at the beginning of the log where there is none; ``None`` where the snapshot is another
    version's, or damaged."""
    if snapshot is None:
        return engine.ShardState()
    try:
        return engine.ShardState.restore(snapshot)
    except ValueError as problem:
        _log.warning("shard %d: the snapshot cannot be read (%s); its vehicles are judged anew", shard, problem)
        return None


def begin_anew(connection: Connection, held: Held) -> engine.ShardState:
    """A state that knows nothing yet but the time and the zones as of the cursor; every vehicle of the shard is noted down to be
    judged anew, as far back as that takes."""
    state = engine.ShardState()
    later = log_store.count_after(connection, held.shard, held.cursor, Kind.ZONES)
    state.activation = activations.before_newest(connection, later) or state.activation
    tick = log_store.last_before(connection, held.shard, held.cursor, Kind.TICK)
    if tick is not None and isinstance(entry := entry_of(tick), TickEntry):
        state.tick_ms = entry.at_ms
    now = Asked(max(state.tick_ms, state.activation.at_ms))
    late_store.ask(connection, [(held.shard, vehicle, now) for vehicle in vehicles.of_shard(connection, held.shard)])
    cursors.write_snapshots(connection, {held: state.snapshot()}, again=True)
    return state
