"""Judging vehicles anew from their stored fixes when something came late; what was told is amended, never rewritten.

A history must begin before whatever was going on when the late fix was made: each vehicle's goes back as far as it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from services.monitoring import engine, figures_store, late_store, packed, parquet, track
from services.monitoring.columns import to_fixes
from services.monitoring.late_store import Asked
from services.monitoring.model import Effect
from services.monitoring.repeats import without_repeats
from services.monitoring.scoring import begins_ms, day_of

BEFORE_MS = 48 * 3_600_000  # so that rests and the day's driving are seen
_ABOUT_MS = 3_600_000  # of that nobody minds
_DAY_MS = 86_400_000
_EVER = 1 << 61

WorldsSince = Callable[[int], Sequence[tuple[int, engine.World]]]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a vehicle did, judged anew: its history begins at ``begin_ms``, and nothing has changed that was over before ``from_ms``."""

    vehicle: int
    effects: list[Effect]
    begin_ms: int
    from_ms: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the fixes of a shard are found, up to the cursor."""

    connection: Connection
    home: Path
    shard: int
    cursor: int

    def fixes(self, vehicles: Iterable[int], begin_ms: int, end_ms: int = _EVER) -> dict[int, packed.Records]:
        return track.of_vehicles(
            self.connection, self.home, self.shard, list(vehicles), begin_ms, end_ms, upto=self.cursor
        )


def judge_anew(
    connection: Connection,
    home: Path,
    state: engine.ShardState,
    worlds_since: WorldsSince,
    *,
    shard: int,
    cursor: int,
    asked: Mapping[int, Asked],
) -> list[Judged]:
    """Make the state what it would be had everything up to the cursor come in time. A vehicle that only repeated what is known is
    left alone.

    ``worlds_since`` gives the worlds in force since some moment, each since when.
    """
    since = without_repeats(connection, home, shard, cursor, asked)
    begun = late_store.begun(connection, since)
    place = _Place(connection, home, shard, cursor)
    found = []
    for vehicles in _together(
        {vehicle: min(from_ms, begun.get(vehicle, from_ms)) for vehicle, from_ms in since.items()}
    ):
        history = _history(place, vehicles)
        begins = {vehicle: begin_ms for vehicle, (begin_ms, _) in history.items()}
        facts, told = late_store.facts_since(connection, begins), late_store.told_since(connection, begins)
        worlds = {begin_ms: worlds_since(begin_ms) for begin_ms in set(begins.values())}
        for vehicle, (begin_ms, records) in history.items():
            effects = engine.recompute(
                state, worlds[begin_ms], vehicle, to_fixes(records), facts.get(vehicle, []), told.get(vehicle, []),
                begin_ms=begin_ms, from_ms=since[vehicle],
            )  # fmt: skip
            found.append(Judged(vehicle, effects, begin_ms, since[vehicle]))
    return found


def _together(moments: Mapping[int, int]) -> list[dict[int, int]]:
    """The vehicles grouped by day, so that one that needs a month makes nobody else read it."""
    ordered = sorted(moments.items(), key=lambda one: one[1])
    return [dict(group) for _, group in groupby(ordered, key=lambda one: one[1] // _DAY_MS)]


def _history(place: _Place, moments: Mapping[int, int]) -> dict[int, tuple[int, packed.Records]]:
    """From when on, and the fixes since then: two days before the vehicle was last seen before its moment.

    How it stood and where it was when it fell silent is judged with what comes after, however long the silence.
    """
    begin_ms = min(moments.values()) - BEFORE_MS
    recent = place.fixes(moments, begin_ms)
    seen = {vehicle: _last_seen(recent[vehicle], at_ms) for vehicle, at_ms in moments.items()}
    unseen = {vehicle: begin_ms for vehicle, at_ms in seen.items() if at_ms is None}
    begins = {vehicle: at_ms - BEFORE_MS for vehicle, at_ms in seen.items() if at_ms is not None}
    begins |= {vehicle: day_ms - BEFORE_MS for vehicle, day_ms in _last_days(place.connection, unseen).items()}
    earlier = {vehicle: at_ms for vehicle, at_ms in begins.items() if at_ms < begin_ms - _ABOUT_MS}
    history = {vehicle: (begin_ms, records) for vehicle, records in recent.items()}
    for vehicles in _together(earlier):
        from_ms = min(vehicles.values())
        for vehicle, records in place.fixes(vehicles, from_ms, begin_ms).items():
            history[vehicle] = from_ms, parquet.in_order(np.concatenate([records, recent[vehicle]]))
    return history


def _last_seen(records: packed.Records, before_ms: int) -> int | None:
    placed = records["time_ms"][(records["flags"] & packed.POSITIONED) != 0]
    place = int(np.searchsorted(placed, before_ms))
    return int(placed[place - 1]) if place else None


def _last_days(connection: Connection, moments: Mapping[int, int]) -> dict[int, int]:
    """When the last day with a fix before its moment began, of the vehicles that have any. What is so old has been counted."""
    found = figures_store.last_days(connection, {vehicle: day_of(at_ms) for vehicle, at_ms in moments.items()})
    return {vehicle: begins_ms(day) for vehicle, day in found.items()}
