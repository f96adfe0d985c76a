"""Drives: smooth, legal, noisy by the amount asked for, silent in tunnels, and the same for the same seed."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.drive import DrivenFix, Overspeed, drive, find_overspeed
from geo.itinerary import Itinerary, choose
from geo.model_region import build
from geo.osm import read_region
from geo.position import E7, Position, distance_m
from geo.roads import RoadGraph

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    file = tmp_path_factory.mktemp("region") / "model.osm"
    file.write_bytes(build())
    return read_region(file)


@pytest.fixture(scope="module")
def trip(graph: RoadGraph) -> Itinerary:
    return choose(graph)


def driven(graph: RoadGraph, edges: tuple[int, ...], seed: int = 1, **options: object) -> list[DrivenFix]:
    return list(drive(graph, edges, start=START, rng=random.Random(seed), **options))  # type: ignore[arg-type]


def through(trip: Itinerary) -> tuple[int, ...]:
    assert trip.deviation is not None
    return trip.deviation.edges


def test_the_same_seed_gives_the_same_drive_and_another_seed_another(graph: RoadGraph, trip: Itinerary) -> None:
    assert driven(graph, trip.plan.edges) == driven(graph, trip.plan.edges)
    assert driven(graph, trip.plan.edges) != driven(graph, trip.plan.edges, seed=2)


def test_no_fix_falls_between_the_portals_and_the_first_one_after_is_late_by_reacquisition(
    graph: RoadGraph, trip: Itinerary
) -> None:
    edges = through(trip)
    assert trip.bore is not None
    entry = edges.index(trip.bore.edges[0])
    portal_dm = int(graph.edge_length_dm[list(edges[:entry])].sum())
    exit_dm = portal_dm + trip.bore.length_dm
    fixes = driven(graph, edges, interval_s=1)
    assert not [fix for fix in fixes if portal_dm < fix.odometer_dm < exit_dm]
    before, after = next(pair for pair in pairwise(fixes) if pair[0].odometer_dm <= portal_dm < pair[1].odometer_dm)
    assert portal_dm - before.odometer_dm < 300
    assert after.odometer_dm - exit_dm > 4 * 10 * 15  # four seconds and more at expressway speed
    assert after.at - before.at > timedelta(seconds=trip.bore.length_dm / 10 / 22.3)


def test_a_plan_around_the_tunnel_has_no_gap(graph: RoadGraph, trip: Itinerary) -> None:
    fixes = driven(graph, trip.plan.edges)
    gaps = {one.at - other.at for other, one in pairwise(fixes[:-1])}
    assert gaps == {timedelta(seconds=10)}
    assert fixes[-1].at - fixes[-2].at <= timedelta(seconds=10)


def test_a_drive_starts_and_ends_at_rest_at_the_ends_of_the_route(graph: RoadGraph, trip: Itinerary) -> None:
    fixes = driven(graph, trip.plan.edges, noise_m=0)
    assert fixes[0].at == START
    assert distance_m(fixes[0].position, graph.node_position(trip.origin_node)) < 0.1
    assert distance_m(fixes[-1].position, graph.node_position(trip.destination_node)) < 0.1
    assert fixes[0].odometer_dm == 0
    assert fixes[-1].odometer_dm == pytest.approx(trip.plan.length_dm, rel=0.001)
    assert max(fixes[0].speed_dkmh, fixes[-1].speed_dkmh) <= 15


def beneath(graph: RoadGraph, position: Position) -> tuple[int, float]:
    """The edge nearest to ``position`` and how many metres it is away, on a plane at that position."""
    metres = np.array([111_195 * np.cos(np.radians(position.latitude)), 111_195]) / E7
    offsets = np.stack(
        [
            graph.geometry_longitude_e7 - position.longitude_e7,
            graph.geometry_latitude_e7 - position.latitude_e7,
        ],
        axis=1,
    )
    points = np.diff(graph.edge_geometry_offset)
    edges = shapely.linestrings(offsets * metres, indices=np.repeat(np.arange(graph.edge_count), points))
    away = shapely.distance(edges, shapely.Point(0, 0))
    return int(np.argmin(away)), float(np.min(away))


def test_without_an_overspeed_no_fix_is_over_the_legal_speed_of_its_road(graph: RoadGraph, trip: Itinerary) -> None:
    speeds = graph.legal_speeds_dkmh()
    for seed in range(3):
        for fix in driven(graph, through(trip), seed=seed, noise_m=0, interval_s=5):
            edge, metres = beneath(graph, fix.position)
            assert metres < 0.5
            assert fix.speed_dkmh <= speeds[edge] + 60


def test_speed_changes_no_faster_than_a_loaded_lorry_can(graph: RoadGraph, trip: Itinerary) -> None:
    fixes = driven(graph, through(trip), interval_s=1)
    for one, other in pairwise(fixes):
        seconds = (other.at - one.at).total_seconds()
        if 0.5 < seconds < 2:
            assert abs(other.speed_dkmh - one.speed_dkmh) / 36 <= 0.95 * seconds + 0.6


def test_the_odometer_and_the_clock_only_go_forward_and_agree_with_the_speed(graph: RoadGraph, trip: Itinerary) -> None:
    for one, other in pairwise(driven(graph, trip.plan.edges, interval_s=1)[:-1]):
        assert other.at > one.at
        assert other.odometer_dm >= one.odometer_dm
        assert (other.odometer_dm - one.odometer_dm) / 10 == pytest.approx(
            (one.speed_dkmh + other.speed_dkmh) / 72, abs=1.5
        )


def test_noise_is_as_large_as_asked(graph: RoadGraph, trip: Itinerary) -> None:
    exact, noisy = (driven(graph, trip.plan.edges, noise_m=noise, interval_s=2) for noise in (0, 8.0))
    errors = [distance_m(one.position, other.position) for one, other in zip(exact, noisy, strict=True)]
    assert (sum(error**2 for error in errors) / len(errors)) ** 0.5 == pytest.approx(8 * 2**0.5, rel=0.15)


def test_an_overspeed_happens_once_in_one_piece_on_the_edges_named(graph: RoadGraph, trip: Itinerary) -> None:
    edges = through(trip)
    over = find_overspeed(graph, edges)
    assert over is not None
    legal = graph.legal_speeds_dkmh()[edges[over.first]]
    assert over.speed_dkmh == legal + 250
    begin = int(graph.edge_length_dm[list(edges[: over.first])].sum())
    end = begin + int(graph.edge_length_dm[list(edges[over.first : over.last + 1])].sum())
    flags = [
        fix.speed_dkmh > legal + 50 and begin - 5 <= fix.odometer_dm <= end + 5
        for fix in driven(graph, edges, overspeed=over)
    ]
    assert sum(flags) >= 2
    assert sum(1 for one, other in pairwise([False, *flags]) if other and not one) == 1


def test_the_stretch_to_speed_on_is_open_road_under_one_limit(graph: RoadGraph, trip: Itinerary) -> None:
    edges = through(trip)
    over = find_overspeed(graph, edges)
    assert over is not None
    stretch = list(edges[over.first : over.last + 1])
    assert len(set(graph.legal_speeds_dkmh()[stretch].tolist())) == 1
    assert all(graph.edge_tunnel[edge] < 0 for edge in stretch)
    assert graph.edge_length_dm[stretch].sum() >= 4000


def test_a_route_too_short_or_all_tunnel_has_nowhere_to_speed(graph: RoadGraph, trip: Itinerary) -> None:
    assert trip.bore is not None
    assert find_overspeed(graph, ()) is None
    assert find_overspeed(graph, trip.bore.edges) is None
    assert find_overspeed(graph, trip.plan.edges, minimum_m=50_000) is None


def test_a_drive_that_never_leaves_a_tunnel_has_no_fix(graph: RoadGraph, trip: Itinerary) -> None:
    assert trip.bore is not None
    assert driven(graph, trip.bore.edges) == []


def test_a_drive_of_no_edges_has_no_fix_and_a_naive_start_is_refused(graph: RoadGraph) -> None:
    assert driven(graph, ()) == []
    with pytest.raises(ValueError, match="aware"):
        next(drive(graph, (0,), start=START.replace(tzinfo=None), rng=random.Random(1)))


def test_edges_with_a_hole_between_them_are_refused(graph: RoadGraph, trip: Itinerary) -> None:
    edges = trip.plan.edges
    with pytest.raises(ValueError, match="follow"):
        driven(graph, (edges[0], edges[2]))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), interval=st.integers(1, 60), noise=st.floats(0, 30), factor=st.floats(0.3, 1.2))
def test_every_fix_is_whole_and_within_bounds(
    seed: int, interval: int, noise: float, factor: float, graph: RoadGraph
) -> None:
    edges = _random_walk(graph, random.Random(seed))
    fixes = driven(graph, edges, seed=seed, interval_s=interval, noise_m=noise, speed_factor=factor)
    for fix in fixes:
        assert fix.at.tzinfo is not None
        assert 0 <= fix.heading_deg < 360
        assert fix.speed_dkmh >= 0
        assert fix.odometer_dm >= 0
        assert {type(fix.speed_dkmh), type(fix.heading_deg), type(fix.odometer_dm)} == {int}
    assert all(one.at < other.at for one, other in pairwise(fixes))


def _random_walk(graph: RoadGraph, rng: random.Random) -> tuple[int, ...]:
    edges = [rng.randrange(graph.edge_count)]
    for _ in range(rng.randrange(8)):
        onward = [edge for edge in range(graph.edge_count) if graph.edge_from[edge] == graph.edge_to[edges[-1]]]
        if not onward:
            break
        edges.append(rng.choice(onward))
    return tuple(edges)


def test_an_overspeed_elsewhere_leaves_the_rest_of_the_drive_legal(graph: RoadGraph, trip: Itinerary) -> None:
    over = Overspeed(0, 0, 300)
    slow = driven(graph, trip.plan.edges, overspeed=replace(over, speed_dkmh=200))
    usual = driven(graph, trip.plan.edges)
    assert slow[-1].at > usual[-1].at
