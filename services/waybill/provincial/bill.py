"""A waybill and what is known of its vehicles and crew as a provincial bill, and a bill as a waybill to be completed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from services.registry.model import LicenceKind, QualificationKind
from services.waybill.facts import Facts
from services.waybill.model import GoodsLine, Party, Place, Role, State, Stop, Waybill
from services.waybill.provincial.model import (
    CANCELLED,
    COMPLETED,
    LOADING,
    TO_LOAD,
    UNDER_WAY,
    UNLOADED,
    Bill,
    Goods,
    Member,
    Plate,
    Site,
    Unit,
)

# There is no word for goods that were all turned away: the trip is over, and the return has a bill of its own.
_STATUS = {
    State.DRAFT: TO_LOAD, State.ISSUED: TO_LOAD, State.LOADED: LOADING, State.IN_TRANSIT: UNDER_WAY,
    State.ARRIVED: UNDER_WAY, State.COMPLETED: COMPLETED, State.VOIDED: CANCELLED, State.REJECTED: COMPLETED,
}  # fmt: skip


def bill_of(waybill: Waybill, facts: Facts) -> Bill:
    """As the waybill stands; plates, names and certificates as the registry says them. Who drives last is the driver."""
    carrier = waybill.carrier or Party(name="")
    status = _STATUS[waybill.state]
    return Bill(
        number=waybill.number,
        status=UNLOADED if status == UNDER_WAY and waybill.unloaded_at else status,
        vehicle=_plate(waybill, facts, Role.TRACTOR),
        trailer=_plate(waybill, facts, Role.TRAILER),
        driver=_member(waybill, facts, Role.DRIVER, QualificationKind.DRIVER),
        escort=_member(waybill, facts, Role.ESCORT, QualificationKind.ESCORT),
        carrier_name=carrier.name,
        carrier_licence=carrier.licence_number or _licence(carrier.organisation_id, facts),
        loading_at=waybill.planned_loading or waybill.planned_departure,
        planned_unloading_at=waybill.planned_arrival,
        unloaded_at=waybill.unloaded_at,
        began_at=waybill.departed_at,
        ended_at=waybill.completed_at,
        remark=waybill.remarks,
        senders=_senders(waybill),
        receivers=tuple(_receivers(waybill)),
    )


def _plate(waybill: Waybill, facts: Facts, role: Role) -> Plate | None:
    vehicles = [facts.registry.vehicles[each] for each in _now(waybill, role) if each in facts.registry.vehicles]
    return Plate(text=vehicles[-1].plate, colour=vehicles[-1].plate_colour) if vehicles else None


def _member(waybill: Waybill, facts: Facts, role: Role, kind: QualificationKind) -> Member | None:
    people = [facts.registry.persons[each] for each in _now(waybill, role) if each in facts.registry.persons]
    if not people:
        return None
    held = [each.number for each in people[-1].qualifications if each.kind is kind]
    return Member(name=people[-1].name, certificate=held[-1] if held else "", phone=people[-1].phone)


def _now(waybill: Waybill, role: Role) -> list[str]:
    """Who or what is aboard in the role, the last to join last."""
    return [each.resource_id for each in waybill.assignments if each.role is role and each.to_at is None]


def _licence(carrier_id: str, facts: Facts) -> str:
    held = (each.number for each in facts.registry.licences
            if each.organisation_id == carrier_id and each.kind is LicenceKind.ROAD_OPERATION)  # fmt: skip
    return next(held, "")


def _senders(waybill: Waybill) -> tuple[Unit, ...]:
    if waybill.consignor is None:
        return ()
    goods = tuple(_goods(line, line.mass_g, line.volume_ml, line.actual_mass_g, None) for line in waybill.goods)
    loaded_at = waybill.departed_at if any(line.actual_mass_g for line in waybill.goods) else None
    site = replace(_site(waybill.origin, goods), loaded_at=loaded_at)
    return (Unit(name=waybill.consignor.name, phone=waybill.consignor.phone, sites=(site,)),)


def _receivers(waybill: Waybill) -> Iterator[Unit]:
    for stop in waybill.stops:
        yield Unit(name=stop.consignee.name, phone=stop.consignee.phone, sites=(_stop(waybill, stop),))
    if not waybill.stops and waybill.consignee is not None:
        goods = tuple(_goods(line, line.mass_g, line.volume_ml, line.actual_mass_g, None) for line in waybill.goods)
        yield Unit(
            name=waybill.consignee.name, phone=waybill.consignee.phone, sites=(_site(waybill.destination, goods),)
        )


def _stop(waybill: Waybill, stop: Stop) -> Site:
    lines = {line.number: line for line in waybill.goods}
    goods = tuple(_goods(lines[drop.goods_number], drop.planned_g, 0, None, drop.delivered_g)
                  for drop in stop.drops if drop.goods_number in lines)  # fmt: skip
    return replace(_site(stop.place, goods), checked_at=stop.signed_at)


def _site(place: Place | None, goods: tuple[Goods, ...]) -> Site:
    named = place or Place(name="")
    return Site(name=named.name, road=named.address, division=named.division_code, goods=goods)


def _goods(line: GoodsLine, mass_g: int, volume_ml: int, loaded_g: int | None, checked_g: int | None) -> Goods:
    return Goods(
        name=line.name, un_number=line.un_number, hazard_class=line.hazard_class, packing_group=line.packing_group,
        mass_g=mass_g, volume_ml=volume_ml, loaded_g=loaded_g, checked_g=checked_g,
    )  # fmt: skip


def lines_of(bill: Bill) -> dict[tuple[str, str], GoodsLine]:
    """What is sent, equal goods of several addresses together, by UN number and name; how it is carried is not said."""
    lines: dict[tuple[str, str], GoodsLine] = {}
    for unit in bill.senders:
        for goods in (goods for site in unit.sites for goods in site.goods):
            key = (goods.un_number, goods.name)
            before = lines.get(key)
            lines[key] = GoodsLine(
                number=before.number if before else len(lines) + 1, un_number=goods.un_number, name=goods.name,
                hazard_class=goods.hazard_class, mode="", packing_group=goods.packing_group,
                mass_g=goods.mass_g + (before.mass_g if before else 0),
                volume_ml=goods.volume_ml + (before.volume_ml if before else 0),
            )  # fmt: skip
    return lines
