"""A vehicle's track: its fixes in a span, hot ones from the shard's log, archived ones from Parquet, in one read."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from hazway.monitoring.v1 import monitoring_pb2 as pb
from services import registry
from services.errors import Finding, refuse
from services.errors.common import FIELD_MISSING
from services.errors.monitoring import SPAN_TOO_LONG
from services.monitoring import archive, log_store, packed, parquet, vehicles
from services.monitoring.feeders import milliseconds
from services.monitoring.vehicles import Vehicle
from services.runtime.access import Relation
from services.runtime.call import Call

_LONGEST = timedelta(hours=48)
_READERS = ThreadPoolExecutor(4, thread_name_prefix="tracks")  # of this process: files are read while the log is


def get_track(call: Call, request: pb.GetTrackRequest) -> pb.GetTrackResponse:
    vehicle = vehicles.find(call.transaction, request.vehicle_id)
    call.allow(_relations(call, vehicle), subject=f"vehicle/{request.vehicle_id}")
    start, end = (value.ToDatetime(call.now.tzinfo) for value in (request.start, request.end))
    refuse(_check(request, end - start))
    if vehicle is None:
        return pb.GetTrackResponse()
    found = of_vehicles(
        call.transaction, call.settings.home, vehicle.shard, [vehicle.number], milliseconds(start), milliseconds(end)
    )
    return pb.GetTrackResponse(fixes=to_wire(request.vehicle_id, found[vehicle.number]))


def of_vehicles(
    connection: Connection,
    home: Path,
    shard: int,
    numbers: Collection[int],
    start_ms: int,
    end_ms: int,
    *,
    upto: int | None = None,
) -> dict[int, packed.Records]:
    """Each vehicle's fixes with start <= time < end, archived and hot, in order of time, each time once.

    ``upto`` leaves out what the log got after that entry.
    """
    records = of_shard(connection, home, shard, numbers, start_ms, end_ms, upto=upto)
    bounds = np.searchsorted(records["vehicle"], np.array([[one, one + 1] for one in numbers]).reshape(-1, 2))
    return {number: records[begin:end] for number, (begin, end) in zip(numbers, bounds.tolist(), strict=True)}


def of_shard(
    connection: Connection,
    home: Path,
    shard: int,
    numbers: Collection[int] | None,
    start_ms: int,
    end_ms: int,
    *,
    upto: int | None = None,
) -> packed.Records:
    """The fixes of some vehicles of a shard, or all, by vehicle, then time."""
    archived, files = archive.parts(connection, shard, start_ms, end_ms)
    root = archive.folder(home)
    found = [_READERS.submit(parquet.read, root / part.path, numbers, start_ms, end_ms) for part in files]
    body = log_store.fixes_between(
        connection, shard, after=archived, upto=upto, first_ms=start_ms, last_ms=end_ms, vehicles=numbers
    )
    hot = packed.read([body])
    wanted = (hot["time_ms"] >= start_ms) & (hot["time_ms"] < end_ms)
    if numbers is not None:
        wanted &= np.isin(hot["vehicle"], np.fromiter(numbers, dtype=np.int64, count=len(numbers)))
    return parquet.in_order(np.concatenate([*(one.result() for one in found), hot[wanted]]))


def to_wire(vehicle_id: str, records: packed.Records) -> pb.FixColumns:
    """The records of one vehicle as columns of the contract."""
    times = records["time_ms"].astype(np.int64)
    return pb.FixColumns(
        vehicle_ids=[vehicle_id] if len(records) else [],
        vehicle=[0] * len(records),
        time_ms_delta=np.diff(times, prepend=0).tolist(),
        latitude_e7=records["latitude_e7"].tolist(),
        longitude_e7=records["longitude_e7"].tolist(),
        speed_dkmh=records["speed_dkmh"].tolist(),
        heading_deg=records["heading_deg"].tolist(),
        accuracy_dm=records["accuracy_dm"].tolist(),
        odometer_dm=records["odometer_dm"].tolist(),
        flags=records["flags"].tolist(),
    )


def _check(request: pb.GetTrackRequest, span: timedelta) -> list[Finding]:
    findings = [
        Finding(reason=FIELD_MISSING, path=name, values={"field": name})
        for name in ("start", "end")
        if not request.HasField(name)
    ]
    if not findings and not timedelta(0) < span <= _LONGEST:
        findings.append(Finding(reason=SPAN_TOO_LONG, path="end"))
    return findings


def _relations(call: Call, vehicle: Vehicle | None) -> list[Relation]:
    if vehicle is None:
        return []
    relations = [Relation.OWN] * (vehicle.carrier_id == call.caller.organisation)
    prefix = registry.division_prefix(call.caller.division)
    if call.caller.is_authority and any(code.startswith(prefix) for code in (vehicle.division, vehicle.seen_in)):
        relations.append(Relation.JURISDICTION)
    return relations
