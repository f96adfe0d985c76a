"""Shards that have been told the same ticks and zones at the same points of their logs, stepped as one: what a step costs however few
fixes it sees is paid once for all of them. What is found does not depend on which shards go together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from services.monitoring import engine, packed
from services.monitoring.columns import entry_of, estimates, to_fixes
from services.monitoring.facts import PassFact, decode
from services.monitoring.late_store import Asked, TakenIn
from services.monitoring.log_store import Kind, Row
from services.monitoring.model import (
    Activation,
    Alarm,
    Effect,
    FixesEntry,
    NeedsHistory,
    PassEntry,
    TripEntry,
    ZonesEntry,
)

WorldOf = Callable[[Activation], engine.World]

_MARKS = frozenset({Kind.TICK, Kind.ZONES})
_MOST_ALARMS = 500  # in one transaction, but for those of a single shard


@dataclass(slots=True)
class Found:
    """What stepping rows came to; ``reached`` is each shard's last row of them."""

    reached: dict[int, int] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    asked: list[tuple[int, int, Asked]] = field(default_factory=list)  # shard, vehicle to be judged anew, and how far
    facts: list[TakenIn] = field(default_factory=list)
    records: list[packed.Records] = field(default_factory=list)
    estimated: list[packed.Records] = field(default_factory=list)


class Convoy:
    """``members`` are its shards, ``estimated`` where silent vehicles should be as of the newest tick. Not for several threads."""

    def __init__(self, world_of: WorldOf, states: Mapping[int, engine.ShardState]) -> None:
        self._world_of = world_of
        self._shard_of = np.empty(0, dtype=np.int64)  # by slot
        self.state = engine.ShardState()
        self.members: set[int] = set()
        self.estimated = estimates(())
        self._take_in(states)
        self.world = world_of(self.state.activation)

    @property
    def told(self) -> tuple[object, ...]:
        """Convoys that have been told the same may go together."""
        return self.state.tick_ms, self.state.activation

    def join(self, others: Sequence[Convoy]) -> None:
        """Take in convoys that have been told the same."""
        self._take_in({number: state for other in others for number, state in other.parts(other.members).items()})
        self.estimated = np.concatenate([self.estimated, *(other.estimated for other in others)])

    def parts(self, shards: Iterable[int]) -> dict[int, engine.ShardState]:
        """What is known of some members, each as a state of its own: a copy."""
        return {number: engine.part(self.state, np.flatnonzero(self._shard_of == number)) for number in shards}

    def without(self, shards: Collection[int]) -> Convoy:
        """The others go on together."""
        rest = Convoy(self._world_of, self.parts(self.members.difference(shards)))
        rest.estimated = self.estimated
        return rest

    def apart(self, number: int) -> Convoy:
        """A member as it goes on by itself."""
        return Convoy(self._world_of, self.parts([number]))

    def shards_of(self, vehicles: Iterable[int]) -> list[int]:
        """The shard of each of these vehicles, which have been met."""
        numbers = np.fromiter(vehicles, dtype=np.int64)
        return self._shard_of[self.state.slots(numbers)].tolist() if len(numbers) else []

    def meet(self, vehicles: Mapping[int, Iterable[int]]) -> None:
        """Make sure that these vehicles, by member, have their place."""
        numbers = {number: np.fromiter(some, dtype=np.int64) for number, some in vehicles.items()}
        if sum(map(len, numbers.values())):
            self.state.slots(np.concatenate(list(numbers.values())))
            self._note_shards(numbers)

    def advance(self, rows: Mapping[int, Sequence[Row]], marks: int) -> Found:
        """Step rows of members up to so many ticks and zones, which all of them have been told alike, and on to the next one."""
        found, told = Found(), list[Row]()
        stretches: list[list[list[_Lap]]] = [[] for _ in range(marks + 1)]
        for number, some in rows.items():
            place = 0
            stretches[0].append([_Lap(number, some[0].seq - 1)])
            for row in some:
                if row.kind in _MARKS:
                    if place == marks:
                        break
                    if len(told) == place:
                        told.append(row)
                    place += 1
                    stretches[place].append([_Lap(number, some[0].seq - 1)])
                else:
                    _add(stretches[place][-1], number, row)
                found.reached[number] = row.seq
        self._meet_facts(stretches)
        for laps, mark in zip_longest(stretches, told):
            for lap in zip_longest(*laps):
                self._lap([one for one in lap if one is not None], found)
            if mark is not None:
                self._mark(mark, found)
        return found

    def _lap(self, laps: Sequence[_Lap], found: Found) -> None:
        """All fixes before each member's next facts together, then the facts."""
        if bodies := [body for one in laps for body in one.bodies]:
            records = packed.read(bodies)
            known = len(self.state)
            effects = engine.step(self.state, self.world, FixesEntry(to_fixes(records)))
            if len(self.state) > known:
                self._note_shards({one.number: packed.read(one.bodies)["vehicle"] for one in laps})
            found.records.append(records)
            found.effects += effects
            needs = [one for one in effects if isinstance(one, NeedsHistory)]
            after = {one.number: one.after for one in laps}
            for number, need in zip(self.shards_of(one.vehicle for one in needs), needs, strict=True):
                found.asked.append((number, need.vehicle, Asked(need.from_ms, None if need.is_new else after[number])))
        for taken in (taken for one in laps for taken in one.facts):
            fact = taken.fact
            entry = PassEntry(fact) if isinstance(fact, PassFact) else TripEntry(fact)
            effects = engine.step(self.state, self.world, entry)
            found.facts.append(taken)
            found.effects += effects
            needs = [one for one in effects if isinstance(one, NeedsHistory)]
            found.asked += [(taken.shard, one.vehicle, Asked(one.from_ms)) for one in needs]

    def _mark(self, row: Row, found: Found) -> None:
        entry = entry_of(row)
        if isinstance(entry, ZonesEntry):
            before, self.world = self.world, self._world_of(entry.activation)
            found.effects += engine.activate(self.state, before, self.world, entry.activation)
        else:
            effects = engine.step(self.state, self.world, entry)
            self.estimated = estimates(effects)
            found.estimated.append(self.estimated)
            found.effects += effects

    def _meet_facts(self, stretches: Sequence[Sequence[Sequence[_Lap]]]) -> None:
        """Give vehicles that are first met by a fact their places all at once."""
        met = defaultdict[int, list[int]](list)
        for laps in stretches:
            for one in (one for some in laps for one in some):
                met[one.number] += [taken.fact.vehicle for taken in one.facts]
        self.meet(met)

    def _take_in(self, states: Mapping[int, engine.ShardState]) -> None:
        engine.take_in(self.state, list(states.values()))
        self._note_shards({number: state.vehicle for number, state in states.items()})
        self.members |= states.keys()

    def _note_shards(self, vehicles: Mapping[int, npt.NDArray[np.integer]]) -> None:
        """Note the shards of vehicles that have come since; they are among these."""
        new = self.state.vehicle[len(self._shard_of) :]
        if len(new):
            number = np.concatenate(list(vehicles.values())).astype(np.int64)
            shard = np.repeat(list(vehicles), [len(some) for some in vehicles.values()])
            order = np.argsort(number, kind="stable")
            place = order[np.searchsorted(number[order], new)]
            self._shard_of = np.append(self._shard_of, shard[place])


def agreed(rows: Mapping[int, Sequence[Row]], members: Collection[int], most: int) -> tuple[int, set[int]]:
    """Up to how many ticks and zones the rows of members tell the same, and the members that were told otherwise than most of them.
    One with ``most`` rows was perhaps told more than has been read."""
    told = {number: [(row.kind, row.body) for row in rows.get(number, ()) if row.kind in _MARKS] for number in members}
    in_full = Counter(tuple(told[number]) for number in members if len(rows.get(number, ())) < most)
    usual = list(in_full.most_common(1)[0][0]) if in_full else max(told.values(), key=len)
    astray = {
        number
        for number, marks in told.items()
        if marks != (usual if len(rows.get(number, ())) < most else usual[: len(marks)])
    }
    return min(len(marks) for number, marks in told.items() if number not in astray), astray


def portions(convoy: Convoy, found: Found) -> Iterator[Found]:
    """What was found in portions that can be committed by themselves, each with the shards it is about: when a whole nation falls
    silent, not all of it is told in one transaction."""
    if sum(isinstance(one, Alarm) for one in found.effects) <= _MOST_ALARMS:
        yield found
        return
    effects: dict[int, list[Effect]] = defaultdict(list)
    for number, effect in zip(convoy.shards_of(one.vehicle for one in found.effects), found.effects, strict=True):
        effects[number].append(effect)
    rest = sorted(found.reached, key=lambda number: len(effects[number]))
    while rest:
        portion = Found(records=found.records)
        while rest and (not portion.reached or len(portion.effects) + len(effects[rest[-1]]) <= _MOST_ALARMS):
            number = rest.pop()
            portion.reached[number] = found.reached[number]
            portion.effects += effects[number]
        portion.facts = [one for one in found.facts if one.shard in portion.reached]
        portion.asked = [one for one in found.asked if one[0] in portion.reached]
        found = replace(found, records=[])  # where vehicles were heard is told once
        yield portion


@dataclass(frozen=True, slots=True)
class _Lap:
    """Of one shard, neighbouring entries of fixes and the facts behind them; what has been read begins behind ``after``."""

    number: int
    after: int
    bodies: list[bytes] = field(default_factory=list)
    facts: list[TakenIn] = field(default_factory=list)


def _add(laps: list[_Lap], number: int, row: Row) -> None:
    if row.kind is Kind.FIXES:
        if laps[-1].facts:
            laps.append(_Lap(number, laps[-1].after))
        laps[-1].bodies.append(row.body)
    else:
        laps[-1].facts.append(TakenIn(number, row.seq, decode(row.body), row.body))
