"""Where each rule of the waybill slice comes from, by rule id and date, and the figures in them.

``verified`` is true only for a text that was read in full. A figure that changes is a new row with its dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.errors import Basis

_MEASURES_FROM = date(2020, 1, 1)


def _measures(article: str, *, verified: bool) -> Basis:
    return Basis(
        "《危险货物道路运输安全管理办法》（交通运输部令2019年第29号）",
        "Measures for the Safety Management of Road Transport of Dangerous Goods (MOT Order 2019 No. 29)",
        article, _MEASURES_FROM, None, verified,
    )  # fmt: skip


_SIGNATURES = Basis(
    "《中华人民共和国电子签名法》（2019年修正）", "Electronic Signature Law (as amended 2019)", "第五条、第十三条 Art 5, 13",
    date(2019, 4, 23), None, True,
)  # fmt: skip
_MONITORING = Basis(
    "《道路运输车辆动态监督管理办法》", "Measures for dynamic supervision of road transport vehicles", "第二十六条 Art 26",
    date(2014, 7, 1), None, True,
)  # fmt: skip


def _roads(article: str, *, verified: bool) -> Basis:
    return Basis(
        "《公路安全保护条例》",
        "Regulations on the protection of highway safety",
        article,
        date(2011, 7, 1),
        None,
        verified,
    )


_FIREWORKS = Basis(
    "《烟花爆竹安全管理条例》",
    "Regulations on the Safety of Fireworks",
    "第二十四条、第二十五条 Art 24, 25",
    date(2006, 1, 21),
    None,
    True,
)
_WATER = Basis(
    "《饮用水水源保护区污染防治管理规定》",
    "Regulations on preventing pollution of drinking water source protection areas",
    "第十一条 Art 11",
    date(1989, 7, 10),
    None,
    False,
)
_ONE_TRIP = Basis(
    "一车一趟一派（海南省危险货物道路运输电子运单管理暂行办法 2020）", "One vehicle, one trip, one dispatch (Hainan interim measures 2020)", "",
    date(2020, 1, 1), None, True,
)  # fmt: skip

_TRADING = (
    Basis(
        "《危险化学品安全管理条例》（国务院令第591号）", "Regulations on the Safety of Hazardous Chemicals (State Council Order 591)",
        "第十四条、第三十三条 Art 14, 33", date(2011, 12, 1), date(2026, 5, 1), False,
    ),
    Basis(
        "《中华人民共和国危险化学品安全法》", "Law on the Safety of Hazardous Chemicals", "", date(2026, 5, 1), None, False,
    ),
)  # fmt: skip

RULES: Mapping[str, tuple[Basis, ...]] = {
    "WB-01": (_measures("第二十四条、第四十四条 Art 24, 44", verified=True),),
    "WB-02": (_measures("第二十二条 Art 22", verified=True),),
    "WB-03": (_measures("第二十八条第二项 Art 28(2)", verified=False),),
    "WB-04": (_measures("第二十八条第三项、第四十条 Art 28(3), 40", verified=False),),
    "WB-05": (_measures("第二十三条 Art 23", verified=True),),
    "WB-06": (_measures("第二十三条 Art 23", verified=True),),
    "WB-07": (_measures("第十五条、第四十四条 Art 15, 44", verified=False),),
    "WB-08": (_measures("第二十条、第二十一条 Art 20, 21", verified=True),),
    "WB-09": (Basis("JT/T 617.6-2018 装卸条件及作业要求", "JT/T 617.6-2018, loading and unloading", "", date(2018, 12, 1), None, False),),
    "WB-10": (_ONE_TRIP,),
    "WB-11": (_MONITORING,),
    "WB-12": (_SIGNATURES,),
    "WB-13": (_SIGNATURES,),
    "CL-01": (_measures("第十三条 Art 13", verified=False),),
    "CL-02": (_measures("第九条 Art 9", verified=False),),
    "CL-03": (_measures("第十五条 Art 15", verified=False),),
    "CL-04": _TRADING,
    "CL-05": (_measures("第十三条、第二十四条 Art 13, 24", verified=False),),
    "PREP-01": (_measures("第二十五条 Art 25", verified=True),),
    "PREP-02": (_measures("第二十五条 Art 25", verified=True),),
    "PREP-03": (_measures("第二十六条 Art 26", verified=False),),
    "LC-07": (_measures("第二十八条第四项 Art 28(4)", verified=False),),
    "DEPART": (_measures("第二十八条 Art 28", verified=False),),
    "RT-01": (Basis("JT/T 617.7-2018 隧道通行限制（参照 ADR 8.6）", "JT/T 617.7-2018, tunnels (after ADR 8.6)", "ADR 8.6.4", date(2018, 12, 1), None, False),),
    "RT-02": (_roads("第四十二条 Art 42", verified=True),),
    "RT-03": (_measures("第四十九条 Art 49", verified=True),),
    "RT-03-WATER": (_WATER,),
    "RT-04": (_measures("第四十九条 Art 49", verified=False),),
    "RT-05": (_measures("第四十八条 Art 48", verified=True),),
    "RT-05-FIREWORKS": (_FIREWORKS,),
    "RT-06": (_roads("第三十三条 Art 33", verified=False),),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """A number from a rule, with the text and the dates it holds by."""

    value: int
    basis: Basis


_FILLING = Basis(
    "JT/T 617.4（参照 ADR 4.3.2.2）充装度",
    "JT/T 617.4 (after ADR 4.3.2.2), degree of filling",
    "ADR 4.3.2.2",
    date(2018, 12, 1),
    None,
    False,
)
_PRACTICE = Basis("装货允许偏差（可配置）", "Tolerance of loading (configurable)", "", None, None, False)

FIGURES: Mapping[str, tuple[Figure, ...]] = {
    # ADR 4.3.2.2.1 asks 98 % at 50 °C for most flammable liquids; 95 % at filling keeps below it for petrol.
    "FILL_PERMILLE": (Figure(950, _FILLING),),
    # ADR 4.3.2.2.4: compartments above 7,500 l without surge plates are filled to 80 % or more, or 20 % or less.
    "SURGE_FREE_ML": (Figure(7_500_000, _FILLING),),
    "SURGE_LOW_PERMILLE": (Figure(200, _FILLING),),
    "SURGE_HIGH_PERMILLE": (Figure(800, _FILLING),),
    "TOLERANCE_PERMILLE": (Figure(20, _PRACTICE),),
}  # fmt: skip


def basis_on(rule: str, on: date) -> Basis | None:
    """The text behind a rule in force on that day, ``None`` where there is none. ``KeyError`` for an unknown rule."""
    return next((basis for basis in RULES[rule] if basis.in_force(on)), None)


def figure_on(name: str, on: date) -> Figure | None:
    """The figure in force on that day, ``None`` where there is none. ``KeyError`` for an unknown name."""
    return next((figure for figure in FIGURES[name] if figure.basis.in_force(on)), None)
