"""Keys, statements and receipts over a real socket, database and certificate."""

from __future__ import annotations

import pytest
from hazway import keys, receipt, registration
from hazway.refusals import Refused
from hazway.traceability.v1 import traceability_pb2 as pb

from services import traceability
from tests.world import World

REGISTER = "hazway.traceability.v1.TraceabilityService/RegisterKey"


def test_a_second_key_is_registered_when_the_first_endorses_it_and_gets_a_receipt(world: World) -> None:
    answer = world.operator.register_key(keys.generate())
    world.settle()
    keeper = traceability.keeper_of(world.host.settings)
    got = world.operator.receipt(answer.registered.digest)
    assert registration.digest(got.registration) == answer.registered.digest
    receipt.verify(got.receipt, answer.registered.digest, keeper.log.spki, keeper.origin)


def test_a_receipt_asked_for_twice_is_the_same_bytes(world: World) -> None:
    answer = world.operator.register_key(keys.generate())
    world.settle()
    first = world.operator.receipt(answer.registered.digest)
    world.operator.register_key(keys.generate())
    world.settle()
    assert world.operator.receipt(answer.registered.digest) == first


def test_a_second_key_without_endorsement_is_refused(world: World) -> None:
    with pytest.raises(Refused) as refusal:
        world.client("operator").register_key(keys.generate())
    assert refusal.value.reasons == {"ENDORSEMENT_NEEDED"}


def test_an_organisation_nobody_registered_is_told_nothing(world: World) -> None:
    with pytest.raises(Refused) as refusal:
        world.client("stranger").register_key(keys.generate())
    assert refusal.value.reasons == {"NOT_AUTHENTICATED"}


def test_the_same_request_sent_twice_has_one_effect_and_one_answer(world: World) -> None:
    signer = keys.generate()
    request = pb.RegisterKeyRequest(request_id="once", key=pb.Key(public_key=signer.spki))
    client = world.operator
    operator_key = traceability.keeper_of(world.host.settings).operator
    request.statement = client._state(REGISTER, request, signer)
    request.endorsement = client._state(REGISTER, request, operator_key)
    first = client.call(REGISTER, request)
    assert client.call(REGISTER, request) == first


def test_a_request_id_cannot_be_used_for_something_else(world: World) -> None:
    client = world.operator
    operator_key = traceability.keeper_of(world.host.settings).operator

    def register(signer: keys.Signer) -> None:
        request = pb.RegisterKeyRequest(request_id="once", key=pb.Key(public_key=signer.spki))
        request.statement = client._state(REGISTER, request, signer)
        request.endorsement = client._state(REGISTER, request, operator_key)
        client.call(REGISTER, request)

    register(keys.generate())
    with pytest.raises(Refused) as refusal:
        register(keys.generate())
    assert refusal.value.reasons == {"REQUEST_ID_REUSED"}


def test_a_revoked_key_signs_no_more(world: World) -> None:
    client = world.operator
    second = keys.generate()
    client.register_key(second)
    client.call(
        "hazway.traceability.v1.TraceabilityService/RevokeKey",
        pb.RevokeKeyRequest(kid=second.kid, reason="遗失 lost"),
    )
    with pytest.raises(Refused) as refusal:
        client.call(
            "hazway.traceability.v1.TraceabilityService/RevokeKey",
            pb.RevokeKeyRequest(kid=second.kid, reason="又一次 again"),
        )
    assert refusal.value.reasons == {"KEY_UNKNOWN"}
