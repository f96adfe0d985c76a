"""Fixes as they lie in a shard's log: fixed records of 35 bytes, little endian, so that a batch is read without a copy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# ``vehicle`` is the store's number; flags: 1 engine on, 2 positioned, 4 supplement (late from a dead zone).
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
ENGINE_ON, POSITIONED, SUPPLEMENT = 1, 2, 4

Records = npt.NDArray[np.void]


def by_shard(records: Records, shards: npt.NDArray[np.int64]) -> list[tuple[int, bytes]]:
    """The records cut by shard, each shard's in the order given, as bytes for its log."""
    order = np.argsort(shards, kind="stable")
    ordered, numbers = records[order], shards[order]
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    return [
        (int(numbers[start]), ordered[start:end].tobytes())
        for start, end in zip(starts, [*starts[1:], len(numbers)], strict=True)
    ]


def read(bodies: Sequence[bytes]) -> Records:
    """The records of one or several bodies, in order."""
    return np.frombuffer(b"".join(bodies), dtype=RECORD)
