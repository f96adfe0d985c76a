"""The worlds detection goes by, compiled from zones, figures and road networks; one activation gives one world, for ever."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection, Engine

from services import zones
from services.monitoring.engine import Roads, Thresholds, World, rates_of, thresholds_on
from services.monitoring.feeders import EPOCH, milliseconds
from services.monitoring.model import Activation, ZoneKind, ZoneRecord, ZoneRule, always
from services.runtime.clock import legal_day
from services.runtime.database import take_your_time
from services.zones.calendar import held
from services.zones.model import ZoneVersion
from services.zones.roads import followed_m
from services.zones.rules import CATEGORY
from services.zones.ruling import Rule
from services.zones.tunnels import Tunnel

_KEPT = 4  # worlds used last; another is made again when a shard far behind asks for it


class Worlds:
    """Makes worlds when they are asked for, each from the one used last: what has not changed is not compiled again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._worlds: dict[Activation, World] = {}  # the one used last comes last
        self._roads: tuple[tuple[str, ...], Roads] | None = None

    def __call__(self, activation: Activation) -> World:
        world = self._worlds.pop(activation, None)
        if world is None:
            with self._engine.connect() as connection:
                take_your_time(connection)
                world = self._made(connection, activation)
        self._worlds[activation] = world
        for old in list(self._worlds)[:-_KEPT]:
            del self._worlds[old]
        return world

    def _made(self, connection: Connection, activation: Activation) -> World:
        at = EPOCH + timedelta(milliseconds=activation.at_ms)
        figures = thresholds_on(legal_day(at))
        roads = self._roads_of(connection, activation.regions, figures)
        before, last = next(reversed(self._worlds.items()), (None, None))
        if before is not None and last is not None and (last.roads, last.thresholds) == (roads, figures):
            return self._changed(connection, last, _moment(before), _moment(activation))
        with _uncollected():
            spans = zones.timeline(connection, activation.change)
            versions = {one.version.zone.id: one.version for one in spans if one.is_true_at(at)}
            return World.build(map(to_record, versions.values()), thresholds=figures, roads=roads)

    def _changed(self, connection: Connection, last: World, was: zones.Moment, now: zones.Moment) -> World:
        """Nobody looks at zones that cannot have changed: there may be a hundred thousand."""
        turned, known = zones.turned(connection, was, now), last.zones
        news = {key: one for key, one in turned.items() if one is not None}
        gone = [key for key in turned.keys() - news.keys() if key in known]
        fresh = [one for key, one in news.items() if key not in known or known[key].version != one.version]
        return last.changed(map(to_record, fresh), gone)

    def _roads_of(self, connection: Connection, regions: tuple[str, ...], figures: Thresholds) -> Roads:
        if self._roads is None or self._roads[0] != regions or self._roads[1].rates != rates_of(figures):
            graphs = [zones.region(connection, each) for each in regions]
            self._roads = regions, Roads(graphs, figures)
        return self._roads[1]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Many zones are millions of objects, none of them garbage: looking for any takes a third of the time it takes to read them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _moment(activation: Activation) -> zones.Moment:
    return activation.change, EPOCH + timedelta(milliseconds=activation.at_ms)


def to_record(version: ZoneVersion) -> ZoneRecord:
    """A zone's version as detection takes it."""
    zone = version.zone
    bores = zone.tunnel.bores if zone.tunnel else ()
    of_bores = {bore.id: bore.category for bore in bores if bore.category}
    of_whole = zone.tunnel.category if zone.tunnel and not of_bores else ""
    return ZoneRecord(
        id=zone.id,
        version=version.version,
        kind=ZoneKind[zone.kind.name],
        shape=version.area,
        name=zone.name,
        structure_id=zone.id if bores else "",
        bore_ids=tuple(bore.id for bore in bores),
        category=of_whole,
        rules=(*(_categories(zone.tunnel) if zone.tunnel and of_bores else ()), *(_rule(rule) for rule in zone.rules)),
        since_ms=milliseconds(max(version.valid_from, version.recorded_at)),
        followed_m=followed_m(zone),
    )


def _categories(tunnel: Tunnel) -> Iterator[ZoneRule]:
    """One rule for each category, of the bores it means."""
    for category in sorted({tunnel.category_of(bore) for bore in tunnel.bores} - {""}):
        means = frozenset(bore.id for bore in tunnel.bores if tunnel.category_of(bore) == category)
        yield ZoneRule(id=CATEGORY, tunnel_category=category, bore_ids=means)


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
        tunnel_codes=goods.tunnel_codes if goods else frozenset(),
        exempt=frozenset(purpose.name for purpose in rule.exempt),
        speed_dkmh=rule.speed_dkmh,
        hours=_hours(rule),
        source=source.basis().zh if source else "",
        bore_ids=rule.bore_ids,
        grace_ms=None if rule.grace_minutes is None else rule.grace_minutes * 60_000,
    )


def _hours(rule: Rule) -> Callable[[int, int], tuple[tuple[int, int], ...]]:
    if rule.calendar is None and rule.valid_from is None and rule.valid_to is None:
        return always

    def hours(first_ms: int, last_ms: int) -> tuple[tuple[int, int], ...]:
        if first_ms >= last_ms:
            return ()
        spans = held(rule, EPOCH + timedelta(milliseconds=first_ms), EPOCH + timedelta(milliseconds=last_ms))
        return tuple((milliseconds(since), milliseconds(until)) for since, until in spans)

    return hours
