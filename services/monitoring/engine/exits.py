"""Where a vehicle inside a zone can leave it soonest: along its planned route, else by air, which says so."""

from __future__ import annotations

from geo.nearest import nearest_on_edge
from geo.position import Position
from services.monitoring.engine.planned import Line, stretches
from services.monitoring.engine.world import World
from services.monitoring.model import ZoneRecord

BY_ROUTE, BY_AIR = "route", "air"


def nearest_exit(world: World, zone: ZoneRecord, line: Line | None, place: Position) -> dict[str, object]:
    """As evidence of an alarm: the place, how far it is that way, and which way that is."""
    found = _along(world, zone, line, place) if line is not None else None
    way = BY_AIR if found is None else BY_ROUTE
    where, metres = found or nearest_on_edge(world.area(zone), place)
    return {
        "exit_latitude_e7": where.latitude_e7, "exit_longitude_e7": where.longitude_e7, "exit_m": round(metres),
        "exit_by": way,
    }  # fmt: skip


def _along(world: World, zone: ZoneRecord, line: Line, place: Position) -> tuple[Position, float] | None:
    """Where the route leaves the zone next; None off the route, and where it ends inside."""
    done_m = line.progress_m(place, world.thresholds.corridor_m)
    if done_m is None:
        return None
    met = stretches([line], world.through(*line.pieces))
    inside = next((found for (_, number), found in met.items() if world.zone(number).id == zone.id), [])
    until = next((until for since, until in inside if since <= done_m + 1 and done_m <= until), line.length_m)
    return None if until >= line.length_m else (line.at(until), until - done_m)
