"""Scope texts as licences write them, and what they must never be taken to say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.scope import HAZARDS, Mark, Scope, parse_scope

DIVISIONS = sorted(hazard for hazard in HAZARDS if "." in hazard)
LEAVES = sorted(hazard for hazard in HAZARDS if not any(other.startswith(f"{hazard}.") for other in HAZARDS))


def covered(text: str, *flags: Mark) -> set[str]:
    scope = parse_scope(text).scope
    return {hazard for hazard in LEAVES if scope.covers(hazard, flags=flags)}


@pytest.mark.parametrize(
    ("text", "hazards"),
    [
        ("危险货物运输(2类1项)", {"2.1"}),
        ("危险货物运输（２类１项）", {"2.1"}),
        ("(3类)", {"3"}),
        ("(8类)(剧毒化学品除外)", {"8"}),
        ("第1类爆炸品/1.4项", {"1.4"}),
        ("经营性道路危险货物运输（2类1项、3类，8类）", {"2.1", "3", "8"}),
        ("2类1、2项,3类", {"2.1", "2.2", "3"}),
        ("危险货物运输(2类1项;2类2项)(3类)", {"2.1", "2.2", "3"}),
        ("2类", {"2.1", "2.2", "2.3"}),
        ("第2类易燃气体", {"2.1"}),
        ("易燃液体、腐蚀品", {"3", "8"}),
        ("危险货物运输(4.1项,4.2项)", {"4.1", "4.2"}),
    ],
)
def test_legal_phrases_grant_exactly_what_they_say(text: str, hazards: set[str]) -> None:
    assert covered(text) == hazards
    assert parse_scope(text).unknown == ()


@pytest.mark.parametrize(
    "text",
    ["普通货运", "3类1项", "8类1项", "10类", "0类", "3类和8类的一部分", "第1类易燃液体", "3类/8类", "危险货物运输", "(3类", "3类)", "三类", "1.7项"],
)  # fmt: skip
def test_a_phrase_that_is_not_understood_grants_nothing_and_is_named(text: str) -> None:
    parsed = parse_scope(text)
    assert parsed.scope == Scope()
    assert parsed.unknown


def test_an_empty_scope_grants_nothing() -> None:
    assert parse_scope(" ").scope == Scope()


@pytest.mark.parametrize("text", ["3类(低闪点除外)", "3类(某某除外)、8类", "3类(除乙醇外),8类"])
def test_a_condition_that_is_not_understood_takes_away_what_it_stands_behind(text: str) -> None:
    assert "3" not in covered(text)
    assert covered(text) <= {"8"}
    assert parse_scope(text).unknown


def test_highly_toxic_goods_need_their_own_mark() -> None:
    assert covered("危险货物运输(6类1项)", Mark.HIGHLY_TOXIC) == set()
    assert covered("危险货物运输(6类1项)(剧毒化学品)", Mark.HIGHLY_TOXIC) == {"6.1"}
    assert covered("危险货物运输(6类1项,8类,剧毒化学品)", Mark.HIGHLY_TOXIC) == {"6.1", "8"}


def test_an_exception_stands_over_a_mark_of_the_whole_list() -> None:
    assert covered("6类1项(剧毒化学品除外)、8类、剧毒化学品", Mark.HIGHLY_TOXIC) == {"8"}


def test_an_exception_of_explosive_precursors_leaves_other_goods_of_the_class() -> None:
    text = "5类1项(易制爆危险化学品除外)"
    assert covered(text) == {"5.1"}
    assert covered(text, Mark.EXPLOSIVE_PRECURSOR) == set()


def test_waste_needs_the_word_waste() -> None:
    assert not parse_scope("3类").scope.covers("3", flags=[Mark.HAZARDOUS_WASTE])
    assert parse_scope("3类,危险废物").scope.covers("6.1", flags=[Mark.HAZARDOUS_WASTE])
    assert not parse_scope("3类,危险废物").scope.covers("6.1")
    assert not parse_scope("危险废物").scope.covers("3", flags=[Mark.HAZARDOUS_WASTE, Mark.HIGHLY_TOXIC])


def test_a_scope_limited_to_names_covers_those_names_only() -> None:
    scope = parse_scope("3类(仅限汽油、UN1202)").scope
    assert scope.covers("3", "1203", ["汽油"])
    assert scope.covers("3", "1202", ["柴油"])
    assert not scope.covers("3", "1230", ["甲醇"])
    assert not scope.covers("3")


def test_goods_left_out_by_number_are_left_out() -> None:
    scope = parse_scope("(3类)(UN1230除外)").scope
    assert scope.covers("3", "1203")
    assert not scope.covers("3", "1230")


def test_a_compatibility_letter_does_not_matter() -> None:
    assert parse_scope("1类4项").scope.covers("1.4G")
    assert not parse_scope("1类4项").scope.covers("1.1G")


@given(st.sets(st.sampled_from(DIVISIONS), min_size=1), st.sampled_from(["、", ",", ",", ";", ")("]))
def test_any_list_of_divisions_grants_just_those(divisions: set[str], separator: str) -> None:
    phrases = [f"{hazard[0]}类{hazard[2]}项" for hazard in sorted(divisions)]
    assert covered(f"危险货物运输({separator.join(phrases)})") == divisions


@given(st.text(alphabet="危险货物运输类项第剧毒化学品除外仅限不含()（）、,;/123456789.UN 易燃液体", max_size=30))
def test_no_text_breaks_the_parser_and_nothing_toxic_slips_through_unmarked(text: str) -> None:
    parsed = parse_scope(text)
    assert parsed == parse_scope(text)
    if "剧毒" not in text:
        assert not any(parsed.scope.covers(hazard, flags=[Mark.HIGHLY_TOXIC]) for hazard in LEAVES)


@given(st.sets(st.sampled_from(LEAVES), min_size=1), st.sampled_from(["甲", "普通货物", "3类9项", "仓储"]))
def test_an_unknown_phrase_never_adds_to_the_known_ones(hazards: set[str], stranger: str) -> None:
    known = "、".join(f"{hazard}项" for hazard in sorted(hazards))
    assert covered(f"{known}、{stranger}") == hazards
    assert covered(f"{known}({stranger})") <= hazards
