"""The zones a planned route passes, as whoever judges a trip looks at them. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from services.zones.limits import Limit
from services.zones.ruling import GoodsFilter, Purpose


class RouteZoneKind(Enum):
    """The kinds of zones a waybill's rules tell apart."""

    TUNNEL = "TUNNEL"
    LONG_TUNNEL = "LONG_TUNNEL"  # 特长隧道: over 3,000 m
    RESTRICTED_AREA = "RESTRICTED_AREA"
    TIME_BANNED_ROAD = "TIME_BANNED_ROAD"
    BRIDGE = "BRIDGE"
    LARGE_BRIDGE = "LARGE_BRIDGE"  # 特大桥: over 1,000 m, or a span over 150 m
    WATER_SOURCE = "WATER_SOURCE"  # 饮用水水源保护区


class RouteZoneAction(Enum):
    NOTHING = "NOTHING"
    FORBID = "FORBID"
    PASS_ONLY = "PASS_ONLY"  # noqa: S105
    NOTIFY = "NOTIFY"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteZone:
    """One rule of a zone a planned route touches, for the waybill's own rules; the category of the bores gone through stands on each
    row of a tunnel.

    ``windows`` are the instants (half open) in which ``action`` holds within the trip; a rule that does not hold during
    the trip at all has no row. ``exempt`` are the purposes it leaves alone.
    ``limits`` are the zone's own, on each of its rows.
    """

    zone_id: str
    name: str
    kind: RouteZoneKind
    tunnel_category: str = ""
    action: RouteZoneAction = RouteZoneAction.NOTHING
    goods: GoodsFilter = field(default_factory=GoodsFilter)
    windows: tuple[tuple[datetime, datetime], ...] = ()
    enter_at: datetime | None = None
    leave_at: datetime | None = None
    version_id: str = ""
    rule_id: str = ""
    source: str = ""
    exempt: frozenset[Purpose] = frozenset()
    proposed: bool = False
    limits: tuple[Limit, ...] = ()
