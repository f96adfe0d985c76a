"""When a waybill keeps its resources busy, as it is laid out among the trips. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from services.waybill.facts import Busy
from services.waybill.model import State, Waybill
from services.waybill.rules.busy import occupies

_FREE = frozenset({State.VOIDED, State.REJECTED})
_INSTANT = timedelta(seconds=1)


def spans_of(waybill: Waybill) -> tuple[Busy, ...]:
    """As ``occupies``; what a late trip is under way with it holds still, if only for an instant, and a void one nothing."""
    if waybill.state in _FREE and waybill.departed_at is None:
        return ()
    spans = {span.resource: span for span in occupies(waybill)}
    if waybill.departed_at is not None and waybill.unloaded_at is None and waybill.planned_arrival is not None:
        began = [waybill.departed_at, *(each.from_at for each in waybill.assignments if each.from_at)]
        late = replace(waybill, planned_arrival=max(waybill.planned_arrival, *(at + _INSTANT for at in began)))
        spans = {span.resource: span for span in occupies(late)} | spans
    return tuple(spans.values())
