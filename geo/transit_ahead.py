"""Before and inside a tunnel: the pre-alarm, the presumed entry, the estimated place, overdue."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
from geo.position import Position
from geo.transit_evidence import habit_s
from geo.transit_state import NOWHERE, Answer, Blind, Estimate, Event, Kind, Policy, Tick, TransitState

Floats = npt.NDArray[np.float64]


def estimate(around: Approaches, state: TransitState, at_ms: int) -> Estimate | None:
    """The presumed place of a vehicle inside the bore; None when it is not presumed inside."""
    if state.inside == NOWHERE:
        return None
    bore = state.inside
    elapsed_s = max(0.0, (at_ms - state.inside_since_ms) / 1000)
    length_m = float(around.near.length_m[bore])
    along_m = min(length_m, elapsed_s * _pace(state))
    uncertainty_m = min(length_m, 20.0 + 0.3 * elapsed_s * _pace(state))
    return Estimate(around.bores[bore].id, _place_in_bore(around, bore, along_m), uncertainty_m)


def _place_in_bore(around: Approaches, bore: int, along_m: float) -> Position:
    points = around.traces[bore]
    scaled = along_m * points[-1][1] / max(float(around.near.length_m[bore]), 0.1)
    for (one, before), (other, after) in pairwise(points):
        if scaled <= after:
            share = (scaled - before) / max(after - before, 1e-9)
            return Position(
                round(one.latitude_e7 + share * (other.latitude_e7 - one.latitude_e7)),
                round(one.longitude_e7 + share * (other.longitude_e7 - one.longitude_e7)),
            )
    return points[-1][0]


def _pace(state: TransitState) -> float:
    """Speed to reckon with, in m/s: the last one seen, as far as it is that of a lorry under way."""
    return 15.0 if state.seen.speed_dkmh is None else min(25.0, max(5.0, state.seen.speed_dkmh / 36))


def warn(around: Approaches, state: TransitState, policy: Policy) -> tuple[TransitState, tuple[Event, ...]]:
    """The pre-alarm, once per approach."""
    chance, to_portal, committed = _approach(around, state, policy)
    bore = int(np.argmax(chance))
    if chance[bore] < 0.5:
        is_off = state.warned == NOWHERE or chance[state.warned] >= 0.1
        return (state if is_off else dataclasses.replace(state, warned=NOWHERE)), ()
    if state.warned != NOWHERE:
        return state, ()
    event = Event(
        Kind.PRE_ALARM,
        around.bores[bore].id,
        state.seen.at_ms,
        float(chance[bore]),
        to_portal_m=float(to_portal[bore]),
        can_turn_off=bool(committed[bore] < 0.5 * chance[bore]),
    )
    return dataclasses.replace(state, warned=bore), (event,)


def _approach(around: Approaches, state: TransitState, policy: Policy) -> tuple[Floats, Floats, Floats]:
    """For each bore: the chance that its last turn-off is passed by the next report, metres to the portal, chance it is passed."""
    ahead = [guess for guess in state.guesses if guess.edge != NOWHERE and not guess.passed]
    if not ahead:
        nothing = np.zeros(len(around.bores))
        return nothing, np.full_like(nothing, np.inf), nothing
    roads, edges = around.roads, [guess.edge for guess in ahead]
    weight = np.array([guess.weight for guess in ahead])
    rest = roads.length_m[edges] - [guess.along_m for guess in ahead]
    reach_m = _pace(state) * habit_s(state, policy) * 1.1 + 50.0
    portal = rest + around.to_entrance_m[:, roads.end[edges]]
    past = around.is_committed[:, edges]
    soon = (past | (rest + around.to_turn_off_m[:, edges] <= reach_m)) & (portal <= policy.approach_m)
    return soon @ weight, np.where(soon, portal, np.inf).min(axis=1), (soon & past) @ weight


def wait(around: Approaches, state: TransitState, report: Blind | Tick, policy: Policy) -> Answer:
    """Time without a fix: presume the entry, then miss the exit."""
    if report.at_ms <= state.seen.at_ms:
        return state, ()
    if isinstance(report, Blind):
        state = dataclasses.replace(state, blind=state.blind + 1)
    if state.inside == NOWHERE:
        return _presume(around, state, report, policy)
    longest_s = float(around.near.length_m[state.inside]) / policy.slowest_m_s + policy.overdue_slack_s
    if state.is_overdue or report.at_ms < state.inside_since_ms + longest_s * 1000:
        return state, ()
    event = Event(Kind.OVERDUE, around.bores[state.inside].id, report.at_ms, entered_ms=state.inside_since_ms)
    return dataclasses.replace(state, is_overdue=True), (event,)


def _presume(around: Approaches, state: TransitState, report: Blind | Tick, policy: Policy) -> Answer:
    elapsed_s = (report.at_ms - state.seen.at_ms) / 1000
    if state.blind == 0 and elapsed_s < 1.5 * habit_s(state, policy) + 2.0:
        return state, ()
    chance, to_portal, committed = _approach(around, state, policy)
    bore = int(np.argmax(committed))
    reached_s = float(to_portal[bore]) / _pace(state)
    if committed[bore] < 0.5 or elapsed_s < reached_s:
        return state, ()
    entered_ms = state.seen.at_ms + round(reached_s * 1000)
    event = Event(Kind.ENTERED, around.bores[bore].id, report.at_ms, float(chance[bore]), entered_ms=entered_ms)
    return dataclasses.replace(state, inside=bore, inside_since_ms=entered_ms), (event,)
