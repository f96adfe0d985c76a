"""The one table of figures detection goes by, each with its source and its dates. A change is a new row, never an edit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from services.errors import Basis

_POLICY = Basis("平台默认策略", "default policy of the platform", "", None, None, True)
_MEASURES = Basis(
    "《危险货物道路运输安全管理办法》（交通运输部令2019年第29号）",
    "Measures for the Safety Management of Road Transport of Dangerous Goods (MOT Order 2019 No. 29)",
    "第四十六条 Art 46", date(2020, 1, 1), None, True,
)  # fmt: skip
_TRAFFIC = "《道路交通安全法实施条例》", "Regulations for the Road Traffic Safety Law"
_SPEED = Basis(*_TRAFFIC, "第七十八条 Art 78", date(2004, 5, 1), None, False)
_REST = Basis(*_TRAFFIC, "第六十二条第七项 Art 62(7)", date(2004, 5, 1), None, True)
_JTT617 = Basis("JT 617-2004", "JT 617-2004", "", None, None, False)
_COACHES = Basis(
    "《道路运输车辆动态监督管理办法》（客运驾驶员）", "Measures for Dynamic Supervision of Road Transport Vehicles (drivers of coaches)",
    "第二十四条 Art 24", date(2014, 7, 1), None, False,
)  # fmt: skip
_PLATFORM = Basis("GB/T 35658-2017", "GB/T 35658-2017", "6.1.2.1", date(2018, 7, 1), None, True)
_ASSESSMENT = Basis(
    "《全国重点营运车辆联网联控系统考核管理办法》（交运发〔2014〕267号）",
    "Assessment of the national network of key vehicles (2014 No. 267)", "", date(2014, 12, 1), None, False,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with what it rests on; it holds as long as its basis is in force."""

    value: int
    basis: Basis


FIGURES: Mapping[str, tuple[Figure, ...]] = {
    "expressway_dkmh": (Figure(800, _MEASURES),),
    "other_road_dkmh": (Figure(600, _MEASURES),),
    "unladen_expressway_dkmh": (Figure(1000, _SPEED),),
    "unladen_other_road_dkmh": (Figure(800, _SPEED),),
    "overspeed_tolerance_dkmh": (Figure(10, _POLICY),),
    "overspeed_ms": (Figure(60_000, _POLICY),),
    "overspeed_dip_ms": (Figure(45_000, _POLICY),),
    "overspeed_gap_ms": (Figure(120_000, _POLICY),),
    "speed_noise_dkmh": (Figure(1400, _POLICY),),
    "offline_ms": (Figure(600_000, _PLATFORM),),
    "moved_offline_m": (Figure(5_000, _ASSESSMENT),),
    "drift_kmh": (Figure(160, _ASSESSMENT),),
    "drift_slack_m": (Figure(100, _POLICY),),
    "fault_pause_ms": (Figure(1_800_000, _POLICY),),
    "frozen_ms": (Figure(300_000, _POLICY),),
    "frozen_speed_dkmh": (Figure(100, _POLICY),),
    "no_fix_ms": (Figure(600_000, _PLATFORM),),
    "moving_dkmh": (Figure(50, _POLICY),),
    "driving_ms": (Figure(4 * 3_600_000, _REST),),
    "rest_ms": (Figure(20 * 60_000, _REST),),
    "crew_change_ms": (Figure(120_000, _POLICY),),
    "daily_driving_ms": (Figure(8 * 3_600_000, _JTT617),),
    # 0: not applied, as no national text has a night rule for goods; drivers of coaches may drive two hours
    "night_driving_ms": (Figure(0, _POLICY),),
    "night_from_minute": (Figure(22 * 60, _COACHES),),
    "night_to_minute": (Figure(6 * 60, _COACHES),),
    "corridor_m": (Figure(300, _POLICY),),
    "deviation_fixes": (Figure(3, _POLICY),),
    "long_stop_ms": (Figure(1_800_000, _PLATFORM),),
    "stop_dkmh": (Figure(30, _POLICY),),
    "stop_radius_m": (Figure(150, _POLICY),),
    "no_waybill_ms": (Figure(300_000, _POLICY),),
    "no_waybill_dkmh": (Figure(150, _POLICY),),
    "wrong_place_slack_m": (Figure(200, _POLICY),),
    "crossing_gap_ms": (Figure(180_000, _POLICY),),
    "window_grace_ms": (Figure(1_800_000, _POLICY),),  # no law says; a rule's own notice may
    "parking_apart_m": (Figure(100, _POLICY),),
    "parked_ms": (Figure(300_000, _POLICY),),
    "late_fact_ms": (Figure(60_000, _POLICY),),
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The figures of one day: metres, milliseconds, 0.1 km/h as their names say."""

    expressway_dkmh: int
    other_road_dkmh: int
    unladen_expressway_dkmh: int
    unladen_other_road_dkmh: int
    overspeed_tolerance_dkmh: int
    overspeed_ms: int
    overspeed_dip_ms: int
    overspeed_gap_ms: int
    speed_noise_dkmh: int
    offline_ms: int
    moved_offline_m: int
    drift_kmh: int
    drift_slack_m: int
    fault_pause_ms: int
    frozen_ms: int
    frozen_speed_dkmh: int
    no_fix_ms: int
    moving_dkmh: int
    driving_ms: int
    rest_ms: int
    crew_change_ms: int
    daily_driving_ms: int
    night_driving_ms: int
    night_from_minute: int
    night_to_minute: int
    corridor_m: int
    deviation_fixes: int
    long_stop_ms: int
    stop_dkmh: int
    stop_radius_m: int
    no_waybill_ms: int
    no_waybill_dkmh: int
    wrong_place_slack_m: int
    crossing_gap_ms: int
    window_grace_ms: int
    parking_apart_m: int
    parked_ms: int
    late_fact_ms: int


def thresholds_on(day: date, **stricter: int) -> Thresholds:
    """The figures in force on a day, or the oldest row where none is yet; ``stricter`` sets some by hand (the night rule)."""
    values = {name: _in_force(rows, day).value for name, rows in FIGURES.items()}
    return dataclasses.replace(Thresholds(**values), **stricter)


def next_figures(after: date) -> date | None:
    """The first later day on which a figure comes into force or goes out of it; ``None``: never again, by this table."""
    bases = [row.basis for rows in FIGURES.values() for row in rows]
    begins = [basis.effective_from for basis in bases if basis.effective_from is not None]
    ends = [basis.effective_to + timedelta(days=1) for basis in bases if basis.effective_to is not None]
    return min((day for day in (*begins, *ends) if day > after), default=None)


def basis_of(name: str, day: date) -> Basis:
    """What a figure rests on that day. ``KeyError`` for an unknown one."""
    return _in_force(FIGURES[name], day).basis


def _in_force(rows: tuple[Figure, ...], day: date) -> Figure:
    return next((row for row in rows if row.basis.in_force(day)), rows[0])
