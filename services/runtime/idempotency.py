"""The same request gets the same answer: a request's id is claimed in the transaction that carries its effects."""

from __future__ import annotations

import hashlib

from google.protobuf.message import Message
from sqlalchemy import text

from services.errors import Finding, Refusal
from services.errors.common import REQUEST_ID_REUSED
from services.runtime.call import Call


def claim(call: Call, request: Message) -> bytes | None:
    """Claim this organisation's request id for the method; the stored answer if it was given before, else ``None``.

    A second call with the same id waits here until the first has ended. Raises a refusal REQUEST_ID_REUSED when the
    id stands for another request.
    """
    digest = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
    key = {"organisation": call.caller.organisation, "method": call.method, "request_id": call.request_id}
    fresh = call.transaction.execute(
        text(
            "INSERT INTO runtime_requests (organisation, method, request_id, digest)"
            " VALUES (:organisation, :method, :request_id, :digest) ON CONFLICT DO NOTHING RETURNING true"
        ),
        {**key, "digest": digest},
    ).scalar()
    if fresh:
        return None
    row = call.transaction.execute(
        text(
            "SELECT digest, response FROM runtime_requests"
            " WHERE organisation = :organisation AND method = :method AND request_id = :request_id"
        ),
        key,
    ).one()
    if row.digest != digest:
        raise Refusal((Finding(reason=REQUEST_ID_REUSED, path="request_id"),))
    stored: bytes = row.response
    return stored


def keep(call: Call, response: Message) -> None:
    """Store the answer beside the claim, in the same transaction."""
    call.transaction.execute(
        text(
            "UPDATE runtime_requests SET response = :response"
            " WHERE organisation = :organisation AND method = :method AND request_id = :request_id"
        ),
        {
            "organisation": call.caller.organisation,
            "method": call.method,
            "request_id": call.request_id,
            "response": response.SerializeToString(deterministic=True),
        },
    )
