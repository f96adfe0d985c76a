"""Two administrators of one organisation, one who leaves, and the way back for an organisation that lost its only key."""

from __future__ import annotations

import pytest

from hazway import keys
from hazway.client import Client
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.traceability.v1 import traceability_pb2 as record
from tests.cast import CARRIER, REGISTRY, Cast, a_vehicle, play
from tests.world import World

REVOKE = "hazway.traceability.v1.TraceabilityService/RevokeKey"


def put(client: Client, number: int) -> None:
    request = registry.PutVehicleRequest(vehicle=a_vehicle(f"lorry-{number}", CARRIER, number))
    client.call(f"{REGISTRY}/PutVehicle", request)


def revoke(cast: Cast, client: Client, signer: keys.Signer) -> None:
    request = record.RevokeKeyRequest(organisation=CARRIER, kid=signer.kid, reason="遗失")
    request.revoked_at.FromDatetime(cast.world.clock.now())
    client.call(REVOKE, request)


def test_each_administrator_signs_with_a_key_of_his_own_and_one_takes_the_others_away(world: World) -> None:
    cast = play(world)
    first, second = cast.clients[CARRIER], keys.generate()
    leaving = first._signer
    first.register_key(second)  # endorsed by the first administrator's
    other = cast.world.client(CARRIER, signer=second)
    put(other, 51)
    cast.world.clock.advance(hours=1)  # what a key vouches for in the second of its revocation falls with it
    assert leaving is not None
    revoke(cast, other, leaving)
    cast.world.clock.advance(seconds=1)
    put(other, 52)
    with pytest.raises(Refused) as refused:
        put(cast.world.client(CARRIER, signer=leaving), 53)
    assert refused.value.reasons == {"KEY_UNKNOWN"}


def test_an_organisation_that_lost_its_only_key_comes_back_by_its_certificate_once_the_operator_revoked_it(
    world: World,
) -> None:
    cast = play(world)
    lost, found = cast.clients[CARRIER]._signer, keys.generate()
    assert lost is not None
    bare = cast.world.client(CARRIER)
    with pytest.raises(Refused) as refused:
        bare.register_key(found)
    assert refused.value.reasons == {"ENDORSEMENT_NEEDED"}
    revoke(cast, cast.clients["operator"], lost)
    cast.world.clock.advance(seconds=1)
    bare.register_key(found)
    put(cast.world.client(CARRIER, signer=found), 51)
    with pytest.raises(Refused):
        put(cast.world.client(CARRIER, signer=lost), 52)


def test_who_leaves_can_do_nothing_more_from_that_call_on_and_a_colleague_can(world: World) -> None:
    cast = play(world)
    carrier = cast.clients[CARRIER]
    token = carrier.call(
        "hazway.registry.v1.SessionService/IssueToken", registry.IssueTokenRequest(person_id="driver")
    ).token
    assert token
    carrier.call(
        f"{REGISTRY}/EndEmployment", registry.EndEmploymentRequest(person_id="driver", organisation_id=CARRIER)
    )
    with pytest.raises(Refused) as refused:
        carrier.call("hazway.registry.v1.SessionService/IssueToken", registry.IssueTokenRequest(person_id="driver"))
    assert refused.value.reasons == {"NOT_FOUND"}
    assert carrier.call(
        "hazway.registry.v1.SessionService/IssueToken", registry.IssueTokenRequest(person_id="escort")
    ).token
