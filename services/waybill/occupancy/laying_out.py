"""Trips laid out beside the others, for those who change them."""

from __future__ import annotations

from datetime import datetime

from services.errors import Finding, Refusal
from services.errors.waybill.resources import RESOURCE_BUSY
from services.runtime.call import Call
from services.runtime.clock import legal_day
from services.waybill.bases import basis_on
from services.waybill.model import Waybill
from services.waybill.occupancy import store


def lay_out(call: Call, waybill: Waybill) -> None:
    """Hold the waybill's resources at its times. Raises a refusal RESOURCE_BUSY when another trip has one of them.

    Before it departs, what it is to take over from the waybill it follows stays with that one while that one holds it.
    """
    try:
        store.lay_out(call.transaction, waybill.id, store.beside_followed(call.transaction, waybill))
    except store.Overlap:
        raise in_the_way(call.now) from None


def in_the_way(at: datetime) -> Refusal:
    """The refusal RESOURCE_BUSY where only the database knows of the other trip."""
    basis = basis_on("WB-10", legal_day(at))
    values = {"resources": "车辆、罐体或人员 a vehicle, tank or person", "other": "另一运单 another waybill"}
    finding = Finding(reason=RESOURCE_BUSY, path="waybill.assignments", rule="WB-10", basis=basis, values=values)
    return Refusal((finding,))
