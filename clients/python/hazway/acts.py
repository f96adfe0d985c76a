"""The stated acts: which calls are signed, under what kind, about which subject. Client and server read this one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hazway import keys


@dataclass(frozen=True, slots=True)
class Act:
    """``kind`` is stated in the payload; ``subject(request)`` is the statement's subject, ``thing/<id>``."""

    kind: str
    subject: Callable[[Any], str]


ACTS: Mapping[str, Act] = {
    "hazway.traceability.v1.TraceabilityService/RegisterKey": Act(
        "key.register", lambda request: f"key/{keys.kid_of(request.key.public_key).hex()}"
    ),
    "hazway.traceability.v1.TraceabilityService/RevokeKey": Act(
        "key.revoke", lambda request: f"key/{request.kid.hex()}"
    ),
}
