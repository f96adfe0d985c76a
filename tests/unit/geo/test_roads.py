"""The road graph: legal speeds, classes, and a store that gives back what it was given and nothing else."""

import io
import pickle
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.model_region import build
from geo.osm import read_region
from geo.roads import RoadClass, RoadGraph


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    file = tmp_path_factory.mktemp("region") / "model.osm"
    file.write_bytes(build())
    return read_region(file)


def test_a_stored_graph_comes_back_whole(graph: RoadGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "graph.npz")
    again = RoadGraph.load(tmp_path / "graph.npz")
    assert again.tunnels == graph.tunnels
    assert [dict(tags) for tags in again.edge_tags] == [dict(tags) for tags in graph.edge_tags]
    for name, array in vars(graph).items():
        if isinstance(array, np.ndarray):
            np.testing.assert_array_equal(getattr(again, name), array)
            assert getattr(again, name).dtype == array.dtype


def test_storing_twice_gives_the_same_bytes(graph: RoadGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "one.npz")
    RoadGraph.load(tmp_path / "one.npz").save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04 torn", pickle.dumps({"notes": 1})])
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "graph.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        RoadGraph.load(tmp_path / "graph.npz")


def test_a_pickle_inside_is_never_opened(graph: RoadGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "graph.npz")
    trap = io.BytesIO()
    np.save(trap, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with (
        zipfile.ZipFile(tmp_path / "graph.npz") as source,
        zipfile.ZipFile(tmp_path / "trap.npz", "w") as target,
    ):
        for name in source.namelist():
            target.writestr(name, trap.getvalue() if name == "node_id.npy" else source.read(name))
    with pytest.raises(ValueError, match="allow_pickle"):
        RoadGraph.load(tmp_path / "trap.npz")


@pytest.mark.parametrize("cut", [10, 100, 1000, 5000])
def test_a_truncated_store_is_refused(cut: int, graph: RoadGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "graph.npz")
    (tmp_path / "graph.npz").write_bytes((tmp_path / "graph.npz").read_bytes()[:-cut])
    with pytest.raises(ValueError, match="not a stored road graph"):
        RoadGraph.load(tmp_path / "graph.npz")


def test_a_store_with_flipped_bits_is_refused_or_read_but_fails_in_no_other_way(
    graph: RoadGraph, tmp_path: Path
) -> None:
    graph.save(tmp_path / "graph.npz")
    content, rng = (tmp_path / "graph.npz").read_bytes(), random.Random(7)
    refused = 0
    for _ in range(300):
        broken = bytearray(content)
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        (tmp_path / "broken.npz").write_bytes(broken)
        try:
            RoadGraph.load(tmp_path / "broken.npz")
        except ValueError:
            refused += 1
    assert refused > 200


def test_links_have_the_class_of_their_road_and_only_motorways_are_expressways() -> None:
    assert RoadClass.of_highway("motorway_link") is RoadClass.MOTORWAY
    assert RoadClass.of_highway("tertiary_link") is RoadClass.TERTIARY
    assert RoadClass.of_highway("service") is RoadClass.OTHER
    assert RoadClass.of_highway("other_link") is RoadClass.OTHER
    assert [kind for kind in RoadClass if kind.is_expressway] == [RoadClass.MOTORWAY]


def test_legal_speed_is_80_on_expressways_60_elsewhere_and_lower_where_posted(graph: RoadGraph) -> None:
    speeds = graph.legal_speeds_dkmh()
    for edge in range(graph.edge_count):
        rule = 800 if graph.edge_road_class(edge).is_expressway else 600
        posted = int(graph.edge_maxspeed_dkmh[edge])
        assert speeds[edge] == (min(rule, posted) if posted else rule)
    assert {400, 600, 800} <= set(speeds.tolist())


@given(st.integers(100, 1200), st.integers(100, 1200))
def test_no_legal_speed_exceeds_the_rules_it_is_given(expressway: int, other: int) -> None:
    graph = _one_edge(posted_dkmh=0)
    assert graph.legal_speeds_dkmh(expressway_dkmh=expressway, other_dkmh=other).tolist() == [other]
    posted = _one_edge(posted_dkmh=300).legal_speeds_dkmh(expressway_dkmh=expressway, other_dkmh=other)
    assert posted.tolist() == [min(300, other)]


def test_the_geometry_of_an_edge_runs_from_its_first_node_to_its_last(graph: RoadGraph) -> None:
    for edge in range(graph.edge_count):
        points = graph.edge_positions(edge)
        assert points[0] == graph.node_position(int(graph.edge_from[edge]))
        assert points[-1] == graph.node_position(int(graph.edge_to[edge]))


def test_an_unknown_structure_has_no_edges(graph: RoadGraph) -> None:
    assert graph.structure_edges("tunnel-none") == frozenset()


def _one_edge(posted_dkmh: int) -> RoadGraph:
    return RoadGraph(
        node_id=np.array([1, 2], dtype=np.int64),
        node_latitude_e7=np.array([0, 0], dtype=np.int64),
        node_longitude_e7=np.array([0, 1000], dtype=np.int64),
        edge_from=np.array([0], dtype=np.int32),
        edge_to=np.array([1], dtype=np.int32),
        edge_length_dm=np.array([111], dtype=np.int64),
        edge_class=np.array([RoadClass.PRIMARY], dtype=np.uint8),
        edge_way=np.array([1], dtype=np.int64),
        edge_tunnel=np.array([-1], dtype=np.int32),
        edge_maxspeed_dkmh=np.array([posted_dkmh], dtype=np.int32),
        edge_geometry_offset=np.array([0, 2], dtype=np.int64),
        geometry_latitude_e7=np.array([0, 0], dtype=np.int64),
        geometry_longitude_e7=np.array([0, 1000], dtype=np.int64),
        edge_tags=({"highway": "primary"},),
        tunnels=(),
    )
