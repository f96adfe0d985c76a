"""What is on record of lorry, crew, goods and tanks, a line each, for whoever checks them at the bay. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.registry.model import Tank, Vehicle
from services.waybill.model import GoodsLine, Role
from services.waybill.trip import Assigned, Trip


def papers(trip: Trip) -> tuple[str, ...]:
    def line(vehicle: Vehicle) -> str:
        ends = f"{_day(vehicle.permit_valid_to)}/{_day(vehicle.operation_review_to)}"
        return (
            f"{vehicle.plate} 道路运输证 {vehicle.permit_number or '-'} 至 {ends} 经营范围 {vehicle.scope_text or '-'}"
        )

    return tuple(line(vehicle) for _, vehicle in trip.vehicles())


def crew(trip: Trip) -> tuple[str, ...]:
    def lines(each: Assigned) -> Iterator[str]:
        person = trip.registry.persons.get(each.resource_id)
        for held in person.qualifications if person else ():
            yield f"{person.name if person else '-'} {held.kind.value} {held.number} 至 {_day(held.valid_to)}"

    return tuple(line for each in trip.assigned(Role.DRIVER, Role.ESCORT) for line in lines(each))


def inspections(trip: Trip) -> tuple[str, ...]:
    vehicles = (f"{vehicle.plate} 检验至 {_day(vehicle.annual_review_to)}" for _, vehicle in trip.vehicles())
    tanks = (f"罐体 {tank.number} 检验至 {_day(tank.next_inspection)}" for _, tank in trip.tanks())
    return (*vehicles, *tanks)


def goods(trip: Trip) -> tuple[str, ...]:
    def line(each: GoodsLine) -> str:
        place = "" if each.compartment is None else f" 第{each.compartment}仓"
        return f"{each.number}: UN{each.un_number} {each.name} {each.packing_group} {each.mass_g} g{place}"

    return tuple(line(each) for each in trip.waybill.goods)


def media(trip: Trip) -> tuple[str, ...]:
    def listed(tank: Tank) -> str:
        return "、".join(f"UN{medium.un_number} {medium.name}".strip() for medium in tank.permitted_media)

    return tuple(f"罐体 {tank.number} {tank.tank_code} 适装介质 {listed(tank)}" for _, tank in trip.tanks())


def last_goods(trip: Trip) -> tuple[str, ...]:
    return tuple(f"罐体 {tank.number} {tank.state.condition.value} UN{last_of(tank)}" for _, tank in trip.tanks())


def last_of(tank: Tank) -> str:
    """UN numbers of the last goods."""
    return "、".join(tank.state.last_un_numbers) or "-"


def _day(day: date | None) -> str:
    return day.isoformat() if day else "-"
