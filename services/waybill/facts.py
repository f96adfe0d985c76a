"""What a waybill is judged by: the registry, the zones on its route, other trips, positioning. Plain values, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from services.registry.model import RegistryFacts
from services.waybill.model import Waybill
from services.zones.rules import Decision


class ZoneKind(Enum):
    TUNNEL = "TUNNEL"
    LONG_TUNNEL = "LONG_TUNNEL"  # 特长隧道: over 3,000 m
    BRIDGE = "BRIDGE"
    LARGE_BRIDGE = "LARGE_BRIDGE"  # 特大桥
    WATER_SOURCE = "WATER_SOURCE"  # 饮用水水源保护区
    RESTRICTED_AREA = "RESTRICTED_AREA"
    TIME_BANNED_ROAD = "TIME_BANNED_ROAD"


class ZoneAction(Enum):
    NOTHING = "NOTHING"
    FORBID = "FORBID"
    PASS_ONLY = "PASS_ONLY"  # noqa: S105
    NOTIFY = "NOTIFY"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsFilter:
    """Which goods a zone's rule means; goods match when any non-empty part does, all goods when every part is empty."""

    hazards: frozenset[str] = frozenset()
    un_numbers: frozenset[str] = frozenset()
    special_control: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteZone:
    """A zone the planned route touches, when it does, and what holds there.

    ``tunnel_category`` is "A" to "E", empty when none was declared. ``windows`` are the instants (half open) in which
    ``action`` holds, read from the zone's calendar for the days of the trip; empty means always. A passage without
    known times counts as happening at any time of the trip. What is ``proposed`` by a map alone binds nobody.
    """

    zone_id: str
    name: str
    kind: ZoneKind
    tunnel_category: str = ""
    action: ZoneAction = ZoneAction.NOTHING
    goods: GoodsFilter = field(default_factory=GoodsFilter)
    windows: tuple[tuple[datetime, datetime], ...] = ()
    enter_at: datetime | None = None
    leave_at: datetime | None = None
    version_id: str = ""
    source: str = ""
    proposed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """A resource is on another trip in [``from_at``, ``to_at``), from departure to unloading, as planned or as it was.

    ``resource`` is as an assignment names it. ``under_way``: departed and not unloaded yet, whatever was planned.
    ``waybill_number`` is empty where the asker may not know whose trip it is.
    """

    resource: str
    waybill_id: str
    from_at: datetime
    to_at: datetime
    under_way: bool = False
    waybill_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Positioning:
    """What is known of a vehicle's positioning terminal."""

    last_fix_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All a waybill is judged by, as of one time. ``positioning`` is by vehicle id; ``replaced`` is what it follows.
    ``signs`` are what limits and the map's signs on the route say to the vehicle with this load."""

    registry: RegistryFacts
    zones: tuple[RouteZone, ...] = ()
    signs: tuple[Decision, ...] = ()
    busy: tuple[Busy, ...] = ()
    positioning: Mapping[str, Positioning] = field(default_factory=dict)
    replaced: Waybill | None = None
