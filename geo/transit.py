"""Has this vehicle gone through this tunnel? Decided from portal to portal on the road graph, though nothing is seen inside.

One state per (vehicle, structure), moved on by fixes and clock ticks alone. The state holds a handful of hypotheses: the
vehicle is here on this road, or on no known road, and it came through these bores of the structure, or through none, each
with a weight. A fix weighs them by place and heading; a step between two fixes by whether a way fits the time, the speeds,
the odometer and the reports that are missing. The ways are those in the open and the likely chains of bores of whatever
structure, so that a silence is explained by the tunnels that explain it. What is decided is told once; a step never looks
back further than its state.
"""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
from geo.transit_ahead import estimate, wait, warn
from geo.transit_evidence import Gap, gap, habit_s
from geo.transit_places import FAR_M, OFF_ROAD, Places, places_of
from geo.transit_state import (
    NOWHERE,
    USUAL,
    Answer,
    Blind,
    Estimate,
    Event,
    Guess,
    Kind,
    Passage,
    Policy,
    Seen,
    Tick,
    TransitState,
)
from geo.transit_ways import UNMAPPED, Candidates, candidates

__all__ = [
    "NOWHERE", "Answer", "Blind", "Estimate", "Event", "Guess", "Kind", "Passage", "Policy", "Seen", "Tick", "TransitState",
    "estimate", "step",
]  # fmt: skip

Floats = npt.NDArray[np.float64]

_LEAST_LOG_WEIGHT = -9.5  # less than the 1/10,000 that is kept
_MOST_GUESSES = 10


def step(
    around: Approaches,
    state: TransitState | None,
    report: Seen | Blind | Tick,
    policy: Policy = USUAL,
) -> Answer:
    """Move one vehicle on by a report or a tick; reports in order of time. No state is left once it is far from the tunnel."""
    if not len(around.roads.start):
        return None, ()  # no road leads to it or away
    if not isinstance(report, Seen):
        return (None, ()) if state is None else _wait(around, state, report, policy)
    places = places_of(around, report, policy)
    if state is None:
        return (_begin(report, places), ()) if len(places.edge) else (None, ())
    if report.at_ms <= state.seen.at_ms:
        return state, ()
    between, places = gap(state, report, policy), places if len(places.edge) else OFF_ROAD
    ways = candidates(around, state.seen.position, state.guesses, report.position, places, between.farthest_m)
    known = np.log(np.maximum([guess.weight for guess in state.guesses], 1e-12))
    weight = between.weigh(ways, known[:, None, None] + places.weight)
    pace, pace_spread = _pace_after(state, ways, between, weight)
    moved = dataclasses.replace(
        state,
        seen=report,
        guesses=_move(around, state, places, between, ways, weight),
        habit_ms=(*state.habit_ms, report.at_ms - state.seen.at_ms)[-5:],
        blind=0,
        spread_m=between.spread_m,
        pace=pace,
        pace_spread=pace_spread,
    )
    return _conclude(around, moved, policy)


def _begin(report: Seen, places: Places) -> TransitState:
    weights = np.exp(places.weight - places.weight.max())
    weights /= weights.sum()
    rows = zip(places.edge.tolist(), places.along_m.tolist(), weights.tolist(), strict=True)
    return TransitState(report, tuple(Guess(*row) for row in rows))


def _move(
    around: Approaches, state: TransitState, places: Places, between: Gap, ways: Candidates, weight: Floats
) -> tuple[Guess, ...]:
    """All ways from every guess to every place, in the open and through chains of bores, merged: the likeliest stands for
    those through the structure and for those past it, and weighs as much as all of them together."""
    alike: dict[bool, list[int]] = defaultdict(list)
    for number, bores in enumerate(ways.chains):
        alike[any(bore < around.near.own for bore in bores)].append(number)
    least = float(weight.max()) + _LEAST_LOG_WEIGHT
    edges, alongs = places.edge.tolist(), places.along_m.tolist()
    weighed: dict[tuple[int, ...], list[Guess]] = defaultdict(list)
    for is_through, numbers in alike.items():
        group = weight[:, numbers]
        best, together = group.argmax(axis=1), np.logaddexp.reduce(group, axis=1)
        for row, column in np.argwhere(together >= least).tolist():
            guess, chain = state.guesses[row], numbers[int(best[row, column])]
            passed = guess.passed
            if is_through:
                passed = (*passed, *_passages(around, ways, between, row, chain, column))
            ahead_m = between.ahead_m(row, chain, float(ways.metres[row, chain, column]))
            moved = Guess(edges[column], alongs[column], float(together[row, column]), passed, ahead_m)
            weighed[moved.key].append(moved)
    return _merged(weighed)


def _pace_after(state: TransitState, ways: Candidates, between: Gap, weight: Floats) -> tuple[int, int]:
    """The driver's pace with what the likeliest way tells of it, if that is one whose length and turns were looked at."""
    guess, chain, place = np.unravel_index(int(weight.argmax()), weight.shape)
    is_seen = chain != UNMAPPED if ways.turns_matter else chain == 0 and bool(ways.openly.along[guess, place])
    if between.pace.is_known or not is_seen or not np.isfinite(weight.max()) or state.guesses[guess].edge == NOWHERE:
        return state.pace, state.pace_spread
    look = ways.at if ways.turns_matter else ways.straight
    return between.pace.after(look(*(np.array([number]) for number in (guess, chain, place))))


def _passages(
    around: Approaches, ways: Candidates, between: Gap, guess: int, chain: int, place: int
) -> tuple[Passage, ...]:
    whole_s = float(ways.seconds[guess, chain, place])
    moments = zip(ways.enters_s[guess, chain, 0].tolist(), ways.leaves_s[guess, chain, 0].tolist(), strict=True)
    return tuple(
        Passage(bore, between.moment_ms(enters_s, whole_s), between.moment_ms(leaves_s, whole_s))
        for bore, (enters_s, leaves_s) in zip(ways.chains[chain], moments, strict=False)
        if bore < around.near.own
    )


def _merged(weighed: dict[tuple[int, ...], list[Guess]]) -> tuple[Guess, ...]:
    """One guess for each place and chain of bores, with the sum of the weights; the best few, summing to 1."""
    if not weighed:
        return ()
    top = max(guess.weight for group in weighed.values() for guess in group)
    sums = sorted((-_total(group, top), key) for key, group in weighed.items())[:_MOST_GUESSES]
    whole = sum(total for total, _ in sums)
    best = (max(weighed[key], key=lambda guess: guess.weight) for _, key in sums)
    return tuple(
        Guess(guess.edge, guess.along_m, total / whole, guess.passed, guess.ahead_m)
        for guess, (total, _) in zip(best, sums, strict=True)
    )


def _total(group: list[Guess], top: float) -> float:
    return sum(math.exp(max(-60.0, guess.weight - top)) for guess in group)


def _wait(around: Approaches, state: TransitState, report: Blind | Tick, policy: Policy) -> Answer:
    """Time without a fix: a likely transit is told, or the vehicle may be inside. What is less likely stays open for long:
    fixes may be late because the server was away, and the next one still answers."""
    silent_s = (report.at_ms - state.seen.at_ms) / 1000
    events: list[Event] = []
    waits_s = policy.patience * habit_s(state, policy) if state.passed >= policy.likely else policy.gives_up_s
    if state.waited and state.inside == NOWHERE and silent_s > waits_s:
        state, events = _settle(around, state, state.passed, policy)
    waited, told = wait(around, state, report, policy)
    return waited, (*events, *told)


def _conclude(around: Approaches, state: TransitState, policy: Policy) -> Answer:
    """Tell what a new fix has settled, and drop the state of a vehicle that has gone."""
    events: list[Event] = []
    passed = state.passed
    has_gone = all(guess.edge == NOWHERE for guess in state.guesses) and _portal_m(around, state).min() > FAR_M
    waited = state.waited + 1 if passed > 1 - policy.sure else 0
    state = dataclasses.replace(state, waited=waited)
    if passed >= policy.sure or (waited and (waited >= policy.patience or has_gone)):
        state, told = _settle(around, state, passed, policy)
        events += told
    elif waited == 0 and state.inside != NOWHERE:
        events.append(_reappeared(around, state))
        state = dataclasses.replace(state, inside=NOWHERE, is_overdue=False)
    if has_gone:
        return None, tuple(events)
    state, warning = warn(around, state, policy)
    return state, (*events, *warning)


def _portal_m(around: Approaches, state: TransitState) -> Floats:
    position = state.seen.position
    return around.portal_m(float(around.plane.x(position.longitude_e7)), float(around.plane.y(position.latitude_e7)))


def _settle(around: Approaches, state: TransitState, passed: float, policy: Policy) -> tuple[TransitState, list[Event]]:
    """Transit, ambiguous or nothing; either way the question is closed and the guesses of the answer remain."""
    through = [guess for guess in state.guesses if guess.passed]
    kind = Kind.TRANSIT if passed >= policy.likely else Kind.AMBIGUOUS if passed > 1 - policy.likely else None
    events = []
    if kind is not None:
        events += [
            Event(kind, around.bores[p.bore].id, state.seen.at_ms, passed, p.entered_ms, p.left_ms)
            for p in _likeliest(through)
        ]
    elif state.inside != NOWHERE:
        events.append(_reappeared(around, state))
    kept = through if kind is Kind.TRANSIT else state.guesses
    merged: dict[tuple[int, ...], list[Guess]] = defaultdict(list)
    for guess in kept:
        plain = dataclasses.replace(guess, weight=math.log(max(guess.weight, 1e-12)), passed=())
        merged[plain.key].append(plain)
    closed = dataclasses.replace(
        state, guesses=_merged(merged), waited=0, inside=NOWHERE, is_overdue=False, warned=NOWHERE
    )
    return closed, events


def _likeliest(guesses: list[Guess]) -> tuple[Passage, ...]:
    """The bores of the likeliest chain, wherever it leads."""
    chains: dict[tuple[int, ...], list[Guess]] = defaultdict(list)
    for guess in guesses:
        chains[guess.key[1:]].append(guess)
    best = max(chains.values(), key=lambda group: sum(guess.weight for guess in group))
    return max(best, key=lambda guess: guess.weight).passed


def _reappeared(around: Approaches, state: TransitState) -> Event:
    bore, away = state.inside, _portal_m(around, state)
    is_back = away[bore] <= away[bore + len(around.bores)]
    kind = Kind.TURNED_BACK if is_back else Kind.REROUTED
    return Event(kind, around.bores[bore].id, state.seen.at_ms, entered_ms=state.inside_since_ms)
