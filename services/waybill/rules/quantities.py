"""WB-06 and LC-07: how much may be aboard, to the gram and the millilitre; and what was loaded against what was ordered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from services.errors import Finding, Severity
from services.errors.waybill.issuing import GOODS_LINE_UNKNOWN
from services.errors.waybill.resources import OVERFILLED, OVERLOADED, SURGE_RANGE
from services.errors.waybill.under_way import QUANTITY_OUT_OF_TOLERANCE
from services.goods import Catalogue, Mode
from services.registry.model import Compartment, Tank, VehicleKind
from services.runtime.clock import legal_day
from services.waybill.bases import figure_on
from services.waybill.facts import Facts
from services.waybill.model import GoodsLine, Role, Waybill, WaybillKind
from services.waybill.trip import Trip

RULE = "WB-06"


def load_fits(trip: Trip) -> Iterator[Finding]:
    """Mass against the rated masses of what bears it, volume against the permitted degree of filling."""
    if trip.waybill.kind is WaybillKind.EMPTY_RETURN:
        return
    mass_g = sum(mass_aboard(line) for line in trip.waybill.goods)
    for each, vehicle in trip.bearers():
        if vehicle.kind is not VehicleKind.TRACTOR:
            yield from _over(trip, each.path, ("车辆", "vehicle"), vehicle.plate, mass_g, vehicle.rated_mass_g)
    for each, tank in trip.tanks():
        in_tank_g = sum(mass_aboard(line) for line in trip.waybill.goods if line.mode == Mode.TANK.value)
        yield from _over(trip, each.path, ("罐体", "tank"), tank.number, in_tank_g, tank.rated_mass_g)
        yield from _filling(trip, each.path, tank)
    yield from _towing(trip, mass_g)


def mass_aboard(line: GoodsLine) -> int:
    """Grams on the axles: with packaging where that is stated, as loaded once that is known."""
    if line.actual_mass_g is None:
        return max(line.mass_g, line.gross_mass_g)
    return line.actual_mass_g + max(line.gross_mass_g - line.mass_g, 0)


def _over(trip: Trip, path: str, what: tuple[str, str], name: str, mass_g: int, limit_g: int) -> Iterator[Finding]:
    if mass_g > limit_g:
        yield trip.finding(OVERLOADED, path, RULE, what=what[0], what_en=what[1], id=name, mass=mass_g, limit=limit_g)


def _towing(trip: Trip, mass_g: int) -> Iterator[Finding]:
    """Trailer and goods together against what the tractor may tow; unknown masses are not guessed."""
    trailers = [vehicle for _, vehicle in trip.vehicles(Role.TRAILER)]
    for each, tractor in trip.vehicles(Role.TRACTOR):
        if trailers and tractor.towing_mass_g and all(trailer.kerb_mass_g for trailer in trailers):
            heaviest = max(trailer.kerb_mass_g for trailer in trailers)
            what = ("牵引车准牵引总质量：车辆", "towed mass of vehicle")
            yield from _over(trip, each.path, what, tractor.plate, mass_g + heaviest, tractor.towing_mass_g)


def volume_of(line: GoodsLine) -> int:
    """Millilitres a line takes up, rounded up: by mass and density, else as stated; 0 when neither is known."""
    if line.density_mg_per_ml > 0:
        return -(-line.carried_g * 1000 // line.density_mg_per_ml)
    return line.volume_ml


def _filling(trip: Trip, path: str, tank: Tank) -> Iterator[Finding]:
    """Each named compartment by itself, the rest together; gases are filled by mass and have no degree of filling."""
    compartments = {compartment.number: compartment for compartment in tank.compartments}
    liquid = [line for line in trip.waybill.goods if line.mode == Mode.TANK.value and not _is_gas(trip, line)]
    for number, compartment in compartments.items():
        filled_ml = sum(volume_of(line) for line in liquid if line.compartment == number)
        yield from _overfilled(trip, path, f"{tank.number}/{number}", filled_ml, compartment.volume_ml)
        yield from _surge(trip, path, f"{tank.number}/{number}", filled_ml, compartment)
    whole_ml = sum(volume_of(line) for line in liquid)
    if any(line.compartment is None for line in liquid):
        yield from _overfilled(trip, path, tank.number, whole_ml, tank.volume_ml)
        if len(tank.compartments) == 1:
            yield from _surge(trip, path, tank.number, whole_ml, tank.compartments[0])


def _is_gas(trip: Trip, line: GoodsLine) -> bool:
    return any(row.goods_class == "2" for row in trip.rows(line))


def _overfilled(trip: Trip, path: str, place: str, filled_ml: int, volume_ml: int) -> Iterator[Finding]:
    figure = figure_on("FILL_PERMILLE", legal_day(trip.at))
    limit_ml = volume_ml * (figure.value if figure else 1000) // 1000
    if filled_ml > limit_ml:
        yield trip.finding(OVERFILLED, path, RULE, place=place, volume=filled_ml, limit=limit_ml)


def _surge(trip: Trip, path: str, place: str, filled_ml: int, compartment: Compartment) -> Iterator[Finding]:
    day = legal_day(trip.at)
    names = ("SURGE_FREE_ML", "SURGE_LOW_PERMILLE", "SURGE_HIGH_PERMILLE")
    figures = [figure.value for name in names if (figure := figure_on(name, day)) is not None]
    if len(figures) < len(names) or compartment.surge_plates or compartment.volume_ml <= figures[0]:
        return
    low, high = (compartment.volume_ml * permille for permille in figures[1:])
    if low < filled_ml * 1000 < high:
        permille = filled_ml * 1000 // compartment.volume_ml
        yield trip.finding(SURGE_RANGE, path, RULE, severity=Severity.WARNING, place=place, permille=permille)


def check_actual(
    waybill: Waybill, facts: Facts, catalogue: Catalogue, actual_g: Mapping[int, int], at: datetime,
    tolerance_permille: int | None = None,
) -> tuple[Finding, ...]:  # fmt: skip
    """LC-07: judge the quantities of the loading record (grams by line number) before they replace the planned ones.

    They do so without new signatures while nothing here is an error: not above the order and its tolerance, the rated
    masses, and the degree of filling. A line of which less was loaded is a warning.
    """
    loaded = replace(waybill, goods=tuple(_loaded(line, actual_g) for line in waybill.goods))
    trip = Trip(loaded, facts, catalogue, at)
    unknown = sorted(set(actual_g) - {line.number for line in waybill.goods})
    return (
        *(trip.finding(GOODS_LINE_UNKNOWN, "actual", "LC-07", line=number) for number in unknown),
        *_against_order(trip, tolerance_permille),
        *load_fits(trip),
    )


def _loaded(line: GoodsLine, actual_g: Mapping[int, int]) -> GoodsLine:
    return replace(line, actual_mass_g=actual_g[line.number]) if line.number in actual_g else line


def _against_order(trip: Trip, tolerance_permille: int | None) -> Iterator[Finding]:
    figure = figure_on("TOLERANCE_PERMILLE", legal_day(trip.at))
    permille = tolerance_permille if tolerance_permille is not None else figure.value if figure else 0
    for path, line in trip.lines():
        if line.actual_mass_g is None:
            continue
        tolerance_g = line.mass_g * permille // 1000
        off_g = line.actual_mass_g - line.mass_g
        if abs(off_g) > tolerance_g or line.actual_mass_g < 0:
            less = off_g < 0 <= line.actual_mass_g
            yield trip.finding(
                QUANTITY_OUT_OF_TOLERANCE, f"{path}.actual_mass_g", "LC-07",
                severity=Severity.WARNING if less else Severity.ERROR,
                line=line.number, actual=line.actual_mass_g, planned=line.mass_g, tolerance=tolerance_g,
            )  # fmt: skip
