"""Versions of a zone in time: which is true when, and the whole timeline against asking moment by moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.zones import store
from services.zones.book import Book, spans, true_at
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


@given(st.lists(histories(), min_size=1, max_size=4), st.randoms(), st.integers(1, 30))
def test_whoever_goes_from_one_moment_to_another_by_what_turned_is_where_the_timeline_says(
    zones: list[list[ZoneVersion]], chance: Random, steps: int
) -> None:
    waiting = [
        [replace(each, zone=replace(each.zone, id=f"zone-{row}")) for each in one] for row, one in enumerate(zones)
    ]
    written: list[ZoneVersion] = []
    while any(waiting):
        one = chance.choice([each for each in waiting if each]).pop(0)
        written.append(replace(one, number=len(written) + 1))
    book, moment, held = Book(), (0, NOON - 100 * HOUR), dict[str, str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "changes_since", lambda _connection, number, _most: written[number : number + 2])
        for _ in range(steps):
            now = chance.randint(0, len(written)), NOON + chance.randint(-1, 40) * HOUR
            turned = book.turned(None, moment, now)  # type: ignore[arg-type]
            held = {key: name for key, name in held.items() if key not in turned}
            held |= {key: version.version for key, version in turned.items() if version is not None}
            moment = now
            timeline = book.timeline(None, now[0])  # type: ignore[arg-type]
            assert held == {one.version.zone.id: one.version.version for one in timeline if one.is_true_at(now[1])}
            edge = book.next_edge(None, now[1])  # type: ignore[arg-type]
            everything = book.timeline(None, len(written))  # type: ignore[arg-type]
            edges = {at for one in everything for at in (one.valid_from, one.valid_to) if at is not None}
            assert edge == min((at for at in edges if at > now[1]), default=None)


def test_a_change_is_seen_by_all_whoever_reads_it_first() -> None:
    """Detection and planning in one process share what is known: what one has read must not be hidden from the other."""
    written: list[ZoneVersion] = []
    book = Book()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "changes_since", lambda _connection, number, _most: written[number:])
        for read_first in (book.next_edge, lambda _connection, at: book.turned(None, (0, at), (9, at))):  # type: ignore[arg-type]
            assert len(book.active(None, NOON)) == len(written)  # type: ignore[arg-type]
            zone = replace(area(), id=f"zone-{len(written)}")
            written.append(version(zone, number=len(written) + 1, valid_from=NOON - HOUR))
            read_first(None, NOON)  # type: ignore[arg-type]
            assert len(book.active(None, NOON)) == len(written)  # type: ignore[arg-type]
