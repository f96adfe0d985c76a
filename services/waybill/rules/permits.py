"""WB-07 and RT-05: special goods travel with the permit they need, and as that permit says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.errors import Finding, Severity
from services.errors.waybill.route import PERMIT_MISMATCH, PERMIT_MISSING, PERMIT_ROUTE_DIFFERS, ROUTE_UNKNOWN
from services.goods import controls
from services.goods.controls import PermitNeed, permits_needed
from services.registry.model import Permit, PermitKind
from services.runtime.clock import legal_day
from services.waybill.model import GoodsLine
from services.waybill.rules.special import names_of
from services.waybill.trip import Trip

RULE = "WB-07"

KINDS = {
    controls.Permit.TOXIC_ROAD_PASS: PermitKind.TOXIC_ROAD_PASS,
    controls.Permit.FIREWORKS_ROAD_PERMIT: PermitKind.FIREWORKS_ROAD_PERMIT,
    controls.Permit.CIVIL_EXPLOSIVES_TRANSPORT_PERMIT: PermitKind.EXPLOSIVES_ROAD_PERMIT,
    controls.Permit.DRUG_PRECURSOR_TRANSPORT_PERMIT: PermitKind.DRUG_PRECURSOR_PERMIT,
    controls.Permit.DRUG_PRECURSOR_FILING: PermitKind.DRUG_PRECURSOR_FILING,
    controls.Permit.RADIOACTIVE_TRANSPORT_PERMIT: PermitKind.RADIOACTIVE_APPROVAL,
}
# Permits that bind the route, the stops and the time (Measures Art 48).
BIND_ROUTE = frozenset(
    {
        PermitKind.TOXIC_ROAD_PASS,
        PermitKind.FIREWORKS_ROAD_PERMIT,
        PermitKind.EXPLOSIVES_ROAD_PERMIT,
        PermitKind.RADIOACTIVE_APPROVAL,
    }
)


def permitted(trip: Trip) -> Iterator[Finding]:
    """Each need of the goods by itself: one of the permits named by the waybill must fit, or all its faults are told."""
    needs = permits_needed(trip.load, trip.catalogue, legal_day(trip.at))
    for need in needs:
        if need.is_document:
            yield from _need(trip, need)
    yield from _route_known(trip, needs)
    yield from _waste(trip)


def _route_known(trip: Trip, needs: Iterable[PermitNeed]) -> Iterator[Finding]:
    """No route is guessed where none is planned; goods whose permit binds the route should not leave without one."""
    route = trip.waybill.route
    bound = {KINDS[permit] for need in needs for permit in need.any_of if permit in KINDS} & BIND_ROUTE
    if bound and not route.edge_keys and len(route.line) < 2:
        yield trip.finding(ROUTE_UNKNOWN, "waybill.route", "RT-05", severity=Severity.WARNING)


def _need(trip: Trip, need: PermitNeed) -> Iterator[Finding]:
    kinds = [KINDS[permit] for permit in need.any_of if permit in KINDS]
    lines = [trip.waybill.goods[index] for index in need.lines]
    held = [permit for permit in trip.stated_permits() if permit.kind in kinds]
    if not held:
        yield _missing(trip, need)
        return
    faults = [tuple(_faults(trip, permit, lines)) for permit in held]
    if all(faults):
        yield from min(faults, key=len)


def _missing(trip: Trip, need: PermitNeed) -> Finding:
    line = trip.waybill.goods[need.lines[0]]
    return trip.finding(
        PERMIT_MISSING, f"waybill.goods[{need.lines[0]}]", RULE, un=line.un_number, name=need.substance,
        permit="或".join(permit.value for permit in need.any_of),
        permit_en=" or ".join(permit.name.replace("_", " ").lower() for permit in need.any_of),
    )  # fmt: skip


def _waste(trip: Trip) -> Iterator[Finding]:
    """Hazardous waste travels with its transfer manifest."""
    manifests = [permit for permit in trip.stated_permits() if permit.kind is PermitKind.WASTE_MANIFEST]
    for path, line in trip.lines():
        if line.waste and not manifests:
            yield trip.finding(
                PERMIT_MISSING, path, RULE, un=line.un_number, name=line.name,
                permit="危险废物转移联单", permit_en="hazardous waste transfer manifest",
            )  # fmt: skip
    lines = [line for line in trip.waybill.goods if line.waste]
    faults = [tuple(_faults(trip, permit, lines)) for permit in manifests]
    if lines and faults and all(faults):
        yield from min(faults, key=len)


def _faults(trip: Trip, permit: Permit, lines: list[GoodsLine]) -> Iterator[Finding]:
    yield from (_mismatch(trip, permit, zh, en) for zh, en in _problems(trip, permit))
    yield from _goods(trip, permit, lines)
    if permit.kind in BIND_ROUTE:
        yield from _route(trip, permit)


def _problems(trip: Trip, permit: Permit) -> Iterator[tuple[str, str]]:
    if permit.revoked:
        yield "许可已撤销", "it was revoked"
    if permit.single_trip and permit.used_by not in ("", trip.waybill.id):
        yield "单次许可已用于其他运单", "it is for one trip and was used"
    if not (permit.valid_from <= trip.departure and trip.arrival < permit.valid_to):
        yield "运输时间不在许可有效期内", "the trip is not within its validity"
    if permit.vehicle_ids and not trip.vehicle_ids <= permit.vehicle_ids:
        yield "车辆与许可不符", "it names other vehicles"


def _goods(trip: Trip, permit: Permit, lines: list[GoodsLine]) -> Iterator[Finding]:
    """Every line that needs the permit is among its goods, and all lines of one kind stay within its quantity."""
    total: dict[str, int] = {}
    for line in lines:
        total[line.un_number] = total.get(line.un_number, 0) + line.mass_g
        if permit.goods and not any(
            goods.un_number == line.un_number and (not goods.name or goods.name in names_of(trip, line))
            for goods in permit.goods
        ):
            yield _mismatch(
                trip, permit, f"许可不含 UN{line.un_number} {line.name}", f"it does not name UN{line.un_number}"
            )
    for un_number, mass_g in total.items():
        limits = [goods.limit_g for goods in permit.goods if goods.un_number == un_number]
        known = [limit for limit in limits if limit is not None]
        if limits and len(known) == len(limits) and mass_g > sum(known):
            yield _mismatch(
                trip, permit, f"UN{un_number} {mass_g} 克超过许可数量 {sum(known)} 克",
                f"{mass_g} g of UN{un_number} exceed its {sum(known)} g",
            )  # fmt: skip


def _mismatch(trip: Trip, permit: Permit, zh: str, en: str) -> Finding:
    index = trip.waybill.permit_numbers.index(permit.number)
    path = f"waybill.permit_numbers[{index}]"
    return trip.finding(PERMIT_MISMATCH, path, RULE, number=permit.number, problem_zh=zh, problem=en)


def _route(trip: Trip, permit: Permit) -> Iterator[Finding]:
    """RT-05: the planned route and the stops lie within the ones of the permit, where it names any."""
    basis = "RT-05-FIREWORKS" if permit.kind is PermitKind.FIREWORKS_ROAD_PERMIT else "RT-05"
    outside = [edge for edge in trip.waybill.route.edge_keys if edge not in permit.route]
    if permit.route and (outside or not trip.waybill.route.edge_keys):
        what = outside[0] if outside else "-"
        yield trip.finding(PERMIT_ROUTE_DIFFERS, "waybill.route", "RT-05", basis=basis, number=permit.number, what=what)
    for index, stop in enumerate(trip.waybill.stops):
        if permit.stop_site_ids and stop.place.site_id not in permit.stop_site_ids:
            yield trip.finding(
                PERMIT_ROUTE_DIFFERS, f"waybill.stops[{index}].place", "RT-05", basis=basis,
                number=permit.number, what=stop.place.name,
            )  # fmt: skip
