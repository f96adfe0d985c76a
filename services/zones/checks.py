"""Whether a zone makes sense: its name, shape, rules and calendars, all faults at once. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from geo.shapes import ShapeError
from services.errors import Finding
from services.errors.common import FIELD_MISSING, invalid, missing
from services.errors.zones import (
    ZONE_PROPOSED_RULES,
    ZONE_RULE_INVALID,
    ZONE_SHAPE_INVALID,
    ZONE_SHAPE_WRONG_KIND,
    ZONE_SOURCE_MISSING,
)
from services.goods.model import TUNNEL_CATEGORIES
from services.goods.tunnels import CODES
from services.zones.mapped import Bridge
from services.zones.model import Zone, ZoneKind
from services.zones.ruling import Action, Calendar, DayRule, GoodsFilter, Notice, Rule, Window
from services.zones.tunnels import Tunnel

MOST_POINTS = 20_000
MOST_RULES = 100
MOST_CALENDAR_ROWS = 400
MOST_SPEED_DKMH = 1_200
MOST_GRACE_MINUTES = 1_440
_WIDEST_DM = 100_000  # ten kilometres
_MOST_NAME = 200
_HAZARD = re.compile(r"[1-9](\.[1-9][A-Z]?)?")
_UN_NUMBER = re.compile(r"[0-9]{4}")
_CATEGORIES = frozenset(TUNNEL_CATEGORIES)


def check_zone(zone: Zone, path: str = "zone") -> tuple[Finding, ...]:
    """Everything that keeps the zone from being put."""
    return (
        *_check_name(zone, path),
        *_check_shape(zone, path),
        *check_notice(zone.source, f"{path}.source"),
        *check_rules(zone.rules, zone.source, f"{path}.rules"),
        *check_bores(zone.rules, zone.tunnel, f"{path}.rules"),
        *_check_map_facts(zone, path),
    )


def check_category(category: str, path: str) -> Iterator[Finding]:
    if category and category not in _CATEGORIES:
        yield invalid(path, "A to E, or nothing 须为 A 至 E 或空")


def check_notice(notice: Notice | None, path: str) -> Iterator[Finding]:
    if notice is not None and not notice.issuer.strip():
        yield missing(f"{path}.issuer")


def check_rules(rules: tuple[Rule, ...], source: Notice | None, path: str) -> Iterator[Finding]:
    """Each rule, and that their ids are their own."""
    if len(rules) > MOST_RULES:
        yield invalid(path, f"more than {MOST_RULES} 过多")
        return
    ids = Counter(rule.id for rule in rules)
    for number, rule in enumerate(rules):
        at = f"{path}[{number}]"
        if not rule.id:
            yield missing(f"{at}.id")
        elif ids[rule.id] > 1 or rule.id == "category":
            yield _rule(f"{at}.id", "its id is taken", "编号重复或被保留")
        if rule.source is None and source is None:
            yield Finding(reason=ZONE_SOURCE_MISSING, path=f"{at}.source", values={"rule": rule.id})
        yield from check_notice(rule.source, f"{at}.source")
        yield from _check_rule(rule, at)


def check_bores(rules: tuple[Rule, ...], tunnel: Tunnel | None, path: str) -> Iterator[Finding]:
    """That rules mean bores which the tunnel has."""
    known = {bore.id for bore in tunnel.bores} if tunnel else set()
    for number, rule in enumerate(rules):
        for bore_id in sorted(rule.bore_ids - known):
            yield _rule(f"{path}[{number}].bore_ids", f"no bore {bore_id[:40]!r}", f"没有隧道洞“{bore_id[:40]}”")


def _check_name(zone: Zone, path: str) -> Iterator[Finding]:
    if not zone.id:
        yield missing(f"{path}.id")
    if not zone.name.strip():
        yield missing(f"{path}.name")
    elif len(zone.name) > _MOST_NAME:
        yield invalid(f"{path}.name", f"longer than {_MOST_NAME} 过长")
    if zone.division_code and not re.fullmatch(r"[0-9]{6}", zone.division_code):
        yield invalid(f"{path}.division_code", "six digits 须为六位行政区划代码")


def _check_shape(zone: Zone, path: str) -> Iterator[Finding]:
    problem = _wrong_kind(zone, path)
    if problem is not None:
        yield problem
        return
    if zone.kind is ZoneKind.TUNNEL and zone.tunnel is not None:
        yield from _check_tunnel(zone.tunnel, f"{path}.tunnel")
    if zone.bridge is not None:
        yield from _check_bridge(zone.bridge, f"{path}.bridge")
    if not 0 <= zone.width_dm <= _WIDEST_DM:
        yield invalid(f"{path}.width_dm", f"0 to {_WIDEST_DM} dm")
        return
    parts = (("polygons", zone.polygons), ("tunnel.bores", zone.tunnel), ("bridge.decks", zone.bridge))
    at = f"{path}.{next((name for name, part in parts if part), 'line')}"
    points = _points(zone)
    if points > MOST_POINTS:
        yield _shape(at, f"{points} points, at most {MOST_POINTS}")
        return
    try:
        zone.area()
    except ShapeError as error:
        yield _shape(at, str(error))


def _points(zone: Zone) -> int:
    lines = (*(ring for polygon in zone.polygons for ring in polygon), zone.line, *zone.drawn_lines())
    return sum(len(line) for line in lines)


def _wrong_kind(zone: Zone, path: str) -> Finding | None:
    """A zone is drawn in one way only, that of its kind."""
    drawn = {"polygons": zone.polygons, "line": zone.line, "tunnel": zone.tunnel, "bridge": zone.bridge}
    has = {name for name, part in drawn.items() if part not in ((), None)}
    if zone.kind is ZoneKind.TUNNEL:
        good = has == {"tunnel"} and bool(zone.tunnel and zone.tunnel.bores)
        wanted, wanted_en = "隧道各孔", "a tunnel with bores"
    elif zone.kind is ZoneKind.BRIDGE:
        good = has == {"bridge"} and bool(zone.bridge and zone.bridge.decks)
        wanted, wanted_en = "桥面各段", "a bridge with decks"
    elif zone.kind.is_line:
        good = has == {"line"} and zone.width_dm > 0
        wanted, wanted_en = "中线和宽度", "a line and a width"
    else:
        good = has == {"polygons"}
        wanted, wanted_en = "多边形", "polygons"
    values = {"kind": zone.kind.name, "wanted": wanted, "wanted_en": wanted_en}
    return None if good else Finding(reason=ZONE_SHAPE_WRONG_KIND, path=path, values=values)


def _check_tunnel(tunnel: Tunnel, path: str) -> Iterator[Finding]:
    yield from check_category(tunnel.category, f"{path}.category")
    yield from check_notice(tunnel.category_source, f"{path}.category_source")
    if tunnel.category and tunnel.category_source is None:
        yield Finding(reason=ZONE_SOURCE_MISSING, path=f"{path}.category_source", values={"rule": "category"})
    ids = Counter(bore.id for bore in tunnel.bores)
    for number, bore in enumerate(tunnel.bores):
        if not bore.id or ids[bore.id] > 1:
            yield invalid(f"{path}.bores[{number}].id", "missing or taken 缺少或重复")
        yield from check_category(bore.category, f"{path}.bores[{number}].category")
        yield from check_notice(bore.category_source, f"{path}.bores[{number}].category_source")
        if bore.category and (bore.category_source or tunnel.category_source) is None:
            yield Finding(
                reason=ZONE_SOURCE_MISSING, path=f"{path}.bores[{number}].category_source", values={"rule": "category"}
            )
        if bore.length_dm < 0:
            yield invalid(f"{path}.bores[{number}].length_dm", "negative 不能为负")


def _check_bridge(bridge: Bridge, path: str) -> Iterator[Finding]:
    for name, value in (("length_dm", bridge.length_dm), ("longest_span_dm", bridge.longest_span_dm)):
        if value < 0:
            yield invalid(f"{path}.{name}", "negative 不能为负")


def _check_map_facts(zone: Zone, path: str) -> Iterator[Finding]:
    """A proposal rules nothing, an attribute has a name of its own, a source names the map's object."""
    if zone.proposed and (zone.rules or (zone.tunnel and zone.tunnel.strictest())):
        yield Finding(reason=ZONE_PROPOSED_RULES, path=f"{path}.proposed")
    names = Counter(tag.name for tag in zone.tags)
    for number, tag in enumerate(zone.tags):
        if not tag.name or names[tag.name] > 1:
            yield invalid(f"{path}.tags[{number}].name", "missing or taken 缺少或重复")
    if zone.map_source is not None and not zone.map_source.element:
        yield Finding(
            reason=FIELD_MISSING, path=f"{path}.map_source.element", values={"field": f"{path}.map_source.element"}
        )


def _check_rule(rule: Rule, path: str) -> Iterator[Finding]:
    limited = rule.action is Action.SPEED_LIMIT
    if limited is not (0 < rule.speed_dkmh <= MOST_SPEED_DKMH) or (not limited and rule.speed_dkmh):
        yield _rule(
            f"{path}.speed_dkmh", f"1 to {MOST_SPEED_DKMH} for a speed limit, else nothing", "限速须填写限值，其他不填"
        )
    if rule.valid_from and rule.valid_to and rule.valid_to <= rule.valid_from:
        yield _rule(f"{path}.valid_to", "it ends before it begins", "有效期起止颠倒")
    if rule.grace_minutes is not None and not 0 <= rule.grace_minutes <= MOST_GRACE_MINUTES:
        yield _rule(f"{path}.grace_minutes", f"0 to {MOST_GRACE_MINUTES}", f"须为 0 至 {MOST_GRACE_MINUTES}")
    yield from _check_goods(rule.goods or GoodsFilter(), f"{path}.goods")
    yield from _check_calendar(rule.calendar or Calendar(), f"{path}.calendar")


def _check_goods(goods: GoodsFilter, path: str) -> Iterator[Finding]:
    for name, values, good in (
        ("hazards", goods.hazards, _HAZARD.fullmatch),
        ("un_numbers", goods.un_numbers, _UN_NUMBER.fullmatch),
        ("tunnel_codes", goods.tunnel_codes, CODES.get),
    ):
        for value in sorted(values):
            if not good(value):
                yield _rule(f"{path}.{name}", f"unknown {value[:20]!r}", f"无法识别“{value[:20]}”")
    yield from check_category(goods.barred_from_category, f"{path}.barred_from_category")


def _check_calendar(calendar: Calendar, path: str) -> Iterator[Finding]:
    rows = len(calendar.windows) + len(calendar.dates) + sum(1 + len(each.windows) for each in calendar.replacements)
    if rows > MOST_CALENDAR_ROWS:
        yield _rule(path, f"more than {MOST_CALENDAR_ROWS} rows", "行数过多")
        return
    yield from _check_windows(calendar.windows, f"{path}.windows")
    for number, days in enumerate(calendar.dates):
        if days.last < days.first:
            yield _rule(f"{path}.dates[{number}]", "the days end before they begin", "日期起止颠倒")
    for number, each in enumerate(calendar.replacements):
        at = f"{path}.replacements[{number}]"
        if each.days.last < each.days.first:
            yield _rule(f"{at}.days", "the days end before they begin", "日期起止颠倒")
        if (each.day_rule is DayRule.WINDOWS) is not bool(each.windows):
            yield _rule(
                f"{at}.windows", "windows belong to the day rule WINDOWS, and to no other", "时段与当日规则不符"
            )
        yield from _check_windows(each.windows, f"{at}.windows")
        yield from check_notice(each.source, f"{at}.source")


def _check_windows(windows: tuple[Window, ...], path: str) -> Iterator[Finding]:
    for number, window in enumerate(windows):
        if not (0 <= window.from_minute < 1440 and 0 < window.to_minute <= 1440):
            yield _rule(f"{path}[{number}]", "from 0 to 1439, to 1 to 1440", "时刻超出范围")
        if not window.weekdays <= set(range(1, 8)):
            yield _rule(f"{path}[{number}].weekdays", "1 Monday to 7 Sunday", "星期须为 1 至 7")


def _shape(path: str, problem: str) -> Finding:
    return Finding(reason=ZONE_SHAPE_INVALID, path=path, values={"problem": problem})


def _rule(path: str, problem: str, problem_zh: str) -> Finding:
    return Finding(reason=ZONE_RULE_INVALID, path=path, values={"problem": problem, "problem_zh": problem_zh})
