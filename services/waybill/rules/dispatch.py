"""At the gate: the clearance of this very revision, and a positioning terminal that is alive (WB-11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from services.errors import Finding
from services.errors.waybill.resources import POSITIONING_SILENT, TANK_NOT_EMPTY
from services.errors.waybill.revision import REVISION_OPEN
from services.errors.waybill.under_way import CLEARANCE_MISSING, CLEARANCE_VOID, TOO_EARLY
from services.registry.model import TankCondition
from services.waybill.facts import Positioning
from services.waybill.lifecycle import LEAVES_WITHOUT_LOADING
from services.waybill.model import Clearance, Role, State, WaybillKind
from services.waybill.trip import Trip

# Parked terminals sleep, so a fix within a day is asked for; detection raises OFFLINE where none follows the departure.
FIX_WITHIN = timedelta(hours=24)
_HOLDS_GOODS = frozenset({TankCondition.LOADED, TankCondition.PART})


def cleared(trip: Trip, clearance: Clearance | None) -> Iterator[Finding]:
    """Default deny: without a living clearance for this revision a loaded lorry does not leave."""
    waybill = trip.waybill
    if waybill.under_correction:
        yield trip.finding(
            REVISION_OPEN, "waybill.under_correction", "WB-12", revision=waybill.under_correction, author="-"
        )
    if waybill.kind in LEAVES_WITHOUT_LOADING:
        yield from _really_empty(trip)
        return
    if clearance is None or clearance.waybill_id != waybill.id:
        if waybill.state is State.ISSUED:  # its state says so already
            return
        yield trip.finding(CLEARANCE_MISSING, "waybill", "DEPART")
    elif clearance.revision != waybill.revision:
        problem = f"revision {clearance.revision} of the waybill was cleared, not {waybill.revision}"
        yield trip.finding(CLEARANCE_VOID, "waybill.revision", "DEPART", problem=problem)
    elif clearance.voided_at is not None and clearance.voided_at <= trip.at:
        yield trip.finding(CLEARANCE_VOID, "waybill", "DEPART", problem=clearance.void_reason or "-")
    elif clearance.granted_at > trip.at:
        yield trip.finding(TOO_EARLY, "at", "DEPART", before=clearance.granted_at.isoformat())


def _really_empty(trip: Trip) -> Iterator[Finding]:
    """An empty return is no way round the loader: the registry must hold its tanks for empty when they leave."""
    for each, tank in trip.tanks():
        if trip.waybill.kind is WaybillKind.EMPTY_RETURN and tank.state.condition in _HOLDS_GOODS:
            state = tank.state.condition.value
            yield trip.finding(TANK_NOT_EMPTY, each.path, "DEPART", tank=tank.number, state=state)


def positioning_alive(trip: Trip) -> Iterator[Finding]:
    """Each powered vehicle that starts the trip had a fix within 24 h; the 24th hour itself still counts."""
    for each, vehicle in trip.vehicles(Role.TRACTOR):
        last = trip.facts.positioning.get(vehicle.id, Positioning()).last_fix_at
        if each.assignment.to_at is None and (last is None or trip.at - last > FIX_WITHIN):
            seen = last.isoformat() if last else "-"
            yield trip.finding(POSITIONING_SILENT, each.path, "WB-11", plate=vehicle.plate, last=seen)
