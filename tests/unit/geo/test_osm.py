"""Reading OpenStreetMap: tunnels keep their own edges and tags, directions are right, broken files are refused in two languages."""

import bz2
import gzip
import random
import subprocess
import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest

from geo.osm import RegionError, read_region
from geo.osm_tags import NO_TUNNELS, height_limit_mm, is_drivable, kept_tags, mass_limit_g, posted_dkmh
from geo.position import distance_m
from geo.roads import RoadGraph

Way = tuple[list[int], dict[str, str]]


def osm(ways: Iterable[Way], *, missing: Iterable[int] = ()) -> bytes:
    """Nodes lie on a grid, ten to a row, some 100 m apart: node n at row n // 10, column n % 10."""
    ways = list(ways)
    lines = ['<osm version="0.6">']
    for node in sorted({node for nodes, _ in ways for node in nodes} - set(missing)):
        lines.append(f'<node id="{node}" version="1" lat="{30 + node // 10 / 1000}" lon="{100 + node % 10 / 1000}"/>')
    for number, (nodes, tags) in enumerate(ways, start=1):
        references = "".join(f'<nd ref="{node}"/>' for node in nodes)
        marks = "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())
        lines.append(f'<way id="{number}" version="1">{references}{marks}</way>')
    return "\n".join([*lines, "</osm>"]).encode()


def read(tmp_path: Path, *ways: Way, missing: Iterable[int] = ()) -> RoadGraph:
    file = tmp_path / "region.osm"
    file.write_bytes(osm(ways, missing=missing))
    return read_region(file)


def steps(graph: RoadGraph) -> set[tuple[int, int]]:
    ids = graph.node_id
    return {(int(ids[a]), int(ids[b])) for a, b in zip(graph.edge_from, graph.edge_to, strict=True)}


ROAD = {"highway": "trunk", "oneway": "yes"}


def test_a_tunnel_between_open_road_keeps_its_own_edge_length_and_tags(tmp_path: Path) -> None:
    tunnel = {**ROAD, "tunnel": "yes", "hazmat": "no", "hazmat:water": "no", "maxheight": "4.5", "layer": "-1"}
    graph = read(tmp_path, ([1, 2, 3], ROAD), ([3, 4, 5], tunnel), ([5, 6, 7, 8], ROAD))
    assert graph.edge_count == 3
    inside = [edge for edge in range(3) if graph.edge_tunnel[edge] >= 0]
    assert [dict(graph.edge_tags[edge]) for edge in inside] == [tunnel]
    assert not any("hazmat" in graph.edge_tags[edge] for edge in range(3) if edge not in inside)
    assert graph.edge_length_dm[inside[0]] == pytest.approx(10 * 2 * 96.3, abs=5)
    assert graph.tunnels[0].length_dm == graph.edge_length_dm[inside[0]]


def test_two_tunnels_in_a_row_with_equal_tags_stay_two_edges_of_one_bore(tmp_path: Path) -> None:
    tunnel = {**ROAD, "tunnel": "yes"}
    graph = read(tmp_path, ([1, 2], ROAD), ([2, 3], tunnel), ([3, 4], tunnel), ([4, 5], ROAD))
    assert graph.edge_count == 4
    assert [len(bore.edges) for bore in graph.tunnels] == [2]


@pytest.mark.parametrize("value", sorted(NO_TUNNELS))
def test_what_is_no_road_tunnel_stays_a_road_without_the_mark(value: str, tmp_path: Path) -> None:
    graph = read(tmp_path, ([1, 2], ROAD), ([2, 3], {**ROAD, "tunnel": value}), ([3, 4], ROAD))
    assert graph.tunnels == ()
    assert (2, 3) in steps(graph)
    assert not any("tunnel" in tags for tags in graph.edge_tags)


def test_an_unknown_kind_of_tunnel_counts_as_one(tmp_path: Path) -> None:
    assert len(read(tmp_path, ([1, 2], ROAD), ([2, 3], {**ROAD, "tunnel": "rock"})).tunnels) == 1


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "primary"}, {(1, 3), (3, 1)}),
        ({"highway": "primary", "oneway": "yes"}, {(1, 3)}),
        ({"highway": "primary", "oneway": "-1"}, {(3, 1)}),
        ({"highway": "motorway"}, {(1, 3)}),
        ({"highway": "motorway", "oneway": "no"}, {(1, 3), (3, 1)}),
        ({"highway": "motorway_link"}, {(1, 3), (3, 1)}),
        ({"highway": "tertiary", "junction": "circular"}, {(1, 3)}),
        ({"highway": "tertiary", "junction": "roundabout"}, {(1, 3)}),
    ],
)
def test_a_road_is_driven_in_the_directions_the_map_means(
    tags: dict[str, str], expected: set[tuple[int, int]], tmp_path: Path
) -> None:
    assert steps(read(tmp_path, ([1, 2, 3], tags))) == expected


def test_the_geometry_of_a_reversed_road_is_reversed(tmp_path: Path) -> None:
    graph = read(tmp_path, ([1, 2, 3], {"highway": "primary", "oneway": "-1"}))
    longitudes = [point.longitude_e7 for point in graph.edge_positions(0)]
    assert longitudes == sorted(longitudes, reverse=True)


@pytest.mark.parametrize("oneway", ["yes", "no"])
def test_a_region_that_is_one_pure_ring_does_not_vanish(oneway: str, tmp_path: Path) -> None:
    graph = read(tmp_path, ([1, 2, 12, 11, 1], {"highway": "primary", "oneway": oneway}))
    assert graph.edge_count == (1 if oneway == "yes" else 2)
    assert graph.edge_length_dm[0] == pytest.approx(10 * 2 * (96.3 + 111.2), abs=10)


def test_a_ring_on_a_stalk_keeps_its_length(tmp_path: Path) -> None:
    graph = read(
        tmp_path, ([1, 2], {"highway": "service"}), ([2, 3, 13, 12, 2], {"highway": "service", "oneway": "yes"})
    )
    loop = [edge for edge in range(graph.edge_count) if graph.edge_from[edge] == graph.edge_to[edge]]
    assert len(loop) == 1
    assert graph.edge_length_dm[loop[0]] == pytest.approx(10 * 2 * (96.3 + 111.2), abs=10)


def test_footways_areas_and_closed_roads_are_left_out_and_private_ones_stay(tmp_path: Path) -> None:
    graph = read(
        tmp_path,
        ([1, 2], ROAD),
        ([2, 3], {"highway": "footway"}),
        ([3, 4, 14, 3], {"highway": "service", "area": "yes"}),
        ([2, 12], {"highway": "service", "access": "no"}),
        ([2, 22], {"highway": "service", "access": "private"}),
        ([1, 2, 3], {"railway": "rail"}),
    )
    assert steps(graph) == {(1, 2), (2, 22), (22, 2)}
    assert {tags.get("access") for tags in graph.edge_tags} == {None, "private"}


def test_nearer_permissions_win_over_the_general_one() -> None:
    assert is_drivable({"highway": "service", "access": "no", "motor_vehicle": "yes"})
    assert not is_drivable({"highway": "service", "access": "yes", "motor_vehicle": "no"})
    assert not is_drivable({"highway": "construction"})


def test_a_small_island_goes_unless_it_holds_a_tunnel(tmp_path: Path) -> None:
    mainland = ([node for row in range(0, 60, 2) for node in (*range(10 * row, 10 * row + 10), 10 * row + 19)], ROAD)
    island, tunnel = ([991, 992], {"highway": "service"}), ([995, 996], {"highway": "service", "tunnel": "yes"})
    nodes = {int(node) for node in read(tmp_path, mainland, island, tunnel).node_id}
    assert nodes.isdisjoint({991, 992})
    assert {995, 996} <= nodes


def test_a_way_cut_by_the_edge_of_the_extract_keeps_its_longest_run(tmp_path: Path) -> None:
    graph = read(tmp_path, ([1, 2, 3, 4, 5, 6], ROAD), ([7, 8], ROAD), missing=[3, 7])
    assert steps(graph) == {(4, 6)}


@pytest.mark.parametrize(
    ("tags", "limit"),
    [
        ({}, 0),
        ({"maxspeed": "60"}, 600),
        ({"maxspeed": "30 mph"}, 483),
        ({"maxspeed": "50 km/h"}, 500),
        ({"maxspeed": "80;60"}, 600),
        ({"maxspeed": "100", "maxspeed:hgv": "70"}, 700),
        ({"maxspeed": "CN:urban"}, 0),
        ({"maxspeed": "none"}, 0),
        ({"maxspeed": "signals"}, 0),
        ({"maxspeed": "0"}, 0),
        ({"maxspeed": "-50"}, 0),
        ({"maxspeed": "9999"}, 0),
    ],
)
def test_posted_limits_are_read_in_any_usual_form(tags: dict[str, str], limit: int) -> None:
    assert posted_dkmh(tags) == limit


@pytest.mark.parametrize(
    ("tags", "millimetres", "grams"),
    [
        ({}, 0, 0),
        ({"maxheight": "4.5", "maxweight": "49"}, 4_500, 49_000_000),
        ({"maxheight": "4,5 m", "maxweight": "7.5 t"}, 4_500, 7_500_000),
        ({"maxheight": "12'6\"", "maxweight": "7500 kg"}, 3_810, 7_500_000),
        ({"maxheight": "13 ft", "maxweight": "10 st"}, 3_962, 9_071_850),
        (
            {"maxheight": "4.5", "maxheight:physical": "4.2", "maxweight": "40", "maxweight:hgv": "20"},
            4_200,
            20_000_000,
        ),
        ({"maxheight": "default", "maxweight": "none"}, 0, 0),
        ({"maxheight": "below_default", "maxweight:conditional": "20 @ (22:00-06:00)"}, 0, 0),
        ({"maxheight": "-3", "maxweight": "12 elephants"}, 0, 0),
    ],
)
def test_limits_of_height_and_mass_are_read_in_any_usual_form(
    tags: dict[str, str], millimetres: int, grams: int
) -> None:
    assert (height_limit_mm(tags), mass_limit_g(tags)) == (millimetres, grams)


def test_hazmat_and_conditional_tags_survive_and_others_do_not() -> None:
    tags = {
        "highway": "primary",
        "hazmat:E": "no",
        "hgv:conditional": "no @ (22:00-06:00)",
        "maxweight:conditional": "20",
    }
    assert kept_tags({**tags, "surface": "asphalt", "note": "x"}) == tags


def test_bz2_gz_and_plain_files_give_the_same_graph(tmp_path: Path) -> None:
    content = osm([([1, 2, 3], ROAD), ([3, 4], {**ROAD, "tunnel": "yes"}), ([4, 14, 3], {"highway": "service"})])
    graphs = []
    for name, packed in (
        ("r.osm", content),
        ("r.osm.bz2", bz2.compress(content)),
        ("r.osm.gz", gzip.compress(content)),
    ):
        (tmp_path / name).write_bytes(packed)
        graphs.append(read_region(tmp_path / name))
    for graph in graphs[1:]:
        assert graph.tunnels == graphs[0].tunnels
        np.testing.assert_array_equal(graph.edge_way, graphs[0].edge_way)
        np.testing.assert_array_equal(graph.geometry_longitude_e7, graphs[0].geometry_longitude_e7)


def test_lengths_follow_the_geometry(tmp_path: Path) -> None:
    graph = read(tmp_path, ([1, 2, 12, 13, 3], ROAD))
    points = graph.edge_positions(0)
    assert len(points) == 5
    assert graph.edge_length_dm[0] == round(10 * sum(distance_m(a, b) for a, b in pairwise(points)))


TWO_WAYS = osm([([1, 2], ROAD), ([2, 3], ROAD)])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.osm", b""),
        ("empty.osm.pbf", b""),
        ("bare.osm", b'<osm version="0.6"></osm>'),
        ("paths.osm", osm([([1, 2], {"highway": "footway"})])),
        ("torn.osm", TWO_WAYS[: len(TWO_WAYS) // 2]),
        ("noise.osm.pbf", b"\x00\x00\x00\x0dnot a map at all" * 9),
        ("noise.osm.bz2", b"BZh9 not really"),
        ("torn.osm.bz2", bz2.compress(TWO_WAYS)[:-20]),
        ("noise.osm.gz", b"\x1f\x8b nothing"),
        ("points.osm", osm([([1, 2], ROAD)], missing=[1])),
        ("dots.osm", osm([([1, 1], ROAD)])),
        ("place.osm", TWO_WAYS.replace(b'lat="30.0"', b'lat="north"')),
        ("number.osm", TWO_WAYS.replace(b'ref="1"', b'ref="one"')),
        ("page.osm", b"<html><body>404</body></html>"),
        ("picture.png", b"\x89PNG"),
    ],
)
def test_a_file_without_roads_is_refused_in_chinese_and_english(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RegionError) as refusal:
        read_region(tmp_path / name)
    assert refusal.value.en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in refusal.value.zh)


def test_any_digits_changed_give_a_graph_or_a_refusal_and_no_other_error(tmp_path: Path) -> None:
    rng, file = random.Random(3), tmp_path / "region.osm"
    content = osm([([1, 2, 3], ROAD), ([3, 4, 5], {**ROAD, "tunnel": "yes"}), ([5, 15, 13, 3], {"highway": "service"})])
    digits = [place for place, byte in enumerate(content) if chr(byte).isdigit() and place > 20]
    outcomes = set()
    for _ in range(60):
        changed = bytearray(content)
        for _ in range(rng.randrange(1, 6)):
            changed[rng.choice(digits)] = ord(rng.choice("0123456789"))
        file.write_bytes(changed)
        try:
            outcomes.add(read_region(file).edge_count > 0)
        except RegionError:
            outcomes.add(False)
    assert True in outcomes


def test_a_missing_file_is_refused_like_a_broken_one(tmp_path: Path) -> None:
    with pytest.raises(RegionError, match="no such map file"):
        read_region(tmp_path / "none.osm")


def test_importing_the_reader_does_not_load_osmnx_or_osmium() -> None:
    code = "import sys, geo.osm; print(sorted({'osmnx', 'osmium', 'pandas', 'networkx'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "[]\n"
