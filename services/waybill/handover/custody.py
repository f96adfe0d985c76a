"""Who holds a load: by what was countersigned, else by where the waybill stands. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.waybill.handover.model import Custodian, Handover, HandoverKind, HandoverState
from services.waybill.model import Party, Role, State, Waybill
from services.waybill.revision.reassignment import aboard


def holder(waybill: Waybill, chain: Sequence[Handover], at: datetime) -> Custodian:
    """Who holds the load: by what was countersigned, else by the state of the waybill. ``chain`` in its order."""
    if waybill.state is State.COMPLETED:
        return custodian_of(waybill.consignee)
    if (site := parked_with(chain)) is not None:
        return site
    taken_over = any(each.kind is HandoverKind.LOADING and each.state is HandoverState.COUNTERSIGNED for each in chain)
    if waybill.departed_at is None and not taken_over:
        return custodian_of(waybill.loader)
    return carrier_aboard(waybill, at)


def parked_with(chain: Sequence[Handover]) -> Custodian | None:
    """Whoever keeps the trailer, and has not given it back."""
    kinds = (HandoverKind.PARKED, HandoverKind.TAKEN_UP)
    signed = [each for each in chain if each.kind in kinds and each.state is HandoverState.COUNTERSIGNED]
    return signed[-1].taker if signed and signed[-1].kind is HandoverKind.PARKED else None


def carrier_aboard(waybill: Waybill, at: datetime) -> Custodian:
    """The carrier, by its driver of that time."""
    drivers = aboard(waybill, Role.DRIVER, at)
    return custodian_of(waybill.carrier, drivers[0] if drivers else "")


def custodian_of(party: Party | None, person_id: str = "") -> Custodian:
    if party is None:
        return Custodian()
    return Custodian(
        name=party.name, organisation_id=party.organisation_id, phone=party.phone, person_id=person_id
    )  # fmt: skip
