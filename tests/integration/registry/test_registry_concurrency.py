"""Many at once: one plate, one id, one etag have one winner, and no write is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import text

from hazway.registry.v1 import registry_pb2 as pb
from services.errors import Refusal
from tests.integration.registry.registry_house import CARRIER, RIVAL, House, a_tank, a_vehicle


def at_once(house: House, calls: list[tuple[str, str, Any]]) -> list[str]:
    """OK or the reason of the refusal, for each call."""
    for organisation, _, _ in calls:
        house.signer(organisation)

    def one(call: tuple[str, str, Any]) -> str:
        try:
            house.call(*call)
        except Refusal as refusal:
            return refusal.findings[0].reason.name
        return "OK"

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def test_one_plate_goes_to_one_of_many(house: House) -> None:
    calls: list[tuple[str, str, Any]] = [
        (organisation, "PutVehicle",
         pb.PutVehicleRequest(vehicle=a_vehicle(f"v-{organisation}-{number}", organisation, vin=f"LHAZWAY00000{index}000{number}")))
        for index, organisation in enumerate((CARRIER, RIVAL)) for number in range(4)
    ]  # fmt: skip
    outcomes = at_once(house, calls)
    assert outcomes.count("OK") == 1
    assert set(outcomes) <= {"OK", "ALREADY_REGISTERED", "STALE_ETAG"}
    with house.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM registry_things WHERE kind = 'vehicle'")).scalar() == 1
        assert connection.execute(text("SELECT count(*) FROM registry_keys WHERE name = 'vin'")).scalar() == 1


def test_one_new_id_goes_to_one_of_many(house: House) -> None:
    calls: list[tuple[str, str, Any]] = [
        (organisation, "PutTank", pb.PutTankRequest(tank=a_tank("tank-1", organisation, f"T-{organisation}-{number}")))
        for organisation in (CARRIER, RIVAL)
        for number in range(3)
    ]
    outcomes = at_once(house, calls)
    with house.engine.begin() as connection:
        owner = connection.execute(text("SELECT owner_id FROM registry_things WHERE kind = 'tank'")).scalar()
        writers = connection.execute(text("SELECT recorded_by FROM registry_facts WHERE kind = 'tank'")).scalars().all()
    assert set(writers) == {owner}
    assert len(writers) == outcomes.count("OK")


def test_one_etag_lets_one_of_many_write(house: House) -> None:
    etag = house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle())).vehicle.etag
    calls: list[tuple[str, str, Any]] = []
    for number in range(6):
        vehicle = a_vehicle()
        vehicle.positioning_device = str(number)
        calls.append((CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=vehicle, etag=etag)))
    outcomes = at_once(house, calls)
    assert sorted(outcomes) == ["OK", *["STALE_ETAG"] * 5]


def test_writes_without_etag_all_count_and_the_last_version_is_the_present(house: House) -> None:
    house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle()))
    calls: list[tuple[str, str, Any]] = []
    for number in range(6):
        vehicle = a_vehicle()
        vehicle.positioning_device = str(number)
        calls.append((CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=vehicle)))
    assert at_once(house, calls) == ["OK"] * 6
    with house.engine.begin() as connection:
        last = connection.execute(
            text("SELECT body->>'positioning_device' FROM registry_facts WHERE kind = 'vehicle' ORDER BY version DESC")
        ).scalars().all()  # fmt: skip
    assert len(last) == 7
    read = house.call(CARRIER, "GetVehicle", pb.GetVehicleRequest(vehicle_id="vehicle-1"))
    assert read.positioning_device == last[0]


def test_the_same_request_sent_many_times_at_once_is_done_once(house: House) -> None:
    request = pb.PutVehicleRequest(vehicle=a_vehicle(), request_id="the-same")
    request.statement = house.sign(CARRIER, "hazway.registry.v1.RegistryService/PutVehicle", request)
    assert at_once(house, [(CARRIER, "PutVehicle", request)] * 5) == ["OK"] * 5
    with house.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM registry_facts WHERE kind = 'vehicle'")).scalar() == 1
