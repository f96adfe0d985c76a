"""What does not belong to a vehicle: zones as of a change, the road graph, the figures of the day. Immutable; changes make another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches, approaches
from geo.excerpts import Excerpts
from geo.index import Crossings, ZoneIndex
from geo.position import Position
from geo.roads import RoadGraph
from geo.shapes import MultiPolygon, Shape, area_of
from geo.tunnels import Tunnel
from geo.ways_out import outskirts
from services.monitoring.engine.closed import Closed
from services.monitoring.engine.judge import barring, barring_load, limiting, spans
from services.monitoring.engine.near import NearMap
from services.monitoring.engine.roads import Limits, Rates, RoadGrid
from services.monitoring.engine.thresholds import Thresholds, thresholds_on
from services.monitoring.facts import TripFact
from services.monitoring.model import ZoneKind, ZoneRecord, ZoneRule

Int64s = npt.NDArray[np.int64]

_MOST_DEAD = 4_096
_AROUND_PORTAL_M = 1_700.0  # as far as ``geo.transit`` follows a vehicle, and a little more


class Roads:
    """The road graphs with what detection derives from them; shared by all worlds of the same graphs. Where graphs overlap, a fix
    may be on a road of either, and a tunnel that several have is taken from the one that reaches farthest round it."""

    def __init__(self, graphs: Sequence[RoadGraph], thresholds: Thresholds) -> None:
        self.rates = rates_of(thresholds)
        self.grid = RoadGrid(graphs, self.rates) if graphs else None
        self._around: dict[str, Approaches] = {}
        self._graph: dict[str, int] = {}
        self._excerpts = [Excerpts(graph) for graph in graphs]
        self.structure_of_bore: dict[str, str] = {}
        self.bores: dict[str, Tunnel] = {}
        self.portals: dict[str, list[Position]] = {}
        boxes = [_box(graph) for graph in graphs]
        for number, graph in enumerate(graphs):
            for structure_id, portals in _portals(graph).items():
                known = self._graph.get(structure_id)
                if known is None or _room(boxes[number], portals) > _room(boxes[known], portals):
                    self._graph[structure_id], self.portals[structure_id] = number, portals
            self.structure_of_bore |= {bore.id: bore.structure_id for bore in graph.tunnels}
            self.bores |= {bore.id: bore for bore in graph.tunnels}

    def around(self, structure_id: str) -> Approaches:
        """The surroundings of a tunnel, worked out when the first vehicle comes near. ``KeyError`` when no graph has it."""
        if structure_id not in self._around:
            part = self._excerpts[self._graph[structure_id]].around(structure_id)
            self._around[structure_id] = approaches(part, structure_id)
        return self._around[structure_id]


def rates_of(thresholds: Thresholds) -> Rates:
    return Rates(
        thresholds.expressway_dkmh,
        thresholds.other_road_dkmh,
        thresholds.unladen_expressway_dkmh,
        thresholds.unladen_other_road_dkmh,
    )


def _portals(graph: RoadGraph) -> dict[str, list[Position]]:
    found: dict[str, list[Position]] = {}
    for bore in graph.tunnels:
        found.setdefault(bore.structure_id, []).extend((bore.entrance, bore.exit))
    return found


def _box(graph: RoadGraph) -> tuple[int, int, int, int]:
    """(south, west, north, east) of its nodes."""
    latitude, longitude = graph.node_latitude_e7, graph.node_longitude_e7
    return int(latitude.min()), int(longitude.min()), int(latitude.max()), int(longitude.max())


def _room(box: tuple[int, int, int, int], portals: list[Position]) -> int:
    """How far at least the box reaches beyond the portals, in degrees x 10^7."""
    south, west, north, east = box
    return min(
        min(one.latitude_e7 - south, north - one.latitude_e7, one.longitude_e7 - west, east - one.longitude_e7)
        for one in portals
    )


class World:
    """``zones`` by number; a number means one version of one zone for as long as worlds are made from each other."""

    def __init__(
        self,
        *,
        thresholds: Thresholds,
        roads: Roads,
        zones: dict[str, ZoneRecord],
        index: ZoneIndex[str],
        numbered: list[ZoneRecord],
        before: World | None = None,
    ) -> None:
        self.thresholds, self.roads = thresholds, roads
        self.zones = zones
        self._index, self._numbered = index, numbered
        limits_speed = np.empty(0, dtype=bool) if before is None else before.limits_speed
        news = [any(rule.speed_dkmh for rule in zone.rules) for zone in numbered[len(limits_speed) :]]
        self.limits_speed: npt.NDArray[np.bool_] = np.append(limits_speed, np.array(news, dtype=bool))
        self.watched = _watched(zones.values(), roads)
        is_same = before is not None and before.watched.keys() == self.watched.keys()
        self.near: NearMap = before.near if before is not None and is_same else _near(self.watched, roads)
        self.barred = Closed(
            len(numbered),
            lambda number, load: is_visited(numbered[number]) and bool(barring_load(numbered[number], load)),
        )
        self.closed = Closed(len(self.near.names), lambda number, load: bool(barring_load(self.tunnel(number), load)))
        self._areas: dict[tuple[str, str], MultiPolygon] = {}
        self._half_widths: dict[tuple[str, str], float] = {}
        self._beside: dict[tuple[str, str], frozenset[int]] = {}
        self._barring: dict[tuple[object, ...], tuple[ZoneRule, ...]] = {}

    @classmethod
    def build(
        cls,
        zones: Iterable[ZoneRecord],
        *,
        thresholds: Thresholds | None = None,
        roads: Roads | None = None,
    ) -> World:
        """From all zones in force. ``roads`` of an earlier world saves working out the graph again."""
        figures = thresholds or thresholds_on(date(2026, 1, 1))
        records = {zone.id: zone for zone in zones}
        index = ZoneIndex(_shapes(records))
        numbered = [records[key] for key in index.keys]
        return cls(thresholds=figures, roads=roads or Roads((), figures), zones=records, index=index, numbered=numbered)

    def changed(self, zones: Iterable[ZoneRecord] = (), gone: Iterable[str] = ()) -> World:
        """The world after a change: some zones new or in a new version, some gone. What stays is not compiled again."""
        news = {zone.id: zone for zone in zones}
        leaving = {*news, *gone}
        records = self.zones.copy()
        for key in leaving:
            records.pop(key, None)
        records |= news
        if len(self._numbered) > 2 * len(records) + _MOST_DEAD:  # edges of zones long gone fill the memory
            return World.build(records.values(), thresholds=self.thresholds, roads=self.roads)
        shapes = _shapes(news)
        index = self._index.changed(shapes, [key for key in leaving - shapes.keys() if key in self._index])
        # other worlds made from this one, or from those before it, have taken numbers too: they mean nothing here
        others = [_NO_ZONE] * (len(index.keys) - len(shapes) - len(self._numbered))
        numbered = [*self._numbered, *others, *(news[key] for key in shapes)]
        return World(
            thresholds=self.thresholds, roads=self.roads, zones=records, index=index, numbered=numbered, before=self
        )

    def zone(self, number: int) -> ZoneRecord:
        """The zone with a number that ``through`` has just named."""
        return self._numbered[number]

    def tunnel(self, number: int) -> ZoneRecord:
        """The watched tunnel with a number that ``near`` has just named."""
        return self.watched[self.near.names[number]]

    def area(self, zone: ZoneRecord) -> MultiPolygon:
        """What decides membership; worked out once."""
        key = zone.id, zone.version
        if key not in self._areas:
            if zone.shape is None:
                raise KeyError(zone.id)
            self._areas[key] = area_of(zone.shape)
        return self._areas[key]

    def beside(self, zone: ZoneRecord) -> frozenset[int]:
        """The zones that meet the other side of its fence, itself too where it bends; worked out once."""
        key = zone.id, zone.version
        if key not in self._beside:
            self._beside[key] = frozenset(self.through(*outskirts(self.area(zone))).zone.tolist())
        return self._beside[key]

    def half_width_m(self, zone: ZoneRecord) -> float:
        """Half the width of a zone as long as a road; worked out once."""
        key = zone.id, zone.version
        if key not in self._half_widths:
            self._half_widths[key] = self.area(zone).half_width_m()
        return self._half_widths[key]

    def through(self, latitude_1: Int64s, longitude_1: Int64s, latitude_2: Int64s, longitude_2: Int64s) -> Crossings:
        """Which zones segments meet, as in ``geo.index``."""
        return self._index.through(latitude_1, longitude_1, latitude_2, longitude_2)

    def barring(self, zone: ZoneRecord, trip: TripFact | None) -> tuple[ZoneRule, ...]:
        """What keeps the trip's load out of a zone; looked up once for each load."""
        if trip is None:
            return ()
        load = (
            zone.id,
            zone.version,
            trip.waits,
            trip.loaded,
            trip.tunnel_forbidden,
            trip.goods,
            trip.passes,
            trip.purposes,
        )
        found = self._barring.get(load)
        if found is None:
            if len(self._barring) > 1 << 16:
                self._barring.clear()
            found = self._barring[load] = barring(zone, trip)
        return found

    def speed_limit(self, number: int, trip: TripFact | None, at_ms: int) -> int | None:
        """The limit a speed section sets at that time, 0.1 km/h."""
        zone = self.zone(number)
        limits = [rule.speed_dkmh for rule in limiting(zone, trip) if spans((rule,), at_ms, at_ms + 1)]
        return min(limits, default=None)

    @property
    def least_dkmh(self) -> int:
        """A speed nobody can be faulted for on any road."""
        grid = self.roads.grid
        return self.thresholds.expressway_dkmh if grid is None else grid.least_dkmh

    def floor_dkmh(self, latitude: Int64s, longitude: Int64s) -> Int64s:
        """A speed nobody can be faulted for at that place on account of the road."""
        if self.roads.grid is None:
            return np.full(len(latitude), self.thresholds.expressway_dkmh, dtype=np.int64)
        return self.roads.grid.floor_dkmh(latitude, longitude)

    def limits(self, latitude: Int64s, longitude: Int64s, heading: Int64s, accuracy: Int64s) -> Limits:
        """The limits of the road; without a graph those of expressways."""
        if self.roads.grid is not None:
            return self.roads.grid.limits(latitude, longitude, heading, accuracy)
        count, limits = len(latitude), self.thresholds
        return Limits(
            np.full(count, limits.expressway_dkmh, dtype=np.int64),
            np.full(count, limits.unladen_expressway_dkmh, dtype=np.int64),
            np.full(count, -1, dtype=np.int64),
        )


_NO_ZONE = ZoneRecord(id="", version="", kind=ZoneKind.PARKING)
_NO_VISITS = frozenset({ZoneKind.SPEED_SECTION, ZoneKind.PARKING, ZoneKind.TUNNEL})


def is_visited(zone: ZoneRecord) -> bool:
    """Whether being in the zone may be forbidden; who drives through tunnels is found on the road graph."""
    return zone.kind not in _NO_VISITS


def _shapes(zones: Mapping[str, ZoneRecord]) -> dict[str, Shape]:
    """The zones to index: all that have a shape, but for tunnels."""
    return {key: zone.shape for key, zone in zones.items() if zone.shape and zone.kind is not ZoneKind.TUNNEL}


def _near(watched: Iterable[str], roads: Roads) -> NearMap:
    return NearMap({name: roads.portals[name] for name in watched}, _AROUND_PORTAL_M)


def _watched(zones: Iterable[ZoneRecord], roads: Roads) -> dict[str, ZoneRecord]:
    """Tunnels that may be closed to a load, by the structure of the road graph they are."""
    watched: dict[str, ZoneRecord] = {}
    for zone in zones:
        if zone.kind is not ZoneKind.TUNNEL or not (zone.category or zone.rules):
            continue
        names = {zone.structure_id, *(roads.structure_of_bore.get(bore, "") for bore in zone.bore_ids)}
        watched |= {name: zone for name in sorted(names) if name in roads.portals}
    return watched
