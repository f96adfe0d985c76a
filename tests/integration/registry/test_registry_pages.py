"""Pages: complete, without doubles, and of no use to anybody else or for any other question."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet

from hazway.registry.v1 import registry_pb2 as pb
from services.errors import Refusal
from services.traceability import OPERATOR
from tests.integration.registry.registry_house import CARRIER, RIVAL, TRANSPORT, House, a_vehicle, reasons


@pytest.fixture
def fleet(house: House) -> House:
    return furnish(house)


@pytest.fixture(scope="module")
def standing(standing_house: House) -> House:
    return furnish(standing_house)


def furnish(house: House) -> House:
    for number in range(7):
        vehicle = a_vehicle(f"vehicle-{number}", plate=f"粤B0000{number}", vin=f"LHAZWAY000000000{number}")
        house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=vehicle))
    return house


def walk(house: House, organisation: str, size: int, **arguments: Any) -> list[list[str]]:
    pages, token = [], ""
    while True:
        request = pb.ListVehiclesRequest(page_size=size, page_token=token, **arguments)
        answer = house.call(organisation, "ListVehicles", request)
        pages.append([each.id for each in answer.vehicles])
        token = answer.next_page_token
        if not token:
            return pages


@pytest.mark.parametrize(("size", "lengths"), [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (0, [7]), (10_000, [7])])
def test_pages_hold_everything_once_and_only_the_last_has_no_token(
    standing: House, size: int, lengths: list[int]
) -> None:
    for organisation in (CARRIER, TRANSPORT, OPERATOR):
        pages = walk(standing, organisation, size)
        assert [len(page) for page in pages] == lengths
        assert [thing_id for page in pages for thing_id in page] == [f"vehicle-{number}" for number in range(7)]


def test_a_thing_put_between_two_pages_shifts_nothing(fleet: House) -> None:
    first = fleet.call(CARRIER, "ListVehicles", pb.ListVehiclesRequest(page_size=3))
    fleet.call(
        CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle("vehicle-0a", plate="粤B99999", vin="L" * 17))
    )
    token = first.next_page_token
    rest = fleet.call(CARRIER, "ListVehicles", pb.ListVehiclesRequest(page_size=10, page_token=token))
    assert [each.id for each in rest.vehicles] == [f"vehicle-{number}" for number in range(3, 7)]


@pytest.mark.parametrize(
    "misuse", ["by another", "for another question", "for another method", "changed", "made up", "empty inside"]
)
def test_a_token_is_refused(standing: House, misuse: str) -> None:
    token = standing.call(CARRIER, "ListVehicles", pb.ListVehiclesRequest(page_size=3)).next_page_token
    organisation, method, request = CARRIER, "ListVehicles", pb.ListVehiclesRequest(page_size=3, page_token=token)
    if misuse == "by another":
        organisation = RIVAL
    elif misuse == "for another question":
        request.carrier_id = CARRIER
    elif misuse == "for another method":
        method, request = "ListOrganisations", pb.ListOrganisationsRequest(page_token=token)  # type: ignore[assignment]
    elif misuse == "changed":
        request.page_token = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    elif misuse == "made up":
        request.page_token = Fernet(Fernet.generate_key()).encrypt(b"vehicle-3").decode()
    else:
        request.page_token = "ſ\U0001f69a"
    with pytest.raises(Refusal) as refusal:
        standing.call(organisation, method, request)
    assert reasons(refusal) == {("page_token", "PAGE_TOKEN_INVALID")}


def test_the_size_of_a_page_may_change_and_may_not_be_negative(fleet: House) -> None:
    token = fleet.call(CARRIER, "ListVehicles", pb.ListVehiclesRequest(page_size=3)).next_page_token
    assert fleet.call(CARRIER, "ListVehicles", pb.ListVehiclesRequest(page_size=1, page_token=token)).vehicles
    with pytest.raises(Refusal) as refusal:
        fleet.call(CARRIER, "ListVehicles", pb.ListVehiclesRequest(page_size=-1))
    assert reasons(refusal) == {("page_size", "FIELD_INVALID")}


def test_organisations_are_listed_by_kind(house: House) -> None:
    request = pb.ListOrganisationsRequest(kind=pb.ORGANISATION_KIND_CARRIER)
    assert [each.id for each in house.call(RIVAL, "ListOrganisations", request).organisations] == [CARRIER, RIVAL]
    with pytest.raises(Refusal) as refusal:
        house.call(RIVAL, "ListOrganisations", pb.ListOrganisationsRequest(kind=99))  # type: ignore[arg-type]
    assert reasons(refusal) == {("kind", "FIELD_INVALID")}
