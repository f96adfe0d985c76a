"""A served model region, read once a run, and the calls an authority makes. The operator stands in for one."""

from __future__ import annotations

from functools import cache
from typing import Any

from geo import itinerary
from geo.itinerary import Itinerary
from geo.roads import RoadGraph
from hazway.types.v1 import types_pb2 as types
from hazway.zones.v1 import zones_pb2 as pb
from services import traceability
from services.zones.importing import Imported, keep_region, read_map
from tests.world import World

SERVICE = "hazway.zones.v1.ZoneService/"
NOTICE = pb.Notice(issuer="示例县公安局", number="示公告〔2026〕1号", title="关于危险货物车辆通行的通告")


@cache
def model() -> tuple[RoadGraph, Itinerary]:
    """The bundled region and the trip it shows."""
    graph = read_map(None)
    return graph, itinerary.choose(graph)


def structure() -> str:
    """The tunnel the trip would go through."""
    found = model()[1].structure_id
    assert found is not None
    return found


def import_model(world: World) -> Imported:
    keeper = traceability.keeper_of(world.host.settings)
    with world.host.engine.begin() as connection:
        return keep_region(connection, keeper, model()[0], "model", world.clock.now())


def call(world: World, method: str, request: Any) -> Any:
    return world.operator.call(SERVICE + method, request, patience_s=0)


def petrol(state: pb.LoadState.ValueType = pb.LOAD_STATE_LOADED) -> pb.GoodsLine:
    return pb.GoodsLine(
        un_number="1203", packing_group="II", mode=pb.CARRIAGE_MODE_TANK, mass_g=28_000_000, tank_state=state
    )


def plan_request(**changes: Any) -> pb.PlanRouteRequest:
    graph, trip = model()
    nodes = {"origin": trip.origin_node, "destination": trip.destination_node}
    places = {name: pb.RoutePlace(node_id=int(graph.node_id[node])) for name, node in nodes.items()}
    return pb.PlanRouteRequest(**{**places, "goods": [petrol()], **changes})


def point(latitude_e7: int, longitude_e7: int) -> types.Position:
    return types.Position(latitude_e7=latitude_e7, longitude_e7=longitude_e7)


def square(identifier: str, south: int = 410_000_000, west: int = 990_000_000, side: int = 100_000) -> pb.Zone:
    corners = ((0, 0), (side, 0), (side, side), (0, side))
    ring = pb.Ring(points=[point(south + up, west + along) for up, along in corners])
    ban = pb.Rule(id="ban", action=pb.ACTION_FORBID)
    return pb.Zone(
        id=identifier, kind=pb.ZONE_KIND_RESTRICTED_AREA, name="老城区", polygons=[pb.Polygon(rings=[ring])], rules=[ban],
        source=NOTICE,
    )  # fmt: skip
