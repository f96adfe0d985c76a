"""A vehicle's track: its fixes in a span, hot ones from the shard's log, archived ones from Parquet, in one read."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from sqlalchemy import Connection

from hazway.monitoring.v1 import monitoring_pb2 as pb
from services import registry
from services.errors import Finding, refuse
from services.errors.common import FIELD_MISSING
from services.errors.monitoring import SPAN_TOO_LONG
from services.monitoring import log_store, packed, vehicles
from services.monitoring.feeders import milliseconds
from services.monitoring.vehicles import Vehicle
from services.runtime.access import Relation
from services.runtime.call import Call

_LONGEST = timedelta(hours=48)


def get_track(call: Call, request: pb.GetTrackRequest) -> pb.GetTrackResponse:
    vehicle = vehicles.find(call.transaction, request.vehicle_id)
    call.allow(_relations(call, vehicle), subject=f"vehicle/{request.vehicle_id}")
    start, end = (value.ToDatetime(call.now.tzinfo) for value in (request.start, request.end))
    refuse(_check(request, end - start))
    if vehicle is None:
        return pb.GetTrackResponse()
    return pb.GetTrackResponse(
        fixes=to_wire(request.vehicle_id, hot(call.transaction, vehicle, milliseconds(start), milliseconds(end)))
    )


def hot(connection: Connection, vehicle: Vehicle, start_ms: int, end_ms: int) -> packed.Records:
    """The vehicle's fixes in the log with start <= time < end, in order of time, each time once."""
    records = packed.read(log_store.bodies_of_fixes(connection, vehicle.shard))
    mine: packed.Records = records[
        (records["vehicle"] == vehicle.number) & (records["time_ms"] >= start_ms) & (records["time_ms"] < end_ms)
    ]
    _, first = np.unique(mine["time_ms"], return_index=True)
    once: packed.Records = mine[first]
    return once


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
    if call.caller.is_authority and vehicle.division.startswith(registry.division_prefix(call.caller.division)):
        relations.append(Relation.JURISDICTION)
    return relations
