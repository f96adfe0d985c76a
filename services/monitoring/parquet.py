"""Tracks as Parquet: one file holds a shard's fixes of about an hour, by vehicle, then time, each once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from services.monitoring.packed import RECORD, Records

# Whole seconds and the rest apart: terminals report on the second, and the rest then costs nothing.
_DELTAS = ("time_s", "latitude_e7", "longitude_e7", "speed_dkmh", "heading_deg", "odometer_dm")
_ALIKE = ("vehicle", "time_rest_ms", "accuracy_dm", "flags")
_ROWS = 16_384  # of one row group: what reading one vehicle costs


@dataclass(frozen=True, slots=True)
class File:
    """A file that is durable under its name."""

    path: Path
    size: int
    sha256: bytes


def in_order(records: Records) -> Records:
    """By vehicle, then time; of fixes of one vehicle and moment the first to arrive."""
    order = np.lexsort((records["time_ms"], records["vehicle"]))
    ordered = records[order]
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = (np.diff(ordered["vehicle"].astype(np.int64)) != 0) | (np.diff(ordered["time_ms"]) != 0)
    once: Records = ordered[first]
    return once


def write(path: Path, records: Records) -> File:
    """Write records that are ``in_order``; when this returns the file survives a power cut."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    pq.write_table(
        _table(records), scratch, compression="zstd", compression_level=9, use_dictionary=list(_ALIKE),
        column_encoding=dict.fromkeys(_DELTAS, "DELTA_BINARY_PACKED"), row_group_size=_ROWS,
    )  # fmt: skip
    content = scratch.read_bytes()
    _sync(scratch)
    scratch.replace(path)
    for folder in (path.parent, path.parent.parent):
        _sync(folder)
    return File(path, len(content), hashlib.sha256(content).digest())


def read(path: Path, vehicles: Collection[int] | None, start_ms: int, end_ms: int) -> Records:
    """The file's records with start <= time < end, of some vehicles or all; row groups of others are not read."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        groups = _groups(file.metadata, vehicles, start_ms, end_ms)
        if not groups:
            return np.empty(0, dtype=RECORD)
        table = file.read_row_groups(groups, use_threads=False)
    columns = {name: table.column(name).to_numpy() for name in table.column_names}
    time_ms = columns["time_s"] * 1000 + columns["time_rest_ms"]
    wanted = (time_ms >= start_ms) & (time_ms < end_ms)
    if vehicles is not None:
        wanted &= np.isin(columns["vehicle"], np.fromiter(vehicles, dtype=np.int64, count=len(vehicles)))
    rows = np.flatnonzero(wanted)
    records = np.empty(len(rows), dtype=RECORD)
    records["time_ms"] = time_ms[rows]
    for name in RECORD.names or ():
        if name != "time_ms":
            records[name] = columns[name][rows]
    return records


def _table(records: Records) -> Any:
    import pyarrow as pa

    seconds, rest = np.divmod(records["time_ms"], 1000)
    columns = {
        name: records[name].astype(np.int32 if name.startswith("l") else RECORD[name])
        for name in RECORD.names or ()
        if name != "time_ms"
    }
    for name in ("speed_dkmh", "heading_deg"):
        columns[name] = columns[name].astype(np.int32)  # delta encoding knows 32 and 64 bits
    return pa.table(
        {"vehicle": columns.pop("vehicle"), "time_s": seconds, "time_rest_ms": rest.astype(np.int16), **columns}
    )


def _groups(metadata: Any, vehicles: Collection[int] | None, start_ms: int, end_ms: int) -> list[int]:
    wanted = None if vehicles is None else np.sort(np.fromiter(vehicles, dtype=np.int64, count=len(vehicles)))
    found = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        if not group.num_rows:
            continue
        vehicle, second = group.column(0).statistics, group.column(1).statistics
        if second.max * 1000 + 999 < start_ms or second.min * 1000 >= end_ms:
            continue
        if wanted is not None:
            place = int(np.searchsorted(wanted, vehicle.min))
            if place == len(wanted) or wanted[place] > vehicle.max:
                continue
        found.append(number)
    return found


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
