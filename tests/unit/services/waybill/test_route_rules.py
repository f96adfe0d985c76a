"""Tunnels and zones on the planned route: category, calendar, goods and passes, each tried at its edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.model import Medium, Permit, PermitGoods, PermitKind, TankCondition, TankState
from services.waybill.facts import Facts
from services.waybill.model import Waybill, WaybillKind
from services.zones.passed import RouteZone, RouteZoneAction, RouteZoneKind
from tests.unit.services.waybill.petrol_trip import (
    ARRIVAL,
    DEPARTURE,
    FACTS,
    NOW,
    PETROL,
    SECOND,
    TANK,
    WAYBILL,
    carrying,
    errors,
    issue,
    knowing,
    warned,
)

HOUR = timedelta(hours=1)
TUNNEL = RouteZone(zone_id="z1", name="示例隧道", kind=RouteZoneKind.TUNNEL, tunnel_category="D")
ENTER, LEAVE = DEPARTURE + HOUR, DEPARTURE + 2 * HOUR
AREA = RouteZone(
    zone_id="z1", name="水源保护区", kind=RouteZoneKind.RESTRICTED_AREA, action=RouteZoneAction.FORBID, enter_at=ENTER, leave_at=LEAVE
)  # fmt: skip
PASS = Permit(
    id="p", kind=PermitKind.ZONE_PASS, number="P", issuer="police", organisation_id="carrier", valid_from=ENTER, valid_to=LEAVE,
    zone_ids=frozenset({"z1"}),
)  # fmt: skip


def through(*zones: RouteZone, facts: Facts = FACTS) -> Facts:
    return replace(facts, zones=zones)


@pytest.mark.parametrize(
    ("category", "refused"), [("A", False), ("B", False), ("C", False), ("D", True), ("E", True), ("", False)]
)
def test_petrol_in_a_tank_passes_tunnels_up_to_category_c(category: str, refused: bool) -> None:
    found = issue(facts=through(replace(TUNNEL, tunnel_category=category)))
    assert errors(found) == (["TUNNEL_FORBIDDEN"] if refused else [])


def test_the_finding_names_tunnel_category_goods_and_rule() -> None:
    (finding,) = issue(facts=through(TUNNEL))
    assert finding.rule == "RT-01"
    assert finding.path == "waybill.route.zone_keys[0]"
    assert "示例隧道" in finding.zh
    assert "UN1203" in finding.zh
    assert "UN1203" in finding.en


def test_a_closed_tunnel_is_explained_by_the_goods_that_close_it_and_no_others() -> None:
    acid = replace(PETROL, number=2, un_number="1830", name="硫酸，含酸高于51%", hazard_class="8")  # code E
    unknown = replace(PETROL, number=3, un_number="9999", name="未知")
    load = carrying(PETROL, acid, unknown)

    def told(category: str) -> list[str]:
        found = issue(load, through(replace(TUNNEL, tunnel_category=category)))
        return [finding.zh for finding in found if finding.rule == "RT-01" and "示例隧道" in finding.zh]

    assert [[number in text for number in ("1203", "1830", "9999")] for text in told("D")] == [[True, False, False]]
    assert [[number in text for number in ("1203", "1830", "9999")] for text in told("E")] == [[True, True, False]]
    assert [[number in text for number in ("1203", "1830", "9999")] for text in told("C")] == [[False, False, True]]


def test_each_forbidden_tunnel_is_told() -> None:
    other = replace(TUNNEL, zone_id="z2", tunnel_category="E")
    found = issue(facts=through(TUNNEL, other))
    assert errors(found) == ["TUNNEL_FORBIDDEN"] * 2
    assert {finding.path for finding in found} == {"waybill.route.zone_keys[0]", "waybill.route"}


def test_a_tunnel_for_goods_without_a_known_code_is_not_taken_for_allowed() -> None:
    strange = carrying(replace(PETROL, un_number="9999", name="未知"))
    facts = knowing(FACTS, replace(TANK, permitted_media=(Medium("9999"),)))
    assert "TUNNEL_UNDECIDED" in errors(issue(strange, through(TUNNEL, facts=facts)))
    assert "TUNNEL_UNDECIDED" not in errors(issue(strange, through(replace(TUNNEL, tunnel_category="A"), facts=facts)))


def empty_return(condition: TankCondition) -> tuple[Waybill, Facts]:
    state = TankState(condition=condition, last_un_numbers=("1203",), certificate="C", station="S")
    waybill = replace(carrying(replace(PETROL, mass_g=0)), kind=WaybillKind.EMPTY_RETURN, loader=None)
    return waybill, through(TUNNEL, AREA, facts=knowing(FACTS, replace(TANK, state=state)))


def test_an_uncleaned_tank_keeps_the_code_of_its_last_goods_and_a_cleaned_one_may_pass_everywhere() -> None:
    assert errors(issue(*empty_return(TankCondition.EMPTY_UNCLEANED))) == ["TUNNEL_FORBIDDEN", "ZONE_FORBIDDEN"]
    assert errors(issue(*empty_return(TankCondition.CLEANED))) == []
    assert errors(issue(*empty_return(TankCondition.GAS_FREE))) == []


def test_an_empty_return_says_nothing_of_cleaning_by_itself() -> None:
    """A tank the registry holds for loaded is not empty because its carrier says so."""
    assert "TUNNEL_FORBIDDEN" in errors(issue(*empty_return(TankCondition.LOADED)))


@pytest.mark.parametrize("kind", [RouteZoneKind.LONG_TUNNEL, RouteZoneKind.LARGE_BRIDGE])
def test_a_crossing_without_notice_is_a_warning(kind: RouteZoneKind) -> None:
    zone = RouteZone(zone_id="z1", name="特大桥", kind=kind, enter_at=ENTER, leave_at=LEAVE)
    found = issue(facts=through(zone))
    assert (errors(found), warned(found)) == ([], ["CROSSING_NOT_NOTIFIED"])
    notice = replace(PASS, kind=PermitKind.CROSSING_NOTICE)
    assert issue(facts=through(zone, facts=knowing(FACTS, permits=(notice,)))) == ()
    assert warned(issue(facts=through(zone, facts=knowing(FACTS, permits=(PASS,))))) == ["CROSSING_NOT_NOTIFIED"]


@pytest.mark.parametrize(
    ("un_number", "name", "hazard", "warning"),
    [("1689", "氰化钠，固态", "6.1", True), ("1824", "氢氧化钠溶液", "8", False), ("1230", "甲醇", "3", True)],
)
def test_highly_toxic_goods_are_announced_at_a_crossing_and_corrosive_ones_are_not(
    un_number: str, name: str, hazard: str, warning: bool
) -> None:
    line = replace(PETROL, un_number=un_number, name=name, hazard_class=hazard)
    bridge = RouteZone(zone_id="z1", name="特大桥", kind=RouteZoneKind.LARGE_BRIDGE)
    assert ("CROSSING_NOT_NOTIFIED" in warned(issue(carrying(line), through(bridge)))) is warning


def test_a_bridge_that_is_not_very_large_needs_no_notice() -> None:
    bridge = RouteZone(zone_id="z1", name="大桥", kind=RouteZoneKind.BRIDGE, enter_at=ENTER, leave_at=LEAVE)
    assert issue(facts=through(bridge)) == ()


WATER = RouteZone(zone_id="z1", name="水源保护区", kind=RouteZoneKind.WATER_SOURCE, enter_at=ENTER, leave_at=LEAVE)


@pytest.mark.parametrize(
    ("un_number", "name", "hazard", "refused"),
    [
        ("1203", "汽油", "3", True), ("1170", "乙醇", "3", False), ("1689", "氰化钠，固态", "6.1", True),
        ("1824", "氢氧化钠溶液", "8", False),
    ],
)  # fmt: skip
def test_oils_and_toxic_goods_stay_out_of_drinking_water_and_others_do_not(
    un_number: str, name: str, hazard: str, refused: bool
) -> None:
    line = replace(PETROL, un_number=un_number, name=name, hazard_class=hazard)
    facts = knowing(FACTS, replace(TANK, permitted_media=(Medium(un_number),)))
    assert ("WATER_SOURCE_CROSSED" in errors(issue(carrying(line), through(WATER, facts=facts)))) is refused


def test_drinking_water_is_told_with_rule_article_and_place_and_opened_by_a_pass() -> None:
    (finding,) = issue(facts=through(WATER))
    assert (finding.rule, finding.path) == ("RT-03", "waybill.route.zone_keys[0]")
    assert finding.basis is not None
    assert (finding.basis.article, finding.basis.verified) == ("第十一条 Art 11", False)
    assert issue(facts=through(WATER, facts=knowing(FACTS, permits=(PASS,)))) == ()
    late = replace(PASS, valid_from=ENTER + SECOND)
    assert errors(issue(facts=through(WATER, facts=knowing(FACTS, permits=(late,))))) == ["WATER_SOURCE_CROSSED"]


def test_of_drinking_water_that_a_map_alone_shows_the_carrier_is_warned() -> None:
    found = issue(facts=through(replace(WATER, proposed=True)))
    assert (errors(found), warned(found)) == ([], ["WATER_SOURCE_CROSSED"])


def test_what_holds_of_a_zone_itself_is_told_once_however_many_rules_it_has() -> None:
    rows = [replace(TUNNEL, action=RouteZoneAction.NOTHING), replace(TUNNEL, action=RouteZoneAction.NOTIFY)]
    found = issue(facts=through(*rows))
    assert (errors(found), warned(found)) == (["TUNNEL_FORBIDDEN"], ["ZONE_NOTICE"])


@pytest.mark.parametrize(
    ("action", "refused", "warning"),
    [
        (RouteZoneAction.FORBID, ["ZONE_FORBIDDEN"], []),
        (RouteZoneAction.PASS_ONLY, ["ZONE_PASS_NEEDED"], []),
        (RouteZoneAction.NOTIFY, [], ["ZONE_NOTICE"]),
        (RouteZoneAction.NOTHING, [], []),
    ],
)
def test_a_zone_does_what_it_says_and_a_pass_exempts(
    action: RouteZoneAction, refused: list[str], warning: list[str]
) -> None:
    zone = replace(AREA, action=action)
    found = issue(facts=through(zone))
    assert (errors(found), warned(found)) == (refused, warning)
    assert issue(facts=through(zone, facts=knowing(FACTS, permits=(PASS,)))) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"valid_from": ENTER + SECOND},
        {"valid_to": LEAVE - SECOND},
        {"zone_ids": frozenset({"z2"})},
        {"vehicle_ids": frozenset({"tractor"})},
        {"goods": (PermitGoods("1202"),)},
        {"windows": ((ENTER, LEAVE - SECOND),)},
        {"revoked": True},
    ],
)
def test_a_pass_that_differs_in_one_thing_does_not_exempt(change: dict[str, object]) -> None:
    permit = replace(PASS, **change)  # type: ignore[arg-type]
    assert errors(issue(facts=through(AREA, facts=knowing(FACTS, permits=(permit,))))) == ["ZONE_FORBIDDEN"]


def test_a_pass_with_everything_named_exempts() -> None:
    permit = replace(
        PASS, vehicle_ids=frozenset({"tractor", "trailer"}), goods=(PermitGoods("1203"),), windows=((ENTER, LEAVE),)
    )
    assert issue(facts=through(AREA, facts=knowing(FACTS, permits=(permit,)))) == ()


def test_a_pass_does_not_open_a_tunnel_closed_by_category() -> None:
    assert errors(issue(facts=through(TUNNEL, facts=knowing(FACTS, permits=(PASS,))))) == ["TUNNEL_FORBIDDEN"]


@pytest.mark.parametrize(
    ("window", "refused"),
    [
        ((ENTER - HOUR, ENTER), False),
        ((ENTER - HOUR, ENTER + SECOND), True),
        ((LEAVE, LEAVE + HOUR), False),
        ((LEAVE - SECOND, LEAVE + HOUR), True),
    ],
)
@pytest.mark.parametrize(
    ("kind", "rule"), [(RouteZoneKind.TIME_BANNED_ROAD, "RT-04"), (RouteZoneKind.RESTRICTED_AREA, "RT-03")]
)
def test_a_ban_holds_in_its_window_to_the_second(
    window: tuple[datetime, datetime], refused: bool, kind: RouteZoneKind, rule: str
) -> None:
    found = issue(facts=through(replace(AREA, kind=kind, windows=(window,))))
    assert [finding.rule for finding in found] == ([rule] if refused else [])


def test_a_passage_without_known_times_may_happen_at_any_time_of_the_trip() -> None:
    zone = replace(AREA, enter_at=None, leave_at=None, windows=((ARRIVAL - SECOND, ARRIVAL + HOUR),))
    assert errors(issue(facts=through(zone))) == ["ZONE_FORBIDDEN"]
    assert issue(facts=through(replace(zone, windows=((ARRIVAL, ARRIVAL + HOUR),)))) == ()


@given(st.integers(0, 40), st.integers(1, 20), st.lists(st.tuples(st.integers(0, 60), st.integers(1, 10)), max_size=4))
def test_windows_agree_with_a_look_at_every_minute(enter: int, stay: int, windows: list[tuple[int, int]]) -> None:
    minute = timedelta(minutes=1)
    zone = replace(
        AREA,
        enter_at=NOW + enter * minute,
        leave_at=NOW + (enter + stay) * minute,
        windows=tuple((NOW + start * minute, NOW + (start + length) * minute) for start, length in windows),
    )
    banned = {moment for start, length in windows for moment in range(start, start + length)}
    inside = set(range(enter, enter + stay))
    expected = bool(banned & inside) if windows else True
    assert bool(errors(issue(WAYBILL, through(zone)))) is expected
