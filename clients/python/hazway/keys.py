"""Signing keys: what signs, what verifies, and how a private key is kept.

A key is known by its SubjectPublicKeyInfo in DER (``spki``) and named by ``kid``, the SHA-256 of that. Algorithms carry
their COSE numbers. Another algorithm (SM2, say) is one more class with the four members of ``Signer`` and one more line
in ``_VERIFIERS``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hazway.errors import VerificationError, require

ED25519 = -8  # COSE EdDSA (RFC 9053 section 2.2), here always over Ed25519
ES256 = -7  # COSE ECDSA with SHA-256 (RFC 9053 section 2.1), here always over P-256, signature r || s
_HALF = 32  # bytes of r, of s, and of an Ed25519 public key
_SEALED = b"\x01"
_NONCE_BYTES = 12

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey


class Signer(Protocol):
    """Whatever holds a private key: in memory, in a file, in a card."""

    @property
    def alg(self) -> int:
        """The COSE algorithm number."""

    @property
    def kid(self) -> bytes:
        """SHA-256 of ``spki``."""

    @property
    def spki(self) -> bytes:
        """The public key, SubjectPublicKeyInfo in DER."""

    def sign(self, message: bytes) -> bytes:
        """The signature over the whole message, in the form COSE carries."""


class Ed25519Signer:
    """Signs with Ed25519 (RFC 8032)."""

    alg = ED25519

    def __init__(self, private_key: ed25519.Ed25519PrivateKey) -> None:
        self.private_key = private_key
        self.spki = spki_of(private_key.public_key())
        self.kid = kid_of(self.spki)

    def sign(self, message: bytes) -> bytes:
        return self.private_key.sign(message)


class Es256Signer:
    """Signs with ECDSA over P-256 and SHA-256."""

    alg = ES256

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        self.private_key = private_key
        self.spki = spki_of(private_key.public_key())
        self.kid = kid_of(self.spki)

    def sign(self, message: bytes) -> bytes:
        r, s = utils.decode_dss_signature(self.private_key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


MemorySigner = Ed25519Signer | Es256Signer


def generate(alg: int = ED25519) -> MemorySigner:
    """A fresh key."""
    if alg == ED25519:
        return Ed25519Signer(ed25519.Ed25519PrivateKey.generate())
    require(alg == ES256, "key", f"no algorithm {alg}", f"不支持算法 {alg}")
    return Es256Signer(ec.generate_private_key(ec.SECP256R1()))


def spki_of(public_key: PublicKey) -> bytes:
    return public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def kid_of(spki: bytes) -> bytes:
    return hashlib.sha256(spki).digest()


def spki_of_ed25519(raw: bytes) -> bytes:
    """The SPKI of an Ed25519 public key given as its 32 bytes."""
    require(type(raw) is bytes and len(raw) == _HALF, "key", "not 32 bytes", "不是 32 字节")
    return spki_of(ed25519.Ed25519PublicKey.from_public_bytes(raw))


def raw_ed25519(spki: bytes) -> bytes:
    """The 32 bytes of an Ed25519 public key; refuses any other kind of key."""
    key = _loaded(spki)
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise VerificationError("key", "not an Ed25519 key", "不是 Ed25519 密钥")
    return key.public_bytes_raw()


def alg_of(spki: bytes) -> int:
    """The algorithm that this public key verifies; refuses keys of a kind we do not use, or written unusually."""
    return ED25519 if isinstance(_loaded(spki), ed25519.Ed25519PublicKey) else ES256


def verify(spki: bytes, alg: int, message: bytes, signature: bytes) -> None:
    """Raise ``VerificationError`` unless ``signature`` over ``message`` was made with ``alg`` by the key of ``spki``."""
    key = _loaded(spki)
    require(alg == alg_of(spki), "signature", "the key is for another algorithm", "密钥与算法不符")
    right_size = type(signature) is bytes and len(signature) == 2 * _HALF
    require(right_size, "signature", "the signature is not 64 bytes", "签名不是 64 字节")
    try:
        _VERIFIERS[alg](key, message, signature)
    except InvalidSignature:
        raise VerificationError("signature", "the signature is wrong", "签名验证失败") from None


def to_pem(signer: MemorySigner, password: bytes | None = None) -> bytes:
    """The private key as PKCS#8 PEM, encrypted when a password is given."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    return signer.private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def from_pem(pem: bytes, password: bytes | None = None) -> MemorySigner:
    """The signer whose private key ``to_pem`` wrote."""
    try:
        return signer_of(serialization.load_pem_private_key(pem, password))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise VerificationError("key", "not a readable private key", "无法读取私钥") from error


def public_pem(spki: bytes) -> bytes:
    return _loaded(spki).public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def spki_from_pem(pem: bytes) -> bytes:
    """The public key in a PEM file, as SPKI."""
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise VerificationError("key", "not a readable public key", "无法读取公钥") from error
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    _loaded(spki)
    return spki


def signer_of(private_key: object) -> MemorySigner:
    """The signer for a private key of the ``cryptography`` library."""
    if isinstance(private_key, ed25519.Ed25519PrivateKey):
        return Ed25519Signer(private_key)
    if isinstance(private_key, ec.EllipticCurvePrivateKey) and isinstance(private_key.curve, ec.SECP256R1):
        return Es256Signer(private_key)
    raise VerificationError("key", "neither Ed25519 nor P-256", "既非 Ed25519 也非 P-256 密钥")


def seal(signer: MemorySigner, sealing_key: bytes, context: bytes) -> bytes:
    """The private key encrypted by AES-256-GCM under ``sealing_key`` (32 bytes), to be stored by a custodian.

    ``context`` says whose key it is; unsealing for anybody else fails.
    """
    plain = signer.private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    nonce = os.urandom(_NONCE_BYTES)
    return _SEALED + nonce + _aead(sealing_key).encrypt(nonce, plain, _SEALED + context)


def unseal(sealed: bytes, sealing_key: bytes, context: bytes) -> MemorySigner:
    """The signer that ``seal`` was given, with the same sealing key and context."""
    require(sealed[:1] == _SEALED, "unseal", "not a sealed key", "不是封存的密钥")
    nonce, cipher = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        plain = _aead(sealing_key).decrypt(nonce, cipher, _SEALED + context)
    except (InvalidTag, ValueError):
        raise VerificationError("unseal", "sealed under another key or for another", "封存密钥或归属不符") from None
    return signer_of(serialization.load_der_private_key(plain, None))


def _aead(sealing_key: bytes) -> AESGCM:
    require(len(sealing_key) == 32, "unseal", "the sealing key is not 32 bytes", "封存密钥不是 32 字节")
    return AESGCM(sealing_key)


@lru_cache(maxsize=4096)
def _loaded(spki: bytes) -> PublicKey:
    """The key of an SPKI that is of a kind we use and written the one usual way, so that a key has one ``kid``."""
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise VerificationError("key", "not a readable public key", "无法读取公钥") from None
    usable = isinstance(key, ed25519.Ed25519PublicKey) or (
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    )
    if not usable or not isinstance(key, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey):
        raise VerificationError("key", "neither Ed25519 nor P-256", "既非 Ed25519 也非 P-256 密钥")
    require(spki_of(key) == spki, "key", "the key is written unusually", "公钥编码不规范")
    return key


def _verify_ed25519(key: PublicKey, message: bytes, signature: bytes) -> None:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key.verify(signature, message)
    raise InvalidSignature


def _verify_es256(key: PublicKey, message: bytes, signature: bytes) -> None:
    if isinstance(key, ec.EllipticCurvePublicKey):
        r, s = int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big")
        return key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    raise InvalidSignature


_VERIFIERS: dict[int, Callable[[PublicKey, bytes, bytes], None]] = {ED25519: _verify_ed25519, ES256: _verify_es256}
