"""What of a map is a landmark, what is left out and why, and how points and endless shorelines are drawn."""

from pathlib import Path

import pytest
import shapely

from geo.landmarks import LandmarkKind, chosen, kind_of, read_landmarks
from geo.osm_areas import MapObject
from geo.position import Position, distance_m
from geo.shapes import MultiPolygon
from tests.maps import InventedMap

SQUARE = MultiPolygon.of([[Position(0, 0), Position(0, 100_000), Position(100_000, 100_000), Position(100_000, 0)]])


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"boundary": "water_protection_area"}, LandmarkKind.WATER_SOURCE),
        ({"boundary": "protected_area", "protect_class": "12"}, LandmarkKind.WATER_SOURCE),
        ({"boundary": "protected_area", "name": "某某水库饮用水水源一级保护区"}, LandmarkKind.WATER_SOURCE),
        ({"boundary": "protected_area", "protect_class": "4"}, LandmarkKind.NATURE_RESERVE),
        ({"leisure": "nature_reserve"}, LandmarkKind.NATURE_RESERVE),
        ({"natural": "water"}, LandmarkKind.WATER),
        ({"waterway": "riverbank"}, LandmarkKind.WATER),
        ({"waterway": "river"}, None),
        ({"landuse": "reservoir"}, LandmarkKind.WATER),
        ({"amenity": "university"}, LandmarkKind.SCHOOL),
        ({"highway": "rest_area"}, LandmarkKind.SERVICE_AREA),
        ({"amenity": "bench"}, None),
    ],
)
def test_tags_tell_what_it_is(tags: dict[str, str], kind: LandmarkKind | None) -> None:
    assert kind_of(tags) is kind


@pytest.mark.parametrize(
    ("tags", "taken"),
    [
        ({"hgv": "yes"}, True),
        ({"hgv": "no"}, False),
        ({"parking": "underground"}, False),
        ({"access": "private"}, False),
        ({"access": "private", "hgv": "designated"}, True),
        ({"capacity:hgv": "12", "parking": "lane"}, True),
        ({}, False),
    ],
)
def test_a_small_parking_place_counts_where_lorries_may_stand(tags: dict[str, str], taken: bool) -> None:
    small = MultiPolygon.of([[Position(0, 0), Position(0, 1_000), Position(1_000, 1_000), Position(1_000, 0)]])
    landmarks, skipped = chosen([MapObject("way/1", {"amenity": "parking", **tags}, small)])
    assert (bool(landmarks), bool(skipped)) == (taken, not taken)


def test_a_point_becomes_a_disc_of_fifty_metres_unless_it_stands_in_its_own_area() -> None:
    inside, outside = Position(50_000, 50_000), Position(300_000, 300_000)
    school = {"amenity": "school", "hazmat:water": "no", "phone": "1"}
    objects = [
        MapObject("way/1", school, SQUARE),
        MapObject("node/1", school, None, inside),
        MapObject("node/2", school, None, outside),
        MapObject("node/3", {"amenity": "hospital"}, None, inside),
    ]
    landmarks, skipped = chosen(objects)
    assert [(mark.element, mark.is_disc) for mark in landmarks] == [
        ("way/1", False),
        ("node/2", True),
        ("node/3", True),
    ]
    assert sum(skipped.values()) == 1
    assert landmarks[0].tags == {"amenity": "school", "hazmat:water": "no"}
    disc = landmarks[1].shape
    corners = [Position(int(up), int(along)) for up, along in zip(disc.latitude_e7, disc.longitude_e7, strict=True)]
    assert all(distance_m(outside, corner) == pytest.approx(50, abs=2) for corner in corners)


def test_an_endless_shoreline_is_made_simpler_and_says_by_how_much() -> None:
    ring = shapely.Point(0, 0).buffer(1_000_000, quad_segs=8_000).exterior.coords
    lake = MultiPolygon.of([[Position(round(y), round(x)) for x, y in ring]])
    (mark,), skipped = chosen([MapObject("relation/1", {"natural": "water"}, lake)])
    assert not skipped
    assert mark.simplified_m >= 1
    assert len(mark.shape.latitude_e7) <= 20_000
    assert shapely.area(mark.shape.to_geometry()) == pytest.approx(shapely.area(lake.to_geometry()), rel=0.001)


def test_a_real_country_shows_its_reserves_with_what_is_left_out_counted(shared_data: Path) -> None:
    landmarks, skipped = read_landmarks(shared_data / "osm" / "liechtenstein-2015.osm.pbf")
    kinds = [mark.kind for mark in landmarks]
    wanted = {
        LandmarkKind.NATURE_RESERVE: 4,
        LandmarkKind.SCHOOL: 23,
        LandmarkKind.WATER: 8,
        LandmarkKind.SERVICE_AREA: 1,
    }
    assert {kind: kinds.count(kind) for kind in wanted} == wanted
    assert sum(skipped.values()) == 205


def test_a_file_in_no_order_is_read_like_one_in_order(tmp_path: Path) -> None:
    drawn = InventedMap()
    drawn.square(2, 0, 0, 200, natural="water")
    drawn.square(1, 500, 500, 100, amenity="school")
    file = drawn.write(tmp_path / "ordered.osm")
    first, *elements, last = file.read_text("utf-8").split("\n")
    shuffled = tmp_path / "shuffled.osm"
    shuffled.write_text("\n".join([first, *reversed(elements), last]), "utf-8")
    wanted, found = (read_landmarks(each)[0] for each in (file, shuffled))
    assert [mark.element for mark in found] == [mark.element for mark in wanted] == ["way/1", "way/2"]
