"""What a waybill is judged by: the registry's facts, the zones on its route, other trips, positioning; as of one time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from services.waybill import positioning_store, slots_store, store
from services.waybill.model import Facts, Role, Waybill, WaybillKind
from services.waybill.on_route import zones_on_route
from services.waybill.trip import Trip

EDITION = "2026-11"  # of the rules of this slice: a change of a rule's meaning is a new edition


@dataclass(frozen=True, slots=True)
class Gathered:
    """The facts, and what is wrong with the route so that its zones could not be told."""

    facts: Facts
    findings: tuple[Finding, ...] = ()


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
    zones, findings = zones_on_route(connection, Trip(waybill, facts, catalogue or goods.core(), now), at)
    return Gathered(replace(facts, zones=zones), findings)


def known_of(connection: Connection, waybill: Waybill, at: datetime, *, now: datetime) -> Facts:
    """All but the zones on the route."""
    replaced = store.find(connection, waybill.replaces) if waybill.replaces else None
    return Facts(
        registry=registry.facts_at(
            connection,
            now,
            organisations=organisations_of(waybill),
            vehicles=(*waybill.resources(Role.TRACTOR), *waybill.resources(Role.TRAILER)),
            tanks=waybill.resources(Role.TANK),
            persons=(*waybill.resources(Role.DRIVER), *waybill.resources(Role.ESCORT)),
        ),
        busy=slots_store.busy(
            connection,
            slots_store.resources_of(waybill.assignments),
            but=waybill.id,
            carrier_id=carrier_of(waybill),
            since=min(waybill.planned_departure or at, at),
        ),
        positioning=positioning_store.positioning_of(connection, waybill.resources(Role.TRACTOR)),
        replaced=replaced.waybill if replaced is not None and _may_follow(waybill, replaced.waybill) else None,
    )


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


def carrier_of(waybill: Waybill) -> str:
    return waybill.carrier_id


def _may_follow(waybill: Waybill, other: Waybill) -> bool:
    """A rescue may take over what another carrier had aboard; everything else follows the carrier's own."""
    return waybill.kind is WaybillKind.RESCUE or carrier_of(waybill) == carrier_of(other)
