"""The figures of china.md's assessment: numerator and denominator of each, by carrier or division, by day or month."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path

from sqlalchemy import Connection, Engine

from services import alarms, registry
from services.errors import Basis
from services.monitoring import figures_store, links, track
from services.monitoring.figures_store import Scope
from services.monitoring.model import AlarmKind
from services.monitoring.scoring import BASES, LOOK_BACK_MS, begins_ms, count, limits_on
from services.runtime.clock import LEGAL_ZONE
from services.runtime.database import take_your_time

_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000


class Kind(Enum):
    """The figures, with the names they are published under."""

    ENTRY = "入网率"
    ONLINE = "上线率"
    DATA_VALID = "数据合格率"
    TRAJECTORY_COMPLETE = "轨迹完整率"
    DRIFT = "漂移车辆率"
    OFFLINE_DISPLACEMENT = "离线位移车辆率"
    HANDLING = "报警处理率"
    ALARMS = "百车小时报警数"
    CONNECTIVITY = "平台连通率"
    OVERSPEED = "超速车辆率"
    FATIGUE = "超时驾驶车辆率"
    SETTLED = "报警办结率"

    @property
    def basis(self) -> Basis:
        """What its definition rests on."""
        return BASES[self.name]


@dataclass(frozen=True, slots=True)
class Figure:
    kind: Kind
    numerator: int
    denominator: int
    budget: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    figures: tuple[Figure, ...]
    refused: dict[str, int]


def days_of(period: str) -> tuple[date, date]:
    """First and last day of "2026-11-02" or "2026-11". ``ValueError`` for anything else."""
    if len(period) == 7:
        first = datetime.strptime(period, "%Y-%m").date()
        return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])
    day = date.fromisoformat(period)
    return day, day


def report(connection: Connection, scope: Scope, now: datetime) -> Report:
    """All figures of a scope, from what has been worked out so far."""
    limits = limits_on(scope.last)
    registered = registry.with_terminal(
        connection, _midnight(scope.last + timedelta(days=1)), owner=scope.carrier_id, division=scope.prefix
    )
    sums = figures_store.sums(connection, scope, limits.drift_points, registered)
    refused = figures_store.refused(connection, scope)
    handled, raised = _handled(connection, scope, timedelta(seconds=limits.handle_within_s))
    settled, _ = _handled(connection, scope, now - _midnight(scope.first))
    up, lasted = links.connected(connection, scope, limits.link_held_min, now)
    blamed = figures_store.blamed(connection, scope, (AlarmKind.OVERSPEED, AlarmKind.FATIGUE))
    return Report(
        (
            Figure(Kind.ENTRY, sums.entered, sums.known),
            Figure(Kind.ONLINE, sums.online, sums.entered),
            Figure(Kind.DATA_VALID, sums.fixes, sums.fixes + sum(refused.values())),
            Figure(Kind.TRAJECTORY_COMPLETE, sums.complete_m, sums.complete_m + sums.incomplete_m),
            Figure(Kind.DRIFT, sums.drifting, sums.online),
            Figure(Kind.OFFLINE_DISPLACEMENT, sums.moved, sums.online),
            Figure(Kind.HANDLING, handled, raised),
            Figure(Kind.ALARMS, raised, sums.online_ms // _HOUR_MS, limits.alarms_in_100_h),
            Figure(Kind.CONNECTIVITY, up, lasted),
            Figure(Kind.OVERSPEED, blamed[AlarmKind.OVERSPEED], sums.online),
            Figure(Kind.FATIGUE, blamed[AlarmKind.FATIGUE], sums.online),
            Figure(Kind.SETTLED, settled, raised),
        ),
        refused,
    )


def _handled(connection: Connection, scope: Scope, within: timedelta) -> tuple[int, int]:
    return alarms.handled(
        connection, carrier_id=scope.carrier_id, division=scope.prefix, since=_midnight(scope.first),
        until=_midnight(scope.last + timedelta(days=1)), within=within,
    )  # fmt: skip


def work_out_due(engine: Engine, home: Path) -> bool:
    """Work out one shard's figures of one day anew; true when any were out of date. Safe in several processes at once."""
    with engine.begin() as connection:
        take_your_time(connection)
        due = figures_store.take_due(connection)
        if due is None:
            return False
        shard, day = due
        begin_ms = begins_ms(day)
        end_ms = begin_ms + _DAY_MS
        records = track.of_shard(connection, home, shard, None, begin_ms - LOOK_BACK_MS, end_ms)
        figures_store.put(connection, shard, day, count(records, begin_ms, end_ms, limits_on(day)))
    return True


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LEGAL_ZONE).astimezone(UTC)
