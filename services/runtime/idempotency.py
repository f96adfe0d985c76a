"""The same request gets the same answer: a request's id is claimed in the transaction that carries its effects."""

from __future__ import annotations

import hashlib

from google.protobuf.message import Message
from sqlalchemy import text

from services.errors import Finding, Refusal
from services.errors.common import REQUEST_ID_REUSED
from services.runtime.call import Call

_MINE = " WHERE organisation = :organisation AND method = :method AND request_id = :request_id"
_CLAIM = text(
    "INSERT INTO runtime_requests (organisation, method, request_id, digest)"
    " VALUES (:organisation, :method, :request_id, :digest) ON CONFLICT DO NOTHING RETURNING true"
)
_EARLIER = text("SELECT digest, response FROM runtime_requests" + _MINE)
_KEEP = text("UPDATE runtime_requests SET response = :response" + _MINE)


def claim(call: Call, request: Message) -> bytes | None:
    """Claim this organisation's request id for the method; the stored answer if it was given before, else ``None``.

    A second call with the same id waits here until the first has ended. Raises a refusal REQUEST_ID_REUSED when the
    id stands for another request.
    """
    digest = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
    key = _key(call)
    if call.transaction.execute(_CLAIM, {**key, "digest": digest}).scalar():
        return None
    row = call.transaction.execute(_EARLIER, key).one()
    if row.digest != digest:
        raise Refusal((Finding(reason=REQUEST_ID_REUSED, path="request_id"),))
    stored: bytes = row.response
    return stored


def keep(call: Call, response: Message) -> None:
    """Store the answer beside the claim, in the same transaction."""
    call.transaction.execute(_KEEP, {**_key(call), "response": response.SerializeToString(deterministic=True)})


def _key(call: Call) -> dict[str, str]:
    return {"organisation": call.caller.organisation, "method": call.method, "request_id": call.request_id}
