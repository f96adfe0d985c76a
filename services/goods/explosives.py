"""Class 1: the net explosive mass a transport unit may carry by its vehicle, and what a vehicle without tank may weigh."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from services.errors import Finding
from services.errors import goods as reasons
from services.goods.bases import basis_on, policy_on
from services.goods.catalogue import Catalogue
from services.goods.controls import Control, is_controlled
from services.goods.model import GoodsRow, Load, LoadLine, Mode, Regime, TankState
from services.goods.tunnels import lacks_net_explosive_mass

RULE = "FW-09"
VEHICLES = ("EX/II", "EX/III")
# The order of danger in which a mixed load is treated as its worst division.
DIVISIONS = ("1.1", "1.5", "1.2", "1.3", "1.6", "1.4")

_Explosive = tuple[int, LoadLine, tuple[GoodsRow, ...]]


def check_explosives(load: Load, catalogue: Catalogue, on: date) -> Iterator[Finding]:
    """Findings about the net explosive mass, the vehicle and its limits, and the mass of a vehicle without tank."""
    explosive = list(_explosive_lines(load, catalogue))
    for number, line, _ in explosive:
        yield from _check_net_explosive_mass(number, line, catalogue, on)
    counted = [entry for entry in explosive if not _is_harmless(entry[2])]
    if counted:
        yield from _check_vehicle(load.vehicle_type, counted, on)
    yield from _check_non_tank(load, catalogue, {number for number, _, _ in explosive}, on)


def governing_division(rows: Iterable[GoodsRow]) -> str:
    """The division a load of these rows is treated as: the most dangerous; 1.5 together with 1.2 makes 1.1."""
    divisions = {row.division for row in rows if row.is_explosive}
    if {"1.5", "1.2"} <= divisions:
        return "1.1"
    # Samples and the like name no division: they count as the worst.
    return next((division for division in DIVISIONS if division in divisions and divisions <= set(DIVISIONS)), "1.1")


def _explosive_lines(load: Load, catalogue: Catalogue) -> Iterator[_Explosive]:
    for number, line in enumerate(load.lines):
        if _carries(line):
            rows = tuple(row for row in catalogue.choose(line).rows if row.is_explosive)
            if rows:
                yield number, line, rows


def _carries(line: LoadLine) -> bool:
    full = line.tank_state in (TankState.LOADED, TankState.PART)
    return full and line.quantity_regime is Regime.NORMAL


def _is_harmless(rows: tuple[GoodsRow, ...]) -> bool:
    """1.4S needs no EX vehicle and has no limit."""
    return all(row.division == "1.4" and row.compatibility_group == "S" for row in rows)


def _check_net_explosive_mass(number: int, line: LoadLine, catalogue: Catalogue, on: date) -> Iterator[Finding]:
    path, basis = f"lines[{number}].net_explosive_mass_g", basis_on("NET_EXPLOSIVE_MASS", on)
    if lacks_net_explosive_mass(line, catalogue):
        yield Finding(
            reason=reasons.GOODS_NET_EXPLOSIVE_MASS_MISSING,
            path=path,
            rule=RULE,
            basis=basis,
            values={"un": line.un_number},
        )
    elif 0 < line.mass_g < line.net_explosive_mass_g:
        yield Finding(
            reason=reasons.GOODS_NET_EXPLOSIVE_MASS_TOO_LARGE, path=path, rule=RULE, basis=basis,
            values={"net_g": str(line.net_explosive_mass_g), "mass_g": str(line.mass_g)},
        )  # fmt: skip


def _check_vehicle(vehicle_type: str, counted: list[_Explosive], on: date) -> Iterator[Finding]:
    if vehicle_type not in VEHICLES:
        yield Finding(
            reason=reasons.GOODS_VEHICLE_NOT_FOR_EXPLOSIVES, path="vehicle_type", rule=RULE,
            basis=basis_on("EXPLOSIVE_LIMITS", on),
            values={"vehicle_type": vehicle_type or "(未填 not stated)", "un": counted[0][1].un_number},
        )  # fmt: skip
        return
    division = governing_division(row for _, _, rows in counted for row in rows)
    yield from _check_limit(vehicle_type, division, sum(line.net_explosive_mass_g for _, line, _ in counted), on)
    primary = [line for _, line, rows in counted if any(row.classification_code == "1.1A" for row in rows)]
    if primary:
        yield from _check_limit(vehicle_type, "1.1A", sum(line.net_explosive_mass_g for line in primary), on)


def _check_limit(vehicle_type: str, division: str, net_g: int, on: date) -> Iterator[Finding]:
    policy = policy_on(f"{vehicle_type} {division}", on)
    if policy is not None and net_g > policy.value:
        yield Finding(
            reason=reasons.GOODS_EXPLOSIVES_ABOVE_LIMIT, path="lines", rule=RULE, basis=policy.basis,
            values={"net_g": str(net_g), "vehicle_type": vehicle_type, "division": division, "limit_g": str(policy.value)},
        )  # fmt: skip


def is_strongly_corrosive(rows: Iterable[GoodsRow]) -> bool:
    """强腐蚀性: class 8 of packing group I, whichever entry is meant."""
    return any(row.goods_class == "8" and row.packing_group == "I" for row in rows)


def _check_non_tank(load: Load, catalogue: Catalogue, explosive: set[int], on: date) -> Iterator[Finding]:
    policy = policy_on("NON_TANK_MASS", on)
    if policy is None or sum(line.mass_g for line in load.lines) <= policy.value:
        return
    loose = [(number, line) for number, line in enumerate(load.lines) if _carries(line) and line.mode is not Mode.TANK]
    toxic = [line for _, line in loose if is_controlled(line, Control.HIGHLY_TOXIC, catalogue)]
    corrosive = [line for _, line in loose if is_strongly_corrosive(catalogue.choose(line).rows)]
    for zh, en, lines in (
        ("爆炸品", "class 1", [line for number, line in loose if number in explosive]),
        ("剧毒化学品", "highly toxic chemicals", toxic),
        ("强腐蚀性危险货物", "strongly corrosive goods", corrosive),
    ):
        mass_g = sum(line.mass_g for line in lines)
        if mass_g > policy.value:
            yield Finding(
                reason=reasons.GOODS_NON_TANK_ABOVE_LIMIT, path="lines", rule=RULE, basis=policy.basis,
                values={"zh": zh, "en": en, "mass_g": str(mass_g), "limit_g": str(policy.value)},
            )  # fmt: skip
