"""Late fixes and facts: one vehicle's history is judged anew in the order of its own time, and what was told is set right.

What was stated is never rewritten: an alarm that is still found keeps its id and gets a revision, one that is found no more
is withdrawn, one that was missed is raised late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from services.monitoring.engine.state import ShardState
from services.monitoring.engine.stepping import activate, put_in_force, step
from services.monitoring.engine.world import World
from services.monitoring.fixes import Fixes
from services.monitoring.model import (
    Activation,
    Alarm,
    AlarmRaised,
    AlarmRevised,
    AlarmWithdrawn,
    Driven,
    Effect,
    Fact,
    FixesEntry,
    Parked,
    PassEntry,
    PassFact,
    TickEntry,
    TripEntry,
    alarm_fields,
)

_BESIDE_MS = 600_000  # alarms of one kind and cause this near to each other are about the same thing
_TELLS_OF_MS = 7_200_000  # a fix tells of what was over before it: that a tunnel was driven through is found behind it, fixes later
_EVER = 1 << 62


def recompute(
    state: ShardState, worlds: Sequence[tuple[int, World]], vehicle: int, history: Fixes, facts: Iterable[Fact],
    known: Sequence[Alarm], *, begin_ms: int, from_ms: int = 0,
) -> list[Effect]:  # fmt: skip
    """Judge a vehicle anew from its fixes since ``begin_ms``, in any order, and all facts about it since before then.

    ``worlds`` are those in force, each since some instant, in order; the first one before it too. ``known`` are the alarms as last
    told, the withdrawn ones too, with their revisions. Alarms from before ``begin_ms``, and those that had ended before
    ``from_ms`` by more than two hours, stay as they are. The state goes on as if everything had come in time.

    What comes out: what must be told of alarms, and every ``Parked`` and ``Driven`` since ``begin_ms``. Give at least two days
    before what came late, so that rests and daily sums are seen.
    """
    anew, effects = _judged(state.tick_ms, worlds, history.take(history.vehicle == vehicle), facts)
    found = [alarm for alarm in standing(effects) if alarm.occurred_ms >= begin_ms]
    told = [effect for effect in reconcile(known, found, begin_ms) if _may_change(effect, from_ms - _TELLS_OF_MS)]
    _carry_ids(anew, known, told, begin_ms)
    state.adopt(state.slot(vehicle), anew, anew.slot(vehicle))
    return told + [effect for effect in effects if isinstance(effect, Parked | Driven)]


def _judged(
    tick_ms: int, worlds: Sequence[tuple[int, World]], fixes: Fixes, facts: Iterable[Fact]
) -> tuple[ShardState, list[Effect]]:
    """One vehicle's state and all effects had everything come in the order of its own time, up to the newest tick."""
    anew = ShardState()
    anew.activation = Activation(at_ms=worlds[0][0])
    effects: list[Effect] = []
    fixes = fixes.take(np.argsort(fixes.time_ms, kind="stable"))
    for fact in sorted(facts, key=lambda each: each.at_ms):
        effects += step(anew, worlds[0][1], PassEntry(fact) if isinstance(fact, PassFact) else TripEntry(fact))
    cuts = [0, *np.searchsorted(fixes.time_ms, [since for since, _ in worlds[1:]]).tolist(), len(fixes)]
    for number, (since, world) in enumerate(worlds):
        if number:
            before = worlds[number - 1][1]
            effects += put_in_force(anew, before, since)
            effects += activate(anew, before, world, Activation(at_ms=since))
        effects += step(anew, world, FixesEntry(fixes.take(slice(cuts[number], cuts[number + 1]))))
    if tick_ms >= 0:
        effects += step(anew, worlds[-1][1], TickEntry(tick_ms))
    return anew, effects


def _may_change(effect: Effect, from_ms: int) -> bool:
    return not isinstance(effect, Alarm) or effect.ended_ms is None or effect.ended_ms >= from_ms


def standing(effects: Iterable[Effect]) -> list[Alarm]:
    """The alarms as the effects leave them, in order of occurrence."""
    last: dict[str, Alarm] = {}
    for effect in effects:
        if isinstance(effect, AlarmWithdrawn):
            last.pop(effect.id, None)
        elif isinstance(effect, AlarmRaised | AlarmRevised):
            last[effect.id] = effect
    return sorted(last.values(), key=lambda alarm: (alarm.occurred_ms, alarm.kind, alarm.cause))


def reconcile(known: Sequence[Alarm], found: Sequence[Alarm], begin_ms: int) -> list[Effect]:
    """What to tell so that ``known`` becomes ``found`` from ``begin_ms`` on."""
    withdrawn = {alarm.id: alarm for alarm in known if isinstance(alarm, AlarmWithdrawn)}
    pairs = _matched(known, found)
    kept = {old.id for old, _ in pairs}
    told: list[Effect] = []
    for alarm in known:
        if alarm.id not in kept and alarm.id not in withdrawn and alarm.occurred_ms >= begin_ms:
            told.append(AlarmWithdrawn(**(alarm_fields(alarm) | {"revision": alarm.revision + 1})))
    partner = {id(new): old for old, new in pairs}
    for alarm in found:
        old = partner.get(id(alarm))
        if old is None:
            revision = withdrawn[alarm.id].revision + 1 if alarm.id in withdrawn else 1
            told.append(AlarmRaised(**(alarm_fields(alarm) | {"revision": revision})))
        elif _substance(old) != _substance(alarm):
            told.append(AlarmRevised(**(alarm_fields(alarm) | {"id": old.id, "revision": old.revision + 1})))
    return told


def _matched(known: Sequence[Alarm], found: Sequence[Alarm]) -> list[tuple[Alarm, Alarm]]:
    """Pairs of old and new alarms that are about the same thing: same start first, then the first that overlaps."""
    waiting: dict[tuple[int, str, str], list[Alarm]] = defaultdict(list)
    for alarm in found:
        waiting[alarm.vehicle, alarm.kind, alarm.cause].append(alarm)
    pairs: list[tuple[Alarm, Alarm]] = []
    old_ones = sorted(
        (alarm for alarm in known if not isinstance(alarm, AlarmWithdrawn)), key=lambda alarm: alarm.occurred_ms
    )
    for is_same in (_starts_as, _overlaps):
        rest = []
        for old in old_ones:
            choices = waiting[old.vehicle, old.kind, old.cause]
            new = next((alarm for alarm in choices if is_same(old, alarm)), None)
            if new is None:
                rest.append(old)
            else:
                choices.remove(new)
                pairs.append((old, new))
        old_ones = rest
    return pairs


def _starts_as(old: Alarm, new: Alarm) -> bool:
    return old.occurred_ms == new.occurred_ms


def _overlaps(old: Alarm, new: Alarm) -> bool:
    return (
        old.occurred_ms <= (_EVER if new.ended_ms is None else new.ended_ms) + _BESIDE_MS
        and new.occurred_ms <= (_EVER if old.ended_ms is None else old.ended_ms) + _BESIDE_MS
    )


def _substance(alarm: Alarm) -> tuple[object, ...]:
    fields = alarm_fields(alarm)
    return tuple(value for name, value in fields.items() if name not in ("id", "revision"))


def _carry_ids(anew: ShardState, known: Sequence[Alarm], told: Sequence[Effect], begin_ms: int) -> None:
    """Let the alarms that are still open go on under the ids and revisions they were told under; one from before ``begin_ms`` goes on
    as it was told then, or not at all."""
    revised = {(a.kind, a.cause, a.occurred_ms): a for a in told if isinstance(a, AlarmRaised | AlarmRevised)}
    unchanged = {(a.kind, a.cause, a.occurred_ms): a for a in known if not isinstance(a, AlarmWithdrawn)}
    before = {
        (a.kind, a.cause): a for a in known
        if a.occurred_ms < begin_ms and a.ended_ms is None and not isinstance(a, AlarmWithdrawn)
    }  # fmt: skip
    for key, alarm in list(anew.open.items()):
        if alarm.occurred_ms < begin_ms:
            del anew.open[key]
            if (told_before := before.get((alarm.kind, alarm.cause))) is not None:
                anew.open[key] = told_before
            continue
        name = alarm.kind, alarm.cause, alarm.occurred_ms
        current = revised.get(name) or unchanged.get(name)
        if current is not None:
            anew.open[key] = Alarm(**(alarm_fields(alarm) | {"id": current.id, "revision": current.revision}))
