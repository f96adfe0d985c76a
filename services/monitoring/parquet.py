"""Tracks as Parquet: one file holds a shard's fixes of about an hour, by vehicle, then time, each once.

Places and odometers are kept as steps: from zero to the value of a vehicle's first fix in the file, then from fix to fix, modulo the
width of the column; ``sum(latitude_step_e7) OVER (PARTITION BY vehicle ORDER BY time_s, time_rest_ms)`` gives them back anywhere. A
row group holds all fixes of its vehicles. In older files they are kept as they are, and a vehicle may lie in two groups; these are read too.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.monitoring.packed import RECORD, Records

# Whole seconds and the rest apart: terminals report on the second, and the rest then costs nothing.
_ALIKE = ("vehicle", "time_rest_ms", "accuracy_dm", "flags")
_STEPS = {
    "latitude_e7": ("latitude_step_e7", np.int32),
    "longitude_e7": ("longitude_step_e7", np.int32),
    "odometer_dm": ("odometer_step_dm", np.int64),
}
_AS_THEY_ARE = ("speed_dkmh", "heading_deg")
# The high bytes of small numbers stand together and press to nothing, the low ones by how often they come.
_ENCODINGS = {
    "time_s": "DELTA_BINARY_PACKED",
    **dict.fromkeys((*_AS_THEY_ARE, *(name for name, _ in _STEPS.values())), "BYTE_STREAM_SPLIT"),
}
_LOOKED_AT = ("vehicle", "time_s")  # to find the row groups that are to be read
_ROWS = 16_384  # of one row group, or one vehicle more: what reading one vehicle costs


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
    table = _table(records)
    with pq.ParquetWriter(
        scratch, table.schema, compression="zstd", compression_level=9, use_dictionary=list(_ALIKE),
        column_encoding=_ENCODINGS, write_statistics=list(_LOOKED_AT), store_schema=False,
    ) as writer:  # fmt: skip
        for begin, end in pairwise(_cuts(records["vehicle"])):
            writer.write_table(table.slice(begin, end - begin), row_group_size=end - begin)
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
    columns = _values({name: table.column(name).to_numpy() for name in table.column_names})
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
    first = _first(records["vehicle"])
    columns = {"vehicle": records["vehicle"], "time_s": seconds, "time_rest_ms": rest.astype(np.int16)}
    for name, (step, width) in _STEPS.items():
        values = records[name].astype(np.int64)
        columns[step] = np.where(first, values, np.diff(values, prepend=0)).astype(width)
    columns |= {name: records[name].astype(np.int32) for name in _AS_THEY_ARE}  # no narrower ones are split
    return pa.table(columns | {name: records[name] for name in ("accuracy_dm", "flags")})


def _values(columns: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """The columns of a file with steps added up; whole vehicles, or as they are in an older file."""
    begin = np.flatnonzero(_first(columns["vehicle"]))
    for name, (step, width) in _STEPS.items():
        if step in columns:
            steps = columns.pop(step)
            total = np.cumsum(steps, dtype=width)
            columns[name] = total - np.repeat((total - steps)[begin], np.diff(begin, append=len(steps)))
    return columns


def _first(vehicle: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which rows are the first of a vehicle."""
    return np.append(True, vehicle[1:] != vehicle[:-1])[: len(vehicle)]


def _cuts(vehicle: npt.NDArray[Any]) -> list[int]:
    """Where row groups begin, and the end of the last: a new one with the first vehicle after so many rows."""
    begin = np.flatnonzero(_first(vehicle))
    group = begin // _ROWS
    return [*begin[np.diff(group, prepend=-1) != 0].tolist(), len(vehicle)]


def _groups(metadata: Any, vehicles: Collection[int] | None, start_ms: int, end_ms: int) -> list[int]:
    wanted = None if vehicles is None else np.sort(np.fromiter(vehicles, dtype=np.int64, count=len(vehicles)))
    place_of = {metadata.schema.column(place).name: place for place in range(metadata.num_columns)}
    found = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        if not group.num_rows:
            continue
        vehicle, second = (group.column(place_of[name]).statistics for name in _LOOKED_AT)
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
