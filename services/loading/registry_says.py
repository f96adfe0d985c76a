"""What the registry says of each item of the check for this lorry, these goods and this hour. Pure.

The trip is taken to begin now, so that a paper which ends on the way is found before anything is in the tank; what was
assigned and has been exchanged does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.errors import Finding, Reason, Severity
from services.errors.loading import (
    FILLER_LICENCE_INVALID,
    RESIDUAL_MEDIUM_DIFFERS,
    TANK_HOLDS_GOODS,
    USE_REGISTRATION_MISSING,
)
from services.errors.waybill.issuing import RESOURCE_UNKNOWN
from services.errors.waybill.resources import (
    INSPECTION_EXPIRED,
    INSPECTION_UNKNOWN,
    TANK_LAST_GOODS_DIFFER,
    VEHICLE_ALTERED,
)
from services.goods import Catalogue, Mode, permits_needed
from services.loading import on_record
from services.loading.bases import RULE_OF, RULES
from services.loading.model import CheckCode
from services.registry.model import LicenceKind, TankCondition, TankKind
from services.registry.versions import valid_on
from services.runtime.clock import legal_day
from services.waybill.facts import Facts
from services.waybill.model import GoodsLine, Role, Waybill
from services.waybill.rules.crew import crew_qualified
from services.waybill.rules.permits import permitted
from services.waybill.rules.scope import within_scope
from services.waybill.rules.tank import tank_permits
from services.waybill.trip import ROLE_WORDS, Trip

_FLAMMABLE = frozenset({"2.1", "3", "4.1", "4.2", "4.3"})
_HOLDS = frozenset({TankCondition.LOADED, TankCondition.PART})


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """``applies``: the item must be checked. ``known`` is what is on record, a line each; ``findings`` what is wrong."""

    applies: bool
    known: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def trip_at_gate(waybill: Waybill, facts: Facts, catalogue: Catalogue, now: datetime) -> Trip:
    """The trip if it left now, with those who are assigned now; it arrives no earlier than planned."""
    departure, arrival = waybill.planned_departure, waybill.planned_arrival
    planned = arrival if arrival and departure and arrival > departure else None
    lasts = planned - departure if planned and departure else None
    active = tuple(each for each in waybill.assignments if each.holds_at(now))
    moved = replace(
        waybill,
        assignments=active,
        planned_departure=now,
        planned_arrival=max(planned, now + lasts) if planned and lasts else now,
    )
    return Trip(moved, facts, catalogue, now)


def on_the_road(trip: Trip, waybill: Waybill) -> Trip:
    """The same trip at its planned time, for permits that bind the time of transport; not before now."""
    if waybill.planned_departure is None or waybill.planned_departure <= trip.at:
        return trip
    planned = replace(
        trip.waybill, planned_departure=waybill.planned_departure, planned_arrival=waybill.planned_arrival
    )
    return replace(trip, waybill=planned)


def registry_says(trip: Trip, waybill: Waybill) -> Mapping[CheckCode, Says]:
    """Every item, in the order of the list. ``trip`` is the one at the gate, ``waybill`` as it was issued."""
    tank, gas, cold = (
        bool(tank_lines(trip)),
        bool(gas_lines(trip)),
        any(_is_cold(trip, line) for line in gas_lines(trip)),
    )
    flammable = any(row.division in _FLAMMABLE for line in tank_lines(trip) for row in trip.rows(line))
    media, last = _media(trip)
    dirty = any(not each.state.clean for _, each in trip.tanks())
    says = {
        CheckCode.VEHICLE_PAPERS: Says(applies=True, known=on_record.papers(trip), findings=tuple(_papers(trip))),
        CheckCode.CREW_PAPERS: Says(applies=True, known=on_record.crew(trip), findings=tuple(_crew(trip))),
        CheckCode.INSPECTION: Says(applies=True, known=on_record.inspections(trip), findings=tuple(_inspection(trip))),
        CheckCode.GOODS_AS_WAYBILL: Says(applies=True, known=on_record.goods(trip)),
        CheckCode.PERMITTED_MEDIUM: Says(applies=tank, known=on_record.media(trip), findings=media),
        CheckCode.SPECIAL_DOCUMENTS: _special(on_the_road(trip, waybill)),
        CheckCode.LAST_CARGO: Says(
            applies=tank and dirty, known=on_record.last_goods(trip), findings=(*last, *_holds(trip)) if tank else ()
        ),
        CheckCode.KEYS_HELD: Says(applies=tank),
        CheckCode.WHEEL_CHOCKS: Says(applies=tank),
        CheckCode.STATIC_EARTH: Says(applies=flammable),
        CheckCode.FLAME_ARRESTER: Says(applies=flammable),
        CheckCode.USE_REGISTRATION: Says(applies=gas, findings=tuple(_use_registration(trip)) if gas else ()),
        CheckCode.RESIDUAL_PRESSURE: Says(applies=gas and dirty),
        CheckCode.RESIDUAL_MEDIUM: Says(
            applies=gas and dirty, known=on_record.last_goods(trip), findings=tuple(_residual(trip)) if gas else ()
        ),
        CheckCode.VALVES: Says(applies=gas),
        CheckCode.FILLER_LICENCE: Says(applies=gas, findings=tuple(_filler_licence(trip)) if gas else ()),
        CheckCode.OPERATOR_CERTIFICATE: Says(applies=gas),
        CheckCode.HOLDING_TIME: Says(applies=cold),
    }
    return {code: replace(each, findings=_under(code, each.findings)) for code, each in says.items()}


def tank_lines(trip: Trip) -> list[GoodsLine]:
    return [line for line in trip.waybill.goods if line.mode == Mode.TANK.value]


def gas_lines(trip: Trip) -> list[GoodsLine]:
    """Lines filled by mass into a pressure vessel."""
    return [line for line in tank_lines(trip) if is_gas(trip, line)]


def is_gas(trip: Trip, line: GoodsLine) -> bool:
    return any(row.goods_class == "2" for row in trip.rows(line))


def _is_cold(trip: Trip, line: GoodsLine) -> bool:
    """Refrigerated liquefied: the classification code begins with 3."""
    return any(row.classification_code.startswith("3") for row in trip.rows(line) if row.goods_class == "2")


def _under(code: CheckCode, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings under the loader's own rule and its article."""
    rule = RULE_OF[code]
    return tuple(replace(each, path=code.value, rule=rule, basis=RULES[rule]) for each in findings)


def _finding(reason: Reason, severity: Severity = Severity.ERROR, **values: object) -> Finding:
    return Finding(reason=reason, severity=severity, values={name: str(value) for name, value in values.items()})


def _unknown(trip: Trip, roles: Mapping[Role, Mapping[str, object]]) -> Iterator[Finding]:
    """Who or what is assigned and not registered; a role without anybody at all."""
    for role, known in roles.items():
        for each in trip.assigned(role):
            if each.resource_id not in known:
                yield _finding(RESOURCE_UNKNOWN, role=ROLE_WORDS[role][0], id=each.resource_id)


def _papers(trip: Trip) -> Iterator[Finding]:
    vehicles = trip.registry.vehicles
    yield from _unknown(trip, {Role.TRACTOR: vehicles, Role.TRAILER: vehicles})
    if not any(trip.assigned(Role.TRACTOR)):
        yield _finding(RESOURCE_UNKNOWN, role=ROLE_WORDS[Role.TRACTOR][0], id="-")
    for _, vehicle in trip.vehicles():
        ends = [day for day in (vehicle.permit_valid_to, vehicle.operation_review_to) if day is not None]
        yield from _lasts(trip, ("道路运输证", "road transport permit of"), vehicle.plate, min(ends, default=None))
    yield from within_scope(trip)


def _inspection(trip: Trip) -> Iterator[Finding]:
    yield from _unknown(trip, {Role.TANK: trip.registry.tanks})
    for _, vehicle in trip.vehicles():
        yield from _lasts(trip, ("车辆", "vehicle"), vehicle.plate, vehicle.annual_review_to)
        if vehicle.altered:
            yield _finding(VEHICLE_ALTERED, plate=vehicle.plate)
    for _, tank in trip.tanks():
        yield from _lasts(trip, ("罐体", "tank"), tank.number, tank.next_inspection)


def _lasts(trip: Trip, what: tuple[str, str], name: str, valid_to: date | None) -> Iterator[Finding]:
    """Good today and until the day of arrival, which counts in full."""
    if valid_to is None:
        yield _finding(INSPECTION_UNKNOWN, what=what[0], what_en=what[1], id=name)
    elif valid_to < trip.last_day:
        yield _finding(INSPECTION_EXPIRED, what=what[0], what_en=what[1], id=name, valid_to=valid_to, day=trip.last_day)


def _crew(trip: Trip) -> Iterator[Finding]:
    persons = trip.registry.persons
    yield from _unknown(trip, {Role.DRIVER: persons, Role.ESCORT: persons})
    for role in (Role.DRIVER, Role.ESCORT):
        if not any(trip.assigned(role)):
            yield _finding(RESOURCE_UNKNOWN, role=ROLE_WORDS[role][0], id="-")
    yield from crew_qualified(trip)


def _media(trip: Trip) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Against the list of media; and, apart, what a change of goods asks of the loader."""
    if not tank_lines(trip):
        return (), ()
    found = tuple(tank_permits(trip))
    media = tuple(each for each in found if each.reason is not TANK_LAST_GOODS_DIFFER)
    return media, tuple(each for each in found if each.reason is TANK_LAST_GOODS_DIFFER)


def _holds(trip: Trip) -> Iterator[Finding]:
    """Other goods in the tank are an error; the same may be a second place of loading, or the loading itself again."""
    ordered = {line.un_number for line in tank_lines(trip)}
    for _, tank in trip.tanks():
        if tank.state.condition in _HOLDS:
            same = set(tank.state.last_un_numbers) <= ordered
            yield _finding(
                TANK_HOLDS_GOODS, Severity.WARNING if same else Severity.ERROR, tank=tank.number,
                last=on_record.last_of(tank), state=tank.state.condition.value,
            )  # fmt: skip


def _residual(trip: Trip) -> Iterator[Finding]:
    for _, tank in trip.tanks():
        other = set(tank.state.last_un_numbers) - {line.un_number for line in gas_lines(trip)}
        if not tank.state.clean and other:
            un = "、".join(sorted({line.un_number for line in gas_lines(trip)}))
            yield _finding(RESIDUAL_MEDIUM_DIFFERS, tank=tank.number, last=on_record.last_of(tank), un=un)


def _use_registration(trip: Trip) -> Iterator[Finding]:
    for _, tank in trip.tanks():
        if tank.kind is not TankKind.PRESSURE or not tank.certificate:
            yield _finding(USE_REGISTRATION_MISSING, tank=tank.number)


def _filler_licence(trip: Trip) -> Iterator[Finding]:
    loader = trip.waybill.loader
    if loader is None:
        return
    today = legal_day(trip.at)
    held = (
        licence
        for licence in trip.registry.licences
        if licence.organisation_id == loader.organisation_id
        and licence.kind is LicenceKind.FILLING
        and not licence.suspended
        and valid_on(today, licence.valid_from, licence.valid_to)
    )
    if not any(held):
        yield _finding(FILLER_LICENCE_INVALID, loader=loader.name, day=today)


def _special(trip: Trip) -> Says:
    needs = [each for each in permits_needed(trip.load, trip.catalogue, legal_day(trip.at)) if each.is_document]
    applies = bool(needs) or any(line.waste for line in trip.waybill.goods)
    known = tuple(f"{permit.kind.value} {permit.number}" for permit in trip.stated_permits())
    return Says(applies=applies, known=known, findings=tuple(permitted(trip)) if applies else ())
