"""Fixes as they lie in a shard's log: fixed records of 35 bytes, little endian, so that a batch is read without a copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

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


class Piece(NamedTuple):
    """One shard's share of some records: bytes for its log, first and last time in them, and the bits of their vehicles."""

    shard: int
    body: bytes
    first_ms: int
    last_ms: int
    vehicles: int


def by_shard(records: Records, shards: npt.NDArray[np.int64]) -> list[Piece]:
    """The records cut by shard, each shard's in the order given."""
    if not len(records):
        return []
    order = np.argsort(shards.astype(np.uint8), kind="stable")  # radix sort
    ordered, numbers = records[order], shards[order]
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    times = np.ascontiguousarray(ordered["time_ms"])
    bits = np.bitwise_or.reduceat(_bits(ordered["vehicle"]), starts)
    columns = (numbers[starts], starts, np.minimum.reduceat(times, starts), np.maximum.reduceat(times, starts), bits)
    raw, size = ordered.tobytes(), RECORD.itemsize
    ends = [*starts[1:].tolist(), len(numbers)]
    return [
        Piece(shard, raw[start * size : end * size], first, last, vehicles)
        for (shard, start, first, last, vehicles), end in zip(
            zip(*(column.tolist() for column in columns), strict=True), ends, strict=True
        )
    ]


def bits_of(vehicles: npt.NDArray[np.int64]) -> int:
    """64 bits as a signed number, one set for each vehicle by its number modulo 64: who has none set is not among them."""
    return int(np.bitwise_or.reduce(_bits(vehicles), initial=0))


def _bits(vehicles: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    return np.int64(1) << (vehicles.astype(np.int64) & 63)


def read(bodies: Sequence[bytes]) -> Records:
    """The records of one or several bodies, in order."""
    return np.frombuffer(b"".join(bodies), dtype=RECORD)
