"""The waybill of the demo and what is done with it: planned, issued, departed, arrived."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from geo.position import Position
from hazway import ids
from hazway.refusals import Refused
from hazway.types.v1 import types_pb2
from hazway.waybill.v1 import waybill_pb2 as pb
from hazway.zones.v1 import zones_pb2
from services.demo import cast
from services.demo.stage import Stage

_WAYBILL = "hazway.waybill.v1.WaybillService"
_ZONES = "hazway.zones.v1.ZoneService"
LOAD_G = 28_000_000
_PATIENCE_S = 20.0


def plan(stage: Stage, origin: Position, destination: Position, *, tank_state: int) -> zones_pb2.PlanRouteResponse:
    """Ask the server for a legal road for 28 t of petrol, or for the tank in another state."""
    request = zones_pb2.PlanRouteRequest(
        origin=zones_pb2.RoutePlace(position=wire(origin)),
        destination=zones_pb2.RoutePlace(position=wire(destination)),
        goods=[
            zones_pb2.GoodsLine(
                un_number="1203",
                packing_group="II",
                mode=zones_pb2.CARRIAGE_MODE_TANK,
                mass_g=LOAD_G,
                tank_state=tank_state,  # type: ignore[arg-type]  # enum values are plain numbers
            )
        ],
        departure_time=moment(stage.now()),
    )
    response: zones_pb2.PlanRouteResponse = stage.client(cast.CARRIER).call(f"{_ZONES}/PlanRoute", request)
    return response


def draft(
    stage: Stage,
    road: zones_pb2.PlanRouteResponse,
    *,
    kind: int = pb.WAYBILL_KIND_NORMAL,
    tank: str = cast.PETROL_TANK,
    driver: str = cast.DRIVER,
    escort: str = cast.ESCORT,
    line: Sequence[types_pb2.Position] = (),
    edge_keys: Sequence[str] = (),
    departure: timedelta = timedelta(minutes=20),
) -> pb.Waybill:
    """A waybill for petrol along the planned road, or along another line and other edges."""
    now = stage.now()
    arrival = now + departure + timedelta(seconds=road.duration_s * 2) + timedelta(minutes=30)
    consignee = pb.Party(name="示例加油站有限公司", phone="073100000000", organisation_id=cast.CONSIGNEE)
    places = [road.line[0], road.line[-1]]
    origin, destination = (
        pb.Place(name=name, address=name, division_code=cast.DIVISION, position=position)
        for name, position in zip(("示例油库", "示例加油站"), places, strict=True)
    )
    return pb.Waybill(
        id=ids.new_id(),
        kind=kind,  # type: ignore[arg-type]
        consignor=pb.Party(name="示例炼化有限公司", phone="073100000000", organisation_id=cast.CONSIGNOR),
        carrier=pb.Party(
            name="示例危货运输有限公司",
            phone="073100000000",
            organisation_id=cast.CARRIER,
            licence_number=cast.LICENCE_NUMBER,
        ),
        loader=pb.Party(name="示例油库有限公司", phone="073100000000", organisation_id=cast.LOADER),
        consignee=consignee,
        origin=origin,
        destination=destination,
        planned_loading=moment(now + departure / 2),
        planned_departure=moment(now + departure),
        planned_arrival=moment(arrival),
        goods=[
            pb.GoodsLine(
                number=1,
                un_number="1203",
                name="车用汽油或汽油",
                hazard_class="3",
                packing_group="II",
                mass_g=LOAD_G,
                mode="tank",
                volume_ml=38_000_000,
                density_mg_per_ml=737,
                compartment=1,
            )
        ],
        stops=[
            pb.Stop(
                number=1,
                place=destination,
                consignee=consignee,
                drops=[pb.Drop(goods_number=1, planned_g=LOAD_G, compartment=1)],
                planned_arrival=moment(arrival),
            )
        ],
        assignments=[
            pb.Assignment(role=role, resource_id=resource)
            for role, resource in (
                (pb.ROLE_TRACTOR, cast.TRACTOR),
                (pb.ROLE_TRAILER, cast.TRAILER),
                (pb.ROLE_TANK, tank),
                (pb.ROLE_DRIVER, driver),
                (pb.ROLE_ESCORT, escort),
            )
        ],
        route=pb.Route(edge_keys=edge_keys or road.edge_keys, line=line or road.line),
        emergency_phone="073100000000",
        precautions="静电接地，禁止烟火 earth it, no naked flame",
        emergency_measures="切断火源，隔离现场 cut off ignition, isolate",
        dispatcher="调度示例",
        dispatched_at=moment(now),
    )


def issue(stage: Stage, request: pb.IssueWaybillRequest) -> pb.IssueWaybillResponse:
    """Sign and send; the request keeps its id and statement, so that sending it again is the same request."""
    response: pb.IssueWaybillResponse = stage.client(cast.CARRIER).call(f"{_WAYBILL}/IssueWaybill", request)
    return response


def depart(stage: Stage, waybill_id: str) -> pb.DepartWaybillResponse:
    """Depart; a terminal that reported a moment ago may still be on its way through the shard's log."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        request = pb.DepartWaybillRequest(waybill_id=waybill_id, departed_at=moment(stage.now()))
        try:
            response: pb.DepartWaybillResponse = stage.client(cast.CARRIER).call(f"{_WAYBILL}/DepartWaybill", request)
        except Refused as refusal:
            if refusal.reasons != {"POSITIONING_SILENT"} or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return response


def arrive(stage: Stage, waybill_id: str) -> None:
    request = pb.ArriveWaybillRequest(waybill_id=waybill_id, arrived_at=moment(stage.now()))
    stage.client(cast.CARRIER).call(f"{_WAYBILL}/ArriveWaybill", request)


def wire(position: Position) -> types_pb2.Position:
    return types_pb2.Position(latitude_e7=position.latitude_e7, longitude_e7=position.longitude_e7)


def moment(at: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp
