"""Zones as GeoJSON (RFC 7946) and back; what the format cannot say stands in ``properties`` under the contract's own names.

Areas are MultiPolygons, roads LineStrings, tunnels and bridges MultiLineStrings with one line for each bore or deck. Coordinates are
[longitude, latitude] in degrees; seven decimals give back the very integers. ``hazway_straight`` numbers the bores that have no line
of their own. What goes out comes in equal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from geo.position import E7, Position
from hazway.zones.v1 import zones_pb2 as pb
from services.errors import Finding, Refusal
from services.errors.zones import GEOJSON_INVALID
from services.zones.checks import MOST_POINTS, check_zone
from services.zones.model import Zone, ZoneVersion
from services.zones.shapes import Line
from services.zones.wire import drawn_parts, line_to_wire, read_zone, zone_to_wire

MOST_FEATURES = 5_000
MOST_LETTERS = 40_000_000
_KNOWN_ONLY_AFTERWARDS = (
    "version",
    "valid_from",
    "valid_to",
    "recorded_at",
    "recorded_by",
    "withdrawn",
    "next_change_at",
)


@dataclass(slots=True)
class Features:
    """``zones`` and their messages are those without faults; a fault stands beside the number of its feature."""

    zones: list[Zone] = field(default_factory=list)
    messages: list[pb.Zone] = field(default_factory=list)
    faults: list[tuple[int, Finding]] = field(default_factory=list)


def dumps(versions: Iterable[ZoneVersion]) -> str:
    """A FeatureCollection; each feature's ``hazway_version`` names the version it shows."""
    features = []
    for version in versions:
        properties = MessageToDict(
            zone_to_wire(version.zone, pb.Zone(), shapes=False), preserving_proto_field_name=True
        )
        identifier = properties.pop("id")
        properties["hazway_version"] = version.version
        if straight := _straight(version.zone):
            properties["hazway_straight"] = straight
        features.append(
            {"type": "Feature", "id": identifier, "geometry": _geometry(version.zone), "properties": properties}
        )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def loads(text: str) -> Features:
    """The zones of a FeatureCollection or a single Feature. Raises a refusal GEOJSON_INVALID for what is neither."""
    if len(text) > MOST_LETTERS:
        raise _refusal(f"longer than {MOST_LETTERS} letters")
    try:
        document = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _refusal(str(error)[:200]) from None
    if not isinstance(document, dict):
        raise _refusal("not an object")
    features = [document] if document.get("type") == "Feature" else document.get("features")
    if not isinstance(features, list) or document.get("type") not in ("Feature", "FeatureCollection"):
        raise _refusal("not a FeatureCollection")
    if len(features) > MOST_FEATURES:
        raise _refusal(f"more than {MOST_FEATURES} features")
    read = Features()
    ids: set[str] = set()
    for number, feature in enumerate(features):
        _read(number, feature, ids, read)
    return read


def _read(number: int, feature: Any, ids: set[str], read: Features) -> None:
    path = f"features[{number}]"
    try:
        message = _message(feature)
    except _Fault as fault:
        values = {"problem": fault.problem}
        read.faults.append((number, Finding(reason=GEOJSON_INVALID, path=f"{path}{fault.path}", values=values)))
        return
    found = read_zone(message, path)
    findings = list(found.findings)
    if not findings and found.value is not None:
        findings += check_zone(found.value, path)
        if found.value.id in ids:
            findings.append(Finding(reason=GEOJSON_INVALID, path=f"{path}.id", values={"problem": "the id is taken"}))
        ids.add(found.value.id)
    read.faults += ((number, finding) for finding in findings)
    if not findings:
        read.zones.append(found.value)
        read.messages.append(message)


class _Fault(Exception):
    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path, self.problem = path, problem


def _message(feature: Any) -> pb.Zone:
    """The zone a feature describes, before anything is checked but its form."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise _Fault("", "not a Feature")
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        raise _Fault(".properties", "not an object")
    fields = {name: value for name, value in properties.items() if not name.startswith("hazway_")}
    for name in ("polygons", "line", *_KNOWN_ONLY_AFTERWARDS):
        if name in fields:
            raise _Fault(f".properties.{name}", "is not given as a property")
    identifier = feature.get("id", "")
    try:
        message = ParseDict({**fields, "id": identifier}, pb.Zone(), max_recursion_depth=20)
    except (ParseError, RecursionError, ValueError, TypeError, AttributeError) as error:
        raise _Fault(".properties", str(error)[:200]) from None
    _draw(feature.get("geometry"), message)
    straight = properties.get("hazway_straight", [])
    for number in straight if isinstance(straight, list) else ():
        if type(number) is int and 0 <= number < len(message.tunnel.bores):
            message.tunnel.bores[number].ClearField("line")
    return message


def _draw(geometry: Any, message: pb.Zone) -> None:
    """Put the geometry where the zone's kind has it."""
    if not isinstance(geometry, dict):
        raise _Fault(".geometry", "missing")
    budget = [MOST_POINTS]
    coordinates = geometry.get("coordinates")
    match geometry.get("type"):
        case "Polygon" | "MultiPolygon" as kind:
            for polygon in [coordinates] if kind == "Polygon" else _list(coordinates):
                rings = message.polygons.add().rings
                for ring in _list(polygon):
                    line_to_wire(_points(ring, budget), rings.add().points)
        case "LineString":
            line_to_wire(_points(coordinates, budget), message.line)
        case "MultiLineString":
            lines = [_points(line, budget) for line in _list(coordinates)]
            if not lines or len(lines) != len(drawn_parts(message)):
                raise _Fault(".geometry", "one line for each bore of the tunnel, or deck of the bridge")
            for part, line in zip(drawn_parts(message), lines, strict=True):
                line_to_wire(line, part.line)
        case other:
            raise _Fault(".geometry.type", f"{str(other)[:40]!r} is no shape of a zone")


def _points(coordinates: Any, budget: list[int]) -> Line:
    """Positions of [longitude, latitude, ...] pairs; ``budget`` counts down over the whole feature."""
    points = _list(coordinates)
    budget[0] -= len(points)
    if budget[0] < 0:
        raise _Fault(".geometry", f"more than {MOST_POINTS} points")
    return tuple(_point(point) for point in points)


def _point(point: Any) -> Position:
    if not isinstance(point, list) or len(point) < 2 or not all(type(value) in (int, float) for value in point[:2]):
        raise _Fault(".geometry.coordinates", "a position is [longitude, latitude]")
    longitude, latitude = point[0], point[1]
    try:
        if not (math.isfinite(longitude) and math.isfinite(latitude)):
            raise ValueError("degrees must be finite")
        return Position.from_degrees(float(latitude), float(longitude))
    except (ValueError, OverflowError) as error:
        raise _Fault(".geometry.coordinates", str(error)[:100]) from None


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _Fault(".geometry.coordinates", "not nested as its type wants")
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _geometry(zone: Zone) -> dict[str, Any]:
    if zone.tunnel is not None:
        lines = [_degrees(bore.line or (bore.entrance, bore.exit)) for bore in zone.tunnel.bores]
        return {"type": "MultiLineString", "coordinates": lines}
    if zone.bridge is not None:
        return {"type": "MultiLineString", "coordinates": [_degrees(deck.line) for deck in zone.bridge.decks]}
    if zone.line:
        return {"type": "LineString", "coordinates": _degrees(zone.line)}
    return {
        "type": "MultiPolygon",
        "coordinates": [[_degrees(_closed(ring)) for ring in polygon] for polygon in zone.polygons],
    }


def _straight(zone: Zone) -> list[int]:
    return [number for number, bore in enumerate(zone.tunnel.bores if zone.tunnel else ()) if not bore.line]


def _closed(ring: Line) -> Line:
    return ring if ring[0] == ring[-1] else (*ring, ring[0])


def _degrees(line: Sequence[Position]) -> list[list[float]]:
    return [[point.longitude_e7 / E7, point.latitude_e7 / E7] for point in line]


def _refusal(problem: str) -> Refusal:
    return Refusal((Finding(reason=GEOJSON_INVALID, path="geo_json", values={"problem": problem}),))


def faults_shown(read: Features) -> Iterator[str]:
    """One line for each fault, for a terminal."""
    return (f"{finding.path}: {finding.zh} / {finding.en}" for _, finding in read.faults)
