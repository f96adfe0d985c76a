"""Whole numbers as a person reads them: the name of a field tells the unit, and every number keeps a text of its own.

Nothing is rounded: where three decimals would lose something, six are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

_BEIJING = timezone(timedelta(hours=8))
_NANOS = 1_000_000_000
_WEEKDAYS = "一二三四五六日"
_UNITS_1 = (
    ("_dkmh", "×0.1 公里/小时"),
    ("_e7", "×10⁻⁷ 度"),
    ("_kpa", "千帕"),
    ("_ml", "毫升"),
    ("_dm", "分米"),
    ("_mm", "毫米"),
    ("_m", "米"),
    ("_g", "克"),
)  # fmt: skip
_TIMES_1 = ("_time", "_at", "_from", "_to", "_until", "_before", "_after")
# Times whose names do not end like one.
_TIMES_2 = frozenset({"at", "start", "end", "planned_loading", "planned_departure", "planned_arrival"})


def plain(name: str, value: int) -> str:
    """As the first edition shows numbers: whole, with the unit of the wire."""
    if name.endswith(_TIMES_1) and _NANOS <= value < 1 << 63:
        return _moment(value)
    for suffix, unit in _UNITS_1:
        if name.endswith(suffix):
            return f"{value} {unit}"
    return str(value)


def readable(name: str, value: int) -> str:
    """As the second edition shows them: tonnes, kilometres an hour, degrees, times of day."""
    if (name in _TIMES_2 or name.endswith(_TIMES_1)) and _NANOS <= value < 1 << 63:
        return _moment(value)
    for suffix, show in _SHOWN:
        if name.endswith(suffix):
            return show(value)
    return _weekday(value) if name == "weekdays" else str(value)


def degrees(latitude_e7: int, longitude_e7: int) -> str:
    """A place in one line."""
    north, east = "南纬" if latitude_e7 < 0 else "北纬", "西经" if longitude_e7 < 0 else "东经"
    return f"{north} {_decimal(abs(latitude_e7), 7)}°，{east} {_decimal(abs(longitude_e7), 7)}°"


def _moment(nanoseconds: int) -> str:
    seconds, nanos = divmod(nanoseconds, _NANOS)
    when = datetime.fromtimestamp(seconds, UTC).astimezone(_BEIJING)
    fraction = f".{nanos:09d}" if nanos else ""
    return f"{when:%Y-%m-%d %H:%M:%S}{fraction}（北京时间）"


def _decimal(value: int, places: int) -> str:
    whole, rest = divmod(abs(value), 10**places)
    return f"{'-' if value < 0 else ''}{whole}.{rest:0{places}d}"


def _mass(grams: int) -> str:
    if abs(grams) < 1_000_000:
        return f"{_decimal(grams, 3)} 千克"
    return f"{_decimal(grams // 1000, 3) if grams % 1000 == 0 else _decimal(grams, 6)} 吨"


def _minute(value: int) -> str:
    return f"{value // 60:02d}:{value % 60:02d}" if 0 <= value <= 1440 else f"{value} 分"


def _weekday(value: int) -> str:
    return f"星期{_WEEKDAYS[value - 1]}" if 1 <= value <= 7 else str(value)


def _scaled(places: int, unit: str) -> Callable[[int], str]:
    return lambda value: f"{_decimal(value, places)} {unit}"


def _whole(unit: str) -> Callable[[int], str]:
    return lambda value: f"{value} {unit}"


# The first suffix that fits counts.
_SHOWN: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("_mg_per_ml", _scaled(3, "克/毫升")),
    ("_ppm_per_k", _whole("×10⁻⁶/℃")),
    ("_minute", _minute),
    ("_minutes", _whole("分钟")),
    ("_dkmh", _scaled(1, "公里/小时")),
    ("_kpa", _whole("千帕")),
    ("_e7", _scaled(7, "度")),
    ("_dc", _scaled(1, "℃")),
    ("_ml", _scaled(3, "升")),
    ("_dm", _scaled(1, "米")),
    ("_mm", _whole("毫米")),
    ("_m", _whole("米")),
    ("_g", _mass),
)
