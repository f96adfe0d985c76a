"""Registering statements: the door every other slice uses to put an act on record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import Connection

from hazway import body, registration, statement, wording
from hazway.acts import ACTS
from hazway.errors import VerificationError
from services.errors import Finding, Refusal
from services.errors.traceability import KEY_UNKNOWN, STATED_ALREADY, STATEMENT_INVALID, STATEMENT_MISSING
from services.runtime.call import Call
from services.runtime.clock import nanoseconds
from services.traceability import store
from services.traceability.keeper import OPERATOR, Keeper, keeper_of
from services.traceability.model import Registered

WAKE_SEQUENCER = "hazway:registered"


def record(
    call: Call, request: Any, *, number: str | None = None, decision: Mapping[str, Any] | None = None
) -> Registered:
    """Verify the request's statement and register it in the call's transaction, so neither exists alone.

    The statement must be signed by an active key of the caller's organisation, say exactly what the request says, and
    be about the act's own subject. ``decision`` names the versions of facts and rules the act was accepted on (no
    floats). Raises a refusal STATEMENT_MISSING, STATEMENT_INVALID, KEY_UNKNOWN or STATED_ALREADY.
    """
    if not request.statement:
        raise Refusal((Finding(reason=STATEMENT_MISSING, path="statement"),))
    spki = _signing_key(call, request.statement)
    opened = check_statement(call, request, request.statement, spki)
    call.on_commit(lambda: call.bus.publish(WAKE_SEQUENCER))
    return register(
        call.transaction,
        keeper_of(call.settings),
        opened,
        request.statement,
        number=number,
        decision=decision,
        at=call.now,
    )


def state(
    connection: Connection,
    keeper: Keeper,
    *,
    kind: str,
    subject: str,
    body: Mapping[str, Any],
    request_id: str,
    at: datetime,
) -> Registered:
    """State an act of the server itself (an alarm raised, a body expired), signed with the operator's key.

    ``request_id`` must be the same when the same act is stated again after a crash.
    """
    signed = statement.make(
        keeper.operator, issuer=OPERATOR, subject=subject, kind=kind, request_id=request_id, body=body, issued_at=at
    )
    return register(connection, keeper, statement.open(signed, keeper.operator.spki), signed, at=at)


def check_statement(call: Call, request: Message, signed: bytes, spki: bytes) -> statement.Statement:
    """The statement, verified to be this very request's. Raises a refusal STATEMENT_INVALID that says what differs."""
    act = ACTS[call.method]
    try:
        opened = statement.open(signed, spki)
        stated = body.body_of(request)
        text = wording.digest(act.kind, stated)
    except VerificationError as error:
        raise _invalid(error.problem, error.problem_zh) from error
    for name, name_zh, found, wanted in (
        ("issuer", "签发单位", opened.issuer, call.caller.organisation),
        ("kind", "类型", opened.kind, act.kind),
        ("subject", "主题", opened.subject, act.subject(request)),
        ("request_id", "请求编号", opened.request_id, call.request_id),
        ("body", "内容", opened.body, stated),
        ("text", "所见文本", opened.text_sha256, text),
    ):
        if found != wanted:
            raise _invalid(f"its {name} is not this request's", f"{name_zh}与本次请求不符")
    return opened


def register(
    connection: Connection,
    keeper: Keeper,
    opened: statement.Statement,
    signed: bytes,
    *,
    number: str | None = None,
    decision: Mapping[str, Any] | None = None,
    at: datetime,
) -> Registered:
    """Give the verified statement its place in its subject's chain and queue it for the log."""
    seq, prev = store.lock_subject(connection, opened.subject)
    entry = registration.Registration(
        origin=keeper.origin,
        statement=opened.digest,
        subject=opened.subject,
        seq=seq + 1,
        prev=prev,
        number=number,
        decision=dict(decision or {}),
        at=nanoseconds(at),
    )
    encoded = entry.encode()
    digest = registration.digest(encoded)
    fresh = store.insert_registration(
        connection,
        digest=digest,
        subject=opened.subject,
        seq=seq + 1,
        kind=opened.kind,
        registration=encoded,
        statement_digest=opened.digest,
        statement=signed,
        organisation_id=opened.issuer,
        at=at,
    )
    if not fresh:
        raise Refusal((Finding(reason=STATED_ALREADY, path="statement"),))
    return Registered(digest, opened.subject, seq + 1, at)


def _signing_key(call: Call, signed: bytes) -> bytes:
    try:
        kid = statement.parse_unverified(signed).kid
    except VerificationError as error:
        raise _invalid(error.problem, error.problem_zh) from error
    key = store.find_key(call.transaction, kid)
    if key is None or key.organisation_id != call.caller.organisation or not key.is_active(call.now):
        raise Refusal((Finding(reason=KEY_UNKNOWN, path="statement"),))
    return key.public_key


def _invalid(problem: str, problem_zh: str) -> Refusal:
    values = {"problem": problem, "problem_zh": problem_zh}
    return Refusal((Finding(reason=STATEMENT_INVALID, path="statement", values=values),))
