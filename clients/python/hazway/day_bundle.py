"""The day's bundle: what an inspector's device carries so that it can judge roadside codes without a network.

One COSE_Sign1 by an authority that the device trusts (``hazway.trust``): the keys that sign codes with their validity,
a status list of two bits for each revision of a waybill, the log's newest checkpoint, and when all this was so. Times
are seconds since 1970.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from hazway import cbor, cose, keys, note
from hazway import checkpoint as checkpoints
from hazway.errors import VerificationError, require, within
from hazway.roadside_code import KID_BYTES
from hazway.trust import Trust

FORMAT = "hazway-day-bundle/1"
CONTENT_TYPE = "application/hazway-day-bundle+cbor"
MAX_BYTES = 1 << 24
MAX_STATUSES = 1 << 26
READ, KEY, SIGNATURE, CHECKPOINT = "bundle", "bundle key", "bundle signature", "bundle checkpoint"
ROLLED_BACK = "bundle order"
_PROTECTED: Mapping[int, type] = {cose.ALG: int, cose.CONTENT_TYPE: str, cose.KID: bytes}
_BUNDLE: Mapping[str, type] = {
    "format": str, "origin": str, "generated_at": int, "keys": list, "status": dict, "checkpoint": str,
}  # fmt: skip
_KEY: Mapping[str, type | tuple[type, ...]] = {
    "kid": bytes, "spki": bytes, "issuer": str, "from": int, "to": (int, type(None)),
}  # fmt: skip
_STATUS: Mapping[str, type] = {"first": int, "end": int, "bits": bytes}


class Status(IntEnum):
    """What a status list says of one revision of a waybill."""

    GOOD = 0
    SUPERSEDED = 1
    VOID = 2
    ENDED = 3


@dataclass(frozen=True, slots=True)
class CodeKey:
    """A key that signs codes of ``issuer``; codes signed in [``valid_from``, ``valid_to``) count. ``kid`` is 8 bytes."""

    kid: bytes
    spki: bytes
    issuer: str
    valid_from: int
    valid_to: int | None = None

    def is_valid(self, at: int) -> bool:
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True)
class StatusList:
    """Two bits for each index in [``first``, ``end``), four to a byte, the lowest first."""

    first: int
    end: int
    bits: bytes

    @classmethod
    def of(cls, first: int, end: int, statuses: Mapping[int, Status]) -> StatusList:
        """Indexes that are not in ``statuses`` are GOOD."""
        bits = bytearray(_bytes_of(first, end))
        for index, status in statuses.items():
            byte, place = divmod(index - first, 4)
            bits[byte] |= status << 2 * place
        return cls(first, end, bytes(bits))

    def find(self, index: int) -> Status | None:
        """``None`` for an index the list does not reach."""
        if not self.first <= index < self.end:
            return None
        byte, place = divmod(index - self.first, 4)
        return Status(self.bits[byte] >> 2 * place & 3)


@dataclass(frozen=True, slots=True)
class DayBundle:
    """``checkpoint`` is the signed note as the log and its witnesses wrote it."""

    origin: str
    generated_at: int
    keys: tuple[CodeKey, ...]
    status: StatusList
    checkpoint: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A verified bundle; ``log_size`` is the number of entries its checkpoint vouches for, ``log_root`` their root."""

    bundle: DayBundle
    log_size: int
    log_root: bytes
    witnesses: tuple[str, ...]

    def keys_named(self, kid: bytes) -> tuple[CodeKey, ...]:
        """Every key of that name: eight bytes do not make it the only one."""
        return tuple(key for key in self.bundle.keys if key.kid == kid)


def sign(bundle: DayBundle, signer: keys.Signer) -> bytes:
    """The bytes of the file."""
    data = cose.sign(signer, {cose.CONTENT_TYPE: CONTENT_TYPE}, cbor.dumps(_plain(bundle)))
    require(len(data) <= MAX_BYTES, READ, f"longer than {MAX_BYTES} bytes", f"超过 {MAX_BYTES} 字节")
    return data


def open(data: bytes, trust: Trust) -> Opened:
    """The verified bundle; ``VerificationError`` names the step that failed, one of the four constants.

    1. The file is a COSE_Sign1 of the known type.
    2. It names a key that the trust holds an authority.
    3. That key signed it.
    4. It is one deterministic CBOR map of the known format.
    5. Its checkpoint is signed by a trusted key of the log, and witnessed where the trust asks for it.
    """
    # 1 the file is a COSE_Sign1 of the known type
    with within(READ):
        parts = cose.parse(data, max_bytes=MAX_BYTES)
        protected = cbor.shape(parts.protected, _PROTECTED, "cose")
        require(protected[cose.CONTENT_TYPE] == CONTENT_TYPE, "cose", "not a day's bundle", "不是每日数据包")
    # 2 it names a key that the trust holds an authority
    authority = next((spki for spki in trust.authorities if keys.kid_of(spki) == parts.kid), None)
    if authority is None:
        raise VerificationError(KEY, "signed by nobody we trust", "签发者不在信任名单中")
    # 3 that key signed it
    with within(SIGNATURE):
        payload = cose.verify(parts, authority)
    # 4 it is one deterministic CBOR map of the known format
    with within(READ):
        bundle = _read(payload)
    # 5 its checkpoint is signed by a trusted key of the log, and witnessed where the trust asks for it
    opened = _open_checkpoint(bundle, trust)
    witnesses = tuple(dict.fromkeys(one.verifier.name for one in opened.cosignatures))
    return Opened(bundle, opened.checkpoint.size, opened.checkpoint.root, witnesses)


def follow(before: Opened, after: Opened) -> None:
    """``VerificationError`` ROLLED_BACK unless ``after`` may take the place of ``before``, which the device has.

    An older bundle hides what was voided since; a log that shrank or changed under the same size is not the same log.
    """
    if after.bundle.origin != before.bundle.origin:
        raise VerificationError(ROLLED_BACK, "it is of another log", "属于另一日志")
    if after.bundle.generated_at < before.bundle.generated_at or after.log_size < before.log_size:
        raise VerificationError(ROLLED_BACK, "it is older than the one at hand", "比已有数据包旧")
    if after.log_size == before.log_size and after.log_root != before.log_root:
        raise VerificationError(ROLLED_BACK, "its log differs from the one at hand", "其日志与已有数据包不一致")


def _open_checkpoint(bundle: DayBundle, trust: Trust) -> checkpoints.Opened:
    given = trust.log_keys or (trust.policy.logs if trust.policy else ())
    verifiers = [key if isinstance(key, note.Verifier) else note.parse_verifier(key) for key in given]
    log_keys = [key for key in verifiers if key.name == bundle.origin and key.type == note.ED25519]
    require(bool(log_keys), KEY, "no trusted key of its log", "没有该日志的可信密钥")
    with within(CHECKPOINT):
        opened = checkpoints.open(bundle.checkpoint, log_keys, trust.policy.witnesses.values() if trust.policy else ())
        if trust.policy is not None:
            met = trust.policy.is_met(one.verifier for one in opened.cosignatures)
            require(met, "policy", "too few witnesses", "见证方数量不足")
    return opened


def _plain(bundle: DayBundle) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "origin": bundle.origin,
        "generated_at": bundle.generated_at,
        "keys": [
            {"kid": key.kid, "spki": key.spki, "issuer": key.issuer, "from": key.valid_from, "to": key.valid_to}
            for key in bundle.keys
        ],
        "status": {
            "first": bundle.status.first,
            "end": bundle.status.end,
            "bits": zlib.compress(bundle.status.bits, 9),
        },
        "checkpoint": bundle.checkpoint,
    }


def _read(payload: bytes) -> DayBundle:
    fields = cbor.shape(cbor.loads(payload, max_bytes=MAX_BYTES), _BUNDLE, "format")
    require(fields["format"] == FORMAT, "format", "not a bundle of this format", "不是该格式的数据包")
    require(0 <= fields["generated_at"] < 1 << 33, "format", "a time is out of range", "时间超出范围")
    return DayBundle(
        origin=fields["origin"],
        generated_at=fields["generated_at"],
        keys=tuple(_read_key(each) for each in fields["keys"]),
        status=_read_status(fields["status"]),
        checkpoint=fields["checkpoint"],
    )


def _read_key(value: object) -> CodeKey:
    fields = cbor.shape(value, _KEY, "format")
    require(len(fields["kid"]) == KID_BYTES, "format", "a key id is not 8 bytes", "密钥标识不是 8 字节")
    keys.alg_of(fields["spki"])
    return CodeKey(fields["kid"], fields["spki"], fields["issuer"], fields["from"], fields["to"])


def _read_status(value: object) -> StatusList:
    """Never inflates more than the stated range of indexes takes."""
    fields = cbor.shape(value, _STATUS, "format")
    first, end = fields["first"], fields["end"]
    require(0 <= first <= end <= first + MAX_STATUSES, "format", "the status list is too long", "状态列表过长")
    reader, size = zlib.decompressobj(), _bytes_of(first, end)
    try:
        bits = reader.decompress(fields["bits"], size + 1)
    except zlib.error:
        raise VerificationError("format", "the status list is not deflated", "状态列表不是压缩数据") from None
    whole = reader.eof and not reader.unused_data and len(bits) == size
    require(whole, "format", "the status list has the wrong size", "状态列表长度错误")
    return StatusList(first, end, bits)


def _bytes_of(first: int, end: int) -> int:
    return (end - first + 3) // 4
