"""Registering statements: the door every other slice uses to put an act on record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

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
    return register(call, [stated(call, request).decided(number, decision)])[0]


@dataclass(frozen=True, slots=True)
class Act:
    """A verified statement to be registered. ``kid`` must be a key of the issuer's that may sign ``at`` that time."""

    opened: statement.Statement
    signed: bytes
    at: datetime
    number: str | None = None
    decision: Mapping[str, Any] = field(default_factory=dict)
    kid: bytes | None = None

    def decided(self, number: str | None, decision: Mapping[str, Any] | None) -> Act:
        """The act as accepted: under this legal number, on these grounds."""
        return replace(self, number=number, decision={**(decision or {}), **self.decision})


def stated(call: Call, request: Any, *, method: str = "") -> Act:
    """What the request states, verified or signed for the caller as ``record`` says, for ``register``.

    ``method`` is the stated act that the request is one of, where the call itself is a batch of them. Raises a refusal
    STATEMENT_MISSING, STATEMENT_INVALID or KEY_UNKNOWN.
    """
    method = method or call.method
    if signed := request.statement:
        opened = check_statement(call, request, signed, method)
        return Act(opened, signed, call.now, kid=opened.kid)
    signed = _sign_for_person(call, request, method)
    opened = statement.parse_unverified(signed)
    return Act(opened, signed, call.now, decision={"person": call.caller.person}, kid=opened.kid)


def register(call: Call, acts: Sequence[Act]) -> list[Registered]:
    """Register what was stated, in this order and two round trips; all of it or nothing.

    Raises a refusal KEY_UNKNOWN, STATED_ALREADY or LOG_FROZEN, after which the transaction must be rolled back.
    """
    call.on_commit(lambda: call.bus.publish(WAKE_SEQUENCER))
    return register_all(call.transaction, keeper_of(call.settings), acts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An act of the server itself: an alarm raised, a body expired. ``request_id`` is the same when it is stated again after a crash."""

    kind: str
    subject: str
    body: Mapping[str, Any]
    request_id: str


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
    """State one ``Deed``, signed with the operator's key."""
    deed = Deed(kind=kind, subject=subject, body=body, request_id=request_id)
    return state_all(connection, keeper, [deed], at)[0]


def state_all(connection: Connection, keeper: Keeper, deeds: Sequence[Deed], at: datetime) -> list[Registered]:
    """State them in this order, signed with the operator's key, in two round trips to the database; all or none."""
    return register_all(connection, keeper, list(sign_all(keeper, deeds, at))) if deeds else []


def sign_all(keeper: Keeper, deeds: Iterable[Deed], at: datetime) -> Iterator[Act]:
    """Each deed signed with the operator's key, for ``register_all``; nothing is on record yet.

    What is signed is kept once, as bytes: an import holds tens of thousands of acts until it may write.
    """
    for deed in deeds:
        signed = statement.make(
            keeper.operator, issuer=OPERATOR, subject=deed.subject, kind=deed.kind, request_id=deed.request_id,
            body=deed.body, issued_at=at,
        )  # fmt: skip
        yield Act(replace(statement.parse_unverified(signed), body={}), signed, at)


def check_statement(call: Call, request: Any, signed: bytes, method: str) -> statement.Statement:
    """The statement, verified to be this very request's. Raises a refusal STATEMENT_INVALID that says what differs.

    Whether its key may sign for the organisation at that time is asked when it is registered.
    """
    act = ACTS[method]
    try:
        opened = statement.open_by(signed, lambda kid: _public_key(call.transaction, kid))
        stated = body.body_of(request)
        # Of whatever edition of the wording the signer's program has.
        seen = wording.digest(act.kind, stated) == opened.text_sha256 or opened.text is not None
    except VerificationError as error:
        raise _invalid(error.problem, error.problem_zh) from error
    for name, name_zh, found, wanted in (
        ("issuer", "签发单位", opened.issuer, call.caller.organisation),
        ("kind", "类型", opened.kind, act.kind),
        ("subject", "主题", opened.subject, act.subject(request)),
        ("request_id", "请求编号", opened.request_id, request.request_id),
        ("body", "内容", opened.body, stated),
        ("text", "所见文本", seen, True),
        ("custody", "托管声明", opened.custodial, False),
    ):
        if found != wanted:
            raise _invalid(f"its {name} is not this request's", f"{name_zh}与本次请求不符")
    return opened


def register_all(connection: Connection, keeper: Keeper, acts: Sequence[Act]) -> list[Registered]:
    """Give each verified statement its place in its subject's chain, and queue all of them for the log; or none.

    The time of each is its ``at``, or that of the subject's last registration when that call ended before this one.
    """
    if len({act.opened.digest for act in acts}) < len(acts):
        raise Refusal((Finding(reason=STATED_ALREADY, path="statement"),))
    last = store.lock_subjects(
        connection, (act.opened.subject for act in acts), (act.kid for act in acts if act.kid is not None)
    )
    drafts = []
    for act in acts:
        draft = _draft(keeper, act, last[act.opened.subject])
        last[draft.subject] = store.Link(draft.seq, draft.digest, draft.at)
        drafts.append(draft)
    if not store.insert_registrations(connection, drafts):
        raise _not_registered(connection, drafts)
    return [Registered(each.digest, each.subject, each.seq, each.at, each.statement_digest) for each in drafts]


def _draft(keeper: Keeper, act: Act, last: store.Link) -> store.Draft:
    opened = act.opened
    at = act.at if last.at is None else max(act.at, last.at)
    entry = registration.Registration(
        origin=keeper.origin,
        statement=opened.digest,
        subject=opened.subject,
        seq=last.seq + 1,
        prev=last.digest,
        number=act.number,
        decision=dict(act.decision),
        at=nanoseconds(at),
    )
    encoded = entry.encode()
    return store.Draft(
        digest=registration.digest(encoded),
        subject=opened.subject,
        seq=entry.seq,
        kind=opened.kind,
        registration=encoded,
        statement_digest=opened.digest,
        statement=act.signed,
        organisation_id=opened.issuer,
        at=at,
        kid=act.kid,
    )


def _not_registered(connection: Connection, drafts: Sequence[store.Draft]) -> Refusal:
    head = log_store.find_head(connection)
    if head is not None and head.frozen is not None:
        return Refusal((Finding(reason=LOG_FROZEN, values={"problem": head.frozen}),))
    for draft in drafts:
        key = None if draft.kid is None else store.find_key(connection, draft.kid)
        theirs = key is not None and key.organisation_id == draft.organisation_id and key.is_active(draft.at)
        if draft.kid is not None and not theirs:
            return Refusal((Finding(reason=KEY_UNKNOWN, path="statement"),))
    return Refusal((Finding(reason=STATED_ALREADY, path="statement"),))


def _public_key(connection: Connection, kid: bytes) -> bytes:
    if kid not in _PUBLIC:
        key = store.find_key(connection, kid)
        if key is None:
            raise Refusal((Finding(reason=KEY_UNKNOWN, path="statement"),))
        if len(_PUBLIC) >= _MOST_PUBLIC:
            _PUBLIC.clear()
        _PUBLIC[kid] = key.public_key
    return _PUBLIC[kid]


# Public keys by their ``kid``, which is their own digest and so says the same in every database, for ever.
_PUBLIC: dict[bytes, bytes] = {}
_MOST_PUBLIC = 10_000


def _custodial_key(call: Call, kind: str) -> Key | None:
    """The newest key that is kept for the caller's organisation and may sign now, for a person and an act it is meant for."""
    if not call.caller.person or kind.startswith(_IN_PERSON_ONLY):
        return None
    kept = store.keys_of(call.transaction, call.caller.organisation)
    return next((key for key in reversed(kept) if key.sealed_private and key.is_active(call.now)), None)


def _sign_for_person(call: Call, request: Any, method: str) -> bytes:
    act = ACTS[method]
    key = _custodial_key(call, act.kind)
    if key is None:
        raise Refusal((Finding(reason=STATEMENT_MISSING, path="statement"),))
    signer = _unsealed(key.sealed_private or b"", keeper_of(call.settings).sealing_key, custody_context(key))
    try:
        return statement.make(
            signer,
            issuer=call.caller.organisation,
            subject=act.subject(request),
            kind=act.kind,
            request_id=request.request_id,
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
