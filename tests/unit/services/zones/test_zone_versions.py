"""Versions of a zone in time: which is true when, and the whole timeline against asking moment by moment."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.zones.book import spans, true_at
from services.zones.model import ZoneVersion
from tests.unit.services.zones.zone_samples import NOON, area, version

HOUR = timedelta(hours=1)


@st.composite
def histories(draw: st.DrawFn) -> list[ZoneVersion]:
    versions = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        first = draw(st.integers(0, 20))
        length = draw(st.none() | st.integers(1, 8))
        versions.append(
            version(
                area(),
                number,
                valid_from=NOON + first * HOUR,
                valid_to=None if length is None else NOON + (first + length) * HOUR,
                withdrawn=draw(st.booleans()),
            )
        )
    return versions


def slow_true_at(versions: list[ZoneVersion], hour: int) -> ZoneVersion | None:
    found = None
    for each in versions:
        if each.valid_from <= NOON + hour * HOUR and (each.valid_to is None or NOON + hour * HOUR < each.valid_to):
            found = each
    return found


@given(histories(), st.integers(-1, 40))
def test_the_version_written_last_of_those_true_at_a_time_counts(versions: list[ZoneVersion], hour: int) -> None:
    assert true_at(versions, NOON + hour * HOUR) is slow_true_at(versions, hour)


@given(histories())
def test_the_timeline_says_for_every_moment_what_is_true_then(versions: list[ZoneVersion]) -> None:
    timeline = list(spans(versions))
    for one, other in pairwise(timeline):
        assert one.valid_to is not None
        assert one.valid_to < other.valid_from or (
            one.valid_to == other.valid_from and one.version is not other.version
        )
    for hour in range(-1, 40):
        at = NOON + hour * HOUR
        told = [
            each.version for each in timeline if each.valid_from <= at and (each.valid_to is None or at < each.valid_to)
        ]
        true = slow_true_at(versions, hour)
        assert told == ([true] if true is not None and not true.withdrawn else [])
