"""Zones and cargoes to try rules on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from geo.position import Position
from services.goods import Load, LoadLine, Mode, TankState, core
from services.registry.model import Permit, PermitGoods, PermitKind
from services.zones.mapped import Bridge, Deck
from services.zones.model import Zone, ZoneKind, ZoneVersion
from services.zones.rules import Cargo, judge
from services.zones.ruling import Action, Calendar, Notice, Rule, Window
from services.zones.tunnels import Bore, Tunnel

NOON = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)  # a Monday in Beijing
NOTICE = Notice(issuer="示例县公安局", number="示公告〔2026〕1号", title="通告")
SQUARE = ((Position(410_000_000, 990_000_000), Position(410_100_000, 990_000_000), Position(410_100_000, 990_100_000),
           Position(410_000_000, 990_100_000)),)  # fmt: skip
LINE = (Position(410_000_000, 990_000_000), Position(410_000_000, 990_200_000))
BORE = Bore(id="bore-1", entrance=LINE[0], exit=LINE[1], length_dm=16_800)


def area(*rules: Rule, **changes: Any) -> Zone:
    zone = Zone(
        id="area-1", kind=ZoneKind.RESTRICTED_AREA, name="老城区", polygons=(SQUARE,), rules=rules, source=NOTICE
    )
    return replace(zone, **changes)


def tunnel(category: str = "", *rules: Rule, **changes: Any) -> Zone:
    drawn = Tunnel(length_dm=16_800, category=category, category_source=NOTICE if category else None, bores=(BORE,))
    return replace(
        Zone(id="tunnel-1", kind=ZoneKind.TUNNEL, name="示例山隧道", tunnel=drawn, rules=rules, source=NOTICE),
        **changes,
    )


def road(kind: ZoneKind = ZoneKind.TIME_BANNED_ROAD, *rules: Rule, **changes: Any) -> Zone:
    return replace(
        Zone(id="road-1", kind=kind, name="示例路", line=LINE, width_dm=300, rules=rules, source=NOTICE), **changes
    )


def bridge(*rules: Rule, length_dm: int = 12_000, **changes: Any) -> Zone:
    drawn = Bridge(length_dm=length_dm, decks=(Deck(line=LINE, way_ids=(7,)),))
    return replace(
        Zone(id="bridge-1", kind=ZoneKind.BRIDGE, name="示例江大桥", bridge=drawn, rules=rules, source=NOTICE),
        **changes,
    )


def version(zone: Zone, number: int = 1, **changes: Any) -> ZoneVersion:
    plain = ZoneVersion(
        number=number, zone=zone, valid_from=NOON - timedelta(days=30), valid_to=None,
        recorded_at=NOON - timedelta(days=30), recorded_by="police",
    )  # fmt: skip
    return replace(plain, **changes)


def ban(**changes: Any) -> Rule:
    return replace(Rule(id="ban", action=Action.FORBID), **changes)


def at_noon(hours: int = 1) -> Calendar:
    return Calendar(windows=(Window(from_minute=720, to_minute=720 + 60 * hours),))


def cargo(un_number: str = "1203", *, tank: TankState = TankState.LOADED, **changes: Any) -> Cargo:
    line = LoadLine(un_number=un_number, mode=Mode.TANK, mass_g=28_000_000, tank_state=tank)
    return replace(judge(Load(lines=(line,)), core(), NOON), **changes)


def zone_pass(zone_id: str = "area-1", **changes: Any) -> Permit:
    permit = Permit(
        id="permit-1", kind=PermitKind.ZONE_PASS, number="通字1号", issuer="示例县公安局", organisation_id="carrier",
        valid_from=NOON - timedelta(days=1), valid_to=NOON + timedelta(days=1), zone_ids=frozenset({zone_id}),
        vehicle_ids=frozenset({"lorry"}), goods=(PermitGoods("1203"),),
    )  # fmt: skip
    return replace(permit, **changes)
