"""The one table of what the rules of this slice rest on: texts with their dates of effect, and the figures in them.

``verified`` is true only for a text that was read in a source; what was written from memory says so in every finding.
A figure or policy that changes is a new row with its dates, never an edited one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.errors import Basis

_MEASURES = date(2020, 1, 1)
_JTT617 = date(2018, 12, 1)


def _measures(article: str, verified: bool = True) -> Basis:
    return Basis(
        "《危险货物道路运输安全管理办法》（交通运输部令2019年第29号）",
        "Measures for the Safety Management of Road Transport of Dangerous Goods (MOT Order 2019 No. 29)",
        article, _MEASURES, None, verified,
    )  # fmt: skip


def _adr(zh: str, en: str, article: str, verified: bool) -> Basis:
    return Basis(f"JT/T 617（参照 ADR）{zh}", f"JT/T 617 (after ADR) {en}", article, _JTT617, None, verified)


BASES: Mapping[str, tuple[Basis, ...]] = {
    "LIST": (_adr("品名及运输要求索引", "list of dangerous goods", "JT/T 617.3; ADR 3.2 A", False),),
    "TUNNEL_CODES": (_adr("隧道限制代码", "tunnel restriction codes", "ADR 8.6.3, 8.6.4", False),),
    "QUANTITIES": (_measures("第十六条至第二十一条 Art 16-21"),),
    "LQ_EXPLOSIVES": (_measures("第二十条 Art 20"),),
    "NET_EXPLOSIVE_MASS": (_adr("托运文件", "consignment papers", "ADR 5.4.1.2.1", False),),
    "MIXED_LOADING": (_adr("混合装载", "mixed loading", "JT/T 617.6; ADR 7.5.2.1", False),),
    "COMPATIBILITY": (_adr("配装组混装", "compatibility groups", "JT/T 617.6; ADR 7.5.2.2", False),),
    "EXPLOSIVE_LIMITS": (_adr("爆炸品限量", "limits of class 1", "JT/T 617.6; ADR 7.5.5.2.1", False),),
    "TANK_CODES": (_adr("罐体代码", "tank codes", "JT/T 617.4; ADR 4.3.3.1, 4.3.4.1", False),),
    "VEHICLE_TYPES": (
        Basis("JT/T 1285-2020 危险货物道路运输营运车辆安全技术条件（参照 ADR 9.1.1.2、7.4.2）",
              "JT/T 1285-2020 Vehicles carrying dangerous goods by road (after ADR 9.1.1.2, 7.4.2)",
              "ADR 9.1.1.2, 7.4.2", date(2020, 4, 1), None, False),
    ),
    "PLATES": (
        Basis("GB 13392-2023 道路运输危险货物车辆标志", "GB 13392-2023 Marks of vehicles carrying dangerous goods by road",
              "", date(2025, 4, 1), None, False),
        Basis("GB 13392-2005 道路运输危险货物车辆标志", "GB 13392-2005 Marks of vehicles carrying dangerous goods by road",
              "", None, date(2025, 4, 1), False),
    ),
    "SPECIAL_CONTROL": (
        Basis("特别管控危险化学品目录（第一版）（应急管理部等四部门公告2020年第3号）",
              "Specially Controlled Hazardous Chemicals, 1st edition (announcement 2020 No. 3 of four ministries)",
              "", date(2020, 5, 30), None, False),
    ),
    "HIGHLY_TOXIC": (
        Basis("《危险化学品安全管理条例》", "Regulations on the Safety of Hazardous Chemicals", "第五十条 Art 50",
              date(2011, 12, 1), date(2026, 5, 1), True),
        Basis("《危险化学品安全法》（运输安全一章）", "Hazardous Chemicals Safety Law (chapter on transport)", "",
              date(2026, 5, 1), None, False),
    ),
    "EXPLOSIVE_PRECURSOR": (
        Basis("《易制爆危险化学品名录》（2017年版）", "List of explosive precursors (2017)", "", date(2017, 5, 11), None, False),
    ),
    "DRUG_PRECURSOR": (
        Basis("《易制毒化学品管理条例》", "Regulations on drug precursors", "第二十条至第二十四条 Art 20-24",
              date(2005, 11, 1), None, False),
    ),
    "FIREWORKS": (
        Basis("《烟花爆竹安全管理条例》", "Regulations on the Safety of Fireworks", "第二十二条 Art 22", date(2006, 1, 21), None, True),
    ),
    "CIVIL_EXPLOSIVE": (
        Basis("《民用爆炸物品安全管理条例》", "Regulations on the Safety of Civil Explosives", "第二十六条 Art 26",
              date(2006, 9, 1), None, False),
    ),
    "RADIOACTIVE": (
        Basis("《放射性物品运输安全管理条例》", "Regulations on the Safe Transport of Radioactive Material", "",
              date(2010, 1, 1), None, False),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy:
    """A figure or decision with the text and the dates it holds by; grams, millilitres, yes/no as 1/0."""

    value: int
    basis: Basis


_VEHICLES = Basis(
    "《道路危险货物运输管理规定》",
    "Provisions on the Road Transport of Dangerous Goods",
    "第八条 Art 8",
    date(2013, 7, 1),
    None,
    False,
)

POLICIES: Mapping[str, tuple[Policy, ...]] = {
    # ADR 8.6.4: the limit itself still belongs to the milder half.
    "TUNNEL_B1000C": (Policy(1_000_000, BASES["TUNNEL_CODES"][0]),),
    "TUNNEL_C5000D": (Policy(5_000_000, BASES["TUNNEL_CODES"][0]),),
    # ADR 8.6.3.3 with 3.4.13: limited quantities above this gross mass count as category E.
    "LQ_TUNNEL_E": (Policy(8_000_000, _adr("有限数量", "limited quantities", "ADR 3.4.13, 8.6.3.3", False)),),
    # Under ADR an empty uncleaned tank keeps its code; the Chinese duty is not known.
    "EMPTY_UNCLEANED_KEEPS_CODE": (Policy(1, _adr("未清洗空罐", "empty uncleaned tanks", "ADR 8.6.3", False)),),
    "EQ_PACKAGES": (Policy(1_000, _measures("第二十一条 Art 21")),),
    "LQ_GROSS": (Policy(8_000_000, _measures("第二十一条 Art 21")),),
    "NON_TANK_MASS": (Policy(10_000_000, _VEHICLES),),
    # Millilitres a tank of a vehicle may hold; tank-containers are exempt.
    "TANK_HIGHLY_TOXIC": (Policy(10_000_000, _VEHICLES),),
    "TANK_EXPLOSIVE_OR_CORROSIVE": (Policy(20_000_000, _VEHICLES),),
    # ADR 7.5.5.2.1: net explosive grams of a transport unit by vehicle and division; 1.1A apart; 1.4S has none.
    **{
        f"{vehicle} {division}": (Policy(grams, BASES["EXPLOSIVE_LIMITS"][0]),)
        for vehicle, limits in {
            "EX/II": {"1.1A": 6_250, "1.1": 1_000_000, "1.2": 3_000_000, "1.3": 5_000_000, "1.4": 15_000_000,
                      "1.5": 5_000_000, "1.6": 5_000_000},
            "EX/III": {"1.1A": 18_750, "1.1": 16_000_000, "1.2": 16_000_000, "1.3": 16_000_000, "1.4": 16_000_000,
                       "1.5": 16_000_000, "1.6": 16_000_000},
        }.items()
        for division, grams in limits.items()
    },
}  # fmt: skip


def basis_on(name: str, on: date) -> Basis | None:
    """The text in force on that day, None where there is none. Raises ``KeyError`` for a name not in the table."""
    for basis in BASES[name]:
        if basis.in_force(on):
            return basis
    return None


def policy_on(name: str, on: date) -> Policy | None:
    """The policy in force on that day, None where there is none. Raises ``KeyError`` for a name not in the table."""
    for policy in POLICIES[name]:
        if policy.basis.in_force(on):
            return policy
    return None


def limit_g(name: str, on: date) -> int:
    """The figure of a policy in grams; 0 on a day without one, so that every mass lies above it."""
    policy = policy_on(name, on)
    return policy.value if policy is not None else 0
