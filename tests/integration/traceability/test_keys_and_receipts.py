"""Keys, statements and receipts over a real socket, database and certificate."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hazway import key_record, keys, receipt, record, registration
from hazway.errors import VerificationError
from hazway.refusals import Refused
from hazway.traceability.v1 import traceability_pb2 as pb
from hazway.trust import Trust
from services import traceability
from services.traceability.export import export
from tests.world import World

REVOKE = "hazway.traceability.v1.TraceabilityService/RevokeKey"
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
    request = _registration(keys.generate())
    client = world.operator
    first = client.call(REGISTER, request)
    assert client.call(REGISTER, request) == first


def test_a_request_id_cannot_be_used_for_something_else(world: World) -> None:
    world.operator.call(REGISTER, _registration(keys.generate()))
    with pytest.raises(Refused) as refusal:
        world.operator.call(REGISTER, _registration(keys.generate()))
    assert refusal.value.reasons == {"REQUEST_ID_REUSED"}


def test_a_key_somebody_else_holds_cannot_be_registered(world: World) -> None:
    request = _registration(keys.generate())
    request.possession = key_record.prove_possession(keys.generate(), "operator")
    with pytest.raises(Refused) as refusal:
        world.operator.call(REGISTER, request)
    assert [fault.path for fault in refusal.value.faults] == ["possession"]


def test_a_revoked_key_signs_no_more(world: World) -> None:
    client = world.operator
    second = keys.generate()
    client.register_key(second)
    client.call(REVOKE, _revocation(second, world))
    with pytest.raises(Refused) as refusal:
        client.call(REVOKE, _revocation(second, world))
    assert refusal.value.reasons == {"KEY_UNKNOWN"}


def test_a_subjects_record_verifies_offline_and_not_after_one_bit_is_changed(world: World) -> None:
    keeper = traceability.keeper_of(world.host.settings)
    now = world.clock.now()
    with world.host.engine.begin() as connection:
        for number in range(2):
            traceability.state(
                connection,
                keeper,
                kind="alarm.raise",
                subject="waybill/w1",
                body={"number": number},
                request_id=f"alarm-{number}",
                at=now,
            )
    world.settle()
    trust = Trust(log_keys=(keeper.note_signer.verifier,), at=now)
    with world.host.engine.begin() as connection:
        bundle = export(connection, keeper, "waybill/w1", now)
    assert [fact.registration.seq for fact in record.verify(bundle, trust).subjects[0].facts] == [1, 2]
    for place in range(0, len(bundle), 97):
        flipped = bytearray(bundle)
        flipped[place] ^= 1
        with pytest.raises(VerificationError):
            record.verify(bytes(flipped), trust)


def _registration(signer: keys.Signer) -> pb.RegisterKeyRequest:
    request = pb.RegisterKeyRequest(
        request_id="once",
        organisation="operator",
        key=signer.spki,
        alg=signer.alg,
        possession=key_record.prove_possession(signer, "operator"),
    )
    request.valid_from.FromDatetime(datetime(2026, 11, 2, tzinfo=UTC))
    return request


def _revocation(signer: keys.Signer, world: World) -> pb.RevokeKeyRequest:
    request = pb.RevokeKeyRequest(organisation="operator", kid=signer.kid, reason="遗失 lost")
    request.revoked_at.FromDatetime(world.clock.now())
    return request
