"""Looking anew at places and persons: what must be told so that the alarms become what stands and driving say they are.

Two workers may look at the same pair of vehicles at once, each for one of them: they take turns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache

from sqlalchemy import Connection, text

from services.monitoring import handed_on, late_store
from services.monitoring.engine import Thresholds, reconcile, thresholds_on
from services.monitoring.engine.parking import Stand, cells_near, too_near
from services.monitoring.engine.persons import LONGEST_MS, causes_of, too_long
from services.monitoring.feeders import EPOCH
from services.monitoring.late_store import Stage
from services.monitoring.model import Alarm, AlarmWithdrawn, Driven, Effect
from services.monitoring.vehicles import Vehicle
from services.runtime.clock import legal_day

_TURNS = 0x48617A  # the kind of our advisory locks
_WAYS = 256  # so many of them: one for each vehicle would fill PostgreSQL's table of locks
_EVER = 1 << 62
_KEPT_MS = 30 * 86_400_000  # what was driven is kept for longer; alarms from before then stay as they are

Known = Callable[[Connection, Collection[int]], Mapping[int, Vehicle]]


def at_places(connection: Connection, asked: Mapping[int, int], known: Known) -> list[Effect]:
    """For each vehicle, from some moment on: beside whom it stood that it must not stand beside."""
    mine, others, told = _around(connection, asked)
    taking_part = {*asked, *(stand.vehicle for stand in others), *(one for alarm in told for one in _pair(alarm))}
    _take_turns(connection, taking_part)
    mine, others, told = _around(connection, asked)  # as it is now that nobody else looks at them
    names = {number: vehicle.vehicle_id for number, vehicle in known(connection, taking_part).items()}
    found = too_near(mine, others, _limits_at, names)

    def is_asked(alarm: Alarm) -> bool:
        """Who has come meanwhile is asked about after this."""
        since = min(asked[one] for one in _pair(alarm) if one in asked)
        return _pair(alarm) <= taking_part and (alarm.ended_ms is None or alarm.ended_ms >= since)

    return reconcile([one for one in told if is_asked(one)], [one for one in found if is_asked(one)], 0)


def of_persons(connection: Connection, asked: Mapping[str, int]) -> list[Effect]:
    """For each person, from some moment on: what he drove for too long in several vehicles."""
    earliest = min(asked.values(), default=_EVER)
    told: dict[str, list[Alarm]] = defaultdict(list)
    causes = {cause: person_id for person_id in asked for cause in causes_of(person_id)}
    for alarm in late_store.told_about(connection, Stage.PERSON, causes, since_ms=earliest - _KEPT_MS):
        if alarm.occurred_ms >= earliest - _KEPT_MS:
            told[causes[alarm.cause]].append(alarm)
    since = {person_id: _may_change_from(from_ms, told[person_id]) for person_id, from_ms in asked.items()}
    spans: dict[str, list[Driven]] = defaultdict(list)
    for one in handed_on.driven_by(connection, asked, min(since.values(), default=_EVER) - LONGEST_MS):
        spans[one.person_id].append(one)
    effects: list[Effect] = []
    for person_id, from_ms in since.items():
        effects += reconcile(_from(told[person_id], from_ms), _from(too_long(spans[person_id], _limits_at), from_ms), 0)
    return effects


def _may_change_from(from_ms: int, told: Iterable[Alarm]) -> int:
    """Since when alarms of a person may change who drove something from then on: what it joins may have ended a rest before, and
    what is still open may end."""
    is_open = [one for one in told if one.ended_ms is None and not isinstance(one, AlarmWithdrawn)]
    return min([from_ms - _limits_at(from_ms).rest_ms, *(alarm.occurred_ms for alarm in is_open)])


def _around(connection: Connection, asked: Mapping[int, int]) -> tuple[list[Stand], list[Stand], list[Alarm]]:
    """Their stands, the stands near those, and what has been told of them."""
    earliest = min(asked.values(), default=_EVER)
    mine = handed_on.stands_of(connection, asked)
    others = handed_on.stands_in(connection, cells_near(mine), earliest)
    causes = [str(number) for number in asked]
    return mine, others, late_store.told_about(connection, Stage.PLACE, causes, asked, since_ms=earliest)


def _take_turns(connection: Connection, vehicles: Iterable[int]) -> None:
    """Nobody else looks at these vehicles before this transaction ends."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:kind, number) FROM unnest(CAST(:numbers AS int[])) AS w (number)"),
        {"kind": _TURNS, "numbers": sorted({number % _WAYS for number in vehicles})},
    )


def _pair(alarm: Alarm) -> set[int]:
    return {alarm.vehicle, int(alarm.cause)}


def _from(alarms: Iterable[Alarm], since_ms: int) -> list[Alarm]:
    return [alarm for alarm in alarms if alarm.ended_ms is None or alarm.ended_ms >= since_ms]


def _limits_at(at_ms: int) -> Thresholds:
    return _limits_on(legal_day(EPOCH + timedelta(milliseconds=at_ms)))


@lru_cache(maxsize=64)
def _limits_on(day: date) -> Thresholds:
    return thresholds_on(day)
