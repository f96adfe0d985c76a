"""One tube of a tunnel in one direction: which rules mean it, how it is named, whether a planned line goes through it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from geo.position import Position, bearing_deg
from geo.tunnels import Tunnel
from services.monitoring.engine.planned import Line
from services.monitoring.engine.world import Roads
from services.monitoring.model import ZoneRecord, ZoneRule

_AT_PORTAL_M = 40.0
_WORDS = ("北行 northbound", "东行 eastbound", "南行 southbound", "西行 westbound")


def meaning(zone: ZoneRecord, rules: Iterable[ZoneRule], bore_id: str) -> list[ZoneRule]:
    """Those of the rules that mean the bore; all where the zone does not name it, as then nobody can tell."""
    return [rule for rule in rules if not rule.bore_ids or bore_id in rule.bore_ids or bore_id not in zone.bore_ids]


def named(roads: Roads, bore_id: str) -> dict[str, object]:
    """The bore as an alarm tells of it: its id, where it leads, and its exit portal."""
    bore = roads.bores.get(bore_id)
    if bore is None:
        return {"bore": bore_id}
    return {
        "bore": bore_id,
        "direction": direction(bore.entrance, bore.exit),
        "exit_latitude_e7": bore.exit.latitude_e7,
        "exit_longitude_e7": bore.exit.longitude_e7,
    }


def direction(entrance: Position, exit_: Position) -> str:
    """The quarter of the compass it leads to, in Chinese and English."""
    return _WORDS[round(bearing_deg(entrance, exit_) / 90) % 4]


def lead_along(roads: Roads, rule: ZoneRule, line: Line) -> bool:
    """Whether a planned line that comes by the portals goes through a bore the rule means, the way that leads; true where nobody can tell."""
    bores = [roads.bores[bore_id] for bore_id in rule.bore_ids if bore_id in roads.bores]
    return not bores or any(_leads_along(bore, line, first=first) for bore in bores for first in (True, False))


def _leads_along(bore: Tunnel, line: Line, *, first: bool) -> bool:
    entrance, exit_ = (line.progress_m(end, _AT_PORTAL_M, first=first) for end in (bore.entrance, bore.exit))
    return entrance is not None and exit_ is not None and entrance < exit_
