"""Who may publish where, over a real server: a city's authorities inside their city, never next door."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.message import Message

from hazway.client import Client
from hazway.refusals import Refused
from hazway.zones.v1 import zones_pb2 as pb
from services.zones.divisions import import_divisions
from tests.cast import POLICE, TRANSPORT, Cast, play
from tests.integration.zones.zone_house import NOTICE, SERVICE, import_model, square, structure
from tests.maps import InventedMap
from tests.world import World

SHENZHEN, GUANGZHOU = "440300", "440100"  # of the transport authority and the police of the cast


def put(client: Client, zone: pb.Zone) -> pb.Zone:
    answer: pb.PutZoneResponse = client.call(SERVICE + "PutZone", pb.PutZoneRequest(zone=zone), patience_s=0)
    return answer.zone


def refused(client: Client, method: str, request: Message) -> set[tuple[str, str]]:
    with pytest.raises(Refused) as refusal:
        client.call(SERVICE + method, request, patience_s=0)
    return {(fault.path, fault.reason) for fault in refusal.value.faults}


def test_authorities_publish_in_their_division_and_change_nobody_elses(world: World, tmp_path: Path) -> None:
    cast: Cast = play(world)
    transport, police = cast.clients[TRANSPORT], cast.clients[POLICE]
    zone = square("old-town")
    assert put(transport, zone).division_code == SHENZHEN
    zone.division_code = "440307"
    assert put(transport, zone).division_code == "440307"
    zone.division_code = GUANGZHOU
    outside = {("zone.division_code", "ZONE_OUTSIDE_DIVISION")}
    assert refused(transport, "PutZone", pb.PutZoneRequest(zone=zone)) == outside
    assert refused(police, "PutZone", pb.PutZoneRequest(zone=zone)) == outside
    assert refused(police, "WithdrawZone", pb.WithdrawZoneRequest(zone_id="old-town", reason="误登")) == outside
    zone.division_code = ""
    assert put(world.operator, zone).division_code == ""

    import_model(world)
    declare = pb.DeclareTunnelRequest(zone_id=structure(), category="D", source=NOTICE)
    declared = transport.call(SERVICE + "DeclareTunnel", declare, patience_s=0).zone
    assert (declared.division_code, declared.proposed) == (SHENZHEN, False)
    assert refused(police, "DeclareTunnel", declare) == outside

    drawn = InventedMap()
    drawn.square(1, 1_099_000, -101_000, 5_000)  # around the sample square at 41 N, 99 E
    drawn.relation(1, [("way", 1, "outer")], type="boundary", boundary="administrative", ref=GUANGZHOU)
    import_divisions(world.host.engine, drawn.write(tmp_path / "city.osm"), world.clock.now())
    inside = square("new-town", west=990_000_000)
    assert refused(transport, "PutZone", pb.PutZoneRequest(zone=inside)) == {("zone", "ZONE_OUTSIDE_DIVISION")}
    assert put(police, inside).division_code == GUANGZHOU


def test_a_proposal_has_no_rules_until_it_is_put_without_the_mark(world: World) -> None:
    zone = square("school")
    zone.place_kind = pb.PLACE_KIND_SCHOOL
    zone.proposed = True
    asked = refused(world.operator, "PutZone", pb.PutZoneRequest(zone=zone))
    assert asked == {("zone.proposed", "ZONE_PROPOSED_RULES")}
    del zone.rules[:]
    assert put(world.operator, zone).proposed
    zone.rules.add(id="ban", action=pb.ACTION_FORBID)
    zone.proposed = False
    confirmed = put(world.operator, zone)
    assert (confirmed.proposed, confirmed.place_kind) == (False, pb.PLACE_KIND_SCHOOL)
