"""Sharing a waybill's goods out over consignment lists: whatever can be carried is, never more than remains, and why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import Severity, errors_among
from services.waybill.consignment.allotment import MOST_LISTS, Allotment, allot
from services.waybill.consignment.model import ConsignmentLine, ConsignmentList, Draw, ListState
from services.waybill.model import Exemption, GoodsLine, Party, Place, Stop, Waybill, WaybillKind
from tests.unit.services.waybill.consignment_samples import LINE, a_list
from tests.unit.services.waybill.petrol_trip import NOW, PETROL, WAYBILL

TRIP = replace(WAYBILL, consignment_list_ids=("l1",))


def allotted(waybill: Waybill, *lists: ConsignmentList) -> Allotment:
    return allot(waybill, {each.id: each for each in lists}, NOW)


def reasons(allotment: Allotment) -> list[str]:
    return [finding.reason.name for finding in allotment.findings]


def carrying(*lines: GoodsLine, lists: tuple[str, ...] = ("l1",)) -> Waybill:
    return replace(WAYBILL, goods=lines, consignment_list_ids=lists)


def test_a_waybill_draws_what_it_carries_and_one_gram_more_is_refused_with_what_is_left() -> None:
    assert allotted(TRIP, a_list()) == Allotment(
        (Draw(list_id="l1", line_number=1, goods_number=1, mass_g=28_000_000),)
    )
    short = allotted(TRIP, a_list("l1", replace(LINE, drawn_g=1)))
    (finding,) = short.findings
    assert (finding.reason.name, finding.path) == ("ORDER_EXCEEDED", "waybill.goods[0].mass_g")
    assert dict(finding.values) == {"line": "1", "left": "27999999", "mass": "28000000"}
    assert finding.basis is not None
    assert "13" in finding.basis.article


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"un_number": "1202"}, "un_number"),
        ({"name": "乙醇汽油"}, "name"),
        ({"packing_group": "III"}, "packing_group"),
        ({"exemption": Exemption.LIMITED_QUANTITY}, "exemption"),
        ({"waste": True}, "waste"),
    ],
)
def test_other_goods_than_those_listed_are_refused_and_told_where_they_differ(
    change: dict[str, Any], field: str
) -> None:
    (finding,) = allotted(carrying(replace(PETROL, **change)), a_list()).findings
    assert (finding.reason.name, finding.path) == ("CONSIGNMENT_GOODS_DIFFER", f"waybill.goods[0].{field}")


def test_one_waybill_gathers_several_lists_in_the_order_it_names_them() -> None:
    first, second = a_list("l1", replace(LINE, mass_g=10_000_000)), a_list("l2", replace(LINE, mass_g=20_000_000))
    both = carrying(PETROL, lists=("l2", "l1"))
    assert [(draw.list_id, draw.mass_g) for draw in allotted(both, first, second).draws] == [
        ("l2", 20_000_000), ("l1", 8_000_000),
    ]  # fmt: skip


def test_a_line_that_names_its_place_comes_before_one_that_leaves_it_open() -> None:
    open_line, bound = replace(PETROL, mass_g=10), replace(PETROL, number=2, mass_g=10, consignment_list_id="l1")
    lists = a_list("l1", replace(LINE, mass_g=10)), a_list("l2", replace(LINE, mass_g=10))
    got = allotted(carrying(open_line, bound, lists=("l1", "l2")), *lists)
    assert {(draw.goods_number, draw.list_id) for draw in got.draws} == {(2, "l1"), (1, "l2")}
    assert got.findings == ()


def test_a_line_of_a_list_is_named_with_its_list() -> None:
    assert reasons(allotted(carrying(replace(PETROL, consignment_line=1)), a_list())) == ["FIELD_MISSING"]
    elsewhere = replace(PETROL, consignment_list_id="l1", consignment_line=2)
    assert reasons(allotted(carrying(elsewhere), a_list())) == ["CONSIGNMENT_GOODS_DIFFER"]
    unnamed = replace(PETROL, consignment_list_id="l2")
    assert "CONSIGNMENT_LIST_NOT_NAMED" in reasons(allotted(carrying(unnamed), a_list(), a_list("l2")))


@pytest.mark.parametrize("state", ListState)
def test_only_accepted_lists_are_drawn_on(state: ListState) -> None:
    drawable = state in (ListState.ACCEPTED, ListState.PART_ALLOTTED, ListState.ALLOTTED)
    assert reasons(allotted(TRIP, a_list(state=state))) == ([] if drawable else ["CONSIGNMENT_NOT_ACCEPTED"])


def test_a_list_that_is_not_there_looks_like_another_carriers() -> None:
    theirs = a_list(carrier=Party(name="rival", organisation_id="rival"))
    missing, foreign = allotted(TRIP), allotted(TRIP, theirs)
    assert missing == foreign
    assert reasons(missing) == ["CONSIGNMENT_LIST_UNKNOWN", "CONSIGNMENT_GOODS_DIFFER"]


@pytest.mark.parametrize("party", ["consignor", "loader", "consignee"])
def test_other_parties_than_the_lists_are_refused_and_other_places_told(party: str) -> None:
    changed: dict[str, Any] = {party: Party(name="x", organisation_id="x")}
    other = a_list(**changed)
    (finding,) = allotted(TRIP, other).findings
    assert (finding.reason.name, finding.severity) == ("CONSIGNMENT_PARTY_DIFFERS", Severity.ERROR)
    (finding,) = allotted(TRIP, a_list(destination=Place(name="x"))).findings
    assert (finding.reason.name, finding.severity) == ("CONSIGNMENT_PARTY_DIFFERS", Severity.WARNING)


def test_on_a_round_the_lists_consignee_is_one_of_the_stops() -> None:
    stops = tuple(
        Stop(number=number, place=Place(name=name), consignee=Party(name=name, organisation_id=name))
        for number, name in enumerate(("x", "consignee"), start=1)
    )
    assert errors_among(allotted(replace(TRIP, stops=stops), a_list()).findings) == ()
    assert reasons(allotted(replace(TRIP, stops=stops[:1]), a_list()))[0] == "CONSIGNMENT_PARTY_DIFFERS"


def test_a_list_of_which_nothing_is_carried_is_told_of() -> None:
    got = allotted(replace(TRIP, consignment_list_ids=("l1", "l2")), a_list(), a_list("l2"))
    assert [(finding.reason.name, finding.severity) for finding in got.findings] == [
        ("CONSIGNMENT_LIST_UNUSED", Severity.WARNING)
    ]
    assert {draw.list_id for draw in got.draws} == {"l1"}


@pytest.mark.parametrize("kind", [kind for kind in WaybillKind if kind is not WaybillKind.NORMAL])
def test_what_follows_another_waybill_draws_nothing_again(kind: WaybillKind) -> None:
    assert allotted(replace(TRIP, kind=kind), a_list("l1", replace(LINE, drawn_g=LINE.mass_g))) == Allotment()


def test_a_waybill_names_so_many_lists_and_no_more() -> None:
    lists = [a_list(f"l{number}", replace(LINE, mass_g=2_000_000)) for number in range(MOST_LISTS + 1)]
    names = tuple(each.id for each in lists)
    assert len(allotted(carrying(PETROL, lists=names[:-1]), *lists).draws) == 14
    assert reasons(allotted(carrying(PETROL, lists=names), *lists)) == ["FIELD_INVALID"]


def test_a_waybill_without_lists_is_bound_by_none() -> None:
    assert allotted(WAYBILL, a_list()) == Allotment()


# Whole waybills over whole lists against every subset of their lines (Hall): goods fit exactly when, for each subset of
# them, all the places that are open to any of them hold as much as they carry together.

NAMES = ("车用汽油", "柴油")
PLACES = st.tuples(st.sampled_from(NAMES), st.integers(1, 6), st.integers(0, 6))
GOODS = st.tuples(st.sampled_from(NAMES), st.integers(1, 8), st.sampled_from(("", "a", "b", "c")), st.integers(0, 3))


def lists_of(drawn: Mapping[str, list[tuple[str, int, int]]]) -> dict[str, ConsignmentList]:
    return {
        name: a_list(
            name,
            *(
                replace(LINE, number=number, name=goods, mass_g=mass_g, drawn_g=min(drawn_g, mass_g))
                for number, (goods, mass_g, drawn_g) in enumerate(lines, start=1)
            ),
        )
        for name, lines in drawn.items()
    }


def open_to(line: GoodsLine, lists: Mapping[str, ConsignmentList]) -> dict[tuple[str, int], ConsignmentLine]:
    return {
        (each.id, place.number): place
        for each in lists.values()
        for place in each.lines
        if place.name == line.name
        and line.consignment_list_id in ("", each.id)
        and (line.consignment_line == 0 or line.consignment_line == place.number)
    }


def can_be_carried(goods: tuple[GoodsLine, ...], lists: Mapping[str, ConsignmentList]) -> bool:
    subsets = chain.from_iterable(combinations(goods, size) for size in range(1, len(goods) + 1))
    return all(
        sum(line.mass_g for line in subset)
        <= sum({key: place.remaining_g for line in subset for key, place in open_to(line, lists).items()}.values())
        for subset in subsets
    )


@given(
    st.fixed_dictionaries({name: st.lists(PLACES, min_size=1, max_size=3) for name in "abc"}),
    st.lists(GOODS, min_size=1, max_size=5),
    st.permutations("abc"),
)
@settings(max_examples=400)
def test_goods_are_shared_out_whenever_there_is_a_way_and_never_over_what_remains(
    drawn: dict[str, list[tuple[str, int, int]]], stated: list[tuple[str, int, str, int]], order: list[str]
) -> None:
    lists = lists_of(drawn)
    goods = tuple(
        replace(
            PETROL, number=number, name=name, mass_g=mass_g, consignment_list_id=list_id,
            consignment_line=line if list_id else 0,
        )
        for number, (name, mass_g, list_id, line) in enumerate(stated, start=1)
    )  # fmt: skip
    got = allot(replace(WAYBILL, goods=goods, consignment_list_ids=tuple(order)), lists, NOW)
    assert (not errors_among(got.findings)) == can_be_carried(goods, lists)
    if errors_among(got.findings):
        return
    by_line: dict[int, int] = defaultdict(int)
    by_place: dict[tuple[str, int], int] = defaultdict(int)
    for draw in got.draws:
        line = next(each for each in goods if each.number == draw.goods_number)
        assert (draw.list_id, draw.line_number) in open_to(line, lists)
        by_line[draw.goods_number] += draw.mass_g
        by_place[draw.list_id, draw.line_number] += draw.mass_g
    assert by_line == {line.number: line.mass_g for line in goods}
    places = {(each.id, place.number): place.remaining_g for each in lists.values() for place in each.lines}
    assert all(mass_g <= places[key] for key, mass_g in by_place.items())
