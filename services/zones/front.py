"""What other slices ask of zones; see the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from geo.position import Position
from geo.roads import RoadGraph
from services.zones import store
from services.zones.book import LONGEST_TRIP, Moment, book_of
from services.zones.calendar import held
from services.zones.mapped import PlaceKind
from services.zones.model import (
    Action,
    Effective,
    GoodsFilter,
    Notice,
    RouteZone,
    RouteZoneAction,
    RouteZoneKind,
    Zone,
    ZoneKind,
    ZoneVersion,
)
from services.zones.plan import Passage, Trip, passages, passages_of_line
from services.zones.regions import region_with, route_over
from services.zones.rules import Cargo

LONG_TUNNEL_DM = 30_000  # 特长隧道: over 3,000 m (JTG 3370.1)
_KINDS: Mapping[ZoneKind, RouteZoneKind] = {
    ZoneKind.RESTRICTED_AREA: RouteZoneKind.RESTRICTED_AREA,
    ZoneKind.CORRIDOR: RouteZoneKind.RESTRICTED_AREA,
    ZoneKind.SPEED_SECTION: RouteZoneKind.RESTRICTED_AREA,
    ZoneKind.PARKING: RouteZoneKind.RESTRICTED_AREA,
    ZoneKind.TIME_BANNED_ROAD: RouteZoneKind.TIME_BANNED_ROAD,
}


def _kind(zone: Zone) -> RouteZoneKind:
    if zone.bridge is not None:
        return RouteZoneKind.LARGE_BRIDGE if zone.bridge.is_large else RouteZoneKind.BRIDGE
    if zone.tunnel is not None:
        return RouteZoneKind.LONG_TUNNEL if zone.tunnel.length_dm > LONG_TUNNEL_DM else RouteZoneKind.TUNNEL
    return RouteZoneKind.WATER_SOURCE if zone.place_kind is PlaceKind.WATER_SOURCE else _KINDS[zone.kind]


_ACTIONS: Mapping[Action, RouteZoneAction] = {
    Action.FORBID: RouteZoneAction.FORBID,
    Action.ONLY_WITH_PASS: RouteZoneAction.PASS_ONLY,
    Action.NOTIFY: RouteZoneAction.NOTIFY,
}


def region(connection: Connection, region_id: str) -> RoadGraph:
    """The road network, kept in this process. Raises ``LookupError`` when there is none of this id."""
    return book_of(connection).region(connection, region_id).graph


def regions(connection: Connection) -> tuple[str, ...]:
    """The ids of the road networks to go by, the newest first: of several imported under one name the last."""
    newest: dict[str, str] = {}
    for row in store.regions(connection):
        newest.setdefault(row.name, row.id)
    return tuple(newest.values())


def edge_keys(connection: Connection, region_id: str) -> tuple[str, ...]:
    """The key of each edge of the road network, by its number. Raises ``LookupError``."""
    return book_of(connection).region(connection, region_id).edge_keys


def active(connection: Connection, at: datetime) -> tuple[ZoneVersion, ...]:
    """The zones in force at ``at``, by id; ``version.area`` is ready for ``geo.index``, ``version.number`` its change number.

    What a map proposes and nobody confirmed is not in force, but for tunnels, which are where they are.
    """
    return tuple(each for each in book_of(connection).active(connection, at) if each.zone.is_in_force)


def changes_since(connection: Connection, number: int, most: int = 1_000) -> list[ZoneVersion]:
    """Up to ``most`` versions written after change ``number``, in the order of their commits: none is ever missed."""
    return store.changes_since(connection, number, most)


def last_change(connection: Connection) -> int:
    """The number of the newest change, 0 before the first."""
    return store.last_change(connection)


def timeline(connection: Connection, change: int) -> tuple[Effective, ...]:
    """Every zone by what was written up to change ``change``: which version is in force from when to when, for ever the same.

    Spans are half open and ordered by zone and time; nothing is said of times in which a zone is withdrawn or not there yet, nor of
    proposals (as in ``active``).
    """
    return tuple(span for span in book_of(connection).timeline(connection, change) if span.version.zone.is_in_force)


def turned(connection: Connection, was: Moment, now: Moment) -> dict[str, ZoneVersion | None]:
    """Of every zone that may be another at one moment (a change, an instant) than at the other: the version in force ``now``, ``None``
    where there is none, nor of proposals (as in ``timeline``)."""
    found = book_of(connection).turned(connection, was, now)
    return {
        key: version if version is not None and version.zone.is_in_force else None for key, version in found.items()
    }


def next_edge(connection: Connection, at: datetime) -> datetime | None:
    """The first instant after ``at`` at which a version comes into force or goes out of it; ``None``: never again."""
    return book_of(connection).next_edge(connection, at)


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


def version_of(connection: Connection, version: str) -> ZoneVersion:
    """The very version a decision named. Raises ``LookupError``."""
    found = store.find_version(connection, int(version)) if version.isdigit() else None
    if found is None:
        raise LookupError(f"no zone version {version}")
    return found


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
        "kind": _kind(zone),
        "tunnel_category": tunnel.category if tunnel else "",
        "enter_at": passage.enter_at,
        "leave_at": passage.leave_at,
        "version_id": passage.version.version,
        "source": _words(tunnel.category_source if tunnel else zone.source),
        "proposed": zone.proposed,
    }
    return RouteZone(**{**values, **rule})  # type: ignore[arg-type]


def _words(notice: Notice | None) -> str:
    return "" if notice is None else " ".join(filter(None, (notice.basis().zh, notice.article)))
