"""Bridges as structures: decks that join, lengths along the longest way, very large ones by length or span."""

from pathlib import Path

import pytest

from geo.bridges import LARGE_DM, LARGE_SPAN_DM, Bridge, bridges_of, is_large, span_dm
from geo.osm import read_region
from tests.maps import InventedMap

ROAD = {"highway": "trunk"}
BRIDGE = {"highway": "trunk", "bridge": "yes"}


def bridges(drawn: InventedMap, folder: Path) -> list[Bridge]:
    return list(bridges_of(read_region(drawn.write(folder / "bridges.osm"))))


def test_ways_that_follow_one_another_are_one_bridge_with_both_directions(tmp_path: Path) -> None:
    drawn = InventedMap()
    drawn.way(1, [(0, 0), (0, 100)], **ROAD)
    drawn.way(2, [(0, 100), (0, 300)], **BRIDGE, name="示例路")
    drawn.way(3, [(0, 300), (50, 600)], **BRIDGE, bridge__name="示例大桥", maxspan="160 m")
    drawn.way(4, [(50, 600), (50, 900)], **ROAD)
    (bridge,) = bridges(drawn, tmp_path)
    assert (bridge.id, bridge.name, bridge.longest_span_dm, bridge.is_large) == ("bridge-2", "示例大桥", 1_600, True)
    assert len(bridge.edges) == 4
    (deck,) = bridge.decks
    assert (set(deck.way_ids), len(deck.line)) == ({2, 3}, 3)
    assert bridge.length_dm == pytest.approx(4_870, abs=50)


def test_a_ramp_makes_three_decks_and_the_length_is_that_of_the_longest_way(tmp_path: Path) -> None:
    drawn = InventedMap()
    drawn.way(1, [(0, 0), (0, 500)], **BRIDGE)
    drawn.way(2, [(0, 500), (0, 1_500)], **BRIDGE)
    drawn.way(3, [(0, 500), (200, 500)], highway="trunk_link", bridge="yes", oneway="yes")
    drawn.way(4, [(0, 1_500), (0, 2_000)], **ROAD)
    (bridge,) = bridges(drawn, tmp_path)
    assert len(bridge.decks) == 3
    assert bridge.length_dm == pytest.approx(14_445, abs=30)


def test_carriageways_that_never_meet_are_bridges_of_their_own_and_a_road_below_is_none(tmp_path: Path) -> None:
    drawn = InventedMap()
    for number, row in ((1, 0), (2, 30)):
        drawn.way(number, [(row, 0), (row, 500)], highway="motorway", bridge="yes")
    drawn.way(3, [(-100, 250), (100, 250)], **ROAD)
    drawn.way(4, [(300, 0), (300, 100)], highway="trunk", bridge="no")
    drawn.way(5, [(400, 0), (400, 100)], highway="trunk", bridge="low_water_crossing")
    assert [bridge.id for bridge in bridges(drawn, tmp_path)] == ["bridge-1", "bridge-2"]


def test_a_ring_on_stilts_is_as_long_as_once_round(tmp_path: Path) -> None:
    drawn = InventedMap()
    drawn.way(1, [(0, 0), (0, 100), (100, 100), (100, 0), (0, 0)], **BRIDGE)
    (bridge,) = bridges(drawn, tmp_path)
    assert bridge.length_dm == pytest.approx(2 * (1_112 + 963), abs=20)


@pytest.mark.parametrize(
    ("length_dm", "span", "large"),
    [(LARGE_DM, LARGE_SPAN_DM, False), (LARGE_DM + 1, 0, True), (100, LARGE_SPAN_DM + 1, True), (0, 0, False)],
)
def test_very_large_is_longer_than_a_kilometre_or_with_a_span_over_150_m(
    length_dm: int, span: int, large: bool
) -> None:
    assert is_large(length_dm, span) is large


@pytest.mark.parametrize(
    ("text", "found"), [("150", 1_500), ("150.5 m", 1_505), ("wide", 0), ("", 0), ("99999", 0), ("12;13", 0)]
)
def test_a_span_is_read_only_where_it_is_one_number_of_metres(text: str, found: int) -> None:
    assert span_dm({"bridge:span": text}) == found


@pytest.mark.parametrize(
    ("name", "count", "large", "longest_m"),
    [("monaco-2021.osm.pbf", 10, 0, 511), ("shanghai-huangpu-2026-drive.osm.bz2", 2, 1, 5_831)],
)
def test_real_maps_show_their_bridges(shared_data: Path, name: str, count: int, large: int, longest_m: int) -> None:
    found = bridges_of(read_region(shared_data / "osm" / name))
    assert (len(found), sum(bridge.is_large for bridge in found)) == (count, large)
    assert max(bridge.length_dm for bridge in found) == pytest.approx(longest_m * 10, abs=10)
    assert all(len(deck.line) > 1 for bridge in found for deck in bridge.decks)
