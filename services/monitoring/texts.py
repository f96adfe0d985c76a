"""What an alarm says to the person who reads it, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from services.monitoring.model import AlarmKind

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
}


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "—"


def alarm_text(kind: AlarmKind, evidence: Mapping[str, str]) -> tuple[str, str]:
    """The alarm in Chinese and in English; what the evidence does not hold is shown as a dash."""
    values = _Known(evidence)
    zh, en = _TEXTS[kind]
    return zh.format_map(values), en.format_map(values)
