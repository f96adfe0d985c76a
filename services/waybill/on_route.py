"""The zones a planned route touches, as the rules of waybills look at them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from services import zones
from services.errors import Finding, Refusal
from services.errors.common import invalid
from services.waybill.model import Route
from services.waybill.rules.purposes import purposes_of
from services.waybill.rules.signs import measures_on
from services.waybill.trip import Trip
from services.zones.passed import RouteZone, RouteZoneAction
from services.zones.rules import Cargo, Decision, judge, means
from services.zones.signs import Reader

Findings = tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class OnRoute:
    """Zones in driving order, one row a rule; what signs and limits say to the vehicle; what is wrong with the route itself."""

    zones: tuple[RouteZone, ...] = ()
    signs: tuple[Decision, ...] = ()
    findings: Findings = ()


def found_on_route(connection: Connection, trip: Trip, at: datetime) -> OnRoute:
    """What is on the route when the trip leaves at ``at``.

    Passages are told as if it left when planned: whoever judges a later start moves them by what it is late. Rules that
    do not mean this load, and those that leave this kind of trip alone, say nothing.
    """
    planned = trip.waybill.planned_departure or at
    duration = trip.arrival - trip.departure
    reader = Reader(is_dangerous=trip.carries_dangerous_goods, measures=measures_on(trip))
    try:
        rows, signs = _along(connection, trip.waybill.route, reader, at, at + duration + timedelta(days=1))
    except LookupError:
        return OnRoute(
            findings=(invalid("waybill.route.edge_keys", "no road network has these edges 路网中没有这些路段"),)
        )
    except Refusal as refusal:
        return OnRoute(findings=tuple(replace(each, path=f"waybill.route.{each.path}") for each in refusal.findings))
    if not rows:
        return OnRoute(signs=signs)
    limits = dict.fromkeys(limit for row in rows for limit in row.limits)
    said = (limit.judge(reader.measures) for limit in limits)
    cargo = judge(trip.load, trip.catalogue, at)
    return OnRoute(
        zones=tuple(_row(row, trip, cargo, planned - at) for row in rows),
        signs=(*(each for each in said if each is not None), *signs),
    )


def _along(
    connection: Connection, route: Route, reader: Reader, at: datetime, until: datetime
) -> tuple[list[RouteZone], tuple[Decision, ...]]:
    """By the edges where the road network has them, else by the line."""
    for way in (route.edge_keys, route.line if len(route.line) > 1 else ()):
        if way:
            try:
                rows = zones.on_route(connection, way, at, until=until)
                return rows, zones.signs_on_route(connection, way, reader)
            except LookupError:
                if len(route.line) < 2:
                    raise
    return [], ()


def _row(row: RouteZone, trip: Trip, cargo: Cargo, shift: timedelta) -> RouteZone:
    """What nobody can tell of the goods counts as meant."""
    silent = bool(row.exempt & purposes_of(trip.waybill)) or means(row.goods, cargo) is False
    return replace(
        row,
        action=RouteZoneAction.NOTHING if silent else row.action,
        enter_at=row.enter_at and row.enter_at + shift,
        leave_at=row.leave_at and row.leave_at + shift,
    )
