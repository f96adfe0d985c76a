"""The worker: holds shards by lease, steps their logs through the engine, and commits effects with the cursor.

Nothing is decided here. If the commit finds that a shard is no longer held, everything known of it is dropped: whoever
holds it now reads the same log and comes to the same effects, and an alarm is known by its id.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection

from geo.position import Position
from services import alarms, traceability
from services.monitoring import (
    activations,
    cursors,
    engine,
    handed_on,
    late_store,
    live,
    log_store,
    packed,
    rebuilding,
    vehicles,
)
from services.monitoring.columns import entries, estimates, last_records
from services.monitoring.cursors import Held
from services.monitoring.facts import Fact
from services.monitoring.late import Judged, judge_anew
from services.monitoring.late_store import Asked
from services.monitoring.log_store import VEHICLE_SHARDS, Kind, Row
from services.monitoring.model import (
    Activation,
    Effect,
    FixesEntry,
    NeedsHistory,
    PassEntry,
    TickEntry,
    TripEntry,
    ZonesEntry,
)
from services.monitoring.positioning import Positioning, newest
from services.monitoring.presence import Presence
from services.monitoring.second_stage import WAKE as WAKE_SECOND_STAGE
from services.monitoring.shares import Lost, Share
from services.monitoring.telling import Teller
from services.runtime.host import Host

_SNAPSHOT_S = 5.0  # each shard's; a part of them at a time, so that no alarm waits for all
_PARTS = 32
_SHARE = 10  # snapshots take one part in so many of a worker's time: those of a large fleet come less often
_LATE_S = 2.0  # what came late waits at most so long while the road is busy
_MOST_LATE = 50  # vehicles of one shard judged anew at once
_MOST_ROWS = 200  # of one shard in one round

WorldOf = Callable[[Activation], engine.World]


@dataclass(slots=True)
class _Shard:
    token: int
    state: engine.ShardState
    world: engine.World
    estimated: packed.Records = field(default_factory=lambda: estimates(()))  # as of the newest tick
    late: dict[int, Asked] = field(default_factory=dict)  # vehicles to be judged anew
    is_unknown: bool = False  # nothing is worked off before every vehicle has been judged anew


@dataclass(slots=True)
class _Round:
    """What one round came to, before it is committed."""

    moves: dict[Held, int] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    facts: list[tuple[int, int, Fact]] = field(default_factory=list)
    asked: list[tuple[int, int, Asked]] = field(default_factory=list)  # shard, vehicle to be judged anew, and how far
    records: list[packed.Records] = field(default_factory=list)
    estimated: list[packed.Records] = field(default_factory=list)
    anew: list[Judged] = field(default_factory=list)


class Worker:
    """One process's share of the shards. Not for several threads."""

    def __init__(self, host: Host, keeper: traceability.Keeper, holder: str, world_of: WorldOf) -> None:
        self._host, self._world_of = host, world_of
        self._share = Share(host.engine, holder, VEHICLE_SHARDS)
        self._shards: dict[int, _Shard] = {}
        self._snapshot = self._snapshot_took = self._judged = 0.0
        self._part = 0
        self._teller = Teller(host, keeper)
        self._positioning, self._presence = Positioning(), Presence()

    def round(self) -> bool:
        """Work off what has arrived, or when nothing has, what came late; true when there was something."""
        if self._share.renew():
            self._load()
        if not self._shards:
            return False
        try:
            busy = self._work_off()
            is_due = time.monotonic() - self._judged > _LATE_S or any(one.is_unknown for one in self._shards.values())
            if not busy or is_due:
                busy = self._judge_late() or busy
        except Exception:
            self._shards.clear()  # the states are ahead of the cursors: read again from the snapshots
            self._share.drop()
            self._positioning, self._presence = Positioning(), Presence()
            raise
        if time.monotonic() - self._snapshot > max(_SNAPSHOT_S / _PARTS, _SHARE * self._snapshot_took):
            self._part = (self._part + 1) % _PARTS
            self._write_snapshots([number for number in self._shards if number % _PARTS == self._part])
        return busy

    def close(self) -> None:
        """Let others take over at once."""
        self._write_snapshots(list(self._shards))
        self._share.leave()

    def _load(self) -> None:
        """Forget shards that are not held any more; bring the states of new ones up to their cursors: the snapshots, and the logs
        from there, whose effects are known already."""
        held = self._share.held
        for number in list(self._shards):
            if number not in held or self._shards[number].token != held[number].token:
                del self._shards[number]
        new = [one for one in held.values() if one.shard not in self._shards]
        if not new:
            return
        with self._host.engine.connect() as connection:
            kept = cursors.read_snapshots(connection, [one.shard for one in new])
            asked = late_store.asked(connection, [one.shard for one in new])
            for one in new:
                shard = self._restored(connection, one, *kept.get(one.shard, (0, None)))
                if shard is not None:
                    shard.late = asked.get(one.shard, {})
                self._shards[one.shard] = shard or self._begin_anew(one)

    def _restored(self, connection: Connection, held: Held, after: int, snapshot: bytes | None) -> _Shard | None:
        """The shard at its cursor; ``None`` when snapshot and log do not lead there."""
        state = rebuilding.restored(snapshot, held.shard)
        if state is None:
            return None
        shard = _Shard(held.token, state, self._world_of(state.activation))
        while after < held.cursor:
            rows = log_store.read(connection, held.shard, after, min(2_000, held.cursor - after))
            if not rows or rows[0].seq != after + 1:  # it has left the log
                return None
            self._step(held.shard, shard, rows, _Round())
            after = rows[-1].seq
        return shard

    def _begin_anew(self, held: Held) -> _Shard:
        with self._host.engine.begin() as connection:
            state = rebuilding.begin_anew(connection, held)
            late = late_store.asked(connection, [held.shard]).get(held.shard, {})
        return _Shard(held.token, state, self._world_of(state.activation), late=late, is_unknown=bool(late))

    def _work_off(self) -> bool:
        with self._host.engine.connect() as connection:
            after = {
                number: self._share.held[number].cursor for number, one in self._shards.items() if not one.is_unknown
            }
            found = log_store.read_many(connection, after, _MOST_ROWS)
        if not found:
            return False
        done = _Round()
        for number, rows in found.items():
            self._step(number, self._shards[number], rows, done)
            done.moves[self._share.held[number]] = rows[-1].seq
        self._commit(done)
        for number, vehicle, one in done.asked:
            late = self._shards[number].late
            late[vehicle] = one.joined(late.get(vehicle))
        seen = [some for some in (*done.records, *done.estimated) if len(some)]
        if seen:
            live.publish(self._host.bus, np.concatenate(seen))
        return True

    def _step(self, number: int, shard: _Shard, rows: Sequence[Row], done: _Round) -> None:
        for seq, entry in entries(rows):
            if isinstance(entry, TripEntry | PassEntry):
                done.facts.append((number, seq, entry.fact))
            if isinstance(entry, ZonesEntry):
                before, shard.world = shard.world, self._world_of(entry.activation)
                effects = engine.activate(shard.state, before, shard.world, entry.activation)
            else:
                effects = engine.step(shard.state, shard.world, entry)
            if isinstance(entry, TickEntry):
                shard.estimated = estimates(effects)
                done.estimated.append(shard.estimated)
            done.effects += effects
            after = rows[0].seq - 1 if isinstance(entry, FixesEntry) else None
            needs = [effect for effect in effects if isinstance(effect, NeedsHistory)]
            done.asked += [(number, one.vehicle, Asked(one.from_ms, after)) for one in needs]
        done.records += [packed.read([row.body]) for row in rows if row.kind is Kind.FIXES]

    def _commit(
        self, done: _Round, states: Mapping[Held, bytes] | None = None, judged: Mapping[int, Asked] | None = None
    ) -> None:
        """Effects, cursors and, after judging anew, the states they rest on, all or nothing. Raises ``Lost``."""
        with self._host.engine.begin() as connection:
            late_store.keep_facts(connection, done.facts)
            late_store.ask(connection, done.asked)
            heard = newest(done.records)
            self._positioning.tell(connection, heard, self._teller.known)
            self._presence.tell(connection, heard, self._teller.known, self._place_of)
            hands_on = handed_on.keep(connection, done.effects)
            for one in done.anew:
                hands_on |= handed_on.replace(
                    connection, one.vehicle, one.effects, begin_ms=one.begin_ms, from_ms=one.from_ms
                )
            fresh = self._teller.tell(connection, [*done.effects, *(each for one in done.anew for each in one.effects)])
            if judged:
                late_store.answered(connection, judged)
            if not cursors.move(connection, done.moves):
                raise Lost(f"{self._share.holder} no longer holds all of {sorted(one.shard for one in done.moves)}")
            if states:
                cursors.write_snapshots(connection, states)
        self._share.moved(done.moves)
        if fresh:
            self._host.bus.publish(alarms.WAKE)
        if hands_on:
            self._host.bus.publish(WAKE_SECOND_STAGE)

    def _judge_late(self) -> bool:
        """Judge anew some vehicles of one shard of which something came late. The state goes with the effects: a replay
        of the log alone would not come to it."""
        self._judged = time.monotonic()
        number, shard = next(((number, one) for number, one in self._shards.items() if one.late), (0, None))
        if shard is None:
            return False
        held, chosen = self._share.held[number], dict(list(shard.late.items())[:_MOST_LATE])
        with self._host.engine.connect() as connection:
            anew = judge_anew(
                connection, self._host.settings.home, shard.state, lambda at_ms: self._worlds_since(connection, shard, at_ms),
                shard=number, cursor=held.cursor, asked=chosen,
            )  # fmt: skip
        states = {held: shard.state.snapshot()} if anew else None
        self._commit(_Round(moves={held: held.cursor}, anew=anew), states, chosen)
        for vehicle in chosen:
            del shard.late[vehicle]
        shard.is_unknown = shard.is_unknown and bool(shard.late)
        return True

    def _place_of(self, vehicle: vehicles.Vehicle) -> Position | None:
        state = self._shards[vehicle.shard].state
        slot = state.find_slot(vehicle.number)
        return None if slot is None else state.position(slot)

    def _worlds_since(self, connection: Connection, shard: _Shard, at_ms: int) -> list[tuple[int, engine.World]]:
        """The worlds the shard has gone by since then, each since when."""
        told = [one for one in activations.since(connection, at_ms) if one.at_ms <= shard.state.activation.at_ms]
        return [(one.at_ms, self._world_of(one)) for one in told] or [(at_ms, shard.world)]

    def _write_snapshots(self, shards: Sequence[int]) -> None:
        began = time.monotonic()
        chosen = {number: self._shards[number] for number in shards}
        with self._host.engine.begin() as connection:
            snapshots = {self._share.held[number]: one.state.snapshot() for number, one in chosen.items()}
            cursors.write_snapshots(connection, snapshots)
        shown = {number: np.concatenate([last_records(one.state), one.estimated]) for number, one in chosen.items()}
        live.keep(self._host.bus, shown)
        self._snapshot = time.monotonic()
        self._snapshot_took = self._snapshot - began
