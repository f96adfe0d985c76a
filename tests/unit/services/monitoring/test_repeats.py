"""What is new among fixes that came late, against going through them one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from services.monitoring.repeats import first_new

times = st.lists(st.integers(0, 12), max_size=20)


@given(times, times)
@example([], [0, 1, 0])
def test_the_first_new_late_fix_is_the_one_found_by_going_through_them(before: list[int], came: list[int]) -> None:
    known, late = set(before), []
    for time in came:
        if time not in known and time < max(known, default=-1):
            late.append(time)
        known.add(time)
    found = first_new(np.unique(np.array(before, dtype=np.int64)), np.array(came, dtype=np.int64))
    assert found == min(late, default=None)
