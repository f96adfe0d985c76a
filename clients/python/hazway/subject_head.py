"""A signed subject head: the log says which registration of a subject is the last one, as of a size of its tree.

Together with the registrations 1..seq it proves that nothing about the subject was left out up to that size. It is a
COSE_Sign1 by the log's key; a head of ``seq`` 0 says that the log holds nothing about the subject.
"""

from __future__ import annotations

from dataclasses import dataclass

from hazway import cbor, cose, keys
from hazway.errors import VerificationError, require

CONTENT_TYPE = "application/hazway-subject-head+cbor"
_STEP = "subject head"
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "v": int,
    "seq": int,
    "digest": (bytes, type(None)),
    "size": int,
    "at": int,
}


@dataclass(frozen=True, slots=True)
class SubjectHead:
    """``digest`` is that of registration ``seq``; ``size`` the log's size at the time ``at``, nanoseconds since 1970."""

    origin: str
    subject: str
    seq: int
    digest: bytes | None
    size: int
    at: int


def make(signer: keys.Signer, head: SubjectHead) -> bytes:
    """The head signed with the log's key."""
    _check(head)
    claims = {cose.ISS: head.origin, cose.SUB: head.subject}
    payload = {"v": 1, "seq": head.seq, "digest": head.digest, "size": head.size, "at": head.at}
    return cose.sign(signer, {cose.CONTENT_TYPE: CONTENT_TYPE, cose.CWT_CLAIMS: claims}, cbor.dumps(payload))


def verify(data: bytes, log_spki: bytes, origin: str) -> SubjectHead:
    """The head, verified to be signed by the log's key for this log."""
    sign1 = cose.parse(data)
    header_keys = {cose.ALG, cose.CONTENT_TYPE, cose.KID, cose.CWT_CLAIMS}
    require(sign1.protected.keys() == header_keys, _STEP, "unexpected header", "受保护头字段不符")
    require(sign1.protected[cose.CONTENT_TYPE] == CONTENT_TYPE, _STEP, "not a subject head", "不是主题头")
    require(not sign1.unprotected, _STEP, "unprotected header fields", "存在未受保护的头字段")
    claims = sign1.claims(cose.ISS, cose.SUB)
    require(claims[cose.ISS] == origin, _STEP, "a head of another log", "主题头属于其他日志")
    fields = cbor.shape(cbor.loads(cose.verify(sign1, log_spki)), _FIELDS, _STEP)
    require(fields.pop("v") == 1, _STEP, "not version 1", "版本不是 1")
    head = SubjectHead(origin, claims[cose.SUB], **fields)
    _check(head)
    return head


def _check(head: SubjectHead) -> None:
    require(0 <= head.seq <= head.size < 1 << 63, _STEP, "seq and size do not fit", "seq 与日志大小不符")
    if (head.digest is None) != (head.seq == 0) or (head.digest is not None and len(head.digest) != 32):
        raise VerificationError(_STEP, "the digest does not fit seq", "摘要与 seq 不符")
    require(0 <= head.at < 1 << 63, _STEP, "the time is out of range", "时间超出范围")
