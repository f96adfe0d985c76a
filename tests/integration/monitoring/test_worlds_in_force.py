"""What detection goes by comes into force at its time: bans published ahead, passes issued and revoked, maps imported beside others."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import numpy as np

from geo.position import Position
from geo.roads import RoadGraph
from hazway.alarms.v1 import alarms_pb2
from hazway.registry.v1 import registry_pb2 as registry
from hazway.zones.v1 import zones_pb2
from services import traceability
from services.monitoring import activations
from services.monitoring.facts import Goods
from services.monitoring.worlds import Worlds
from services.zones.importing import keep_region
from tests.cast import CARRIER, TRANSPORT
from tests.integration.monitoring.road_house import M_E7, PLACE, REGISTRY, House, a_fix
from tests.integration.monitoring.test_workers import (
    feed,
    nothing_new_is_told_again,
)
from tests.integration.zones.zone_house import NOTICE, model, point

PETROL = (Goods("1203", ("3",)),)
ENTERED = alarms_pb2.ALARM_KIND_AREA_ENTERED


def a_ban(
    house: House,
    *,
    starts_h: float = 0,
    ends_h: float | None = None,
    action: zones_pb2.Action.ValueType = zones_pb2.ACTION_FORBID,
) -> None:
    """Close 600 m around the place all tests begin at, from so many hours ahead on."""
    ring = [(-300, -300), (-300, 300), (300, 300), (300, -300)]
    line = [point(PLACE[0] + up * M_E7, PLACE[1] + across * M_E7) for up, across in ring]
    zone = zones_pb2.Zone(
        id="market", name="集市", kind=zones_pb2.ZONE_KIND_RESTRICTED_AREA,
        polygons=[zones_pb2.Polygon(rings=[zones_pb2.Ring(points=[*line, line[0]])])],
        rules=[zones_pb2.Rule(id="ban", action=action, source=NOTICE)],
    )  # fmt: skip
    request = zones_pb2.PutZoneRequest(zone=zone)
    request.valid_from.FromDatetime(house.now + timedelta(hours=starts_h))
    if ends_h is not None:
        request.valid_to.FromDatetime(house.now + timedelta(hours=ends_h))
    house.clients[TRANSPORT].call("hazway.zones.v1.ZoneService/PutZone", request)


def drive_through(house: House, vehicle_id: str = "lorry1") -> int:
    """Through the place just now; how often an alarm says that it was entered, in all."""
    for north_m, seconds in ((-900, 120), (0, 60), (900, 0)):
        house.rows(a_fix(house.now - timedelta(seconds=seconds), vehicle_id, north_m=north_m))
    house.world.settle()
    return len(house.alarms(kind=ENTERED, vehicle_id=vehicle_id))


def advance(house: House, **duration: float) -> None:
    house.world.clock.advance(**duration)
    house.world.settle()


def test_a_ban_published_for_tomorrow_bites_tomorrow_and_ends_when_it_says(house: House) -> None:
    house.tell_trip("lorry1", house.now - timedelta(hours=1), goods=PETROL)
    a_ban(house, starts_h=24, ends_h=30)
    house.world.settle()
    assert drive_through(house) == 0
    advance(house, hours=23.9)
    assert drive_through(house) == 0
    advance(house, hours=0.2)
    assert drive_through(house) == 1
    advance(house, hours=6)
    assert drive_through(house) == 1
    with house.world.host.engine.connect() as connection:
        steps = activations.since(connection, 0)
        (alarm,) = house.alarms(kind=ENTERED)
    *_, begins, ends = steps
    assert len(set(steps)) == len(steps), "each step once"
    assert (ends.at_ms - begins.at_ms, begins.change) == (6 * 3_600_000, ends.change)
    assert begins.at_ms < alarm.occurred_at.ToMilliseconds() < ends.at_ms
    nothing_new_is_told_again(house)


def test_what_comes_late_is_judged_by_the_zones_of_its_time(house: House) -> None:
    """Fixes from before the ban that come after it, and fixes from after it that come later still."""
    for vehicle_id in ("lorry1", "lorry2"):
        house.tell_trip(vehicle_id, house.now - timedelta(hours=1), goods=PETROL)
    a_ban(house, starts_h=2)
    house.world.settle()
    free = [a_fix(house.now + timedelta(seconds=at), north_m=up) for at, up in ((60, -900), (120, 0), (180, 900))]
    advance(house, hours=3)
    caught = [
        a_fix(house.now - timedelta(seconds=at), "lorry2", north_m=up) for at, up in ((180, -900), (120, 0), (60, 900))
    ]
    house.rows(a_fix(house.now, north_m=5_000), a_fix(house.now, "lorry2", north_m=5_000))
    house.world.settle()
    house.rows(*free, *caught)
    house.world.settle()
    assert [alarm.vehicle_id for alarm in house.alarms(kind=ENTERED)] == ["lorry2"]


def a_pass(house: House, *vehicle_ids: str, hours: float = 8, revision: int = 1) -> registry.Permit:
    permit = registry.Permit(
        id="pass", kind=registry.PERMIT_KIND_ZONE_PASS, number=f"示通〔2026〕{revision}号", issuer="广州市公安局",
        organisation_id=CARRIER, vehicle_ids=vehicle_ids, zone_ids=["market"],
    )  # fmt: skip
    permit.valid_from.FromDatetime(house.now - timedelta(hours=1))
    permit.valid_to.FromDatetime(house.now + timedelta(hours=hours))
    house.clients["operator"].call(f"{REGISTRY}/PutPermit", registry.PutPermitRequest(permit=permit))
    return permit


def test_a_pass_exempts_while_it_holds_and_one_revoked_bites_at_once(house: House) -> None:
    for vehicle_id in ("lorry1", "lorry2"):
        house.tell_trip(vehicle_id, house.now - timedelta(hours=1), goods=PETROL)
    a_ban(house, action=zones_pb2.ACTION_ONLY_WITH_PASS)
    house.world.settle()
    a_pass(house, "lorry1")
    began = time.monotonic()
    feed(house)
    assert time.monotonic() - began < 1.0, "in the log in under a second"
    advance(house, minutes=10)
    assert drive_through(house) == 0
    assert drive_through(house, "lorry2") == 1, "it is the other's pass"
    # Revoked while it stands inside: no window, no zone and no fix has to change for that to count.
    house.rows(a_fix(house.now + timedelta(minutes=3)), a_fix(house.now + timedelta(minutes=4)))
    advance(house, minutes=5)
    assert not house.alarms(kind=ENTERED, vehicle_id="lorry1")
    revoke = registry.RevokePermitRequest(permit_id="pass", organisation_id=CARRIER, reason="违规")
    house.clients["operator"].call(f"{REGISTRY}/RevokePermit", revoke)
    revoked_at = house.now
    advance(house, minutes=1)
    house.rows(a_fix(house.now))
    house.world.settle()
    (alarm,) = house.alarms(kind=ENTERED, vehicle_id="lorry1")
    late_ms = alarm.occurred_at.ToMilliseconds() - int(revoked_at.timestamp() * 1000)
    assert late_ms in (0, 1), "a tick has looked at that very millisecond"


def moved(graph: RoadGraph, north_e7: int) -> RoadGraph:
    """The same roads farther north, under other names."""

    def shift(place: Position) -> Position:
        return Position(place.latitude_e7 + north_e7, place.longitude_e7)

    return replace(
        graph,
        node_latitude_e7=graph.node_latitude_e7 + north_e7,
        geometry_latitude_e7=graph.geometry_latitude_e7 + north_e7,
        tunnels=tuple(
            replace(bore, id=f"{bore.id}-{north_e7}", structure_id=f"{bore.structure_id}-{north_e7}",
                    entrance=shift(bore.entrance), exit=shift(bore.exit))
            for bore in graph.tunnels
        ),
    )  # fmt: skip


def test_every_imported_map_is_driven_on_and_of_one_name_the_last(house: House) -> None:
    graph, farther = model()[0], 2_000_000
    for name, each in (("model", graph), ("neighbour", moved(graph, farther)), ("model", moved(graph, 10))):
        with house.world.host.engine.begin() as connection:
            keep_region(connection, traceability.keeper_of(house.world.host.settings), each, name, house.now)
        feed(house)
    worlds = Worlds(house.world.host.engine)
    with house.world.host.engine.connect() as connection:
        steps = [one for one in activations.since(connection, 0) if one.regions]
    first, last = worlds(steps[0]), worlds(steps[-1])
    assert [len(one.regions) for one in steps] == [1, 2, 2]
    structures = {bore.structure_id for bore in graph.tunnels}
    assert first.roads.portals.keys() == structures
    assert last.roads.portals.keys() == {f"{one}-{north}" for one in structures for north in (10, farther)}
    edge = int(np.argmax(graph.edge_maxspeed_dkmh))
    place = graph.edge_positions(edge)[0]
    at = [np.array([place.latitude_e7 + north]) for north in (0, farther)]
    here, there = (last.floor_dkmh(each, np.array([place.longitude_e7])).tolist() for each in at)
    assert here == there == first.floor_dkmh(at[0], np.array([place.longitude_e7])).tolist()
