"""Fixes as they lie in a shard's log: fixed records of 35 bytes, little endian, so that a batch is read without a copy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# ``vehicle`` is the store's number; flags: 1 engine on, 2 positioned, 4 supplement (late from a dead zone), and in live state
# alone 8 estimated: where a vehicle silent in a tunnel should be.
RECORD = np.dtype(
    [
        ("vehicle", "<u4"),
        ("time_ms", "<i8"),
        ("latitude_e7", "<i4"),
        ("longitude_e7", "<i4"),
        ("speed_dkmh", "<u2"),
        ("heading_deg", "<u2"),
        ("accuracy_dm", "<u2"),
        ("flags", "u1"),
        ("odometer_dm", "<i8"),
    ]
)
ENGINE_ON, POSITIONED, SUPPLEMENT, ESTIMATED = 1, 2, 4, 8

Records = npt.NDArray[np.void]


def by_shard(records: Records, shards: npt.NDArray[np.int64]) -> list[tuple[int, bytes, int, int]]:
    """The records cut by shard, each shard's in the order given: shard, bytes for its log, first and last time in them."""
    if not len(records):
        return []
    order = np.argsort(shards.astype(np.uint8), kind="stable")  # radix sort
    ordered, numbers = records[order], shards[order]
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    times = np.ascontiguousarray(ordered["time_ms"])
    first, last = np.minimum.reduceat(times, starts).tolist(), np.maximum.reduceat(times, starts).tolist()
    raw, size = ordered.tobytes(), RECORD.itemsize
    ends = [*starts[1:].tolist(), len(numbers)]
    return [
        (shard, raw[start * size : end * size], earliest, latest)
        for shard, start, end, earliest, latest in zip(
            numbers[starts].tolist(), starts.tolist(), ends, first, last, strict=True
        )
    ]


def read(bodies: Sequence[bytes]) -> Records:
    """The records of one or several bodies, in order."""
    return np.frombuffer(b"".join(bodies), dtype=RECORD)
