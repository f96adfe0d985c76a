"""Things are put, read back as they were, found by what identifies them, and refused with every fault at once."""

from __future__ import annotations

import copy

import pytest

from hazway.registry.v1 import registry_pb2 as pb
from services.errors import Refusal
from tests.integration.registry.registry_house import (
    CARRIER,
    POLICE,
    RIVAL,
    TRANSPORT,
    House,
    a_person,
    a_tank,
    a_vehicle,
    reasons,
)


def test_a_vehicle_is_read_back_as_it_was_put(house: House) -> None:
    answer = house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle()))
    read = house.call(CARRIER, "GetVehicle", pb.GetVehicleRequest(vehicle_id="vehicle-1"))
    assert read == answer.vehicle
    assert read.etag
    assert [grant.hazard for grant in read.scope.grants] == ["3"]
    assert answer.registered.subject == "vehicle/vehicle-1"
    bare = copy.deepcopy(read)
    for name in ("etag", "scope"):
        bare.ClearField(name)
    assert bare == a_vehicle()


def test_a_tank_and_a_person_are_read_back_as_they_were_put(house: House) -> None:
    tank = house.call(CARRIER, "PutTank", pb.PutTankRequest(tank=a_tank())).tank
    tank.ClearField("etag")
    assert tank == a_tank()
    person = house.call(CARRIER, "PutPerson", pb.PutPersonRequest(person=a_person())).person
    wanted = a_person()
    assert person.identity_masked == wanted.identity_number[:3] + "*" * 11 + wanted.identity_number[-4:]
    wanted.ClearField("identity_number")
    for name in ("etag", "identity_masked"):
        person.ClearField(name)
    assert person == wanted


@pytest.mark.parametrize("written", ["粤B12345", "粤b·123 45", "粤Ｂ１２３４５", "粤B-12345-黄"])
def test_a_vehicle_is_found_by_its_plate_however_it_is_written(house: House, written: str) -> None:
    house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle()))
    request = pb.GetVehicleRequest(plate=written, plate_colour=pb.PLATE_COLOUR_YELLOW)
    assert house.call(CARRIER, "GetVehicle", request).id == "vehicle-1"
    with pytest.raises(Refusal) as refusal:
        house.call(CARRIER, "GetVehicle", pb.GetVehicleRequest(plate=written, plate_colour=pb.PLATE_COLOUR_BLUE))
    assert reasons(refusal) == {("", "NOT_FOUND")}


def test_all_faults_of_a_vehicle_come_back_together(house: House) -> None:
    vehicle = a_vehicle(plate="粤B1234", vin="short")
    vehicle.vehicle_type = pb.VEHICLE_TYPE_UNSPECIFIED
    vehicle.scope_text = "危险货物运输(说不清)"
    vehicle.towing_mass_g = 40_000
    vehicle.length_mm, vehicle.width_mm, vehicle.height_mm = 1_200, 255, 42
    vehicle.annual_review_to.iso = "2027-02-30"
    vehicle.owner_id = "no id at all"
    request = pb.PutVehicleRequest(vehicle=vehicle, etag="000000000001")
    request.valid_from.FromJsonString("2027-01-01T00:00:00Z")
    with pytest.raises(Refusal) as refusal:
        house.call(CARRIER, "PutVehicle", request)
    assert reasons(refusal) == {
        ("vehicle.plate", "PLATE_INVALID"),
        ("vehicle.vin", "VIN_INVALID"),
        ("vehicle.vehicle_type", "FIELD_MISSING"),
        ("vehicle.scope_text", "SCOPE_NOT_UNDERSTOOD"),
        ("vehicle.towing_mass_g", "MASS_INVALID"),
        ("vehicle.width_mm", "MASS_INVALID"),
        ("vehicle.height_mm", "MASS_INVALID"),
        ("vehicle.annual_review_to", "FIELD_INVALID"),
        ("vehicle.owner_id", "FIELD_INVALID"),
        ("valid_from", "FIELD_INVALID"),
        ("etag", "STALE_ETAG"),
    }
    with pytest.raises(Refusal):
        house.call(CARRIER, "GetVehicle", pb.GetVehicleRequest(vehicle_id="vehicle-1"))


def test_nothing_is_written_when_only_validating(house: House) -> None:
    request = pb.PutVehicleRequest(vehicle=a_vehicle(), validate_only=True)
    answer = house.call(CARRIER, "PutVehicle", request, sign=False)
    assert answer.vehicle.plate == "粤B12345"
    assert not answer.HasField("registered")
    with pytest.raises(Refusal):
        house.call(CARRIER, "GetVehicle", pb.GetVehicleRequest(vehicle_id="vehicle-1"))


def test_an_act_that_is_not_signed_is_refused(house: House) -> None:
    with pytest.raises(Refusal) as refusal:
        house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle()), sign=False)
    assert reasons(refusal) == {("statement", "STATEMENT_MISSING")}


def test_a_repeated_request_gets_the_same_answer(house: House) -> None:
    request = pb.PutTankRequest(tank=a_tank())
    first = house.call(CARRIER, "PutTank", request)
    assert house.call(CARRIER, "PutTank", request) == first


@pytest.mark.parametrize(
    ("vehicle", "path"),
    [
        (a_vehicle("vehicle-2", RIVAL, vin="LHAZWAY0000000002"), "vehicle.plate"),
        (a_vehicle("vehicle-2", RIVAL, plate="粤B54321"), "vehicle.vin"),
    ],
)
def test_plate_and_vin_are_one_vehicles_alone(house: House, vehicle: pb.Vehicle, path: str) -> None:
    house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle()))
    with pytest.raises(Refusal) as refusal:
        house.call(RIVAL, "PutVehicle", pb.PutVehicleRequest(vehicle=vehicle))
    assert reasons(refusal) == {(path, "ALREADY_REGISTERED")}
    assert CARRIER not in str(refusal.value)


def test_a_plate_given_up_is_free_for_another(house: House) -> None:
    house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle()))
    house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle(plate="粤B54321")))
    other = a_vehicle("vehicle-2", RIVAL, vin="LHAZWAY0000000002")
    house.call(RIVAL, "PutVehicle", pb.PutVehicleRequest(vehicle=other))
    request = pb.GetVehicleRequest(plate="粤B12345", plate_colour=pb.PLATE_COLOUR_YELLOW)
    assert house.call(RIVAL, "GetVehicle", request).id == "vehicle-2"


def test_an_etag_that_is_stale_is_refused_and_the_newest_is_taken(house: House) -> None:
    first = house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle())).vehicle
    changed = a_vehicle()
    changed.altered = True
    second = house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=changed, etag=first.etag)).vehicle
    assert second.etag > first.etag
    with pytest.raises(Refusal) as refusal:
        house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle(), etag=first.etag))
    assert reasons(refusal) == {("etag", "STALE_ETAG")}


def test_a_tank_put_without_state_keeps_the_one_it_has(house: House) -> None:
    house.call(CARRIER, "PutTank", pb.PutTankRequest(tank=a_tank()))
    cleaned = pb.TankState(condition=pb.TANK_CONDITION_CLEANED, certificate="C-1", station="清洗站")
    house.call(CARRIER, "SetTankState", pb.SetTankStateRequest(tank_id="tank-1", state=cleaned))
    stateless = a_tank()
    stateless.ClearField("state")
    tank = house.call(CARRIER, "PutTank", pb.PutTankRequest(tank=stateless)).tank
    assert tank.state.condition == pb.TANK_CONDITION_CLEANED
    new = a_tank("tank-2", number="T-0002")
    new.ClearField("state")
    with pytest.raises(Refusal) as refusal:
        house.call(CARRIER, "PutTank", pb.PutTankRequest(tank=new))
    assert ("tank.state", "FIELD_MISSING") in reasons(refusal)


def test_a_tank_is_called_clean_only_with_its_certificate(house: House) -> None:
    house.call(CARRIER, "PutTank", pb.PutTankRequest(tank=a_tank()))
    state = pb.TankState(condition=pb.TANK_CONDITION_GAS_FREE)
    with pytest.raises(Refusal) as refusal:
        house.call(CARRIER, "SetTankState", pb.SetTankStateRequest(tank_id="tank-1", state=state))
    assert reasons(refusal) == {("state.certificate", "TANK_STATE_INVALID")}


def test_a_merged_vehicle_leads_to_the_one_that_is_kept(house: House) -> None:
    house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle()))
    double = a_vehicle("vehicle-2", RIVAL, "粤B54321", "LHAZWAY0000000002")
    house.call(RIVAL, "PutVehicle", pb.PutVehicleRequest(vehicle=double))
    merge = pb.MergeVehiclesRequest(kept_id="vehicle-1", merged_id="vehicle-2")
    with pytest.raises(Refusal) as refusal:
        house.call(TRANSPORT, "MergeVehicles", merge)
    assert reasons(refusal) == {("merged_id", "MERGE_REFUSED")}
    merge = pb.MergeVehiclesRequest(kept_id="vehicle-1", merged_id="vehicle-2", document="行驶证更正 2026-1")
    house.call(TRANSPORT, "MergeVehicles", merge)
    assert house.call(CARRIER, "GetVehicle", pb.GetVehicleRequest(vehicle_id="vehicle-2")).id == "vehicle-1"
    with pytest.raises(Refusal):
        house.call(RIVAL, "GetVehicle", pb.GetVehicleRequest(vehicle_id="vehicle-2"))
    with pytest.raises(Refusal):
        house.call(RIVAL, "PutVehicle", pb.PutVehicleRequest(vehicle=double))
    corrected = a_vehicle(plate="粤B54321")
    house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=corrected))


def test_only_the_operator_registers_authorities(house: House) -> None:
    from tests.integration.registry.registry_house import an_organisation

    police = an_organisation("police-x", pb.ORGANISATION_KIND_POLICE, number=9)
    with pytest.raises(Refusal) as refusal:
        house.call(TRANSPORT, "RegisterOrganisation", pb.RegisterOrganisationRequest(organisation=police))
    assert reasons(refusal) == {("organisation.kinds", "NOT_ALLOWED")}
    assert POLICE not in str(refusal.value)
