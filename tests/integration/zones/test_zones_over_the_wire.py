"""Zones over a real server: published, read back as they were, never overwritten, and refused with field and reason."""

from __future__ import annotations

import json
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import text

from geo.position import Position
from hazway.refusals import Refused
from hazway.zones.v1 import zones_pb2 as pb
from services import zones
from services.zones.checks import MOST_POINTS
from tests.integration.zones.zone_house import NOTICE, SERVICE, call, import_model, point, square, structure
from tests.world import World


def stamp(at: object) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(at)  # type: ignore[arg-type]
    return message


def faults(world: World, method: str, request: object) -> set[tuple[str, str]]:
    with pytest.raises(Refused) as refusal:
        call(world, method, request)
    return {(fault.path, fault.reason) for fault in refusal.value.faults}


def put(world: World, zone: pb.Zone, **more: object) -> pb.PutZoneResponse:
    response: pb.PutZoneResponse = call(world, "PutZone", pb.PutZoneRequest(zone=zone, **more))  # type: ignore[arg-type]
    return response


def test_a_zone_is_read_back_as_it_was_by_version_by_time_and_by_what_was_known(world: World) -> None:
    first = put(world, square("old-town")).zone
    start = world.clock.now()
    world.clock.advance(hours=1)
    changed = square("old-town", side=200_000)
    second = put(world, changed).zone
    assert first.version < second.version
    assert call(world, "GetZone", pb.GetZoneRequest(zone_id="old-town")).version == second.version
    by_version = call(world, "GetZone", pb.GetZoneRequest(zone_id="old-town", version=first.version))
    assert by_version.polygons == square("old-town").polygons
    then = call(world, "GetZone", pb.GetZoneRequest(zone_id="old-town", at=stamp(start)))
    assert then.version == first.version
    unknown_yet = pb.GetZoneRequest(zone_id="old-town", at=stamp(world.clock.now()), known_at=stamp(start))
    assert call(world, "GetZone", unknown_yet).version == first.version


def test_every_change_of_a_zone_stands_in_its_chain(world: World) -> None:
    assert put(world, square("old-town")).registered.seq == 1
    assert put(world, square("old-town", side=50_000)).registered.seq == 2
    gone = call(world, "WithdrawZone", pb.WithdrawZoneRequest(zone_id="old-town", reason="道路改造"))
    assert (gone.registered.subject, gone.registered.seq) == ("zone/old-town", 3)
    assert call(world, "GetZone", pb.GetZoneRequest(zone_id="old-town")).withdrawn
    assert not call(world, "ListZones", pb.ListZonesRequest()).zones


def test_a_rule_published_ahead_survives_a_change_made_before_it_begins(world: World) -> None:
    import_model(world)
    new_year = world.clock.now() + timedelta(days=60)
    ahead = pb.DeclareTunnelRequest(zone_id=structure(), category="D", source=NOTICE, valid_from=stamp(new_year))
    declared = call(world, "DeclareTunnel", ahead).zone
    now = call(world, "DeclareTunnel", pb.DeclareTunnelRequest(zone_id=structure(), category="E", source=NOTICE)).zone
    assert now.valid_to == stamp(new_year)
    assert now.next_change_at == stamp(new_year)
    with world.host.engine.connect() as connection:
        for at, category in ((world.clock.now(), "E"), (new_year, "D")):
            (found,) = [each for each in zones.active(connection, at) if each.zone.id == structure()]
            assert found.zone.tunnel is not None
            assert found.zone.tunnel.category == category
        spans = [
            each
            for each in zones.timeline(connection, zones.last_change(connection))
            if each.version.zone.id == structure()
        ]
        assert [span.version.version for span in spans] == [now.version, declared.version]


def test_a_changed_zone_is_not_overwritten_by_one_who_read_the_older(world: World) -> None:
    first = put(world, square("old-town")).zone
    put(world, square("old-town", side=50_000), etag=first.version)
    stale = pb.PutZoneRequest(zone=square("old-town"), etag=first.version)
    assert faults(world, "PutZone", stale) == {("etag", "STALE_ETAG")}


def test_validate_only_shows_the_zone_and_leaves_nothing(world: World) -> None:
    shown = put(world, square("old-town"), validate_only=True)
    assert shown.zone.name == "老城区"
    assert not shown.HasField("registered")
    assert faults(world, "GetZone", pb.GetZoneRequest(zone_id="old-town")) == {("zone_id", "NOT_FOUND")}
    with world.host.engine.connect() as connection:
        assert zones.active(connection, world.clock.now()) == ()


def test_zones_are_listed_by_box_page_by_page(world: World) -> None:
    for number in range(5):
        put(world, square(f"zone-{number}", west=990_000_000 + number * 1_000_000))
    put(world, fold())
    box = pb.Box(south_west=point(400_000_000, 989_000_000), north_east=point(420_000_000, 992_050_000))
    found: list[str] = []
    token = ""
    while True:
        page = call(
            world, "ListZones", pb.ListZonesRequest(box=box, page_size=2, page_token=token, without_shapes=True)
        )
        assert all(not zone.polygons for zone in page.zones)
        found += [zone.id for zone in page.zones]
        token = page.next_page_token
        if not token:
            break
    assert found == ["zone-0", "zone-1", "zone-2"]
    over = pb.Box(south_west=point(400_000_000, 1_799_000_000), north_east=point(420_000_000, -1_799_990_000))
    assert [zone.id for zone in call(world, "ListZones", pb.ListZonesRequest(box=over)).zones] == ["fold"]
    east = pb.Box(south_west=point(400_000_000, -1_799_999_000), north_east=point(420_000_000, -1_799_990_000))
    assert [zone.id for zone in call(world, "ListZones", pb.ListZonesRequest(box=east)).zones] == ["fold"]
    assert not call(world, "ListZones", pb.ListZonesRequest(kind=pb.ZONE_KIND_PARKING)).zones


def fold() -> pb.Zone:
    """A square over the date line."""
    zone = square("fold")
    corners = ((0, 1_799_950_000), (100_000, 1_799_950_000), (100_000, -1_799_950_000), (0, -1_799_950_000))
    del zone.polygons[0].rings[0].points[:]
    zone.polygons[0].rings[0].points.extend(point(410_000_000 + up, longitude) for up, longitude in corners)
    return zone


def test_geojson_goes_out_and_comes_in_the_same(world: World) -> None:
    import_model(world)
    put(world, square("old-town"))
    exported = call(world, "ExportGeoJson", pb.ExportGeoJsonRequest(page_size=500)).geo_json
    read = call(world, "ReadGeoJson", pb.ReadGeoJsonRequest(geo_json=exported))
    assert not read.faults
    listed = call(world, "ListZones", pb.ListZonesRequest(page_size=500)).zones
    assert [zone.id for zone in read.zones] == [zone.id for zone in listed]
    for zone in read.zones:
        put(world, zone)


@pytest.mark.parametrize(
    "document", ["", "nonsense", '{"type": "FeatureCollection", "features": [NaN]}', "[" * 200_000]
)
def test_hostile_geojson_is_answered_with_field_and_reason(world: World, document: str) -> None:
    request = pb.ReadGeoJsonRequest(geo_json=document)
    assert faults(world, "ReadGeoJson", request) == {("geo_json", "GEOJSON_INVALID")}


def test_every_fault_of_a_zone_is_told_at_once_with_its_field(world: World) -> None:
    zone = square("old-town")
    points = zone.polygons[0].rings[0].points
    points[2].latitude_e7, points[3].latitude_e7 = points[3].latitude_e7, points[2].latitude_e7
    points[2].longitude_e7, points[3].longitude_e7 = points[3].longitude_e7, points[2].longitude_e7
    zone.name = ""
    zone.rules.add(id="speed", action=pb.ACTION_SPEED_LIMIT)
    zone.rules[0].goods.un_numbers.append("12O3")
    assert faults(world, "PutZone", pb.PutZoneRequest(zone=zone)) == {
        ("zone.polygons", "ZONE_SHAPE_INVALID"),
        ("zone.name", "FIELD_MISSING"),
        ("zone.rules[1].speed_dkmh", "ZONE_RULE_INVALID"),
        ("zone.rules[0].goods.un_numbers", "ZONE_RULE_INVALID"),
    }


def test_a_huge_zone_is_refused_before_its_shape_is_looked_at(world: World) -> None:
    zone = square("old-town")
    zone.polygons[0].rings[0].points.extend([point(1, 1)] * 200_000)
    request = pb.PutZoneRequest(zone=zone, statement=b"too long to be signed")
    assert faults(world, "PutZone", request) == {("zone", "ZONE_SHAPE_INVALID")}


def test_the_largest_zone_there_may_be_is_signed_and_kept(world: World) -> None:
    zone = square("coast")
    del zone.polygons[0].rings[0].points[:]
    for number in range(MOST_POINTS):
        angle = 2 * math.pi * number / MOST_POINTS
        place = point(
            410_000_000 + round(10_000_000 * math.sin(angle)), 990_000_000 + round(10_000_000 * math.cos(angle))
        )
        zone.polygons[0].rings[0].points.append(place)
    assert put(world, zone).registered.seq == 1
    assert len(call(world, "GetZone", pb.GetZoneRequest(zone_id="coast")).polygons[0].rings[0].points) == MOST_POINTS


def test_a_zone_with_an_impossible_id_is_refused(world: World) -> None:
    zone = square("x")
    for zone.id in ("", "a b", "x" * 129, "../etc", "隧道"):
        with pytest.raises(Refused) as refusal:
            call(world, "PutZone", pb.PutZoneRequest(zone=zone, statement=b"unsigned"))
        assert {fault.path for fault in refusal.value.faults} == {"zone.id"}, zone.id


def test_a_zone_keeps_its_kind_and_only_tunnels_are_declared(world: World) -> None:
    put(world, square("old-town"))
    parking = square("old-town")
    parking.kind = pb.ZONE_KIND_PARKING
    assert faults(world, "PutZone", pb.PutZoneRequest(zone=parking)) == {("zone.kind", "ZONE_KIND_FIXED")}
    declare = pb.DeclareTunnelRequest(zone_id="old-town", category="D", source=NOTICE)
    assert faults(world, "DeclareTunnel", declare) == {("zone_id", "NOT_A_TUNNEL")}
    nowhere = pb.DeclareTunnelRequest(zone_id="nowhere", category="D", source=NOTICE)
    assert faults(world, "DeclareTunnel", nowhere) == {("zone_id", "ZONE_NOT_IN_FORCE")}
    sourceless = pb.DeclareTunnelRequest(zone_id="old-town", category="X")
    assert faults(world, "DeclareTunnel", sourceless) == {
        ("category", "FIELD_INVALID"),
        ("source.issuer", "FIELD_MISSING"),
    }


def test_changes_written_at_once_are_seen_in_order_and_none_is_missed(world: World) -> None:
    clients = [world.operator for _ in range(4)]
    seen: list[int] = []
    done = threading.Event()

    def follow() -> None:
        while True:
            ended = done.is_set()
            with world.host.engine.connect() as connection:
                seen.extend(each.number for each in zones.changes_since(connection, seen[-1] if seen else 0))
            if ended:
                return

    follower = threading.Thread(target=follow)
    follower.start()
    with ThreadPoolExecutor(4) as pool:
        for number in range(24):
            request = pb.PutZoneRequest(zone=square(f"zone-{number % 6}", side=100_000 + number))
            pool.submit(clients[number % 4].call, SERVICE + "PutZone", request)
    done.set()
    follower.join()
    assert seen == list(range(1, 25))
    with world.host.engine.connect() as connection:
        assert zones.last_change(connection) == 24
        assert len(zones.active(connection, world.clock.now())) == 6


def test_whoever_listens_is_woken_after_the_commit(world: World) -> None:
    heard, stopped = threading.Event(), threading.Event()
    world.host.bus.listen(zones.WAKE_ZONES, lambda _channel, _payload: heard.set(), stopped)
    deadline = time.monotonic() + 10
    number = 0
    while not heard.is_set() and time.monotonic() < deadline:
        number += 1
        put(world, square("old-town", side=100_000 + number))
        heard.wait(0.2)
    stopped.set()
    assert heard.is_set()


def test_a_stranger_and_a_carrier_publish_nothing(world: World) -> None:
    with pytest.raises(Refused) as refusal:
        world.client("stranger").call(SERVICE + "PutZone", pb.PutZoneRequest(zone=square("x"), statement=b"x"))
    assert refusal.value.reasons == {"NOT_AUTHENTICATED"}


def test_a_position_is_exact_after_the_database(world: World) -> None:
    zone = square("old-town", south=-123_456_789, west=-1_023_456_789)
    put(world, zone)
    with world.host.engine.connect() as connection:
        (active,) = zones.active(connection, world.clock.now())
        assert active.zone.polygons[0][0][0] == Position(-123_456_789, -1_023_456_789)
        body = connection.execute(text("SELECT body FROM zones_versions")).scalar_one()
    assert json.dumps(body)
