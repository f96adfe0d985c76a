"""Receipts, proofs, statements by subject and exports, on the wire.

This slice cannot know who may see a waybill's or a vehicle's record, nor which trips a vehicle made: whoever composes
the server passes in, for each kind of subject, the functions of the slice that does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Row

from hazway import statement
from hazway.errors import VerificationError
from hazway.traceability.v1 import traceability_pb2 as pb
from services.errors import Finding, Refusal
from services.errors.common import NOT_FOUND, invalid, missing
from services.errors.traceability import NOT_YET_IN_LOG
from services.runtime.access import Relation, Role
from services.runtime.call import Call
from services.runtime.service import Service
from services.traceability import expiry_store, key_acts, log_store, store, to_sign
from services.traceability.export import Period, export, newest, newest_witnessed, proof_text, subject_head
from services.traceability.keeper import keeper_of
from services.traceability.record import record
from services.traceability.witnessing import policy_of

# ``relations["waybill"](call, id)``: what the caller has to do with a subject; ANY only where that is public.
RelationsOf = Callable[[Call, str], Sequence[Relation]]
# ``related["vehicle"](call, id, start, end)``: further subjects whose records belong to this one's in that period.
RelatedOf = Callable[[Call, str, datetime | None, datetime | None], Iterable[str]]
_MOST_STATEMENTS = 500
_MOST_RELATED = 2_000


def service(relations: Mapping[str, RelationsOf], related: Mapping[str, RelatedOf] | None = None) -> Service:
    """The slice's service over what the other slices know of their subjects."""
    subjects = Subjects({"zone": _public, "keys": _own_keys, **relations}, related or {})
    return Service(
        name="hazway.traceability.v1.TraceabilityService",
        unary={
            "RegisterKey": key_acts.register_key,
            "PrepareCustodialKey": key_acts.prepare_custodial_key,
            "PrepareStatements": to_sign.prepare_statements,
            "RevokeKey": key_acts.revoke_key,
            "GetReceipt": get_receipt,
            "GetProof": get_proof,
            "GetCheckpoint": get_checkpoint,
            "ListStatements": subjects.list_statements,
            "ExportRecord": subjects.export_record,
            "SetLegalHold": subjects.set_legal_hold,
        },
    )


def get_receipt(call: Call, request: pb.GetReceiptRequest) -> pb.GetReceiptResponse:
    """The same bytes for ever. Raises a refusal NOT_YET_IN_LOG until the sequencer has been there."""
    row = _in_log(call, request)
    return pb.GetReceiptResponse(registration=row.registration, receipt=row.receipt, leaf_index=row.leaf_index)


def get_proof(call: Call, request: pb.GetProofRequest) -> pb.GetProofResponse:
    """As of the newest checkpoint. Raises a refusal NOT_YET_IN_LOG."""
    row = _in_log(call, request)
    return pb.GetProofResponse(
        proof=proof_text(call.transaction, row.leaf_index, call.now), registration=row.registration
    )


def get_checkpoint(call: Call, _request: pb.GetCheckpointRequest) -> pb.GetCheckpointResponse:
    """Raises a refusal NOT_FOUND where no log has begun."""
    call.allow([Relation.ANY])
    head = log_store.find_head(call.transaction)
    if head is None:
        raise Refusal((Finding(reason=NOT_FOUND),))
    return pb.GetCheckpointResponse(checkpoint=head.checkpoint)


class Subjects:
    """What is asked and done by subject, each only by those the subject's own slice knows."""

    def __init__(self, relations: Mapping[str, RelationsOf], related: Mapping[str, RelatedOf]) -> None:
        self._relations, self._related = relations, related

    def list_statements(self, call: Call, request: pb.ListStatementsRequest) -> pb.ListStatementsResponse:
        self._allow(call, request.subject)
        after = _after(request.page_token)
        most = min(max(request.page_size, 0) or 100, _MOST_STATEMENTS)
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

    def export_record(self, call: Call, request: pb.ExportRecordRequest) -> pb.ExportRecordResponse:
        """An authority gets only what a quorum of the appointed witnesses has cosigned; others are told when it is not."""
        self._allow(call, request.subject)
        period = _period(call, request)
        related = self._related_to(call, request.subject, period)
        policy = policy_of(call.settings)
        asks_witnesses = policy is not None and policy.quorum is not None
        if asks_witnesses and call.caller.is_authority:
            as_of = newest_witnessed(call.transaction, [request.subject, *related], period, call.now)
        else:
            as_of = newest(call.transaction, call.now)
        bundle = export(
            call.transaction,
            keeper_of(call.settings),
            request.subject,
            call.now,
            related=related,
            period=period,
            as_of=as_of,
        )
        return pb.ExportRecordResponse(bundle=bundle, witnessed=as_of.witnessed)

    def set_legal_hold(self, call: Call, request: pb.SetLegalHoldRequest) -> pb.SetLegalHoldResponse:
        """Each organisation sets and lifts its own hold; a body may expire once none is left."""
        self._allow(call, request.subject, [Relation.ANY] * (Role.OPERATOR in call.caller.roles))
        if not request.reason.strip():
            raise Refusal((missing("reason", field="reason 事由"),))
        organisation = call.caller.organisation
        if request.held:
            expiry_store.set_hold(call.transaction, request.subject, organisation, request.reason, call.now)
        else:
            expiry_store.lift_hold(call.transaction, request.subject, organisation)
        registered = record(call, request)
        held = expiry_store.is_held(call.transaction, request.subject)
        return pb.SetLegalHoldResponse(registered=registered.to_wire(), held=held)

    def _allow(self, call: Call, subject: str, further: Sequence[Relation] = ()) -> None:
        try:
            statement.check_subject(subject)
        except VerificationError as error:
            raise _bad_field("subject", f"{error.problem} {error.problem_zh}") from error
        call.allow([*self._relations_to(call, subject), *further], subject=subject)

    def _relations_to(self, call: Call, subject: str) -> Sequence[Relation]:
        kind, _, identifier = subject.partition("/")
        return self._relations[kind](call, identifier) if kind in self._relations else ()

    def _related_to(self, call: Call, subject: str, period: Period) -> list[str]:
        """As far as the caller may see each of them. Raises a refusal FIELD_INVALID when they are too many for one file."""
        kind, _, identifier = subject.partition("/")
        if kind not in self._related:
            return []
        found = list(dict.fromkeys(self._related[kind](call, identifier, period.start, period.end)))
        if len(found) > _MOST_RELATED:
            raise _bad_field(
                "start_time", "too many trips for one file; ask for a shorter period 期间内运单过多，请缩短期间"
            )
        return [each for each in found if self._relations_to(call, each)]


def _public(_call: Call, _id: str) -> Sequence[Relation]:
    return (Relation.ANY,)


def _own_keys(call: Call, organisation: str) -> Sequence[Relation]:
    """An organisation's keys are for whoever verifies what it says: they are in every bundle it signed in."""
    own = organisation == call.caller.organisation
    return (Relation.OWN, Relation.ANY) if own else (Relation.ANY,)


def _in_log(call: Call, request: pb.GetReceiptRequest | pb.GetProofRequest) -> Row[tuple[object, ...]]:
    call.allow([Relation.ANY])
    row = store.find_registration(
        call.transaction, digest=request.registration_digest, statement_digest=request.statement_digest
    )
    if row is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="registration_digest"),))
    if row.receipt is None:
        raise Refusal((Finding(reason=NOT_YET_IN_LOG, path="registration_digest"),))
    return row


def _period(call: Call, request: pb.ExportRecordRequest) -> Period:
    zone = call.now.tzinfo
    try:
        start = request.start_time.ToDatetime(zone) if request.HasField("start_time") else None
        end = request.end_time.ToDatetime(zone) if request.HasField("end_time") else None
    except (ValueError, OverflowError):
        raise _bad_field("start_time", "not a time 不是有效时间") from None
    if end is not None and end > call.now:
        raise _bad_field("end_time", "it lies in the future 不能晚于现在")
    if start is not None and start >= (end or call.now):
        raise _bad_field("start_time", "not before the end 必须早于结束时间")
    return Period(start, end)


def _after(page_token: str) -> int:
    try:
        after = int(page_token or 0) if page_token.isascii() else -1
    except ValueError:
        after = -1
    if not 0 <= after < 1 << 63:
        raise _bad_field("page_token", "not one of ours 不是本服务签发的")
    return after


def _bad_field(path: str, problem: str) -> Refusal:
    return Refusal((invalid(path, problem),))
