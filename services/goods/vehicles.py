"""Which type of vehicle goods in tanks need (ADR 9.1.1.2, 7.4.2; JT/T 1285-2020), told from the list's other columns.

The column of the list that names the vehicle (14) is in no list we read; what it says follows from the danger of the goods.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.errors import Finding, Severity
from services.errors import goods as reasons
from services.goods.bases import basis_on
from services.goods.catalogue import Catalogue
from services.goods.model import GoodsRow, Load, LoadLine, Mode

RULE = "WB-05"
# What each type of vehicle may stand in for; an FL or OX vehicle is an AT vehicle too (ADR 7.4.2).
SERVES = {"FL": frozenset({"FL", "AT"}), "OX": frozenset({"OX", "AT"}), "AT": frozenset({"AT"})}
# Diesel as EN 590 has it, and heating oil, are liquids for AT vehicles; of a lower flash point for FL (ADR 9.1.1.2).
_BY_FLASH_POINT = frozenset({"1202"})
# Above 60 % hydrogen peroxide: OX in China still, FL in ADR since 2017.
_PEROXIDE = frozenset({"2015"})
# Solids, and liquids carried above 100 °C, are no liquids of a flash point of at most 60 °C.
_NOT_FL = frozenset({"3256", "3257", "3258"})


@dataclass(frozen=True, slots=True)
class VehicleNeed:
    """Any one of these types will do."""

    any_of: tuple[str, ...]

    def is_met_by(self, vehicle_type: str) -> bool:
        """Whether a vehicle of this type (ADR 9.1.1.2: EX/II, EX/III, FL, AT ...) may carry it."""
        return bool(SERVES.get(vehicle_type, frozenset()) & set(self.any_of))


def vehicle_needed(row: GoodsRow) -> VehicleNeed:
    """For carriage in a tank: FL for flammable gases and liquids, OX for strong hydrogen peroxide, AT for all else."""
    if row.un_number in _PEROXIDE:
        return VehicleNeed(("OX", "FL"))
    if row.un_number in _BY_FLASH_POINT:
        return VehicleNeed(("FL", "AT"))
    flammable = "2.1" in row.labels or "3" in row.labels
    return VehicleNeed(("FL",) if flammable and row.un_number not in _NOT_FL else ("AT",))


def check_vehicle_type(load: Load, catalogue: Catalogue, on: date) -> Iterator[Finding]:
    """Silent about vehicles whose type is not stated, and about class 1, which has rules of its own.

    That some entry a line may mean needs another type is an error only where all of them do.
    """
    if not load.vehicle_type:
        return
    for number, line in enumerate(load.lines):
        if line.mode is Mode.TANK and line.is_dangerous:
            yield from _check_line(number, line, load.vehicle_type, catalogue, on)


def _check_line(number: int, line: LoadLine, vehicle_type: str, catalogue: Catalogue, on: date) -> Iterator[Finding]:
    rows = [row for row in catalogue.choose(line).rows if not row.is_explosive]
    unmet = [need for row in rows if not (need := vehicle_needed(row)).is_met_by(vehicle_type)]
    if unmet:
        values = {"un": line.un_number, "vehicle_type": vehicle_type, "need": "、".join(unmet[0].any_of)}
        yield Finding(
            reason=reasons.GOODS_VEHICLE_TYPE_WRONG, path=f"lines[{number}].mode", rule=RULE,
            severity=Severity.ERROR if len(unmet) == len(rows) else Severity.WARNING,
            basis=basis_on("VEHICLE_TYPES", on), values=values,
        )  # fmt: skip
