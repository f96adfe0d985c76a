"""An author's statement: one organisation says one thing about one subject, signed with its own key, also offline.

It is a COSE_Sign1 whose protected header names issuer, subject and time as CWT claims (1 iss, 2 sub, 6 iat in seconds),
and whose payload is the deterministic CBOR map of ``v``, ``kind``, ``request_id``, ``body``, ``text_sha256`` (of the
Chinese text the signer saw), ``salt`` (so that nobody can guess the body from its digest) and ``custodial`` (the key was
kept by a custodian, not by the signer).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hazway import cbor, cose, keys, wording
from hazway.errors import VerificationError, require

CONTENT_TYPE = "application/hazway-statement+cbor"
SALT_BYTES = 16
MAX_BYTES = cbor.MAX_BYTES
_STEP = "statement"
_SUBJECT = re.compile(r"[a-z][a-z0-9_-]{0,31}/[A-Za-z0-9._:-]{1,128}")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}(\.[a-z][a-z0-9_]{0,31}){1,3}")
_ISSUER = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "v": int,
    "kind": str,
    "request_id": str,
    "body": dict,
    "text_sha256": bytes,
    "salt": bytes,
    "custodial": bool,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What a statement says. From ``open``, all of it verified against the key; ``digest`` is SHA-256 of the whole bytes."""

    issuer: str
    subject: str
    kind: str
    request_id: str
    body: dict[Any, Any]
    issued_at: datetime
    text_sha256: bytes
    salt: bytes
    custodial: bool
    kid: bytes
    digest: bytes

    @property
    def text(self) -> str | None:
        """The Chinese text the signer saw, when some edition of the wording gives the text that was signed."""
        return wording.find(self.kind, self.body, self.text_sha256)


def make(
    signer: keys.Signer,
    *,
    issuer: str,
    subject: str,
    kind: str,
    request_id: str,
    body: Mapping[Any, Any],
    issued_at: datetime,
    custodial: bool = False,
    salt: bytes | None = None,
) -> bytes:
    """The signed statement. ``subject`` is ``kind-of-thing/id``; ``kind`` is ``thing.act``; ``issued_at`` must be aware."""
    made = draft(
        signer.alg, signer.kid, issuer=issuer, subject=subject, kind=kind, request_id=request_id, body=body,
        issued_at=issued_at, custodial=custodial, salt=salt,
    )  # fmt: skip
    return made.signed(signer.sign(made.to_be_signed))


def draft(
    alg: int,
    kid: bytes,
    *,
    issuer: str,
    subject: str,
    kind: str,
    request_id: str,
    body: Mapping[Any, Any],
    issued_at: datetime,
    custodial: bool = False,
    salt: bytes | None = None,
) -> cose.Draft:
    """The same without its signature, for a key that is kept elsewhere."""
    require(issued_at.tzinfo is not None, _STEP, "the time has no zone", "时间缺少时区")
    payload = {
        "v": 1,
        "kind": kind,
        "request_id": request_id,
        "body": dict(body),
        "text_sha256": wording.digest(kind, body),
        "salt": secrets.token_bytes(SALT_BYTES) if salt is None else salt,
        "custodial": custodial,
    }
    claims = {cose.ISS: issuer, cose.SUB: subject, cose.IAT: int(issued_at.timestamp())}
    header = {cose.CONTENT_TYPE: CONTENT_TYPE, cose.CWT_CLAIMS: claims}
    made = cose.draft(alg, kid, header, cbor.dumps(payload))
    parse_unverified(made.signed(bytes(64)))
    return made


def open(data: bytes, spki: bytes) -> Statement:
    """The statement, verified to be signed by the key of ``spki``. Whose key that is, is for the caller to know."""
    return open_by(data, lambda _kid: spki)


def open_by(data: bytes, spki_of: Callable[[bytes], bytes]) -> Statement:
    """The statement, verified to be signed by the key that ``spki_of`` gives for the ``kid`` it names."""
    sign1 = cose.parse(data, max_bytes=MAX_BYTES)
    found = _read(data, sign1)
    cose.verify(sign1, spki_of(found.kid))
    return found


def parse_unverified(data: bytes) -> Statement:
    """What the bytes claim to say, well formed but by anybody: only good for finding out which key to verify with."""
    return _read(data, cose.parse(data, max_bytes=MAX_BYTES))


def digest(data: bytes) -> bytes:
    """What a registration names the statement by."""
    return hashlib.sha256(data).digest()


def check_subject(subject: str) -> None:
    """Raise ``VerificationError`` unless ``subject`` is like ``waybill/<id>``."""
    require(_SUBJECT.fullmatch(subject) is not None, _STEP, "the subject is malformed", "主题格式错误")


def _read(data: bytes, sign1: cose.Sign1) -> Statement:
    header_keys = {cose.ALG, cose.CONTENT_TYPE, cose.KID, cose.CWT_CLAIMS}
    require(sign1.protected.keys() == header_keys, _STEP, "unexpected header", "受保护头字段不符")
    require(sign1.protected[cose.CONTENT_TYPE] == CONTENT_TYPE, _STEP, "not a statement", "不是声明")
    require(not sign1.unprotected, _STEP, "unprotected header fields", "存在未受保护的头字段")
    if sign1.payload is None:
        raise VerificationError(_STEP, "no payload", "缺少载荷")
    claims = sign1.claims(cose.ISS, cose.SUB, cose.IAT)
    fields = cbor.shape(cbor.loads(sign1.payload), _FIELDS, _STEP)
    require(fields["v"] == 1, _STEP, "not version 1", "版本不是 1")
    check_subject(claims[cose.SUB])
    require(_ISSUER.fullmatch(claims[cose.ISS]) is not None, _STEP, "the issuer is malformed", "签发方格式错误")
    require(_KIND.fullmatch(fields["kind"]) is not None, _STEP, "the kind is malformed", "类型格式错误")
    well_named = _REQUEST_ID.fullmatch(fields["request_id"]) is not None
    require(well_named, _STEP, "the request id is malformed", "请求标识格式错误")
    require(len(fields["text_sha256"]) == 32, _STEP, "the text digest is not 32 bytes", "文本摘要不是 32 字节")
    require(len(fields["salt"]) == SALT_BYTES, _STEP, "the salt is not 16 bytes", "盐值不是 16 字节")
    in_range = 0 <= claims[cose.IAT] < 1 << 35
    require(in_range, _STEP, "the time is out of range", "时间超出范围")
    return Statement(
        issuer=claims[cose.ISS],
        subject=claims[cose.SUB],
        kind=fields["kind"],
        request_id=fields["request_id"],
        body=fields["body"],
        issued_at=datetime.fromtimestamp(claims[cose.IAT], UTC),
        text_sha256=fields["text_sha256"],
        salt=fields["salt"],
        custodial=fields["custodial"],
        kid=sign1.kid,
        digest=digest(data),
    )
