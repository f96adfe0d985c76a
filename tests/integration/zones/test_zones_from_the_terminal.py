"""``hazway-server region`` and ``zones`` over servers that are there already."""

from __future__ import annotations

import json
from pathlib import Path

import osmnx
import pytest
from typer.testing import CliRunner, Result

from services.zones.cli import region_app, zones_app


@pytest.fixture
def terminal(tmp_path: Path, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("HAZWAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HAZWAY_DATABASE_URL", database_url)
    monkeypatch.setenv("HAZWAY_REDIS_URL", redis_url)
    return CliRunner()


def imported(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    shown: dict[str, object] = json.loads(result.stdout)
    return shown


def test_the_model_region_is_imported_once_and_its_zones_go_out_and_in(terminal: CliRunner, tmp_path: Path) -> None:
    first = imported(terminal.invoke(region_app, ["import", "--json"]))
    again = imported(terminal.invoke(region_app, ["import", "--json"]))
    assert (first["fresh"], again["fresh"], again["changed"]) == (True, False, 0)
    assert first["region_id"] == again["region_id"]
    assert str(first["region_id"]) in terminal.invoke(region_app, ["list"]).stdout
    file = tmp_path / "zones.geojson"
    assert terminal.invoke(zones_app, ["export", "--out", str(file)]).exit_code == 0
    document = json.loads(file.read_text("utf-8"))
    assert len(document["features"]) == first["changed"] == first["new"] == again["unchanged"]
    assert "0 个有变化" in terminal.invoke(zones_app, ["import", str(file)]).stdout
    document["features"][0]["properties"]["name"] = "改名的隧道"
    file.write_text(json.dumps(document), "utf-8")
    assert "1 个有变化" in terminal.invoke(zones_app, ["import", str(file)]).stdout
    assert "改名的隧道" in terminal.invoke(zones_app, ["export"]).stdout
    road = {"kind": "ZONE_KIND_CORRIDOR", "name": "x", "width_dm": 300}
    line = {"type": "LineString", "coordinates": [[99.0, 41.0], [99.1, 41.0]]}
    document["features"] = [{**document["features"][0], "properties": road, "geometry": line}]
    file.write_text(json.dumps(document), "utf-8")
    assert terminal.invoke(zones_app, ["import", str(file)]).exit_code == 2


def test_a_file_with_a_fault_changes_nothing_and_names_it(terminal: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "zones.geojson"
    file.write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "id": "x", "geometry": null}]}', "utf-8"
    )
    result = terminal.invoke(zones_app, ["import", str(file)])
    assert result.exit_code == 1
    assert "features[0].geometry" in result.output
    file.write_bytes(b"\xff\xfe")
    assert terminal.invoke(zones_app, ["import", str(file)]).exit_code == 2
    file.write_text("[]", "utf-8")
    assert terminal.invoke(zones_app, ["import", str(file)]).exit_code == 2


def test_a_place_by_name_is_refused_without_a_network_with_the_way_out(
    terminal: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(osmnx.settings, "nominatim_url", "http://127.0.0.1:1")
    result = terminal.invoke(region_app, ["import", "--place", "Monaco"])
    assert result.exit_code == 2
    assert "OpenStreetMap" in result.output


@pytest.mark.parametrize("name", ["roads.shp", "none.osm.pbf", "broken.osm"])
def test_a_file_that_is_no_map_is_refused(terminal: CliRunner, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    if not name.startswith("none"):
        file.write_bytes(b"<osm")
    assert terminal.invoke(region_app, ["import", str(file)]).exit_code == 2
