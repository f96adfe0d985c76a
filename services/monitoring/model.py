"""What goes into the detection of one shard and what comes out. Plain values: no wire, no database, no clock.

Instants are milliseconds since 1970 UTC, places (latitude, longitude) in degrees x 10^7, speeds 0.1 km/h.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from geo.position import Position
from geo.shapes import Shape
from services.monitoring.facts import Fact, Goods, PassFact, Site, TripFact
from services.monitoring.fixes import ENGINE_ON, POSITIONED, SUPPLEMENT, Fixes

__all__ = [
    "ENGINE_ON",
    "POSITIONED",
    "SUPPLEMENT",
    "Activation",
    "Alarm",
    "AlarmKind",
    "AlarmRaised",
    "AlarmRevised",
    "AlarmWithdrawn",
    "Driven",
    "Effect",
    "Entry",
    "EstimatedPosition",
    "Fact",
    "Fixes",
    "FixesEntry",
    "Goods",
    "NeedsHistory",
    "Parked",
    "PassEntry",
    "PassFact",
    "Severity",
    "Site",
    "TickEntry",
    "TripEntry",
    "TripFact",
    "ZoneKind",
    "ZoneRecord",
    "ZoneRule",
    "ZonesEntry",
    "always",
]


class AlarmKind(StrEnum):
    """Names as in the contract, without its prefix."""

    TUNNEL_AHEAD = "TUNNEL_AHEAD"
    TUNNEL_TRANSIT = "TUNNEL_TRANSIT"
    TUNNEL_OVERDUE = "TUNNEL_OVERDUE"
    AREA_ENTERED = "AREA_ENTERED"
    OVERSPEED = "OVERSPEED"
    FATIGUE = "FATIGUE"
    ROUTE_DEVIATION = "ROUTE_DEVIATION"
    LONG_STOP = "LONG_STOP"
    OFFLINE = "OFFLINE"
    MOVED_OFFLINE = "MOVED_OFFLINE"
    POSITION_FAULT = "POSITION_FAULT"
    NO_WAYBILL = "NO_WAYBILL"
    WRONG_PLACE = "WRONG_PLACE"
    INCOMPATIBLE_PARKING = "INCOMPATIBLE_PARKING"
    ROUTE_BARRED = "ROUTE_BARRED"


GRACE_UNTIL = "grace_until_ms"  # evidence: till then who is inside may leave without blame


class Severity(StrEnum):
    ORDINARY = "ORDINARY"
    GRAVE = "GRAVE"


class ZoneKind(StrEnum):
    """Names as in ``services.zones.model.ZoneKind``."""

    TUNNEL = "TUNNEL"
    RESTRICTED_AREA = "RESTRICTED_AREA"
    CORRIDOR = "CORRIDOR"
    SPEED_SECTION = "SPEED_SECTION"
    PARKING = "PARKING"
    TIME_BANNED_ROAD = "TIME_BANNED_ROAD"
    BRIDGE = "BRIDGE"


Hours = Callable[[int, int], tuple[tuple[int, int], ...]]


def always(first_ms: int, last_ms: int) -> tuple[tuple[int, int], ...]:
    """The hours of a rule without a calendar."""
    return ((first_ms, last_ms),) if first_ms < last_ms else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRule:
    """Who is meant and when. Goods are meant when any non-empty part fits; every part empty means all dangerous goods.

    Trips for a purpose in ``exempt`` are left alone. ``hours`` gives the merged half-open spans within [first_ms, last_ms) in which the rule holds. ``action`` is FORBID,
    ONLY_WITH_PASS, NOTIFY or SPEED_LIMIT (then ``speed_dkmh``). Who is inside when it begins to hold has ``grace_ms`` to leave, None:
    as long as the figures say.
    """

    id: str
    action: str = "FORBID"
    classes: frozenset[str] = frozenset()
    un_numbers: frozenset[str] = frozenset()
    controls: frozenset[str] = frozenset()
    tunnel_category: str = ""
    tunnel_codes: frozenset[str] = frozenset()
    exempt: frozenset[str] = frozenset()
    speed_dkmh: int = 0
    hours: Hours = always
    source: str = ""
    grace_ms: int | None = None
    bore_ids: frozenset[str] = frozenset()  # of a tunnel only these bores; empty: all of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRecord:
    """One zone as of a change, there since ``since_ms``. A tunnel names its bores by the ids of the road graph, or its structure, or both.

    A plan that is in it for less than ``followed_m`` crosses the road it is, and does not follow it.
    """

    id: str
    version: str
    kind: ZoneKind
    shape: Shape | None = None
    name: str = ""
    structure_id: str = ""
    bore_ids: tuple[str, ...] = ()
    category: str = ""  # "" as long as nobody has classified the tunnel
    rules: tuple[ZoneRule, ...] = ()
    since_ms: int = 0
    followed_m: float = 0.0


@dataclass(frozen=True, slots=True)
class FixesEntry:
    fixes: Fixes


@dataclass(frozen=True, slots=True)
class TripEntry:
    fact: TripFact


@dataclass(frozen=True, slots=True)
class PassEntry:
    fact: PassFact


@dataclass(frozen=True, slots=True)
class Activation:
    """From ``at_ms`` on detection goes by the zones written up to ``change`` that are in force at ``at_ms``, the figures of that
    day and the road networks ``regions``. The same activation gives the same world in every process, for ever."""

    change: int = 0
    at_ms: int = 0
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ZonesEntry:
    """Other zones hold from now on: ``activate`` takes the place of ``step``."""

    activation: Activation


@dataclass(frozen=True, slots=True)
class TickEntry:
    """So late it is by the server's clock."""

    at_ms: int


Heard = FixesEntry | TripEntry | PassEntry | TickEntry  # what ``step`` takes
Entry = Heard | ZonesEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """``id`` follows from kind, vehicle, cause and start, so a replay raises the same; ``revision`` counts from 1.

    ``cause`` tells alarms of one kind apart (a zone, a bore, a kind of fault); ``occurred_ms`` and ``ended_ms`` are by the
    vehicle's fixes. ``evidence`` is whole numbers and names as text.
    """

    id: str
    kind: AlarmKind
    severity: Severity
    vehicle: int
    carrier_id: str = ""
    waybill_id: str = ""
    zone_id: str = ""
    cause: str = ""
    occurred_ms: int
    ended_ms: int | None = None
    position: Position | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised(Alarm):
    """New, or raised again under its old id after it had been withdrawn (``revision`` > 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRevised(Alarm):
    """The same alarm as it is now known: it ended, or late fixes changed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmWithdrawn(Alarm):
    """Late fixes showed that it never was; the fields are those last known."""


@dataclass(frozen=True, slots=True)
class EstimatedPosition:
    """Where a vehicle silent in a tunnel should be; never a fix."""

    vehicle: int
    time_ms: int
    position: Position
    uncertainty_m: int
    zone_id: str


@dataclass(frozen=True, slots=True)
class NeedsHistory:
    """A fix or a waybill fact came late: ``recompute`` this vehicle from its stored fixes; nothing before ``from_ms`` changes. A late
    fix may be known already, unless it ``is_new``."""

    vehicle: int
    from_ms: int
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Parked:
    """For the second stage, keyed by cell: since ``at_ms`` the vehicle stands there with these goods (``goods`` empty: it left)."""

    vehicle: int
    at_ms: int
    cell: int
    position: Position
    goods: tuple[Goods, ...]
    waybill_id: str = ""
    carrier_id: str = ""


@dataclass(frozen=True, slots=True)
class Driven:
    """For the second stage, keyed by person: he drove this vehicle from ``start_ms`` to ``end_ms``, as far as is known, all of it on
    one legal day and all of it driving; a piece of a stretch without a rest since ``since_ms``. ``in_day_ms`` is what he had driven
    this vehicle of that day by then. ``is_over`` once he has rested since, or somebody else drives."""

    person_id: str
    vehicle: int
    since_ms: int
    start_ms: int
    end_ms: int
    in_day_ms: int
    is_over: bool = True


Effect = AlarmRaised | AlarmRevised | AlarmWithdrawn | EstimatedPosition | NeedsHistory | Parked | Driven


def alarm_fields(alarm: Alarm) -> dict[str, Any]:
    """An alarm's fields by name, to make another of it."""
    return {name: getattr(alarm, name) for name in Alarm.__slots__}
