"""Every field of every request with what it should never hold: an answer or a refusal that names fields, never an internal error."""

from __future__ import annotations

import random
from typing import Any

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from hazway.errors import VerificationError
from hazway.registry.v1 import affiliation_pb2, history_pb2
from hazway.registry.v1 import registry_pb2 as pb
from services.errors import Finding
from services.registry.service import services
from services.runtime.service import is_mutation, request_class
from services.traceability import OPERATOR
from tests.integration.registry.registry_house import (
    CARRIER,
    RIVAL,
    TRANSPORT,
    House,
    a_person,
    a_tank,
    a_vehicle,
    an_organisation,
)
from tests.spoilt import is_field, spoilt

SINCE, UNTIL = Timestamp(seconds=1_790_000_000), Timestamp(seconds=1_800_000_000)
# A sound request of every method, so that the fuzz reaches beyond the first check.
SOUND: dict[str, Message] = {
    "PutVehicle": pb.PutVehicleRequest(vehicle=a_vehicle()),
    "PutTank": pb.PutTankRequest(tank=a_tank()),
    "PutPerson": pb.PutPersonRequest(person=a_person()),
    "RegisterOrganisation": pb.RegisterOrganisationRequest(
        organisation=an_organisation("consignor-1", pb.ORGANISATION_KIND_CONSIGNOR, number=8)
    ),
    "PutPermit": pb.PutPermitRequest(
        permit=pb.Permit(
            id="permit-1", kind=pb.PERMIT_KIND_ZONE_PASS, number="P-1", issuer="公安局", organisation_id=CARRIER,
            valid_from=SINCE, valid_to=UNTIL, vehicle_ids=["vehicle-1"], goods=[pb.PermitGoods(un_number="1203")],
            windows=[pb.Window(start=SINCE, end=UNTIL)],
        )
    ),
    "PutLicence": pb.PutLicenceRequest(
        licence=pb.Licence(
            id="licence-1", kind=pb.LICENCE_KIND_ROAD_OPERATION, number="1", organisation_id=CARRIER,
            scope_text="危险货物运输(3类)",
        )
    ),
    "PutAffiliation": affiliation_pb2.PutAffiliationRequest(
        affiliation=affiliation_pb2.Affiliation(
            id="vehicle-1", carrier_id=CARRIER, insurance_payer_id="x", nights_known=30, nights_at_base=3
        )
    ),
    "SetTankState": pb.SetTankStateRequest(
        tank_id="tank-1", state=pb.TankState(condition=pb.TANK_CONDITION_LOADED, last_un_numbers=["1203"])
    ),
    "EndEmployment": pb.EndEmploymentRequest(person_id="person-1", organisation_id=CARRIER, reason="辞职"),
    "SuspendOrganisation": pb.SuspendOrganisationRequest(organisation_id=RIVAL, reason="整顿"),
    "RevokePermit": pb.RevokePermitRequest(permit_id="permit-1", organisation_id=CARRIER, reason="作废"),
    "MergeVehicles": pb.MergeVehiclesRequest(kept_id="vehicle-1", merged_id="vehicle-2", document="证明"),
    "GetOrganisation": pb.GetOrganisationRequest(organisation_id=CARRIER),
    "GetVehicle": pb.GetVehicleRequest(vehicle_id="vehicle-1"),
    "GetTank": pb.GetTankRequest(tank_id="tank-1"),
    "GetPerson": pb.GetPersonRequest(person_id="person-1"),
    "GetAffiliation": affiliation_pb2.GetAffiliationRequest(vehicle_id="vehicle-1"),
    "GetVersion": history_pb2.GetVersionRequest(kind=history_pb2.THING_KIND_TANK, thing_id="tank-1"),
    "ListVersions": history_pb2.ListVersionsRequest(kind=history_pb2.THING_KIND_TANK, thing_id="tank-1"),
    "IssueToken": pb.IssueTokenRequest(person_id="person-1"),
}  # fmt: skip
BY = {
    **dict.fromkeys(("RegisterOrganisation", "SuspendOrganisation", "PutLicence", "PutPermit", "RevokePermit"), OPERATOR),
    **dict.fromkeys(("MergeVehicles", "PutAffiliation"), TRANSPORT),
}  # fmt: skip
METHODS = {method.name: method for service in services() for method in service.methods()}
# What is told of a thing as a whole names no field: that it is not there, not the caller's, or not as it was.
OF_THE_WHOLE = {"NOT_FOUND", "NOT_ALLOWED", "STALE_ETAG", "NOT_AUTHENTICATED"}


def sound(method: str) -> Any:
    request: Any = request_class(METHODS[method])()
    if method in SOUND:
        request.CopyFrom(SOUND[method])
    return request


@pytest.fixture
def furnished(house: House) -> House:
    return furnish(house)


@pytest.fixture(scope="module")
def standing(standing_house: House) -> House:
    return furnish(standing_house)


def furnish(house: House) -> House:
    """Something of every kind is there already."""
    house.call(
        CARRIER,
        "PutVehicle",
        pb.PutVehicleRequest(vehicle=a_vehicle("vehicle-2", plate="粤B54321", vin="LHAZWAY0000000002")),
    )
    for name in ("PutVehicle", "PutTank", "PutPerson", "PutPermit", "PutAffiliation"):
        house.call(BY.get(name, CARRIER), name, sound(name))
    return house


@pytest.mark.parametrize("method", METHODS)
def test_the_sound_request_is_answered(standing: House, method: str) -> None:
    """Without this the fuzz below would try nothing but the first check."""
    if method in SOUND:
        request = sound(method)
        if "validate_only" in request.DESCRIPTOR.fields_by_name:
            request.validate_only = True
        assert not standing.outcome(BY.get(method, CARRIER), method, request)


@pytest.mark.parametrize("method", METHODS)
def test_no_field_of_a_request_brings_an_internal_error_and_every_refusal_names_its_fields(
    standing: House, method: str
) -> None:
    cases = list(spoilt(sound(method)))
    chance = random.Random(method)
    for request in chance.sample(cases, min(len(cases), 150)):
        for organisation in {BY.get(method, CARRIER), CARRIER, OPERATOR}:
            attempt = type(request)()
            attempt.CopyFrom(request)
            if "validate_only" in request.DESCRIPTOR.fields_by_name:
                attempt.validate_only = True  # what passes is rolled back, so that every case meets the same registry
            check(standing.outcome(organisation, method, attempt, sign=False), attempt)


@pytest.mark.parametrize("method", [name for name in SOUND if is_mutation(METHODS[name])])
def test_what_is_signed_and_passes_is_kept_without_an_internal_error(furnished: House, method: str) -> None:
    cases, taken = list(spoilt(sound(method))), 0
    for request in random.Random(method).sample(cases, min(len(cases), 60)):
        try:
            told = furnished.outcome(BY.get(method, CARRIER), method, request)
        except VerificationError:  # nobody can sign this
            continue
        check(told, request)
        taken += not told
    assert taken


def check(told: tuple[Finding, ...], request: Any) -> None:
    for finding in told:
        assert finding.reason.name not in {"INTERNAL", "BUSY"}, request
        if finding.path or finding.reason.name not in OF_THE_WHOLE:
            assert is_field(request, finding.path), (finding, request)


@pytest.mark.parametrize("purpose", ["", "a\0b", "x" * 100_000])
def test_no_purpose_brings_an_internal_error(furnished: House, purpose: str) -> None:
    told = furnished.outcome(TRANSPORT, "GetVehicle", sound("GetVehicle"), purpose=purpose)
    assert "INTERNAL" not in {finding.reason.name for finding in told}


@pytest.mark.parametrize("request_id", ["a\0b", "x" * 100_000, " "])
def test_no_request_id_brings_an_internal_error(furnished: House, request_id: str) -> None:
    request = sound("PutVehicle")
    request.request_id = request_id
    told = furnished.outcome(CARRIER, "PutVehicle", request, sign=False)
    assert {finding.path for finding in told} == {"request_id"}
    check(told, request)
