"""Has this vehicle gone through this tunnel? Decided from portal to portal on the road graph, though nothing is seen inside.

One state per (vehicle, structure), moved on by fixes and clock ticks alone. The state holds a handful of hypotheses: the
vehicle is here on this road, or on no known road, and it came through this bore, or through none, each with a weight. A fix
weighs them by place and heading; a step between two fixes by whether the way fits the time, the speeds, the odometer and the
reports that are missing. What is decided is told once; a step never looks back further than its state.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
from geo.position import Position, distance_m

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

NOWHERE = -1  # an edge that is no known road; a bore that was not used


@dataclass(frozen=True, slots=True)
class Seen:
    """A fix of a vehicle."""

    at_ms: int
    position: Position
    speed_dkmh: int | None = None
    heading_deg: int | None = None
    odometer_m: int | None = None


@dataclass(frozen=True, slots=True)
class Blind:
    """The terminal reported but had no fix, or repeated an old one."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed and nothing was reported."""

    at_ms: int


class Kind(Enum):
    PRE_ALARM = "pre_alarm"  # the last turn-off comes within the next step, or lies behind: stopping still helps
    ENTERED = "entered"  # presumed, from silence after the approach
    TRANSIT = "transit"
    TURNED_BACK = "turned_back"  # seen again on the entrance side after a presumed entry
    REROUTED = "rerouted"  # seen again elsewhere, and not through the tunnel
    AMBIGUOUS = "ambiguous"  # through the tunnel or around it: both fit what was seen
    OVERDUE = "overdue"  # longer inside than the slowest lorry


@dataclass(frozen=True, slots=True)
class Event:
    """What was found about one bore. Times inside tunnels are estimated from the way and the time between fixes."""

    kind: Kind
    bore_id: str
    at_ms: int  # when it became known
    probability: float = 1.0
    entered_ms: int | None = None
    left_ms: int | None = None
    to_portal_m: float | None = None
    can_turn_off: bool | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Where in the bore a silent vehicle should be by now. Never a fix: shown as estimated, with its uncertainty."""

    bore_id: str
    position: Position
    uncertainty_m: float


@dataclass(frozen=True, slots=True)
class Policy:
    """Figures of the detector; those about speed are the slowest and fastest a loaded lorry is believed to do."""

    slowest_m_s: float = 20 / 3.6
    fastest_m_s: float = 100 / 3.6
    overdue_slack_s: float = 60.0
    report_every_s: float = 30.0  # at the least; a vehicle's own habit is learnt
    noise_m: float = 10.0  # of fixes and map together
    sure: float = 0.97
    likely: float = 0.9
    patience: int = 3  # fixes to wait for an unsure answer
    approach_m: float = 1500.0  # a pre-alarm never comes earlier than this


@dataclass(frozen=True, slots=True)
class Guess:
    """One hypothesis: on an edge of the surroundings at so many metres along it, having come through a bore or not."""

    edge: int
    along_m: float
    bore: int
    weight: float
    entered_ms: int = 0
    left_ms: int = 0


@dataclass(frozen=True, slots=True)
class TransitState:
    """Where a vehicle stands with one structure; less than 1 KB as ``to_plain``."""

    seen: Seen
    guesses: tuple[Guess, ...]
    habit_ms: tuple[int, ...] = ()  # the last steps between reports
    blind: int = 0  # reports without a fix since ``seen``
    waited: int = 0  # fixes since an answer became possible
    warned: int = NOWHERE  # the bore of the pre-alarm
    inside: int = NOWHERE  # the bore presumed entered
    inside_since_ms: int = 0
    is_overdue: bool = False

    def to_plain(self) -> tuple[Any, ...]:
        """Plain tuples of numbers, weights in 1/10,000 and metres in 0.1; ``from_plain`` of it is as good as the state."""
        seen = (self.seen.at_ms, self.seen.position.latitude_e7, self.seen.position.longitude_e7)
        guesses = tuple(
            (g.edge, round(g.along_m * 10), g.bore, round(g.weight * 10_000), g.entered_ms, g.left_ms)
            for g in self.guesses
        )
        rest = (self.habit_ms, self.blind, self.waited, self.warned, self.inside, self.inside_since_ms, self.is_overdue)
        return (*seen, self.seen.speed_dkmh, self.seen.heading_deg, self.seen.odometer_m, guesses, *rest)

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> TransitState:
        at_ms, latitude, longitude, speed, heading, odometer, guesses, habit, *rest = plain
        restored = tuple(Guess(e, a / 10, b, w / 10_000, i, o) for e, a, b, w, i, o in guesses)
        return cls(Seen(at_ms, Position(latitude, longitude), speed, heading, odometer), restored, tuple(habit), *rest)


Answer = tuple[TransitState | None, tuple[Event, ...]]


def step(
    around: Approaches,
    state: TransitState | None,
    report: Seen | Blind | Tick,
    policy: Policy = Policy(),
) -> Answer:
    """Move one vehicle on by a report or a tick; reports in order of time. No state is left once it is far from the tunnel."""
    if not len(around.roads.start):
        return None, ()  # no road leads to it or away
    if not isinstance(report, Seen):
        return (None, ()) if state is None else _wait(around, state, report, policy)
    places = _places(around, report, policy)
    if state is None:
        return (_begin(report, places), ()) if len(places.edge) else (None, ())
    if report.at_ms <= state.seen.at_ms:
        return state, ()
    habit = (*state.habit_ms, report.at_ms - state.seen.at_ms)[-5:]
    guesses = _move(around, state, report, places, policy)
    moved = dataclasses.replace(state, seen=report, guesses=guesses, habit_ms=habit, blind=0)
    return _conclude(around, moved, policy)


def estimate(around: Approaches, state: TransitState, at_ms: int) -> Estimate | None:
    """The presumed place of a vehicle inside the bore; None when it is not presumed inside."""
    if state.inside == NOWHERE:
        return None
    bore = state.inside
    elapsed_s = max(0.0, (at_ms - state.inside_since_ms) / 1000)
    length_m = float(around.length_m[bore])
    along_m = min(length_m, elapsed_s * _pace(state))
    uncertainty_m = min(length_m, 20.0 + 0.3 * elapsed_s * _pace(state))
    return Estimate(around.bores[bore].id, _place_in_bore(around, bore, along_m), uncertainty_m)


def _place_in_bore(around: Approaches, bore: int, along_m: float) -> Position:
    points = around.traces[bore]
    scaled = along_m * points[-1][1] / max(float(around.length_m[bore]), 0.1)
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


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a fix may be: edges with the distance along them and the log-likelihood; the last one is no known road."""

    edge: Int64s
    along_m: Floats
    weight: Floats


_MOST_PLACES = 8
_ELSEWHERE = -7.0  # seeing a vehicle off all known roads
_PLACE_REACH = 7.0  # in noise
_FARTHEST_FROM_ROAD_M = 80.0


def _places(around: Approaches, report: Seen, policy: Policy) -> _Places:
    """Roads near a fix; nothing at all when the vehicle is out of reach of the tunnel."""
    roads = around.roads
    x, y = float(around.plane.x(report.position.longitude_e7)), float(around.plane.y(report.position.latitude_e7))
    ax, ay = x - roads.piece_x, y - roads.piece_y
    square = np.maximum(roads.piece_dx**2 + roads.piece_dy**2, 1e-6)
    share = np.clip((ax * roads.piece_dx + ay * roads.piece_dy) / square, 0.0, 1.0)
    away = np.hypot(ax - share * roads.piece_dx, ay - share * roads.piece_dy)
    near = np.flatnonzero(away < _FARTHEST_FROM_ROAD_M)
    if not len(near):
        portal = np.hypot(around.portal_x - x, around.portal_y - y).min()
        if portal > 1500.0:
            return _Places(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))
        return _Places(np.array([NOWHERE]), np.zeros(1), np.array([_ELSEWHERE]))
    weight = -np.minimum((away[near] / policy.noise_m) ** 2 / 2, 2 * _PLACE_REACH)
    if report.heading_deg is not None and (report.speed_dkmh is None or report.speed_dkmh >= 80):
        course = np.degrees(np.arctan2(roads.piece_dx[near], roads.piece_dy[near]))
        turn = np.abs((course - report.heading_deg + 180) % 360 - 180)
        weight = weight - np.minimum((turn / 25.0) ** 2 / 2, 6.0)
    order = np.lexsort((-weight, roads.piece_edge[near]))
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(roads.piece_edge[near][order]) != 0
    best = order[first]
    best = best[np.argsort(-weight[best], kind="stable")][:_MOST_PLACES]
    piece = near[best]
    along = roads.piece_from_m[piece] + share[piece] * np.sqrt(square[piece])
    return _Places(
        np.append(roads.piece_edge[piece], NOWHERE), np.append(along, 0.0), np.append(weight[best], _ELSEWHERE)
    )


def _begin(report: Seen, places: _Places) -> TransitState:
    weights = np.exp(places.weight - places.weight.max())
    weights /= weights.sum()
    rows = zip(places.edge.tolist(), places.along_m.tolist(), weights.tolist(), strict=True)
    return TransitState(report, tuple(Guess(edge, along, NOWHERE, weight) for edge, along, weight in rows))


_NO_PLACE = _Places(np.array([NOWHERE]), np.zeros(1), np.array([_ELSEWHERE]))
_TURN_ROUND = -4.0
_LONGEST_OFF_ROAD_M = 1500.0
_LONGEST_APPROACH_M = 3000.0
_SLIP_M = 25.0  # noise along the road may set a vehicle back by this much
_WORTH_TURNING_M = 400.0
_LEAST_LOG_WEIGHT = -14.0
_MOST_GUESSES = 10


def _move(around: Approaches, state: TransitState, report: Seen, places: _Places, policy: Policy) -> tuple[Guess, ...]:
    """All ways from every guess to every place, in the open and through every bore, weighed and merged."""
    if not len(places.edge):
        places = _NO_PLACE
    ways = _Ways(around, state, report, places)
    evidence = _evidence(state, report, policy)
    known = np.log(np.maximum([guess.weight for guess in state.guesses], 1e-12))
    metres, cost, under = ways.openly()
    mapped = cost + evidence.of_ways(metres, under)
    unmapped = _unmapped(ways.straight_m) + evidence.of_ways(np.full_like(metres, ways.straight_m), np.zeros(1))
    openly = known[:, None] + places.weight + np.maximum(mapped, unmapped)
    before, after, cost = ways.through()
    length = around.length_m[ways.bores][:, None]
    metres = before + length + after
    through = known[:, None, None] + places.weight + cost + evidence.of_ways(metres, length)
    through[[guess.bore != NOWHERE for guess in state.guesses]] = -np.inf
    least = max(openly.max(), through.max(initial=-np.inf)) + _LEAST_LOG_WEIGHT
    weighed: dict[tuple[int, int], list[Guess]] = {}
    edges, alongs = places.edge.tolist(), places.along_m.tolist()
    for row, column in np.argwhere(openly >= least).tolist():
        guess = state.guesses[row]
        weight = float(openly[row, column])
        moved = Guess(edges[column], alongs[column], guess.bore, weight, guess.entered_ms, guess.left_ms)
        weighed.setdefault((edges[column], guess.bore), []).append(moved)
    for row, place, column in np.argwhere(through >= least).tolist():
        whole = float(metres[row, place, column])
        entered = float(before[row, place, 0]) / whole
        left = entered + float(length[place, 0]) / whole
        bore, weight = int(ways.bores[place]), float(through[row, place, column])
        passed = Guess(edges[column], alongs[column], bore, weight, *evidence.times(entered, left))
        weighed.setdefault((edges[column], bore), []).append(passed)
    return _merged(weighed)


def _merged(weighed: dict[tuple[int, int], list[Guess]]) -> tuple[Guess, ...]:
    """One guess for each place and bore, with the sum of the weights; the best few, summing to 1."""
    if not weighed:
        return ()
    top = max(guess.weight for group in weighed.values() for guess in group)
    merged = [
        dataclasses.replace(max(group, key=lambda guess: guess.weight), weight=_total(group, top))
        for group in weighed.values()
    ]
    merged.sort(key=lambda guess: (-guess.weight, guess.edge, guess.bore))
    kept = merged[:_MOST_GUESSES]
    total = sum(guess.weight for guess in kept)
    return tuple(dataclasses.replace(guess, weight=guess.weight / total) for guess in kept)


def _total(group: list[Guess], top: float) -> float:
    return sum(math.exp(max(-60.0, guess.weight - top)) for guess in group)


class _Ways:
    """Lengths and log costs of the ways between the guesses of a state and the places of a fix."""

    def __init__(self, around: Approaches, state: TransitState, report: Seen, places: _Places) -> None:
        self.around, self.places = around, places
        self.edge = np.array([guess.edge for guess in state.guesses], dtype=np.int64)
        self.along = np.array([guess.along_m for guess in state.guesses])
        self.rest = around.roads.length_m[self.edge] - self.along
        self.straight_m = distance_m(state.seen.position, report.position)
        count, plane = len(around.bores), around.plane
        here = float(plane.x(state.seen.position.longitude_e7)), float(plane.y(state.seen.position.latitude_e7))
        there = float(plane.x(report.position.longitude_e7)), float(plane.y(report.position.latitude_e7))
        to_entrance = np.hypot(around.portal_x[:count] - here[0], around.portal_y[:count] - here[1])
        off_road = np.where(to_entrance <= _LONGEST_OFF_ROAD_M, to_entrance, np.inf)
        on_road = self.rest[:, None] + around.between_m[around.roads.end[self.edge]][:, around.entrance]
        self._leaves_map = (self.edge == NOWHERE)[:, None] | (on_road >= _LONGEST_APPROACH_M)
        before = np.where(self._leaves_map, off_road, on_road)
        self.bores = np.flatnonzero((before < _LONGEST_APPROACH_M).any(axis=0))
        self._before = np.where(before < _LONGEST_APPROACH_M, before, np.inf)[:, self.bores]
        self._leaves_map = self._leaves_map[:, self.bores]
        self._from_exit = np.hypot(around.portal_x[count:] - there[0], around.portal_y[count:] - there[1])[self.bores]
        self._chord = np.hypot(
            around.portal_x[count:] - around.portal_x[:count], around.portal_y[count:] - around.portal_y[:count]
        )[self.bores]

    def openly(self) -> tuple[Floats, Floats, Floats]:
        """Of the ways that avoid the structure, for [guess, place], with the metres of them that lie in other tunnels."""
        roads, between, place, along = self.around.roads, self.around.between_m, self.places.edge, self.places.along_m
        starts = roads.start[place]
        metres = self.rest[:, None] + between[roads.end[self.edge]][:, starts] + along
        under = self.around.under_m[roads.end[self.edge]][:, starts]
        cost = -_detour(metres - self.straight_m)
        back = roads.reverse[self.edge]
        can_turn = (back != NOWHERE)[:, None]
        turned = self.along[:, None] + between[roads.end[back]][:, starts] + along
        turns = can_turn & (turned < metres - _WORTH_TURNING_M)
        under = np.where(turns, self.around.under_m[roads.end[back]][:, starts], under)
        metres, cost = _choose(turns, turned, _TURN_ROUND, metres, cost)
        ahead = along - self.rest[:, None]
        on_the_spot = can_turn & (back[:, None] == place) & (ahead >= -_SLIP_M)
        metres, cost = _choose(on_the_spot, np.maximum(ahead, 0.0), _TURN_ROUND, metres, cost)
        ahead = along - self.along[:, None]
        onwards = (self.edge[:, None] == place) & (ahead >= -_SLIP_M)
        metres, cost = _choose(onwards, np.maximum(ahead, 0.0), 0.0, metres, cost)
        is_off, becomes_off = (self.edge == NOWHERE)[:, None], place == NOWHERE
        off_road = _off_road(self.straight_m) - (is_off != becomes_off)
        straight = np.full_like(metres, self.straight_m)
        under = np.where(onwards | on_the_spot | is_off | becomes_off, 0.0, under)
        return *_choose(is_off | becomes_off, straight, off_road, metres, cost), under

    def through(self) -> tuple[Floats, Floats, Floats]:
        """Metres to the entrance [guess, bore, 1], metres from the exit [bore, place], log cost [guess, bore, place]."""
        before = self._before[:, :, None]
        exits = self.around.exit[self.bores]
        after = self.around.between_m[exits][:, self.around.roads.start[self.places.edge]] + self.places.along_m
        joins_map = (self.places.edge == NOWHERE) | (after >= _LONGEST_APPROACH_M)
        after = np.where(joins_map, self._from_exit[:, None], after)
        finite = np.where(np.isfinite(before), before, 0.0)
        cost = -_detour(before + self._chord[:, None] + after - self.straight_m)
        is_off, becomes_off = (self.edge == NOWHERE)[:, None, None], self.places.edge == NOWHERE
        leaving = np.where(is_off, _off_road(finite), _unmapped(finite))
        joining = np.where(becomes_off, _off_road(self._from_exit[:, None]), _unmapped(self._from_exit[:, None]))
        cost = cost + np.where(self._leaves_map[:, :, None], leaving, 0.0) + np.where(joins_map, joining, 0.0)
        return before, after, cost


def _choose(
    where: npt.NDArray[np.bool_], metres: Floats, cost: Floats | float, other_metres: Floats, other_cost: Floats
) -> tuple[Floats, Floats]:
    return np.where(where, metres, other_metres), np.where(where, cost, other_cost)


def _off_road(metres: Any) -> Any:
    return -metres / 150.0


def _unmapped(metres: Any) -> Any:
    """Log cost of a way between known roads by one that the map lacks."""
    return -5.0 - metres / 500.0


def _detour(extra_m: Floats) -> Floats:
    """Log cost of a way longer than the straight line: few drive about for nothing."""
    return np.clip(extra_m / 300.0, 0.0, 6.0)


_WANDERED = -4.0  # the open way may have been longer than the shortest: a stop, a turn in a side road


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the time between two fixes says about the length of the way between them."""

    from_ms: int
    elapsed_s: float
    habit_s: float
    missed: int
    lengths: tuple[tuple[float, float, float], ...]  # what is expected, its spread, and the most it may count
    fastest_m_s: float

    def of_ways(self, metres: Floats, underground_m: Floats) -> Floats:
        """Log-likelihoods of ways of so many metres, of which so many in a tunnel; minus infinity for no way."""
        is_way = np.isfinite(metres)
        metres = np.where(is_way, metres, 0.0)
        pace = metres / self.elapsed_s
        too_long = -(np.maximum(0.0, pace - self.fastest_m_s) ** 2) / 8
        too_short = np.zeros_like(metres)
        for expected, spread, most in self.lengths:
            misfit = np.minimum(((metres - expected) / (spread + 0.02 * metres)) ** 2 / 2, most)
            too_long -= np.where(metres > expected, misfit, 0.0)
            too_short -= np.where(metres > expected, 0.0, misfit)
        silent_s = underground_m / np.maximum(pace, 1.0)
        due = 0.0 if self.missed else np.log(np.maximum(0.02, 1.0 - silent_s / self.habit_s))
        silence = min(2.0 + self.missed, 5.0) if self.missed else 0.0
        openly = np.maximum(too_short, _WANDERED) - silence
        weight = too_long + np.where(underground_m > 0.0, too_short + due, openly)
        return np.where(is_way, weight, -np.inf)

    def times(self, entered: float, left: float) -> tuple[int, int]:
        """Moments at two shares of the way, at a steady pace."""
        whole_ms = self.elapsed_s * 1000
        return round(self.from_ms + entered * whole_ms), round(self.from_ms + left * whole_ms)


def _evidence(state: TransitState, report: Seen, policy: Policy) -> _Evidence:
    elapsed_s = (report.at_ms - state.seen.at_ms) / 1000
    habit_s = _habit_s(state, policy)
    speeds = [seen.speed_dkmh / 36 for seen in (state.seen, report) if seen.speed_dkmh is not None]
    lengths = []
    if speeds and elapsed_s <= 120:
        expected = sum(speeds) / len(speeds) * elapsed_s
        lengths.append((expected, 0.3 * expected + 60.0, 4.0))
    if state.seen.odometer_m is not None and report.odometer_m is not None:
        lengths.append((float(report.odometer_m - state.seen.odometer_m), 70.0, 12.0))
    missed = max(state.blind, round(elapsed_s / habit_s) - 1)
    return _Evidence(state.seen.at_ms, elapsed_s, habit_s, missed, tuple(lengths), policy.fastest_m_s)


def _habit_s(state: TransitState, policy: Policy) -> float:
    """How often the vehicle reports: the middle of its last steps, and at least as often as it must."""
    if not state.habit_ms:
        return policy.report_every_s
    middle_s = sorted(state.habit_ms)[(len(state.habit_ms) - 1) // 2] / 1000
    return min(policy.report_every_s, max(1.0, middle_s))


def _conclude(around: Approaches, state: TransitState, policy: Policy) -> Answer:
    """Tell what a new fix has settled, and drop the state of a vehicle that has gone."""
    events: list[Event] = []
    passed = sum(guess.weight for guess in state.guesses if guess.bore != NOWHERE)
    has_gone = all(guess.edge == NOWHERE for guess in state.guesses) and _is_far(around, state)
    waited = state.waited + 1 if passed > 1 - policy.sure else 0
    state = dataclasses.replace(state, waited=waited)
    if passed >= policy.sure or (waited and (waited >= policy.patience or has_gone)):
        state, event = _settle(around, state, passed, policy)
        events += event
    elif waited == 0 and state.inside != NOWHERE:
        events.append(_reappeared(around, state))
        state = dataclasses.replace(state, inside=NOWHERE, is_overdue=False)
    if has_gone:
        return None, tuple(events)
    state, warning = _warn(around, state, policy)
    return state, (*events, *warning)


def _is_far(around: Approaches, state: TransitState) -> bool:
    x, y = around.plane.x(state.seen.position.longitude_e7), around.plane.y(state.seen.position.latitude_e7)
    return bool(np.hypot(around.portal_x - x, around.portal_y - y).min() > 1500.0)


def _settle(around: Approaches, state: TransitState, passed: float, policy: Policy) -> tuple[TransitState, list[Event]]:
    """Transit, ambiguous or nothing; either way the question is closed and the guesses of the answer remain."""
    through = [guess for guess in state.guesses if guess.bore != NOWHERE]
    best = max(through, key=lambda guess: guess.weight)
    kind = Kind.TRANSIT if passed >= policy.likely else Kind.AMBIGUOUS if passed > 1 - policy.likely else None
    events = []
    if kind is not None:
        bore_id = around.bores[best.bore].id
        events.append(Event(kind, bore_id, state.seen.at_ms, passed, best.entered_ms, best.left_ms))
    elif state.inside != NOWHERE:
        events.append(_reappeared(around, state))
    kept = through if kind is Kind.TRANSIT else state.guesses
    merged: dict[tuple[int, int], list[Guess]] = {}
    for guess in kept:
        plain = Guess(guess.edge, guess.along_m, NOWHERE, math.log(max(guess.weight, 1e-12)))
        merged.setdefault((guess.edge, NOWHERE), []).append(plain)
    closed = dataclasses.replace(
        state, guesses=_merged(merged), waited=0, inside=NOWHERE, is_overdue=False, warned=NOWHERE
    )
    return closed, events


def _reappeared(around: Approaches, state: TransitState) -> Event:
    bore = state.inside
    x, y = around.plane.x(state.seen.position.longitude_e7), around.plane.y(state.seen.position.latitude_e7)
    away = np.hypot(around.portal_x - x, around.portal_y - y)
    is_back = away[bore] <= away[bore + len(around.bores)]
    kind = Kind.TURNED_BACK if is_back else Kind.REROUTED
    return Event(kind, around.bores[bore].id, state.seen.at_ms, entered_ms=state.inside_since_ms)


def _warn(around: Approaches, state: TransitState, policy: Policy) -> tuple[TransitState, tuple[Event, ...]]:
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
    count = len(around.bores)
    chance, to_portal, committed = np.zeros(count), np.full(count, np.inf), np.zeros(count)
    roads = around.roads
    ahead_m = _pace(state) * _habit_s(state, policy) * 1.1 + 50.0
    for guess in state.guesses:
        if guess.edge == NOWHERE or guess.bore != NOWHERE:
            continue
        rest = float(roads.length_m[guess.edge]) - guess.along_m
        portal = rest + around.between_m[roads.end[guess.edge], around.entrance]
        past = around.is_committed[:, guess.edge]
        soon = (past | (rest + around.to_turn_off_m[:, guess.edge] <= ahead_m)) & (portal <= policy.approach_m)
        chance += guess.weight * soon
        committed += guess.weight * (soon & past)
        to_portal = np.where(soon, np.minimum(to_portal, portal), to_portal)
    return chance, to_portal, committed


def _wait(around: Approaches, state: TransitState, report: Blind | Tick, policy: Policy) -> Answer:
    """Time without a fix: presume the entry, then miss the exit."""
    if report.at_ms <= state.seen.at_ms:
        return state, ()
    if isinstance(report, Blind):
        state = dataclasses.replace(state, blind=state.blind + 1)
    if state.inside == NOWHERE:
        return _presume(around, state, report, policy)
    longest_s = float(around.length_m[state.inside]) / policy.slowest_m_s + policy.overdue_slack_s
    if state.is_overdue or report.at_ms < state.inside_since_ms + longest_s * 1000:
        return state, ()
    event = Event(Kind.OVERDUE, around.bores[state.inside].id, report.at_ms, entered_ms=state.inside_since_ms)
    return dataclasses.replace(state, is_overdue=True), (event,)


def _presume(around: Approaches, state: TransitState, report: Blind | Tick, policy: Policy) -> Answer:
    elapsed_s = (report.at_ms - state.seen.at_ms) / 1000
    if state.blind == 0 and elapsed_s < 1.5 * _habit_s(state, policy) + 2.0:
        return state, ()
    chance, to_portal, committed = _approach(around, state, policy)
    bore = int(np.argmax(committed))
    reached_s = float(to_portal[bore]) / _pace(state)
    if committed[bore] < 0.5 or elapsed_s < reached_s:
        return state, ()
    entered_ms = state.seen.at_ms + round(reached_s * 1000)
    event = Event(Kind.ENTERED, around.bores[bore].id, report.at_ms, float(chance[bore]), entered_ms=entered_ms)
    return dataclasses.replace(state, inside=bore, inside_since_ms=entered_ms), (event,)
