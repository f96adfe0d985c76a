"""The fast tree against the one word for word from the RFC, and every malformed input against one kind of error."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hazway import proof
from hazway.errors import VerificationError
from tests import reference_tree
from tests.simulated_log import hash_source

ENTRIES = [bytes([n % 256, n // 256]) for n in range(300)]
HASH = b"\x11" * 32


def sizes(low: int = 1, high: int = 70) -> st.SearchStrategy[int]:
    return st.integers(low, high)


def accepts(check: Any, *arguments: Any) -> bool:
    try:
        check(*arguments)
    except VerificationError:
        return False
    return True


@pytest.mark.parametrize("size", range(70))
def test_roots_are_those_of_the_rfc(size: int) -> None:
    leaves = [proof.leaf_hash(entry) for entry in ENTRIES[:size]]
    root = reference_tree.tree_head(ENTRIES[:size])
    grown = proof.CompactRange()
    for leaf in leaves:
        grown.append(leaf)
    assert proof.root_of(leaves) == grown.root() == proof.tree_root(size, hash_source(ENTRIES)) == root


def test_every_small_proof_is_that_of_the_rfc_and_is_accepted() -> None:
    source = hash_source(ENTRIES)
    for size in range(1, 34):
        root = reference_tree.tree_head(ENTRIES[:size])
        for index in range(size):
            path = proof.inclusion_proof(index, size, source)
            assert path == reference_tree.inclusion_path(index, ENTRIES[:size])
            proof.verify_inclusion(proof.leaf_hash(ENTRIES[index]), index, size, path, root)
        for old in range(1, size + 1):
            path = proof.consistency_proof(old, size, source)
            assert path == reference_tree.consistency_path(old, ENTRIES[:size])
            proof.verify_consistency(old, size, path, reference_tree.tree_head(ENTRIES[:old]), root)


@given(st.data())
def test_inclusion_is_judged_as_by_the_rfc(data: st.DataObject) -> None:
    size = data.draw(sizes())
    index = data.draw(st.integers(0, size - 1))
    path = reference_tree.inclusion_path(index, ENTRIES[:size])
    root = reference_tree.tree_head(ENTRIES[:size])
    leaf = proof.leaf_hash(ENTRIES[data.draw(st.sampled_from([index, size - 1]))])
    place = data.draw(st.sampled_from([index, index ^ 1, size - 1]))
    claimed = data.draw(st.sampled_from([size, size + 1, max(size - 1, 1)]))
    path = data.draw(st.sampled_from([path, path[:-1], [*path, HASH], path[::-1]]))
    expected = reference_tree.verifies_inclusion(leaf, place, claimed, path, root)
    assert accepts(proof.verify_inclusion, leaf, place, claimed, path, root) == expected


@given(st.data())
def test_consistency_is_judged_as_by_the_rfc(data: st.DataObject) -> None:
    new = data.draw(sizes())
    old = data.draw(st.integers(1, new))
    path = reference_tree.consistency_path(old, ENTRIES[:new])
    roots = reference_tree.tree_head(ENTRIES[:old]), reference_tree.tree_head(ENTRIES[:new])
    roots = data.draw(st.sampled_from([roots, roots[::-1]]))
    old = data.draw(st.sampled_from([old, max(old - 1, 1), old + 1]))
    new = data.draw(st.sampled_from([new, new + 1]))
    path = data.draw(st.sampled_from([path, path[:-1], [*path, HASH], path[::-1]]))
    if old <= new:
        expected = reference_tree.verifies_consistency(old, new, path, *roots)
        assert accepts(proof.verify_consistency, old, new, path, *roots) == expected


@given(sizes(0, 300), sizes(0, 300))
def test_a_compact_range_resumes_where_it_stopped(size: int, more: int) -> None:
    size, end = sorted((size, more))
    resumed = proof.CompactRange(size, proof.range_hashes(size, hash_source(ENTRIES)))
    for entry in ENTRIES[size:end]:
        resumed.append(proof.leaf_hash(entry))
    assert resumed.root() == reference_tree.tree_head(ENTRIES[:end])


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.binary(max_size=40),
    st.lists(st.one_of(st.binary(min_size=31, max_size=33), st.none(), st.integers()), max_size=3),
    st.just({}),
    st.just(bytearray(32)),
    st.just(1 << 63),
    st.just(iter(())),
)


@given(ODD, ODD, ODD, ODD, ODD)
def test_no_input_raises_anything_else(a: Any, b: Any, c: Any, d: Any, e: Any) -> None:
    accepts(proof.verify_inclusion, a, b, c, d, e)
    accepts(proof.verify_consistency, a, b, c, d, e)
    accepts(proof.root_of, a)


@pytest.mark.parametrize("odd", [None, True, 1.0, "1", -1, 1 << 63, 1 << 64, b"\x01", [1]])
def test_a_size_is_a_whole_number_below_2_to_the_63(odd: Any) -> None:
    for arguments in ((HASH, odd, 2, [HASH], HASH), (HASH, 0, odd, [HASH], HASH)):
        with pytest.raises(VerificationError, match="inclusion"):
            proof.verify_inclusion(*arguments)
    for others in ((odd, 2, [HASH], HASH, HASH), (1, odd, [HASH], HASH, HASH)):
        with pytest.raises(VerificationError, match="consistency"):
            proof.verify_consistency(*others)


def test_nothing_is_consistent_with_nothing() -> None:
    with pytest.raises(VerificationError):
        proof.verify_consistency(0, 0, [], proof.EMPTY_ROOT, proof.EMPTY_ROOT)


def test_work_is_bounded_for_the_largest_sizes() -> None:
    started = time.perf_counter()
    for length in (0, 62, 63, 64, 100_000):
        assert not accepts(proof.verify_inclusion, HASH, 0, (1 << 63) - 1, [HASH] * length, HASH)
        assert not accepts(proof.verify_consistency, 3, (1 << 63) - 1, [HASH] * length, HASH, HASH)
    assert time.perf_counter() - started < 1
