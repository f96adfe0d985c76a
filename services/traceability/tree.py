"""The Merkle tree as tiles of 256 hashes, growing by batches; hashes of whole subtrees are found in it in O(1) tiles.

Tile (level, n) holds the hashes of the complete subtrees of 256**level leaves numbered n*256 to n*256+255.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hazway import proof

_WIDTH = 256
_HASH = proof.HASH_BYTES

ReadTile = Callable[[int, int], bytes]


class Tree:
    """One batch's view of the tree: what it appends is kept in ``changed`` until somebody stores it."""

    def __init__(self, size: int, hashes: Sequence[bytes], read_tile: ReadTile) -> None:
        """``hashes`` is the compact range at ``size``; ``read_tile(level, n)`` gives stored tiles."""
        self._range = proof.CompactRange(size, hashes)
        self._read = read_tile
        self._tiles: dict[tuple[int, int], bytearray] = {}
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._ranges: dict[tuple[int, int], bytes] = {}
        self._changed: set[tuple[int, int]] = set()

    @property
    def size(self) -> int:
        return self._range.size

    @property
    def range(self) -> tuple[bytes, ...]:
        """The roots of the perfect subtrees of the leaves so far, the largest first."""
        return tuple(self._range.hashes)

    @property
    def changed(self) -> dict[tuple[int, int], bytes]:
        """The tiles that grew since the tree was read, by (level, number)."""
        return {key: bytes(self._tiles[key]) for key in sorted(self._changed)}

    def root(self) -> bytes:
        return self._range.root()

    def append(self, leaf: bytes) -> None:
        """Append a leaf hash."""
        index = self._range.size
        self._range.append(leaf)
        self._ranges.clear()
        self._put(0, index, leaf)

    def hash_of(self, level: int, index: int) -> bytes:
        """The hash of the complete subtree of 2**level leaves number ``index`` (a ``proof.HashSource``)."""
        known = self._nodes.get((level, index))
        if known is None:
            if level % 8 == 0:
                at = index % _WIDTH * _HASH
                known = bytes(self._tile(level // 8, index // _WIDTH)[at : at + _HASH])
                if len(known) != _HASH:
                    raise ValueError(f"the tree has no subtree {index} at level {level}")
            else:
                known = proof.node_hash(self.hash_of(level - 1, 2 * index), self.hash_of(level - 1, 2 * index + 1))
            self._nodes[level, index] = known
        return known

    def path(self, index: int) -> list[bytes]:
        """The inclusion proof of a leaf, as ``proof.inclusion_proof``; what the leaves of a batch share is made once."""
        path = []
        start, end = 0, self.size
        while end - start > 1:
            middle = start + (1 << (end - start - 1).bit_length() - 1)
            if index < middle:
                path.append(self._range_hash(middle, end))
                end = middle
            else:
                path.append(self._range_hash(start, middle))
                start = middle
        return path[::-1]

    def _range_hash(self, start: int, end: int) -> bytes:
        """The hash of the leaves start..end, where the tree splits there."""
        known = self._ranges.get((start, end))
        if known is None:
            count = end - start
            if count & (count - 1) == 0:
                known = self.hash_of(count.bit_length() - 1, start // count)
            else:
                half = 1 << (count - 1).bit_length() - 1
                known = proof.node_hash(self._range_hash(start, start + half), self._range_hash(start + half, end))
            self._ranges[start, end] = known
        return known

    def _put(self, level: int, index: int, value: bytes) -> None:
        number = index // _WIDTH
        tile = self._tile(level, number)
        if len(tile) != index % _WIDTH * _HASH:
            raise ValueError(f"tile {level}/{number} holds {len(tile) // _HASH} hashes, not {index % _WIDTH}")
        tile += value
        self._changed.add((level, number))
        if len(tile) == _WIDTH * _HASH:
            self._put(level + 1, number, _root(tile))

    def _tile(self, level: int, number: int) -> bytearray:
        tile = self._tiles.get((level, number))
        if tile is None:
            tile = self._tiles[level, number] = bytearray(self._read(level, number))
        return tile


def _root(tile: bytes | bytearray) -> bytes:
    hashes = [bytes(tile[at : at + _HASH]) for at in range(0, len(tile), _HASH)]
    while len(hashes) > 1:
        hashes = [proof.node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]
