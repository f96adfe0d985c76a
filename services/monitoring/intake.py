"""One batch from the wire to records: every fix is judged by itself; a bad one is named by index and the rest kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from hazway.monitoring.v1 import monitoring_pb2 as pb
from services.errors import Finding, Reason, Refusal
from services.errors.monitoring import (
    BATCH_MALFORMED,
    BATCH_TOO_LARGE,
    FIX_HEADING_INVALID,
    FIX_ODOMETER_INVALID,
    FIX_POSITION_INVALID,
    FIX_SPEED_INVALID,
    FIX_TIME_INVALID,
    FIX_VEHICLE_UNKNOWN,
)
from services.monitoring.log_store import SHARDS
from services.monitoring.packed import ENGINE_ON, POSITIONED, RECORD, SUPPLEMENT, Records

MOST_ROWS = 1_000
MOST_COLUMNS = 10_000
MOST_REFUSALS_TOLD = 100
_OLDEST = timedelta(days=30)
_AHEAD = timedelta(minutes=5)
_FASTEST_DKMH = 2_200
_FARTHEST_DM = 10**11  # ten million kilometres

Column = npt.NDArray[np.int64]
Fleet = Mapping[str, int]  # vehicle id -> number and shard as one whole number: looking up is most of the work here


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch came to: ``records`` are good, ``refused`` says why each other one is not."""

    records: Records
    shards: Column
    refused: tuple[tuple[int, Reason, str], ...]
    refused_by: Mapping[tuple[int, str], int]  # vehicle's number (0: not the caller's), reason -> fixes

    @property
    def has_strangers(self) -> bool:
        return any(reason is FIX_VEHICLE_UNKNOWN for _, reason, _ in self.refused)


def as_fleet(numbered: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """From vehicle id -> (number, shard)."""
    return {vehicle_id: number * SHARDS + shard for vehicle_id, (number, shard) in numbered.items()}


@dataclass(frozen=True, slots=True)
class _Columns:
    ids: list[str]
    vehicle: Column
    time_ms: Column
    latitude_e7: Column
    longitude_e7: Column
    speed_dkmh: Column
    heading_deg: Column
    accuracy_dm: Column
    odometer_dm: Column
    flags: Column


def take(request: pb.ReportFixesRequest, fleet: Fleet, now: datetime) -> Taken:
    """Judge a batch. Raises a refusal BATCH_TOO_LARGE or BATCH_MALFORMED when it cannot be read as a whole."""
    columns = _from_columns(request.columns) if request.HasField("columns") else _from_rows(request.fixes)
    known = np.array([fleet.get(vehicle_id, -1) for vehicle_id in columns.ids] or [-1], dtype=np.int64)
    vehicle = np.clip(columns.vehicle, 0, len(known) - 1)
    code = np.where(columns.vehicle == vehicle, known[vehicle], -1)
    numbers, shards = np.divmod(code, SHARDS)
    shards = np.where(code < 0, -1, shards)
    refused = _refused(columns, shards, now)
    good = np.ones(len(shards), dtype=bool)
    good[[index for index, _, _ in refused]] = False
    owned = np.where(shards >= 0, numbers, 0)
    counts = Counter((int(owned[index]), reason.name) for index, reason, _ in refused)
    return Taken(_records(columns, numbers)[good], shards[good], tuple(refused), counts)


def _refused(columns: _Columns, shards: Column, now: datetime) -> list[tuple[int, Reason, str]]:
    """Each faulty fix once, by index, with its first fault."""
    newest = int((now + _AHEAD).timestamp() * 1000)
    oldest = int((now - _OLDEST).timestamp() * 1000)
    placed = (columns.flags & POSITIONED) != 0
    impossible = (np.abs(columns.latitude_e7) > 900_000_000) | (np.abs(columns.longitude_e7) > 1_800_000_000)
    nowhere = (columns.latitude_e7 == 0) & (columns.longitude_e7 == 0)
    faults: tuple[tuple[npt.NDArray[np.bool_], Reason, str], ...] = (
        (shards < 0, FIX_VEHICLE_UNKNOWN, "vehicle_id"),
        ((columns.time_ms > newest) | (columns.time_ms < oldest), FIX_TIME_INVALID, "time_ms"),
        (impossible | (placed & nowhere), FIX_POSITION_INVALID, "latitude_e7"),
        (columns.speed_dkmh > _FASTEST_DKMH, FIX_SPEED_INVALID, "speed_dkmh"),
        (columns.heading_deg > 359, FIX_HEADING_INVALID, "heading_deg"),
        ((columns.odometer_dm < 0) | (columns.odometer_dm > _FARTHEST_DM), FIX_ODOMETER_INVALID, "odometer_dm"),
    )
    found: dict[int, tuple[int, Reason, str]] = {}
    for mask, reason, path in faults:
        if mask.any():
            for index in np.flatnonzero(mask).tolist():
                found.setdefault(index, (index, reason, path))
    return sorted(found.values(), key=lambda fault: fault[0])


def _records(columns: _Columns, numbers: Column) -> Records:
    records = np.zeros(len(numbers), dtype=RECORD)
    records["vehicle"] = numbers
    records["time_ms"] = columns.time_ms
    records["latitude_e7"] = np.clip(columns.latitude_e7, -(2**31), 2**31 - 1)
    records["longitude_e7"] = np.clip(columns.longitude_e7, -(2**31), 2**31 - 1)
    records["speed_dkmh"] = np.minimum(columns.speed_dkmh, 65_535)
    records["heading_deg"] = np.minimum(columns.heading_deg, 65_535)
    records["accuracy_dm"] = np.minimum(columns.accuracy_dm, 65_535)
    records["flags"] = columns.flags & 7
    records["odometer_dm"] = columns.odometer_dm
    return records


def _from_rows(fixes: Any) -> _Columns:
    _check_size(len(fixes), MOST_ROWS)
    ids: dict[str, int] = {}
    rows = np.array(
        [
            (
                ids.setdefault(fix.vehicle_id, len(ids)),
                fix.time_ms,
                fix.latitude_e7,
                fix.longitude_e7,
                fix.speed_dkmh,
                fix.heading_deg,
                fix.accuracy_dm,
                fix.odometer_dm,
                fix.engine_on * ENGINE_ON | fix.positioned * POSITIONED | fix.supplement * SUPPLEMENT,
            )
            for fix in fixes
        ],
        dtype=np.int64,
    ).reshape(len(fixes), 9)
    return _Columns(list(ids), *rows.T)


def _from_columns(columns: pb.FixColumns) -> _Columns:
    count = len(columns.vehicle)
    _check_size(count, MOST_COLUMNS)
    _check_size(len(columns.vehicle_ids), MOST_COLUMNS)
    return _Columns(
        list(columns.vehicle_ids),
        _column(columns, "vehicle", count),
        np.cumsum(_column(columns, "time_ms_delta", count)),
        _column(columns, "latitude_e7", count),
        _column(columns, "longitude_e7", count),
        _column(columns, "speed_dkmh", count),
        _column(columns, "heading_deg", count),
        _column(columns, "accuracy_dm", count, absent=0),
        _column(columns, "odometer_dm", count, absent=0),
        _column(columns, "flags", count, absent=ENGINE_ON | POSITIONED),
    )


def _column(columns: pb.FixColumns, name: str, count: int, *, absent: int | None = None) -> Column:
    values = getattr(columns, name)
    if not values and absent is not None:
        return np.full(count, absent, dtype=np.int64)
    if len(values) != count:
        raise Refusal((Finding(reason=BATCH_MALFORMED, path=f"columns.{name}", values={"field": name}),))
    return np.array(values, dtype=np.int64)


def _check_size(count: int, most: int) -> None:
    if count > most:
        values = {"count": str(count), "most": str(most)}
        raise Refusal((Finding(reason=BATCH_TOO_LARGE, path="fixes", values=values),))
