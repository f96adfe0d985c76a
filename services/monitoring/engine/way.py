"""Which zones planned lines go through, and where along them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from weakref import WeakKeyDictionary

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
Through = Callable[[Int64s, Int64s, Int64s, Int64s], Crossings]


@dataclass(frozen=True, slots=True)
class _Way:
    """What a line goes through, whoever goes by it: numbers of zones that may bar somebody, where it is in each, and tunnels."""

    zone: Int64s
    inside: list[list[Stretch]]
    tunnels: Met


_KNOWN: WeakKeyDictionary[World, WeakKeyDictionary[Line, _Way]] = WeakKeyDictionary()


def met_anew(planned: Lines, world: World, news: Change) -> dict[int, Met]:
    """By slot, the changed zones its line goes through."""
    met: dict[int, Met] = {}
    if news.box is not None:
        slots = _slots_of(planned.coming_by(news.box))
        for some in _portions(slots):
            for (place, number), found in _inside(some, news.index.through).items():
                for slot in slots[some[place]]:
                    met.setdefault(slot, {})[news.index.keys[number]] = found
    if news.tunnels:
        slots = _slots_of(planned.coming_by(_around(world, news.tunnels)))
        for line, tunnels in zip(slots, _tunnels(world, list(slots), news.tunnels), strict=True):
            for slot in slots[line]:
                met.setdefault(slot, {}).update(tunnels)
    return met


def met_by(world: World, line: Line, trip: TripFact) -> Met:
    """All zones that may bar the trip on its line."""
    ask(world, [line])
    way = _KNOWN[world][line]
    rows = np.flatnonzero(world.barred.to_load(load_of(trip), way.zone)).tolist()
    return {world.zone(int(way.zone[row])).id: way.inside[row] for row in rows} | way.tunnels


def ask(world: World, lines: Iterable[Line]) -> None:
    """Find what these lines go through, all at once; of each it is asked once in a world."""
    known = _KNOWN.setdefault(world, WeakKeyDictionary())
    for some in _portions([line for line in dict.fromkeys(lines) if line not in known]):
        found: list[tuple[list[int], list[list[Stretch]]]] = [([], []) for _ in some]
        for (place, number), inside in _inside(some, partial(_bars_some, world)).items():
            found[place][0].append(number)
            found[place][1].append(inside)
        for line, (numbers, where), tunnels in zip(some, found, _tunnels(world, some, world.watched), strict=True):
            known[line] = _Way(np.array(numbers, dtype=np.int64), where, tunnels)


def _slots_of(lines: Mapping[int, Line]) -> dict[Line, list[int]]:
    slots: dict[Line, list[int]] = {}
    for slot, line in lines.items():
        slots.setdefault(line, []).append(slot)
    return slots


def _portions(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Some at a time, for the lines of a nation have too many pieces."""
    rest = list(lines)
    yield from (rest[first : first + _AT_ONCE] for first in range(0, len(rest), _AT_ONCE))


def _inside(lines: Sequence[Line], through: Through) -> dict[tuple[int, int], list[Stretch]]:
    return stretches(lines, through(*joined_pieces(lines)))


def _bars_some(world: World, *pieces: Int64s) -> Crossings:
    """What the pieces go through of the zones that bar any load from being in them."""
    found = world.through(*pieces)
    numbers, place = np.unique(found.zone, return_inverse=True)
    zones = map(world.zone, numbers.tolist())
    bars = np.array([is_visited(zone) and bool(zone.rules or zone.category) for zone in zones], dtype=bool)
    rows = np.flatnonzero(bars[place])
    return Crossings(*(getattr(found, name)[rows] for name in Crossings.__slots__))


def _tunnels(world: World, lines: Sequence[Line], among: Mapping[str, ZoneRecord]) -> list[Met]:
    """Of each line the tunnels it comes by both portals of."""
    met: list[Met] = [{} for _ in lines]
    if not among or not lines:
        return met
    samples = [line.samples() for line in lines]
    whose = np.repeat(np.arange(len(lines)), [len(north) for north, _ in samples])
    row, number = world.near.near(*(np.concatenate(column) for column in zip(*samples, strict=True)))
    for place, tunnel in np.unique(np.stack([whose[row], number]), axis=1).T.tolist():
        name = world.near.names[tunnel]
        if name in among:
            portals = world.roads.portals[name]
            ends = zip(portals[::2], portals[1::2], strict=True)
            found = [each for pair in ends if (each := _between(lines[place], *pair)) is not None]
            met[place].setdefault(among[name].id, []).extend(found)
    return [{zone_id: sorted(found) for zone_id, found in each.items() if found} for each in met]


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
