"""Tunnel transits: told when they happened, not told when they did not, though nothing is ever seen inside."""

from __future__ import annotations

import dataclasses
import math
import random
from typing import Any

import pytest

from geo.approaches import Approaches, approaches
from geo.position import Position, distance_m
from geo.roads import RoadGraph
from geo.transit import Blind, Event, Kind, Policy, Seen, Tick, TransitState, estimate, step
from tests.bench.tunnel_drives import Builder, Driver, _position, stretch, wrong_map

# A road along the x axis: side road at 0, portals at 400 and 1400 m, side road at 1800 m, road goes on both ways for 2 km;
# a surface road leaves at 0, runs 60 m beside the tunnel and joins at 1800 m.


def a_region(*, beside_m: float | None = 60.0, length_m: float = 1000.0, missing: tuple[str, ...] = ()) -> RoadGraph:
    builder, out = Builder(), 400 + length_m
    roads = {
        "west": [(-2000.0, 0.0), (0.0, 0.0)],
        "approach": [(0.0, 0.0), (400.0, 0.0)],
        "tunnel": [(400.0, 0.0), (out, 0.0)],
        "exit": [(out, 0.0), (out + 400, 0.0)],
        "east": [(out + 400, 0.0), (out + 2400, 0.0)],
        "side west": [(0.0, 0.0), (0.0, -800.0)],
        "side east": [(out + 400, 0.0), (out + 400, -800.0)],
    }
    if beside_m is not None:
        roads["beside"] = [(0.0, 0.0), (100.0, beside_m), (out + 300, beside_m), (out + 400, 0.0)]
    for name, line in roads.items():
        if name not in missing:
            tags: dict[str, Any] = {"tunnel": "yes"} if name == "tunnel" else {}
            builder.road(line, **tags)
    return builder.graph()


def around(graph: RoadGraph) -> Approaches:
    return approaches(graph, graph.tunnels[0].structure_id)


def seen(
    second: float, x: float, y: float = 0.0, heading: int = 90, speed: int = 600, odometer: int | None = None
) -> Seen:
    return Seen(round(second * 1000), _position(x, y), speed, heading, odometer)


def run(region: Approaches, *reports: Seen | Blind | Tick) -> tuple[TransitState | None, list[Event]]:
    state, events = None, list[Event]()
    for report in reports:
        state, told = step(region, state, report)
        events += told
    return state, events


def kinds(events: list[Event]) -> list[Kind]:
    return [event.kind for event in events]


BEFORE = (seen(0, -700), seen(30, -200), seen(60, 300))


@pytest.mark.parametrize("x", [1500, 1700, 1790, 1795, 1805])
def test_who_comes_out_of_a_tunnel_is_not_warned_of_its_other_direction(x: int) -> None:
    """Turning round at the next junction would lead back into it; who does not turn is not on the way there."""
    _, events = run(around(a_region()), *BEFORE, seen(150, x), seen(180, x + 500))
    assert kinds(events) == [Kind.PRE_ALARM, Kind.TRANSIT]


def test_a_transit_without_a_fix_inside_is_told_with_its_times() -> None:
    _, events = run(around(a_region()), *BEFORE, seen(150, 1800), seen(180, 2300))
    transit = next(event for event in events if event.kind is Kind.TRANSIT)
    assert transit.entered_ms == pytest.approx(66_000, abs=3000)
    assert transit.left_ms == pytest.approx(126_000, abs=3000)
    assert transit.at_ms == 150_000
    assert kinds(events) == [Kind.PRE_ALARM, Kind.TRANSIT]


def test_the_pre_alarm_comes_while_turning_off_is_still_possible() -> None:
    _, events = run(around(a_region()), seen(0, -700), seen(30, -200))
    assert kinds(events) == [Kind.PRE_ALARM]
    assert events[0].can_turn_off is True
    assert events[0].to_portal_m == pytest.approx(600, abs=15)


def test_past_the_last_turn_off_the_pre_alarm_says_so() -> None:
    _, events = run(around(a_region()), seen(0, 100), seen(10, 260))
    assert kinds(events) == [Kind.PRE_ALARM]
    assert events[0].can_turn_off is False


def test_far_away_and_driving_away_there_is_no_pre_alarm() -> None:
    assert run(around(a_region()), seen(0, -1700), seen(10, -1530))[1] == []
    assert run(around(a_region()), seen(0, 2200), seen(10, 2370))[1] == []


def test_the_road_beside_the_tunnel_is_no_transit() -> None:
    places = [
        (0, -700, 0),
        (30, -200, 0),
        (60, 300, 60),
        (90, 800, 60),
        (120, 1300, 60),
        (150, 1700, 60),
        (180, 2200, 0),
    ]
    assert Kind.TRANSIT not in kinds(run(around(a_region()), *(seen(*place) for place in places))[1])


@pytest.mark.parametrize("noise", range(5))
def test_a_road_25_m_beside_the_tunnel_is_no_transit(noise: int) -> None:
    rng = random.Random(noise)
    places = [(10 * n, -300 + 160 * n, 25 if 100 <= -300 + 160 * n <= 1700 else 0) for n in range(15)]
    noisy = (seen(second, x + rng.gauss(0, 5), y + rng.gauss(0, 5)) for second, x, y in places)
    assert Kind.TRANSIT not in kinds(run(around(a_region(beside_m=25)), *noisy)[1])


def test_a_vehicle_that_turns_off_before_the_tunnel_is_no_transit() -> None:
    _, events = run(around(a_region()), seen(0, -700), seen(30, -200), seen(60, 0, -300, 180), seen(90, 0, -700, 180))
    assert kinds(events) == [Kind.PRE_ALARM]


def test_the_odometer_tells_the_tunnel_from_the_longer_way_round() -> None:
    over_the_hill = around(a_region(beside_m=500.0))
    near = (seen(0, -700, odometer=0), seen(30, -200, odometer=500), seen(60, 300, odometer=1000))
    through = run(over_the_hill, *near, seen(180, 2000, odometer=2700))[1]
    assert Kind.TRANSIT in kinds(through)
    back = run(over_the_hill, seen(0, -700, odometer=0), seen(30, -200, odometer=500), seen(180, 2000, odometer=3600))[
        1
    ]
    assert Kind.TRANSIT not in kinds(back)


def test_silence_after_the_approach_presumes_the_entry_and_estimates_the_place() -> None:
    region = around(a_region())
    state, events = run(region, *BEFORE, Tick(80_000), Tick(110_000))
    assert kinds(events) == [Kind.PRE_ALARM, Kind.ENTERED]
    assert state is not None
    first, later = estimate(region, state, 80_000), estimate(region, state, 110_000)
    assert first is not None
    assert later is not None
    assert distance_m(first.position, _position(400 + 14 * 600 / 36, 0)) < 40
    assert later.uncertainty_m > first.uncertainty_m
    assert distance_m(estimate(region, state, 900_000).position, _position(1400, 0)) < 5  # type: ignore[union-attr]


def test_reports_without_a_fix_presume_the_entry_too() -> None:
    assert Kind.ENTERED in kinds(run(around(a_region()), *BEFORE, Blind(90_000))[1])


def test_too_long_inside_is_overdue_once() -> None:
    region = around(a_region())
    ticks = [Tick(second * 1000) for second in range(80, 900, 10)]
    _, events = run(region, *BEFORE, *ticks)
    assert kinds(events) == [Kind.PRE_ALARM, Kind.ENTERED, Kind.OVERDUE]
    slowest_s = 1000 / Policy().slowest_m_s
    assert events[-1].at_ms / 1000 == pytest.approx(66 + slowest_s + 60, abs=11)


def test_a_presumed_entry_that_was_none_is_taken_back() -> None:
    region = around(a_region())
    back = (seen(130, 200, heading=270), seen(160, -300, heading=270))
    events = run(region, *BEFORE, Tick(110_000), *back)[1]
    assert kinds(events)[:3] == [Kind.PRE_ALARM, Kind.ENTERED, Kind.TURNED_BACK]


def test_after_the_transit_the_same_vehicle_can_go_back_through() -> None:
    region = around(a_region())
    there = (*BEFORE, seen(150, 1800), seen(180, 2300))
    again = (
        seen(300, 2200, heading=270),
        seen(330, 1700, heading=270),
        seen(360, 1500, heading=270),
        seen(440, 200, heading=270),
    )
    transits = [event for event in run(region, *there, *again)[1] if event.kind is Kind.TRANSIT]
    assert len(transits) == 2
    assert transits[0].bore_id != transits[1].bore_id


def two_in_a_row() -> RoadGraph:
    """Tunnels from 400 to 900 m and from 1000 to 1500 m along a straight road, and a long way round each of them."""
    builder = Builder()
    for begin, end in ((-2000, 0), (0, 400), (900, 1000), (1500, 1900), (1900, 3900)):
        builder.road([(float(begin), 0.0), (float(end), 0.0)])
    builder.road([(400.0, 0.0), (900.0, 0.0)], tunnel="yes", name="First")
    builder.road([(1000.0, 0.0), (1500.0, 0.0)], tunnel="yes", name="Second")
    builder.road([(0.0, 0.0), (450.0, 500.0), (950.0, 0.0)])
    builder.road([(950.0, 0.0), (1250.0, -500.0), (1900.0, 0.0)])
    return builder.graph()


def test_one_silence_over_two_tunnels_is_a_transit_of_both() -> None:
    graph = two_in_a_row()
    for structure in {bore.structure_id for bore in graph.tunnels}:
        _, events = run(approaches(graph, structure), *BEFORE, seen(150, 1800), seen(180, 2300))
        assert kinds(events).count(Kind.TRANSIT) == 1


def test_in_a_chain_each_bore_has_its_own_times() -> None:
    graph = two_in_a_row()
    one, other = sorted(graph.tunnels, key=lambda bore: bore.entrance.longitude_e7)[1:3]
    joined = dataclasses.replace(
        graph, tunnels=tuple(dataclasses.replace(bore, structure_id="tunnel-1") for bore in graph.tunnels)
    )
    _, events = run(approaches(joined, "tunnel-1"), *BEFORE, seen(150, 1800), seen(180, 2300))
    transits = [event for event in events if event.kind is Kind.TRANSIT]
    assert [event.entered_ms for event in transits] == [
        pytest.approx(66_000, abs=3000),
        pytest.approx(102_000, abs=3000),
    ]
    assert {event.bore_id for event in transits} <= {bore.id for bore in graph.tunnels}
    assert one.structure_id != other.structure_id


def test_a_silence_that_another_tunnel_explains_is_no_transit_of_this_one() -> None:
    builder = Builder()
    for line in ([(-2000.0, 0.0), (0.0, 0.0)], [(0.0, 0.0), (400.0, 0.0)], [(1400.0, 0.0), (3400.0, 0.0)]):
        builder.road(line)
    builder.road([(400.0, 0.0), (1400.0, 0.0)], tunnel="yes", name="Straight")
    builder.road([(0.0, 0.0), (200.0, 400.0)])
    builder.road([(200.0, 400.0), (1200.0, 400.0)], tunnel="yes", name="Aside")
    builder.road([(1200.0, 400.0), (1400.0, 0.0)])
    graph = builder.graph()
    aside = (seen(0, -700), seen(30, -200), seen(60, 150, 300, 27), seen(150, 1300, 200, 153), seen(180, 1900))
    told = {
        bore.name: kinds(run(approaches(graph, bore.structure_id), *aside)[1]).count(Kind.TRANSIT)
        for bore in graph.tunnels
    }
    assert told == {"Straight": 0, "Aside": 1}


def test_an_open_question_is_answered_when_no_further_fix_comes() -> None:
    beside = around(a_region(beside_m=15.0, length_m=300.0))
    fixes = (seen(0, -700), seen(30, -200), seen(60, 300, 7.5), seen(90, 850, 7.5))
    state, events = run(beside, *fixes)
    assert state is not None
    assert not {Kind.TRANSIT, Kind.AMBIGUOUS} & set(kinds(events))
    assert 0.03 < state.passed < 0.97
    open_still, none_yet = run(beside, *fixes, Tick(600_000))
    assert open_still is not None, "the server may have been away: fixes can come after the clock"
    assert (open_still.passed, kinds(none_yet)) == (state.passed, kinds(events))
    _, later = run(beside, *fixes, Tick(4_000_000))
    assert {Kind.TRANSIT, Kind.AMBIGUOUS} & set(kinds(later))


@pytest.mark.parametrize("missing", ["approach", "exit", "side west", "beside"])
def test_a_missing_piece_of_map_hides_no_transit(missing: str) -> None:
    region = around(a_region(missing=(missing,)))
    assert Kind.TRANSIT in kinds(run(region, *BEFORE, seen(150, 1800), seen(180, 2300), seen(210, 2800))[1])


def test_a_repeated_or_older_report_changes_nothing() -> None:
    region = around(a_region())
    state, _ = run(region, *BEFORE)
    assert step(region, state, BEFORE[-1]) == (state, ())
    assert step(region, state, BEFORE[0]) == (state, ())
    assert step(region, state, Tick(0)) == (state, ())


def test_far_from_the_tunnel_no_state_is_kept() -> None:
    assert run(around(a_region()), seen(0, -9000))[0] is None
    assert run(around(a_region()), *BEFORE, *(seen(100 + 30 * n, 0, -800 - 700 * n, 180) for n in range(6)))[0] is None


def test_the_state_survives_as_plain_numbers_below_a_kilobyte() -> None:
    region = around(a_region())
    reports = (*BEFORE, seen(150, 1800), seen(180, 2300))
    _, straight = run(region, *reports)
    state, events = None, list[Event]()
    for report in reports:
        state, told = step(region, state, report)
        events += told
        if state is not None:
            plain = state.to_plain()
            assert len(repr(plain)) < 1000
            state = TransitState.from_plain(plain)
    assert kinds(events) == kinds(straight)


def test_an_unknown_structure_is_refused() -> None:
    with pytest.raises(KeyError):
        approaches(a_region(), "tunnel-0")


@pytest.mark.parametrize("seed", range(12))
def test_random_stretches_on_wrong_maps_are_judged_right(seed: int) -> None:
    """Held to more by the bench, over thousands of drives; here no more than one answer in a stretch may be wrong."""
    rng = random.Random(seed)
    graph = stretch(rng)
    driver, told = Driver(graph, rng), wrong_map(graph, rng)
    watched = {structure: approaches(told, structure) for structure in {bore.structure_id for bore in told.tunnels}}
    wrong = 0
    for number in range(6):
        edges = driver.through() if number % 2 else driver.elsewhere()
        if not edges:
            continue
        drive = driver.drive(edges, rng.choice((10, 30)))
        for structure, region in watched.items():
            found = Kind.TRANSIT in kinds(run(region, *drive.reports)[1])
            wrong += drive.is_judgeable and found != (structure in drive.passes)
    assert wrong <= 1


def test_made_up_stretches_hold_what_they_promise() -> None:
    rng = random.Random(3)
    lengths = [stretch(rng).tunnels[0].length_dm / 10 for _ in range(40)]
    assert min(lengths) < 300
    assert max(lengths) > 2500
    assert all(90 < length < 5500 for length in lengths)
    assert isinstance(_position(3, 4), Position)
    assert math.isclose(distance_m(_position(0, 0), _position(300, 400)), 500, rel_tol=1e-3)
