"""Limits of height, width, length and mass against what is known of a combination, and roads a line follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.followed import followed_edges
from geo.position import offset
from services.registry.model import PlateColour, Vehicle, VehicleKind, VehicleType
from services.zones.limits import limits_of
from services.zones.mapped import MapSource, Tag
from services.zones.measures import HIGHEST_MM, UNKNOWN, Between, Measures, measures_of
from services.zones.model import Outcome
from services.zones.plan import passages_of_line, plan
from services.zones.signs import Reader, signs_along, signs_on
from tests.unit.services.zones.test_zone_routes import ORIGIN, STEP_M, TRIP, held, ladder, lasting, region
from tests.unit.services.zones.zone_samples import LINE, NOTICE, bridge, version

LORRY = Vehicle(
    id="lorry", carrier_id="carrier", plate="粤B12345", plate_colour=PlateColour.YELLOW, vin="LHZ00000000000001",
    kind=VehicleKind.RIGID, vehicle_type=VehicleType.FL, rated_mass_g=18_000_000, kerb_mass_g=13_000_000,
    length_mm=11_500, width_mm=2_500, height_mm=3_900, annual_review_to=date(2027, 1, 1),
)  # fmt: skip
TRACTOR = replace(
    LORRY, kind=VehicleKind.TRACTOR, rated_mass_g=0, kerb_mass_g=8_000_000, length_mm=7_000, height_mm=3_200
)
TRAILER = replace(LORRY, kind=VehicleKind.TRAILER, rated_mass_g=30_000_000, kerb_mass_g=7_000_000, length_mm=12_500)


def reader(measures: Measures = UNKNOWN, *, is_dangerous: bool = True) -> Reader:
    return Reader(is_dangerous=is_dangerous, measures=measures)


def test_a_combination_is_as_high_and_wide_as_the_largest_and_somewhere_between_one_and_both_in_length() -> None:
    found = measures_of([TRACTOR, TRAILER], 20_000_000, is_all=True)
    assert (found.height_mm, found.width_mm) == (Between.exactly(3_900), Between.exactly(2_500))
    assert found.length_mm == Between(12_500, 19_500)
    assert found.gross_g == Between.exactly(35_000_000)
    assert measures_of([LORRY]).length_mm == Between.exactly(11_500)


def test_what_is_not_told_reaches_up_to_what_a_lorry_may_be() -> None:
    assert measures_of([]) == UNKNOWN == measures_of([None])
    bare = replace(TRAILER, height_mm=0, length_mm=0, kerb_mass_g=0)
    found = measures_of([TRACTOR, bare], 20_000_000)
    assert found.height_mm == Between(3_200, HIGHEST_MM)
    assert found.length_mm == Between(7_000, 20_000)
    assert found.gross_g == Between(28_000_000, 49_000_000)
    assert measures_of([TRACTOR, TRAILER], 1_000_000).gross_g == Between(16_000_000, 45_000_000)
    assert measures_of([LORRY], rises=True).height_mm == Between(3_900, HIGHEST_MM)
    assert measures_of([replace(LORRY, height_mm=4_300)], rises=True).height_mm == Between.exactly(4_300)


vehicles = st.builds(
    replace, st.just(LORRY),
    height_mm=st.sampled_from((0, 3_000, 4_200)), width_mm=st.sampled_from((0, 2_550)),
    length_mm=st.sampled_from((0, 6_000, 13_000)), kerb_mass_g=st.sampled_from((0, 9_000_000)),
)  # fmt: skip


@given(st.lists(st.one_of(st.none(), vehicles), max_size=3), st.integers(0, 60_000_000), st.booleans(), st.booleans())
def test_bounds_are_never_crossed_and_knowing_less_never_narrows_them(
    combination: list[Vehicle | None], load_g: int, is_all: bool, rises: bool
) -> None:
    known = measures_of(combination, load_g, is_all=is_all, rises=rises)
    for name in ("height_mm", "width_mm", "length_mm", "gross_g"):
        assert 0 <= getattr(known, name).least <= getattr(known, name).most
        for place in range(len(combination)):
            less = measures_of(
                [None if number == place else each for number, each in enumerate(combination)], load_g,
                is_all=is_all, rises=rises,
            )  # fmt: skip
            assert getattr(less, name).least <= getattr(known, name).least


@pytest.mark.parametrize(
    ("tags", "has", "outcome"),
    [
        ({"maxheight": "3.8"}, Measures(height_mm=Between.exactly(4_200)), Outcome.FORBIDDEN),
        ({"maxheight": "3.8"}, Measures(height_mm=Between.exactly(3_800)), None),
        ({"maxheight": "3.8"}, UNKNOWN, Outcome.UNJUDGED),
        ({"maxheight": "4"}, UNKNOWN, None),  # no lorry may be higher
        ({"maxlength": "15"}, Measures(length_mm=Between(12_500, 19_500)), Outcome.UNJUDGED),
        ({"maxlength": "12"}, Measures(length_mm=Between(12_500, 19_500)), Outcome.FORBIDDEN),
        ({"maxlength": "19.5"}, Measures(length_mm=Between(12_500, 19_500)), None),
        ({"maxwidth": "2.3"}, UNKNOWN, Outcome.UNJUDGED),
        ({"maxweight": "40"}, Measures(gross_g=Between(41_000_000, 49_000_000)), Outcome.FORBIDDEN),
        ({"hazmat": "no"}, UNKNOWN, Outcome.FORBIDDEN),
    ],
)
def test_a_limit_is_kept_broken_or_cannot_be_judged(
    tags: dict[str, str], has: Measures, outcome: Outcome | None
) -> None:
    over = ladder({1: {"highway": "primary", "name": "示例桥", **tags}})
    for said in (
        signs_on(over, (0, 1), reader(has)),
        signs_along(over, (ORIGIN, over.graph.node_position(2)), reader(has)),
    ):
        assert [each.outcome for each in said] == ([outcome] if outcome else [])
        for each in said:
            finding = each.finding()
            assert "示例桥" in finding.zh
            assert "示例桥" in finding.en
            assert "{" not in finding.zh + finding.en
            assert each.reason.remedy_zh
            assert each.basis is not None
            assert (each.basis.article, each.basis.verified) == ("way/1", False)
            assert each.outcome.blocks is (outcome is Outcome.FORBIDDEN)


def test_a_sign_for_goods_says_nothing_to_a_lorry_without_them_and_one_place_is_told_once() -> None:
    signed = {"highway": "primary", "name": "示例路", "hazmat": "no", "maxheight": "3.5"}
    over = ladder({0: signed, 1: signed})
    told = [each.rule_id for each in signs_on(over, (0, 1), reader())]
    assert told == ["hazmat=no", "maxheight"]
    assert [each.rule_id for each in signs_on(over, (0, 1), reader(is_dangerous=False))] == ["maxheight"]
    assert signs_on(over, (2, 3), reader()) == ()


def test_the_planner_tells_what_it_could_not_judge_and_does_not_turn_for_it() -> None:
    over = ladder({1: {"highway": "primary", "name": "示例桥", "maxheight": "3.5"}})
    planned = plan(over, (), 0, 2, TRIP)
    assert planned is not None
    assert planned.route is not None
    assert planned.route.edges == (0, 1)
    assert [(each.rule_id, each.outcome) for each in planned.signs] == [("maxheight", Outcome.UNJUDGED)]
    low = replace(TRIP, measures=measures_of([replace(LORRY, height_mm=3_400)]))
    assert plan(over, (), 0, 2, low).signs == ()  # type: ignore[union-attr]


def test_a_limit_an_authority_published_holds_for_who_follows_a_line_and_closes_the_zone_to_the_planner() -> None:
    low = bridge(tags=(Tag(name="maxheight", value="3.8"),))
    high = replace(TRIP, measures=Measures(height_mm=Between.exactly(4_200)))
    (passage,) = passages_of_line([lasting(low)], LINE, high)
    (said,) = passage.blocking
    assert (said.zone_id, said.rule_id, said.values["limit"], said.values["vehicle"]) == (
        "bridge-1", "maxheight", "3.8 m", "4.2 m",
    )  # fmt: skip
    assert "示例县公安局" in said.finding().zh
    (unknown,) = passages_of_line([lasting(low)], LINE, TRIP)
    assert not unknown.blocking
    assert [each.outcome for each in unknown.decisions] == [Outcome.UNJUDGED]
    over = ladder()
    closed = replace(low, edge_keys=("1:101:102",))
    planned = plan(over, held(over, closed), 0, 2, high)
    assert planned is not None
    assert planned.route is not None
    assert planned.route.edges == (2, 3)
    assert [each.zone_id for each in planned.binding] == ["bridge-1"]


def test_what_only_a_map_says_of_a_zone_is_left_to_the_roads_of_the_map() -> None:
    tags, mapped = (Tag(name="maxheight", value="3.8"),), MapSource(element="way/7")
    for zone, told in (
        (bridge(tags=tags, proposed=True), 0),
        (bridge(tags=tags, map_source=mapped, source=None), 0),
        (bridge(tags=tags, map_source=mapped), 1),
        (bridge(tags=tags, source=None), 1),
    ):
        assert len(list(limits_of(version(zone)))) == told
    assert list(limits_of(replace(version(bridge(tags=tags)), withdrawn=True))) == []
    assert next(limits_of(version(bridge(tags=tags)))).source == NOTICE.basis()


def test_a_line_over_a_low_road_or_beside_it_or_against_it_does_not_follow_it() -> None:
    middle = offset(ORIGIN, 90, STEP_M)
    south, north = offset(middle, 180, 10.0), offset(middle, 0, 10.0)  # 20 m under a bridge
    low = {"highway": "primary", "maxheight": "3"}
    over = region(
        [south, north, ORIGIN, offset(ORIGIN, 90, 2 * STEP_M)], [(0, 1), (2, 3), (3, 2)], {0: low, 1: low, 2: low}
    )
    every = np.arange(3)
    eastwards = (ORIGIN, middle, offset(ORIGIN, 90, 2 * STEP_M))
    assert followed_edges(over.graph, every, eastwards) == [1]
    assert followed_edges(over.graph, every, eastwards[::-1]) == [2]
    assert followed_edges(over.graph, every, (offset(south, 180, 500.0), offset(north, 0, 500.0))) == [0]
    aside = tuple(offset(point, 0, 30.0) for point in eastwards)
    assert followed_edges(over.graph, every, aside) == []
    assert followed_edges(over.graph, every, (ORIGIN, offset(ORIGIN, 90, 900.0))) == []  # less than half of it
    assert followed_edges(over.graph, every, (ORIGIN, offset(ORIGIN, 90, 1_100.0))) == [1]
    assert followed_edges(over.graph, every, (ORIGIN, ORIGIN)) == []
    assert followed_edges(over.graph, every[:0], eastwards) == []


def test_roads_come_in_the_order_in_which_the_line_follows_them() -> None:
    over = ladder()
    line = over.graph.edge_positions(2) + over.graph.edge_positions(3)
    assert followed_edges(over.graph, np.array([3, 1, 2, 0]), line) == [2, 3]
