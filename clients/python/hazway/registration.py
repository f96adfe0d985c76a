"""A registration: what the log did with one statement. Its SHA-256 digest is the entry of the log.

The registrations of one subject form a chain, ``seq`` 1, 2, 3, … and ``prev`` the digest of the one before, so that
whoever holds them all and knows the last knows that none is missing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from hazway import cbor
from hazway.errors import VerificationError, require

_STEP = "registration"
_NOTHING = type(None)
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "v": int,
    "origin": str,
    "statement": bytes,
    "subject": str,
    "seq": int,
    "prev": (bytes, _NOTHING),
    "number": (str, _NOTHING),
    "decision": dict,
    "at": int,
}


@dataclass(frozen=True, slots=True)
class Registration:
    """``at`` is nanoseconds since 1970; ``statement`` and ``prev`` are SHA-256 digests; ``number`` the legal number given.

    ``decision`` names what was decided and the versions of the facts and rules it rests on.
    """

    origin: str
    statement: bytes
    subject: str
    seq: int
    prev: bytes | None
    number: str | None
    decision: dict[Any, Any]
    at: int

    def encode(self) -> bytes:
        _check(self)
        return cbor.dumps(
            {
                "v": 1,
                "origin": self.origin,
                "statement": self.statement,
                "subject": self.subject,
                "seq": self.seq,
                "prev": self.prev,
                "number": self.number,
                "decision": self.decision,
                "at": self.at,
            }
        )

    def digest(self) -> bytes:
        """The log's entry for this registration."""
        return digest(self.encode())


def digest(encoded: bytes) -> bytes:
    """The log's entry for a registration as encoded."""
    return hashlib.sha256(encoded).digest()


def decode(encoded: bytes) -> Registration:
    """The registration, strictly read. Says nothing about whether it is in a log."""
    fields = cbor.shape(cbor.loads(encoded), _FIELDS, _STEP)
    require(fields.pop("v") == 1, _STEP, "not version 1", "版本不是 1")
    registration = Registration(**fields)
    _check(registration)
    return registration


def _check(registration: Registration) -> None:
    digests = [registration.statement] + ([] if registration.prev is None else [registration.prev])
    if any(type(value) is not bytes or len(value) != 32 for value in digests):
        raise VerificationError(_STEP, "a digest is not 32 bytes", "摘要不是 32 字节")
    require(0 < registration.seq < 1 << 63, _STEP, "seq is not 1 or more", "seq 不是正整数")
    first = registration.seq == 1
    require(
        first == (registration.prev is None), _STEP, "prev is missing, or there on the first", "prev 缺失或首条多出"
    )
    require(0 <= registration.at < 1 << 63, _STEP, "the time is out of range", "时间超出范围")
