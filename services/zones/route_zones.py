"""The zones a route passes and the signs along it, as whoever plans a trip asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from geo.position import Position
from services.zones.book import LONGEST_TRIP, book_of
from services.zones.calendar import held
from services.zones.limits import limits_of
from services.zones.mapped import PlaceKind
from services.zones.model import Zone, ZoneKind
from services.zones.networks import region_with, regions_along, route_over
from services.zones.passed import RouteZone, RouteZoneAction, RouteZoneKind
from services.zones.plan import Passage, Trip, passages, passages_of_line
from services.zones.rules import Cargo, Decision
from services.zones.ruling import Action, GoodsFilter, Notice
from services.zones.signs import Reader, signs_along, signs_on

LONG_TUNNEL_DM = 30_000  # 特长隧道: over 3,000 m (JTG 3370.1)
_KINDS: Mapping[ZoneKind, RouteZoneKind] = {
    ZoneKind.RESTRICTED_AREA: RouteZoneKind.RESTRICTED_AREA,
    ZoneKind.CORRIDOR: RouteZoneKind.RESTRICTED_AREA,
    ZoneKind.SPEED_SECTION: RouteZoneKind.RESTRICTED_AREA,
    ZoneKind.PARKING: RouteZoneKind.RESTRICTED_AREA,
    ZoneKind.TIME_BANNED_ROAD: RouteZoneKind.TIME_BANNED_ROAD,
}


def kind_on(zone: Zone, bores: frozenset[str]) -> RouteZoneKind:
    """What a zone is to who goes through these bores of it, where it has any."""
    if zone.bridge is not None:
        return RouteZoneKind.LARGE_BRIDGE if zone.bridge.is_large else RouteZoneKind.BRIDGE
    if zone.tunnel is not None:
        return RouteZoneKind.LONG_TUNNEL if zone.tunnel.length_of(bores) > LONG_TUNNEL_DM else RouteZoneKind.TUNNEL
    return RouteZoneKind.WATER_SOURCE if zone.place_kind is PlaceKind.WATER_SOURCE else _KINDS[zone.kind]


_ACTIONS: Mapping[Action, RouteZoneAction] = {
    Action.FORBID: RouteZoneAction.FORBID,
    Action.ONLY_WITH_PASS: RouteZoneAction.PASS_ONLY,
    Action.NOTIFY: RouteZoneAction.NOTIFY,
}


def passages_on(
    connection: Connection, route: Sequence[str] | Sequence[Position], trip: Trip, *, region_id: str = ""
) -> tuple[Passage, ...]:
    """Each way through each zone with what its rules say to the trip's cargo: edges at legal speed, a line at 60 km/h.

    Raises ``LookupError`` when no road network has the edges, and a refusal EDGE_UNKNOWN where they do not join.
    """
    if route and isinstance(route[0], str):
        keys = [str(key) for key in route]
        found = region_with(connection, region_id, keys)
        held_edges = book_of(connection).held(connection, found, trip.departure)
        return passages(found, held_edges, route_over(found, keys).edges, trip)
    line = [point for point in route if isinstance(point, Position)]
    in_force = book_of(connection).in_force(connection, trip.departure, trip.departure + LONGEST_TRIP)
    return passages_of_line(in_force, line, trip) if len(line) > 1 else ()


def signs_on_route(
    connection: Connection, route: Sequence[str] | Sequence[Position], reader: Reader, *, region_id: str = ""
) -> tuple[Decision, ...]:
    """What the map's signs on the roads of a route say to a trip: what closes the road to it, or cannot be judged.

    Of a line the roads it follows, in every road network that holds a part of it. Raises as ``passages_on``.
    """
    if route and isinstance(route[0], str):
        keys = [str(key) for key in route]
        found = region_with(connection, region_id, keys)
        return signs_on(found, route_over(found, keys).edges, reader)
    line = [point for point in route if isinstance(point, Position)]
    every = regions_along(connection, line) if len(line) > 1 else ()
    return tuple(said for each in every for said in signs_along(each, line, reader))


def on_route(
    connection: Connection,
    route: Sequence[str] | Sequence[Position],
    at: datetime,
    *,
    region_id: str = "",
    until: datetime | None = None,
) -> list[RouteZone]:
    """The zones a route passes when it leaves at ``at``: by edge keys at legal speed, or by its line at 60 km/h.

    A zone has one row for each rule that holds at any time of the trip (up to ``until``, else the end of the route and a day), and
    one without a rule where it has none. Raises ``LookupError`` when no road network has the edges, and a refusal EDGE_UNKNOWN.
    """
    passed = passages_on(connection, route, Trip(cargo=Cargo(), departure=at), region_id=region_id)
    last = until or max((passage.leave_at for passage in passed), default=at) + timedelta(days=1)
    return [row for passage in passed for row in _rows(passage, at, last)]


def _rows(passage: Passage, first: datetime, last: datetime) -> Iterator[RouteZone]:
    zone = passage.version.zone
    bare = _row(passage)
    meant = [
        rule for rule in zone.rules if not (rule.bore_ids and passage.bores and rule.bore_ids.isdisjoint(passage.bores))
    ]
    holding = [(rule, held(rule, first, last)) for rule in meant if rule.action in _ACTIONS]
    rows = [
        _row(
            passage,
            action=_ACTIONS[rule.action],
            goods=rule.goods or GoodsFilter(),
            windows=windows,
            rule_id=rule.id,
            source=_words(rule.source or zone.source),
            exempt=rule.exempt,
        )
        for rule, windows in holding
        if windows
    ]
    yield from rows or [bare]


def _row(passage: Passage, **rule: object) -> RouteZone:
    zone = passage.version.zone
    tunnel = zone.tunnel
    values = {
        "zone_id": zone.id,
        "name": zone.name,
        "kind": kind_on(zone, passage.bores),
        "tunnel_category": passage.tunnel_category,
        "enter_at": passage.enter_at,
        "leave_at": passage.leave_at,
        "version_id": passage.version.version,
        "source": _words(tunnel.source_of(passage.tunnel_category, passage.bores) if tunnel else zone.source),
        "proposed": zone.proposed,
        "limits": tuple(limits_of(passage.version)),
    }
    return RouteZone(**{**values, **rule})  # type: ignore[arg-type]


def _words(notice: Notice | None) -> str:
    return "" if notice is None else " ".join(filter(None, (notice.basis().zh, notice.article)))
