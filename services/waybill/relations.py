"""What a caller has to do with a waybill: it carries, loads, receives, is named in it, or looks after where it goes."""

from __future__ import annotations

from collections.abc import Iterator

from services.registry.relations import covers, oversees
from services.runtime.access import Relation
from services.runtime.call import Call
from services.waybill import index_store, store
from services.waybill.facts import Facts
from services.waybill.gathering import organisations_of
from services.waybill.index_store import Index
from services.waybill.model import Role, Waybill


def relations(call: Call, waybill_id: str) -> list[Relation]:
    """Empty for a waybill that is not there, and for one that is none of the caller's business."""
    kept = store.find(call.transaction, waybill_id)
    return [] if kept is None else relations_to(call, kept.waybill)


def relations_to(call: Call, waybill: Waybill) -> list[Relation]:
    """How the caller stands to the waybill: carrying, party, or authority of a place it touches; none for strangers."""
    return list(_relations(call, waybill))


def _relations(call: Call, waybill: Waybill) -> Iterator[Relation]:
    organisation = call.caller.organisation
    if waybill.carrier_id == organisation:
        yield Relation.CARRYING
    if waybill.loader is not None and waybill.loader.organisation_id == organisation:
        yield Relation.LOADING
    if organisation in receivers(waybill):
        yield Relation.RECEIVING
    if organisation in organisations_of(waybill):
        yield Relation.PARTY
    if oversees(call.caller) and covers(call.caller.division, index_store.divisions_of(call.transaction, waybill.id)):
        yield Relation.JURISDICTION


def receivers(waybill: Waybill) -> frozenset[str]:
    """Everybody who may sign for some of it."""
    consignees = (waybill.consignee, *(stop.consignee for stop in waybill.stops))
    return frozenset(party.organisation_id for party in consignees if party is not None) - {""}


def index_of(waybill: Waybill, facts: Facts) -> Index:
    """What the waybill is found by: its parties, where it goes and its carrier sits, the plates of its vehicles."""
    vehicles = (*waybill.resources(Role.TRACTOR), *waybill.resources(Role.TRAILER))
    known = facts.registry
    return Index(
        organisations=organisations_of(waybill),
        divisions=frozenset(_divisions(waybill, facts)) - {""},
        plates=frozenset(known.vehicles[each].plate for each in vehicles if each in known.vehicles),
    )


def _divisions(waybill: Waybill, facts: Facts) -> Iterator[str]:
    """Of origin, stops and destination, as stated and as their registered sites lie, and of the carrier."""
    organisations = facts.registry.organisations.values()
    sites = {site.id: site.division_code for each in organisations for site in each.sites}
    for place in (waybill.origin, waybill.destination, *(stop.place for stop in waybill.stops)):
        if place is not None:
            yield place.division_code
            yield sites.get(place.site_id, "")
    if (carrier := facts.registry.organisations.get(waybill.carrier_id)) is not None:
        yield carrier.division_code
