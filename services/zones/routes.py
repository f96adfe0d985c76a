"""Routes on the wire: planned under the rules, or checked against them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from geo.position import Position
from geo.routing import nearest_node
from hazway.zones.v1 import zones_pb2 as pb
from services import registry
from services.errors import Finding, Refusal, refuse
from services.errors.common import invalid, missing
from services.errors.zones import (
    NO_LEGAL_ROUTE,
    PLACE_OFF_ROAD,
    REGION_UNKNOWN,
    ROUTE_NOT_FOUND,
)
from services.goods import Catalogue, Load
from services.goods.cli import catalogue_in
from services.registry.model import Vehicle
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.wire import text_of, time_of
from services.zones import regions_store
from services.zones.book import LONGEST_TRIP, book_of
from services.zones.measures import Between, Measures, measures_of
from services.zones.networks import region_at, region_with, regions_along, route_over
from services.zones.plan import Trip, passages, passages_of_line, plan, ride_s
from services.zones.roads import Region
from services.zones.rules import judge, passes_for
from services.zones.signs import signs_along, signs_on
from services.zones.wire import (
    decision_to_wire,
    line_to_wire,
    passage_to_wire,
    read_line,
    read_load,
    read_position,
    read_purposes,
)

_FARTHEST_NODE_M = 2_000
_MOST_EDGES = 20_000
_MOST_VEHICLES = 20
# As told in a request: beyond every lorry, so that a wrong unit is found.
_MOST = {"height_mm": 10_000, "width_mm": 10_000, "length_mm": 100_000, "gross_g": 1_000_000_000}


def list_regions(call: Call, _request: Any) -> pb.ListRegionsResponse:
    call.allow([Relation.ANY])
    response = pb.ListRegionsResponse()
    for row in regions_store.regions(call.transaction):
        south, west, north, east = row.box
        shown = response.regions.add(id=row.id, name=row.name, nodes=row.nodes, edges=row.edges, tunnels=row.tunnels)
        for corner, latitude, longitude in ((shown.box.south_west, south, west), (shown.box.north_east, north, east)):
            corner.latitude_e7, corner.longitude_e7 = latitude, longitude
        shown.imported_at.FromDatetime(row.imported_at)
    return response


def plan_route(call: Call, request: Any) -> pb.PlanRouteResponse:
    call.allow([Relation.ANY])
    findings: list[Finding] = []
    trip = _trip(call, request, findings)
    places = [_place(request, name, findings) for name in ("origin", "destination")]
    refuse(findings)
    region = _refused(lambda: region_at(call.transaction, request.region_id, places[0]), "origin")
    nodes = [_node(region, place, name) for place, name in zip(places, ("origin", "destination"), strict=True)]
    held = book_of(call.transaction).held(call.transaction, region, trip.departure)
    planned = plan(region, held, nodes[0], nodes[1], trip, obey=not request.ignore_restrictions)
    if planned is None:
        raise Refusal((Finding(reason=ROUTE_NOT_FOUND, path="destination"),))
    if planned.route is None:
        names = "、".join(dict.fromkeys(decision.zone_name for decision in planned.binding))
        blocked = tuple(decision.finding("goods") for decision in planned.binding)
        raise Refusal((Finding(reason=NO_LEGAL_ROUTE, path="destination", values={"zones": names}), *blocked))
    response = pb.PlanRouteResponse(
        region_id=region.id,
        edge_keys=[region.edge_keys[edge] for edge in planned.route.edges],
        length_dm=planned.route.length_dm,
        duration_s=planned.route.duration_s,
        passages=[passage_to_wire(passage) for passage in planned.passages],
        binding=[decision_to_wire(decision) for decision in planned.binding],
        unrestricted_length_dm=planned.unrestricted.length_dm,
        unrestricted_duration_s=planned.unrestricted.duration_s,
        unrestricted_edge_keys=[region.edge_keys[edge] for edge in planned.unrestricted.edges],
        origin_node_id=int(region.graph.node_id[nodes[0]]),
        destination_node_id=int(region.graph.node_id[nodes[1]]),
        signs=[decision_to_wire(decision) for decision in planned.signs],
    )
    line_to_wire(planned.route.positions(region.graph), response.line)
    return response


def check_route(call: Call, request: Any) -> pb.CheckRouteResponse:
    call.allow([Relation.ANY])
    findings: list[Finding] = []
    trip = _trip(call, request, findings)
    line = _checked_line(request, findings)
    refuse(findings)
    book = book_of(call.transaction)
    if line:
        passed = passages_of_line(
            book.in_force(call.transaction, trip.departure, trip.departure + LONGEST_TRIP), line, trip
        )
        signs = [
            said for each in regions_along(call.transaction, line) for said in signs_along(each, line, trip.reader)
        ]
        length_dm, duration_s = ride_s(line)
    else:
        region = _refused(lambda: region_with(call.transaction, request.region_id, request.edge_keys), "edge_keys")
        route = route_over(region, request.edge_keys)
        passed = passages(region, book.held(call.transaction, region, trip.departure), route.edges, trip)
        signs = list(signs_on(region, route.edges, trip.reader))
        length_dm, duration_s = route.length_dm, route.duration_s
    return pb.CheckRouteResponse(
        passages=[passage_to_wire(passage) for passage in passed],
        open=not any(passage.blocking for passage in passed) and not any(said.outcome.blocks for said in signs),
        length_dm=length_dm,
        duration_s=duration_s,
        signs=[decision_to_wire(said) for said in signs],
    )


def _trip(call: Call, request: Any, findings: list[Finding]) -> Trip:
    """The cargo at departure, the passes the calling organisation holds for these vehicles, and how large they are."""
    findings += _check_measures(request)
    departure, faults = time_of(request.departure_time, "departure_time")
    load, purposes = read_load(request.goods, "goods"), read_purposes(request.purposes, "purposes")
    findings += (*faults, *load.findings, *purposes.findings, *text_of(request.region_id, "region_id"))
    if len(request.vehicle_ids) > _MOST_VEHICLES:
        findings.append(invalid("vehicle_ids", f"more than {_MOST_VEHICLES} 过多"))
    else:
        findings += (
            f for number, each in enumerate(request.vehicle_ids) for f in text_of(each, f"vehicle_ids[{number}]")
        )
    refuse(findings)
    at = departure or call.now
    held = registry.facts_at(
        call.transaction, at, organisations=[call.caller.organisation], vehicles=request.vehicle_ids
    )
    vehicles = {held.vehicles[each].id if each in held.vehicles else each for each in request.vehicle_ids}
    cargo = judge(load.value, _catalogue(call.settings.home), at, purposes.value)
    own = [_own(held.vehicles.get(each), call.caller.organisation) for each in request.vehicle_ids]
    measures = _measures(request, own, load.value)
    return Trip(cargo=cargo, departure=at, passes=passes_for(held.permits, vehicles), measures=measures)


def _own(vehicle: Vehicle | None, organisation: str) -> Vehicle | None:
    """Another's vehicle is as one nobody knows."""
    return vehicle if vehicle is not None and vehicle.carrier_id == organisation else None


def _measures(request: Any, vehicles: Sequence[Vehicle | None], load: Load) -> Measures:
    """As told in the request, else as the registry has them."""
    found = measures_of(vehicles, sum(line.mass_g for line in load.lines))
    told = {name: Between.exactly(figure) for name in _MOST if (figure := getattr(request, name))}
    return replace(found, **told)


def _check_measures(request: Any) -> Iterator[Finding]:
    """How large and heavy the vehicle is, 0 where that is not told."""
    for name, most in _MOST.items():
        if not 0 <= getattr(request, name) <= most:
            yield invalid(name, f"0 to {most}")


@lru_cache(maxsize=8)
def _catalogue(home: Path) -> Catalogue:
    """Read once a process: an imported catalogue counts from the next start."""
    return catalogue_in(home)


def _place(request: Any, name: str, findings: list[Finding]) -> Position | int:
    """A position, or the id of a node."""
    place = getattr(request, name)
    match place.WhichOneof("place"):
        case "node_id":
            return int(place.node_id)
        case "position":
            position = read_position(place.position, f"{name}.position", findings)
            return position or 0
        case _:
            findings.append(missing(name))
            return 0


def _node(region: Region, place: Position | int, name: str) -> int:
    if isinstance(place, int):
        if place not in region.node_of:
            raise Refusal((invalid(f"{name}.node_id", "not in the road network 路网中没有该节点"),))
        return region.node_of[place]
    nearest = nearest_node(region.graph, place)
    if nearest.metres > _FARTHEST_NODE_M:
        raise Refusal((Finding(reason=PLACE_OFF_ROAD, path=name, values={"most_m": str(_FARTHEST_NODE_M)}),))
    return nearest.number


def _refused(find: Callable[[], Region], path: str) -> Region:
    try:
        return find()
    except LookupError:
        raise Refusal((Finding(reason=REGION_UNKNOWN, path=path),)) from None


def _checked_line(request: Any, findings: list[Finding]) -> tuple[Position, ...]:
    """The line to check, empty where edges are given; just one of the two is wanted."""
    if bool(request.edge_keys) is bool(request.line):
        findings.append(invalid("edge_keys", "edges or a line, one of them 路段与线须填其一"))
    if max(len(request.edge_keys), len(request.line)) > _MOST_EDGES:
        findings.append(invalid("line" if request.line else "edge_keys", f"more than {_MOST_EDGES} 过多"))
        return ()
    line = read_line(request.line, "line", findings)
    if len(line) == 1:
        findings.append(invalid("line", "two points at least 至少两点"))
    return line
