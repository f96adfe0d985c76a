"""Which zones planned lines go through, and where along them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from geo.index import Crossings
from geo.position import Position
from services.monitoring.engine.changes import Change
from services.monitoring.engine.judge import load_of
from services.monitoring.engine.planned import Box, Line, Lines, Stretch, joined_pieces, stretches
from services.monitoring.engine.world import World, is_visited
from services.monitoring.facts import TripFact
from services.monitoring.model import ZoneRecord

Int64s = npt.NDArray[np.int64]

_AT_ONCE = 1_000
_AT_PORTAL_M = 40.0
_AROUND_PORTAL_E7 = 100_000  # a line that comes by has a corner or a piece within a kilometre

Met = dict[str, list[Stretch]]  # by zone


def met_anew(planned: Lines, world: World, news: Change) -> dict[int, Met]:
    """By slot, the changed zones its line goes through."""
    met: dict[int, Met] = {}
    if news.box is not None:
        for slot, zone, found in _inside(planned.coming_by(news.box), news.index.through):
            met.setdefault(slot, {})[news.index.keys[zone]] = found
    if news.tunnels:
        for slot, line in planned.coming_by(_around(world, news.tunnels)).items():
            for zone_id, found in _tunnels(world, line, news.tunnels).items():
                met.setdefault(slot, {})[zone_id] = found
    return met


def met_by(world: World, line: Line, trip: TripFact) -> Met:
    """All zones that may bar the trip on its line."""
    found = world.through(*line.pieces)
    rows = np.flatnonzero(world.barred.to_load(load_of(trip), found.zone))
    found = Crossings(*(getattr(found, name)[rows] for name in Crossings.__slots__))
    met = {world.zone(zone).id: inside for (_, zone), inside in stretches([line], found).items()}
    return met | _tunnels(world, line, world.watched)


def met_by_all(world: World, lines: Mapping[int, Line]) -> dict[int, Met]:
    """By slot, the zones with rules that many lines go through, asked for at once."""
    met: dict[int, Met] = {slot: _tunnels(world, line, world.watched) for slot, line in lines.items()}
    for slot, number, found in _inside(lines, world.through):
        zone = world.zone(number)
        if zone.rules and is_visited(zone):
            met[slot][zone.id] = found
    return met


def _inside(
    lines: Mapping[int, Line], through: Callable[[Int64s, Int64s, Int64s, Int64s], Crossings]
) -> Iterator[tuple[int, int, list[Stretch]]]:
    """Slot, number of a zone, and where the line is in it; some lines at a time, for those of a nation have too many pieces."""
    slots = list(lines)
    for first in range(0, len(slots), _AT_ONCE):
        some = slots[first : first + _AT_ONCE]
        chosen = [lines[slot] for slot in some]
        for (place, number), found in stretches(chosen, through(*joined_pieces(chosen))).items():
            yield some[place], number, found


def _tunnels(world: World, line: Line, among: Mapping[str, ZoneRecord]) -> Met:
    """The tunnels the line comes by both portals of."""
    met: Met = {}
    if among:
        for number in np.unique(world.near.near(*line.samples())[1]).tolist():
            name = world.near.names[number]
            if name in among:
                portals = world.roads.portals[name]
                found = filter(None, (_between(line, *ends) for ends in zip(portals[::2], portals[1::2], strict=True)))
                met.setdefault(among[name].id, []).extend(found)
    return {zone_id: sorted(found) for zone_id, found in met.items() if found}


def _between(line: Line, one: Position, other: Position) -> Stretch | None:
    ends = [line.progress_m(portal, _AT_PORTAL_M, first=False) for portal in (one, other)]
    return None if ends[0] is None or ends[1] is None else (min(ends[0], ends[1]), max(ends[0], ends[1]))


def _around(world: World, tunnels: Iterable[str]) -> Box:
    portals = [portal for name in tunnels for portal in world.roads.portals[name]]
    south, west = (
        min(values) - _AROUND_PORTAL_E7
        for values in ([each.latitude_e7 for each in portals], [each.longitude_e7 for each in portals])
    )
    north, east = max(each.latitude_e7 for each in portals), max(each.longitude_e7 for each in portals)
    return south, west, north + _AROUND_PORTAL_E7 - south, east + _AROUND_PORTAL_E7 - west
