"""RT-01 to RT-04: the planned route keeps out of tunnels and zones these goods may not enter, when they may not.

A zone has a row for each of its rules; what is said of the zone itself is said once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from services.errors import Finding, Severity
from services.errors.waybill.route import (
    CROSSING_NOT_NOTIFIED,
    TUNNEL_FORBIDDEN,
    TUNNEL_UNDECIDED,
    WATER_SOURCE_CROSSED,
    ZONE_FORBIDDEN,
    ZONE_NOTICE,
    ZONE_PASS_NEEDED,
)
from services.goods import TunnelJudgement, TunnelReason, tunnel_categories
from services.goods.controls import Control
from services.goods.tunnels import UNKNOWN
from services.registry.model import PermitKind
from services.runtime.clock import LEGAL_ZONE, legal_day
from services.waybill.model import GoodsLine
from services.waybill.trip import Trip
from services.zones.passed import RouteZone, RouteZoneAction, RouteZoneKind

# 公路安全保护条例 Art 42: flammable, explosive, highly toxic, radioactive.
_NOTIFIED_CLASSES = frozenset({"1", "2.1", "3", "4.1", "4.2", "4.3", "7"})
# 饮用水水源保护区污染防治管理规定 Art 11 keeps out 有毒有害物质 and 油类: toxic classes, and the petroleum entries of the list.
_TOXIC_CLASSES = frozenset({"2.3", "6.1"})
_OILS = frozenset({"1202", "1203", "1223", "1267", "1268", "1863", "1999", "3475"})
_CROSSINGS = frozenset({RouteZoneKind.LONG_TUNNEL, RouteZoneKind.LARGE_BRIDGE})


def route_open(trip: Trip) -> Iterator[Finding]:
    """Nothing to say where nothing dangerous is aboard: a cleaned tank may pass everywhere."""
    if not trip.carries_dangerous_goods:
        return
    judgement = tunnel_categories(trip.load, trip.catalogue, legal_day(trip.at))
    told: set[tuple[str, datetime | None]] = set()
    for zone in trip.facts.zones:
        if (zone.zone_id, zone.enter_at) not in told:
            yield from _tunnel(trip, zone, judgement)
            yield from _crossing(trip, zone)
            yield from _water(trip, zone)
        told.add((zone.zone_id, zone.enter_at))
        yield from _zone(trip, zone)


def _tunnel(trip: Trip, zone: RouteZone, judgement: TunnelJudgement) -> Iterator[Finding]:
    """RT-01. A tunnel without a declared category restricts nothing by category; a pass does not lift one."""
    category = zone.tunnel_category
    if not category or judgement.allows(category):
        return
    forbidden = category in judgement.forbidden
    why = [reason for reason in judgement.reasons if _explains(reason, category if forbidden else UNKNOWN)]
    yield trip.finding(
        TUNNEL_FORBIDDEN if forbidden else TUNNEL_UNDECIDED, _path(trip, zone), "RT-01",
        tunnel=zone.name, category=category,
        why="；".join(dict.fromkeys(f"{_goods(reason)}{reason.zh}" for reason in why)),
        why_en="; ".join(dict.fromkeys(f"{_goods(reason)}{reason.en}" for reason in why)),
    )  # fmt: skip


def _explains(reason: TunnelReason, category: str) -> bool:
    """Whether a reason closes ``category``, or, asked for UNKNOWN, leaves the answer open."""
    lowest = reason.lowest_forbidden
    if category == UNKNOWN or lowest == UNKNOWN:
        return lowest == category
    return bool(lowest) and lowest <= category


def _goods(reason: TunnelReason) -> str:
    return f"UN{reason.un_number} " if reason.un_number else ""


def _crossing(trip: Trip, zone: RouteZone) -> Iterator[Finding]:
    """RT-02: avoid very large bridges and very long tunnels; if not, their operators are told time and route before."""
    if zone.kind not in _CROSSINGS or not any(_must_notify(trip, line) for line in trip.waybill.goods):
        return
    if not _has_paper(trip, zone, PermitKind.CROSSING_NOTICE):
        yield trip.finding(CROSSING_NOT_NOTIFIED, _path(trip, zone), "RT-02", severity=Severity.WARNING, zone=zone.name)


def _water(trip: Trip, zone: RouteZone) -> Iterator[Finding]:
    """RT-03 for drinking water: toxic goods and oils stay out unless approved; of what a map merely proposes the carrier is warned."""
    if zone.kind is not RouteZoneKind.WATER_SOURCE or _has_paper(trip, zone, PermitKind.ZONE_PASS):
        return
    meant = [line.un_number for line in trip.waybill.goods if line.un_number in _OILS or _is_toxic(trip, line)]
    if meant:
        severity = Severity.WARNING if zone.proposed else Severity.ERROR
        goods = "、".join(f"UN{number}" for number in dict.fromkeys(meant))
        yield trip.finding(
            WATER_SOURCE_CROSSED, _path(trip, zone), "RT-03", severity=severity, basis="RT-03-WATER", zone=zone.name, goods=goods
        )  # fmt: skip


def _is_toxic(trip: Trip, line: GoodsLine) -> bool:
    return bool(_labels(trip, line) & _TOXIC_CLASSES) or Control.HIGHLY_TOXIC in trip.controls(line)


def _labels(trip: Trip, line: GoodsLine) -> frozenset[str]:
    """Classes and divisions of the catalogue's rows."""
    return frozenset(label for row in trip.rows(line) for label in (row.goods_class, row.division))


def _must_notify(trip: Trip, line: GoodsLine) -> bool:
    return bool(_labels(trip, line) & _NOTIFIED_CLASSES) or Control.HIGHLY_TOXIC in trip.controls(line)


def _zone(trip: Trip, zone: RouteZone) -> Iterator[Finding]:
    """RT-03 for areas and places, RT-04 for roads closed by the clock; a pass for zone, vehicle, goods and time exempts."""
    if zone.action is RouteZoneAction.NOTHING:
        return
    held = list(_presence(trip, zone))
    if not held or _has_paper(trip, zone, PermitKind.ZONE_PASS):
        return
    reason, severity = {
        RouteZoneAction.FORBID: (ZONE_FORBIDDEN, Severity.ERROR),
        RouteZoneAction.PASS_ONLY: (ZONE_PASS_NEEDED, Severity.ERROR),
        RouteZoneAction.NOTIFY: (ZONE_NOTICE, Severity.WARNING),
    }[zone.action]
    rule = "RT-04" if zone.kind is RouteZoneKind.TIME_BANNED_ROAD else "RT-03"
    when = "、".join(f"{_local(first)}–{_local(last)}" for first, last in held)
    yield trip.finding(reason, _path(trip, zone), rule, severity=severity, zone=zone.name, when=when)


def _presence(trip: Trip, zone: RouteZone) -> Iterator[tuple[datetime, datetime]]:
    """When the vehicle would be inside while the rule holds; touching the edge of a window is not inside."""
    enter, leave = zone.enter_at or trip.departure, zone.leave_at or trip.arrival
    if not zone.windows:
        yield enter, leave
    for first, last in zone.windows:
        if enter < last and first < leave:
            yield max(enter, first), min(leave, last)


def _has_paper(trip: Trip, zone: RouteZone, kind: PermitKind) -> bool:
    """A pass or notice of the zone that holds for every vehicle, every line of goods and the whole passage."""
    enter, leave = zone.enter_at or trip.departure, zone.leave_at or trip.arrival
    un_numbers = {line.un_number for line in trip.waybill.goods}
    return any(
        permit.kind is kind
        and not permit.revoked
        and zone.zone_id in permit.zone_ids
        and (not permit.vehicle_ids or trip.vehicle_ids <= permit.vehicle_ids)
        and (not permit.goods or un_numbers <= {goods.un_number for goods in permit.goods})
        and permit.valid_from <= enter
        and leave <= permit.valid_to
        and (not permit.windows or any(first <= enter and leave <= last for first, last in permit.windows))
        for permit in trip.registry.permits
    )


def _path(trip: Trip, zone: RouteZone) -> str:
    keys = trip.waybill.route.zone_keys
    return f"waybill.route.zone_keys[{keys.index(zone.zone_id)}]" if zone.zone_id in keys else "waybill.route"


def _local(at: datetime) -> str:
    return at.astimezone(LEGAL_ZONE).strftime("%Y-%m-%d %H:%M")
