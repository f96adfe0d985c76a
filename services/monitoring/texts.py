"""What an alarm says to the person who reads it, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from services.monitoring.model import GRACE_UNTIL, AlarmKind
from services.runtime.clock import LEGAL_ZONE

_TEXTS: Mapping[AlarmKind, tuple[str, str]] = {
    AlarmKind.TUNNEL_AHEAD: (
        "前方隧道“{name}”禁止该车所载货物通行，请在进入前驶离",
        "The tunnel {name} ahead is forbidden for this load: turn off before it",
    ),
    AlarmKind.TUNNEL_TRANSIT: (
        "载运禁行货物驶过隧道“{name}”",
        "Drove through the tunnel {name} with a load that is forbidden there",
    ),
    AlarmKind.TUNNEL_OVERDUE: (
        "进入隧道“{name}”后超时未驶出",
        "Entered the tunnel {name} and has not come out in time",
    ),
    AlarmKind.AREA_ENTERED: ("进入禁行区“{name}”", "Entered the restricted area {name}"),
    AlarmKind.OVERSPEED: (
        "超速：最高 {top_dkmh}，限速 {limit_dkmh}（单位 0.1 km/h）",
        "Overspeed: up to {top_dkmh} where {limit_dkmh} is allowed (0.1 km/h)",
    ),
    AlarmKind.FATIGUE: ("连续驾驶未按规定休息", "Drove on without the rest that is due"),
    AlarmKind.ROUTE_DEVIATION: ("偏离运单路线", "Left the planned route"),
    AlarmKind.LONG_STOP: ("超时停车", "Stopped for too long"),
    AlarmKind.OFFLINE: ("在途终端离线", "The terminal fell silent on the way"),
    AlarmKind.MOVED_OFFLINE: ("离线期间发生位移", "Moved while it was offline"),
    AlarmKind.POSITION_FAULT: ("定位异常", "The position cannot be right"),
    AlarmKind.NO_WAYBILL: ("载货行驶而无有效运单", "Drives loaded without an active waybill"),
    AlarmKind.WRONG_PLACE: ("在未登记的地点装卸", "Loaded or unloaded at a place that is not registered for it"),
    AlarmKind.INCOMPATIBLE_PARKING: ("与禁忌物品车辆同场停放", "Parked beside a load that must not be near it"),
    AlarmKind.ROUTE_BARRED: (
        "计划路线前方“{name}”已禁止该车所载货物通行：约 {ahead_m} 米后驶入，最早 {soonest_ms}（北京时间），请改线、等候或办理通行证",
        "{name} on the planned route is closed to this load: some {ahead_m} m ahead, from {soonest_ms} (Beijing) on: go round it, wait, or get a pass",
    ),
}

_OF_A_DAY = ("当日累计驾驶超时", "Drove for longer in one day than is allowed")


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "—"


def alarm_text(kind: AlarmKind, evidence: Mapping[str, str]) -> tuple[str, str]:
    """The alarm in Chinese and in English; what the evidence does not hold is shown as a dash."""
    values_zh, values_en = (
        _Known({name: _shown(name, value, ways) for name, value in evidence.items()}) for ways in _WAYS
    )
    zh, en = _OF_A_DAY if kind is AlarmKind.FATIGUE and "driven_ms" in evidence else _TEXTS[kind]
    added = [(zh, en), *_added(evidence)]
    return "；".join(zh for zh, _ in added).format_map(values_zh), "; ".join(en for _, en in added).format_map(
        values_en
    )


def link_text(evidence: Mapping[str, str]) -> tuple[str, str]:
    """What the alarm of a link that is down says: how many fell silent with it, and what has become of them."""
    zh = "企业网关链路中断，{vehicles} 辆在途车辆随之离线：仍离线 {silent} 辆，已恢复 {back} 辆，已单独报警 {named} 辆"
    en = "The carrier's gateway fell silent and {vehicles} vehicles under way with it: {silent} still are, {back} are back, {named} have an alarm of their own"
    if "heard_ms" in evidence:
        zh, en = zh + "；链路已于 {heard_ms} 恢复", en + "; the gateway was heard of again at {heard_ms} (Beijing)"
    values = {name: _shown(name, value, {}) for name, value in evidence.items()}
    return zh.format_map(values), en.format_map(values)


def _added(evidence: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What else there is to say: which bore it is, how long who is inside may take to leave, and what has come of it."""
    if "direction" in evidence:
        zh, _, en = evidence["direction"].partition(" ")
        yield f"{zh}隧道洞", f"the {en} bore"
    if GRACE_UNTIL in evidence:
        yield (
            "禁行时段开始时已在其中，须于 {grace_until_ms} 前驶离，最近出口（{exit_by}）约 {exit_m} 米",
            "inside when its hours began, to leave by {grace_until_ms}; the nearest exit is some {exit_m} m away ({exit_by})",
        )
    if evidence.get("outcome") in _OUTCOMES:
        yield _OUTCOMES[evidence["outcome"]]


_OUTCOMES: Mapping[str, tuple[str, str]] = {
    "zone lifted": ("该限制已不再适用", "that does not hold any more"),
    "way free": ("已改线、获准通行或换载，不再受阻", "another route, pass or load: the way is free"),
    "trip over": ("行程已结束，未驶入", "the trip is over, it was not entered"),
    "reached": ("已驶入", "it has been entered"),
    "left in time": ("已在宽限时间内驶离，不计违规", "left in time, no offence"),
    "stayed": ("逾宽限时间仍未驶离", "still inside after that"),
}
_WAYS = ({"route": "沿计划路线", "air": "直线"}, {"route": "along the planned route", "air": "in a straight line"})


def _shown(name: str, value: str, ways: Mapping[str, str]) -> str:
    """Times as the hour of day in Beijing, and the way to an exit in words."""
    if name.endswith("_ms") and value.isdigit():
        return f"{datetime.fromtimestamp(int(value) // 1000, LEGAL_ZONE):%m-%d %H:%M}"
    return ways.get(value, value) if name == "exit_by" else value
