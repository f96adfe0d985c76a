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
from services.monitoring.engine.persons import LONGEST_MS, cause_of, too_long
from services.monitoring.feeders import EPOCH
from services.monitoring.late_store import Stage
from services.monitoring.model import Alarm, Driven, Effect
from services.monitoring.vehicles import Vehicle
from services.runtime.clock import legal_day

_TURNS = 0x48617A  # the kind of our advisory locks
_WAYS = 256  # so many of them: one for each vehicle would fill PostgreSQL's table of locks
_EVER = 1 << 62

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
    """For each person, from some moment on: what he drove for too long in several pieces."""
    earliest = min(asked.values(), default=0)
    spans: dict[str, list[Driven]] = defaultdict(list)
    for one in handed_on.driven_by(connection, asked, earliest - LONGEST_MS):
        spans[one.person_id].append(one)
    told: dict[str, list[Alarm]] = defaultdict(list)
    causes = {cause_of(person_id): person_id for person_id in asked}
    for alarm in late_store.told_about(connection, Stage.PERSON, causes, since_ms=earliest - LONGEST_MS):
        told[causes[alarm.cause]].append(alarm)
    effects: list[Effect] = []
    for person_id, from_ms in asked.items():
        found = too_long(spans[person_id], _limits_at)
        since = from_ms - _limits_at(from_ms).rest_ms  # what joins it may have ended so long before
        effects += reconcile(_from(told[person_id], since), _from(found, since), 0)
    return effects


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
