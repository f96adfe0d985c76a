"""A zone that makes no sense is refused for just that, all faults at once; one as near as can be passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from geo.position import Position
from services.zones.checks import MOST_POINTS, check_zone
from services.zones.model import Zone, ZoneKind
from services.zones.ruling import Action, Calendar, DayRule, Days, GoodsFilter, Notice, Replacement, Rule, Window
from services.zones.tunnels import Tunnel
from tests.unit.services.zones.zone_samples import BORE, LINE, NOON, NOTICE, SQUARE, area, ban, road, tunnel

BOW_TIE = ((SQUARE[0][0], SQUARE[0][1], SQUARE[0][3], SQUARE[0][2]),)
HOLE = (Position(410_020_000, 990_020_000), Position(410_080_000, 990_020_000), Position(410_080_000, 990_080_000))
DAY = date(2026, 10, 1)


def faults(zone: Zone) -> list[tuple[str, str]]:
    return [(finding.path, finding.reason.name) for finding in check_zone(zone)]


@pytest.mark.parametrize(
    "zone",
    [
        area(ban()), tunnel("D", ban()), tunnel(), road(), road(ZoneKind.CORRIDOR), area(kind=ZoneKind.PARKING),
        area(polygons=((SQUARE[0], HOLE),)),
        road(ZoneKind.SPEED_SECTION, Rule(id="1", action=Action.SPEED_LIMIT, speed_dkmh=1_200)),
        tunnel(tunnel=Tunnel(bores=(replace(BORE, line=LINE), replace(BORE, id="bore-2", entrance=LINE[1], exit=LINE[0])))),
        area(ban(source=NOTICE), source=None),
    ],
)  # fmt: skip
def test_a_sound_zone_passes(zone: Zone) -> None:
    assert faults(zone) == []


@pytest.mark.parametrize(
    ("zone", "path", "reason"),
    [
        (area(name=" "), "zone.name", "FIELD_MISSING"),
        (area(name="长" * 201), "zone.name", "FIELD_INVALID"),
        (area(division_code="44030"), "zone.division_code", "FIELD_INVALID"),
        (area(polygons=(BOW_TIE,)), "zone.polygons", "ZONE_SHAPE_INVALID"),
        (area(polygons=(SQUARE, SQUARE)), "zone.polygons", "ZONE_SHAPE_INVALID"),
        (area(polygons=((HOLE, SQUARE[0]),)), "zone.polygons", "ZONE_SHAPE_INVALID"),
        (area(polygons=((SQUARE[0][:2],),)), "zone.polygons", "ZONE_SHAPE_INVALID"),
        (area(polygons=(((),),)), "zone.polygons", "ZONE_SHAPE_INVALID"),
        (area(polygons=((SQUARE[0] * (MOST_POINTS // 4 + 1),),)), "zone.polygons", "ZONE_SHAPE_INVALID"),
        (area(polygons=()), "zone", "ZONE_SHAPE_WRONG_KIND"),
        (area(line=LINE, width_dm=10), "zone", "ZONE_SHAPE_WRONG_KIND"),
        (tunnel(tunnel=None), "zone", "ZONE_SHAPE_WRONG_KIND"),
        (tunnel(tunnel=Tunnel()), "zone", "ZONE_SHAPE_WRONG_KIND"),
        (road(width_dm=0), "zone", "ZONE_SHAPE_WRONG_KIND"),
        (road(width_dm=100_001), "zone.width_dm", "FIELD_INVALID"),
        (road(line=LINE[:1]), "zone.line", "ZONE_SHAPE_INVALID"),
        (tunnel("F"), "zone.tunnel.category", "FIELD_INVALID"),
        (tunnel(tunnel=Tunnel(category="D", bores=(BORE,))), "zone.tunnel.category_source", "ZONE_SOURCE_MISSING"),
        (tunnel(tunnel=Tunnel(bores=(BORE, BORE))), "zone.tunnel.bores[0].id", "FIELD_INVALID"),
        (
            tunnel(tunnel=Tunnel(bores=(replace(BORE, category="F", category_source=NOTICE),))),
            "zone.tunnel.bores[0].category",
            "FIELD_INVALID",
        ),
        (
            tunnel(tunnel=Tunnel(bores=(replace(BORE, category="D"),))),
            "zone.tunnel.bores[0].category_source",
            "ZONE_SOURCE_MISSING",
        ),
        (
            tunnel(tunnel=Tunnel(bores=(replace(BORE, length_dm=-1),))),
            "zone.tunnel.bores[0].length_dm",
            "FIELD_INVALID",
        ),
        (area(ban(), source=None), "zone.rules[0].source", "ZONE_SOURCE_MISSING"),
        (area(source=Notice(issuer=" ")), "zone.source.issuer", "FIELD_MISSING"),
        (area(ban(), ban()), "zone.rules[0].id", "ZONE_RULE_INVALID"),
        (area(ban(id="category")), "zone.rules[0].id", "ZONE_RULE_INVALID"),
        (area(ban(id="")), "zone.rules[0].id", "FIELD_MISSING"),
        (area(ban(speed_dkmh=1)), "zone.rules[0].speed_dkmh", "ZONE_RULE_INVALID"),
        (area(Rule(id="1", action=Action.SPEED_LIMIT)), "zone.rules[0].speed_dkmh", "ZONE_RULE_INVALID"),
        (
            area(Rule(id="1", action=Action.SPEED_LIMIT, speed_dkmh=1_201)),
            "zone.rules[0].speed_dkmh",
            "ZONE_RULE_INVALID",
        ),
        (area(ban(valid_from=NOON, valid_to=NOON)), "zone.rules[0].valid_to", "ZONE_RULE_INVALID"),
        (area(ban(grace_minutes=-1)), "zone.rules[0].grace_minutes", "ZONE_RULE_INVALID"),
        (area(ban(bore_ids=frozenset({"east"}))), "zone.rules[0].bore_ids", "ZONE_RULE_INVALID"),
        (tunnel("", ban(bore_ids=frozenset({"no such bore"}))), "zone.rules[0].bore_ids", "ZONE_RULE_INVALID"),
        (area(ban(grace_minutes=1_441)), "zone.rules[0].grace_minutes", "ZONE_RULE_INVALID"),
        (area(*(ban(id=str(number)) for number in range(101))), "zone.rules", "FIELD_INVALID"),
    ],
)
def test_one_fault_is_told_with_its_field(zone: Zone, path: str, reason: str) -> None:
    assert (path, reason) in faults(zone)


@pytest.mark.parametrize(
    "goods",
    [
        GoodsFilter(hazards=frozenset({"10"})),
        GoodsFilter(hazards=frozenset({"3; DROP TABLE"})),
        GoodsFilter(un_numbers=frozenset({"UN1203"})),
        GoodsFilter(un_numbers=frozenset({"１２０３"})),
        GoodsFilter(tunnel_codes=frozenset({"C50000D"})),
        GoodsFilter(barred_from_category="F"),
    ],
)
def test_a_filter_that_names_nothing_known_is_refused(goods: GoodsFilter) -> None:
    assert len(faults(area(ban(goods=goods)))) == 1


@pytest.mark.parametrize(
    "calendar",
    [
        Calendar(windows=(Window(from_minute=-1, to_minute=10),)),
        Calendar(windows=(Window(from_minute=1440, to_minute=10),)),
        Calendar(windows=(Window(from_minute=0, to_minute=1441),)),
        Calendar(windows=(Window(from_minute=0, to_minute=0),)),
        Calendar(windows=(Window(from_minute=0, to_minute=1, weekdays=frozenset({0})),)),
        Calendar(dates=(Days(first=DAY, last=DAY - timedelta(days=1)),)),
        Calendar(replacements=(Replacement(days=Days(first=DAY, last=DAY), day_rule=DayRule.WINDOWS),)),
        Calendar(dates=(Days(first=DAY, last=DAY),) * 401),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(calendar: Calendar) -> None:
    assert len(faults(area(ban(calendar=calendar)))) == 1


def test_all_faults_come_back_at_once() -> None:
    zone = area(ban(id="", speed_dkmh=5), name="", polygons=(BOW_TIE,), source=None)
    assert {path for path, _ in faults(zone)} == {
        "zone.name", "zone.polygons", "zone.rules[0].id", "zone.rules[0].speed_dkmh", "zone.rules[0].source",
    }  # fmt: skip
