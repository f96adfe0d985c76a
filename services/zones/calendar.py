"""When a rule holds: weekly windows in Beijing time, single dates, and holiday notices that replace by date. Pure.

A window belongs to the day it opens on, and one past midnight runs on into the next. A replaced day is governed by its notice
alone, from midnight on: what another calendar opened the day before ends there, while a notice's own last night runs out.
Beijing time is UTC+8 without summer time, so every day has 1,440 minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta, timezone

from services.zones.ruling import Calendar, DayRule, Replacement, Rule, Window

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
ALWAYS = Calendar()

Interval = tuple[datetime, datetime]  # half open
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
_WEEKLY_DAYS = 9  # a calendar without dates repeats after 7 days; a window may have opened the day before


def intervals(calendar: Calendar, first: datetime, last: datetime) -> tuple[Interval, ...]:
    """The times in [``first``, ``last``) in which the calendar holds, merged, in order."""
    if calendar == ALWAYS:
        return ((first, last),) if first < last else ()
    opened = _opened(calendar, _day(first) - _DAY, _day(last))
    return tuple(_clipped(_merged(sorted(opened)), first, last))


def holds(calendar: Calendar, at: datetime) -> bool:
    return bool(intervals(calendar, at, at + _INSTANT))


def held(rule: Rule, first: datetime, last: datetime) -> tuple[Interval, ...]:
    """The times in which the rule holds: its calendar's within its validity. An empty span is taken for an instant."""
    last = max(last, first + _INSTANT)
    since = max(first, rule.valid_from) if rule.valid_from else first
    until = min(last, rule.valid_to) if rule.valid_to else last
    return intervals(rule.calendar or ALWAYS, since, until) if since < until else ()


def next_change(rule: Rule, after: datetime) -> datetime | None:
    """The next instant at which the rule begins or ends to hold; ``None`` when nothing changes any more."""
    before = bool(held(rule, after, after))
    for at in _candidates(rule, after):
        if bool(held(rule, at, at)) is not before:
            return at
    return None


def _candidates(rule: Rule, after: datetime) -> Iterator[datetime]:
    """Instants after ``after`` at which something may change, in order: all that a rule ever does shows among them."""
    edges = [edge for edge in (rule.valid_from, rule.valid_to) if edge is not None and edge > after]
    begin = _day(after)
    days: set[date] = set(_around(begin))
    for edge in edges:
        days.update(_around(_day(edge)))
    calendar = rule.calendar or ALWAYS
    for span in (*calendar.dates, *(each.days for each in calendar.replacements)):
        for day in (span.first, span.last):
            days.update(_around(day))
    for day in sorted(day for day in days if day >= begin):
        midnight = _midnight(day)
        around = intervals(calendar, midnight - _DAY, midnight + 2 * _DAY)
        ends = {end for interval in around for end in interval if midnight <= end < midnight + _DAY}
        ends.update(edge for edge in edges if midnight <= edge < midnight + _DAY)
        yield from sorted(end for end in ends if end > after)


def _around(day: date) -> Iterator[date]:
    return (day + _DAY * step for step in range(-1, _WEEKLY_DAYS + 1))


def _opened(calendar: Calendar, first: date, last: date) -> Iterator[Interval]:
    """What opens on each of the days, cut short where the next day is governed by something else."""
    day = first
    governing = _governing(calendar, day)
    while day <= last:
        tomorrow = _governing(calendar, day + _DAY)
        cut = tomorrow is not None and tomorrow is not governing
        midnight = _midnight(day)
        for window in _windows(calendar, governing, day):
            minutes = window.to_minute + (1440 if window.is_overnight else 0)
            yield (
                midnight + timedelta(minutes=window.from_minute),
                midnight + timedelta(minutes=min(minutes, 1440) if cut else minutes),
            )
        day, governing = day + _DAY, tomorrow


_WHOLE_DAY = Window(from_minute=0, to_minute=1440)


def _windows(calendar: Calendar, governing: Replacement | None, day: date) -> Iterable[Window]:
    """The windows that open on the day."""
    if governing is not None:
        windows = {DayRule.ALL_DAY: (_WHOLE_DAY,), DayRule.NOT_AT_ALL: (), DayRule.WINDOWS: governing.windows}[
            governing.day_rule
        ]
    elif calendar.dates and not any(day in days for days in calendar.dates):
        windows = ()
    else:
        windows = calendar.windows or (_WHOLE_DAY,)
    return (window for window in windows if not window.weekdays or day.isoweekday() in window.weekdays)


def _governing(calendar: Calendar, day: date) -> Replacement | None:
    """The notice for the day, the last one in the list; None on an ordinary day."""
    return next((each for each in reversed(calendar.replacements) if day in each.days), None)


def _merged(opened: Iterable[Interval]) -> Iterator[Interval]:
    current: Interval | None = None
    for begin, end in opened:
        if current is not None and begin <= current[1]:
            current = current[0], max(current[1], end)
        else:
            if current is not None:
                yield current
            current = begin, end
    if current is not None:
        yield current


def _clipped(spans: Iterable[Interval], first: datetime, last: datetime) -> Iterator[Interval]:
    for begin, end in spans:
        if begin < last and first < end:
            yield max(begin, first), min(end, last)


def _day(at: datetime) -> date:
    return at.astimezone(BEIJING).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), BEIJING)
