"""The zones as of a change, compiled for detection; the same change gives the same world in every process, for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine

from services import zones
from services.monitoring.engine import Roads, World, thresholds_on
from services.monitoring.feeders import milliseconds
from services.monitoring.model import ZoneKind, ZoneRecord, ZoneRule, always
from services.runtime.clock import legal_date
from services.zones.calendar import held
from services.zones.model import Rule, ZoneVersion

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEPT = 4  # worlds of the newest changes; an older one is compiled again when a shard far behind asks for it


class Worlds:
    """Compiles worlds when they are asked for, each from the newest region's road network and the zones up to its change."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._worlds: dict[int, World] = {}
        self._roads: dict[str, Roads] = {}

    def __call__(self, change: int) -> World:
        if change not in self._worlds:
            with self._engine.connect() as connection:
                self._worlds[change] = self._compile(connection, change)
            for old in sorted(self._worlds)[:-_KEPT]:
                del self._worlds[old]
        return self._worlds[change]

    def _compile(self, connection: Connection, change: int) -> World:
        at = zones.version_of(connection, str(change)).recorded_at if change else _EPOCH
        effective = [
            one
            for one in zones.timeline(connection, change)
            if one.valid_from <= at and (one.valid_to is None or at < one.valid_to)
        ]
        figures = thresholds_on(legal_date(max(at, _EPOCH)))
        region_id = zones.newest_region(connection)
        if region_id not in self._roads:
            self._roads[region_id] = Roads(zones.region(connection, region_id) if region_id else None, figures)
        records = [to_record(one.version) for one in effective]
        return World.build(records, change=change, thresholds=figures, roads=self._roads[region_id])


def to_record(version: ZoneVersion) -> ZoneRecord:
    """A zone's version as detection takes it."""
    zone = version.zone
    bores = zone.tunnel.bores if zone.tunnel else ()
    return ZoneRecord(
        id=zone.id,
        version=version.version,
        kind=ZoneKind[zone.kind.name],
        shape=version.area,
        name=zone.name,
        structure_id=zone.id if bores else "",
        bore_ids=tuple(bore.id for bore in bores),
        category=zone.tunnel.category if zone.tunnel else "",
        rules=tuple(_rule(rule) for rule in zone.rules),
    )


def _rule(rule: Rule) -> ZoneRule:
    goods = rule.goods
    source = rule.source
    return ZoneRule(
        id=rule.id,
        action=rule.action.name,
        classes=goods.hazards if goods else frozenset(),
        un_numbers=goods.un_numbers if goods else frozenset(),
        controls=frozenset(control.name for control in goods.controls) if goods else frozenset(),
        tunnel_category=goods.barred_from_category if goods else "",
        speed_dkmh=rule.speed_dkmh,
        hours=_hours(rule),
        source=source.basis().zh if source else "",
    )


def _hours(rule: Rule) -> Callable[[int, int], tuple[tuple[int, int], ...]]:
    if rule.calendar is None and rule.valid_from is None and rule.valid_to is None:
        return always

    def hours(first_ms: int, last_ms: int) -> tuple[tuple[int, int], ...]:
        if first_ms >= last_ms:
            return ()
        spans = held(rule, _EPOCH + timedelta(milliseconds=first_ms), _EPOCH + timedelta(milliseconds=last_ms))
        return tuple((milliseconds(since), milliseconds(until)) for since, until in spans)

    return hours
