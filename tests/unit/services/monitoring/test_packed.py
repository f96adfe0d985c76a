"""Cutting records by shard: nothing is lost or moved, and who reads for some vehicles skips no piece that holds one of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.monitoring import packed

rows = st.lists(st.tuples(st.integers(1, 2**32 - 1), st.integers(-(2**62), 2**62), st.integers(0, 255)), max_size=60)


@given(rows, st.sets(st.integers(1, 2**31 - 1), min_size=1, max_size=70))
def test_pieces_hold_each_shards_records_in_order_with_their_span_and_vehicles(
    given_rows: list[tuple[int, int, int]], others: set[int]
) -> None:
    records = np.zeros(len(given_rows), dtype=packed.RECORD)
    for place, (vehicle, time_ms, _) in enumerate(given_rows):
        records[place]["vehicle"], records[place]["time_ms"] = vehicle, time_ms
    shards = np.array([shard for _, _, shard in given_rows], dtype=np.int64)
    pieces = packed.by_shard(records, shards)
    assert [piece.shard for piece in pieces] == sorted(set(shards.tolist()))
    for piece in pieces:
        mine = [(vehicle, time_ms) for vehicle, time_ms, shard in given_rows if shard == piece.shard]
        assert packed.read([piece.body])[["vehicle", "time_ms"]].tolist() == mine
        assert (piece.first_ms, piece.last_ms) == (min(at for _, at in mine), max(at for _, at in mine))
        assert -(2**63) <= piece.vehicles < 2**63, "a bigint holds it"
        for vehicle, _ in mine:
            assert piece.vehicles & packed.bits_of(np.array([vehicle, *others]))
        if not {vehicle % 64 for vehicle, _ in mine} & {other % 64 for other in others}:
            assert not piece.vehicles & packed.bits_of(np.array(list(others)))
