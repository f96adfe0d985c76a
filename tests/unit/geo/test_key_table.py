"""A table says of every number where it stands in the list, and of no other that it does."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo.key_table import KeyTable

NUMBERS = st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 300) | st.integers(0, 40).map(lambda n: n << 57))


@given(NUMBERS, NUMBERS)
def test_every_number_is_found_where_it_stands(keys: list[int], others: list[int]) -> None:
    keys = list(dict.fromkeys(keys))
    wanted = [*others, *keys, *others]
    row, place = KeyTable(np.array(keys, dtype=np.int64)).find(np.array(wanted, dtype=np.int64))
    expected = [(number, keys.index(key)) for number, key in enumerate(wanted) if key in keys]
    assert list(zip(row.tolist(), place.tolist(), strict=True)) == expected


def test_numbers_that_fold_into_one_place_are_told_apart() -> None:
    keys = np.arange(200_000, dtype=np.int64) * 7
    row, place = KeyTable(keys).find(np.arange(1_400_000, dtype=np.int64))
    assert row.tolist() == keys.tolist()
    assert place.tolist() == list(range(200_000))
