"""Parts of a road graph round its tunnels: what is worked out for one tunnel then costs what lies about it, not what the map holds."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from geo.approaches import REACH_M
from geo.mending import FARTHEST_LINK_M
from geo.plane import Plane
from geo.roads import RoadGraph
from geo.tunnels import Tunnel
from geo.ways import FARTHEST_M

Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]  # south, west, north, east

_ROOM_M = 1_000.0  # more than the plane of one tunnel and that of the next may differ


class Excerpts:
    """Cuts parts out of one graph."""

    def __init__(self, graph: RoadGraph) -> None:
        self._graph = graph
        first = graph.edge_geometry_offset[:-1]
        latitude, longitude = graph.geometry_latitude_e7, graph.geometry_longitude_e7
        self._south, self._north = np.minimum.reduceat(latitude, first), np.maximum.reduceat(latitude, first)
        self._west, self._east = np.minimum.reduceat(longitude, first), np.maximum.reduceat(longitude, first)
        self._numbers: dict[str, list[int]] = {}
        for number, bore in enumerate(graph.tunnels):
            self._numbers.setdefault(bore.structure_id, []).append(number)
        ends = [(bore.entrance, bore.exit) for bore in graph.tunnels]
        self._portals = np.array(
            [[(end.latitude_e7, end.longitude_e7) for end in both] for both in ends], dtype=np.int64
        ).reshape(-1, 2, 2)

    def around(self, structure_id: str) -> RoadGraph:
        """As much of the graph as ``geo.approaches`` looks at for a structure, nodes and edges in the same order.

        ``edge_tunnel`` tells only whether an edge is in a tunnel. ``KeyError`` when the graph does not have the structure.
        """
        graph, own = self._graph, self._numbers[structure_id]
        plane = Plane.at(graph.tunnels[own[0]].entrance)
        near = self._in(_widened(plane, self._portals[own], REACH_M + FARTHEST_LINK_M + _ROOM_M))
        about = _widened(plane, self._portals[near], REACH_M + FARTHEST_LINK_M + _ROOM_M)
        touched = np.flatnonzero(
            (self._north >= about[0]) & (self._east >= about[1]) & (self._south <= about[2]) & (self._west <= about[3])
        )
        nodes = np.unique(np.concatenate([graph.edge_from[touched], graph.edge_to[touched]]))
        reached = np.column_stack([graph.node_latitude_e7[nodes], graph.node_longitude_e7[nodes]])
        box = _widened(plane, np.concatenate([reached, self._portals[near].reshape(-1, 2)]), FARTHEST_M / 2 + _ROOM_M)
        inside = _within(box, graph.node_latitude_e7, graph.node_longitude_e7)
        edges = inside[graph.edge_from] | inside[graph.edge_to]
        edges[[edge for number in near for edge in graph.tunnels[number].edges]] = True
        return _cut(graph, np.flatnonzero(edges), [graph.tunnels[number] for number in near])

    def _in(self, box: Box) -> list[int]:
        """Bores with a portal in the box."""
        held = _within(box, self._portals[..., 0], self._portals[..., 1]).any(axis=1)
        return [int(number) for number in np.flatnonzero(held)]


def _widened(plane: Plane, places: Int64s, metres: float) -> Box:
    """The box round places (latitude, longitude), so much wider on every side."""
    rows = places.reshape(-1, 2)
    up, aside = metres / float(plane.y(1) - plane.y(0)), metres / float(plane.x(1) - plane.x(0))
    (south, west), (north, east) = rows.min(axis=0), rows.max(axis=0)
    return south - up, west - aside, north + up, east + aside


def _within(box: Box, latitude: Int64s, longitude: Int64s) -> Mask:
    held: Mask = (latitude >= box[0]) & (longitude >= box[1]) & (latitude <= box[2]) & (longitude <= box[3])
    return held


def _cut(graph: RoadGraph, edges: Int64s, bores: list[Tunnel]) -> RoadGraph:
    nodes, ends = np.unique(np.concatenate([graph.edge_from[edges], graph.edge_to[edges]]), return_inverse=True)
    counts = np.diff(graph.edge_geometry_offset)[edges]
    offset = np.append(0, np.cumsum(counts))
    points = np.repeat(graph.edge_geometry_offset[edges] - offset[:-1], counts) + np.arange(offset[-1])
    number = {edge: place for place, edge in enumerate(edges.tolist())}
    return RoadGraph(
        node_id=graph.node_id[nodes],
        node_latitude_e7=graph.node_latitude_e7[nodes],
        node_longitude_e7=graph.node_longitude_e7[nodes],
        edge_from=ends[: len(edges)].astype(np.int32),
        edge_to=ends[len(edges) :].astype(np.int32),
        edge_length_dm=graph.edge_length_dm[edges],
        edge_class=graph.edge_class[edges],
        edge_way=graph.edge_way[edges],
        edge_tunnel=np.where(graph.edge_tunnel[edges] >= 0, 0, -1).astype(np.int32),
        edge_maxspeed_dkmh=graph.edge_maxspeed_dkmh[edges],
        edge_geometry_offset=offset,
        geometry_latitude_e7=graph.geometry_latitude_e7[points],
        geometry_longitude_e7=graph.geometry_longitude_e7[points],
        edge_tags=tuple(graph.edge_tags[edge] for edge in edges.tolist()),
        tunnels=tuple(dataclasses.replace(bore, edges=tuple(number[edge] for edge in bore.edges)) for bore in bores),
    )
