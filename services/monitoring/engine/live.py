"""What a map shows: the last believed place of each vehicle."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from services.monitoring.engine.state import ShardState
from services.monitoring.fixes import ENGINE_ON, POSITIONED, Fixes


def last_positions(state: ShardState, vehicles: Collection[int] | None = None) -> Fixes:
    """One row for each vehicle that was ever seen (of ``vehicles``, or all), in order of vehicle."""
    columns = state.columns
    chosen = columns["good_ms"] >= 0
    if vehicles is not None:
        chosen &= np.isin(state.vehicle, np.fromiter(vehicles, dtype=np.int64, count=len(vehicles)))
    slots = np.flatnonzero(chosen)
    slots = slots[np.argsort(state.vehicle[slots])]
    flags = np.where(columns["heard_engine"][slots], ENGINE_ON, 0) | POSITIONED
    names = ("good_ms", "good_latitude", "good_longitude", "good_speed", "good_heading")
    time, latitude, longitude, speed, heading = (columns[name][slots] for name in names)
    zero, wide, narrow = np.zeros(len(slots), dtype=np.int32), np.int64, np.int32
    return Fixes(
        state.vehicle[slots], time, latitude.astype(wide), longitude.astype(wide), speed.astype(narrow),
        heading.astype(narrow), zero, flags.astype(narrow), columns["good_odometer"][slots],
    )  # fmt: skip
