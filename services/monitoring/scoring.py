"""What regulators are scored on, counted from fixes: pure. Thresholds are dated rows; a change is a new row, never an edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from geo.position import distances_m
from services.errors import Basis
from services.monitoring.packed import POSITIONED, Records

_ASSESSMENT = Basis(
    "《全国重点营运车辆联网联控系统考核管理办法》（交运发〔2014〕267号）",
    "Assessment of the national network of key vehicles (2014 No. 267)", "", date(2014, 12, 1), None, False,
)  # fmt: skip
_SUPERVISION = Basis(
    "《道路运输车辆动态监督管理办法》", "Measures for Dynamic Supervision of Road Transport Vehicles",
    "第三十五条 Art 35", date(2014, 7, 1), None, True,
)  # fmt: skip
_PROVINCES = Basis(
    "部分省份联网联控月度通报（如湖南，2021年）", "monthly bulletins of some provinces (such as Hunan, 2021)", "", date(2021, 1, 1), None, False,
)  # fmt: skip
_POLICY = Basis("平台默认策略", "default policy of the platform", "", None, None, True)

_EPOCH = date(1970, 1, 1)
_DAY_MS = 86_400_000
_SHIFT_MS = 8 * 3_600_000  # the legal day is China's, which keeps one time all year
LOOK_BACK_MS = 86_400_000  # the fix before a day's first is looked for so far back


@dataclass(frozen=True, slots=True)
class Threshold:
    value: int
    basis: Basis


THRESHOLDS: Mapping[str, tuple[Threshold, ...]] = {
    "incomplete_m": (Threshold(2_000, _ASSESSMENT),),
    "drift_kmh": (Threshold(160, _ASSESSMENT),),
    "drift_slack_m": (Threshold(100, _ASSESSMENT),),
    "drift_points": (Threshold(5, _ASSESSMENT),),
    "offline_ms": (Threshold(600_000, _ASSESSMENT),),
    "offline_move_m": (Threshold(5_000, _ASSESSMENT),),
    "handle_within_s": (Threshold(86_400, _SUPERVISION),),
    "alarms_in_100_h": (Threshold(5, _POLICY),),
    "link_held_min": (Threshold(3, _POLICY),),
}

# Where each figure comes from, by its name.
BASES: Mapping[str, Basis] = {
    **dict.fromkeys(("ENTRY", "ONLINE", "DATA_VALID", "TRAJECTORY_COMPLETE", "DRIFT", "CONNECTIVITY"), _ASSESSMENT),
    **dict.fromkeys(("OFFLINE_DISPLACEMENT", "OVERSPEED", "FATIGUE", "SETTLED"), _PROVINCES),
    "HANDLING": _SUPERVISION,
    "ALARMS": _POLICY,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """``drift_points``: a vehicle with more of them in the period drifts. ``link_held_min``: a link is up so long from when it was
    heard of."""

    incomplete_m: int
    drift_kmh: int
    drift_slack_m: int
    drift_points: int
    offline_ms: int
    offline_move_m: int
    handle_within_s: int
    alarms_in_100_h: int
    link_held_min: int


def limits_on(day: date) -> Limits:
    """The thresholds in force on a day, or the oldest row where none is yet."""
    return Limits(**{name: _in_force(rows, day).value for name, rows in THRESHOLDS.items()})


def _in_force(rows: tuple[Threshold, ...], day: date) -> Threshold:
    return next((row for row in rows if row.basis.in_force(day)), rows[0])


@dataclass(frozen=True, slots=True)
class Counts:
    """One column a figure, one row a vehicle."""

    vehicle: npt.NDArray[np.int64]
    fixes: npt.NDArray[np.int64]
    complete_m: npt.NDArray[np.int64]
    incomplete_m: npt.NDArray[np.int64]
    drift_points: npt.NDArray[np.int64]
    offline_moves: npt.NDArray[np.int64]
    online_ms: npt.NDArray[np.int64]


def count(records: Records, begin_ms: int, end_ms: int, limits: Limits) -> Counts:
    """The counts of the day [begin, end) from records by vehicle, then time, that reach ``LOOK_BACK_MS`` further back.

    A piece of road between neighbouring positioned fixes belongs to the day of the second. One that no vehicle can have
    driven makes that fix a drift point and counts as no road at all. Online is the time between neighbouring fixes, but for what is
    too long. Who was heard of without a position was not offline: an offline move needs a silence.
    """
    during = (records["time_ms"] >= begin_ms) & (records["time_ms"] < end_ms)
    vehicle, row = np.unique(records["vehicle"][during].astype(np.int64), return_inverse=True)
    fixes = np.bincount(row, minlength=len(vehicle))
    online_ms = np.zeros(len(vehicle), dtype=np.int64)
    since = np.maximum(records["time_ms"][:-1], begin_ms)
    heard_ms = records["time_ms"][1:] - since
    heard = during[1:] & (records["vehicle"][1:] == records["vehicle"][:-1])
    heard &= records["time_ms"][1:] - records["time_ms"][:-1] < limits.offline_ms
    np.add.at(online_ms, np.searchsorted(vehicle, records["vehicle"][1:][heard]), heard_ms[heard])
    places = np.flatnonzero((records["flags"] & POSITIONED) != 0)
    one, two = records[places[:-1]], records[places[1:]]
    gap_ms, silent_ms = two["time_ms"] - one["time_ms"], _longest_silences(records["time_ms"], places)
    ours = (one["vehicle"] == two["vehicle"]) & (two["time_ms"] >= begin_ms) & (two["time_ms"] < end_ms)
    one, two, gap_ms, silent_ms = one[ours], two[ours], gap_ms[ours], silent_ms[ours]
    metres = np.rint(
        distances_m(*(side[name].astype(np.int64) for side in (one, two) for name in ("latitude_e7", "longitude_e7")))
    ).astype(np.int64)
    drift = (metres * 3_600 > limits.drift_kmh * gap_ms) & (metres > limits.drift_slack_m)
    moved = ~drift & (silent_ms >= limits.offline_ms) & (metres > limits.offline_move_m)
    incomplete = ~drift & (metres > limits.incomplete_m)
    place = np.searchsorted(vehicle, two["vehicle"])

    def total(values: npt.NDArray[np.int64], mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        sums = np.zeros(len(vehicle), dtype=np.int64)
        np.add.at(sums, place[mask], values[mask])
        return sums

    ones = np.ones(len(two), dtype=np.int64)
    return Counts(
        vehicle,
        fixes.astype(np.int64),
        total(metres, ~drift & ~incomplete),
        total(metres, incomplete),
        total(ones, drift),
        total(ones, moved),
        online_ms,
    )


def _longest_silences(time_ms: npt.NDArray[np.int64], places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Between each of the rows ``places`` and the next of them, the longest time without any row: a fix without a position is heard."""
    if len(places) < 2:
        return np.zeros(max(0, len(places) - 1), dtype=np.int64)
    gaps = np.diff(time_ms, prepend=time_ms[:1])
    longest: npt.NDArray[np.int64] = np.maximum.reduceat(gaps[: places[-1] + 1], places[:-1] + 1)
    return longest


def begins_ms(day: date) -> int:
    """When the legal day begins."""
    return (day - _EPOCH).days * _DAY_MS - _SHIFT_MS


def day_of(at_ms: int) -> date:
    """The legal day of a moment."""
    return _EPOCH + timedelta(days=(at_ms + _SHIFT_MS) // _DAY_MS)


def days_touched(records: Records) -> set[date]:
    """The legal days whose figures these records change: their own, and the next, which begins where they end."""
    numbers = np.unique((records["time_ms"] + _SHIFT_MS) // _DAY_MS).tolist()
    return {_EPOCH + timedelta(days=number + more) for number in numbers for more in (0, 1)}
