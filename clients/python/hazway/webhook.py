"""What a receiver of events checks: that the server sent these bytes, and sent them now.

The header ``Hazway-Signature`` reads ``t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">``. The same event may be sent
again: ``Hazway-Delivery`` is its name.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from hazway.errors import VerificationError

HEADER, DELIVERY, EVENT = "Hazway-Signature", "Hazway-Delivery", "Hazway-Event"
TOLERANCE_S = 300


def sign(secret: str, body: bytes, at: datetime) -> str:
    """The header's value for a body sent at that time."""
    seconds = int(at.timestamp())
    return f"t={seconds},v1={_digest(secret, seconds, body)}"


def check(secret: str, header: str, body: bytes, now: datetime, *, tolerance_s: int = TOLERANCE_S) -> None:
    """Raises ``VerificationError`` unless the body was signed with the secret within the tolerance of ``now``."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    stated, digest = parts.get("t", ""), parts.get("v1", "")
    if not (stated.isascii() and stated.isdigit() and len(stated) <= 12):
        raise VerificationError("webhook", "the signature header cannot be read", "签名头无法解析")
    if not hmac.compare_digest(_digest(secret, int(stated), body).encode(), digest.encode()):
        raise VerificationError("webhook", "the signature does not fit", "签名不符")
    if abs(now.timestamp() - int(stated)) > tolerance_s:
        raise VerificationError("webhook", "it was signed too long ago", "签名已过时")


def _digest(secret: str, seconds: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
