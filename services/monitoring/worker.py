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

from services import alarms, traceability
from services.monitoring import cursors, engine, late_store, live, log_store, packed, vehicles
from services.monitoring.columns import entries, last_records
from services.monitoring.cursors import Held
from services.monitoring.facts import TripFact
from services.monitoring.late import judge_anew
from services.monitoring.log_store import SHARDS, Kind, Row
from services.monitoring.model import (
    AlarmRaised,
    AlarmRevised,
    AlarmWithdrawn,
    Effect,
    NeedsHistory,
    TripEntry,
    ZonesEntry,
)
from services.monitoring.positioning import Positioning
from services.monitoring.raising import to_alarm
from services.runtime.host import Host

LEASE_S = 6.0
_RENEW_S = 2.0
_SNAPSHOT_S = 5.0  # each shard's; a part of them at a time, so that no alarm waits for all
_PARTS = 32
_LATE_S = 2.0  # what came late waits at most so long while the road is busy
_MOST_LATE = 50  # vehicles of one shard judged anew at once
_MOST_ROWS = 200  # of one shard in one round

WorldOf = Callable[[int], engine.World]


class Lost(Exception):
    """A shard is not held any more."""


@dataclass(slots=True)
class _Shard:
    held: Held
    state: engine.ShardState
    world: engine.World
    late: dict[int, int] = field(default_factory=dict)  # vehicle -> from when on to judge it anew


@dataclass(slots=True)
class _Round:
    """What one round came to, before it is committed."""

    moves: dict[Held, int] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    facts: list[tuple[int, int, TripFact]] = field(default_factory=list)
    needs: list[tuple[int, NeedsHistory]] = field(default_factory=list)
    records: list[packed.Records] = field(default_factory=list)


class Worker:
    """One process's share of the shards. Not for several threads."""

    def __init__(self, host: Host, keeper: traceability.Keeper, holder: str, world_of: WorldOf) -> None:
        self._host, self._keeper, self._holder, self._world_of = host, keeper, holder, world_of
        self._shards: dict[int, _Shard] = {}
        self._renewed = self._snapshot = self._judged = 0.0
        self._part = 0
        self._vehicles: dict[int, vehicles.Vehicle] = {}
        self._positioning = Positioning()

    def round(self) -> bool:
        """Work off what has arrived, or when nothing has, what came late; true when there was something."""
        if time.monotonic() - self._renewed > _RENEW_S:
            self._renew()
        if not self._shards:
            return False
        try:
            busy = self._work_off()
            if not busy or time.monotonic() - self._judged > _LATE_S:
                busy = self._judge_late() or busy
        except Exception:
            self._shards.clear()  # the states are ahead of the cursors: read again from the snapshots
            self._renewed = 0.0
            raise
        if time.monotonic() - self._snapshot > _SNAPSHOT_S / _PARTS:
            self._part = (self._part + 1) % _PARTS
            self._write_snapshots([one for one in self._shards.values() if one.held.shard % _PARTS == self._part])
        return busy

    def close(self) -> None:
        """Let others take over at once."""
        self._write_snapshots(list(self._shards.values()))
        with self._host.engine.begin() as connection:
            cursors.leave(connection, self._holder)

    def _renew(self) -> None:
        with self._host.engine.begin() as connection:
            fair = -(-SHARDS // cursors.be_present(connection, self._holder, seconds=LEASE_S))
            held = cursors.take(connection, self._holder, seconds=LEASE_S, most=fair)
            if len(held) > fair:
                surplus = [one.shard for one in held[fair:]]
                cursors.give_back(connection, self._holder, surplus)
                held = held[:fair]
        self._renewed = time.monotonic()
        now_held = {one.shard: one for one in held}
        for number in list(self._shards):
            if number not in now_held or self._shards[number].held.token != now_held[number].token:
                del self._shards[number]
        self._load([one for one in held if one.shard not in self._shards])

    def _load(self, new: Sequence[Held]) -> None:
        """The shards' states at their cursors: the snapshots, and the logs from there, whose effects are known already."""
        if not new:
            return
        with self._host.engine.connect() as connection:
            kept = cursors.read_snapshots(connection, [one.shard for one in new])
            asked = late_store.asked(connection, [one.shard for one in new])
            for held in new:
                after, state = 0, engine.ShardState()
                if held.shard in kept:
                    after, state = kept[held.shard][0], engine.ShardState.restore(kept[held.shard][1])
                shard = _Shard(held, state, self._world_of(state.change), asked.get(held.shard, {}))
                while after < held.cursor:
                    rows = log_store.read(connection, held.shard, after, min(2_000, held.cursor - after))
                    self._step(shard, rows, _Round())
                    after = rows[-1].seq
                self._shards[held.shard] = shard

    def _work_off(self) -> bool:
        with self._host.engine.connect() as connection:
            after = {number: shard.held.cursor for number, shard in self._shards.items()}
            found = log_store.read_many(connection, after, _MOST_ROWS)
        if not found:
            return False
        done = _Round()
        for number, rows in found.items():
            shard = self._shards[number]
            self._step(shard, rows, done)
            done.moves[shard.held] = rows[-1].seq
        self._commit(done)
        for shard_number, need in done.needs:
            late = self._shards[shard_number].late
            late[need.vehicle] = min(need.from_ms, late.get(need.vehicle, need.from_ms))
        if done.records:
            live.publish(self._host.bus, np.concatenate(done.records))
        return True

    def _step(self, shard: _Shard, rows: Sequence[Row], done: _Round) -> None:
        number = shard.held.shard
        for seq, entry in entries(rows):
            if isinstance(entry, ZonesEntry):
                shard.world = self._world_of(entry.change)
            elif isinstance(entry, TripEntry):
                done.facts.append((number, seq, entry.fact))
            effects = engine.step(shard.state, shard.world, entry)
            done.effects += effects
            done.needs += [(number, effect) for effect in effects if isinstance(effect, NeedsHistory)]
        done.records += [packed.read([row.body]) for row in rows if row.kind is Kind.FIXES]

    def _commit(
        self, done: _Round, states: Mapping[Held, bytes] | None = None, judged: Mapping[int, int] | None = None
    ) -> None:
        """Effects, cursors and, after judging anew, the states they rest on, all or nothing. Raises ``Lost``."""
        with self._host.engine.begin() as connection:
            late_store.keep_trips(connection, done.facts)
            late_store.ask(connection, done.needs)
            self._positioning.tell(connection, done.records, self._known)
            fresh = self._put_alarms(connection, done.effects)
            if judged:
                late_store.answered(connection, judged)
            if not cursors.move(connection, done.moves):
                raise Lost(f"{self._holder} no longer holds all of {sorted(one.shard for one in done.moves)}")
            if states:
                cursors.write_snapshots(connection, states)
        for held, seq in done.moves.items():
            self._shards[held.shard].held = Held(held.shard, held.token, seq)
        if fresh:
            self._host.bus.publish(alarms.WAKE)

    def _put_alarms(self, connection: Connection, effects: Sequence[Effect]) -> bool:
        said = [one for one in effects if isinstance(one, AlarmRaised | AlarmRevised | AlarmWithdrawn)]
        if not said:
            return False
        known = self._known(connection, {one.vehicle for one in said})
        late_store.keep_told(connection, said)
        told = [to_alarm(one, known[one.vehicle]) for one in said]
        return bool(alarms.put_alarms(connection, self._keeper, told, self._host.clock.now()))

    def _judge_late(self) -> bool:
        """Judge anew some vehicles of one shard of which something came late. The state goes with the effects: a replay
        of the log alone would not come to it."""
        self._judged = time.monotonic()
        shard = next((one for one in self._shards.values() if one.late), None)
        if shard is None:
            return False
        chosen = dict(list(shard.late.items())[:_MOST_LATE])
        done = _Round(moves={shard.held: shard.held.cursor})
        with self._host.engine.connect() as connection:
            done.effects = judge_anew(
                connection, self._host.settings.home, shard.state, shard.world,
                shard=shard.held.shard, cursor=shard.held.cursor, since=chosen,
            )  # fmt: skip
        self._commit(done, {shard.held: shard.state.snapshot()}, chosen)
        for vehicle in chosen:
            del shard.late[vehicle]
        return True

    def _known(self, connection: Connection, numbers: set[int]) -> dict[int, vehicles.Vehicle]:
        """Who these vehicles are; owners change seldom, and an alarm of a vehicle just sold still goes to who drove it."""
        if unknown := numbers - self._vehicles.keys():
            self._vehicles |= vehicles.by_number(connection, unknown)
        return self._vehicles

    def _write_snapshots(self, shards: Sequence[_Shard]) -> None:
        with self._host.engine.begin() as connection:
            cursors.write_snapshots(connection, {shard.held: shard.state.snapshot() for shard in shards})
        live.keep(self._host.bus, {shard.held.shard: last_records(shard.state) for shard in shards})
        self._snapshot = time.monotonic()
