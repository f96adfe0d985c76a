"""A receipt (RFC 9942, verifiable data structure 1 = RFC9162_SHA256): the log's signature over a root, with a path to it.

The entry is the 32-byte digest of a registration, so the leaf hash is SHA-256(0x00 || digest). The log's origin stands in
the protected issuer claim: a receipt of another log is refused. A tree of one leaf has the empty path.

RFC 9942 leaves size and index unprotected, and a root does not give them away: entry 4 of 5 could be passed off as entry
2 of 3. So the size stands in the protected header too, under a label for private use; with the size, the path fixes the
index. Readers that know only the RFC pass over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hazway import cbor, cose, keys, proof
from hazway.errors import VerificationError, require

_VDS, _VDP = 395, 396
_TREE_SIZE = -65537  # private use (RFC 9052 section 11.1: below -65536)
_RFC9162_SHA256 = 1
_INCLUSION = -1
_STEP = "receipt"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt proved: the entry is number ``index`` of the log of ``size`` entries with this root."""

    origin: str
    index: int
    size: int
    path: tuple[bytes, ...]
    root: bytes


def make(signer: keys.Signer, *, origin: str, digest: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The receipt for the entry ``digest``, signed with the log's key over the root its path leads to."""
    root = proof.root_by_inclusion(proof.leaf_hash(digest), index, size, path)
    return Batch(signer, origin=origin, size=size, root=root).receipt(digest, index, path)


class Batch:
    """Receipts for entries of one tree: what is signed (size and root) is the same for all of them, so it is signed once."""

    def __init__(self, signer: keys.Signer, *, origin: str, size: int, root: bytes) -> None:
        self._size, self._root = size, root
        header = {_VDS: _RFC9162_SHA256, cose.CWT_CLAIMS: {cose.ISS: origin}, _TREE_SIZE: size}
        self._signed = cose.parse(cose.sign(signer, header, root, detached=True))

    def receipt(self, digest: bytes, index: int, path: Sequence[bytes]) -> bytes:
        """The receipt for the entry ``digest``, its path verified first."""
        proof.verify_inclusion(proof.leaf_hash(digest), index, self._size, path, self._root)
        inclusion = cbor.dumps([self._size, index, list(path)])
        return cose.encode(self._signed, {_VDP: {_INCLUSION: [inclusion]}})


def verify(data: bytes, digest: bytes, log_spki: bytes, origin: str) -> Receipt:
    """What the receipt proves about the entry ``digest``, once everything in it holds for this log."""
    if type(digest) is not bytes or len(digest) != 32:
        raise VerificationError(_STEP, "the digest is not 32 bytes", "摘要不是 32 字节")
    sign1 = cose.parse(data)
    header_keys = {cose.ALG, cose.KID, cose.CWT_CLAIMS, _VDS, _TREE_SIZE}
    require(sign1.protected.keys() == header_keys, _STEP, "unexpected header", "受保护头字段不符")
    is_tree = type(sign1.protected[_VDS]) is int and sign1.protected[_VDS] == _RFC9162_SHA256
    require(is_tree, _STEP, "not a receipt of an RFC 9162 tree", "不是 RFC 9162 树的回执")
    require(sign1.claims(cose.ISS)[cose.ISS] == origin, _STEP, "a receipt of another log", "回执属于其他日志")
    size, index, path = _inclusion(sign1)
    stated = sign1.protected[_TREE_SIZE]
    require(type(stated) is int and stated == size, _STEP, "the size is not the one signed", "大小与所签不符")
    root = proof.root_by_inclusion(proof.leaf_hash(digest), index, size, path)
    cose.verify(sign1, log_spki, detached_payload=root)
    return Receipt(origin, index, size, tuple(path), root)


def _inclusion(sign1: cose.Sign1) -> tuple[int, int, list[bytes]]:
    proofs = cbor.shape(sign1.unprotected, {_VDP: dict}, _STEP)[_VDP]
    inclusions = cbor.shape(proofs, {_INCLUSION: list}, _STEP)[_INCLUSION]
    one = len(inclusions) == 1 and type(inclusions[0]) is bytes
    require(one, _STEP, "not exactly one inclusion proof", "不是恰好一个包含证明")
    parts = cbor.loads(inclusions[0])
    if type(parts) is not list or len(parts) != 3:
        raise VerificationError(_STEP, "the inclusion proof is malformed", "包含证明格式错误")
    size, index, path = parts
    return size, index, path
