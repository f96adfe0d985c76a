"""What a waybill is judged by: the registry's facts, the zones on its route, other trips, positioning; as of one time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from services import goods, registry
from services.errors import Finding
from services.goods import Catalogue
from services.goods.cli import imported_catalogue
from services.runtime.call import Call
from services.waybill import positioning_store, store
from services.waybill.facts import Busy, Facts
from services.waybill.model import Role, Waybill, WaybillKind
from services.waybill.occupancy import store as occupancy
from services.waybill.occupancy.spans import spans_of
from services.waybill.on_route import found_on_route
from services.waybill.trip import Trip

EDITION = "2026-11"  # of the rules of this slice: a change of a rule's meaning is a new edition


@dataclass(frozen=True, slots=True)
class Gathered:
    """The facts, and what is wrong with the route so that its zones could not be told."""

    facts: Facts
    findings: tuple[Finding, ...] = ()


class Grounds:
    """All that several waybills are judged by but for positioning and the zones on their routes, read at once."""

    def __init__(
        self, registered: registry.Known, busy: Mapping[str, Sequence[Busy]], followed: Mapping[str, Waybill]
    ) -> None:
        self._registered = registered
        self._busy = {resource: list(each) for resource, each in busy.items()}
        self._followed = dict(followed)

    def of(self, waybill: Waybill, at: datetime) -> Facts:
        """What this one is judged by, for a trip that leaves at ``at``."""
        since = min(waybill.planned_departure or at, at)
        others = (each for name in sorted(occupancy.resources_of(waybill)) for each in self._busy.get(name, ()))
        busy = [each for each in others if each.waybill_id != waybill.id and (each.under_way or each.to_at > since)]
        replaced = self._followed.get(waybill.replaces)
        return Facts(
            registry=self._registered.about(taking_part(waybill)),
            busy=tuple(sorted(busy, key=lambda each: (each.from_at, each.waybill_id))),
            replaced=replaced if replaced is not None and _may_follow(waybill, replaced) else None,
        )

    def add(self, waybill: Waybill) -> None:
        """From now on this trip counts too."""
        self._followed[waybill.id] = waybill
        for span in spans_of(waybill):
            self._busy.setdefault(span.resource, []).append(span)


def grounds_of(connection: Connection, waybills: Sequence[Waybill], at: datetime, *, now: datetime) -> Grounds:
    """As of ``now``, for waybills of one carrier, each to leave at ``at`` or when it is planned to."""
    replaced = {each.replaces for each in waybills if each.replaces}
    return Grounds(
        registry.known_of(connection, now, map(taking_part, waybills)),
        occupancy.busy(
            connection,
            {name for each in waybills for name in occupancy.resources_of(each)},
            carrier_id=waybills[0].carrier_id,
            since=min(min(each.planned_departure or at, at) for each in waybills),
        ),
        {each: kept.waybill for each in sorted(replaced) if (kept := store.find(connection, each)) is not None},
    )


def taking_part(waybill: Waybill) -> registry.TakingPart:
    """Whom and what the waybill names that has an entry in the registry."""
    return registry.TakingPart(
        organisations=organisations_of(waybill),
        vehicles=frozenset((*waybill.resources(Role.TRACTOR), *waybill.resources(Role.TRAILER))),
        tanks=frozenset(waybill.resources(Role.TANK)),
        persons=frozenset((*waybill.resources(Role.DRIVER), *waybill.resources(Role.ESCORT))),
    )


def gather(
    connection: Connection, waybill: Waybill, at: datetime, *, now: datetime, catalogue: Catalogue | None = None
) -> Facts:
    """Everything the rules may ask, as of ``now``, for a trip that leaves at ``at``; a route nobody knows touches nothing."""
    return gather_all(connection, waybill, at, now=now, catalogue=catalogue).facts


def gather_all(
    connection: Connection, waybill: Waybill, at: datetime, *, now: datetime, catalogue: Catalogue | None = None
) -> Gathered:
    """As ``gather``, and the route's own faults."""
    facts = known_of(connection, waybill, at, now=now)
    return on_route(connection, Trip(waybill, facts, catalogue or goods.core(), now), at)


def on_route(connection: Connection, trip: Trip, at: datetime) -> Gathered:
    """The trip's facts with the zones its route touches, and the signs along it, when it leaves at ``at``."""
    found = found_on_route(connection, trip, at)
    return Gathered(replace(trip.facts, zones=found.zones, signs=found.signs), found.findings)


def known_of(connection: Connection, waybill: Waybill, at: datetime, *, now: datetime) -> Facts:
    """All but the zones on the route."""
    facts = grounds_of(connection, [waybill], at, now=now).of(waybill, at)
    return replace(facts, positioning=positioning_store.positioning_of(connection, waybill.resources(Role.TRACTOR)))


def catalogue_of(call: Call) -> Catalogue:
    """The goods this server judges by: the imported list, else the core one."""
    path = imported_catalogue(call.settings.home)
    return _loaded(path, path.stat().st_mtime_ns) if path.exists() else goods.core()


@lru_cache(maxsize=2)
def _loaded(path: Path, _changed: int) -> Catalogue:
    return Catalogue.load(path)


def decision_on(facts: Facts, catalogue: Catalogue) -> Mapping[str, Any]:
    """What a decision keeps of its grounds: the versions of facts and zones, the editions of rules and goods."""
    return {
        "rules": EDITION,
        "goods": catalogue.edition,
        "facts": dict(sorted(facts.registry.versions.items())),
        "zones": {zone.zone_id: zone.version_id for zone in facts.zones},
    }


def organisations_of(waybill: Waybill) -> frozenset[str]:
    """Everybody named in the waybill that has an entry in the registry."""
    return frozenset(_named(waybill)) - {""}


def _named(waybill: Waybill) -> Iterator[str]:
    for party in (waybill.consignor, waybill.carrier, waybill.loader, waybill.consignee):
        if party is not None:
            yield party.organisation_id
    yield from (stop.consignee.organisation_id for stop in waybill.stops)


def _may_follow(waybill: Waybill, other: Waybill) -> bool:
    """A rescue may take over what another carrier had aboard; everything else follows the carrier's own."""
    return waybill.kind is WaybillKind.RESCUE or waybill.carrier_id == other.carrier_id
