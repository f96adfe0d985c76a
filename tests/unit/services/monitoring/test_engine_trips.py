"""The trips of a shard stand in a list, and are to their users what a dict of them would be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitoring.engine.under_way import Trips
from services.monitoring.facts import TripFact


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12))))
def test_trips_come_and_go_as_in_a_dict(acts: list[tuple[bool, int]]) -> None:
    trips, plain = Trips(), dict[int, TripFact]()
    for number, (is_new, slot) in enumerate(acts):
        if is_new:
            trips[slot] = plain[slot] = TripFact(vehicle=slot, at_ms=number)
        else:
            assert trips.pop(slot, None) == plain.pop(slot, None)
        assert dict(trips) == plain
        assert len(trips) == len(plain)
        assert [trips.get(each) for each in range(15)] == [plain.get(each) for each in range(15)]


def test_who_is_on_no_trip_has_none() -> None:
    trips = Trips()
    with pytest.raises(KeyError):
        trips[3]
    with pytest.raises(KeyError):
        del trips[3]
    assert 3 not in trips
