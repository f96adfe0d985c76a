"""The zones a planned route touches, as the rules of waybills look at them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from services import zones
from services.errors import Finding, Refusal
from services.errors.common import invalid
from services.waybill.facts import GoodsFilter, RouteZone, ZoneAction, ZoneKind
from services.waybill.model import Route
from services.waybill.rules.purposes import purposes_of
from services.waybill.trip import Trip
from services.zones.model import RouteZone as ZoneRow
from services.zones.rules import Cargo, judge, means

Findings = tuple[Finding, ...]


def zones_on_route(connection: Connection, trip: Trip, at: datetime) -> tuple[tuple[RouteZone, ...], Findings]:
    """In driving order, one row a rule, when the trip leaves at ``at``; and what is wrong with the route itself.

    Passages are told as if it left when planned: whoever judges a later start moves them by what it is late. Rules that
    do not mean this load, and those that leave this kind of trip alone, say nothing.
    """
    planned = trip.waybill.planned_departure or at
    duration = trip.arrival - trip.departure
    try:
        rows = _rows(connection, trip.waybill.route, at, at + duration + timedelta(days=1))
    except LookupError:
        return (), (invalid("waybill.route.edge_keys", "no road network has these edges 路网中没有这些路段"),)
    except Refusal as refusal:
        return (), tuple(replace(each, path=f"waybill.route.{each.path}") for each in refusal.findings)
    if not rows:
        return (), ()
    cargo = judge(trip.load, trip.catalogue, at)
    return tuple(_row(row, trip, cargo, planned - at) for row in rows), ()


def _rows(connection: Connection, route: Route, at: datetime, until: datetime) -> list[ZoneRow]:
    """By the edges where the road network has them, else by the line."""
    if route.edge_keys:
        try:
            return zones.on_route(connection, route.edge_keys, at, until=until)
        except LookupError:
            if len(route.line) < 2:
                raise
    return zones.on_route(connection, route.line, at, until=until) if len(route.line) > 1 else []


def _row(row: ZoneRow, trip: Trip, cargo: Cargo, shift: timedelta) -> RouteZone:
    """What nobody can tell of the goods counts as meant."""
    silent = bool(row.exempt & purposes_of(trip.waybill)) or means(row.goods, cargo) is False
    return RouteZone(
        zone_id=row.zone_id,
        name=row.name,
        kind=ZoneKind[row.kind.name],
        tunnel_category=row.tunnel_category,
        action=ZoneAction.NOTHING if silent else ZoneAction[row.action.name],
        goods=GoodsFilter(),
        windows=row.windows,
        enter_at=row.enter_at + shift if row.enter_at else None,
        leave_at=row.leave_at + shift if row.leave_at else None,
        version_id=row.version_id,
        source=row.source,
        proposed=row.proposed,
    )
