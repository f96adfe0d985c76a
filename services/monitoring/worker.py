"""The worker: holds shards by lease, steps their logs through the engine, and commits effects with the cursor.

Nothing is decided here. If the commit finds that a shard is no longer held, everything known of it is dropped: whoever
holds it now reads the same log and comes to the same effects, and an alarm is known by its id.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from services.monitoring.columns import last_records
from services.monitoring.convoy import Convoy, Found, WorldOf, agreed, portions
from services.monitoring.cursors import Held
from services.monitoring.late import Judged, judge_anew
from services.monitoring.late_store import Asked
from services.monitoring.log_store import VEHICLE_SHARDS
from services.monitoring.positioning import Positioning
from services.monitoring.presence import Presence
from services.monitoring.second_stage import WAKE as WAKE_SECOND_STAGE
from services.monitoring.shares import Lost, Share
from services.monitoring.telling import Teller
from services.runtime.database import take_your_time
from services.runtime.host import Host

_SNAPSHOT_S = 5.0  # each shard's; a few at a time, so that no alarm waits for all
_AT_ONCE_S = 0.05
_PARTS = 32
_SHARE = 10  # snapshots take one part in so many of a worker's time: those of a large fleet come less often
_OLDEST_S = 300.0  # but not less often than that: whoever takes over works off again what came since
_LOADING_S = 1.0  # at once, for leases must be renewed meanwhile
_LATE_S = 2.0  # what came late waits at most so long while the road is busy
_MOST_LATE = 50  # vehicles of one shard judged anew at once
_MOST_ROWS = 12_800  # in one round
_MOST_OF_A_SHARD = 200


@dataclass(slots=True)
class _Shard:
    token: int
    convoy: Convoy
    late: dict[int, Asked] = field(default_factory=dict)  # vehicles to be judged anew
    is_unknown: bool = False  # nothing is worked off before every vehicle has been judged anew


class Worker:
    """One process's share of the shards. Not for several threads."""

    def __init__(self, host: Host, keeper: traceability.Keeper, holder: str, world_of: WorldOf) -> None:
        self._host, self._world_of = host, world_of
        self._share = Share(host.engine, holder, VEHICLE_SHARDS)
        self._shards: dict[int, _Shard] = {}
        self._snapshot = self._snapshot_took = self._judged = 0.0
        self._last, self._at_once = -1, 1  # of snapshots: the shard written last, and how many are written together
        self._teller = Teller(host, keeper)
        self._positioning, self._presence = Positioning(), Presence()

    def round(self) -> bool:
        """Work off what has arrived, or when nothing has, what came late; true when there was something."""
        self._share.renew()
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
        rest_s = min(_SHARE * self._snapshot_took, _OLDEST_S * self._at_once / len(self._shards))
        if time.monotonic() - self._snapshot > max(_SNAPSHOT_S / _PARTS, rest_s):
            self._write_some_snapshots()
        return busy or len(self._shards) < len(self._share.held)

    def close(self) -> None:
        """Let others take over at once."""
        self._write_snapshots(list(self._shards))
        self._share.leave()

    def _load(self) -> None:
        """Forget shards that are not held any more; bring the states of new ones up to their cursors: the snapshots, and the logs
        from there, whose effects are known already. It may take several rounds."""
        held, gone = self._share.held, self._gone()
        for convoy in self._convoys():
            if lost := gone & convoy.members:
                self._put(convoy.without(lost))
        for number in gone:
            del self._shards[number]
        new = [one for one in held.values() if one.shard not in self._shards]
        began = time.monotonic()
        while new and time.monotonic() - began < _LOADING_S:
            some, new = new[:4], new[4:]
            with self._host.engine.connect() as connection:
                kept = cursors.read_snapshots(connection, [one.shard for one in some])
                asked = late_store.asked(connection, [one.shard for one in some])
                for one in some:
                    found = self._restored(connection, one, *kept.get(one.shard, (0, None)))
                    if found is None:
                        self._shards[one.shard] = self._begin_anew(one)
                    else:
                        self._shards[one.shard] = _Shard(one.token, found, asked.get(one.shard, {}))
        self._close_ranks()

    def _gone(self) -> set[int]:
        """The shards known here that others hold now, or held meanwhile."""
        held = self._share.held
        return {number for number, one in self._shards.items() if number not in held or one.token != held[number].token}

    def _convoys(self) -> list[Convoy]:
        return list(dict.fromkeys(one.convoy for one in self._shards.values()))

    def _put(self, convoy: Convoy) -> None:
        for number in convoy.members:
            self._shards[number].convoy = convoy

    def _close_ranks(self) -> None:
        """Shards that have been told the same go on together."""
        level = defaultdict[tuple[object, ...], list[Convoy]](list)
        for convoy in self._convoys():
            if not any(self._shards[number].is_unknown for number in convoy.members):
                level[convoy.told].append(convoy)
        for convoys in level.values():
            first, *others = sorted(convoys, key=lambda one: len(one.members), reverse=True)
            if others:
                first.join(others)
                self._put(first)

    def _restored(self, connection: Connection, held: Held, after: int, snapshot: bytes | None) -> Convoy | None:
        """The shard at its cursor; ``None`` when snapshot and log do not lead there."""
        state = rebuilding.restored(snapshot, held.shard)
        if state is None:
            return None
        convoy = Convoy(self._world_of, {held.shard: state})
        while after < held.cursor:
            rows = log_store.read(connection, held.shard, after, min(2_000, held.cursor - after))
            if not rows or rows[0].seq != after + 1:  # it has left the log
                return None
            of_shard = {held.shard: rows}
            convoy.advance(of_shard, agreed(of_shard, convoy.members, len(rows) + 1)[0])
            after = rows[-1].seq
        return convoy

    def _begin_anew(self, held: Held) -> _Shard:
        with self._host.engine.begin() as connection:
            state = rebuilding.begin_anew(connection, held)
            late = late_store.asked(connection, [held.shard]).get(held.shard, {})
        return _Shard(held.token, Convoy(self._world_of, {held.shard: state}), late, is_unknown=bool(late))

    def _work_off(self) -> bool:
        with self._host.engine.connect() as connection:
            after = {
                number: self._share.held[number].cursor for number, one in self._shards.items() if not one.is_unknown
            }
            most = min(_MOST_OF_A_SHARD, _MOST_ROWS // max(1, len(after)))
            rows = log_store.read_many(connection, after, most)
        for convoy in self._convoys():
            self._advance(convoy, {number: rows[number] for number in convoy.members & rows.keys()}, most)
        self._close_ranks()
        return bool(rows)

    def _advance(self, convoy: Convoy, rows: Mapping[int, Sequence[log_store.Row]], most: int) -> None:
        if not rows:
            return
        marks, astray = agreed(rows, convoy.members, most)
        if astray:
            for one in (convoy.without(astray), *map(convoy.apart, sorted(astray))):
                self._put(one)
                self._advance(one, {number: rows[number] for number in one.members & rows.keys()}, most)
            return
        found = convoy.advance(rows, marks)
        for place, portion in enumerate(portions(convoy, found)):
            if place:
                self._hold_on()
            self._commit(portion)
        for number, vehicle, need in found.asked:
            late = self._shards[number].late
            late[vehicle] = need.joined(late.get(vehicle))
        seen = [some for some in (*found.records, *found.estimated) if len(some)]
        if seen:
            live.publish(self._host.bus, np.concatenate(seen))

    def _hold_on(self) -> None:
        """Renew the leases in the middle of a round. Raises ``Lost`` when any shard went elsewhere meanwhile."""
        if self._share.renew() and (gone := self._gone()):
            raise Lost(f"{self._share.holder} no longer holds {sorted(gone)}")

    def _commit(
        self,
        found: Found,
        anew: Sequence[Judged] = (),
        states: Mapping[int, bytes] | None = None,
        judged: Mapping[int, Asked] | None = None,
    ) -> None:
        """Effects, cursors and, after judging anew, the states they rest on, all or nothing. Raises ``Lost``."""
        held = self._share.held
        moves = {held[number]: seq for number, seq in found.reached.items()}
        with self._host.engine.begin() as connection:
            late_store.keep_facts(connection, found.facts)
            late_store.ask(connection, found.asked)
            self._positioning.tell(connection, found.records, self._teller.known)
            self._presence.tell(connection, found.records, self._teller.known, self._place_of)
            hands_on = handed_on.keep(connection, found.effects)
            for one in anew:
                hands_on |= handed_on.replace(
                    connection, one.vehicle, one.effects, begin_ms=one.begin_ms, from_ms=one.from_ms
                )
            fresh = self._teller.tell(connection, [*found.effects, *(each for one in anew for each in one.effects)])
            if judged:
                late_store.answered(connection, judged)
            if not cursors.move(connection, moves):
                raise Lost(f"{self._share.holder} no longer holds all of {sorted(found.reached)}")
            if states:
                cursors.write_snapshots(connection, {held[number]: state for number, state in states.items()})
        self._share.moved(moves)
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
        cursor, chosen = self._share.held[number].cursor, dict(list(shard.late.items())[:_MOST_LATE])
        convoy = shard.convoy
        convoy.meet({number: chosen})
        with self._host.engine.connect() as connection:
            take_your_time(connection)
            anew = judge_anew(
                connection, self._host.settings.home, convoy.state, lambda at_ms: self._worlds_since(connection, convoy, at_ms),
                shard=number, cursor=cursor, asked=chosen,
            )  # fmt: skip
        states = {number: part.snapshot() for number, part in convoy.parts([number]).items()} if anew else None
        self._commit(Found(reached={number: cursor}), anew, states, chosen)
        for vehicle in chosen:
            del shard.late[vehicle]
        shard.is_unknown = shard.is_unknown and bool(shard.late)
        return True

    def _place_of(self, vehicle: vehicles.Vehicle) -> Position | None:
        state = self._shards[vehicle.shard].convoy.state
        slot = state.find_slot(vehicle.number)
        return None if slot is None else state.position(slot)

    def _worlds_since(self, connection: Connection, convoy: Convoy, at_ms: int) -> list[tuple[int, engine.World]]:
        """The worlds the shard has gone by since then, each since when."""
        told = [one for one in activations.since(connection, at_ms) if one.at_ms <= convoy.state.activation.at_ms]
        return [(one.at_ms, self._world_of(one)) for one in told] or [(at_ms, convoy.world)]

    def _write_some_snapshots(self) -> None:
        """Those whose turn it is, as many as are written in a moment."""
        count = min(self._at_once, len(self._shards))
        turn = sorted(self._shards, key=lambda number: (number <= self._last, number))[:count]
        self._write_snapshots(turn)
        self._last = turn[-1]
        if self._snapshot_took > _AT_ONCE_S:
            self._at_once = max(1, count // 2)
        elif self._snapshot_took < _AT_ONCE_S / 2:
            self._at_once = count * 2

    def _write_snapshots(self, shards: Sequence[int]) -> None:
        began = time.monotonic()
        shown: dict[int, packed.Records] = {}
        states: dict[Held, bytes] = {}
        for number in shards:
            convoy = self._shards[number].convoy
            part = convoy.parts([number])[number]
            states[self._share.held[number]] = part.snapshot()
            guesses = convoy.estimated[np.isin(convoy.estimated["vehicle"], part.vehicle)]
            shown[number] = np.concatenate([last_records(part), guesses])
        with self._host.engine.begin() as connection:
            cursors.write_snapshots(connection, states)
        live.keep(self._host.bus, shown)
        self._snapshot = time.monotonic()
        self._snapshot_took = self._snapshot - began
