"""For every reason the goods slice can give: a load refused for exactly that reason, and one as close as can be that passes.

The table is compared with the reasons themselves, so that a rule without both cases fails here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest

from services.errors import Reason
from services.errors import goods as reasons
from services.goods import Carriage, Catalogue, GoodsRow, Load, LoadLine, Mode, Regime, check_load, core

ON, FIRST_DAY = date(2026, 11, 1), date(2018, 12, 1)
TONNE = 1_000_000
CORE = core()


def rows(**values: object) -> Catalogue:
    facts = {"un_number": "2000", "goods_class": "3", "division": "3", "tunnel_code": "E", "tank_code": "LGBF"} | values
    return Catalogue([GoodsRow(**facts)], edition="test")  # type: ignore[arg-type]


def line(un_number: str = "2000", **values: object) -> LoadLine:
    return LoadLine(un_number=un_number, **{"mass_g": 1000, "packages": 1} | values)  # type: ignore[arg-type]


def firework(un_number: str, net_g: int, **values: object) -> LoadLine:
    return line(un_number, **{"net_explosive_mass_g": net_g, "mass_g": 0} | values)


@dataclass(frozen=True)
class Case:
    lines: tuple[LoadLine, ...]
    vehicle: str = ""
    goods: Catalogue = CORE
    on: date = ON

    def reasons(self) -> set[str]:
        found = check_load(Load(lines=self.lines, vehicle_type=self.vehicle), self.goods, self.on)
        return {finding.reason.name for finding in found}

    def but(self, *lines: LoadLine, **changes: object) -> Case:
        return replace(self, lines=lines or self.lines, **changes)  # type: ignore[arg-type]


def of(*lines: LoadLine, **more: object) -> Case:
    return Case(lines, **more)  # type: ignore[arg-type]


PETROL = line("1203", packing_group="II")
IN_TANK = replace(PETROL, mode=Mode.TANK)
TANK = of(replace(IN_TANK, tank_code="LGBF"), vehicle="FL")
LIMITED = line("1203", quantity_regime=Regime.LQ)
EXCEPTED = line("1203", quantity_regime=Regime.EQ)
EX2 = of(firework("0333", TONNE), vehicle="EX/II")
HEAVY = of(firework("0336", 1, mass_g=10 * TONNE), vehicle="EX/II")

# Reason: what is refused, what passes.
PAIRS: Mapping[str, tuple[Case, Case]] = {
    "GOODS_UNKNOWN": (of(line("9999")), of(PETROL)),
    "GOODS_PACKING_GROUP_UNKNOWN": (of(replace(PETROL, packing_group="III")), of(PETROL)),
    "GOODS_SEVERAL_ENTRIES": (of(line("1402")), of(line("1402", packing_group="II"))),
    "GOODS_LISTS_DISAGREE": (of(line(), goods=rows(disputed=("class",))), of(line(), goods=rows())),
    "GOODS_PROHIBITED": (of(line(), goods=rows(carriage=Carriage.PROHIBITED)), of(line(), goods=rows())),
    "GOODS_TUNNEL_UNKNOWN": (of(line(), goods=rows(tunnel_code="")), of(line(), goods=rows(tunnel_code="-"))),
    "GOODS_NET_EXPLOSIVE_MASS_MISSING": (
        of(firework("0336", 0, mass_g=2), vehicle="EX/II"), of(firework("0336", 1, mass_g=2), vehicle="EX/II"),
    ),
    "GOODS_NET_EXPLOSIVE_MASS_TOO_LARGE": (
        of(firework("0336", 1001, mass_g=1000), vehicle="EX/II"), of(firework("0336", 1000, mass_g=1000), vehicle="EX/II"),
    ),
    "GOODS_LQ_NOT_PERMITTED": (of(line("1131", quantity_regime=Regime.LQ)), of(LIMITED)),
    "GOODS_EQ_NOT_PERMITTED": (of(line("1131", quantity_regime=Regime.EQ)), of(EXCEPTED)),
    "GOODS_QUANTITY_NOT_STATED": (of(replace(EXCEPTED, packages=0)), of(EXCEPTED)),
    "GOODS_LQ_WITH_EXPLOSIVES": (of(LIMITED, firework("0337", 1)), of(PETROL, firework("0337", 1))),
    "GOODS_NOT_ORDINARY_CARGO": (
        of(replace(LIMITED, mass_g=8 * TONNE + 1)), of(replace(LIMITED, mass_g=8 * TONNE), replace(EXCEPTED, packages=1000)),
    ),
    "GOODS_MIXED_LOADING": (
        of(firework("0336", 1), PETROL, vehicle="EX/II"), of(firework("0337", 1), PETROL, vehicle="EX/II"),
    ),
    "GOODS_COMPATIBILITY_GROUPS": (
        of(firework("0335", 1), firework("0029", 1), vehicle="EX/II"),
        of(firework("0335", 1), firework("0161", 1), vehicle="EX/II"),
    ),
    "GOODS_MIXED_ON_CONDITION": (
        of(firework("0029", 1), firework("0082", 1), vehicle="EX/II"), of(firework("0029", 1), vehicle="EX/II"),
    ),
    "GOODS_VEHICLE_NOT_FOR_EXPLOSIVES": (of(firework("0336", 1), vehicle="FL"), of(firework("0337", 1), vehicle="FL")),
    "GOODS_EXPLOSIVES_ABOVE_LIMIT": (EX2.but(firework("0333", TONNE + 1)), EX2),
    "GOODS_NON_TANK_ABOVE_LIMIT": (HEAVY.but(firework("0336", 1, mass_g=10 * TONNE + 1)), HEAVY),
    "GOODS_TANK_NOT_LISTED": (
        of(line(mode=Mode.TANK), goods=rows(tank_code="")), of(line(mode=Mode.TANK), goods=rows()),
    ),
    "GOODS_TANK_CODE_TOO_LOW": (TANK.but(replace(IN_TANK, tank_code="LGBV")), TANK),
    "GOODS_TANK_CODE_BY_HAND": (
        of(line("1075", mode=Mode.TANK, tank_code="P18BN")), of(line("1075", mode=Mode.TANK, tank_code="PxBN(M)")),
    ),
    "GOODS_TANK_CODE_UNREADABLE": (TANK.but(replace(IN_TANK, tank_code="LGB")), TANK),
    "GOODS_VEHICLE_TYPE_WRONG": (TANK.but(vehicle="AT"), TANK),
    "GOODS_RULES_NOT_IN_FORCE": (of(PETROL, on=FIRST_DAY - timedelta(days=1)), of(PETROL, on=FIRST_DAY)),
    "GOODS_LINE_INVALID": (of(replace(PETROL, mass_g=-1)), of(replace(PETROL, mass_g=0))),
}  # fmt: skip


def test_no_reason_of_goods_lacks_its_two_cases() -> None:
    assert {value.name for value in vars(reasons).values() if isinstance(value, Reason)} == PAIRS.keys()


@pytest.mark.parametrize("name", PAIRS)
def test_one_load_is_refused_for_exactly_this_and_its_neighbour_passes(name: str) -> None:
    refused, passes = PAIRS[name]
    assert (refused.reasons(), passes.reasons()) == ({name}, set())
