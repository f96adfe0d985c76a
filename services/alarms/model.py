"""What an alarm is, whoever raises it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum

from services.errors import Basis
from services.runtime.clock import nanoseconds


class Kind(Enum):
    """The kinds of alarm; names as in the contract, with the Chinese term they are shown under."""

    TUNNEL_AHEAD = "隧道预警"
    TUNNEL_TRANSIT = "违规通行隧道"
    TUNNEL_OVERDUE = "隧道内超时"
    AREA_ENTERED = "进入禁行区"
    OVERSPEED = "超速"
    FATIGUE = "疲劳驾驶"
    ROUTE_DEVIATION = "偏离路线"
    LONG_STOP = "超时停车"
    OFFLINE = "终端离线"
    MOVED_OFFLINE = "离线位移"
    POSITION_FAULT = "定位异常"
    NO_WAYBILL = "无运单行驶"
    WRONG_PLACE = "装卸地点不符"
    INCOMPATIBLE_PARKING = "禁忌物品同场停放"
    HANDOVER_OPEN = "交接未签"
    AMENDED_UNDER_WAY = "途中更正运单"
    ROUTE_BARRED = "计划路线受阻"
    LINK_DOWN = "链路中断"


class Severity(Enum):
    """GRAVE goes to the regulator at once; ORDINARY only when the carrier's desk leaves it."""

    ORDINARY = "ORDINARY"
    GRAVE = "GRAVE"


class State(Enum):
    OPEN = "OPEN"
    HANDLED = "HANDLED"
    WITHDRAWN = "WITHDRAWN"


class HandlingReason(Enum):
    """What an alarm turned out to be: a closed list, so that the false share of each rule can be told."""

    TRUE = "TRUE"
    DEVICE_FAULT = "DEVICE_FAULT"
    MAP_WRONG = "MAP_WRONG"
    EXEMPT = "EXEMPT"


GRAVE = frozenset({Kind.TUNNEL_AHEAD, Kind.TUNNEL_TRANSIT, Kind.TUNNEL_OVERDUE, Kind.NO_WAYBILL,
                   Kind.INCOMPATIBLE_PARKING, Kind.AMENDED_UNDER_WAY})  # fmt: skip


_POLICY = Basis("平台默认策略", "default policy of the platform", "", None, None, True)
# How long the carrier's desk has an ordinary alarm to itself. A change is a new row, never an edit.
ESCALATED_AFTER: tuple[tuple[timedelta, Basis], ...] = ((timedelta(minutes=30), _POLICY),)


def escalated_after(day: date) -> timedelta:
    """The time in force on a day, or the oldest row's where none is yet."""
    return next((time for time, basis in ESCALATED_AFTER if basis.in_force(day)), ESCALATED_AFTER[0][0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """``id`` is derived from what happened, so that saying it again after a crash is the same alarm.

    ``cause`` tells alarms of one kind apart; ``grave`` makes one grave whose kind alone is not. ``position`` is (latitude_e7, longitude_e7). ``evidence`` holds whole units as text.
    """

    id: str
    kind: Kind
    vehicle_id: str
    carrier_id: str
    division: str = ""
    waybill_id: str = ""
    zone_id: str = ""
    occurred_at: datetime
    ended_at: datetime | None = None
    position: tuple[int, int] | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)
    revision: int = 1
    state: State = State.OPEN
    grave: bool = False
    cause: str = ""
    text_zh: str = ""
    text_en: str = ""

    @property
    def severity(self) -> Severity:
        return Severity.GRAVE if self.grave or self.kind in GRAVE else Severity.ORDINARY

    @property
    def subject(self) -> str:
        """What the alarm is stated about: the trip where there is one, else the vehicle, else the carrier."""
        if self.waybill_id:
            return f"waybill/{self.waybill_id}"
        return f"vehicle/{self.vehicle_id}" if self.vehicle_id else f"organisation/{self.carrier_id}"

    def stated(self) -> dict[str, object]:
        """What is said under the operator's key when the alarm is raised, amended or withdrawn."""
        said: dict[str, object] = {
            "alarm_id": self.id,
            "alarm_kind": self.kind.name,
            "vehicle_id": self.vehicle_id,
            "zone_id": self.zone_id,
            "occurred_at": nanoseconds(self.occurred_at),
            "revision": self.revision,
            "alarm_state": self.state.name,
            "evidence": dict(self.evidence),
        }
        if self.position is not None:
            said |= {"latitude_e7": self.position[0], "longitude_e7": self.position[1]}
        if self.ended_at is not None:
            said["ended_at"] = nanoseconds(self.ended_at)
        return said
