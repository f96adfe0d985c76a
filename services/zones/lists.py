"""Reading zones: one, many, and as GeoJSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hazway.zones.v1 import zones_pb2 as pb
from services.errors import Finding, Refusal, refuse
from services.errors.common import NOT_FOUND, invalid, missing
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.paging import next_page_token, page_of
from services.runtime.wire import text_of, time_of
from services.zones import geojson, lists_store, store
from services.zones.boxes import Box
from services.zones.model import ZoneVersion
from services.zones.rules import next_change
from services.zones.wire import kind_name, read_position, version_to_wire

_MOST_NUMBER = 1 << 62


def get_zone(call: Call, request: Any) -> pb.Zone:
    call.allow([Relation.ANY])
    at, faults = time_of(request.at, "at")
    known_at, more = time_of(request.known_at, "known_at")
    refuse((*text_of(request.zone_id, "zone_id", required=True), *faults, *more))
    if request.version:
        version = _named(call, request.zone_id, request.version)
    else:
        version = store.find(call.transaction, request.zone_id, at or call.now, known_at)
    if version is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="zone_id"),))
    return version_to_wire(version, next_change(version, at or call.now))


def _named(call: Call, zone_id: str, name: str) -> ZoneVersion | None:
    if not (name.isascii() and name.isdigit()) or int(name) > _MOST_NUMBER:
        raise Refusal((invalid("version", "no version is named so 无此版本"),))
    version = store.find_version(call.transaction, int(name))
    return version if version is not None and version.zone.id == zone_id else None


def list_zones(call: Call, request: Any) -> pb.ListZonesResponse:
    call.allow([Relation.ANY])
    rows, token, at = _page(call, request)
    response = pb.ListZonesResponse(next_page_token=token)
    for version in rows:
        version_to_wire(
            version, next_change(version, at), shapes=not request.without_shapes, message=response.zones.add()
        )
    return response


def export_geo_json(call: Call, request: Any) -> pb.ExportGeoJsonResponse:
    call.allow([Relation.ANY])
    rows, token, _ = _page(call, request)
    return pb.ExportGeoJsonResponse(geo_json=geojson.dumps(rows), next_page_token=token)


def read_geo_json(call: Call, request: Any) -> pb.ReadGeoJsonResponse:
    call.allow([Relation.ANY])
    read = geojson.loads(request.geo_json)
    faults = [
        pb.FeatureFault(feature=number, path=each.path, reason=each.reason.name, zh=each.zh, en=each.en)
        for number, each in read.faults
    ]
    return pb.ReadGeoJsonResponse(zones=read.messages, faults=faults)


def _page(call: Call, request: Any) -> tuple[list[ZoneVersion], str, datetime]:
    """The zones asked for, the token of the next page, and the time they are in force at."""
    at, faults = time_of(request.at, "at")
    kind = kind_name(request.kind)
    findings = [*faults, *([invalid("kind", f"no value {request.kind} 无此取值")] if kind is None else [])]
    box = _box(request, findings)
    refuse(findings)
    page = page_of(call, request)
    rows = lists_store.page(
        call.transaction, at or call.now, after=page.cursor, most=page.size + 1, kind=kind or "", box=box
    )
    shown = rows[: page.size]
    token = next_page_token(call, request, shown[-1].zone.id) if len(rows) > page.size else ""
    return shown, token, at or call.now


def _box(request: Any, findings: list[Finding]) -> Box | None:
    """South, west, north, east; a box whose west lies east of its east runs over the date line."""
    if not request.HasField("box"):
        return None
    corners = []
    for name in ("south_west", "north_east"):
        if not request.box.HasField(name):
            findings.append(missing(f"box.{name}"))
        else:
            corners.append(read_position(getattr(request.box, name), f"box.{name}", findings))
    if len(corners) < 2 or corners[0] is None or corners[1] is None:
        return None
    low, high = corners[0], corners[1]
    if low.latitude_e7 > high.latitude_e7:
        findings.append(invalid("box", "its north lies south of its south 南北颠倒"))
    east = high.longitude_e7 + (3_600_000_000 if high.longitude_e7 < low.longitude_e7 else 0)
    return low.latitude_e7, low.longitude_e7, high.latitude_e7, east
