"""The server's growing tree beside the slow one of the RFC: roots, paths and tiles, whatever the batches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hazway import proof
from services.traceability.tree import ReadTile, Tree


def leaf(number: int) -> bytes:
    return proof.leaf_hash(number.to_bytes(8, "big"))


def reading(tiles: dict[tuple[int, int], bytes]) -> ReadTile:
    return lambda level, n: tiles.get((level, n), b"")


@given(batches=st.lists(st.integers(1, 300), min_size=1, max_size=5), chance=st.data())
def test_the_tree_is_that_of_the_rfc_whatever_the_batches(batches: list[int], chance: st.DataObject) -> None:
    tiles: dict[tuple[int, int], bytes] = {}
    size = 0
    hashes: tuple[bytes, ...] = ()
    for count in batches:
        tree = Tree(size, hashes, reading(tiles))
        for number in range(size, size + count):
            tree.append(leaf(number))
        leaves = [leaf(number) for number in range(tree.size)]
        assert tree.root() == proof.root_of(leaves)
        index = chance.draw(st.integers(0, tree.size - 1))
        path = tree.path(index)
        assert path == proof.inclusion_proof(index, tree.size, tree.hash_of)
        proof.verify_inclusion(leaves[index], index, tree.size, path, tree.root())
        tiles |= tree.changed
        size, hashes = tree.size, tree.range


def test_a_path_asked_for_between_two_leaves_is_of_the_tree_then() -> None:
    tree = Tree(0, (), lambda _level, _n: b"")
    for number in range(40):
        tree.append(leaf(number))
        proof.verify_inclusion(leaf(0), 0, tree.size, tree.path(0), tree.root())
