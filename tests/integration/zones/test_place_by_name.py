"""A map by the name of its place: from servers of our own that answer as Nominatim and Overpass do, and refused without a network."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import osmnx
import pytest

from geo.bridges import bridges_of
from geo.landmarks import WANTED, LandmarkKind, read_landmarks
from geo.osm import RegionError, read_region
from geo.osm_areas import extracted_on
from geo.osm_place import fetch_place

NODES = {
    1: (30.0, 100.0),
    2: (30.0, 100.01),
    3: (30.0, 100.02),
    4: (30.001, 100.0),
    5: (30.001, 100.003),
    6: (30.003, 100.003),
}
OUTLINE = [[99.99, 29.99], [100.03, 29.99], [100.03, 30.01], [99.99, 30.01], [99.99, 29.99]]


def node(number: int) -> dict[str, Any]:
    return {"type": "node", "id": number, "lat": NODES[number][0], "lon": NODES[number][1]}


def way(number: int, nodes: list[int], **tags: str) -> dict[str, Any]:
    return {"type": "way", "id": number, "nodes": nodes, "tags": tags}


ROADS = [
    *map(node, (1, 2, 3)),
    way(1, [1, 2], highway="trunk"),
    way(2, [2, 3], highway="trunk", bridge="yes", maxweight="20"),
]
PLACES = [
    *map(node, (4, 5, 6)), way(3, [4, 5, 6, 4]),
    {"type": "relation", "id": 7, "members": [{"type": "way", "ref": 3, "role": "outer"}],
     "tags": {"type": "multipolygon", "amenity": "school", "name": "示例小学"}},
]  # fmt: skip


class Answers(BaseHTTPRequestHandler):
    """Finds the one place it knows, and tells its roads or its places, whichever the query wants."""

    def do_GET(self) -> None:
        found = [{"importance": 1, "boundingbox": ["29.99", "30.01", "99.99", "100.03"], "lat": "30", "lon": "100", "display_name": "示例县",
                  "geojson": {"type": "Polygon", "coordinates": [OUTLINE]}}]  # fmt: skip
        self._answer(found if "county" in self.path else [])

    def do_POST(self) -> None:
        query = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["data"][0]
        elements = PLACES if "amenity" in query else ROADS
        self._answer({"osm3s": {"timestamp_osm_base": "2026-10-31T00:00:00Z"}, "elements": elements})

    def _answer(self, plain: Any) -> None:
        body = json.dumps(plain).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    _point_osmnx_at(url, monkeypatch)
    yield
    server.shutdown()
    server.server_close()


def _point_osmnx_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osmnx.settings, "nominatim_url", url)
    monkeypatch.setattr(osmnx.settings, "overpass_url", url)
    monkeypatch.setattr(osmnx.settings, "overpass_rate_limit", False)
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)  # osmnx puts its own in this place


@pytest.mark.usefixtures("servers")
def test_a_place_is_fetched_by_name_and_read_like_any_extract(tmp_path: Path) -> None:
    file = tmp_path / "place.osm.pbf"
    fetch_place("county", WANTED, file)
    (bridge,) = bridges_of(read_region(file))
    assert bridge.tags["maxweight"] == "20"
    (school,), _ = read_landmarks(file)
    assert (school.kind, school.element, school.name) == (LandmarkKind.SCHOOL, "relation/7", "示例小学")
    assert str(extracted_on(file)) == "2026-10-31"
    assert not Path("cache").exists()


@pytest.mark.usefixtures("servers")
def test_a_place_nobody_knows_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(RegionError, match="download an OpenStreetMap extract"):
        fetch_place("nowhere", WANTED, tmp_path / "place.osm.pbf")


def test_without_a_network_the_refusal_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        _point_osmnx_at(f"http://127.0.0.1:{unused.getsockname()[1]}", monkeypatch)
        with pytest.raises(RegionError) as refused:
            fetch_place("county", WANTED, tmp_path / "place.osm.pbf")
    assert "FILE" in refused.value.zh
    assert "FILE" in refused.value.en
    assert not (tmp_path / "place.osm.pbf").exists()
