"""Where a vehicle inside a zone can leave it soonest: along its planned route, else by air, which says so. No way out leads into another
zone that is closed to it meanwhile; where such zones lie all round, they are left together."""

from __future__ import annotations

from collections.abc import Iterable

from geo.nearest import nearest_on_edge
from geo.position import Position
from geo.ways_out import ROOM_M, nearest_way_out
from services.monitoring.engine.judge import Span, spans
from services.monitoring.engine.planned import Line, stretches
from services.monitoring.engine.world import World, is_visited
from services.monitoring.facts import TripFact
from services.monitoring.model import ZoneRecord

BY_ROUTE, BY_AIR = "route", "air"
_MOST_ROUND = 8  # rings of closed zones round closed zones


def nearest_exit(
    world: World, zone: ZoneRecord, trip: TripFact | None, line: Line | None, place: Position, during: Span
) -> dict[str, object]:
    """As evidence of an alarm: the place, how far it is that way, and which way that is. ``during`` is the time there is to leave."""
    closed = _Closed(world, trip, during)
    found = closed.along(zone, line, place) if line is not None else None
    way = BY_AIR if found is None else BY_ROUTE
    where, metres = found or closed.by_air(zone, place)
    return {
        "exit_latitude_e7": where.latitude_e7, "exit_longitude_e7": where.longitude_e7, "exit_m": round(metres),
        "exit_by": way,
    }  # fmt: skip


class _Closed:
    """The zones closed to a trip at any time while it has to leave one of them."""

    def __init__(self, world: World, trip: TripFact | None, during: Span) -> None:
        self._world, self._trip, self._during = world, trip, during

    def among(self, numbers: Iterable[int]) -> dict[int, ZoneRecord]:
        """Those of the zones with these numbers."""
        zones = {number: self._world.zone(number) for number in sorted(set(numbers))}
        return {
            number: zone
            for number, zone in zones.items()
            if is_visited(zone) and spans(self._world.barring(zone, self._trip), *self._during)
        }

    def along(self, zone: ZoneRecord, line: Line, place: Position) -> tuple[Position, float] | None:
        """Where the route leaves the zone next, and all others it is in there; None off the route, where it ends inside, and where it
        goes on into another."""
        done_m = line.progress_m(place, self._world.thresholds.corridor_m)
        if done_m is None:
            return None
        met = stretches([line], self._world.through(*line.pieces))
        closed = self.among(number for _, number in met)
        ways = [(closed[number].id, way) for (_, number), found in met.items() if number in closed for way in found]
        here = [(key, way) for key, way in ways if way[0] <= done_m + 1 and done_m <= way[1]]
        until = max((way[1] for _, way in here), default=line.length_m)
        if until >= line.length_m or zone.id not in {key for key, _ in here}:
            return None
        into = any(done_m < way[1] and way[0] <= until + ROOM_M for key, way in ways if (key, way) not in here)
        return None if into else (line.at(until), until - done_m)

    def by_air(self, zone: ZoneRecord, place: Position) -> tuple[Position, float]:
        world, inside = self._world, {zone.id: zone}
        for _ in range(_MOST_ROUND):
            areas = [world.area(each) for each in inside.values()]
            numbers = frozenset[int]().union(*(world.beside(each) for each in inside.values()))
            beside = {each.id: each for each in self.among(numbers).values() if each.id not in inside}
            if not beside and len(inside) == 1:
                break
            around = {key: each for key, each in beside.items() if world.area(each).contains(place)}
            found = None if around else nearest_way_out(areas, [world.area(each) for each in beside.values()], place)
            if found is not None:
                return found
            inside |= around or beside
        return nearest_on_edge(world.area(zone), place)
