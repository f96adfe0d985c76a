"""RT-06: what limits and signs on the route say, and how large the combination that sets off is taken to be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.errors import Basis
from services.errors.zones import ROAD_LIMIT_EXCEEDED, ROAD_LIMIT_UNJUDGED
from services.waybill.facts import Facts
from services.waybill.model import Assignment, Role, Waybill, WaybillKind
from services.waybill.rules.signs import measures_on
from services.waybill.trip import Trip
from services.zones.measures import HEAVIEST_G, HIGHEST_MM, Between
from services.zones.model import Outcome
from services.zones.rules import Decision
from tests.unit.services.waybill.petrol_trip import (
    CATALOGUE,
    DEPARTURE,
    FACTS,
    NOW,
    PETROL,
    TANK,
    TRACTOR,
    TRAILER,
    WAYBILL,
    carrying,
    depart,
    errors,
    issue,
    knowing,
    warned,
)

SAID = Decision(
    zone_id="", zone_name="示例桥", version="", rule_id="maxheight", outcome=Outcome.FORBIDDEN, reason=ROAD_LIMIT_EXCEEDED,
    basis=Basis("OpenStreetMap 地图标注", "OpenStreetMap tag", verified=False),
    values={"zone": "示例桥", "what": "height limit", "what_zh": "限高", "limit": "3.8 m", "vehicle": "4.2 m", "source": "地图"},
)  # fmt: skip
UNJUDGED = replace(SAID, outcome=Outcome.UNJUDGED, reason=ROAD_LIMIT_UNJUDGED)
SIZED = knowing(
    FACTS,
    replace(TRACTOR, height_mm=3_100, width_mm=2_500, length_mm=7_000),
    replace(TRAILER, height_mm=3_900, width_mm=2_550, length_mm=12_000),
)


@pytest.mark.parametrize(
    ("said", "refused", "warning"),
    [
        (SAID, [], ["ROAD_LIMIT_EXCEEDED"]),  # by the map's word alone
        (replace(SAID, zone_id="z1", version="1"), ["ROAD_LIMIT_EXCEEDED"], []),  # by an authority's
        (UNJUDGED, [], ["ROAD_LIMIT_UNJUDGED"]),
        (replace(UNJUDGED, zone_id="z1", version="1"), [], ["ROAD_LIMIT_UNJUDGED"]),
    ],
)
def test_what_an_authority_published_stops_the_lorry_and_what_a_map_says_warns_the_carrier(
    said: Decision, refused: list[str], warning: list[str]
) -> None:
    facts = replace(FACTS, signs=(said,))
    for found in (issue(facts=facts), depart(facts=facts)):
        assert (errors(found), warned(found)) == (refused, warning)
        (finding,) = found
        assert (finding.rule, finding.path) == (
            "RT-06",
            "waybill.route.zone_keys[0]" if said.zone_id else "waybill.route",
        )
        assert finding.basis is not None
        assert "第三十三条" in finding.basis.article
        assert "示例桥" in finding.zh


def measured(waybill: Waybill = WAYBILL, facts: Facts = SIZED) -> tuple[Between, Between, Between]:
    found = measures_on(Trip(waybill, facts, CATALOGUE, NOW))
    return found.height_mm, found.length_mm, found.gross_g


def test_a_filled_tank_that_is_part_of_its_trailer_is_known_to_the_gram() -> None:
    assert measured() == (Between.exactly(3_900), Between(12_000, 19_000), Between.exactly(46_000_000))
    loaded = carrying(replace(PETROL, actual_mass_g=27_000_000))
    assert measured(loaded)[2] == Between.exactly(45_000_000)
    assert measured(replace(WAYBILL, kind=WaybillKind.EMPTY_RETURN))[2] == Between.exactly(18_000_000)


def test_a_tank_set_on_the_trailer_may_be_higher_and_heavier_than_anybody_told() -> None:
    height, _, gross = measured(facts=knowing(SIZED, replace(TANK, fixed_on="")))
    assert (height, gross) == (Between(3_900, HIGHEST_MM), Between.exactly(46_000_000))
    half = carrying(replace(PETROL, mass_g=10_000_000))
    assert measured(half, knowing(SIZED, replace(TANK, fixed_on="")))[2] == Between(28_000_000, 46_000_000)


def test_packages_of_no_told_gross_mass_weigh_up_to_what_the_vehicles_are_rated_for() -> None:
    packed = replace(PETROL, mode="packages", mass_g=10_000_000, compartment=None)
    assert measured(carrying(packed))[2] == Between(28_000_000, 46_000_000)
    assert measured(carrying(replace(packed, gross_mass_g=11_000_000)))[2] == Between.exactly(29_000_000)


def test_a_vehicle_nobody_registered_or_exchanged_before_it_set_off_does_not_count_as_known() -> None:
    swapped = (
        replace(WAYBILL.assignments[0], to_at=DEPARTURE),
        Assignment(role=Role.TRACTOR, resource_id="another", from_at=DEPARTURE),
        *WAYBILL.assignments[1:],
    )
    height, length, gross = measured(replace(WAYBILL, assignments=swapped))
    assert (height, length) == (Between(3_900, HIGHEST_MM), Between(12_000, 20_000))
    assert gross == Between(37_000_000, HEAVIEST_G)
