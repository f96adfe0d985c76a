"""Tokens for people who have no certificate in their browser."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hazway.registry.v1 import registry_pb2 as pb
from services.errors import Finding, Refusal, refuse
from services.errors.common import NOT_FOUND
from services.registry import standing
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.tokens import Tokens
from services.runtime.wire import text_of


def issue_token(call: Call, request: Any) -> pb.IssueTokenResponse:
    """For a person who works for the caller's organisation now; a person asks for nobody else.

    A token runs by the world's clock, as certificates do, also where the injected clock shows another time.
    """
    may = call.caller.person in ("", request.person_id)
    call.allow((Relation.OWN,) if may else (), subject=f"person/{request.person_id}")
    refuse(text_of(request.person_id, "person_id", required=True))
    if standing.identify(call.transaction, call.caller.organisation, request.person_id, call.now) is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="person_id"),))
    token, ends = Tokens(call.settings.home / "keys" / "tokens.key").issue(
        call.caller.organisation, request.person_id, datetime.now(UTC)
    )
    response = pb.IssueTokenResponse(token=token)
    response.expires_at.FromDatetime(ends)
    return response
