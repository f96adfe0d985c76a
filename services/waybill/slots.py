"""When a waybill keeps its resources busy, as it is laid out among the trips. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from services.waybill.busy import occupies
from services.waybill.model import Busy, State, Waybill

_FREE = frozenset({State.VOIDED, State.REJECTED})
_INSTANT = timedelta(seconds=1)


def spans_of(waybill: Waybill) -> tuple[Busy, ...]:
    """As ``occupies``; a trip that is late holds what it is under way with still, and one that ended early nothing more."""
    if waybill.state in _FREE and waybill.departed_at is None:
        return ()
    if waybill.departed_at is not None and waybill.unloaded_at is None and waybill.planned_arrival is not None:
        began = [
            waybill.departed_at,
            *(each.from_at for each in waybill.assignments if each.from_at and not each.to_at),
        ]
        waybill = replace(waybill, planned_arrival=max(waybill.planned_arrival, *(at + _INSTANT for at in began)))
    return occupies(waybill)
