"""Zones written down and read back: as kept JSON, as messages, as GeoJSON; and hostile texts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geo.position import Position
from hazway.zones.v1 import zones_pb2 as pb
from services.errors import Refusal
from services.zones import geojson
from services.zones.checks import check_zone
from services.zones.mapped import PlaceKind, Tag
from services.zones.model import Zone, ZoneKind
from services.zones.plain import from_json, to_json
from services.zones.ruling import Action, Control, DayRule, Days, GoodsFilter, Purpose, Replacement, Rule
from services.zones.wire import read_zone, zone_to_wire
from tests.unit.services.zones.whole_zones import zones
from tests.unit.services.zones.zone_samples import (
    LINE,
    NOON,
    NOTICE,
    SQUARE,
    area,
    at_noon,
    ban,
    bridge,
    road,
    tunnel,
    version,
)

FULL_RULE = Rule(
    id="full", action=Action.SPEED_LIMIT, speed_dkmh=400, exempt=frozenset({Purpose.RESCUE}), source=NOTICE,
    goods=GoodsFilter(hazards=frozenset({"3", "2.1"}), un_numbers=frozenset({"1203"}), tunnel_codes=frozenset({"B/D"}),
                      barred_from_category="D", controls=frozenset({Control.HIGHLY_TOXIC})),
    calendar=replace(
        at_noon(), dates=(Days(first=date(2026, 10, 1), last=date(2026, 10, 7)),),
        replacements=(Replacement(days=Days(first=date(2027, 2, 5), last=date(2027, 2, 12)), day_rule=DayRule.ALL_DAY,
                                  source=NOTICE),),
    ),
    valid_from=NOON,
)  # fmt: skip
ZONES = (
    area(ban(), FULL_RULE, division_code="620900"), tunnel("D", FULL_RULE), tunnel(), bridge(ban()), road(ZoneKind.CORRIDOR),
    road(edge_keys=("1:2:3",)), area(kind=ZoneKind.PARKING, polygons=(SQUARE, ((Position(0, 0), Position(0, 9), Position(9, 9)),))),
    tunnel(tunnel=replace(tunnel().tunnel, bores=(replace(tunnel().tunnel.bores[0], line=LINE, way_ids=(7,)),))),  # type: ignore[type-var, union-attr]
)  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_kept_as_json_comes_back_equal(zone: Zone) -> None:
    assert from_json(json.loads(json.dumps(to_json(zone)))) == zone


@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_sent_as_a_message_comes_back_equal(zone: Zone) -> None:
    message = pb.Zone.FromString(zone_to_wire(zone, pb.Zone()).SerializeToString())
    read = read_zone(message, "zone")
    assert (read.value, read.findings) == (zone, ())


@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_written_as_geojson_comes_back_equal(zone: Zone) -> None:
    read = geojson.loads(geojson.dumps([version(zone)]))
    assert (read.zones, read.faults) == ([zone], [])


@given(zones())
@example(bridge(tags=(Tag(name="hazmat", value="no"),), place_kind=PlaceKind.WATER))
def test_any_zone_goes_through_json_messages_and_geojson_and_loses_nothing(zone: Zone) -> None:
    assert check_zone(zone) == ()
    assert from_json(json.loads(json.dumps(to_json(zone)))) == zone
    message = pb.Zone.FromString(zone_to_wire(zone, pb.Zone()).SerializeToString())
    assert read_zone(message, "zone").value == zone
    read = geojson.loads(geojson.dumps([version(zone)]))
    assert (read.zones, read.faults) == ([zone], [])


def test_a_ring_given_closed_is_kept_open() -> None:
    message = zone_to_wire(area(), pb.Zone())
    points = message.polygons[0].rings[0].points
    points.add().CopyFrom(points[0])
    assert read_zone(message, "zone").value == area()


positions = st.builds(Position, st.integers(-899_999_999, 899_999_999), st.integers(-1_799_999_999, 1_799_999_999))


@given(positions)
def test_degrees_in_geojson_give_back_the_very_integers(point: Position) -> None:
    text = json.dumps({"p": [point.longitude_e7 / 10**7, point.latitude_e7 / 10**7]})
    longitude, latitude = json.loads(text)["p"]
    assert Position.from_degrees(latitude, longitude) == point


def feature(**changes: Any) -> str:
    whole = json.loads(geojson.dumps([version(area(ban()))]))
    whole["features"][0].update(changes)
    return json.dumps(whole)


def polygon(ring: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "{" * 100_000, "[" * 100_000, '{"type": "FeatureCollection"}', '{"type": "FeatureCollection", "features": {}}',
        '{"type": "FeatureCollection", "features": [NaN]}', '{"type": "Point", "coordinates": [1, 2]}', "\x00", '{"type": "Feature"',
        json.dumps({"type": "FeatureCollection", "features": [{}] * 5_001}),
    ],
)  # fmt: skip
def test_a_text_that_is_no_geojson_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(Refusal) as refusal:
        geojson.loads(text)
    assert [(finding.path, finding.reason.name) for finding in refusal.value.findings] == [
        ("geo_json", "GEOJSON_INVALID")
    ]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"geometry": None}, ".geometry"),
        ({"geometry": {"type": "Point", "coordinates": [1, 2]}}, ".geometry.type"),
        ({"geometry": {"type": ["Polygon"], "coordinates": []}}, ".geometry.type"),
        ({"geometry": polygon("abc")}, ".geometry.coordinates"),
        ({"geometry": polygon([[1, 2], [3]])}, ".geometry.coordinates"),
        ({"geometry": polygon([["1", "2"], [3, 4], [5, 6]])}, ".geometry.coordinates"),
        ({"geometry": polygon([[True, False], [3, 4], [5, 6]])}, ".geometry.coordinates"),
        ({"geometry": polygon([[1e300, 2], [3, 4], [5, 6]])}, ".geometry.coordinates"),
        ({"geometry": polygon([[10**400, 2], [3, 4], [5, 6]])}, ".geometry.coordinates"),
        ({"geometry": polygon([[181, 2], [3, 4], [5, 6]])}, ".geometry.coordinates"),
        ({"geometry": polygon([[0, 0]] * 20_001)}, ".geometry"),
        ({"geometry": polygon([[0, 0], [1, 1], [1, 0], [0, 1]])}, ".polygons"),
        ({"geometry": {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]]]}}, ".geometry"),
        ({"geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}}, ""),
        ({"properties": {"kind": "ZONE_KIND_RESTRICTED_AREA", "name": "x", "colour": "red"}}, ".properties"),
        ({"properties": {"kind": "PLAYGROUND", "name": "x"}}, ".properties"),
        ({"properties": {"kind": "ZONE_KIND_RESTRICTED_AREA", "name": 5}}, ".properties"),
        ({"properties": {"kind": "ZONE_KIND_RESTRICTED_AREA", "name": "x", "version": "7"}}, ".properties.version"),
        ({"properties": ["kind"]}, ".properties"),
        ({"properties": {"name": "x"}}, ".kind"),
        ({"id": 7}, ".properties"),
        ({"id": "a b"}, ".id"),
        ({"id": ""}, ".id"),
        ({"type": "feature"}, ""),
    ],
)
def test_a_feature_that_is_no_zone_is_answered_with_its_field(changes: dict[str, Any], path: str) -> None:
    read = geojson.loads(feature(**changes))
    assert read.zones == []
    assert [(number, finding.path) for number, finding in read.faults] == [(0, f"features[0]{path}")]


def test_one_bad_feature_leaves_the_good_ones() -> None:
    whole = json.loads(geojson.dumps([version(area(ban())), version(road()), version(area(ban()))]))
    whole["features"][1]["geometry"] = None
    read = geojson.loads(json.dumps(whole))
    assert [zone.id for zone in read.zones] == ["area-1"]
    assert [number for number, _ in read.faults] == [1, 2]


def test_a_point_off_the_earth_is_named_by_its_place() -> None:
    message = zone_to_wire(area(), pb.Zone())
    message.polygons[0].rings[0].points[2].latitude_e7 = 900_000_001
    (finding,) = read_zone(message, "zone").findings
    assert finding.path == "zone.polygons[0].rings[0].points[2]"
