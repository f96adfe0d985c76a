"""What to sign, for whoever has a key but not our client: a Java system, a smart card, a shell with curl and openssl.

Nobody has to believe us: the statement's payload holds the whole body, and tests/vectors/statement has what a program of
one's own must come to.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from google.protobuf import descriptor_pool, json_format
from google.protobuf.message import Message

from hazway import keys, statement, wording
from hazway.acts import ACTS, Act
from hazway.body import body_of
from hazway.errors import VerificationError
from hazway.traceability.v1 import traceability_pb2 as pb
from services.errors import Finding, Refusal, refuse
from services.errors.common import invalid, missing
from services.errors.traceability import KEY_UNKNOWN
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.service import request_class
from services.runtime.wire import UNREADABLE
from services.traceability import store
from services.traceability.model import Key

MOST = 1_000
_MOST_DEPTH = 32


def prepare_statements(call: Call, request: pb.PrepareStatementsRequest) -> pb.PrepareStatementsResponse:
    """Whether the act will be accepted is not asked here. Raises a refusal with all that is wrong with any request."""
    call.allow([Relation.ANY])
    refuse(_check(request))
    act, key = ACTS[request.method], _key(call, request.kid)
    reads = request_class(descriptor_pool.Default().FindMethodByName(request.method.replace("/", ".")))
    response = pb.PrepareStatementsResponse(alg=keys.alg_of(key.public_key), kid=key.kid)
    faults = []
    for index, text in enumerate(request.requests):
        try:
            message = json_format.Parse(text, reads(), max_recursion_depth=_MOST_DEPTH)
            response.statements.append(_prepared(call, act, key, message))
        except VerificationError as error:
            faults.append(invalid(f"requests[{index}]", f"{error.problem} {error.problem_zh}"))
        except UNREADABLE as error:
            faults.append(invalid(f"requests[{index}]", str(error).encode("utf-8", "replace").decode()[:300]))
    refuse(faults)
    return response


def _prepared(call: Call, act: Act, key: Key, message: Message) -> pb.PreparedStatement:
    request: Any = message
    body, subject = body_of(message), act.subject(request)
    made = statement.draft(
        keys.alg_of(key.public_key), key.kid, issuer=call.caller.organisation, subject=subject, kind=act.kind,
        request_id=request.request_id, body=body, issued_at=call.now, salt=secrets.token_bytes(statement.SALT_BYTES),
    )  # fmt: skip
    return pb.PreparedStatement(
        text=wording.render(act.kind, body),
        kind=act.kind,
        subject=subject,
        to_be_signed=made.to_be_signed,
        prefix=made.prefix,
    )


def _check(request: pb.PrepareStatementsRequest) -> Iterator[Finding]:
    if not request.method:
        yield missing("method")
    elif request.method not in ACTS:
        yield invalid("method", "no stated act 不是需签名的操作")
    if not 1 <= len(request.requests) <= MOST:
        yield invalid("requests", f"1 to {MOST} requests 应为 1 至 {MOST} 项")


def _key(call: Call, kid: bytes) -> Key:
    """The one named, or the newest the organisation could sign with itself."""
    for key in reversed(store.keys_of(call.transaction, call.caller.organisation)):
        if key.is_active(call.now) and key.sealed_private is None and kid in (b"", key.kid):
            return key
    raise Refusal((Finding(reason=KEY_UNKNOWN, path="kid"),))
