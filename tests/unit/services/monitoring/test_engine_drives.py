"""One tanker on the model region: what the demo shows, through ``step`` alone."""

from __future__ import annotations

from pathlib import Path

from geo.drive import find_overspeed
from geo.itinerary import Itinerary
from geo.osm import read_region
from geo.position import Position, offset
from geo.roads import RoadGraph
from services.monitoring.engine import Roads, ShardState, World, activate, recompute, thresholds_on
from services.monitoring.fixes import Fixes
from services.monitoring.model import (
    Activation,
    Alarm,
    Effect,
    EstimatedPosition,
    FixesEntry,
    NeedsHistory,
    ZoneKind,
    ZoneRecord,
)
from tests.unit.services.monitoring.drives import (
    START,
    START_MS,
    a_trip,
    cleaned,
    driven,
    entries_of,
    kinds,
    off_plan,
    run,
    standing,
    straight,
)


def route(graph: RoadGraph, trip: Itinerary) -> tuple[tuple[int, int], ...]:
    return tuple((place.latitude_e7, place.longitude_e7) for place in trip.plan.positions(graph))


def test_petrol_through_the_closed_tunnel_is_warned_of_then_found(
    graph: RoadGraph, trip: Itinerary, world: World
) -> None:
    rows = driven(graph, off_plan(trip))
    effects = run(world, a_trip(route=route(graph, trip)), *entries_of(rows))
    found = standing(effects)
    tunnel = [alarm for alarm in found if alarm.kind.startswith("TUNNEL")]
    assert [alarm.kind for alarm in tunnel] == ["TUNNEL_AHEAD", "TUNNEL_TRANSIT"]
    assert tunnel[1].ended_ms is not None
    assert tunnel[0].occurred_ms < tunnel[1].occurred_ms < tunnel[1].ended_ms
    assert tunnel[1].severity == "GRAVE"
    assert tunnel[1].zone_id == "tunnel"
    assert tunnel[1].waybill_id == "w1"


def test_a_cleaned_tank_on_the_same_way_raises_nothing_about_tunnels(
    graph: RoadGraph, trip: Itinerary, world: World
) -> None:
    effects = run(world, cleaned(), *entries_of(driven(graph, off_plan(trip))))
    assert not [kind for kind in kinds(effects) if kind.startswith("TUNNEL")]


def test_whoever_keeps_to_the_plan_hears_nothing(graph: RoadGraph, trip: Itinerary, world: World) -> None:
    for seed in range(5):
        rows = driven(graph, trip.plan.edges, seed=seed)
        assert kinds(run(world, a_trip(route=route(graph, trip)), *entries_of(rows))) == []


def test_one_overspeed_raises_once(graph: RoadGraph, trip: Itinerary, world: World) -> None:
    fast = find_overspeed(graph, trip.plan.edges)
    assert fast is not None
    effects = run(world, a_trip(route=route(graph, trip)), *entries_of(driven(graph, trip.plan.edges, overspeed=fast)))
    assert kinds(effects) == ["OVERSPEED"]
    (alarm,) = standing(effects)
    assert alarm.ended_ms is not None
    assert int(alarm.evidence["top_dkmh"]) > int(alarm.evidence["limit_dkmh"])


def test_silence_on_the_way_is_told_by_a_tick_and_ends_with_the_next_fix(
    graph: RoadGraph, trip: Itinerary, world: World
) -> None:
    rows = driven(graph, trip.plan.edges)
    last = rows[9][1]
    effects = run(world, a_trip(), *entries_of(rows[:10]), last + 599_000)
    assert kinds(effects) == []
    effects = run(world, a_trip(), *entries_of(rows[:10]), last + 600_000, last + 660_000, last + 700_000)
    assert kinds(effects) == ["OFFLINE"]
    assert standing(effects)[0].occurred_ms == last


def test_the_same_whether_cut_small_or_large_or_restored_in_between(
    graph: RoadGraph, trip: Itinerary, world: World
) -> None:
    fast = find_overspeed(graph, off_plan(trip))
    rows = [
        each
        for vehicle in range(1, 5)
        for each in driven(graph, off_plan(trip), vehicle=vehicle, seed=vehicle, overspeed=fast)
    ]
    facts = [a_trip(vehicle, route=route(graph, trip)) for vehicle in range(1, 5)]
    states = [ShardState() for _ in range(3)]
    whole = run(world, *facts, *entries_of(rows, len(rows)), state=states[0])
    single = run(world, *facts, *entries_of(rows), state=states[1])
    assert whole == single
    assert states[0].snapshot() == states[1].snapshot()
    effects, state = run(world, *facts, state=states[2]), states[2]
    for entry in entries_of(rows, 37):
        effects += run(world, entry, state=state)
        state = ShardState.restore(state.snapshot())
    assert effects == whole
    assert kinds(whole).count("TUNNEL_TRANSIT") == 4


def test_who_does_not_come_out_of_the_tunnel_is_estimated_inside_then_overdue(
    graph: RoadGraph, trip: Itinerary, world: World
) -> None:
    rows = driven(graph, off_plan(trip))
    gap = next(place for place in range(len(rows) - 1) if rows[place + 1][1] - rows[place][1] > 60_000)
    last = rows[gap][1]
    state = ShardState()
    effects = run(world, a_trip(), *entries_of(rows[: gap + 1]), *range(last, last + 590_000, 10_000), state=state)
    estimated = [effect for effect in effects if isinstance(effect, EstimatedPosition)]
    assert len(estimated) > 10
    assert estimated[0].uncertainty_m < estimated[-1].uncertainty_m
    (overdue,) = [alarm for alarm in standing(effects) if alarm.kind == "TUNNEL_OVERDUE"]
    assert overdue.severity == "GRAVE"
    assert last <= overdue.occurred_ms < last + 60_000
    late = [(*row[:1], row[1] + 590_000, *row[2:]) for row in rows[gap + 1 :]]
    without = run(world, a_trip(), *entries_of([*rows[: gap + 1], *late]))
    closed = effects + run(world, *entries_of(late), state=state)
    assert [(a.kind, a.occurred_ms, a.ended_ms) for a in standing(closed)] == [
        (a.kind, a.occurred_ms, a.ended_ms) for a in standing(without)
    ]


def test_a_transit_is_found_whichever_fixes_behind_the_tunnel_came_late(
    graph: RoadGraph, trip: Itinerary, world: World
) -> None:
    """It was over before the fix that tells of it: what came late changes what had happened before it, too."""
    rows = driven(graph, off_plan(trip))
    gap = next(place for place in range(len(rows) - 1) if rows[place + 1][1] - rows[place][1] > 60_000)

    def transits(effects: list[Effect]) -> list[int]:
        return [each.occurred_ms for each in standing(effects) if each.kind == "TUNNEL_TRANSIT"]

    expected, missed = transits(run(world, a_trip(), *entries_of(rows))), 0
    assert expected
    for missing in (1, 2, 3, 5, 20, 40):
        behind, late = rows[gap + 1 + missing :], rows[gap + 1 : gap + 1 + missing]
        state, ticks = ShardState(), range(rows[gap][1], rows[gap][1] + 1_800_000, 60_000)
        told = run(world, a_trip(), *entries_of(rows[: gap + 1]), *ticks, *entries_of(behind), state=state)
        missed += transits(told) != expected
        (need, *_) = [
            each for each in run(world, *entries_of(late, len(late)), state=state) if isinstance(each, NeedsHistory)
        ]
        known = {each.id: each for each in told if isinstance(each, Alarm)}
        amended = recompute(
            state, [(0, world)], 1, Fixes.of(rows), [a_trip()], list(known.values()), begin_ms=0, from_ms=need.from_ms
        )
        assert transits([*told, *amended]) == expected, missing
    assert missed, "without the late ones some of them told of no transit"


def test_a_tunnel_opened_to_the_load_ends_what_was_overdue_in_it(
    graph: RoadGraph, trip: Itinerary, world: World
) -> None:
    rows = driven(graph, off_plan(trip))
    gap = next(place for place in range(len(rows) - 1) if rows[place + 1][1] - rows[place][1] > 60_000)
    last, state = rows[gap][1], ShardState()
    effects = run(world, a_trip(), *entries_of(rows[: gap + 1]), *range(last, last + 590_000, 10_000), state=state)
    opened_ms = last + 600_000
    opened = world.changed(gone=["tunnel"])
    effects += activate(state, world, opened, Activation(1, opened_ms))
    effects += run(opened, opened_ms + 60_000, state=state)
    (overdue,) = [alarm for alarm in standing(effects) if alarm.kind == "TUNNEL_OVERDUE"]
    assert overdue.ended_ms == opened_ms
    assert not state.transits


def test_a_fix_sent_again_changes_nothing(graph: RoadGraph, trip: Itinerary, world: World) -> None:
    rows = driven(graph, off_plan(trip))
    state = ShardState()
    once = run(world, a_trip(), *entries_of(rows), state=state)
    before = state.snapshot()
    run(world, *entries_of(rows[-1:]), state=state)
    assert state.snapshot() == before
    assert kinds(once)[-1] == "TUNNEL_TRANSIT"
    assert isinstance(entries_of(rows)[0], FixesEntry)
    assert rows[0][1] == START_MS


def test_a_long_edge_to_the_tunnel_is_followed_alike_however_fixes_are_cut(tmp_path: Path) -> None:
    """It begins far beyond the reach of the tunnel, and a fix there belongs to one near the tunnel only if both come together."""
    portal = Position(350_000_000, 1_050_000_000)
    ends = [offset(portal, 90, metres) for metres in (-8_000, 0, 1_000, 3_000)]
    nodes = "".join(f'<node id="{n}" lat="{p.latitude}" lon="{p.longitude}"/>' for n, p in enumerate(ends, start=1))
    ways = "".join(
        f'<way id="{n}"><nd ref="{n}"/><nd ref="{n + 1}"/><tag k="highway" v="secondary"/>{tunnel}</way>'
        for n, tunnel in enumerate(("", '<tag k="tunnel" v="yes"/>', ""), start=1)
    )
    file = tmp_path / "long.osm"
    file.write_text(f'<osm version="0.6" generator="test">{nodes}{ways}</osm>')
    graph = read_region(file)
    closed = ZoneRecord(
        id="t", version="1", kind=ZoneKind.TUNNEL, structure_id=graph.tunnels[0].structure_id, category="D"
    )
    world = World.build([closed], roads=Roads([graph], thresholds_on(START.date())))
    rows = straight(ends[0], speed_dkmh=500, seconds=470)
    states = [ShardState() for _ in range(2)]
    for state, cut in zip(states, (1, len(rows)), strict=True):
        run(world, a_trip(), *entries_of(rows, cut), state=state)
    assert all(state.transits for state in states)
    assert states[0].snapshot() == states[1].snapshot()
