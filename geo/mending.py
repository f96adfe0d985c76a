"""Roads the map lacks at tunnel portals, made up so that no bore begins or ends nowhere."""

from __future__ import annotations

import dataclasses

import numpy as np

from geo.plane import Plane
from geo.position import Position, distances_m
from geo.roads import RoadGraph
from geo.tunnels import Tunnel

FARTHEST_LINK_M = 1200.0
_MOST_LINKS = 2


def mended(graph: RoadGraph, bores: tuple[Tunnel, ...]) -> RoadGraph:
    """Where the map has no road to an entrance or from an exit, straight ones to the nearest road ends that lie ahead of it."""
    is_open = graph.edge_tunnel < 0
    arrived = set(graph.edge_to[is_open].tolist())
    left = set(graph.edge_from[is_open].tolist())
    links: dict[tuple[int, int], None] = {}
    for bore in bores:
        entrance, exit_ = int(graph.edge_from[bore.edges[0]]), int(graph.edge_to[bore.edges[-1]])
        if entrance not in arrived:
            portal, inside = graph.edge_positions(bore.edges[0])[:2]
            links |= {(node, entrance): None for node in _ends_ahead(graph, portal, inside, arrived)}
        if exit_ not in left:
            inside, portal = graph.edge_positions(bore.edges[-1])[-2:]
            links |= {(exit_, node): None for node in _ends_ahead(graph, portal, inside, left)}
    return _with_links(graph, list(links))


def _ends_ahead(graph: RoadGraph, portal: Position, inside: Position, nodes: set[int]) -> list[int]:
    """The nearest few road ends within reach of a portal that do not lie behind it."""
    numbers = np.array(sorted(nodes), dtype=np.int64)
    plane = Plane.at(portal)
    x, y = plane.x(graph.node_longitude_e7[numbers]), plane.y(graph.node_latitude_e7[numbers])
    away = np.hypot(x, y)
    out_x, out_y = -float(plane.x(inside.longitude_e7)), -float(plane.y(inside.latitude_e7))
    ahead = (x * out_x + y * out_y) > 0.5 * away * np.hypot(out_x, out_y)
    rows = np.flatnonzero(ahead & (away < FARTHEST_LINK_M) & (away > 1.0))
    return [int(number) for number in numbers[rows[np.argsort(away[rows])][:_MOST_LINKS]]]


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
