"""The Merkle tree of RFC 6962 section 2.1 (= RFC 9162 section 2.1) over SHA-256: roots, proofs, and their verification.

Indexes count from 0. A *leaf hash* is ``leaf_hash(entry)``; the functions here take leaf hashes, not entries.
Every verifying function returns nothing when the proof holds and raises ``VerificationError`` for everything else,
whatever was passed in; the length of a proof is checked before anything is hashed, so work is bounded by 64 hashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from hazway.errors import VerificationError, require

MAX_SIZE = 1 << 63
HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

# Gives the hash of the complete subtree of 2**level leaves that starts at leaf index * 2**level.
HashSource = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root over these leaf hashes in order; that of no leaves is the hash of nothing."""
    try:
        row = list(leaf_hashes)
    except TypeError:
        raise VerificationError("root", "not a list of leaf hashes", "不是叶散列值列表") from None
    for leaf in row:
        _check_hash(leaf, "root", "a leaf hash")
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        # A hash without a neighbour rises as it is: the largest power of two below n always goes to the left.
        odd = row[-1:] if len(row) % 2 else []
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=False)] + odd
    return row[0]


class CompactRange:
    """A growing tree as one hash per set bit of its size: all that appending and the root need."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Resume at ``size`` with the ``hashes`` of its complete subtrees, the largest first."""
        _check_number(size, "compact range", "size")
        _check_hashes(hashes, size.bit_count(), "compact range")
        self.size = size
        self.hashes = list(hashes)

    def append(self, leaf: bytes) -> None:
        _check_hash(leaf, "compact range", "leaf")
        rest = self.size
        while rest & 1:
            leaf = node_hash(self.hashes.pop(), leaf)
            rest >>= 1
        self.hashes.append(leaf)
        self.size += 1

    def root(self, rest: bytes | None = None) -> bytes:
        """The root, or with ``rest`` that of the tree in which a subtree smaller than each of these follows."""
        hashes = self.hashes if rest is None else [*self.hashes, rest]
        if not hashes:
            return EMPTY_ROOT
        root = hashes[-1]
        for left in reversed(hashes[:-1]):
            root = node_hash(left, root)
        return root


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """The leaf is number ``index`` of the tree of ``size`` leaves that has this ``root``."""
    step = "inclusion"
    _check_hash(root, step, "root")
    same = root_by_inclusion(leaf_hash, index, size, proof) == root
    require(same, step, "the path leads to another root", "路径得出的根不同")


def root_by_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that the path implies; proves nothing until somebody has vouched for that root."""
    step = "inclusion"
    _check_number(index, step, "index")
    _check_number(size, step, "size")
    require(index < size, step, "index is not below size", "序号不小于树的大小")
    _check_hash(leaf_hash, step, "leaf hash")
    inner = (index ^ (size - 1)).bit_length()
    _check_hashes(proof, inner + (index >> inner).bit_count(), step)
    result = leaf_hash
    for level, sibling in enumerate(proof[:inner]):
        result = node_hash(sibling, result) if index >> level & 1 else node_hash(result, sibling)
    for sibling in proof[inner:]:
        result = node_hash(sibling, result)
    return result


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """The tree of ``size2`` leaves with ``root2`` starts with the whole tree of ``size1`` leaves with ``root1``."""
    step = "consistency"
    _check_number(size1, step, "size1")
    _check_number(size2, step, "size2")
    require(1 <= size1 <= size2, step, "sizes are not 1 <= size1 <= size2", "大小不满足 1 <= size1 <= size2")
    _check_hash(root1, step, "root1")
    _check_hash(root2, step, "root2")
    if size1 == size2:
        _check_hashes(proof, 0, step)
        require(root1 == root2, step, "one size, two roots", "同一大小出现两个根")
        return
    # The proof climbs from the last complete subtree of the old tree, which is the old root itself when there is one.
    shift = (size1 & -size1).bit_length() - 1
    whole = size1 == 1 << shift
    inner = ((size1 - 1) ^ (size2 - 1)).bit_length()
    border = (size1 - 1 >> inner).bit_count()
    _check_hashes(proof, (0 if whole else 1) + inner - shift + border, step)
    old = new = root1 if whole else proof[0]
    climb = proof if whole else proof[1:]
    position = size1 - 1 >> shift
    for level, sibling in enumerate(climb[: inner - shift]):
        if position >> level & 1:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    for sibling in climb[inner - shift :]:
        old = node_hash(sibling, old)
        new = node_hash(sibling, new)
    require(old == root1, step, "the proof does not lead to the old root", "证明得不出旧根")
    require(new == root2, step, "the proof does not lead to the new root", "证明得不出新根")


def tree_root(size: int, source: HashSource) -> bytes:
    """The root of the first ``size`` leaves."""
    _check_number(size, "tree root", "size")
    return _range_hash(0, size, source) if size else EMPTY_ROOT


def range_hashes(size: int, source: HashSource) -> list[bytes]:
    """The hashes from which ``CompactRange`` resumes at ``size``."""
    _check_number(size, "compact range", "size")
    return [source(level, index) for level, index in _complete_subtrees(0, size)]


def inclusion_proof(index: int, size: int, source: HashSource) -> list[bytes]:
    """The proof that ``verify_inclusion`` accepts."""
    _check_number(index, "inclusion", "index")
    _check_number(size, "inclusion", "size")
    require(index < size, "inclusion", "index is not below size", "序号不小于树的大小")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, source))
            end = middle
        else:
            path.append(_range_hash(start, middle, source))
            start = middle
    return path[::-1]


def consistency_proof(size1: int, size2: int, source: HashSource) -> list[bytes]:
    """The proof that ``verify_consistency`` accepts."""
    _check_number(size1, "consistency", "size1")
    _check_number(size2, "consistency", "size2")
    require(1 <= size1 <= size2, "consistency", "sizes are not 1 <= size1 <= size2", "大小不满足 1 <= size1 <= size2")
    path = []
    start, end = 0, size2
    while size1 != end:
        middle = start + _split(end - start)
        if size1 <= middle:
            path.append(_range_hash(middle, end, source))
            end = middle
        else:
            path.append(_range_hash(start, middle, source))
            start = middle
    if start:
        path.append(_range_hash(start, end, source))
    return path[::-1]


def _split(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1


def _complete_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """(level, index) of the complete subtrees that make up leaves start..end, where ``start`` is on a split of the tree."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _range_hash(start: int, end: int, source: HashSource) -> bytes:
    hashes = [source(level, index) for level, index in _complete_subtrees(start, end)]
    result = hashes.pop()
    while hashes:
        result = node_hash(hashes.pop(), result)
    return result


def _check_number(value: object, step: str, name: str) -> None:
    if type(value) is not int or not 0 <= value < MAX_SIZE:
        raise VerificationError(step, f"{name} is not an integer from 0 to 2^63-1", f"{name} 不是 0 到 2^63-1 的整数")


def _check_hash(value: object, step: str, name: str) -> None:
    if type(value) is not bytes or len(value) != HASH_BYTES:
        raise VerificationError(step, f"{name} is not 32 bytes", f"{name} 不是 32 字节")


def _check_hashes(values: object, count: int, step: str) -> None:
    if not isinstance(values, list | tuple) or len(values) != count:
        raise VerificationError(step, f"the proof is not {count} hashes", f"证明不是 {count} 个散列值")
    for value in values:
        _check_hash(value, step, "a hash of the proof")
