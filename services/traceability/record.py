"""Registering statements: the door every other slice uses to put an act on record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import Connection

from hazway import body, key_record, keys, registration, statement, wording
from hazway.acts import ACTS
from hazway.errors import VerificationError
from services.errors import Finding, Refusal
from services.errors.traceability import (
    KEY_UNKNOWN,
    LOG_FROZEN,
    STATED_ALREADY,
    STATEMENT_INVALID,
    STATEMENT_MISSING,
)
from services.runtime.call import Call
from services.runtime.clock import nanoseconds
from services.traceability import log_store, store
from services.traceability.keeper import OPERATOR, Keeper, keeper_of
from services.traceability.model import Key, Registered

WAKE_SEQUENCER = "hazway:registered"
# What a person cannot do by the organisation's custodial key: deal with keys and with the record itself.
_IN_PERSON_ONLY = ("key.", "record.")


def record(
    call: Call, request: Any, *, number: str | None = None, decision: Mapping[str, Any] | None = None
) -> Registered:
    """Verify the request's statement and register it in the call's transaction, so neither exists alone.

    The statement must be signed by an active key of the caller's organisation, say exactly what the request says, and
    be about the act's own subject. A person who sends none has it signed with the organisation's custodial key, where
    there is one; the statement says so, and the decision names the person. ``decision`` names the versions of facts and
    rules the act was accepted on (no floats).

    Raises a refusal STATEMENT_MISSING, STATEMENT_INVALID, KEY_UNKNOWN, STATED_ALREADY or LOG_FROZEN.
    """
    signed, decision = request.statement, dict(decision or {})
    if signed:
        spki = _key_of(call, signed)
        opened = check_statement(call, request, signed, spki)
    else:
        key = _custodial_key(call)
        if key is None:
            raise Refusal((Finding(reason=STATEMENT_MISSING, path="statement"),))
        signed = _sign_for_person(call, request, key)
        opened = statement.parse_unverified(signed)
        decision["person"] = call.caller.person
    call.on_commit(lambda: call.bus.publish(WAKE_SEQUENCER))
    return register(
        call.transaction,
        keeper_of(call.settings),
        opened,
        signed,
        number=number,
        decision=decision,
        at=call.now,
        kid=opened.kid,
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
    return register(connection, keeper, statement.parse_unverified(signed), signed, at=at)


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
        ("custody", "托管声明", opened.custodial, False),
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
    kid: bytes | None = None,
) -> Registered:
    """Give the verified statement its place in its subject's chain and queue it for the log.

    The time is ``at``, or that of the subject's last registration when this call began before that one ended. With
    ``kid`` the key must be one of the issuer's that may sign at that time.
    """
    last = store.lock_subject(connection, opened.subject, kid)
    at = at if last.at is None else max(at, last.at)
    entry = registration.Registration(
        origin=keeper.origin,
        statement=opened.digest,
        subject=opened.subject,
        seq=last.seq + 1,
        prev=last.digest,
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
        seq=entry.seq,
        kind=opened.kind,
        registration=encoded,
        statement_digest=opened.digest,
        statement=signed,
        organisation_id=opened.issuer,
        at=at,
        kid=kid,
    )
    if not fresh:
        raise _not_registered(connection, opened, at, kid)
    return Registered(digest, opened.subject, entry.seq, at)


def _not_registered(connection: Connection, opened: statement.Statement, at: datetime, kid: bytes | None) -> Refusal:
    head = log_store.find_head(connection)
    if head is not None and head.frozen is not None:
        return Refusal((Finding(reason=LOG_FROZEN, values={"problem": head.frozen}),))
    key = None if kid is None else store.find_key(connection, kid)
    if kid is not None and (key is None or key.organisation_id != opened.issuer or not key.is_active(at)):
        return Refusal((Finding(reason=KEY_UNKNOWN, path="statement"),))
    return Refusal((Finding(reason=STATED_ALREADY, path="statement"),))


def _key_of(call: Call, signed: bytes) -> bytes:
    """The public key that the statement names. Whether it may sign is asked when the statement is registered."""
    try:
        kid = statement.parse_unverified(signed).kid
    except VerificationError as error:
        raise _invalid(error.problem, error.problem_zh) from error
    if kid not in _PUBLIC:
        key = store.find_key(call.transaction, kid)
        if key is None:
            raise Refusal((Finding(reason=KEY_UNKNOWN, path="statement"),))
        if len(_PUBLIC) >= _MOST_PUBLIC:
            _PUBLIC.clear()
        _PUBLIC[kid] = key.public_key
    return _PUBLIC[kid]


# Public keys by their ``kid``, which is their own digest and so says the same in every database, for ever.
_PUBLIC: dict[bytes, bytes] = {}
_MOST_PUBLIC = 10_000


def _custodial_key(call: Call) -> Key | None:
    """The newest key that is kept for the caller's organisation and may sign now, for a person and an act it is meant for."""
    if not call.caller.person or ACTS[call.method].kind.startswith(_IN_PERSON_ONLY):
        return None
    kept = store.keys_of(call.transaction, call.caller.organisation)
    return next((key for key in reversed(kept) if key.sealed_private and key.is_active(call.now)), None)


def _sign_for_person(call: Call, request: Any, key: Key) -> bytes:
    act = ACTS[call.method]
    signer = _unsealed(key.sealed_private or b"", keeper_of(call.settings).sealing_key, custody_context(key))
    try:
        return statement.make(
            signer,
            issuer=call.caller.organisation,
            subject=act.subject(request),
            kind=act.kind,
            request_id=call.request_id,
            body=body.body_of(request),
            issued_at=call.now,
            custodial=True,
        )
    except VerificationError as error:
        raise _invalid(error.problem, error.problem_zh) from error


def custody_context(key: Key) -> bytes:
    """What a sealed key is bound to: its own name and whose it is, so that no row can be passed off as another's."""
    return f"{key_record.subject_of(key.organisation_id)}/{key.kid.hex()}".encode()


@lru_cache(maxsize=256)
def _unsealed(sealed: bytes, sealing_key: bytes, context: bytes) -> keys.MemorySigner:
    return keys.unseal(sealed, sealing_key, context)


def _invalid(problem: str, problem_zh: str) -> Refusal:
    values = {"problem": problem, "problem_zh": problem_zh}
    return Refusal((Finding(reason=STATEMENT_INVALID, path="statement", values=values),))
