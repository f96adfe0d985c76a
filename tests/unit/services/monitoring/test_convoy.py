"""Shards stepped together come to what each comes to by itself, however their logs are read and whoever goes with whom."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from hazway import cbor
from services.monitoring import packed
from services.monitoring.columns import to_records
from services.monitoring.convoy import Convoy, Found, agreed, portions
from services.monitoring.engine import ShardState, World
from services.monitoring.fixes import Fixes
from services.monitoring.late_store import Asked
from services.monitoring.log_store import Kind, Row
from services.monitoring.model import Activation, AlarmKind, AlarmRaised, Effect, NeedsHistory, Severity
from tests.unit.services.monitoring.random_days import a_country, a_day

SHARDS = (3, 77, 200, 201)
QUIET = 255  # without vehicles: it gets no ticks
MOST = 7


@pytest.fixture(scope="module")
def country() -> World:
    return a_country()


def logs(seed: int) -> dict[int, list[Row]]:
    """A day of some vehicles in every shard, with facts between the fixes, and ticks and an activation told to all at once."""
    rng = random.Random(seed)
    news: list[tuple[int, int, Kind, bytes]] = []  # when, shard (-1: all), what
    for place, shard in enumerate(SHARDS):
        for vehicle in range(1 + 10 * place, 4 + 10 * place):
            facts, rows = a_day(seed * 1_000 + vehicle, vehicle)
            news += [(fact.at_ms + rng.randint(-60_000, 90_000), shard, Kind.TRIP, fact.encode()) for fact in facts]
            for begin in range(0, len(rows), 9):
                body = to_records(Fixes.of(rows[begin : begin + 9])).tobytes()
                news.append((rows[begin][1] + rng.randint(0, 400_000), shard, Kind.FIXES, body))
    first, last = min(at for at, *_ in news), max(at for at, *_ in news)
    news += [(at, -1, Kind.TICK, cbor.dumps({"at_ms": at})) for at in range(first, last, 1_700_000)]
    zones = {"change": 1, "at_ms": (first + last) // 2, "regions": []}
    news.append(((first + last) // 2, -2, Kind.ZONES, cbor.dumps(zones)))
    found: dict[int, list[Row]] = defaultdict(list)
    for _, shard, kind, body in sorted(news, key=lambda one: one[0]):
        for each in {-1: SHARDS, -2: (*SHARDS, QUIET)}.get(shard, (shard,)):
            found[each].append(Row(len(found[each]) + 1, kind, body))
    return found


def by_vehicle(effects: list[Effect]) -> dict[int, list[Effect]]:
    found: dict[int, list[Effect]] = defaultdict(list)
    for effect in effects:
        if not isinstance(effect, NeedsHistory):  # how often is asked depends on the cuts, and is the same in the end
            found[effect.vehicle].append(effect)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_together_they_come_to_what_each_comes_to_by_itself(country: World, seed: int) -> None:
    told, rng = logs(seed), random.Random(seed)

    def world_of(_activation: Activation) -> World:
        return country

    alone: list[Effect] = []
    states: dict[int, bytes] = {}
    for shard, rows in told.items():
        one = Convoy(world_of, {shard: ShardState()})
        alone += one.advance({shard: rows}, agreed({shard: rows}, one.members, len(rows) + 1)[0]).effects
        states[shard] = one.parts([shard])[shard].snapshot()

    together: list[Effect] = []
    convoys = [Convoy(world_of, {shard: ShardState() for shard in (*SHARDS, QUIET)})]
    cursor = dict.fromkeys(told, 0)
    while any(cursor[shard] < len(rows) for shard, rows in told.items()):
        # One look sees of every shard what was told up to one moment, but no more than so many rows: here a tick is the moment.
        read = {shard: rows[cursor[shard] : cursor[shard] + MOST] for shard, rows in told.items()}
        work = list(convoys)
        convoys = []
        while work:
            convoy = work.pop()
            mine = {shard: read[shard] for shard in convoy.members if read[shard]}
            marks, astray = agreed(mine, convoy.members, MOST)
            if astray:
                work += [convoy.without(astray), *(convoy.apart(shard) for shard in astray)]
                continue
            found = convoy.advance(mine, marks)
            together += found.effects
            cursor |= found.reached
            convoys.append(convoy)
        level: dict[object, list[Convoy]] = defaultdict(list)
        for convoy in convoys:
            level[convoy.told].append(convoy)
        for first, *others in level.values():
            if others:
                first.join(others)
        convoys = [some[0] for some in level.values()]
        if rng.random() < 0.2 and len(convoys[0].members) > 1:  # a lease went elsewhere and came back
            gone = rng.choice(sorted(convoys[0].members))
            blob = convoys[0].parts([gone])[gone].snapshot()
            convoys = [convoys[0].without([gone]), Convoy(world_of, {gone: ShardState.restore(blob)}), *convoys[1:]]
    assert by_vehicle(together) == by_vehicle(alone)
    assert {shard: one.parts([shard])[shard].snapshot() for one in convoys for shard in one.members} == states
    assert any(len(one.members) == len(SHARDS) for one in convoys), "they went together to the end"


def test_a_shard_told_otherwise_than_most_goes_by_itself() -> None:
    tick, later = (Row(1, Kind.TICK, cbor.dumps({"at_ms": at})) for at in (1_000, 2_000))
    fixes = Row(1, Kind.FIXES, b"")
    assert agreed({1: [tick], 2: [tick, fixes], 3: [fixes]}, {1, 2, 3}, 10) == (1, {3})
    assert agreed({1: [tick, later], 2: [fixes, tick]}, {1, 2}, 2) == (1, set())
    assert agreed({1: [tick], 2: [tick], 3: [later]}, {1, 2, 3}, 10) == (1, {3})
    assert agreed({1: [fixes]}, {1, 2, 3}, 10) == (0, set())


def test_the_shards_of_vehicles_are_known_however_they_came() -> None:
    def world_of(_activation: Activation) -> World:
        return World.build(())

    convoy = Convoy(world_of, {5: ShardState(), 9: ShardState()})
    convoy.meet({5: [40, 2], 9: [7]})
    record = to_records(Fixes.of([[3, 1_000, 300_000_000, 1_100_000_000, 0, 0, 0, 3, 0]]))
    convoy.advance({9: [Row(1, Kind.FIXES, record.tobytes())]}, 0)
    assert convoy.shards_of([2, 3, 7, 40]) == [5, 9, 9, 5]
    assert convoy.parts([9])[9].vehicle.tolist() == [3, 7]


def test_when_a_nation_falls_silent_it_is_told_in_portions_each_with_its_own_cursors() -> None:
    def world_of(_activation: Activation) -> World:
        return World.build(())

    convoy = Convoy(world_of, {shard: ShardState() for shard in range(8)})
    convoy.meet({shard: range(shard * 200, shard * 200 + 200) for shard in range(8)})
    silent: list[Effect] = [
        AlarmRaised(
            id=f"a{vehicle}", kind=AlarmKind.OFFLINE, severity=Severity.ORDINARY, vehicle=vehicle, occurred_ms=1
        )
        for vehicle in range(1_600)
    ]
    heard = [packed.read([b""])]
    found = Found(dict.fromkeys(range(8), 5), silent, asked=[(3, 601, Asked(1))], records=heard)
    parts = list(portions(convoy, found))
    assert len(parts) > 3
    assert all(len(part.effects) <= 500 for part in parts)
    assert sorted(shard for part in parts for shard in part.reached) == list(range(8))
    for part in parts:
        assert {effect.vehicle // 200 for effect in part.effects} == set(part.reached)
        assert bool(part.asked) == (3 in part.reached)
    assert sum(len(part.effects) for part in parts) == 1_600
    assert [len(part.records) for part in parts] == [1, *[0] * (len(parts) - 1)], (
        "where vehicles were heard is told once"
    )
    assert list(portions(convoy, Found({1: 2}, silent[:3]))) == [Found({1: 2}, silent[:3])]
