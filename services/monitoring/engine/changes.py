"""How one world differs from the one before, for those who plan to go through what has changed. Worked out once for all shards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from geo.index import ZoneIndex
from services.monitoring.engine.planned import Box
from services.monitoring.engine.world import World, is_visited
from services.monitoring.model import ZoneRecord

_KNOWN: WeakKeyDictionary[World, WeakKeyDictionary[World, Change]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False, slots=True)
class Change:
    """``turned`` are the zones that are new, other ones, or gone; ``index`` holds those of them that are there now and may be entered,
    all within ``box``; ``tunnels`` are those of them that a road graph knows, by structure."""

    turned: frozenset[str]
    index: ZoneIndex[str]
    box: Box | None
    tunnels: Mapping[str, ZoneRecord]


def change(before: World, after: World) -> Change:
    known = _KNOWN.setdefault(after, WeakKeyDictionary())
    if before not in known:
        known[before] = _change(before, after)
    return known[before]


def _change(before: World, after: World) -> Change:
    old = before.zones
    turned = {
        key for key, zone in after.zones.items()
        if (was := old.get(key)) is not zone and (was is None or was.version != zone.version)
    }  # fmt: skip
    areas = {
        key: after.area(zone)
        for key in sorted(turned)
        if (zone := after.zones[key]).shape and zone.rules and is_visited(zone)
    }
    corners = [area.box for area in areas.values()]
    box = None
    if corners:
        south, west = min(each[0] for each in corners), min(each[1] for each in corners)
        box = south, west, max(each[2] for each in corners) - south, max(each[3] for each in corners) - west
    return Change(
        turned=frozenset(turned | (old.keys() - after.zones.keys())),
        index=ZoneIndex(areas),
        box=box,
        tunnels={name: zone for name, zone in after.watched.items() if zone.id in turned or name not in before.watched},
    )
