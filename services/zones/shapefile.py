"""Shapefiles (SHP), as provinces hand out roads and areas in CGCS2000, as GeoJSON of zones; geopandas, which osmnx brings along, reads them.

A shapefile carries no rules: what comes out of it is proposed. Columns that are looked at, whatever their case: ``id``, ``name`` (名称),
``kind`` (as in the contract, without ZONE_KIND_), ``division`` (区划), ``width_dm``, ``issuer`` and ``number`` of the source.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from services.errors import Finding, Refusal
from services.errors.zones import SHAPEFILE_INVALID

_CHINESE = {"名称": "name", "类别": "kind", "区划": "division", "编号": "id"}
_KINDS = {"Polygon": "RESTRICTED_AREA", "MultiPolygon": "RESTRICTED_AREA", "LineString": "CORRIDOR"}
_WIDTH_DM = 300
_WGS_84 = 4326


def to_geojson(path: Path, *, crs: str = "") -> str:
    """A FeatureCollection for ``services.zones.geojson``, one feature a row, or one a part of a line in several parts.

    Coordinates of any known system become WGS 84, from which CGCS2000 differs by centimetres. ``crs`` says which system it is where
    no ``.prj`` does. Offset Chinese web map coordinates (GCJ-02, BD-09) have no code and must not be given. Raises a refusal
    SHAPEFILE_INVALID for what cannot be read.
    """
    import geopandas

    try:
        frame = geopandas.read_file(path)
        if crs:
            frame = frame.set_crs(crs, allow_override=True)
    except Exception as problem:  # the drivers below raise each their own
        raise _refusal(f"{type(problem).__name__}", "无法读取") from problem
    if frame.crs is None:
        raise _refusal(
            "no .prj tells its coordinate system: give --crs, for instance EPSG:4490 for CGCS2000",
            "缺少坐标系，请用 --crs 指明，如 EPSG:4490",
        )
    rows = frame.to_crs(_WGS_84).iterfeatures(na="drop")
    features = [feature for number, row in enumerate(rows) for feature in _features(path.stem, number, row)]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def _features(stem: str, number: int, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    columns = {_CHINESE.get(name, name.lower()): value for name, value in row["properties"].items()}
    identifier = _text(columns.get("id")) or f"{stem}-{number}"
    geometry = row["geometry"]
    parts = [geometry]
    if geometry is not None and geometry["type"] == "MultiLineString":
        parts = [{"type": "LineString", "coordinates": line} for line in geometry["coordinates"]]
    for place, part in enumerate(parts):
        name = identifier if len(parts) == 1 else f"{identifier}-{place}"
        yield {"type": "Feature", "id": name, "geometry": part, "properties": _properties(columns, part, name)}


def _properties(columns: Mapping[str, Any], geometry: Mapping[str, Any] | None, identifier: str) -> dict[str, Any]:
    kind = _text(columns.get("kind")).upper() or _KINDS.get(geometry["type"] if geometry else "", "RESTRICTED_AREA")
    properties: dict[str, Any] = {
        "kind": f"ZONE_KIND_{kind}",
        "name": _text(columns.get("name")) or identifier,
        "division_code": _text(columns.get("division")),
        "proposed": True,
    }
    if geometry is not None and geometry["type"] == "LineString":
        properties["width_dm"] = _number(columns.get("width_dm"), _WIDTH_DM)
    if issuer := _text(columns.get("issuer")):
        properties["source"] = {"issuer": issuer, "number": _text(columns.get("number"))}
    return properties


def _text(value: Any) -> str:
    """Numbers without the ``.0`` that a column of reals gives them."""
    if isinstance(value, float):
        return str(int(value)) if math.isfinite(value) and value.is_integer() else ""
    return "" if value is None else str(value).strip()


def _number(value: Any, instead: int) -> int:
    return int(value) if isinstance(value, (int, float)) and math.isfinite(value) else instead


def _refusal(problem: str, problem_zh: str) -> Refusal:
    return Refusal(
        (Finding(reason=SHAPEFILE_INVALID, path="file", values={"problem": problem, "problem_zh": problem_zh}),)
    )
