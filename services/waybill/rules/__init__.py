"""Whether a waybill may be issued, and whether its lorry may depart: every fault at once, each with its legal basis.

The rules stand in modules by theme and are pure: a ``Trip`` is the waybill, the facts as of a time, the catalogue and
the time of the decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from services.errors import Finding
from services.errors.waybill.under_way import REASON_NEEDED, TOO_EARLY
from services.goods import Catalogue
from services.runtime.clock import legal_day
from services.waybill.bases import basis_on
from services.waybill.facts import Facts
from services.waybill.lifecycle import Act, check_act
from services.waybill.model import Clearance, Waybill
from services.waybill.rules.busy import not_twice, not_under_way
from services.waybill.rules.crew import crew_qualified
from services.waybill.rules.dispatch import cleared, positioning_alive
from services.waybill.rules.equipment import can_be_followed, inspected
from services.waybill.rules.goods import goods_agree
from services.waybill.rules.parties import complete
from services.waybill.rules.permits import permitted
from services.waybill.rules.purposes import purposes_founded
from services.waybill.rules.quantities import load_fits
from services.waybill.rules.route import route_open
from services.waybill.rules.scope import within_scope
from services.waybill.rules.signs import signs_kept
from services.waybill.rules.tank import tank_permits
from services.waybill.trip import Trip


def check_issue(waybill: Waybill, facts: Facts, catalogue: Catalogue, at: datetime) -> tuple[Finding, ...]:
    """Everything that is wrong with issuing this waybill at ``at``, errors and warnings, in the order of the form."""
    return (*check_act(waybill, Act.ISSUE, at), *check_content(waybill, facts, catalogue, at))


def check_content(waybill: Waybill, facts: Facts, catalogue: Catalogue, at: datetime) -> tuple[Finding, ...]:
    """What is wrong with the waybill whatever its state: for drafts, templates, and what an amendment would make of it."""
    trip = Trip(waybill, facts, catalogue, at)
    return (*_faults(trip), *not_twice(trip), *can_be_followed(trip))


def check_departure(
    waybill: Waybill, facts: Facts, catalogue: Catalogue, clearance: Clearance | None, at: datetime
) -> tuple[Finding, ...]:
    """Everything that holds the lorry at the gate at ``at``: the clearance, the terminal, and all that has changed since.

    The facts are those of now, so that a certificate which ended after the issue is found; the trip starts at ``at``.
    """
    trip = _starting(Trip(waybill, facts, catalogue, at))
    return (
        *check_act(waybill, Act.DEPART, at),
        *cleared(trip, clearance),
        *_faults(trip),
        *not_under_way(trip),
        *positioning_alive(trip),
    )


def _starting(trip: Trip) -> Trip:
    """The trip moved so that it starts now and takes as long as was planned, its passages through zones with it."""
    departure, arrival = trip.waybill.planned_departure, trip.waybill.planned_arrival
    if departure is None or arrival is None:
        return trip
    shift = trip.at - departure
    waybill = replace(trip.waybill, planned_departure=departure + shift, planned_arrival=arrival + shift)
    zones = tuple(
        replace(
            zone,
            enter_at=zone.enter_at and zone.enter_at + shift,
            leave_at=zone.leave_at and zone.leave_at + shift,
        )
        for zone in trip.facts.zones
    )
    return replace(trip, waybill=waybill, facts=replace(trip.facts, zones=zones))


def check_void(waybill: Waybill, reason: str, at: datetime) -> tuple[Finding, ...]:
    """WB-12: a waybill is voided before the departure only, and for a reason."""
    findings = list(check_act(waybill, Act.VOID, at))
    if not reason.strip():
        basis = basis_on("WB-12", legal_day(at))
        findings.append(Finding(reason=REASON_NEEDED, path="reason", rule="WB-12", basis=basis))
    return tuple(findings)


def check_not_before(path: str, at: datetime, *earlier: datetime | None) -> tuple[Finding, ...]:
    """An act is not dated before those it follows (equal times are fine)."""
    latest = max((moment for moment in earlier if moment is not None), default=None)
    if latest is None or at >= latest:
        return ()
    return (Finding(reason=TOO_EARLY, path=path, rule="WB-12", values={"before": latest.isoformat()}),)


def _faults(trip: Trip) -> Iterator[Finding]:
    """WB-01 to WB-09 and RT-01 to RT-06."""
    yield from complete(trip)
    yield from goods_agree(trip)
    yield from within_scope(trip)
    yield from crew_qualified(trip)
    yield from inspected(trip)
    yield from tank_permits(trip)
    yield from load_fits(trip)
    yield from permitted(trip)
    yield from purposes_founded(trip)
    yield from route_open(trip)
    yield from signs_kept(trip)
