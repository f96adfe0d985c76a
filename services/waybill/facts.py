"""What a waybill is judged by: the registry's facts, the zones on its route, other trips, positioning; as of one time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from services import goods, registry
from services.waybill import slots_store, store
from services.waybill.model import Facts, Role, Waybill, WaybillKind
from services.waybill.on_route import zones_on_route

EDITION = "2026-11"  # of the rules of this slice: a change of a rule's meaning is a new edition


def gather(connection: Connection, waybill: Waybill, at: datetime, *, now: datetime) -> Facts:
    """Everything the rules may ask, true at ``at`` by what is known now; the trip is taken to begin at ``at`` or as planned."""
    facts = registry.facts_at(
        connection,
        now,
        organisations=organisations_of(waybill),
        vehicles=(*waybill.resources(Role.TRACTOR), *waybill.resources(Role.TRAILER)),
        tanks=waybill.resources(Role.TANK),
        persons=(*waybill.resources(Role.DRIVER), *waybill.resources(Role.ESCORT)),
    )
    replaced = store.find(connection, waybill.replaces) if waybill.replaces else None
    return Facts(
        registry=facts,
        zones=zones_on_route(connection, waybill, at),
        busy=slots_store.busy(
            connection,
            slots_store.resources_of(waybill.assignments),
            but=waybill.id,
            carrier_id=carrier_of(waybill),
            since=min(waybill.planned_departure or at, at),
        ),
        positioning=store.positioning_of(connection, waybill.resources(Role.TRACTOR)),
        replaced=replaced.waybill if replaced is not None and _may_follow(waybill, replaced.waybill) else None,
    )


def decision_on(facts: Facts) -> Mapping[str, Any]:
    """What a decision keeps of its grounds: the versions of facts and zones, the editions of rules and goods."""
    return {
        "rules": EDITION,
        "goods": goods.core().edition,
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
    return waybill.carrier.organisation_id if waybill.carrier else ""


def _may_follow(waybill: Waybill, other: Waybill) -> bool:
    """A rescue may take over what another carrier had aboard; everything else follows the carrier's own."""
    return waybill.kind is WaybillKind.RESCUE or carrier_of(waybill) == carrier_of(other)
