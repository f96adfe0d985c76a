"""How much may be filled: the order and its tolerance, the degree of filling, the rated masses; to the gram. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from services.errors import Finding
from services.errors.loading import DENSITY_NEEDED
from services.goods import Mode
from services.loading.bases import PERMIT_HOURS, RULES
from services.loading.model import Bound, Check, Fill, FillEntry, FillPermit
from services.loading.registry_says import is_gas
from services.registry.model import Tank, VehicleKind
from services.runtime.clock import legal_day
from services.waybill.bases import figure_on
from services.waybill.model import GoodsLine, Role
from services.waybill.trip import Trip

# ADR 4.3.2.2.1 (a) to (d), percent at 50 °C by (toxic or corrosive, hermetically closed). JT/T 617.4 not read in full.
_PERCENT_AT_50 = {(False, False): 100, (True, False): 98, (False, True): 97, (True, True): 95}
_HARMFUL = frozenset({"6.1", "8"})
_AT_50_DC = 500
_ONE = 10_000_000  # expansion is in 10^-6 per K, temperature in 0.1 K


def check_densities(fills: tuple[Fill, ...], trip: Trip) -> tuple[Finding, ...]:
    """A liquid in a tank needs a density, from the bay or from the waybill, else nobody can say how full it gets."""
    lines = {line.number: line for line in trip.waybill.goods}
    return tuple(
        Finding(
            reason=DENSITY_NEEDED, path=f"check.fills[{index}].density_mg_per_ml", rule="LC-07", basis=RULES["LC-07"],
            values={"line": str(fill.goods_number)},
        )
        for index, fill in enumerate(fills)
        if (line := lines.get(fill.goods_number)) is not None
        and _is_liquid_in_tank(trip, line)
        and not (fill.density_mg_per_ml or line.density_mg_per_ml)
    )  # fmt: skip


def permit_for(check: Check, trip: Trip, now: datetime) -> FillPermit:
    """What a passed check permits. ``maximum_total_g`` is what vehicle and tank may bear together."""
    fills = {fill.goods_number: fill for fill in check.fills}
    total_g = rated_g(trip)
    return FillPermit(
        id=check.id,
        waybill_id=trip.waybill.id,
        revision=trip.waybill.revision,
        entries=tuple(_entry(trip, line, fills, total_g) for line in trip.waybill.goods),
        maximum_total_g=total_g,
        issued_at=now,
        expires_at=now + timedelta(hours=PERMIT_HOURS),
    )


def _entry(trip: Trip, line: GoodsLine, fills: Mapping[int, Fill], total_g: int) -> FillEntry:
    bounds = {Bound.ORDER: line.mass_g + tolerance_g(trip, line), Bound.RATED_MASS: total_g}
    if _is_liquid_in_tank(trip, line):
        bounds[Bound.FILLING] = min(_filling_g(trip, line, fills.get(line.number), tank) for _, tank in trip.tanks())
    bound = min(bounds, key=lambda each: bounds[each])
    return FillEntry(
        goods_number=line.number,
        un_number=line.un_number,
        name=line.name,
        compartment=line.compartment,
        planned_g=line.mass_g,
        maximum_g=bounds[bound],
        bound=bound,
    )


def tolerance_g(trip: Trip, line: GoodsLine) -> int:
    figure = figure_on("TOLERANCE_PERMILLE", legal_day(trip.at))
    return line.mass_g * (figure.value if figure else 0) // 1000


def rated_g(trip: Trip) -> int:
    """The least of the rated masses of what bears the goods, the tank's when all of them are in it, what may be towed."""
    return max(0, min(_rated(trip), default=0))


def _rated(trip: Trip) -> Iterator[int]:
    bearers = [vehicle for _, vehicle in trip.bearers()]
    yield from (vehicle.rated_mass_g for vehicle in bearers if vehicle.kind is not VehicleKind.TRACTOR)
    if all(line.mode == Mode.TANK.value for line in trip.waybill.goods):
        yield from (tank.rated_mass_g for _, tank in trip.tanks())
    trailers = [vehicle for vehicle in bearers if vehicle.kind is VehicleKind.TRAILER]
    for _, tractor in trip.vehicles(Role.TRACTOR):
        if tractor.towing_mass_g and trailers and all(trailer.kerb_mass_g for trailer in trailers):
            yield tractor.towing_mass_g - max(trailer.kerb_mass_g for trailer in trailers)


def _is_liquid_in_tank(trip: Trip, line: GoodsLine) -> bool:
    """Gases are filled by mass and have no degree of filling."""
    return line.mode == Mode.TANK.value and not is_gas(trip, line) and any(trip.tanks())


def _filling_g(trip: Trip, line: GoodsLine, fill: Fill | None, tank: Tank) -> int:
    """The waybill's density counts too where it is the smaller one: by it the record is judged again."""
    densities = [density for density in (line.density_mg_per_ml, fill.density_mg_per_ml if fill else 0) if density > 0]
    return filling_limit_ml(trip, line, fill, tank) * min(densities, default=0) // 1000


def filling_limit_ml(trip: Trip, line: GoodsLine, fill: Fill | None, tank: Tank) -> int:
    """Millilitres that may be filled: the flat figure, and the one by temperature where the expansion is known."""
    volumes = {compartment.number: compartment.volume_ml for compartment in tank.compartments}
    volume_ml = tank.volume_ml if line.compartment is None else volumes.get(line.compartment, 0)
    figure = figure_on("FILL_PERMILLE", legal_day(trip.at))
    flat_ml = volume_ml * (figure.value if figure else 1000) // 1000
    if fill is None or fill.temperature_dc is None or not fill.expansion_ppm_per_k:
        return flat_ml
    harmful = any(not _HARMFUL.isdisjoint(row.labels) for row in trip.rows(line))
    percent = _PERCENT_AT_50[harmful, tank.tank_code.endswith("H")]
    return min(flat_ml, limit_at_ml(volume_ml, percent, fill.expansion_ppm_per_k, fill.temperature_dc))


def limit_at_ml(volume_ml: int, percent: int, expansion_ppm_per_k: int, temperature_dc: int) -> int:
    """ADR 4.3.2.2.1: percent / (1 + α(50 − t)) of the volume, rounded down; above 50 °C no more than at 50 °C."""
    warming = max(0, _AT_50_DC - temperature_dc) * expansion_ppm_per_k
    return volume_ml * percent * _ONE // (100 * (_ONE + warming))
