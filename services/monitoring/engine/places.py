"""Which places are believed: a vehicle does not jump. What does not fit is set aside until another fix agrees with it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.position import distances_m
from services.monitoring.engine.batch import Batch, Outbox, Rows, before
from services.monitoring.engine.state import ShardState
from services.monitoring.engine.world import World
from services.monitoring.fixes import POSITIONED

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def believed(state: ShardState, world: World, rows: Rows, out: Outbox) -> Batch:
    """Split the rows into good and odd ones, and give each good row the place it came from."""
    placed = rows.take((rows.flags & POSITIONED) != 0)
    columns, first = state.columns, placed.first
    came = _came(state, placed)
    jumps = _jumps(world, *came, placed.time, placed.latitude, placed.longitude)
    odd = np.zeros(len(placed), dtype=bool)
    broken = np.zeros(len(placed), dtype=bool)
    doubted = jumps | (first & (columns["odd_ms"][placed.slot] >= 0))
    if doubted.any():
        for slot in np.unique(placed.slot[doubted]).tolist():
            _settle(state, world, placed, slot, odd, broken)
    good = placed.take(~odd)
    if odd.any():
        came = _came(state, good)
    from_ms, from_latitude, from_longitude = came
    from_ms = np.where(broken[~odd], -1, from_ms)
    return Batch(state, world, rows, good, from_ms, from_latitude, from_longitude, placed.take(odd), out)


def _came(state: ShardState, rows: Rows) -> tuple[Int64s, Int64s, Int64s]:
    """Time, latitude and longitude of the believed row before each row."""
    first, columns = rows.first, state.columns
    slots = rows.slot[first]
    return (
        before(rows.time, first, columns["good_ms"][slots]),
        before(rows.latitude, first, columns["good_latitude"][slots]),
        before(rows.longitude, first, columns["good_longitude"][slots]),
    )


def _jumps(
    world: World,
    from_ms: Int64s,
    from_latitude: Int64s,
    from_longitude: Int64s,
    ms: Int64s,
    latitude: Int64s,
    longitude: Int64s,
) -> Mask:
    """Steps faster than any lorry; noise of a few metres in a short time is none."""
    limits = world.thresholds
    seconds = np.maximum(ms - from_ms, 1) / 1000
    # metres of latitude and longitude without narrowing: never less than the distance, and cheap
    roughly = (np.abs(latitude - from_latitude) + np.abs(longitude - from_longitude)) * 0.0112
    reach = limits.drift_slack_m + seconds * (limits.drift_kmh / 3.6)
    jumps: Mask = (from_ms >= 0) & (roughly > reach)
    rows = np.flatnonzero(jumps)
    metres = distances_m(latitude[rows], longitude[rows], from_latitude[rows], from_longitude[rows])
    jumps[rows] = metres > reach[rows]
    return jumps


def _settle(state: ShardState, world: World, placed: Rows, slot: int, odd: Mask, broken: Mask) -> None:
    """Go through one vehicle's rows one by one: an odd place is believed once the next one could be driven to from it."""
    columns = state.columns
    good = tuple(int(columns[name][slot]) for name in ("good_ms", "good_latitude", "good_longitude"))
    doubt = tuple(int(columns[name][slot]) for name in ("odd_ms", "odd_latitude", "odd_longitude"))
    begin, end = np.searchsorted(placed.slot, [slot, slot + 1]).tolist()
    for row in range(begin, end):
        here = int(placed.time[row]), int(placed.latitude[row]), int(placed.longitude[row])
        if not _is_jump(world, good, here):
            good, doubt = here, (-1, 0, 0)
        elif doubt[0] >= 0 and not _is_jump(world, doubt, here):
            good, doubt, broken[row] = here, (-1, 0, 0), True
        else:
            doubt, odd[row] = here, True
    columns["odd_ms"][slot], columns["odd_latitude"][slot], columns["odd_longitude"][slot] = doubt


def _is_jump(world: World, one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return bool(_jumps(world, *(np.array([value], dtype=np.int64) for value in (*one, *other)))[0])


def remember(batch: Batch) -> None:
    """Take the newest rows over into the state, when all detectors have seen the batch."""
    columns, rows, good = batch.state.columns, batch.rows, batch.good
    last = rows.take(rows.last)
    columns["heard_ms"][last.slot] = last.time
    columns["heard_engine"][last.slot] = (last.flags & 1) != 0
    last = good.take(good.last)
    for name, values in (
        ("good_ms", last.time), ("good_latitude", last.latitude), ("good_longitude", last.longitude),
        ("good_speed", last.speed), ("good_heading", last.heading), ("good_odometer", last.odometer),
    ):  # fmt: skip
        columns[name][last.slot] = values
