"""Keys and chains in time: what the server accepts must verify later, whoever was fast or slow when it was stated."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from hazway import body, ids, key_record, keys, record, statement
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.traceability.v1 import traceability_pb2 as pb
from hazway.trust import Trust
from services import traceability
from services.traceability import store
from services.traceability.export import export
from services.traceability.model import Key
from tests.cast import CARRIER, REGISTRY, Cast, a_vehicle
from tests.world import World

SERVICE = "hazway.traceability.v1.TraceabilityService"
TrustOf = Callable[..., Trust]


def test_a_call_that_began_earlier_and_ends_later_does_not_turn_back_the_chain(world: World, trust_of: TrustOf) -> None:
    """Two calls on one subject: the second to begin is the first to register."""
    keeper = traceability.keeper_of(world.host.settings)
    began = world.clock.now()
    world.clock.advance(seconds=1)
    for at, request in ((world.clock.now(), "fast"), (began, "slow")):
        with world.host.engine.begin() as connection:
            traceability.state(
                connection, keeper, kind="test.say", subject="thing/1", body={}, request_id=request, at=at
            )
    world.settle()
    with world.host.engine.begin() as connection:
        bundle = export(connection, keeper, "thing/1", world.clock.now())
    assert len(record.verify(bundle, trust_of(world)).subjects[0].facts) == 2


def test_a_key_registered_for_later_does_not_sign_now(cast: Cast) -> None:
    signer = keys.generate()
    _register(cast, signer, later=timedelta(days=1))
    late = cast.world.client(CARRIER, signer=signer)
    with pytest.raises(Refused) as refused:
        late.call(f"{REGISTRY}/PutVehicle", _put())
    assert refused.value.reasons == {"KEY_UNKNOWN"}
    cast.world.clock.advance(days=1)
    late.call(f"{REGISTRY}/PutVehicle", _put())


def test_a_key_that_a_stolen_key_vouched_for_falls_with_it(cast: Cast, trust_of: TrustOf) -> None:
    """The operator revokes from the hour of the theft; the thief's own key, registered since, signs no more."""
    theft = cast.world.clock.now() + timedelta(minutes=30)
    [stolen] = _keys(cast)
    cast.world.clock.advance(hours=1)
    thief = keys.generate()
    _register(cast, thief)
    cast.world.clock.advance(hours=1)
    request = pb.RevokeKeyRequest(organisation=CARRIER, kid=stolen.kid, reason="被盗 stolen")
    request.revoked_at.FromDatetime(theft)
    cast.call("operator", f"{SERVICE}/RevokeKey", request)
    with pytest.raises(Refused) as refused:
        cast.world.client(CARRIER, signer=thief).call(f"{REGISTRY}/PutVehicle", _put())
    assert refused.value.reasons == {"KEY_UNKNOWN"}
    cast.world.client(CARRIER).register_key(keys.generate())  # the way back: vouched for by the operator again
    cast.world.settle()
    known = record.verify(cast.clients[CARRIER].export_record(f"keys/{CARRIER}"), trust_of(cast.world)).keys
    revoked = {key.kid: key.revoked_at for key in known if key.organisation == CARRIER}
    assert [revoked[kid] is None for kid in revoked] == [False, False, True]
    assert {key.kid: key.revoked_at is None for key in _keys(cast)} == {kid: at is None for kid, at in revoked.items()}


def test_a_revocation_waits_for_whoever_is_signing_with_the_key(cast: Cast) -> None:
    """Else what was being signed would be registered after the time from which the key is revoked."""
    [key] = _keys(cast)
    order: list[str] = []

    def revoke() -> None:
        with cast.world.host.engine.begin() as connection:
            store.hold_key(connection, key.kid)
            order.append("revoked")

    with cast.world.host.engine.begin() as connection:
        store.lock_subjects(connection, ["vehicle/v9"], [key.kid])
        revoking = threading.Thread(target=revoke)
        revoking.start()
        revoking.join(0.3)
        order.append("signed")
    revoking.join()
    assert order == ["signed", "revoked"]


def test_a_statement_made_with_one_organisations_key_for_another_is_refused(cast: Cast) -> None:
    signer = keys.generate()
    cast.clients["rival"].register_key(signer)
    request = _put()
    request.request_id = ids.new_id()
    request.statement = statement.make(
        signer, issuer=CARRIER, subject="vehicle/v1", kind="registry.vehicle", request_id=request.request_id,
        body=body.body_of(request), issued_at=cast.world.clock.now(),
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        cast.world.client(CARRIER).call(f"{REGISTRY}/PutVehicle", request)
    assert refused.value.reasons == {"KEY_UNKNOWN"}


def _register(cast: Cast, signer: keys.Signer, later: timedelta = timedelta()) -> None:
    request = pb.RegisterKeyRequest(
        organisation=CARRIER, key=signer.spki, alg=signer.alg, possession=key_record.prove_possession(signer, CARRIER)
    )
    request.valid_from.FromDatetime(cast.world.clock.now() + later)
    cast.call(CARRIER, f"{SERVICE}/RegisterKey", request)


def _keys(cast: Cast) -> list[Key]:
    with cast.world.host.engine.connect() as connection:
        return store.keys_of(connection, CARRIER)


def _put() -> registry.PutVehicleRequest:
    return registry.PutVehicleRequest(vehicle=a_vehicle("v1", number=77))
