"""COSE_Sign1 (RFC 9052 section 4.2), tagged 18, in deterministic CBOR, with everything that matters in the protected header."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hazway import cbor, keys
from hazway.errors import VerificationError, require

ALG, CONTENT_TYPE, KID, CWT_CLAIMS = 1, 3, 4, 15
ISS, SUB, IAT = 1, 2, 6
_TAG_18 = b"\xd2"
_STEP = "cose"
_SIGNATURE_BYTES = 64  # of EdDSA and of ES256 alike


@dataclass(frozen=True, slots=True)
class Sign1:
    """The parts of a COSE_Sign1 as read; nothing in it is verified."""

    protected_bytes: bytes
    protected: dict[Any, Any]
    unprotected: dict[Any, Any]
    payload: bytes | None
    signature: bytes

    @property
    def kid(self) -> bytes:
        kid = self.protected.get(KID)
        if type(kid) is not bytes or len(kid) != 32:
            raise VerificationError(_STEP, "no key id of 32 bytes", "缺少 32 字节的密钥标识")
        return kid

    def claims(self, *names: int) -> dict[Any, Any]:
        """The CWT claims, which must be exactly those named; ``IAT`` an integer, the others text."""
        fields: dict[int, type | tuple[type, ...]] = {name: int if name == IAT else str for name in names}
        return cbor.shape(self.protected.get(CWT_CLAIMS), fields, _STEP)


def sign(
    signer: keys.Signer,
    protected: dict[Any, Any],
    payload: bytes,
    *,
    unprotected: dict[Any, Any] | None = None,
    detached: bool = False,
) -> bytes:
    """A COSE_Sign1 over ``payload``; ``alg`` and ``kid`` are added to the protected header. Detached: payload left out."""
    header = cbor.dumps({**protected, ALG: signer.alg, KID: signer.kid})
    signature = signer.sign(_signed_bytes(header, payload))
    return _TAG_18 + cbor.dumps([header, unprotected or {}, None if detached else payload, signature])


@dataclass(frozen=True, slots=True)
class Draft:
    """A COSE_Sign1 without its signature, which is 64 bytes over ``to_be_signed``; ``prefix`` and the signature are the whole."""

    to_be_signed: bytes
    prefix: bytes

    def signed(self, signature: bytes) -> bytes:
        require(len(signature) == _SIGNATURE_BYTES, _STEP, "no signature of 64 bytes", "签名不是 64 字节")
        return self.prefix + signature


def draft(alg: int, kid: bytes, protected: dict[Any, Any], payload: bytes) -> Draft:
    """For whoever signs elsewhere: what ``sign`` would sign with the key of this name, and what it would put before it."""
    header = cbor.dumps({**protected, ALG: alg, KID: kid})
    whole = _TAG_18 + cbor.dumps([header, {}, payload, bytes(_SIGNATURE_BYTES)])
    return Draft(_signed_bytes(header, payload), whole[:-_SIGNATURE_BYTES])


def encode(sign1: Sign1, unprotected: dict[Any, Any]) -> bytes:
    """The same COSE_Sign1 with these unprotected fields, which no signature covers."""
    return _TAG_18 + cbor.dumps([sign1.protected_bytes, unprotected, sign1.payload, sign1.signature])


def parse(data: bytes, *, max_bytes: int = cbor.MAX_BYTES) -> Sign1:
    """The parts, strictly read and not verified."""
    tagged = type(data) is bytes and data[:1] == _TAG_18
    require(tagged, _STEP, "not a tagged COSE_Sign1", "不是带标签的 COSE_Sign1")
    parts = cbor.loads(data[1:], max_bytes=max_bytes)
    if type(parts) is not list or len(parts) != 4:
        raise VerificationError(_STEP, "not four parts", "不是四个部分")
    header, unprotected, payload, signature = parts
    types_right = type(header) is bytes and type(unprotected) is dict and type(signature) is bytes
    require(types_right and type(payload) in (bytes, type(None)), _STEP, "a part has the wrong type", "部分类型错误")
    protected = cbor.loads(header)
    require(type(protected) is dict, _STEP, "the protected header is no map", "受保护头不是映射")
    return Sign1(header, protected, unprotected, payload, signature)


def verify(sign1: Sign1, spki: bytes, *, detached_payload: bytes | None = None) -> bytes:
    """The payload, once the signature over it is verified with the key, its ``kid`` and algorithm being those stated.

    A detached payload is given by the caller; one that is both attached and given is refused.
    """
    payload = sign1.payload if detached_payload is None else detached_payload
    if payload is None or (detached_payload is not None and sign1.payload is not None):
        raise VerificationError(_STEP, "payload missing, or there twice", "缺少载荷或载荷重复")
    require(sign1.kid == keys.kid_of(spki), _STEP, "signed by another key", "由其他密钥签名")
    alg = sign1.protected.get(ALG)
    if type(alg) is not int:
        raise VerificationError(_STEP, "no algorithm", "缺少算法")
    keys.verify(spki, alg, _signed_bytes(sign1.protected_bytes, payload), sign1.signature)
    return payload


def _signed_bytes(header: bytes, payload: bytes) -> bytes:
    return cbor.dumps(["Signature1", header, b"", payload])
