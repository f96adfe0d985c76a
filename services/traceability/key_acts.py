"""Keys on the wire: registered, kept in custody, revoked. Only an organisation's own certificate deals with its keys."""

from __future__ import annotations

from collections.abc import Iterable

from hazway import key_record, keys, statement
from hazway.body import body_of
from hazway.errors import VerificationError
from hazway.traceability.v1 import traceability_pb2 as pb
from services.errors import Finding, Refusal, refuse
from services.errors.common import NOT_ALLOWED, NOT_FOUND, invalid, missing
from services.errors.traceability import ENDORSEMENT_NEEDED, KEY_EXISTS
from services.runtime.access import Relation, Role
from services.runtime.call import Call
from services.traceability import store
from services.traceability.keeper import keeper_of
from services.traceability.model import Key, Registered
from services.traceability.record import custody_context, record, state


def register_key(call: Call, request: pb.RegisterKeyRequest) -> pb.RegisterKeyResponse:
    """A further key is stated by an active key of the organisation, the first by the operator for the certificate's sake.

    A custodial key does not count: the organisation cannot sign with it, so it may not be in the way of its own first.
    """
    organisation = call.caller.organisation
    _allow(call, [Relation.OWN] * (request.organisation == organisation))
    refuse(_check_key(request))
    kid = keys.kid_of(request.key)
    sealed = store.take_custody(call.transaction, kid, organisation) if request.custodial else None
    if request.custodial and sealed is None:
        raise Refusal((invalid("key", "not prepared here for this organisation 不是为本单位准备的托管密钥"),))
    known = store.keys_of(call.transaction, organisation)
    active = [one for one in known if one.is_active(call.now) and one.sealed_private is None]
    if active and not request.statement:
        raise Refusal((Finding(reason=ENDORSEMENT_NEEDED, path="statement"),))
    registered, by = (record(call, request), _signer(request.statement)) if active else _vouched(call, request)
    key = Key(
        kid,
        organisation,
        request.key,
        registered.registered_at,
        sealed_private=sealed,
        valid_from=request.valid_from.ToDatetime(call.now.tzinfo),
        registered_by=by,
    )
    if not store.insert_key(call.transaction, key):
        raise Refusal((Finding(reason=KEY_EXISTS, path="key"),))
    return pb.RegisterKeyResponse(key=to_wire(key), registered=registered.to_wire())


def prepare_custodial_key(call: Call, request: pb.PrepareCustodialKeyRequest) -> pb.PrepareCustodialKeyResponse:
    """Make a key and seal it. It signs nothing until the organisation registers it, endorsed like any other."""
    organisation = call.caller.organisation
    _allow(call, [Relation.OWN] * (request.organisation == organisation))
    signer = keys.generate()
    named = Key(signer.kid, organisation, signer.spki, call.now)
    sealed = keys.seal(signer, keeper_of(call.settings).sealing_key, custody_context(named))
    store.insert_custody(call.transaction, signer.kid, organisation, sealed, call.now)
    return pb.PrepareCustodialKeyResponse(
        key=signer.spki, alg=signer.alg, possession=key_record.prove_possession(signer, organisation)
    )


def revoke_key(call: Call, request: pb.RevokeKeyRequest) -> pb.RevokeKeyResponse:
    """What the key has signed by now stays good, and whatever is being signed with it just now is waited for.

    Only the operator reaches back; what the key has vouched for since then falls with it.
    """
    own = request.organisation == call.caller.organisation
    is_operator = Role.OPERATOR in call.caller.roles
    _allow(call, [Relation.OWN] * own + [Relation.ANY] * is_operator)
    key = store.find_key(call.transaction, request.kid)
    if key is None or key.organisation_id != request.organisation:
        raise Refusal((Finding(reason=NOT_FOUND, path="kid"),))
    at = request.revoked_at.ToDatetime(call.now.tzinfo)
    refuse(_check_revocation(request, at > call.now))
    store.hold_key(call.transaction, key.kid)
    call.now = max(call.now, call.clock.now())  # later than everything that was waited for
    registered = record(call, request)
    # What an organisation's own key says reaches no further back than its own registration (hazway.key_record).
    at = at if is_operator else registered.registered_at
    store.revoke_key(call.transaction, key.kid, at, request.reason)
    revoked = store.find_key(call.transaction, key.kid)
    return pb.RevokeKeyResponse(key=to_wire(revoked or key), registered=registered.to_wire())


def to_wire(key: Key) -> pb.Key:
    wire = pb.Key(
        kid=key.kid,
        public_key=key.public_key,
        organisation_id=key.organisation_id,
        custodial=key.sealed_private is not None,
    )
    wire.registered_at.FromDatetime(key.registered_at)
    if key.revoked_at is not None:
        wire.revoked_at.FromDatetime(key.revoked_at)
    return wire


def _allow(call: Call, relations: Iterable[Relation]) -> None:
    call.allow(relations)
    if call.caller.person:
        raise Refusal((Finding(reason=NOT_ALLOWED),))


def _check_key(request: pb.RegisterKeyRequest) -> list[Finding]:
    """The key is of a kind we use, and whoever asks has it."""
    findings = []
    if not request.HasField("valid_from"):
        findings.append(missing("valid_from", field="valid_from 生效时间"))
    try:
        alg = keys.alg_of(request.key)
    except VerificationError as error:
        return [*findings, invalid("key", f"{error.problem} {error.problem_zh}")]
    if alg != request.alg:
        findings.append(invalid("alg", "not the key's algorithm 与密钥算法不符"))
    elif not key_record.is_possessed(request.organisation, request.key, request.possession):
        findings.append(invalid("possession", "not signed by this key 不是该密钥的签名"))
    return findings


def _vouched(call: Call, request: pb.RegisterKeyRequest) -> tuple[Registered, bytes]:
    keeper = keeper_of(call.settings)
    registered = state(
        call.transaction,
        keeper,
        kind=key_record.REGISTER,
        subject=key_record.subject_of(request.organisation),
        body=body_of(request),
        request_id=f"key-{keys.kid_of(request.key).hex()[:32]}",
        at=call.now,
    )
    return registered, keeper.operator.kid


def _signer(signed: bytes) -> bytes:
    return statement.parse_unverified(signed).kid


def _check_revocation(request: pb.RevokeKeyRequest, in_future: bool) -> list[Finding]:
    findings = []
    if not request.reason.strip():
        findings.append(missing("reason", field="reason 吊销原因"))
    if not request.HasField("revoked_at"):
        findings.append(missing("revoked_at", field="revoked_at 吊销时间"))
    if in_future:
        findings.append(invalid("revoked_at", "it lies in the future 不能晚于现在", field="revoked_at 吊销时间"))
    return findings
