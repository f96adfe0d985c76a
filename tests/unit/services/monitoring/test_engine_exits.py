"""The way out told to a vehicle inside a zone: on its route or by air, never into another zone that is closed to it meanwhile."""

from __future__ import annotations

import random
from typing import Any

import pytest

from geo.position import Position, distance_m, offset
from geo.shapes import MultiPolygon
from geo.ways_out import ROOM_M, nearest_way_out, outskirts
from services.monitoring.engine import World
from services.monitoring.engine.exits import nearest_exit
from services.monitoring.engine.planned import Line
from services.monitoring.facts import Pass
from services.monitoring.model import ZoneKind, ZoneRecord, ZoneRule
from tests.unit.services.monitoring.drives import START_MS, a_trip
from tests.unit.services.monitoring.random_days import MIDDLE, square
from tests.unit.services.monitoring.test_engine_hours import between

DURING = START_MS, START_MS + 1_800_000


def closed(name: str, east_m: float, north_m: float, side_m: float, **changes: Any) -> ZoneRecord:
    return ZoneRecord(
        **{
            "id": name, "version": "1", "kind": ZoneKind.RESTRICTED_AREA, "name": name,
            "shape": square(east_m, north_m, side_m), "rules": (ZoneRule(id="ban"),), **changes,
        }
    )  # fmt: skip


TOWN = closed("town", -3_000, -3_000, 6_000)
NORTH = closed("north", -3_000, 3_000, 6_000)  # shares the northern fence
ROUND = closed("round", -5_000, -5_000, 10_000)


def out(*others: ZoneRecord, place: Position, route: tuple[Position, ...] = (), **trip: Any) -> list[Any]:
    """By which way, how far and where."""
    world = World.build([TOWN, *others])
    line = Line.of([(each.latitude_e7, each.longitude_e7) for each in route]) if route else None
    found = nearest_exit(world, TOWN, a_trip(**trip), line, place, DURING)
    where = Position(int(str(found["exit_latitude_e7"])), int(str(found["exit_longitude_e7"])))
    return [found["exit_by"], found["exit_m"], where]


SOUTHERN, UPPER = offset(MIDDLE, 180, 1_000), offset(MIDDLE, 0, 1_500)
AROUND_THE_CORNER = (offset(MIDDLE, 180, 9_000), MIDDLE, offset(MIDDLE, 90, 9_000))
NORTHWARDS = (offset(MIDDLE, 180, 9_000), offset(MIDDLE, 0, 12_000))


def test_the_nearest_exit_lies_on_the_route_ahead_or_else_on_the_fence() -> None:
    by, metres, where = out(place=SOUTHERN, route=AROUND_THE_CORNER)
    assert [by, metres] == ["route", pytest.approx(4_000, abs=20)]
    assert where.longitude_e7 == pytest.approx(offset(MIDDLE, 90, 3_000).longitude_e7, abs=1_000)
    assert out(place=UPPER, route=AROUND_THE_CORNER)[:2] == ["air", pytest.approx(1_500, abs=20)]
    assert out(place=SOUTHERN, route=AROUND_THE_CORNER[:2])[0] == "air"


def test_a_neighbour_closed_to_this_load_meanwhile_is_no_way_out() -> None:
    """1.5 km to the northern fence and 3 km to the others: but beyond the northern one all is closed too."""
    by, metres, where = out(NORTH, place=UPPER)
    assert [by, metres] == ["air", pytest.approx(3_000, abs=20)]
    assert abs(where.longitude_e7 - MIDDLE.longitude_e7) > 300_000
    assert not World.build([NORTH]).area(NORTH).contains(where)
    assert out(NORTH, place=SOUTHERN, route=NORTHWARDS)[0] == "air", "the route goes on into it"
    assert out(place=SOUTHERN, route=NORTHWARDS)[0] == "route"


@pytest.mark.parametrize(
    ("changes", "trip"),
    [
        (
            {"rules": (ZoneRule(id="ban", hours=between(DURING[1] + 1, 1 << 60)),)},
            {},
        ),  # not closed before the time is over
        ({"rules": (ZoneRule(id="ban", hours=between(0, DURING[0])),)}, {}),  # nor any more
        ({"rules": (ZoneRule(id="ban", un_numbers=frozenset({"1017"})),)}, {}),  # for other goods
        ({"kind": ZoneKind.PARKING}, {}),
        ({}, {"passes": (Pass("p", ("north",), (), ((0, 1 << 60),)),)}),
    ],
)
def test_a_neighbour_that_does_not_bind_this_vehicle_at_that_time_is_a_way_out(
    changes: dict[str, Any], trip: dict[str, Any]
) -> None:
    assert out(closed("north", -3_000, 3_000, 6_000, **changes), place=UPPER, **trip)[:2] == [
        "air",
        pytest.approx(1_500, abs=20),
    ]


def test_a_neighbour_that_closes_before_the_time_to_leave_is_over_is_no_way_out() -> None:
    late = closed("north", -3_000, 3_000, 6_000, rules=(ZoneRule(id="ban", hours=between(DURING[1] - 1, 1 << 60)),))
    assert out(late, place=UPPER)[1] == pytest.approx(3_000, abs=20)


def test_zones_that_lie_over_one_another_or_all_round_are_left_together() -> None:
    assert out(ROUND, place=UPPER)[:2] == ["air", pytest.approx(3_500, abs=20)]
    by, metres, _ = out(ROUND, place=SOUTHERN, route=NORTHWARDS)
    assert [by, metres] == ["route", pytest.approx(6_000, abs=20)]
    belt = [
        closed("belt-n", -5_000, 3_000, 10_000), closed("belt-s", -5_000, -13_000, 10_000),
        closed("belt-w", -13_000, -5_000, 10_000), closed("belt-e", 3_000, -5_000, 10_000),
    ]  # fmt: skip
    assert out(*belt, place=MIDDLE)[:2] == ["air", pytest.approx(7_071, abs=20)], "where two of the four meet"


def test_a_tie_between_near_and_far_parts_of_a_fence_goes_to_the_open_one() -> None:
    """Random neighbours against a slow search over places along all fences."""
    rng = random.Random(5)
    for _ in range(40):
        inside = MultiPolygon.of(
            [[offset(MIDDLE, bearing, rng.uniform(2_000, 4_000)) for bearing in range(0, 360, 60)]]
        )
        others = [
            square(rng.uniform(-6_000, 3_000), rng.uniform(-6_000, 3_000), rng.uniform(500, 4_000)) for _ in range(3)
        ]
        others = [each for each in others if not each.contains(MIDDLE)]
        found = nearest_way_out([inside], others, MIDDLE)
        open_m = [
            distance_m(MIDDLE, place)
            for place in places_along(inside)
            if all(not each.contains(place) and each.distance_m(place) > ROOM_M for each in others)
        ]
        if found is None:
            assert not open_m
        elif open_m:
            where, metres = found
            assert metres == pytest.approx(min(open_m), abs=60)
            assert distance_m(MIDDLE, where) == pytest.approx(metres, rel=0.01)
            assert all(not each.contains(where) for each in others)


def places_along(area: MultiPolygon) -> list[Position]:
    return [
        Position(round(south + (north - south) * step / 200), round(west + (east - west) * step / 200))
        for south, west, north, east in area.edges()
        for step in range(200)
    ]


def test_the_outskirts_lie_outside_all_round_and_over_the_date_line_too() -> None:
    for longitude in (0, 1_799_950_000, -1_799_950_000):
        middle = Position(300_000_000, longitude)
        area = MultiPolygon.of([[offset(middle, bearing, 2_000) for bearing in range(0, 360, 40)]])
        south, west, _, _ = outskirts(area)
        for latitude_e7, longitude_e7 in zip(south.tolist(), west.tolist(), strict=True):
            place = Position(latitude_e7, longitude_e7)
            assert not area.contains(place)
            assert area.distance_m(place) == pytest.approx(ROOM_M, rel=0.05)
        where, metres = nearest_way_out([area], [], middle) or (middle, 0.0)
        assert metres == pytest.approx(distance_m(middle, where), rel=0.01)
        assert 1_800 < metres < 2_000
