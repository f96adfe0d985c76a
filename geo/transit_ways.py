"""The ways from the guesses of a state to the places of a fix: in the open, and through chains of bores."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
from geo.position import Position, distance_m
from geo.transit_chains import Chain, Legs, chains
from geo.transit_places import Places
from geo.transit_state import NOWHERE, Guess
from geo.ways import UNMAPPED_M_S, Open, unmapped

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

_TURN_ROUND = -4.0
_SLIP_M = 25.0  # noise along the road may set a vehicle back by this much
_WORTH_TURNING_M = 400.0
_OFF_ROAD_M_S = 5.0
_DETOUR_M = 300.0  # places whose way is longer than the straight line by this much are e times less likely
_DETOUR_LEAST_M, _DETOUR_SHARE = 50.0, 0.05  # and a way longer than the best by this much and this share of it
_FARTHEST_M = 8000.0


@dataclass(frozen=True, slots=True)
class Candidates:
    """Ways [guess, chain, place]; the first two chains are empty: the way in the open, and one that the map lacks."""

    chains: tuple[Chain, ...]
    metres: Floats
    seconds: Floats  # at legal speed
    cost: Floats  # log-likelihood of taking such a way at all
    enters_s: Floats  # [guess, chain, 1, bore of the chain] along the way; empty intervals where the chain is shorter
    leaves_s: Floats


def candidates(
    around: Approaches, before: Position, guesses: tuple[Guess, ...], after: Position, places: Places, limit_m: float
) -> Candidates:
    """Ways of at most ``limit_m`` through bores, and those in the open of any length."""
    edge = np.array([guess.edge for guess in guesses], dtype=np.int64)
    along = np.array([guess.along_m for guess in guesses])
    straight_m = distance_m(before, after)
    openly = _stacked(_openly(around, edge, along, places, straight_m), straight_m)
    near, plane = around.near, around.plane
    here, there = ((float(plane.x(place.longitude_e7)), float(plane.y(place.latitude_e7))) for place in (before, after))
    to_entrance = np.hypot(near.entrance_x - here[0], near.entrance_y - here[1])
    from_exit = np.hypot(near.exit_x - there[0], near.exit_y - there[1])
    within = np.flatnonzero(to_entrance + near.length_m + from_exit <= limit_m)
    if len(within) and (within[0] < near.own or any(guess.passed for guess in guesses)):
        start = _to_bores(around, edge, along, within, to_entrance[within])
        goal = _from_bores(around, places, within, from_exit[within])
        hop = Open(*(part[np.ix_(within, within)] for part in near.hop))
        found = chains(_legs(guesses, places, start, hop, goal, near.length_m[within], near.structure[within]), limit_m)
    else:
        found = []
    if not found:
        none = np.zeros((len(guesses), 2, 1, 0))
        return Candidates(((), ()), *_with_detours(openly, straight_m), none, none)
    first, last = [chain[0] for chain in found], [chain[-1] for chain in found]
    length_s = near.seconds[within]
    begin, inner = _laid(found, hop, near.length_m[within], length_s)
    through = Open(
        start.metres[:, first, None] + inner.metres[:, None] + goal.metres[last],
        start.seconds[:, first, None] + inner.seconds[:, None] + goal.seconds[last],
        start.cost[:, first, None] + inner.cost[:, None] + goal.cost[last],
    )
    enters = start.seconds[:, first, None, None] + np.where(np.isnan(begin), 0.0, begin)[:, None, :]
    longest = np.where(np.isnan(begin), 0.0, _padded([length_s[list(chain)].tolist() for chain in found], 0.0))
    none = np.zeros((len(guesses), 2, 1, begin.shape[1]))
    ways = Open(*(np.concatenate([one, other], axis=1) for one, other in zip(openly, through, strict=True)))
    return Candidates(
        ((), (), *(tuple(within[list(chain)].tolist()) for chain in found)),
        *_with_detours(ways, straight_m),
        np.concatenate([none, enters], axis=1),
        np.concatenate([none, enters + longest[:, None, :]], axis=1),
    )


def _stacked(openly: Open, straight_m: float) -> Open:
    """[guess, 2, place]: the ways, and beside each the straight line over a road that the map lacks."""
    shape = openly.metres.shape
    lacking = (straight_m, straight_m / UNMAPPED_M_S, float(unmapped(straight_m)))
    return Open(*(np.stack([part, np.full(shape, other)], axis=1) for part, other in zip(openly, lacking, strict=True)))


def _legs(
    guesses: tuple[Guess, ...], places: Places, start: Open, hop: Open, goal: Open, length_m: Floats, structure: Int64s
) -> Legs:
    """For a search: the nearest of the guesses and of the places, and burdens for unlikely ones and unlikely legs."""
    known = np.log(np.maximum([guess.weight for guess in guesses], 1e-12))
    begin = start.cost + (known - known.max())[:, None]
    end = goal.cost + places.weight - places.weight.max()
    return Legs(
        start.metres.min(axis=0),
        (start.metres - _DETOUR_M * begin).min(axis=0),
        hop.metres,
        hop.metres - _DETOUR_M * hop.cost,
        goal.metres.min(axis=1),
        (goal.metres - _DETOUR_M * end).min(axis=1),
        length_m,
        structure,
    )


def _laid(found: list[Chain], hop: Open, length_m: Floats, length_s: Floats) -> tuple[Floats, Open]:
    """Seconds from the first entrance to each bore's, NaN beyond the end [chain, bore]; the whole from first entrance to last exit."""
    begins, metres, seconds, cost = [], [], [], []
    for chain in found:
        begin = [0.0]
        long_m, long_s, unlikely = float(length_m[chain[0]]), float(length_s[chain[0]]), 0.0
        for one, other in pairwise(chain):
            begin.append(long_s + float(hop.seconds[one, other]))
            long_m += float(hop.metres[one, other]) + float(length_m[other])
            long_s = begin[-1] + float(length_s[other])
            unlikely += float(hop.cost[one, other])
        begins.append(begin)
        metres.append(long_m)
        seconds.append(long_s)
        cost.append(unlikely)
    return _padded(begins, np.nan), Open(np.array(metres), np.array(seconds), np.array(cost))


def _padded(rows: list[list[float]], filler: float) -> Floats:
    longest = max(map(len, rows))
    return np.array([row + [filler] * (longest - len(row)) for row in rows])


def _to_bores(around: Approaches, edge: Int64s, along: Floats, bores: Int64s, straight: Floats) -> Open:
    """[guess, bore] from each guess to each entrance."""
    roads = around.roads
    way = roads.end[edge][:, None], around.near.entrance[bores]
    share = 1.0 - along / np.maximum(roads.length_m[edge], 0.1)
    metres = (roads.length_m[edge] - along)[:, None] + around.open_m[way]
    seconds = (share * roads.seconds[edge])[:, None] + around.open_s[way]
    return _where_off((edge == NOWHERE)[:, None], straight, Open.of(metres, seconds, straight))


def _from_bores(around: Approaches, places: Places, bores: Int64s, straight: Floats) -> Open:
    """[bore, place] from each exit to each place."""
    roads = around.roads
    way = around.near.exit[bores][:, None], roads.start[places.edge]
    share = places.along_m / np.maximum(roads.length_m[places.edge], 0.1)
    metres = around.open_m[way] + places.along_m
    seconds = around.open_s[way] + share * roads.seconds[places.edge]
    off = straight[:, None]
    return _where_off(places.edge == NOWHERE, off, Open.of(metres, seconds, off))


def _where_off(is_off: npt.NDArray[np.bool_], straight: Floats, mapped: Open) -> Open:
    """Straight over no known road where the guess or place is on none."""
    within = np.where(straight <= 1500.0, straight, np.inf)
    return Open(
        np.where(is_off, within, mapped.metres),
        np.where(is_off, straight / _OFF_ROAD_M_S, mapped.seconds),
        np.where(is_off, _off_road(straight), mapped.cost),
    )


def _openly(around: Approaches, edge: Int64s, along: Floats, places: Places, straight_m: float) -> Open:
    """[guess, place] outside all bores: the likeliest of going on, turning round first, and a road the map lacks."""
    roads = around.roads
    rest, back = roads.length_m[edge] - along, roads.reverse[edge]
    starts = roads.start[places.edge]
    pace = roads.seconds[edge] / np.maximum(roads.length_m[edge], 0.1)
    tail_s = places.along_m * (roads.seconds[places.edge] / np.maximum(roads.length_m[places.edge], 0.1))
    ends = roads.end[edge]
    best = Open(
        rest[:, None] + around.open_m[ends[:, None], starts] + places.along_m,
        (rest * pace)[:, None] + around.open_s[ends[:, None], starts] + tail_s,
        np.zeros((len(edge), len(starts))),
    )
    can_turn = (back != NOWHERE)[:, None]
    ends = roads.end[back]
    turned = Open(
        along[:, None] + around.open_m[ends[:, None], starts] + places.along_m,
        (along * pace)[:, None] + around.open_s[ends[:, None], starts] + tail_s,
        np.full_like(best.cost, _TURN_ROUND),
    )
    best = _choose(can_turn & (turned.metres < best.metres - _WORTH_TURNING_M), turned, best)
    ahead = places.along_m - rest[:, None]
    on_the_spot = can_turn & (back[:, None] == places.edge) & (ahead >= -_SLIP_M)
    best = _choose(on_the_spot, _along(ahead, pace, _TURN_ROUND), best)
    ahead = places.along_m - along[:, None]
    best = _choose((edge[:, None] == places.edge) & (ahead >= -_SLIP_M), _along(ahead, pace, 0.0), best)
    straight = np.full_like(best.cost, straight_m)
    is_off, becomes_off = (edge == NOWHERE)[:, None], places.edge == NOWHERE
    off = Open(straight, straight / _OFF_ROAD_M_S, _off_road(straight_m) - 1.0 * (is_off != becomes_off))
    return _choose(is_off | becomes_off, off, best)


def _along(ahead: Floats, pace: Floats, cost: float) -> Open:
    metres = np.maximum(ahead, 0.0)
    return Open(metres, metres * pace[:, None], np.full_like(ahead, cost))


def _choose(where: npt.NDArray[np.bool_], one: Open, other: Open) -> Open:
    return Open(*(np.where(where, a, b) for a, b in zip(one, other, strict=True)))


def _off_road(metres: Any) -> Any:
    return -metres / 150.0


def _with_detours(ways: Open, straight_m: float) -> Open:
    """[guess, way, place] with the log cost of being longer than the best way there is: few drive about for nothing."""
    burden = ways.metres - _DETOUR_M * ways.cost
    burden[:, 1] = np.inf
    shortest = np.minimum(burden.min(axis=1, keepdims=True), _FARTHEST_M)
    extra = np.minimum(np.maximum(ways.metres, 0.0) - shortest, _FARTHEST_M)
    detour = np.clip(extra / (_DETOUR_LEAST_M + _DETOUR_SHARE * shortest), 0.0, 6.0)
    roundabout = np.clip((shortest - straight_m) / _DETOUR_M, 0.0, 6.0)
    detour[:, 1], roundabout = 0.0, np.broadcast_to(roundabout, detour.shape).copy()
    roundabout[:, 1] = 0.0
    return ways._replace(cost=ways.cost - detour - roundabout)
