"""What a waybill is judged by: the registry, the zones on its route, other trips, positioning. Plain values, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.registry.model import RegistryFacts
from services.waybill.model import Waybill
from services.zones.passed import RouteZone
from services.zones.rules import Decision


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
    ``zones`` are told in driving order; a rule that does not mean this load, or leaves such a trip alone, is NOTHING there, and a
    passage without known times counts as happening at any time of the trip. ``signs`` are what limits and the map's signs on the
    route say to the vehicle with this load.
    """

    registry: RegistryFacts
    zones: tuple[RouteZone, ...] = ()
    signs: tuple[Decision, ...] = ()
    busy: tuple[Busy, ...] = ()
    positioning: Mapping[str, Positioning] = field(default_factory=dict)
    replaced: Waybill | None = None
