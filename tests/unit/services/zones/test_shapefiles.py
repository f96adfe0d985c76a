"""Provincial shapefiles: CGCS2000 degrees and metres become positions, rows become proposals, and what cannot be read says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import pytest
from shapely.geometry import LineString, MultiLineString, Point, Polygon

from geo.position import Position, distance_m
from services.errors import Refusal
from services.zones import geojson, shapefile
from services.zones.model import Zone, ZoneKind

LAKE = Polygon(
    [(113.9, 22.6), (114.1, 22.6), (114.1, 22.8), (113.9, 22.8)], [[(114.0, 22.7), (114.01, 22.7), (114.01, 22.71)]]
)
ROAD = LineString([(114.0, 22.5), (114.1, 22.5)])


def written(folder: Path, rows: list[dict[str, Any]], crs: int | None = 4490, to: int | None = None) -> Path:
    frame = geopandas.GeoDataFrame(rows, crs=crs)
    file = folder / "zones.shp"
    (frame.to_crs(to) if to else frame).to_file(file, encoding="UTF-8")
    return file


def read(file: Path, **options: str) -> list[Zone]:
    found = geojson.loads(shapefile.to_geojson(file, **options))
    assert found.faults == []
    return found.zones


def test_rows_become_proposals_with_their_columns(tmp_path: Path) -> None:
    empty = {"kind": None, "issuer": None, "width_dm": None, "名称": None, "division": None, "id": None}
    lakes = [
        {**empty, "id": "lake", "名称": "示例湖", "division": 440307.0, "issuer": "示例市水务局", "geometry": LAKE}
    ]
    (lake,) = read(written(tmp_path, lakes))
    assert (lake.id, lake.name, lake.division_code, lake.proposed) == ("lake", "示例湖", "440307", True)
    assert len(lake.polygons[0]) == 2
    assert lake.source is not None
    assert lake.source.issuer == "示例市水务局"
    roads = [
        {**empty, "kind": "time_banned_road", "width_dm": 250, "geometry": ROAD},
        {**empty, "id": "r", "名称": "两段", "geometry": MultiLineString([ROAD, LineString([(115, 22), (115, 23)])])},
    ]
    road, *parts = read(written(tmp_path, roads))
    assert (road.id, road.kind, road.width_dm, road.name) == ("zones-0", ZoneKind.TIME_BANNED_ROAD, 250, "zones-0")
    assert [(part.id, part.kind, part.name) for part in parts] == [
        ("r-0", ZoneKind.CORRIDOR, "两段"),
        ("r-1", ZoneKind.CORRIDOR, "两段"),
    ]


def test_projected_metres_of_cgcs2000_come_back_to_the_same_place(tmp_path: Path) -> None:
    (road,) = read(written(tmp_path, [{"id": "road", "geometry": ROAD}], to=4547))
    assert distance_m(road.line[0], Position(225_000_000, 1_140_000_000)) < 0.1


def test_without_a_coordinate_system_it_is_refused_until_one_is_named(tmp_path: Path) -> None:
    file = written(tmp_path, [{"id": "road", "geometry": ROAD}], crs=None)
    with pytest.raises(Refusal) as refusal:
        shapefile.to_geojson(file)
    assert "--crs" in refusal.value.findings[0].zh
    (road,) = read(file, crs="EPSG:4490")
    assert road.line[0] == Position(225_000_000, 1_140_000_000)


def test_what_is_no_shapefile_is_refused_with_the_remedy_and_a_point_with_its_row(tmp_path: Path) -> None:
    broken = tmp_path / "broken.shp"
    broken.write_bytes(b"no shapes")
    with pytest.raises(Refusal) as refusal:
        shapefile.to_geojson(broken)
    (finding,) = refusal.value.findings
    assert (finding.reason.name, bool(finding.reason.remedy_zh)) == ("SHAPEFILE_INVALID", True)
    with pytest.raises(Refusal):
        shapefile.to_geojson(written(tmp_path, [{"id": "a", "geometry": ROAD}]), crs="EPSG:nonsense")
    faults = geojson.loads(shapefile.to_geojson(written(tmp_path, [{"id": "a", "geometry": Point(1, 2)}]))).faults
    assert [finding.path for _, finding in faults] == ["features[0].geometry.type"]
