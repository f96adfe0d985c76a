"""What was true and what was known: late corrections keep the old version, and a decision can be re-read."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hazway.registry.v1 import registry_pb2 as pb
from services import registry
from services.errors import Refusal
from services.registry.model import RegistryFacts, TankCondition, TankState
from tests.integration.registry.registry_house import (
    CARRIER,
    TRANSPORT,
    House,
    a_person,
    a_tank,
    a_vehicle,
    reasons,
)


def put_vehicle(house: House, *, device: str, since: datetime | None = None, until: datetime | None = None) -> str:
    vehicle = a_vehicle()
    vehicle.positioning_device = device
    request = pb.PutVehicleRequest(vehicle=vehicle)
    if since:
        request.valid_from.FromDatetime(since)
    if until:
        request.valid_to.FromDatetime(until)
    etag: str = house.call(CARRIER, "PutVehicle", request).vehicle.etag
    return etag


def facts(house: House, at: datetime, known_at: datetime | None = None) -> RegistryFacts:
    with house.engine.begin() as connection:
        return registry.facts_at(
            connection, at, known_at, organisations=[CARRIER], vehicles=["vehicle-1"], tanks=["tank-1"], persons=["person-1"]
        )  # fmt: skip


def device(found: RegistryFacts) -> str | None:
    return found.vehicles["vehicle-1"].positioning_device if found.vehicles else None


def test_a_late_correction_changes_what_was_true_but_not_what_was_known(house: House) -> None:
    monday = house.clock.now()
    put_vehicle(house, device="old")
    house.clock.advance(days=2)
    wednesday = house.clock.now()
    put_vehicle(house, device="new", since=monday + timedelta(days=1))
    tuesday_noon = monday + timedelta(days=1, hours=4)
    assert device(facts(house, tuesday_noon)) == "new"
    assert device(facts(house, tuesday_noon, known_at=monday + timedelta(days=1, hours=5))) == "old"
    assert device(facts(house, monday + timedelta(hours=1))) == "old"
    assert device(facts(house, wednesday)) == "new"
    assert device(facts(house, monday - timedelta(days=1))) is None
    assert device(facts(house, wednesday, known_at=monday - timedelta(days=1))) is None


def test_a_correction_of_the_past_alone_leaves_the_present(house: House) -> None:
    monday = house.clock.now()
    put_vehicle(house, device="then")
    house.clock.advance(days=5)
    put_vehicle(house, device="while", since=monday + timedelta(days=1), until=monday + timedelta(days=2))
    assert device(facts(house, house.clock.now())) == "then"
    assert device(facts(house, monday + timedelta(days=1))) == "while"
    assert device(facts(house, monday + timedelta(days=2))) == "then"


def test_nothing_is_true_ahead_of_the_clock(house: House) -> None:
    with pytest.raises(Refusal) as refusal:
        put_vehicle(house, device="x", since=house.clock.now() + timedelta(seconds=1))
    assert reasons(refusal) == {("valid_from", "FIELD_INVALID")}
    put_vehicle(house, device="x")
    with pytest.raises(Refusal) as refusal:
        put_vehicle(house, device="x", since=house.clock.now(), until=house.clock.now())
    assert reasons(refusal) == {("valid_to", "PERIOD_INVALID")}


def test_a_new_thing_cannot_be_of_the_past_alone(house: House) -> None:
    with pytest.raises(Refusal) as refusal:
        put_vehicle(house, device="x", since=house.clock.now() - timedelta(days=2), until=house.clock.now())
    assert reasons(refusal) == {("valid_to", "FIELD_INVALID")}


def test_a_decision_is_re_read_by_the_versions_it_used(house: House) -> None:
    put_vehicle(house, device="old")
    house.call(CARRIER, "PutTank", pb.PutTankRequest(tank=a_tank()))
    house.call(CARRIER, "PutPerson", pb.PutPersonRequest(person=a_person()))
    put_licence(house)
    decided_at = house.clock.now()
    used = facts(house, decided_at)
    assert set(used.versions) == {
        f"organisation/{CARRIER}", "vehicle/vehicle-1", "tank/tank-1", "person/person-1", "licence/licence-1",
    }  # fmt: skip
    # At the very instant of the decision the fact is corrected: only the versions tell what was used.
    put_vehicle(house, device="new", since=decided_at)
    assert device(facts(house, decided_at, known_at=decided_at)) == "new"
    with house.engine.begin() as connection:
        again = registry.facts_of_versions(connection, decided_at, used.versions)
    assert again == used


def test_things_of_two_kinds_with_one_id_are_re_read_both(house: House) -> None:
    put_vehicle(house, device="old")
    house.call(CARRIER, "PutTank", pb.PutTankRequest(tank=a_tank("vehicle-1")))
    with house.engine.begin() as connection:
        used = registry.facts_at(connection, house.clock.now(), vehicles=["vehicle-1"], tanks=["vehicle-1"])
        assert registry.facts_of_versions(connection, used.at, used.versions) == used
    assert set(used.versions) == {"vehicle/vehicle-1", "tank/vehicle-1"}


def test_facts_read_at_a_moment_are_read_again_by_what_was_known_then(house: House) -> None:
    put_vehicle(house, device="old")
    decided_at = house.clock.now()
    used = facts(house, decided_at)
    house.clock.advance(seconds=1)
    put_vehicle(house, device="new", since=decided_at)
    assert facts(house, decided_at, known_at=decided_at) == used
    assert facts(house, decided_at) != used


def put_licence(house: House) -> None:
    licence = pb.Licence(
        id="licence-1", kind=pb.LICENCE_KIND_ROAD_OPERATION, number="440300000001", organisation_id=CARRIER,
        scope_text="危险货物运输(3类,8类)",
    )  # fmt: skip
    house.call(TRANSPORT, "PutLicence", pb.PutLicenceRequest(licence=licence))


def test_licences_and_permits_come_with_their_holder(house: House) -> None:
    put_vehicle(house, device="x")
    put_licence(house)
    house.call(TRANSPORT, "PutPermit", pb.PutPermitRequest(permit=a_permit(house)))
    found = facts(house, house.clock.now())
    assert [licence.scope.covers("3") for licence in found.licences] == [True]
    assert [permit.vehicle_ids for permit in found.permits] == [{"vehicle-1"}]
    assert (found.permits[0].goods[0].limit_g, found.permits[0].goods[1].limit_g) == (500_000, None)
    revoke = pb.RevokePermitRequest(permit_id="permit-1", organisation_id=CARRIER, reason="违规")
    assert house.call(TRANSPORT, "RevokePermit", revoke).permit.revoked
    assert house.call(TRANSPORT, "PutPermit", pb.PutPermitRequest(permit=a_permit(house))).permit.revoked
    assert facts(house, house.clock.now()).permits[0].revoked


def a_permit(house: House) -> pb.Permit:
    permit = pb.Permit(
        id="permit-1", kind=pb.PERMIT_KIND_TOXIC_ROAD_PASS, number="P-1", issuer="公安局", organisation_id=CARRIER,
        vehicle_ids=["vehicle-1"], single_trip=True,
        goods=[pb.PermitGoods(un_number="1230", limit_g=500_000), pb.PermitGoods(un_number="1203")],
    )  # fmt: skip
    permit.valid_from.FromDatetime(house.clock.now())
    permit.valid_to.FromDatetime(house.clock.now() + timedelta(days=10))
    window = permit.windows.add()
    window.start.CopyFrom(permit.valid_from)
    window.end.CopyFrom(permit.valid_to)
    return permit


def test_a_permit_is_wrong_in_everything_at_once(house: House) -> None:
    permit = a_permit(house)
    permit.valid_to.CopyFrom(permit.valid_from)
    permit.windows[0].ClearField("end")
    permit.goods[0].un_number = "UN1230"
    permit.goods[1].limit_g = 0
    permit.vehicle_ids.append("no-vehicle")
    permit.issuer = " "
    put_vehicle(house, device="x")
    with pytest.raises(Refusal) as refusal:
        house.call(TRANSPORT, "PutPermit", pb.PutPermitRequest(permit=permit))
    assert {path for path, _ in reasons(refusal)} == {
        "permit.valid_to", "permit.windows[0].end", "permit.goods[0].un_number", "permit.goods[1].limit_g",
        "permit.vehicle_ids", "permit.issuer",
    }  # fmt: skip


def test_a_permit_for_one_trip_is_used_once(house: House) -> None:
    put_vehicle(house, device="x")
    house.call(TRANSPORT, "PutPermit", pb.PutPermitRequest(permit=a_permit(house)))
    now = house.clock.now()
    with house.engine.begin() as connection:
        assert registry.use_permit(connection, "permit-1", "waybill-1", now=now, by=CARRIER)
        assert registry.use_permit(connection, "permit-1", "waybill-1", now=now, by=CARRIER)
        assert not registry.use_permit(connection, "permit-1", "waybill-2", now=now, by=CARRIER)
        assert not registry.use_permit(connection, "permit-2", "waybill-2", now=now, by=CARRIER)
    assert facts(house, now).permits[0].used_by == "waybill-1"


def test_a_tanks_state_told_by_loading_is_a_fact_of_its_own(house: House) -> None:
    house.call(CARRIER, "PutTank", pb.PutTankRequest(tank=a_tank()))
    loaded = TankState(condition=TankCondition.LOADED, last_un_numbers=("1203",))
    before = house.clock.now()
    house.clock.advance(hours=1)
    with house.engine.begin() as connection:
        registry.record_tank_state(connection, "tank-1", loaded, now=house.clock.now(), by="loader-1")
        with pytest.raises(LookupError):
            registry.record_tank_state(connection, "tank-9", loaded, now=house.clock.now(), by="loader-1")
    assert facts(house, house.clock.now()).tanks["tank-1"].state.condition is TankCondition.LOADED
    assert facts(house, before).tanks["tank-1"].state.condition is TankCondition.EMPTY_UNCLEANED


def test_an_old_state_is_read_over_the_wire_by_what_was_known(house: House) -> None:
    put_vehicle(house, device="old")
    before = house.clock.now()
    house.clock.advance(hours=1)
    put_vehicle(house, device="new", since=before)
    request = pb.GetVehicleRequest(vehicle_id="vehicle-1")
    request.at.FromDatetime(before)
    assert house.call(CARRIER, "GetVehicle", request).positioning_device == "new"
    request.known_at.FromDatetime(before)
    old = house.call(CARRIER, "GetVehicle", request)
    assert (old.positioning_device, old.etag) == ("old", "")


def test_a_merged_id_in_a_decision_stands_for_the_kept_vehicle(house: House) -> None:
    put_vehicle(house, device="kept")
    double = a_vehicle("vehicle-2", plate="粤B54321", vin="LHAZWAY0000000002")
    house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=double))
    merge = pb.MergeVehiclesRequest(kept_id="vehicle-1", merged_id="vehicle-2", document="更正")
    house.call(TRANSPORT, "MergeVehicles", merge)
    with house.engine.begin() as connection:
        found = registry.facts_at(connection, house.clock.now(), vehicles=["vehicle-2"])
    assert found.vehicles["vehicle-2"].positioning_device == "kept"
    assert set(found.versions) == {"vehicle/vehicle-1"}


def test_a_permit_long_over_is_left_out_and_one_lately_over_is_not(house: House) -> None:
    put_vehicle(house, device="x")
    house.call(TRANSPORT, "PutPermit", pb.PutPermitRequest(permit=a_permit(house)))
    end = house.clock.now() + timedelta(days=10)
    assert [permit.id for permit in facts(house, end + timedelta(days=89)).permits] == ["permit-1"]
    assert not facts(house, end + timedelta(days=90)).permits
    shorter = a_permit(house)
    shorter.windows.pop()
    shorter.valid_to.FromDatetime(house.clock.now() + timedelta(days=1))
    house.call(TRANSPORT, "PutPermit", pb.PutPermitRequest(permit=shorter))
    assert facts(house, end + timedelta(days=89)).permits[0].valid_to < end
