"""Every field of every request with what it should never hold: an answer or a refusal, never an internal error."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from hazway.errors import VerificationError
from hazway.registry.v1 import registry_pb2 as pb
from services.registry.service import SERVICES
from services.runtime.service import request_class
from services.traceability import OPERATOR
from tests.integration.registry.registry_house import (
    CARRIER,
    TRANSPORT,
    House,
    a_person,
    a_tank,
    a_vehicle,
    an_organisation,
)

TEXTS = (
    "", " ", "\0", "a\0b", "\x7f", "\u202e", "🚚" * 3000, "'; DROP TABLE registry_facts; --", "%", "\\u0000", "null",
    "vehicle-1", CARRIER, "a" * 129, "/", "9999-99-99", "2026-02-30", "0000-00-00", "粤B12345", "00000000000000000X",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63))
BYTES = (b"", b"\0", b"\xff" * 40, b"plate\nx", b"PK\x03\x04")
SMALL = (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_ENUM)


def good(method: str) -> Any:
    """A request that would pass, where one is easily had, so that the fuzz reaches beyond the first check."""
    things: dict[str, Message] = {
        "PutVehicle": pb.PutVehicleRequest(vehicle=a_vehicle()),
        "PutTank": pb.PutTankRequest(tank=a_tank()),
        "PutPerson": pb.PutPersonRequest(person=a_person()),
        "RegisterOrganisation": pb.RegisterOrganisationRequest(
            organisation=an_organisation("consignor-1", pb.ORGANISATION_KIND_CONSIGNOR, number=8)
        ),
        "PutPermit": pb.PutPermitRequest(
            permit=pb.Permit(
                id="permit-1",
                kind=pb.PERMIT_KIND_ZONE_PASS,
                number="P-1",
                issuer="公安局",
                organisation_id=CARRIER,
                valid_from=Timestamp(seconds=1_790_000_000),
                valid_to=Timestamp(seconds=1_800_000_000),
            )
        ),
        "PutLicence": pb.PutLicenceRequest(
            licence=pb.Licence(
                id="licence-1",
                kind=pb.LICENCE_KIND_ROAD_OPERATION,
                number="1",
                organisation_id=CARRIER,
                scope_text="危险货物运输(3类)",
            )
        ),
        "SetTankState": pb.SetTankStateRequest(
            tank_id="tank-1", state=pb.TankState(condition=pb.TANK_CONDITION_LOADED, last_un_numbers=["1203"])
        ),
        "EndEmployment": pb.EndEmploymentRequest(person_id="person-1", organisation_id=CARRIER),
        "GetVehicle": pb.GetVehicleRequest(vehicle_id="vehicle-1"),
        "GetTank": pb.GetTankRequest(tank_id="tank-1"),
        "GetPerson": pb.GetPersonRequest(person_id="person-1"),
    }
    return things.get(method)


def spoilt(message: Message, depth: int = 3) -> Iterator[Any]:
    """The message with one field changed for the worse, for every field at every depth."""
    for field in message.DESCRIPTOR.fields:
        if field.name in ("request_id", "statement"):
            continue
        if field.message_type is None:
            for value in values(field):
                yield changed(message, field, value)
        elif depth:
            inner = getattr(message, field.name)
            for part in spoilt(inner[0] if field.is_repeated and len(inner) else _fresh(field), depth - 1):
                yield changed(message, field, part)


def _fresh(field: FieldDescriptor) -> Message:
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(field.message_type)()


def changed(message: Message, field: FieldDescriptor, value: Any) -> Message:
    other = type(message)()
    other.CopyFrom(message)
    other.ClearField(field.name)
    if field.is_repeated:
        for _ in range(2):
            getattr(other, field.name).append(value)
    elif isinstance(value, Message):
        getattr(other, field.name).CopyFrom(value)
    else:
        setattr(other, field.name, value)
    return other


def values(field: FieldDescriptor) -> tuple[Any, ...]:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return BYTES if field.type == FieldDescriptor.TYPE_BYTES else TEXTS
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return (True,)
    return NUMBERS[:5] if field.cpp_type in SMALL else NUMBERS


METHODS = [method for service in SERVICES for method in service.methods()]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_no_field_of_a_request_brings_an_internal_error(house: House, method: Any) -> None:
    for name in ("PutVehicle", "PutTank", "PutPerson"):
        house.call(CARRIER, name, good(name))
    start = good(method.name) or request_class(method)()
    cases = list(spoilt(start))
    chance = random.Random(method.name)
    for request in chance.sample(cases, min(len(cases), 150)):
        for organisation in (CARRIER, TRANSPORT, OPERATOR):
            attempt = type(request)()
            attempt.CopyFrom(request)
            answer(house, organisation, method.name, attempt)


@pytest.mark.parametrize("method", [each for each in METHODS if each.name.startswith(("Put", "Set", "End", "Register"))],
                         ids=lambda method: method.name)  # fmt: skip
def test_what_is_signed_and_passes_is_kept_without_an_internal_error(house: House, method: Any) -> None:
    for name in ("PutVehicle", "PutTank", "PutPerson"):
        house.call(CARRIER, name, good(name))
    chance = random.Random(method.name)
    cases = list(spoilt(good(method.name)))
    for request in chance.sample(cases, min(len(cases), 60)):
        organisation = OPERATOR if method.name in ("RegisterOrganisation", "PutLicence", "PutPermit") else CARRIER
        try:
            told = {finding.reason.name for finding in house.outcome(organisation, method.name, request)}
        except VerificationError:  # nobody can sign this
            continue
        assert not told & {"INTERNAL", "BUSY"}, request


def answer(house: House, organisation: str, method: str, request: Any) -> None:
    if "validate_only" in request.DESCRIPTOR.fields_by_name:
        request.validate_only = True  # what passes is rolled back, so that every case meets the same registry
    told = {finding.reason.name for finding in house.outcome(organisation, method, request, sign=False)}
    assert not told & {"INTERNAL", "BUSY"}, (organisation, request)


@pytest.mark.parametrize("purpose", ["", "a\0b", "x" * 100_000])
def test_no_purpose_brings_an_internal_error(house: House, purpose: str) -> None:
    house.call(CARRIER, "PutVehicle", good("PutVehicle"))
    told = house.outcome(TRANSPORT, "GetVehicle", good("GetVehicle"), purpose=purpose)
    assert "INTERNAL" not in {finding.reason.name for finding in told}


@pytest.mark.parametrize("request_id", ["a\0b", "x" * 100_000, " "])
def test_no_request_id_brings_an_internal_error(house: House, request_id: str) -> None:
    request = good("PutVehicle")
    request.request_id = request_id
    told = house.outcome(CARRIER, "PutVehicle", request, sign=False)
    assert "INTERNAL" not in {finding.reason.name for finding in told}
