"""The worker: holds shards by lease, steps their logs through the engine, and commits effects with the cursor.

Nothing is decided here. If the commit finds that a shard is no longer held, everything known of it is dropped: whoever
holds it now reads the same log and comes to the same effects, and an alarm is known by its id.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import Connection

from hazway import cbor
from services import alarms, traceability
from services.monitoring import engine, live, log_store, packed, vehicles
from services.monitoring.facts import TripFact
from services.monitoring.fixes import Fixes
from services.monitoring.log_store import SHARDS, Held, Kind, Row
from services.monitoring.model import (
    Alarm,
    AlarmRaised,
    AlarmRevised,
    AlarmWithdrawn,
    Effect,
    Entry,
    FixesEntry,
    TickEntry,
    TripEntry,
    ZonesEntry,
)
from services.monitoring.positioning import Positioning
from services.monitoring.texts import alarm_text
from services.runtime.host import Host

LEASE_S = 6.0
_RENEW_S = 2.0
_SNAPSHOT_S = 5.0
_MOST_ROWS = 200  # of one shard in one round
_log = logging.getLogger("hazway.monitoring")

WorldOf = Callable[[int], engine.World]


class Lost(Exception):
    """A shard is not held any more."""


@dataclass(slots=True)
class _Shard:
    held: Held
    state: engine.ShardState
    world: engine.World


class Worker:
    """One process's share of the shards. Not for several threads."""

    def __init__(self, host: Host, keeper: traceability.Keeper, holder: str, world_of: WorldOf) -> None:
        self._host, self._keeper, self._holder, self._world_of = host, keeper, holder, world_of
        self._shards: dict[int, _Shard] = {}
        self._renewed = self._snapshot = 0.0
        self._vehicles: dict[int, vehicles.Vehicle] = {}
        self._positioning = Positioning()

    def round(self) -> bool:
        """Work off what has arrived; true when there was something."""
        if time.monotonic() - self._renewed > _RENEW_S:
            self._renew()
        if not self._shards:
            return False
        with self._host.engine.connect() as connection:
            after = {number: shard.held.cursor for number, shard in self._shards.items()}
            found = log_store.read_many(connection, after, _MOST_ROWS)
        if found:
            try:
                self._work(found)
            except Exception:
                self._shards.clear()  # the states are ahead of the cursors: read again from the snapshots
                self._renewed = 0.0
                raise
        if time.monotonic() - self._snapshot > _SNAPSHOT_S:
            self._write_snapshots()
        return bool(found)

    def close(self) -> None:
        """Let others take over at once."""
        self._write_snapshots()
        with self._host.engine.begin() as connection:
            log_store.give_back(connection, self._holder, list(self._shards))

    def _renew(self) -> None:
        with self._host.engine.begin() as connection:
            workers = max(1, log_store.holders(connection, besides=self._holder) + 1)
            fair = -(-SHARDS // workers)
            held = log_store.take(connection, self._holder, seconds=LEASE_S, most=fair)
            if len(held) > fair:
                surplus = [one.shard for one in held[fair:]]
                log_store.give_back(connection, self._holder, surplus)
                held = held[:fair]
        self._renewed = time.monotonic()
        now_held = {one.shard: one for one in held}
        for number in list(self._shards):
            if number not in now_held or self._shards[number].held.token != now_held[number].token:
                del self._shards[number]
        for one in held:
            if one.shard not in self._shards:
                self._shards[one.shard] = self._load(one)

    def _load(self, held: Held) -> _Shard:
        """The shard's state at its cursor: the snapshot, and the log from there; effects of that stretch are known already."""
        with self._host.engine.connect() as connection:
            kept = log_store.read_snapshot(connection, held.shard)
            after, state = (0, engine.ShardState()) if kept is None else (kept[0], engine.ShardState.restore(kept[1]))
            shard = _Shard(held, state, self._world_of(state.change))
            while after < held.cursor:
                rows = [row for row in log_store.read(connection, held.shard, after, 2_000) if row.seq <= held.cursor]
                for _ in self._step(shard, rows):
                    pass
                after = rows[-1].seq
        return shard

    def _work(self, found: dict[int, list[Row]]) -> None:
        effects: list[Effect] = []
        moved: list[packed.Records] = []
        moves: dict[Held, int] = {}
        for number, rows in found.items():
            shard = self._shards[number]
            effects.extend(self._step(shard, rows))
            moves[shard.held] = rows[-1].seq
            moved.extend(packed.read([row.body]) for row in rows if row.kind is Kind.FIXES)
        with self._host.engine.begin() as connection:
            fresh = alarms.put_alarms(
                connection, self._keeper, self._alarms(connection, effects), self._host.clock.now()
            )
            self._positioning.tell(connection, moved, self._known)
            if not log_store.move_cursors(connection, moves):
                raise Lost(f"{self._holder} no longer holds all of {sorted(found)}")
        for held, seq in moves.items():
            self._shards[held.shard].held = Held(held.shard, held.token, seq)
        if fresh:
            self._host.bus.publish(alarms.WAKE)
        if moved:
            live.publish(self._host.bus, np.concatenate(moved))

    def _step(self, shard: _Shard, rows: Sequence[Row]) -> Iterable[Effect]:
        for entry in entries(rows):
            if isinstance(entry, ZonesEntry):
                shard.world = self._world_of(entry.change)
            yield from engine.step(shard.state, shard.world, entry)

    def _alarms(self, connection: Connection, effects: Sequence[Effect]) -> list[alarms.Alarm]:
        said = [one for one in effects if isinstance(one, AlarmRaised | AlarmRevised | AlarmWithdrawn)]
        known = self._known(connection, {one.vehicle for one in said})
        return [to_alarm(one, known[one.vehicle]) for one in said]

    def _known(self, connection: Connection, numbers: set[int]) -> dict[int, vehicles.Vehicle]:
        """Who these vehicles are; owners change seldom, and an alarm of a vehicle just sold still goes to who drove it."""
        if unknown := numbers - self._vehicles.keys():
            self._vehicles |= vehicles.by_number(connection, unknown)
        return self._vehicles

    def _write_snapshots(self) -> None:
        with self._host.engine.begin() as connection:
            for number, shard in self._shards.items():
                log_store.write_snapshot(connection, number, shard.held.cursor, shard.state.snapshot())
        for number, shard in self._shards.items():
            live.keep(self._host.bus, number, _records(shard.state))
        self._snapshot = time.monotonic()


def entries(rows: Sequence[Row]) -> Iterable[Entry]:
    """The rows as the engine takes them; neighbouring batches of fixes become one, which changes nothing but the speed."""
    pending: list[bytes] = []
    for row in rows:
        if row.kind is Kind.FIXES:
            pending.append(row.body)
            continue
        if pending:
            yield FixesEntry(_fixes(packed.read(pending)))
            pending = []
        if row.kind is Kind.TRIP:
            yield TripEntry(TripFact.decode(row.body))
        elif row.kind is Kind.ZONES:
            yield ZonesEntry(cbor.loads(row.body)["change"])
        else:
            yield TickEntry(cbor.loads(row.body)["at_ms"])
    if pending:
        yield FixesEntry(_fixes(packed.read(pending)))


def to_alarm(said: Alarm, vehicle: vehicles.Vehicle) -> alarms.Alarm:
    """The engine's alarm as the desk knows it."""
    zh, en = alarm_text(said.kind, said.evidence)
    return alarms.Alarm(
        id=said.id,
        kind=alarms.Kind[said.kind.name],
        vehicle_id=vehicle.vehicle_id,
        carrier_id=said.carrier_id or vehicle.carrier_id,
        division=vehicle.division,
        waybill_id=said.waybill_id,
        zone_id=said.zone_id,
        occurred_at=_at(said.occurred_ms),
        ended_at=None if said.ended_ms is None else _at(said.ended_ms),
        position=None if said.position is None else (said.position.latitude_e7, said.position.longitude_e7),
        evidence=said.evidence,
        revision=said.revision,
        state=alarms.State.WITHDRAWN if isinstance(said, AlarmWithdrawn) else alarms.State.OPEN,
        text_zh=zh,
        text_en=en,
    )


def _at(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def _fixes(records: packed.Records) -> Fixes:
    wide, narrow = np.int64, np.int32
    return Fixes(
        records["vehicle"].astype(wide),
        records["time_ms"].astype(wide),
        records["latitude_e7"].astype(wide),
        records["longitude_e7"].astype(wide),
        records["speed_dkmh"].astype(narrow),
        records["heading_deg"].astype(narrow),
        records["accuracy_dm"].astype(narrow),
        records["flags"].astype(narrow),
        records["odometer_dm"].astype(wide),
    )


def _records(state: engine.ShardState) -> packed.Records:
    """The newest believable position of each vehicle of the shard."""
    columns = state.columns
    records = np.zeros(len(state), dtype=packed.RECORD)
    records["vehicle"] = state.vehicle
    records["flags"] = packed.POSITIONED
    for name, kept in (
        ("time_ms", "good_ms"),
        ("latitude_e7", "good_latitude"),
        ("longitude_e7", "good_longitude"),
        ("speed_dkmh", "good_speed"),
        ("heading_deg", "good_heading"),
        ("odometer_dm", "good_odometer"),
    ):
        records[name] = columns[kept][: len(state)]
    placed: packed.Records = records[records["time_ms"] >= 0]
    return placed
