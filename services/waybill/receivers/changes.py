"""What a change of a waybill is called when others are told of it."""

from __future__ import annotations

from collections.abc import Mapping

from services.waybill.model import State, Waybill

_BY_STATE: Mapping[State, str] = {
    State.DRAFT: "waybill.drafted",
    State.ISSUED: "waybill.clearance_voided",
    State.LOADED: "waybill.loaded",
    State.IN_TRANSIT: "waybill.departed",
    State.ARRIVED: "waybill.arrived",
    State.COMPLETED: "waybill.completed",
    State.VOIDED: "waybill.voided",
    State.REJECTED: "waybill.rejected",
}
EVENTS = frozenset(
    {
        *_BY_STATE.values(), "waybill.issued", "waybill.amended", "waybill.unloaded", "waybill.signed",
        "waybill.correction_opened", "waybill.correction_closed", "waybill.changed",
    }
)  # fmt: skip


def event_of(before: Waybill | None, after: Waybill) -> str:
    """One name for one change, the weightiest where several things changed at once."""
    if before is None:
        return "waybill.issued"
    if before.revision != after.revision:
        return "waybill.amended"
    if before.state is not after.state:
        return _BY_STATE[after.state]
    if before.unloaded_at != after.unloaded_at:
        return "waybill.unloaded"
    if [stop.signed_at for stop in before.stops] != [stop.signed_at for stop in after.stops]:
        return "waybill.signed"
    if before.under_correction != after.under_correction:
        return "waybill.correction_opened" if after.under_correction else "waybill.correction_closed"
    return "waybill.changed"
