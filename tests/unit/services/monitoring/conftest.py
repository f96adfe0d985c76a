"""The model region with its mountain tunnel declared category D."""

from __future__ import annotations

from datetime import date

import pytest

from geo.itinerary import Itinerary, choose
from geo.model_region import build
from geo.osm import read_region
from geo.roads import RoadGraph
from services.monitoring.engine import Roads, World, thresholds_on
from services.monitoring.model import ZoneKind, ZoneRecord


@pytest.fixture(scope="session")
def graph(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    file = tmp_path_factory.mktemp("region") / "model.osm"
    file.write_bytes(build())
    return read_region(file)


@pytest.fixture(scope="session")
def roads(graph: RoadGraph) -> Roads:
    return Roads([graph], thresholds_on(date(2026, 5, 4)))


@pytest.fixture(scope="session")
def trip(graph: RoadGraph) -> Itinerary:
    return choose(graph)


@pytest.fixture(scope="session")
def world(roads: Roads, trip: Itinerary) -> World:
    assert trip.structure_id is not None
    tunnel = ZoneRecord(id="tunnel", version="1", kind=ZoneKind.TUNNEL, structure_id=trip.structure_id, category="D")
    return World.build([tunnel], roads=roads)
