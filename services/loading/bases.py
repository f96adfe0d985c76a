"""Where each rule of loading comes from, by rule id, and the figures in them.

``verified`` is true only for a text that was read in full: Articles 28 to 31 of the Measures were not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from services.errors import Basis
from services.loading.model import CheckCode

_MEASURES_FROM = date(2020, 1, 1)


def _measures(article: str, *, verified: bool = False) -> Basis:
    return Basis(
        "《危险货物道路运输安全管理办法》（交通运输部令2019年第29号）",
        "Measures for the Safety Management of Road Transport of Dangerous Goods (MOT Order 2019 No. 29)",
        article, _MEASURES_FROM, None, verified,
    )  # fmt: skip


_BAY = Basis("装卸作业安全操作规程（企业可配置）", "Loading bay practice (configurable)", verified=False)
_GAS = Basis(
    "TSG R0005《移动式压力容器安全技术监察规程》充装", "TSG R0005, transportable pressure vessels, filling",
    verified=False,
)  # fmt: skip

RULES: Mapping[str, Basis] = {
    "LC-01": _measures("第二十八条第一项 Art 28(1)"),
    "LC-02": _measures("第二十八条第二项 Art 28(2)"),
    "LC-03": _measures("第二十八条第三项 Art 28(3)"),
    "LC-04": _measures("第二十八条第四项 Art 28(4)"),
    "LC-05": _measures("第二十八条第五项 Art 28(5)"),
    "LC-06": _measures("第二十八条、第十五条 Art 28, 15"),
    "LC-07": _measures("第二十八条第四项、第二十九条 Art 28(4), 29"),
    "LC-08": _measures("第三十条 Art 30"),
    "LC-09": _measures("第三十一条 Art 31"),
    "LC": _measures("第二十八条 Art 28"),
    "LC-BAY": _BAY,
    "LC-GAS": _GAS,
}

RULE_OF: Mapping[CheckCode, str] = {
    CheckCode.VEHICLE_PAPERS: "LC-01",
    CheckCode.CREW_PAPERS: "LC-02",
    CheckCode.INSPECTION: "LC-03",
    CheckCode.GOODS_AS_WAYBILL: "LC-04",
    CheckCode.PERMITTED_MEDIUM: "LC-05",
    CheckCode.SPECIAL_DOCUMENTS: "LC-06",
    CheckCode.LAST_CARGO: "LC-BAY",
    CheckCode.KEYS_HELD: "LC-BAY",
    CheckCode.WHEEL_CHOCKS: "LC-BAY",
    CheckCode.STATIC_EARTH: "LC-BAY",
    CheckCode.FLAME_ARRESTER: "LC-BAY",
    CheckCode.USE_REGISTRATION: "LC-GAS",
    CheckCode.RESIDUAL_PRESSURE: "LC-GAS",
    CheckCode.RESIDUAL_MEDIUM: "LC-GAS",
    CheckCode.VALVES: "LC-GAS",
    CheckCode.FILLER_LICENCE: "LC-GAS",
    CheckCode.OPERATOR_CERTIFICATE: "LC-GAS",
    CheckCode.HOLDING_TIME: "LC-GAS",
}

# What the Measures ask for at least is 12 months (Art 31); everything of a trip is kept as long as its alarms, 3 years.
RETENTION_MONTHS = 36
# A fill permit is for this filling, not for the next shift: practice of filling plants, configurable.
PERMIT_HOURS = 4
# TSG R0005: at least 0.05 MPa is left in a tank for liquefied gas. Not read in full.
RESIDUAL_PRESSURE_KPA = 50
# JJG 539, truck scales of 20 kg intervals in service: three intervals. Not read in full.
SCALE_TOLERANCE_G = 60_000
