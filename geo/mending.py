"""Roads the map lacks near tunnels, made up so that no bore and no one-way road begins or ends nowhere."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from geo.plane import Plane
from geo.position import Position, distances_m
from geo.roads import RoadGraph
from geo.tunnels import Tunnel

Int64s = npt.NDArray[np.int64]

FARTHEST_LINK_M = 1200.0
_MOST_LINKS = 2
_NEAR_M = 1800.0  # of a portal: roads torn off farther away do not matter
_FARTHEST_TORN_M = 300.0


def mended(graph: RoadGraph, bores: tuple[Tunnel, ...]) -> RoadGraph:
    """Straight roads where the map has none to an entrance or from an exit, or a one-way road near the bores begins or ends at nothing.

    They lead to the nearest road ends that lie ahead.
    """
    nodes, is_open = _near(graph, bores), graph.edge_tunnel < 0
    arrived, left = np.intersect1d(nodes, graph.edge_to[is_open]), np.intersect1d(nodes, graph.edge_from[is_open])
    has_road_in, has_road_out = set(arrived.tolist()), set(left.tolist())
    links: dict[tuple[int, int], None] = {}
    for bore in bores:
        entrance, exit_ = int(graph.edge_from[bore.edges[0]]), int(graph.edge_to[bore.edges[-1]])
        if entrance not in has_road_in:
            portal, inside = graph.edge_positions(bore.edges[0])[:2]
            links |= {(node, entrance): None for node in _ends_ahead(graph, portal, inside, arrived, FARTHEST_LINK_M)}
        if exit_ not in has_road_out:
            inside, portal = graph.edge_positions(bore.edges[-1])[-2:]
            links |= {(exit_, node): None for node in _ends_ahead(graph, portal, inside, left, FARTHEST_LINK_M)}
    for edge in _torn(arrived, graph.edge_from, graph.edge_to):
        inside, end = graph.edge_positions(edge)[-2:]
        onwards = _ends_ahead(graph, end, inside, left, _FARTHEST_TORN_M)
        links |= {(int(graph.edge_to[edge]), node): None for node in onwards}
    for edge in _torn(left, graph.edge_to, graph.edge_from):
        begin, inside = graph.edge_positions(edge)[:2]
        back = _ends_ahead(graph, begin, inside, arrived, _FARTHEST_TORN_M)
        links |= {(node, int(graph.edge_from[edge])): None for node in back}
    return _with_links(graph, list(links))


def _near(graph: RoadGraph, bores: tuple[Tunnel, ...]) -> Int64s:
    """Nodes in the box round the portals, widened."""
    plane = Plane.at(bores[0].entrance)
    portals = [portal for bore in bores for portal in (bore.entrance, bore.exit)]
    x, y = plane.x(graph.node_longitude_e7), plane.y(graph.node_latitude_e7)
    east, north = plane.x([end.longitude_e7 for end in portals]), plane.y([end.latitude_e7 for end in portals])
    near = np.ones(len(x), dtype=bool)
    for place, ends in ((x, east), (y, north)):
        near &= (place >= ends.min() - _NEAR_M) & (place <= ends.max() + _NEAR_M)
    return np.flatnonzero(near)


def _torn(nodes: Int64s, near_ends: npt.NDArray[np.int32], far_ends: npt.NDArray[np.int32]) -> list[int]:
    """An edge each for those of the nodes at the far ends of edges where none goes on: no road is like that, so the map lacks one."""
    torn = np.setdiff1d(nodes, near_ends)
    edges = np.flatnonzero(np.isin(far_ends, torn))
    return [int(edge) for edge in edges[np.unique(far_ends[edges], return_index=True)[1]]]


def _ends_ahead(graph: RoadGraph, end: Position, inside: Position, nodes: Int64s, reach_m: float) -> list[int]:
    """The nearest few of the nodes within reach of a road's end that do not lie behind it."""
    plane = Plane.at(end)
    x, y = plane.x(graph.node_longitude_e7[nodes]), plane.y(graph.node_latitude_e7[nodes])
    away = np.hypot(x, y)
    out_x, out_y = -float(plane.x(inside.longitude_e7)), -float(plane.y(inside.latitude_e7))
    ahead = (x * out_x + y * out_y) > 0.5 * away * np.hypot(out_x, out_y)
    rows = np.flatnonzero(ahead & (away < reach_m) & (away > 1.0))
    return [int(number) for number in nodes[rows[np.argsort(away[rows])][:_MOST_LINKS]]]


def _with_links(graph: RoadGraph, links: list[tuple[int, int]]) -> RoadGraph:
    if not links:
        return graph
    start, end = (np.array(column, dtype=np.int32) for column in zip(*links, strict=True))
    nodes = np.column_stack([start, end]).ravel()
    latitude, longitude = graph.node_latitude_e7, graph.node_longitude_e7
    metres = distances_m(latitude[start], longitude[start], latitude[end], longitude[end])
    count = len(links)
    return dataclasses.replace(
        graph,
        edge_from=np.append(graph.edge_from, start),
        edge_to=np.append(graph.edge_to, end),
        edge_length_dm=np.append(graph.edge_length_dm, np.rint(metres * 10).astype(np.int64)),
        edge_class=np.append(graph.edge_class, np.zeros(count, dtype=np.uint8)),
        edge_way=np.append(graph.edge_way, -1 - np.arange(count)),
        edge_tunnel=np.append(graph.edge_tunnel, np.full(count, -1, dtype=np.int32)),
        edge_maxspeed_dkmh=np.append(graph.edge_maxspeed_dkmh, np.zeros(count, dtype=np.int32)),
        edge_geometry_offset=np.append(
            graph.edge_geometry_offset, graph.edge_geometry_offset[-1] + 2 * np.arange(1, count + 1)
        ),
        geometry_latitude_e7=np.append(graph.geometry_latitude_e7, latitude[nodes]),
        geometry_longitude_e7=np.append(graph.geometry_longitude_e7, longitude[nodes]),
        edge_tags=graph.edge_tags + ({},) * count,
    )
