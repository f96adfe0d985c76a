"""A zone as JSON and back: how a version is kept. Shapes are flat rows of latitude, longitude, latitude ... apart from the rest.

Old versions are read by new code for ever: a field added later needs a default, and a name once used keeps its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.runtime.plain import from_plain, to_plain
from services.zones.model import Zone
from services.zones.shapes import DrawnLine, Line


def without_shapes(zone: Zone) -> Zone:
    """The same zone without polygons and lines."""
    return with_shapes(zone, (), (), [()] * len(zone.drawn_lines()))


def with_shapes(zone: Zone, polygons: tuple[tuple[Line, ...], ...], line: Line, drawn: Sequence[Line]) -> Zone:
    """The same zone with these polygons and lines, ``drawn`` being those of its bores or decks."""
    tunnel, bridge = zone.tunnel, zone.bridge
    if tunnel is not None:
        bores = zip(tunnel.bores, drawn, strict=True)
        tunnel = replace(tunnel, bores=tuple(replace(bore, line=points) for bore, points in bores))
    elif bridge is not None:
        decks = zip(bridge.decks, drawn, strict=True)
        bridge = replace(bridge, decks=tuple(replace(deck, line=points) for deck, points in decks))
    return replace(zone, polygons=polygons, line=line, tunnel=tunnel, bridge=bridge)


def to_json(zone: Zone) -> dict[str, Any]:
    """Equal zones give equal JSON."""
    shape = {
        "polygons": [[_flat(ring) for ring in polygon] for polygon in zone.polygons],
        "line": _flat(zone.line),
        "bores": [_flat(line) for line in zone.drawn_lines()],  # or a bridge's decks
    }
    return {"zone": to_plain(without_shapes(zone)), "shape": shape}


def from_json(stored: Mapping[str, Any]) -> Zone:
    """The zone that ``to_json`` wrote."""
    shape = stored["shape"]
    polygons = tuple(tuple(_line(ring) for ring in polygon) for polygon in shape["polygons"])
    bare: Zone = from_plain(Zone, stored["zone"])
    return with_shapes(bare, polygons, _line(shape["line"]), [_line(bore) for bore in shape["bores"]])


def _flat(line: Line) -> list[int]:
    if isinstance(line, DrawnLine):
        return line.flat.tolist()
    return [value for point in line for value in (point.latitude_e7, point.longitude_e7)]


def _line(flat: list[int]) -> Line:
    return DrawnLine.of(flat) if flat else ()
