"""The zones a planned route touches, as the rules of waybills look at them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from services.waybill.model import RouteZone, Waybill


def zones_on_route(connection: Connection, waybill: Waybill, at: datetime) -> tuple[RouteZone, ...]:
    """In driving order, with the times of passage when the trip begins at ``at`` or as planned."""
    return ()
