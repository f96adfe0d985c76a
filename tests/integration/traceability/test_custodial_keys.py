"""Keys kept by the server for people whose phones have none: who may use them, and what the record then says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from hazway import body, ids, keys, record, statement
from hazway.errors import VerificationError
from hazway.refusals import Refused
from hazway.traceability.v1 import traceability_pb2 as pb
from hazway.trust import Trust
from hazway.waybill.v1 import waybill_pb2 as waybill
from services import traceability
from services.traceability import store
from services.traceability.model import Key
from services.traceability.record import custody_context
from tests.cast import CARRIER, RIVAL, WAYBILL, Cast, a_waybill

SERVICE = "hazway.traceability.v1.TraceabilityService"


@pytest.fixture
def kept(cast: Cast) -> Cast:
    cast.clients[CARRIER].register_custodial_key()
    return cast


def test_a_person_without_a_key_signs_with_the_custodial_one_and_the_record_says_so(
    kept: Cast, trust_of: Callable[..., Trust]
) -> None:
    driver = kept.world.client(CARRIER, person="driver")
    message = a_waybill()
    driver.call(f"{WAYBILL}/IssueWaybill", waybill.IssueWaybillRequest(waybill=message))
    kept.world.settle()
    bundle = kept.clients[CARRIER].export_record(f"waybill/{message.id}")
    [fact] = record.verify(bundle, trust_of(kept.world)).subjects[0].facts
    assert fact.statement is not None
    assert fact.statement.custodial
    assert fact.statement.issuer == CARRIER
    assert fact.key is not None
    assert fact.key.custodial
    assert fact.registration.decision["person"] == "driver"


def test_an_organisation_itself_must_sign_with_its_own_key(kept: Cast) -> None:
    with pytest.raises(Refused) as refused:
        kept.world.client(CARRIER).call(f"{WAYBILL}/IssueWaybill", waybill.IssueWaybillRequest(waybill=a_waybill()))
    assert refused.value.reasons == {"STATEMENT_MISSING"}


def test_a_person_of_another_organisation_has_no_use_of_the_key(kept: Cast) -> None:
    kept.world.settle()
    message = a_waybill(carrier=RIVAL, suffix="-b")
    with pytest.raises(Refused):
        kept.world.client(RIVAL, person="driver").call(
            f"{WAYBILL}/IssueWaybill", waybill.IssueWaybillRequest(waybill=message)
        )


def test_a_revoked_custodial_key_signs_no_more(kept: Cast) -> None:
    [key] = [one for one in _keys(kept) if one.sealed_private]
    request = pb.RevokeKeyRequest(organisation=CARRIER, kid=key.kid, reason="不再使用 no longer used")
    request.revoked_at.FromDatetime(kept.world.clock.now())
    kept.clients[CARRIER].call(f"{SERVICE}/RevokeKey", request)
    with pytest.raises(Refused) as refused:
        kept.world.client(CARRIER, person="driver").call(
            f"{WAYBILL}/IssueWaybill", waybill.IssueWaybillRequest(waybill=a_waybill())
        )
    assert refused.value.reasons == {"STATEMENT_MISSING"}


def test_an_organisation_with_only_a_custodial_key_can_still_get_its_own(
    cast: Cast, trust_of: Callable[..., Trust]
) -> None:
    [own] = _keys(cast)
    cast.clients[CARRIER].register_custodial_key()
    request = pb.RevokeKeyRequest(organisation=CARRIER, kid=own.kid, reason="遗失 lost")
    request.revoked_at.FromDatetime(cast.world.clock.now())
    cast.call("operator", f"{SERVICE}/RevokeKey", request)
    cast.world.clock.advance(seconds=1)
    fresh = keys.generate()
    cast.world.client(CARRIER).register_key(fresh)
    cast.world.settle()
    known = record.verify(cast.clients[CARRIER].export_record(f"keys/{CARRIER}"), trust_of(cast.world)).keys
    assert [key.revoked_at is None for key in known if key.kid == fresh.kid] == [True]


@pytest.mark.parametrize("method", ["RegisterKey", "RevokeKey", "PrepareCustodialKey"])
def test_no_person_deals_with_keys(kept: Cast, method: str) -> None:
    fresh = keys.generate()
    requests = {
        "RegisterKey": pb.RegisterKeyRequest(organisation=CARRIER, key=fresh.spki, alg=fresh.alg),
        "RevokeKey": pb.RevokeKeyRequest(organisation=CARRIER, kid=fresh.kid),
        "PrepareCustodialKey": pb.PrepareCustodialKeyRequest(organisation=CARRIER),
    }
    with pytest.raises(Refused) as refused:
        kept.world.client(CARRIER, person="driver").call(f"{SERVICE}/{method}", requests[method])
    assert refused.value.reasons == {"NOT_ALLOWED"}


def test_a_key_prepared_for_one_organisation_cannot_be_registered_by_another(cast: Cast) -> None:
    prepared = cast.clients[CARRIER].call(
        f"{SERVICE}/PrepareCustodialKey", pb.PrepareCustodialKeyRequest(organisation=CARRIER)
    )
    request = pb.RegisterKeyRequest(
        organisation=RIVAL, key=prepared.key, alg=prepared.alg, possession=prepared.possession, custodial=True
    )
    request.valid_from.FromDatetime(cast.world.clock.now())
    with pytest.raises(Refused) as refused:
        cast.clients[RIVAL].call(f"{SERVICE}/RegisterKey", request)
    assert [fault.path for fault in refused.value.faults] == ["possession"]


def test_a_key_of_ones_own_cannot_be_passed_off_as_custodial(cast: Cast) -> None:
    own = keys.generate()
    assert isinstance(own, keys.Ed25519Signer)
    request = pb.RegisterKeyRequest(
        organisation=CARRIER, key=own.spki, alg=own.alg, custodial=True,
        possession=own.sign(b"not this"),
    )  # fmt: skip
    request.valid_from.FromDatetime(cast.world.clock.now())
    with pytest.raises(Refused):
        cast.clients[CARRIER].call(f"{SERVICE}/RegisterKey", request)


def test_a_statement_that_claims_custody_without_it_is_refused(cast: Cast) -> None:
    signer = keys.generate()
    cast.clients[CARRIER].register_key(signer)
    request = waybill.IssueWaybillRequest(request_id=ids.new_id(), waybill=a_waybill())
    request.statement = statement.make(
        signer, issuer=CARRIER, subject=f"waybill/{request.waybill.id}", kind="waybill.issue",
        request_id=request.request_id, body=body.body_of(request), issued_at=cast.world.clock.now(), custodial=True,
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        cast.clients[CARRIER].call(f"{WAYBILL}/IssueWaybill", request)
    assert refused.value.reasons == {"STATEMENT_INVALID"}


def test_a_copied_database_cannot_sign(kept: Cast) -> None:
    """The sealed key opens only under the sealing key, which is a file, and only as that organisation's."""
    [key] = [one for one in _keys(kept) if one.sealed_private]
    assert key.sealed_private is not None
    sealing = traceability.keeper_of(kept.world.host.settings).sealing_key
    assert keys.unseal(key.sealed_private, sealing, custody_context(key)).spki == key.public_key
    for stolen, context in ((b"\x00" * 32, custody_context(key)), (sealing, custody_context(key) + b"x")):
        with pytest.raises(VerificationError):
            keys.unseal(key.sealed_private, stolen, context)
    with kept.world.host.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM traceability_custody")).scalar() == 0


def _keys(cast: Cast) -> list[Key]:
    with cast.world.host.engine.connect() as connection:
        return store.keys_of(connection, CARRIER)
