"""Signed notes (C2SP signed-note): text under signatures of named keys, and the two kinds of signature we use.

Type 1 is Ed25519 over the text. Type 4 is the Ed25519 cosignature/v1 of a witness (C2SP tlog-cosignature): a time in
seconds and a signature over that time and the text. A note is bad when a known key's signature is wrong or when no known
key has signed; signatures of unknown keys are ignored. At most ``MAX_SIGNATURES`` are looked at.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from cryptography.hazmat.primitives.asymmetric import ed25519

from hazway import keys
from hazway.errors import VerificationError, require

ED25519 = 0x01
COSIGNATURE = 0x04
MAX_SIGNATURES = 64
MAX_CHARACTERS = 1 << 20
_STEP = "note"
_SIGNATURE_BYTES = {ED25519: 64, COSIGNATURE: 8 + 64}
_PRIVATE = "PRIVATE+KEY+"
_KEY = re.compile(r"([^+]+)\+([0-9a-fA-F]{8})\+([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name and the type of signature it makes; ``public`` is the 32 bytes of an Ed25519 key."""

    name: str
    type: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.type]) + self.public).digest()[:4]

    @property
    def spki(self) -> bytes:
        return keys.spki_of_ed25519(self.public)

    def __str__(self) -> str:
        """The vkey string."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.type]) + self.public)}"


class Signer:
    """Signs notes under a name; type 1 for a log, type 4 for a witness."""

    def __init__(self, name: str, signer: keys.Signer, type: int = ED25519) -> None:
        _check_name(name)
        require(type in _SIGNATURE_BYTES, _STEP, f"no signature type {type}", f"不支持签名类型 {type}")
        self.verifier = Verifier(name, type, keys.raw_ed25519(signer.spki))
        self.signer = signer

    def line(self, body: str, at: int | None = None) -> str:
        """The signature line for a note's body; a cosignature needs the time ``at``, seconds since 1970."""
        _check_body(body)
        if self.verifier.type == ED25519:
            signature = self.signer.sign(body.encode())
        elif at is None or not 0 <= at < 1 << 63:
            _refuse("a cosignature needs a time", "见证签名需要时间")
        else:
            signature = at.to_bytes(8, "big") + self.signer.sign(_cosigned(at, body))
        return _line(self.verifier.name, self.verifier.key_id + signature)


@dataclass(frozen=True, slots=True)
class Signature:
    """A verified signature; ``at`` is the time a cosignature states, in seconds since 1970."""

    verifier: Verifier
    at: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """A body and those of its signatures that were verified, in the order of their lines."""

    body: str
    signatures: tuple[Signature, ...]


def generate(name: str, type: int = ED25519) -> tuple[str, str]:
    """A fresh key as its private and its public text: (``PRIVATE+KEY+…``, vkey)."""
    secret = keys.generate(keys.ED25519)
    signer = Signer(name, secret, type)
    return private_key(signer), str(signer.verifier)


def private_key(signer: Signer) -> str:
    """The private text of a signer whose key is held in memory."""
    if not isinstance(signer.signer, keys.Ed25519Signer):
        _refuse("the private key is not at hand", "私钥不可导出")
    verifier = signer.verifier
    secret = bytes([verifier.type]) + signer.signer.private_key.private_bytes_raw()
    return f"{_PRIVATE}{verifier.name}+{verifier.key_id.hex()}+{to_base64(secret)}"


def parse_signer(text: str) -> Signer:
    """The signer of a private text."""
    require(text.startswith(_PRIVATE), _STEP, "not a private key text", "不是私钥文本")
    name, key_id, type, secret = _parse_key(text.removeprefix(_PRIVATE))
    found = Signer(name, keys.Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(secret)), type)
    require(found.verifier.key_id == key_id, _STEP, "the key id does not fit the key", "密钥标识不符")
    return found


def parse_verifier(text: str) -> Verifier:
    """The verifier of a vkey text."""
    name, key_id, type, public = _parse_key(text)
    found = Verifier(name, type, public)
    require(found.key_id == key_id, _STEP, "the key id does not fit the key", "密钥标识不符")
    return found


def sign(body: str, signer: Signer | str, at: int | None = None) -> str:
    """The note of ``body`` (which ends in a newline) signed by a ``Signer`` or a private text."""
    by = signer if isinstance(signer, Signer) else parse_signer(signer)
    return f"{body}\n{by.line(body, at)}"


def open(text: str | bytes, verifier_keys: Iterable[str | Verifier]) -> tuple[str, tuple[str, ...]]:
    """The body and the names of the known keys that signed it, each once; the keys are vkey texts or verifiers."""
    note = read(text, verifier_keys)
    return note.body, tuple(dict.fromkeys(signature.verifier.name for signature in note.signatures))


def read(text: str | bytes, verifier_keys: Iterable[str | Verifier]) -> Note:
    """The note with every signature of a known key verified, of which there is at least one."""
    known = _known(verifier_keys)
    body, lines = split(text)
    found = []
    for name, key_id, signature in lines:
        by = known.get((name, key_id))
        if by is not None:
            found.append(_verified(by, body, signature))
    require(bool(found), _STEP, "no signature by a known key", "没有已知密钥的签名")
    return Note(body, tuple(found))


def split(text: str | bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The body, and of each signature line its name, key id and signature; nothing verified."""
    note = _text(text)
    cut = note.rfind("\n\n")
    require(cut >= 0 and note.endswith("\n"), _STEP, "not a signed note", "不是签名便笺")
    body, signatures = note[: cut + 1], note[cut + 2 :]
    lines = signatures.split("\n")[:-1]
    require(0 < len(lines) <= MAX_SIGNATURES, _STEP, "no signatures, or too many", "没有签名或签名过多")
    return body, [_parse_line(line) for line in lines]


def grease() -> str:
    """A signature line of a key that nobody has. Readers must ignore it; adding it keeps them honest about that."""
    return _line(f"grease.invalid/{secrets.token_hex(4)}", secrets.token_bytes(4 + 64))


def _verified(by: Verifier, body: str, signature: bytes) -> Signature:
    right_size = len(signature) == _SIGNATURE_BYTES[by.type]
    require(right_size, _STEP, f"the signature of {by.name} has a wrong size", f"{by.name} 的签名长度错误")
    at = None
    message = body.encode()
    if by.type == COSIGNATURE:
        at = int.from_bytes(signature[:8], "big")
        require(at < 1 << 63, _STEP, "a cosignature's time is out of range", "见证时间超出范围")
        message, signature = _cosigned(at, body), signature[8:]
    try:
        keys.verify(by.spki, keys.ED25519, message, signature)
    except VerificationError:
        _refuse(f"the signature of {by.name} is wrong", f"{by.name} 的签名验证失败")
    return Signature(by, at)


def _cosigned(at: int, body: str) -> bytes:
    return f"cosignature/v1\ntime {at}\n{body}".encode()


def _known(verifier_keys: Iterable[str | Verifier]) -> dict[tuple[str, bytes], Verifier]:
    if isinstance(verifier_keys, str | bytes):
        _refuse("a list of keys is needed", "需要密钥列表")
    known: dict[tuple[str, bytes], Verifier] = {}
    for key in verifier_keys:
        one = key if isinstance(key, Verifier) else parse_verifier(key)
        if known.setdefault((one.name, one.key_id), one) != one:
            _refuse("two keys share a name and id", "两个密钥的名称和标识相同")
    return known


def _parse_key(text: object) -> tuple[str, bytes, int, bytes]:
    match = _KEY.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        _refuse("the key text is malformed", "密钥文本格式错误")
    name, key_id, encoded = match.groups()
    _check_name(name)
    decoded = from_base64(encoded, _STEP)
    require(len(decoded) == 33 and decoded[0] in _SIGNATURE_BYTES, _STEP, "unknown kind of key", "未知的密钥类型")
    return name, bytes.fromhex(key_id), decoded[0], decoded[1:]


def _parse_line(line: str) -> tuple[str, bytes, bytes]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—":
        _refuse("a signature line is malformed", "签名行格式错误")
    _check_name(parts[1])
    signature = from_base64(parts[2], _STEP)
    require(len(signature) > 4, _STEP, "a signature is too short", "签名过短")
    return parts[1], signature[:4], signature[4:]


def _text(text: object) -> str:
    try:
        note = text.decode("utf-8") if isinstance(text, bytes) else text
        if not isinstance(note, str):
            _refuse("a note is text", "便笺必须是文本")
        note.encode("utf-8")
    except UnicodeError:
        _refuse("not UTF-8", "不是 UTF-8")
    require(len(note) <= MAX_CHARACTERS, _STEP, "the note is too long", "便笺过长")
    require(not _has_control(note), _STEP, "a control character", "含控制字符")
    return note


def _check_body(body: str) -> None:
    require(_text(body).endswith("\n"), _STEP, "the text does not end with a newline", "文本未以换行结尾")


def _check_name(name: str) -> None:
    good = name != "" and "+" not in name and not any(character.isspace() for character in name)
    require(good and not _has_control(name), _STEP, "the key name is malformed", "密钥名称格式错误")


def _has_control(text: str) -> bool:
    return any(character < " " and character != "\n" for character in text)


def _line(name: str, signature: bytes) -> str:
    return f"— {name} {to_base64(signature)}\n"


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str, step: str) -> bytes:
    """The bytes of which ``text`` is the one standard base64 encoding."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise VerificationError(step, "not base64", "不是 base64") from None
    require(to_base64(data) == text, step, "not the one base64 encoding", "base64 编码不规范")
    return data


def _refuse(problem: str, problem_zh: str) -> NoReturn:
    raise VerificationError(_STEP, problem, problem_zh)
