"""WB-01: what a waybill must hold, and that its parts fit each other."""

from __future__ import annotations

from collections.abc import Iterator

from services.errors import Finding, Severity
from services.errors.common import FIELD_INVALID, FIELD_MISSING
from services.errors.waybill.issuing import (
    CREW_IS_ONE_PERSON,
    DROPS_INCONSISTENT,
    GOODS_CLASS_MISSTATED,
    GOODS_LINE_UNKNOWN,
    LINK_MISSING,
    PARTY_MISSING,
    RESOURCE_UNKNOWN,
    RESOURCE_WRONG_KIND,
    TRIP_TIMES_INVALID,
)
from services.goods import Mode
from services.registry.model import VehicleKind
from services.waybill.delivery import taken_g
from services.waybill.model import GoodsLine, Party, Place, Role, State, Stop, WaybillKind
from services.waybill.succession.rules import takes_lorry
from services.waybill.trip import ROLE_WORDS, Trip

RULE = "WB-01"

PARTIES = {
    "consignor": ("托运人", "consignor"),
    "carrier": ("承运人", "carrier"),
    "loader": ("装货人", "loader"),
    "consignee": ("收货人", "consignee"),
    "origin": ("起运地", "origin"),
    "destination": ("目的地", "destination"),
    "planned_departure": ("起运时间", "planned departure"),
    "planned_arrival": ("预计到达时间", "planned arrival"),
}
# Nobody loads an empty lorry, and goods taken back were loaded under another waybill.
_NO_LOADER = frozenset(WaybillKind) - {WaybillKind.NORMAL}
_FOLLOWS = _NO_LOADER - {WaybillKind.EMPTY_RETURN}
_ONCE_DEPARTED = frozenset({State.IN_TRANSIT, State.ARRIVED, State.COMPLETED, State.REJECTED})


def complete(trip: Trip) -> Iterator[Finding]:
    """Everything the form asks for is there, known to the registry and of the right kind."""
    yield from _parties(trip)
    yield from _times(trip)
    yield from _resources(trip)
    yield from _crew(trip)
    yield from _goods(trip)
    yield from _stops(trip)
    yield from _link(trip)


def _parties(trip: Trip) -> Iterator[Finding]:
    for name, (zh, en) in PARTIES.items():
        value = getattr(trip.waybill, name)
        blank = isinstance(value, Party | Place) and not value.name.strip()
        if name == "loader" and trip.waybill.kind in _NO_LOADER:
            continue
        if value is None or blank:
            yield trip.finding(PARTY_MISSING, f"waybill.{name}", RULE, party=zh, party_en=en)
    for name in ("consignor", "carrier"):
        party: Party | None = getattr(trip.waybill, name)
        if party is not None and party.organisation_id not in trip.registry.organisations:
            path, (zh, _) = f"waybill.{name}.organisation_id", PARTIES[name]
            yield trip.finding(RESOURCE_UNKNOWN, path, RULE, role=zh, id=party.organisation_id)


def _times(trip: Trip) -> Iterator[Finding]:
    planned = trip.waybill.planned_departure, trip.waybill.planned_arrival
    if planned[0] is not None and planned[1] is not None and planned[1] <= planned[0]:
        yield trip.finding(TRIP_TIMES_INVALID, "waybill.planned_arrival", RULE)


def _resources(trip: Trip) -> Iterator[Finding]:
    for role in (Role.TRACTOR, Role.DRIVER, Role.ESCORT):
        if not trip.waybill.resources(role):
            zh, en = ROLE_WORDS[role]
            yield trip.finding(PARTY_MISSING, "waybill.assignments", RULE, party=zh, party_en=en)
    known = {
        Role.TRACTOR: trip.registry.vehicles,
        Role.TRAILER: trip.registry.vehicles,
        Role.TANK: trip.registry.tanks,
        Role.DRIVER: trip.registry.persons,
        Role.ESCORT: trip.registry.persons,
    }
    for each in trip.assigned(*Role):
        role = each.assignment.role
        if each.resource_id not in known[role]:
            yield trip.finding(RESOURCE_UNKNOWN, each.path, RULE, role=ROLE_WORDS[role][0], id=each.resource_id)
    yield from _kinds(trip)


def _kinds(trip: Trip) -> Iterator[Finding]:
    trailers = trip.waybill.resources(Role.TRAILER)
    for each, vehicle in trip.vehicles():
        role = each.assignment.role
        problem = ""
        if (vehicle.kind is VehicleKind.TRAILER) is not (role is Role.TRAILER):
            problem = f"it is a {vehicle.kind.value.lower()}"
        elif vehicle.kind is VehicleKind.TRACTOR and not trailers:
            problem = "a tractor carries nothing without a trailer"
        if problem:
            words = ROLE_WORDS[role][0]
            yield trip.finding(RESOURCE_WRONG_KIND, each.path, RULE, role=words, id=vehicle.plate, problem=problem)


def _crew(trip: Trip) -> Iterator[Finding]:
    """Double crews may swap roles on the way, but one person is never the whole crew."""
    crew = {*trip.waybill.resources(Role.DRIVER), *trip.waybill.resources(Role.ESCORT)}
    if len(crew) == 1 and trip.waybill.resources(Role.DRIVER) and trip.waybill.resources(Role.ESCORT):
        person = trip.registry.persons.get(next(iter(crew)))
        name = person.name if person else next(iter(crew))
        yield trip.finding(CREW_IS_ONE_PERSON, "waybill.assignments", RULE, name=name)


def _goods(trip: Trip) -> Iterator[Finding]:
    if not trip.waybill.goods:
        yield trip.finding(PARTY_MISSING, "waybill.goods", RULE, party="货物信息", party_en="goods line")
    numbers = [line.number for line in trip.waybill.goods]
    for path, line in trip.lines():
        if numbers.count(line.number) > 1 or line.number < 1:
            yield _invalid(trip, f"{path}.number", "numbers count from 1, each once")
        if line.mode not in {mode.value for mode in Mode}:
            yield _invalid(trip, f"{path}.mode", "must be tank, bulk or packages")
        if trip.waybill.kind is WaybillKind.EMPTY_RETURN and line.mass_g != 0:
            yield _invalid(trip, f"{path}.mass_g", "an empty tank carries 0 g of its last goods")
        if trip.waybill.kind is not WaybillKind.EMPTY_RETURN and line.mass_g <= 0:
            yield _invalid(trip, f"{path}.mass_g", "must be above 0 g")
        if line.mode == Mode.PACKAGES.value and line.package_count < 1:
            yield trip.finding(FIELD_MISSING, f"{path}.package_count", RULE, field=f"{path}.package_count")
        yield from class_agrees(trip, path, line)


def class_agrees(trip: Trip, path: str, line: GoodsLine) -> Iterator[Finding]:
    """The class or division is that of the list of goods."""
    rows = trip.rows(line)
    allowed = {row.division for row in rows} | {row.classification_code for row in rows if row.is_explosive}
    if rows and line.hazard_class not in allowed:
        expected = "/".join(sorted({row.division for row in rows}))
        yield trip.finding(
            GOODS_CLASS_MISSTATED, f"{path}.hazard_class", RULE, un=line.un_number, expected=expected, stated=line.hazard_class
        )  # fmt: skip


def _invalid(trip: Trip, path: str, problem: str) -> Finding:
    return trip.finding(FIELD_INVALID, path, RULE, field=path, problem=problem)


def _stops(trip: Trip) -> Iterator[Finding]:
    """Each drop is of a line of the waybill, and the drops of a line add up to it, to the gram."""
    lines = {line.number: line for line in trip.waybill.goods}
    dropped: dict[int, int] = {}
    for index, stop in enumerate(trip.waybill.stops):
        yield from _stop(trip, index, stop)
        for drop in stop.drops:
            dropped[drop.goods_number] = dropped.get(drop.goods_number, 0) + drop.planned_g
            if drop.goods_number not in lines:
                yield trip.finding(GOODS_LINE_UNKNOWN, f"waybill.stops[{index}].drops", RULE, line=drop.goods_number)
    for number, total in dropped.items():
        if number in lines and total != lines[number].mass_g:
            over = total > lines[number].mass_g
            yield trip.finding(
                DROPS_INCONSISTENT, "waybill.stops", RULE, severity=Severity.ERROR if over else Severity.WARNING,
                line=number, sum=total, mass=lines[number].mass_g,
            )  # fmt: skip


def _stop(trip: Trip, index: int, stop: Stop) -> Iterator[Finding]:
    path = f"waybill.stops[{index}]"
    if stop.number != index + 1:
        yield _invalid(trip, f"{path}.number", "stops count from 1 in driving order")
    if not stop.consignee.name.strip():
        yield trip.finding(PARTY_MISSING, f"{path}.consignee", RULE, party="收货人", party_en="consignee")
    if any(drop.planned_g <= 0 for drop in stop.drops):
        yield _invalid(trip, f"{path}.drops", "each planned quantity must be above 0 g")


def _link(trip: Trip) -> Iterator[Finding]:
    """A return, diversion or rescue follows a waybill that has departed, and carries no more than that one did."""
    waybill, replaced = trip.waybill, trip.facts.replaced
    if waybill.kind is WaybillKind.RESCUE and not waybill.authority:
        yield _missing_link(trip, "waybill.authority", "批准的监管部门", "the authority that ordered it")
    if waybill.kind not in _FOLLOWS:
        return
    if not waybill.replaces or replaced is None or replaced.id != waybill.replaces:
        yield _missing_link(trip, "waybill.replaces", "原运单", "the waybill it follows")
    elif replaced.state not in _ONCE_DEPARTED or replaced.departed_at is None:
        yield _missing_link(trip, "waybill.replaces", "已出发的原运单", "a waybill that has departed")
    else:
        yield from _no_more_than(trip)


def _no_more_than(trip: Trip) -> Iterator[Finding]:
    replaced = trip.facts.replaced
    aboard: dict[str, int] = {}
    for line in replaced.goods if replaced else ():
        aboard[line.un_number] = aboard.get(line.un_number, 0) + line.carried_g
    # What was delivered is not aboard any more; but a residue may be what stays in any emptied tank.
    if replaced is not None and trip.waybill.kind is not WaybillKind.RESIDUE_RETURN:
        numbers = {line.number: line.un_number for line in replaced.goods}
        for drop in (drop for stop in replaced.stops for drop in stop.drops if drop.goods_number in numbers):
            aboard[numbers[drop.goods_number]] -= drop.delivered_g or 0
        for number, mass_g in taken_g(replaced, but=trip.waybill.id).items():
            aboard[numbers[number]] -= mass_g
    for path, line in trip.lines():
        aboard[line.un_number] = aboard.get(line.un_number, 0) - line.mass_g
        if aboard[line.un_number] < 0:
            yield _invalid(trip, f"{path}.mass_g", "the waybill it follows has not that much aboard")
    # A lorry has one waybill: one that goes on under another leaves nothing behind under the first.
    if replaced is not None and takes_lorry(trip.waybill, replaced, trip.at) and max(aboard.values(), default=0) > 0:
        yield _invalid(
            trip, "waybill.goods", "the lorry has more aboard under the waybill it follows 须接续车上全部货物"
        )


def _missing_link(trip: Trip, path: str, zh: str, en: str) -> Finding:
    return trip.finding(LINK_MISSING, path, RULE, kind=trip.waybill.kind.value, missing=zh, missing_en=en)
