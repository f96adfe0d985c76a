"""Telling what is new among late fixes from what a gateway sends again: a pure repeat needs no judging anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from services.monitoring import archive, log_store, packed, track
from services.monitoring.late_store import Asked

Int64s = npt.NDArray[np.int64]

_EVER = 1 << 61


def without_repeats(
    connection: Connection, home: Path, shard: int, cursor: int, asked: Mapping[int, Asked]
) -> dict[int, int]:
    """From when on each vehicle is to be judged anew: the earliest fix that came late and was not known. Vehicles without any are
    left out.

    What is archived does not tell any more when it came: then, and without a place in the log, what is asked for stands.
    """
    told = {vehicle: one.after for vehicle, one in asked.items() if one.after is not None}
    since = {vehicle: one.from_ms for vehicle, one in asked.items() if vehicle not in told}
    if not told:
        return since
    after, begin_ms = min(told.values()), min(asked[vehicle].from_ms for vehicle in told)
    known = track.of_vehicles(connection, home, shard, list(told), begin_ms, _EVER, upto=after)
    body = log_store.fixes_between(
        connection, shard, after=after, upto=cursor, first_ms=begin_ms, last_ms=_EVER, vehicles=told
    )
    came = packed.read([body])
    if archive.parts(connection, shard, 0, 0)[0] > after:
        return {vehicle: one.from_ms for vehicle, one in asked.items()}
    for vehicle in told:
        first_ms = first_new(known[vehicle]["time_ms"], came["time_ms"][came["vehicle"] == vehicle])
        if first_ms is not None:
            since[vehicle] = first_ms
    return since


def first_new(known: Int64s, came: Int64s) -> int | None:
    """The earliest time that came after a later one and had not been known: ``known`` in order of time, ``came`` as it arrived."""
    newest = np.maximum.accumulate(np.concatenate([[-1], known[-1:], came]))[-len(came) - 1 : -1]  # before each
    place = np.searchsorted(known, came)
    is_new = place == np.searchsorted(known, came, side="right")
    is_new[np.setdiff1d(np.arange(len(came)), np.unique(came, return_index=True)[1])] = False  # sent twice since
    late = came[is_new & (came < newest)]
    return int(late.min()) if len(late) else None
