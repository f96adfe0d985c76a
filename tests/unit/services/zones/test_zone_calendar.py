"""Weekly windows, dates and holiday notices, against a slow oracle that asks minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.zones.calendar import BEIJING, held, holds, intervals, next_change
from services.zones.ruling import Action, Calendar, DayRule, Days, Replacement, Rule, Window

MONDAY = datetime(2026, 11, 2, tzinfo=BEIJING)
MINUTE = timedelta(minutes=1)
NIGHT = Window(from_minute=22 * 60, to_minute=6 * 60)
EARLY = Window(from_minute=0, to_minute=6 * 60)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Day 0 is a Monday."""
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def slow_holds(calendar: Calendar, moment: datetime) -> bool:
    """By the words of the rule: what opened today, or yesterday and runs over, unless today has a notice of its own."""
    local = moment.astimezone(BEIJING)
    today, minute = local.date(), local.hour * 60 + local.minute
    yesterday = today - timedelta(days=1)
    for window in slow_windows(calendar, today):
        if window.from_minute <= minute and (minute < window.to_minute or window.to_minute <= window.from_minute):
            return True
    notice, notice_before = slow_notice(calendar, today), slow_notice(calendar, yesterday)
    if notice is not None and notice != notice_before:
        return False
    return any(
        window.to_minute <= window.from_minute and minute < window.to_minute
        for window in slow_windows(calendar, yesterday)
    )


def slow_notice(calendar: Calendar, day: date) -> int | None:
    found = None
    for number, each in enumerate(calendar.replacements):
        if each.days.first <= day <= each.days.last:
            found = number
    return found


def slow_windows(calendar: Calendar, day: date) -> list[Window]:
    whole = Window(from_minute=0, to_minute=1440)
    notice = slow_notice(calendar, day)
    if notice is not None:
        each = calendar.replacements[notice]
        if each.day_rule is DayRule.ALL_DAY:
            windows = [whole]
        elif each.day_rule is DayRule.NOT_AT_ALL:
            windows = []
        else:
            windows = list(each.windows)
    elif calendar.dates and not any(span.first <= day <= span.last for span in calendar.dates):
        windows = []
    else:
        windows = list(calendar.windows) or [whole]
    return [window for window in windows if not window.weekdays or day.weekday() + 1 in window.weekdays]


quarter_hours = st.integers(0, 95).map(lambda quarter: quarter * 15)
windows = st.builds(
    Window,
    from_minute=quarter_hours,
    to_minute=st.integers(1, 96).map(lambda quarter: quarter * 15),
    weekdays=st.frozensets(st.integers(1, 7), max_size=4),
)
spans = st.builds(
    lambda first, length: Days(
        first=(MONDAY + timedelta(days=first)).date(), last=(MONDAY + timedelta(days=first + length)).date()
    ),
    st.integers(-3, 20),
    st.integers(0, 4),
)
replacements = st.one_of(
    st.builds(Replacement, days=spans, day_rule=st.sampled_from([DayRule.ALL_DAY, DayRule.NOT_AT_ALL])),
    st.builds(
        Replacement,
        days=spans,
        day_rule=st.just(DayRule.WINDOWS),
        windows=st.tuples(windows) | st.tuples(windows, windows),
    ),
)
calendars = st.builds(
    Calendar,
    windows=st.lists(windows, max_size=3).map(tuple),
    dates=st.lists(spans, max_size=2).map(tuple),
    replacements=st.lists(replacements, max_size=3).map(tuple),
)
moments = st.integers(-4 * 96, 24 * 96).map(lambda quarter: MONDAY + timedelta(minutes=15 * quarter))


@given(calendars, moments)
def test_a_calendar_holds_when_the_oracle_says_so(calendar: Calendar, moment: datetime) -> None:
    assert holds(calendar, moment) is slow_holds(calendar, moment)


@given(calendars, moments, st.integers(1, 4 * 96))
def test_the_intervals_of_a_span_are_the_moments_that_hold_merged(
    calendar: Calendar, first: datetime, quarters: int
) -> None:
    last = first + timedelta(minutes=15 * quarters)
    found = intervals(calendar, first, last)
    assert all(begin < end for begin, end in found)
    assert all(one[1] < other[0] for one, other in pairwise(found))
    for quarter in range(quarters):
        moment = first + timedelta(minutes=15 * quarter)
        assert any(begin <= moment < end for begin, end in found) is slow_holds(calendar, moment)


@given(calendars, moments)
def test_the_next_change_is_the_first_moment_that_differs(calendar: Calendar, after: datetime) -> None:
    rule = Rule(id="1", action=Action.FORBID, calendar=calendar)
    found = next_change(rule, after)
    now = slow_holds(calendar, after)
    steps = (after + timedelta(minutes=15 * step) for step in range(1, 45 * 96))
    assert found == next((moment for moment in steps if slow_holds(calendar, moment) is not now), None)


@given(calendars, moments, moments, moments)
def test_a_rule_holds_only_within_its_validity(
    calendar: Calendar, since: datetime, until: datetime, moment: datetime
) -> None:
    rule = Rule(id="1", action=Action.FORBID, calendar=calendar, valid_from=since, valid_to=until)
    assert bool(held(rule, moment, moment)) is (since <= moment < until and slow_holds(calendar, moment))


def test_a_night_ban_runs_over_midnight_into_the_next_morning() -> None:
    calendar = Calendar(windows=(Window(from_minute=22 * 60, to_minute=6 * 60, weekdays=frozenset({1})),))
    assert [holds(calendar, at(0, 21, 59)), holds(calendar, at(0, 22)), holds(calendar, at(1, 5, 59))] == [
        False,
        True,
        True,
    ]
    assert [holds(calendar, at(1, 6)), holds(calendar, at(1, 22)), holds(calendar, at(0, 3))] == [False, False, False]


def test_a_single_night_belongs_to_the_day_it_begins_on() -> None:
    day = at(3, 0).date()
    calendar = Calendar(windows=(NIGHT,), dates=(Days(first=day, last=day),))
    assert intervals(calendar, at(0, 0), at(9, 0)) == ((at(3, 22), at(4, 6)),)


def test_a_holiday_notice_alone_governs_its_days_from_midnight_on() -> None:
    holiday = Days(first=at(2, 0).date(), last=at(3, 0).date())
    free = Calendar(windows=(NIGHT,), replacements=(Replacement(days=holiday, day_rule=DayRule.NOT_AT_ALL),))
    assert intervals(free, at(1, 12), at(5, 12)) == ((at(1, 22), at(2, 0)), (at(4, 22), at(5, 6)))
    closed = Calendar(windows=(NIGHT,), replacements=(Replacement(days=holiday, day_rule=DayRule.ALL_DAY),))
    assert intervals(closed, at(1, 12), at(4, 12)) == ((at(1, 22), at(4, 0)),)


def test_the_last_night_of_a_notice_runs_out_into_the_ordinary_day() -> None:
    notice = Replacement(
        days=Days(first=at(2, 0).date(), last=at(2, 0).date()), day_rule=DayRule.WINDOWS, windows=(NIGHT,)
    )
    calendar = Calendar(windows=(Window(from_minute=720, to_minute=780),), replacements=(notice,))
    assert intervals(calendar, at(2, 0), at(3, 12)) == ((at(2, 22), at(3, 6)),)


def test_the_later_notice_replaces_the_earlier_one() -> None:
    days = Days(first=at(2, 0).date(), last=at(2, 0).date())
    earlier = Replacement(days=days, day_rule=DayRule.ALL_DAY)
    later = Replacement(days=days, day_rule=DayRule.NOT_AT_ALL)
    assert not holds(Calendar(replacements=(earlier, later)), at(2, 12))
    assert holds(Calendar(replacements=(later, earlier)), at(2, 12))


def test_a_window_opens_by_beijing_time_whatever_zone_the_instant_is_told_in() -> None:
    calendar = Calendar(windows=(EARLY,))
    assert holds(calendar, datetime(2026, 11, 1, 16, 0, tzinfo=UTC))
    assert not holds(calendar, datetime(2026, 11, 1, 15, 59, 59, tzinfo=UTC))


@pytest.mark.parametrize("year", [1986, 1988, 1991, 2026])
def test_there_is_no_summer_time_in_any_year(year: int) -> None:
    noon = datetime(year, 7, 1, 4, 0, tzinfo=UTC)
    calendar = Calendar(windows=(Window(from_minute=720, to_minute=721),))
    assert intervals(calendar, noon - timedelta(hours=6), noon + timedelta(hours=6)) == ((noon, noon + MINUTE),)


def test_nothing_ever_changes_for_a_rule_without_a_calendar() -> None:
    assert next_change(Rule(id="1", action=Action.FORBID), MONDAY) is None


def test_a_rule_that_begins_in_ten_years_changes_then() -> None:
    begin = MONDAY + timedelta(days=3650, hours=5)
    rule = Rule(id="1", action=Action.FORBID, calendar=Calendar(windows=(EARLY,)), valid_from=begin)
    assert next_change(rule, MONDAY) == begin
    assert next_change(rule, begin) == begin + timedelta(hours=1)
