"""What osmnx is not shown changes nothing: the same edges as when it sees every node, however roads cross, loop and double."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import osm_network
from geo.osm import read_region
from geo.osm_lines import RoadLines, read_lines
from geo.osm_network import edges_of
from tests import province

_ACROSS = 6


def lines_of(ways: list[tuple[list[int], bool]]) -> RoadLines:
    """Lines over numbered nodes of a small grid, without what no map holds: a node twice in a row."""
    kept = [([one for place, one in enumerate(way) if place == 0 or one != way[place - 1]], both) for way, both in ways]
    kept = [(way, both) for way, both in kept if len(way) > 1]
    used, point = np.unique([node for way, _ in kept for node in way], return_inverse=True)
    return RoadLines(
        way=np.arange(1, len(kept) + 1),
        tags=tuple({"highway": "primary"} if both else {"highway": "primary", "oneway": "yes"} for _, both in kept),
        offset=np.cumsum([0, *(len(way) for way, _ in kept)]),
        point=point,
        node_id=used + 100,
        latitude_e7=300_000_000 + used // _ACROSS * 10_000,
        longitude_e7=1_000_000_000 + used % _ACROSS * 10_000,
    )


@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, _ACROSS**2 - 1), min_size=2, max_size=12), st.booleans()),
        min_size=1,
        max_size=5,
    ).filter(lambda ways: any(len(set(way)) > 1 for way, _ in ways))
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_leaving_bends_out_gives_the_edges_of_the_whole_network(
    monkeypatch: pytest.MonkeyPatch, ways: list[tuple[list[int], bool]]
) -> None:
    lines = lines_of(ways)
    found = [(edge.way, edge.start, edge.end, points(lines, edge)) for edge in edges_of(lines)]
    with monkeypatch.context() as patched:
        patched.setattr(osm_network, "_shown", lambda lines, _: np.ones(len(lines.point), dtype=bool))
        whole = [(edge.way, edge.start, edge.end, points(lines, edge)) for edge in edges_of(lines)]
    assert found == whole


def points(lines: RoadLines, edge: osm_network.Edge) -> list[int]:
    found: list[int] = lines.point[list(edge.all_places())].tolist()
    return found


def test_a_small_province_is_shown_to_osmnx_by_its_crossings_alone(tmp_path: Path) -> None:
    size = province.Size(lines=12, tunnels=10, bridges=20, places=30, multipolygons=4)
    file = province.write(tmp_path / "province.osm.pbf", size)
    lines = read_lines(file)
    shown = osm_network._shown(lines, np.array([], dtype=np.int64))
    assert len(set(lines.point[shown].tolist())) == 12 * 12
    graph = read_region(file)
    assert (graph.node_count, graph.edge_count) == (12 * 12, 2 * 2 * 12 * 11)
    assert len(graph.geometry_latitude_e7) == 6 * graph.edge_count
    assert len({bore.structure_id for bore in graph.tunnels}) <= 10
