"""What a zone says to a load: who is meant, when, what lifts it, and that nothing unknown passes for allowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.goods import TankState, core
from services.goods.controls import Control as GoodsControl
from services.registry.model import PermitKind
from services.zones.model import Outcome
from services.zones.rules import applies, forbids, judge_stay, means, next_change, passes_for
from services.zones.ruling import Action, Control, GoodsFilter, Purpose, Rule
from tests.unit.services.zones.zone_samples import (
    NOON,
    area,
    at_noon,
    ban,
    cargo,
    road,
    tunnel,
    version,
    zone_pass,
)

HOUR = timedelta(hours=1)


def outcomes(decisions: object) -> list[tuple[str, Outcome]]:
    return [(decision.rule_id, decision.outcome) for decision in decisions]  # type: ignore[attr-defined]


def test_petrol_in_a_tank_may_not_enter_a_tunnel_of_category_d() -> None:
    (decision,) = forbids(version(tunnel("D")), cargo(), NOON)
    assert (decision.rule_id, decision.outcome, decision.reason.name) == (
        "category", Outcome.FORBIDDEN, "TUNNEL_FORBIDDEN",
    )  # fmt: skip
    assert decision.basis is not None
    assert "示公告〔2026〕1号" in decision.basis.zh
    assert "{" not in decision.finding().zh + decision.finding().en


@pytest.mark.parametrize("state", [TankState.CLEANED, TankState.GAS_FREE])
def test_a_cleaned_tank_is_told_nothing(state: TankState) -> None:
    assert forbids(version(tunnel("E", ban())), cargo(tank=state), NOON) == ()


def test_an_empty_uncleaned_tank_is_told_the_same_as_a_full_one() -> None:
    empty = forbids(version(tunnel("D")), cargo(tank=TankState.EMPTY_UNCLEANED), NOON)
    assert outcomes(empty) == [("category", Outcome.FORBIDDEN)]


def test_a_tunnel_nobody_classified_restricts_nothing_by_category() -> None:
    assert forbids(version(tunnel()), cargo(), NOON) == ()


def test_goods_the_catalogue_does_not_hold_are_undecided_and_kept_out() -> None:
    (decision,) = forbids(version(tunnel("D")), cargo("9999"), NOON)
    assert decision.outcome is Outcome.UNDECIDED
    assert decision.outcome.blocks


def test_category_and_explicit_rules_stand_side_by_side() -> None:
    decisions = forbids(version(tunnel("D", ban(goods=GoodsFilter(un_numbers=frozenset({"1203"}))))), cargo(), NOON)
    assert outcomes(decisions) == [("category", Outcome.FORBIDDEN), ("ban", Outcome.FORBIDDEN)]


def test_a_pass_lifts_a_ban_but_never_a_category() -> None:
    zone = version(tunnel("D", ban()))
    decisions = forbids(zone, cargo(), NOON, [zone_pass("tunnel-1")])
    assert outcomes(decisions) == [("category", Outcome.FORBIDDEN), ("ban", Outcome.EXEMPT)]
    assert decisions[1].permit_id == "permit-1"


@pytest.mark.parametrize(
    ("permit", "why"),
    [
        (zone_pass("area-2"), "another zone"),
        (zone_pass(revoked=True), "revoked"),
        (zone_pass(valid_to=NOON + HOUR - timedelta(seconds=1)), "over before the lorry has left"),
        (zone_pass(valid_from=NOON + timedelta(seconds=1)), "not yet"),
        (zone_pass(goods=(replace(zone_pass().goods[0], un_number="1202"),)), "other goods"),
        (zone_pass(windows=((NOON + timedelta(minutes=1), NOON + HOUR),)), "outside its windows"),
        (zone_pass(kind=PermitKind.CROSSING_NOTICE), "no pass at all"),
        (zone_pass(zone_ids=frozenset()), "names no zone"),
    ],
)
def test_a_pass_that_does_not_cover_everything_lifts_nothing(permit: object, why: str) -> None:
    decisions = judge_stay(version(area(ban())), cargo(), NOON, NOON + HOUR, [permit])  # type: ignore[list-item]
    assert outcomes(decisions) == [("ban", Outcome.FORBIDDEN)], why


def test_a_pass_that_just_covers_the_stay_lifts_the_ban() -> None:
    just = zone_pass(valid_from=NOON, valid_to=NOON + HOUR, windows=((NOON, NOON + HOUR),))
    decisions = judge_stay(version(area(ban())), cargo(), NOON, NOON + HOUR, [just])
    assert outcomes(decisions) == [("ban", Outcome.EXEMPT)]


def test_only_passes_of_all_vehicles_of_the_trip_count() -> None:
    other = zone_pass(vehicle_ids=frozenset({"lorry", "trailer"}))
    everyone = zone_pass(vehicle_ids=frozenset())
    notice = zone_pass(kind=PermitKind.CROSSING_NOTICE)
    given_passes = [zone_pass(), other, everyone, notice]
    assert passes_for(given_passes, ["lorry", "trailer"]) == (other, everyone)
    assert passes_for(given_passes, []) == (everyone,)


def test_fuel_for_a_service_area_is_left_alone_where_the_rule_says_so() -> None:
    rule = ban(exempt=frozenset({Purpose.SERVICE_AREA_FUEL}))
    fuel = cargo(purposes=frozenset({Purpose.SERVICE_AREA_FUEL}))
    oxygen = cargo(purposes=frozenset({Purpose.MEDICAL_OXYGEN}))
    assert outcomes(forbids(version(area(rule)), fuel, NOON)) == [("ban", Outcome.EXEMPT)]
    assert outcomes(forbids(version(area(rule)), oxygen, NOON)) == [("ban", Outcome.FORBIDDEN)]


@pytest.mark.parametrize(
    ("action", "outcome", "blocks"),
    [
        (Action.FORBID, Outcome.FORBIDDEN, True),
        (Action.ONLY_WITH_PASS, Outcome.PASS_NEEDED, True),
        (Action.NOTIFY, Outcome.NOTIFY, False),
        (Action.SPEED_LIMIT, Outcome.SPEED_LIMIT, False),
    ],
)
def test_each_action_has_its_outcome(action: Action, outcome: Outcome, blocks: bool) -> None:
    rule = Rule(id="1", action=action, speed_dkmh=400 if action is Action.SPEED_LIMIT else 0)
    (decision,) = forbids(version(road(road().kind, rule)), cargo(), NOON)
    assert (decision.outcome, decision.outcome.blocks) == (outcome, blocks)
    assert decision.speed_dkmh == rule.speed_dkmh
    assert "{" not in decision.finding().zh + decision.finding().en


def test_a_window_counts_when_the_stay_touches_it_and_not_when_it_ends_as_it_opens() -> None:
    zone = version(area(ban(calendar=at_noon())))
    assert judge_stay(zone, cargo(), NOON - HOUR, NOON) == ()
    assert judge_stay(zone, cargo(), NOON - HOUR, NOON + timedelta(seconds=1)) != ()
    assert forbids(zone, cargo(), NOON) != ()
    assert forbids(zone, cargo(), NOON + HOUR) == ()


def test_a_lorry_inside_learns_when_the_window_opens_next() -> None:
    zone = version(area(ban(calendar=at_noon()), Rule(id="2", action=Action.NOTIFY, calendar=at_noon(2))))
    assert next_change(zone, NOON - HOUR) == NOON
    assert next_change(zone, NOON) == NOON + HOUR
    assert next_change(zone, NOON + HOUR) == NOON + 2 * HOUR
    ended = replace(zone, valid_to=NOON + timedelta(minutes=5))
    assert next_change(ended, NOON) == NOON + timedelta(minutes=5)


def test_a_withdrawn_zone_says_nothing() -> None:
    assert forbids(version(area(ban()), withdrawn=True), cargo(), NOON) == ()


@pytest.mark.parametrize(
    ("goods", "meant"),
    [
        (None, True),
        (GoodsFilter(), True),
        (GoodsFilter(hazards=frozenset({"3"})), True),
        (GoodsFilter(hazards=frozenset({"2.1"})), False),
        (GoodsFilter(un_numbers=frozenset({"1202"})), False),
        (GoodsFilter(un_numbers=frozenset({"1202"}), hazards=frozenset({"3"})), True),
        (GoodsFilter(tunnel_codes=frozenset({"D/E"})), True),
        (GoodsFilter(tunnel_codes=frozenset({"B/D"})), False),
        (GoodsFilter(barred_from_category="D"), True),
        (GoodsFilter(barred_from_category="C"), False),
        (GoodsFilter(controls=frozenset({Control.SPECIAL_CONTROL})), True),
        (GoodsFilter(controls=frozenset({Control.HIGHLY_TOXIC})), False),
    ],
)
def test_petrol_is_meant_by_the_filters_that_fit_it(goods: GoodsFilter | None, meant: bool) -> None:
    assert means(goods, cargo()) is meant
    assert applies(ban(goods=goods), cargo(), NOON) is meant
    assert means(goods, cargo(tank=TankState.CLEANED)) is False


def test_whether_unknown_goods_are_meant_by_class_cannot_be_told_and_blocks() -> None:
    rule = ban(goods=GoodsFilter(hazards=frozenset({"2.1"})))
    assert means(rule.goods, cargo("9999")) is None
    (decision,) = forbids(version(area(rule)), cargo("9999"), NOON)
    assert (decision.outcome, decision.reason.name) == (Outcome.UNDECIDED, "GOODS_UNDECIDED")
    assert means(GoodsFilter(un_numbers=frozenset({"1203"})), cargo("9999")) is False


@given(st.sampled_from(core().un_numbers()), st.sampled_from("ABCDE"))
def test_a_filter_by_category_means_just_what_a_tunnel_of_that_category_keeps_out(
    un_number: str, category: str
) -> None:
    aboard = cargo(un_number)
    barred = means(GoodsFilter(barred_from_category=category), aboard) if category != "A" else False
    kept_out = [decision.outcome for decision in forbids(version(tunnel(category)), aboard, NOON)]
    assert kept_out == {True: [Outcome.FORBIDDEN], None: [Outcome.UNDECIDED], False: []}[barred]


def test_every_control_is_one_of_the_goods_lists() -> None:
    assert {control.name for control in Control} <= set(GoodsControl.__members__)
