"""Who is told about once a minute and not once a fix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.monitoring import packed
from services.monitoring.positioning import LastHeard

EVERY_MS = 60
FIXES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 500), st.booleans()), max_size=12)


def records(fixes: Sequence[tuple[int, int, bool]]) -> packed.Records:
    found = np.zeros(len(fixes), dtype=packed.RECORD)
    for row, (vehicle, at_ms, placed) in enumerate(fixes):
        found[row]["vehicle"], found[row]["time_ms"] = vehicle, at_ms
        found[row]["flags"] = packed.POSITIONED if placed else packed.ENGINE_ON
    return found


@given(st.lists(st.lists(FIXES, max_size=3), max_size=6))
def test_due_is_who_has_a_place_so_much_later_than_was_noted(rounds: list[list[list[tuple[int, int, bool]]]]) -> None:
    heard, noted = LastHeard(EVERY_MS), dict[int, int]()
    for batches in rounds:
        due = heard.due([records(fixes) for fixes in batches])
        newest: dict[int, int] = {}
        for vehicle, at_ms, placed in (fix for fixes in batches for fix in fixes):
            if placed and at_ms - noted.get(vehicle, 0) >= EVERY_MS:
                newest[vehicle] = max(at_ms, newest.get(vehicle, 0))
        assert due == newest
        heard.note(due)
        noted |= due
