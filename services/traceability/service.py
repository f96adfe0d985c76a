"""Keys, receipts, statements by subject and exports, on the wire.

This slice cannot know who may see a waybill's or a vehicle's record: whoever composes the server passes in, for each
kind of subject, the function of the slice that does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hazway import key_record, keys, statement
from hazway.body import body_of
from hazway.errors import VerificationError
from hazway.traceability.v1 import traceability_pb2 as pb
from services.errors import Finding, Refusal, refuse
from services.errors.common import FIELD_INVALID, FIELD_MISSING, NOT_FOUND
from services.errors.traceability import ENDORSEMENT_NEEDED, KEY_EXISTS, NOT_YET_IN_LOG
from services.runtime.access import Relation, Role
from services.runtime.call import Call
from services.runtime.service import Service
from services.traceability import log_store, store
from services.traceability.export import export, subject_head
from services.traceability.keeper import keeper_of
from services.traceability.model import Key, Registered
from services.traceability.record import record, state

RelationsOf = Callable[[Call, str], Sequence[Relation]]
_MOST_STATEMENTS = 500


def service(relations: Mapping[str, RelationsOf]) -> Service:
    """The slice's service; ``relations["waybill"](call, id)`` tells what the caller has to do with a subject."""
    return Service(
        name="hazway.traceability.v1.TraceabilityService",
        unary={
            "RegisterKey": register_key,
            "RevokeKey": revoke_key,
            "GetReceipt": get_receipt,
            "GetCheckpoint": get_checkpoint,
            "ListStatements": lambda call, request: list_statements(call, request, relations),
            "ExportRecord": lambda call, request: export_record(call, request, relations),
        },
    )


def register_key(call: Call, request: pb.RegisterKeyRequest) -> pb.RegisterKeyResponse:
    """A further key is stated by an active key of the organisation, the first by the operator for the certificate's sake."""
    call.allow([Relation.OWN] * (request.organisation == call.caller.organisation))
    findings = _check_key(request)
    refuse(findings)
    key = Key(keys.kid_of(request.key), call.caller.organisation, request.key, call.now)
    active = [one for one in store.keys_of(call.transaction, call.caller.organisation) if one.is_active(call.now)]
    if active and not request.statement:
        raise Refusal((Finding(reason=ENDORSEMENT_NEEDED, path="statement"),))
    if not store.insert_key(call.transaction, key):
        raise Refusal((Finding(reason=KEY_EXISTS, path="key"),))
    registered = record(call, request) if active else _vouched(call, request)
    return pb.RegisterKeyResponse(key=_to_wire(key), registered=registered.to_wire())


def revoke_key(call: Call, request: pb.RevokeKeyRequest) -> pb.RevokeKeyResponse:
    own = request.organisation == call.caller.organisation
    call.allow([Relation.OWN] * own + [Relation.ANY] * (Role.OPERATOR in call.caller.roles))
    key = store.find_key(call.transaction, request.kid)
    if key is None or key.organisation_id != request.organisation:
        raise Refusal((Finding(reason=NOT_FOUND, path="kid"),))
    at = request.revoked_at.ToDatetime(call.now.tzinfo)
    refuse(_check_revocation(request, at > call.now))
    registered = record(call, request)
    # What an organisation's own key says reaches no further back than its own registration (hazway.key_record).
    store.revoke_key(call.transaction, key.kid, at if Role.OPERATOR in call.caller.roles else call.now, request.reason)
    revoked = store.find_key(call.transaction, key.kid)
    return pb.RevokeKeyResponse(key=_to_wire(revoked or key), registered=registered.to_wire())


def get_receipt(call: Call, request: pb.GetReceiptRequest) -> pb.GetReceiptResponse:
    call.allow([Relation.ANY])
    row = store.find_registration(
        call.transaction, digest=request.registration_digest, statement_digest=request.statement_digest
    )
    if row is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="registration_digest"),))
    if row.receipt is None:
        raise Refusal((Finding(reason=NOT_YET_IN_LOG, path="registration_digest"),))
    return pb.GetReceiptResponse(registration=row.registration, receipt=row.receipt, leaf_index=row.leaf_index)


def get_checkpoint(call: Call, _request: pb.GetCheckpointRequest) -> pb.GetCheckpointResponse:
    call.allow([Relation.ANY])
    head = log_store.find_head(call.transaction)
    if head is None:
        raise Refusal((Finding(reason=NOT_FOUND),))
    return pb.GetCheckpointResponse(checkpoint=head.checkpoint)


def list_statements(
    call: Call, request: pb.ListStatementsRequest, relations: Mapping[str, RelationsOf]
) -> pb.ListStatementsResponse:
    _allow_subject(call, request.subject, relations)
    after = _after(request.page_token)
    most = min(request.page_size or 100, _MOST_STATEMENTS)
    rows = store.registrations_of(call.transaction, request.subject, after, most)
    response = pb.ListStatementsResponse(
        statements=[
            pb.Statement(statement=row.statement or b"", registration=row.registration, seq=row.seq, kind=row.kind)
            for row in rows
        ],
        subject_head=subject_head(call.transaction, keeper_of(call.settings), request.subject, call.now),
    )
    if len(rows) == most:
        response.next_page_token = str(rows[-1].seq)
    return response


def export_record(
    call: Call, request: pb.ExportRecordRequest, relations: Mapping[str, RelationsOf]
) -> pb.ExportRecordResponse:
    _allow_subject(call, request.subject, relations)
    return pb.ExportRecordResponse(bundle=export(call.transaction, keeper_of(call.settings), request.subject, call.now))


def _allow_subject(call: Call, subject: str, relations: Mapping[str, RelationsOf]) -> None:
    try:
        statement.check_subject(subject)
    except VerificationError as error:
        raise _bad_field("subject", f"{error.problem} {error.problem_zh}") from error
    kind, _, identifier = subject.partition("/")
    related = relations[kind](call, identifier) if kind in relations else ()
    call.allow(related, subject=subject)


def _check_key(request: pb.RegisterKeyRequest) -> list[Finding]:
    """The key is of a kind we use, and whoever asks has it."""
    findings = []
    if not request.HasField("valid_from"):
        findings.append(Finding(reason=FIELD_MISSING, path="valid_from", values={"field": "valid_from 生效时间"}))
    try:
        alg = keys.alg_of(request.key)
    except VerificationError as error:
        return [*findings, *_bad_field("key", f"{error.problem} {error.problem_zh}").findings]
    if alg != request.alg:
        findings += _bad_field("alg", "not the key's algorithm 与密钥算法不符").findings
    elif not key_record.is_possessed(request.organisation, request.key, request.possession):
        findings += _bad_field("possession", "not signed by this key 不是该密钥的签名").findings
    return findings


def _vouched(call: Call, request: pb.RegisterKeyRequest) -> Registered:
    return state(
        call.transaction,
        keeper_of(call.settings),
        kind=key_record.REGISTER,
        subject=key_record.subject_of(request.organisation),
        body=body_of(request),
        request_id=f"key-{keys.kid_of(request.key).hex()[:32]}",
        at=call.now,
    )


def _check_revocation(request: pb.RevokeKeyRequest, in_future: bool) -> list[Finding]:
    findings = []
    if not request.reason.strip():
        findings.append(Finding(reason=FIELD_MISSING, path="reason", values={"field": "reason 吊销原因"}))
    if not request.HasField("revoked_at"):
        findings.append(Finding(reason=FIELD_MISSING, path="revoked_at", values={"field": "revoked_at 吊销时间"}))
    if in_future:
        values = {"field": "revoked_at 吊销时间", "problem": "it lies in the future 不能晚于现在"}
        findings.append(Finding(reason=FIELD_INVALID, path="revoked_at", values=values))
    return findings


def _after(page_token: str) -> int:
    if page_token and not page_token.isascii():
        raise _bad_field("page_token", "not one of ours 不是本服务签发的")
    try:
        return int(page_token or 0)
    except ValueError:
        raise _bad_field("page_token", "not one of ours 不是本服务签发的") from None


def _bad_field(path: str, problem: str) -> Refusal:
    return Refusal((Finding(reason=FIELD_INVALID, path=path, values={"field": path, "problem": problem}),))


def _to_wire(key: Key) -> pb.Key:
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
