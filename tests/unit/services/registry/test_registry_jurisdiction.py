"""What lies in a division, beside the slow obvious way of telling it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.registry.relations import covers, division_prefix

codes = st.builds(
    lambda province, city, county: f"{province:02}{city:02}{county:02}",
    st.integers(11, 65), st.sampled_from([0, 1, 3, 10, 90]), st.sampled_from([0, 1, 5, 10, 20]),
)  # fmt: skip


def slowly(division: str, other: str) -> bool:
    """Pair by pair from the right: 00 stands for all of it, until something else does not."""
    pairs = [division[place : place + 2] for place in (0, 2, 4)]
    while len(pairs) > 1 and pairs[-1] == "00":
        pairs.pop()
    return all(other[2 * place : 2 * place + 2] == pair for place, pair in enumerate(pairs))


@given(codes, codes)
def test_a_division_covers_what_begins_like_it(division: str, other: str) -> None:
    assert covers(division, [other]) == slowly(division, other)
    assert covers(division, [division])


def test_a_province_a_city_and_a_county_cover_what_they_should() -> None:
    assert division_prefix("440000") == "44"
    assert division_prefix("440300") == "4403"
    assert covers("440000", ["440306"])
    assert not covers("440306", ["440300"])
    assert not covers("440300", ["440106", "450300"])
    assert covers("101000", ["101001"])


def test_no_division_covers_nothing_and_nothing_is_covered() -> None:
    assert not covers("", ["440306"])
    assert not covers("440300", [])
    assert not covers("440300", [""])
