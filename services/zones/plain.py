"""A zone as JSON and back: how a version is kept. Shapes are flat rows of latitude, longitude, latitude ... apart from the rest.

Old versions are read by new code for ever: a field added later needs a default, and a name once used keeps its meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from geo.position import Position
from services.registry.plain import from_plain, to_plain
from services.zones.model import Zone
from services.zones.shapes import Line


def without_shapes(zone: Zone) -> Zone:
    """The same zone without polygons and lines."""
    tunnel = zone.tunnel
    if tunnel is not None:
        tunnel = replace(tunnel, bores=tuple(replace(bore, line=()) for bore in tunnel.bores))
    return replace(zone, polygons=(), line=(), tunnel=tunnel)


def with_shapes(zone: Zone, polygons: tuple[tuple[Line, ...], ...], line: Line, bores: list[Line]) -> Zone:
    tunnel = zone.tunnel
    if tunnel is not None:
        drawn = zip(tunnel.bores, bores, strict=True)
        tunnel = replace(tunnel, bores=tuple(replace(bore, line=points) for bore, points in drawn))
    return replace(zone, polygons=polygons, line=line, tunnel=tunnel)


def to_json(zone: Zone) -> dict[str, Any]:
    """Equal zones give equal JSON."""
    shape = {
        "polygons": [[_flat(ring) for ring in polygon] for polygon in zone.polygons],
        "line": _flat(zone.line),
        "bores": [_flat(bore.line) for bore in zone.tunnel.bores] if zone.tunnel else [],
    }
    return {"zone": to_plain(without_shapes(zone)), "shape": shape}


def from_json(stored: Mapping[str, Any]) -> Zone:
    """The zone that ``to_json`` wrote."""
    shape = stored["shape"]
    polygons = tuple(tuple(_line(ring) for ring in polygon) for polygon in shape["polygons"])
    bare: Zone = from_plain(Zone, stored["zone"])
    return with_shapes(bare, polygons, _line(shape["line"]), [_line(bore) for bore in shape["bores"]])


def _flat(line: Line) -> list[int]:
    return [value for point in line for value in (point.latitude_e7, point.longitude_e7)]


def _line(flat: list[int]) -> Line:
    return tuple(_positions(flat))


def _positions(flat: list[int]) -> Iterator[Position]:
    return (Position(*pair) for pair in zip(flat[::2], flat[1::2], strict=True))
