"""The roadside code of a waybill: what a QR code says of it, signed, small enough for a phone in poor light.

A CWT (RFC 8392) with integer keys in a COSE_Sign1, deflated (zlib), in base45 after ``HZ1:``. The waybill's own map is
claim ``WAYBILL``. Times are seconds since 1970. The driver is known by his name and the last four characters of his
qualification certificate: no number of the identity card is in the code, nor a hash of one, which could be guessed.
Reading says what is written; whether to believe it is for ``hazway.roadside`` to tell.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hazway import base45, cbor, cose, keys
from hazway.errors import VerificationError, require

PREFIX = "HZ1:"
KID_BYTES = 8
MAX_LIFETIME_S = 72 * 3600
MAX_CHARACTERS = 4296  # what the largest QR code holds in alphanumeric mode
MAX_INFLATED = 8192
ISS, EXP, IAT, CTI, WAYBILL = 1, 4, 6, 7, -70001
_TAG_61 = b"\xd8\x3d"  # a CWT may say that it is one (RFC 8392 section 6)

_CLAIMS: Mapping[int, type] = {ISS: str, EXP: int, IAT: int, CTI: bytes, WAYBILL: dict}
_BYTES_OR_NONE = (bytes, type(None))
_INT_OR_NONE = (int, type(None))
# In the order of ``_FIELDS``: keys 1 to 17 of the waybill's map, and the type of each.
_TYPES: tuple[type | tuple[type, ...], ...] = (
    str, int, str, str, str, str, str, str, str, list, int, str, _BYTES_OR_NONE, _INT_OR_NONE, bytes, int, list,
)  # fmt: skip
_FIELDS = (
    "number", "revision", "state", "tractor", "trailer", "driver", "escort", "origin", "destination", "goods",
    "net_explosive_mass_g", "closed_tunnels", "route", "departure", "record", "status_index", "log",
)  # fmt: skip
_GOODS_TYPES = (str, str, str, str, int, str, int)


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of goods; ``quantity`` is a whole number of ``unit``s."""

    un_number: str
    name: str
    hazard_class: str
    packing_group: str
    quantity: int
    unit: str
    net_explosive_mass_g: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a code says. ``closed_tunnels`` are the letters of the tunnel categories closed to the load.

    ``record`` is the digest of the revision's registration, which is leaf ``leaf`` of the log whose origin hashes to
    ``log_hash``; ``status_index`` is its place in the status list; ``route`` names the planned route by a digest.
    """

    issuer: str
    issued_at: int
    expires_at: int
    revision_id: bytes
    number: str
    revision: int
    state: str
    tractor: str
    trailer: str
    driver: str
    escort: str
    origin: str
    destination: str
    goods: tuple[Goods, ...]
    net_explosive_mass_g: int
    closed_tunnels: str
    route: bytes | None
    departure: int | None
    record: bytes
    status_index: int
    log_hash: bytes
    leaf: int


@dataclass(frozen=True, slots=True)
class Signed:
    """A code as read; its signature is not verified."""

    kid: bytes
    alg: int
    message: bytes
    payload: bytes
    signature: bytes

    def verify(self, spki: bytes) -> None:
        """Raise ``VerificationError`` unless this key signed it, with the algorithm it states."""
        keys.verify(spki, self.alg, self.message, self.signature)


def kid_of(spki: bytes) -> bytes:
    """The eight bytes by which a code names its key; two keys may share them."""
    return keys.kid_of(spki)[:KID_BYTES]


def hash_of_origin(origin: str) -> bytes:
    """The eight bytes by which a code names its log."""
    return hashlib.sha256(origin.encode()).digest()[:8]


def make(content: Content, signer: keys.Signer) -> str:
    """The text of the QR code. Raises ``VerificationError`` for content that no verifier would read."""
    payload = cbor.dumps(_claims(content))
    require(read_content(payload) == content, "content", "cannot be written as a code", "无法写成路检码")
    return PREFIX + base45.encode(zlib.compress(cose.sign(_ShortNamed(signer), {}, payload), 9))


def unprefixed(text: str) -> str:
    require(len(text) <= MAX_CHARACTERS, "prefix", "longer than a QR code", "超过二维码容量")
    require(text.startswith(PREFIX), "prefix", f"does not begin with {PREFIX}", f"不以 {PREFIX} 开头")
    return text.removeprefix(PREFIX)


def inflate(data: bytes) -> bytes:
    """What one whole zlib stream holds, and never more than ``MAX_INFLATED`` bytes of it."""
    reader = zlib.decompressobj()
    try:
        inflated = reader.decompress(data, MAX_INFLATED)
    except zlib.error:
        raise VerificationError("zlib", "not deflated", "不是压缩数据") from None
    require(not reader.unconsumed_tail, "zlib", f"more than {MAX_INFLATED} bytes", f"解压后超过 {MAX_INFLATED} 字节")
    require(reader.eof and not reader.unused_data, "zlib", "cut short, or more behind it", "数据被截断或有多余数据")
    return inflated


def read_signed(data: bytes) -> Signed:
    """The parts of the COSE_Sign1, with or without the tag of a CWT around it.

    The algorithm counts only where the signature covers it; the key id is looked for there first.
    """
    parts = cose.parse(data.removeprefix(_TAG_61), max_bytes=MAX_INFLATED)
    alg, kid = parts.protected.get(cose.ALG), parts.protected.get(cose.KID, parts.unprotected.get(cose.KID))
    if type(alg) is not int:
        raise VerificationError("cose", "no protected algorithm", "受保护头缺少算法")
    if type(kid) is not bytes or len(kid) != KID_BYTES:
        raise VerificationError("cose", "no key id of 8 bytes", "缺少 8 字节的密钥标识")
    if parts.payload is None:
        raise VerificationError("cose", "no payload", "缺少载荷")
    message = cbor.dumps(["Signature1", parts.protected_bytes, b"", parts.payload])
    return Signed(kid, alg, message, parts.payload, parts.signature)


def read_content(payload: bytes) -> Content:
    """What a code says, when every field is there with its type and in its bounds."""
    claims = cbor.shape(cbor.loads(payload, max_bytes=MAX_INFLATED), _CLAIMS, "content")
    fields = cbor.shape(claims[WAYBILL], dict(enumerate(_TYPES, start=1)), "content")
    values = {name: fields[key] for key, name in enumerate(_FIELDS, start=1)}
    log = values.pop("log")
    if [type(each) for each in log] != [bytes, int]:
        raise VerificationError("content", "the place in the log is malformed", "日志位置格式错误")
    values["goods"] = tuple(_goods(line) for line in values["goods"])
    content = Content(
        issuer=claims[ISS], issued_at=claims[IAT], expires_at=claims[EXP], revision_id=claims[CTI], log_hash=log[0],
        leaf=log[1], **values,
    )  # fmt: skip
    _check_bounds(content)
    return content


def _check_bounds(content: Content) -> None:
    lifetime = content.expires_at - content.issued_at
    require(content.issued_at >= 0 and 0 < lifetime <= MAX_LIFETIME_S, "content", "lives too long", "有效期超出上限")
    require(content.expires_at < 1 << 33, "content", "a time is out of range", "时间超出范围")
    sizes = [len(content.revision_id), len(content.record), len(content.log_hash)]
    require(sizes == [16, 32, 8], "content", "a digest has the wrong size", "摘要长度错误")
    numbers = (content.revision, content.status_index, content.leaf, content.net_explosive_mass_g)
    require(min(numbers) >= 0, "content", "a negative number", "含负数")


def _goods(line: object) -> Goods:
    if type(line) is not list or [type(each) for each in line] != list(_GOODS_TYPES):
        raise VerificationError("content", "a line of goods is malformed", "货物信息格式错误")
    return Goods(*line)


def _claims(content: Content) -> dict[int, Any]:
    named = {name: getattr(content, name) for name in _FIELDS if name not in ("goods", "log")}
    named["goods"] = [[getattr(line, name) for name in Goods.__slots__] for line in content.goods]
    named["log"] = [content.log_hash, content.leaf]
    return {
        ISS: content.issuer,
        EXP: content.expires_at,
        IAT: content.issued_at,
        CTI: content.revision_id,
        WAYBILL: {key: named[name] for key, name in enumerate(_FIELDS, start=1)},
    }


class _ShortNamed:
    """A signer known by the first eight bytes of its key id."""

    def __init__(self, signer: keys.Signer) -> None:
        self.alg, self.spki, self.sign = signer.alg, signer.spki, signer.sign
        self.kid = kid_of(signer.spki)
