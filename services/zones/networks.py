"""Which road network a place or a route belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sqlalchemy import Connection

from geo.position import Position
from geo.routing import Route
from services.errors import Finding, Refusal
from services.errors.zones import EDGE_UNKNOWN
from services.zones import regions_store
from services.zones.book import book_of
from services.zones.roads import Region

_ROOM_E7 = 200_000  # about 2 km around the outermost nodes


def region_at(connection: Connection, region_id: str, place: Position | int) -> Region:
    """The region of that id, else the newest one that holds the place or the node. Raises ``LookupError``."""
    book = book_of(connection)
    if region_id:
        return book.region(connection, region_id)
    for row in regions_store.regions(connection):
        if isinstance(place, Position):
            south, west, north, east = row.box
            aside = (place.longitude_e7 - west + _ROOM_E7) % 3_600_000_000
            if south - _ROOM_E7 <= place.latitude_e7 <= north + _ROOM_E7 and aside <= east - west + 2 * _ROOM_E7:
                return book.region(connection, row.id)
        elif place in (found := book.region(connection, row.id)).node_of:
            return found
    raise LookupError("no region there")


def region_with(connection: Connection, region_id: str, edge_keys: Sequence[str]) -> Region:
    """The region of that id, else the newest one that has all the edges. Raises ``LookupError``."""
    book = book_of(connection)
    if region_id:
        return book.region(connection, region_id)
    for row in regions_store.regions(connection):
        found = book.region(connection, row.id)
        if all(key in found.edge_of for key in edge_keys):
            return found
    raise LookupError("no region has these edges")


def route_over(region: Region, edge_keys: Sequence[str]) -> Route:
    """The route over these edges. Raises a refusal EDGE_UNKNOWN for one that is not there or does not follow."""
    edges: list[int] = []
    for number, key in enumerate(edge_keys):
        edge = region.edge_of.get(key)
        if edge is None or (edges and region.graph.edge_to[edges[-1]] != region.graph.edge_from[edge]):
            path = f"edge_keys[{number}]"
            raise Refusal((Finding(reason=EDGE_UNKNOWN, path=path, values={"edge": key[:100]}),))
        edges.append(edge)
    return Route.along(region.graph, edges)


def regions_along(connection: Connection, line: Sequence[Position]) -> Iterator[Region]:
    """The road networks that hold any of the points, of several imported under one name the newest; none where nobody imported one."""
    latitudes, longitudes = (
        np.array([getattr(point, name) for point in line], dtype=np.int64) for name in ("latitude_e7", "longitude_e7")
    )
    names: set[str] = set()
    for row in regions_store.regions(connection):
        south, west, north, east = row.box
        inside = (latitudes >= south) & (latitudes <= north) & ((longitudes - west) % 3_600_000_000 <= east - west)
        if row.name not in names and inside.any():
            names.add(row.name)
            yield book_of(connection).region(connection, row.id)
