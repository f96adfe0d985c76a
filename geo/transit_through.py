"""The ways between two fixes that lead through tunnels."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
from geo.position import Position
from geo.transit_chains import Chain, Legs, chains
from geo.transit_places import Places
from geo.transit_state import NOWHERE, Guess
from geo.ways import OFF_ROAD_M_S, UNMAPPED_M_S, Open, off_road, unmapped

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

Variants = tuple[Open, Open]  # as the map has it, and over a road that it lacks

DETOUR_M = 300.0  # places whose way is longer than the straight line by this much are e times less likely
_FARTHEST_OFF_ROAD_M = 1500.0


class Through(NamedTuple):
    """Ways [guess, chain, place], and when along the way each bore of the chain begins and ends [guess, chain, 1, bore]."""

    chains: tuple[Chain, ...]
    ways: Open
    enters_s: Floats  # an empty interval where the chain has no more bores
    leaves_s: Floats


def through_ways(
    around: Approaches, before: Position, guesses: tuple[Guess, ...], after: Position, places: Places, limit_m: float
) -> Through:
    """The likely chains of at most ``limit_m``; none where the structure itself is out of reach and was not passed before."""
    near, plane = around.near, around.plane
    here, there = ((float(plane.x(place.longitude_e7)), float(plane.y(place.latitude_e7))) for place in (before, after))
    to_entrance = np.hypot(near.entrance_x - here[0], near.entrance_y - here[1])
    from_exit = np.hypot(near.exit_x - there[0], near.exit_y - there[1])
    within = np.flatnonzero(to_entrance + near.length_m + from_exit <= limit_m)
    nothing = np.zeros((len(guesses), 0, len(places.edge)))
    none = Through((), Open(nothing, nothing, nothing), nothing[:, :, :1, None], nothing[:, :, :1, None])
    if not len(within) or (within[0] >= near.own and not any(guess.passed for guess in guesses)):
        return none
    length_m, length_s = near.length_m[within], near.seconds[within]
    starts = _to_bores(around, guesses, within, to_entrance[within])
    goals = _from_bores(around, places, within, from_exit[within])
    hop = Open(*(part[np.ix_(within, within)] for part in near.hop))
    found = chains(_legs(guesses, places, starts, hop, goals, length_m, near.structure[within]), limit_m)
    if not found:
        return none
    first, last = [chain[0] for chain in found], [chain[-1] for chain in found]
    begin, inner = _laid(found, hop, length_m, length_s)
    takes = _padded([length_s[list(chain)].tolist() for chain in found])
    ways, enters = [], []
    for start, goal in ((starts[0], goals[0]), (starts[0], goals[1]), (starts[1], goals[0])):
        legs = zip(start, inner, goal, strict=True)
        ways.append([one[:, first, None] + two[:, None] + three[last] for one, two, three in legs])
        enters.append(start.seconds[:, first, None, None] + begin[:, None, :])
    entering = np.concatenate(enters, axis=1)
    return Through(
        tuple(tuple(within[list(chain)].tolist()) for chain in found) * len(ways),
        Open(*(np.concatenate(parts, axis=1) for parts in zip(*ways, strict=True))),
        entering,
        entering + np.concatenate([takes] * len(ways))[:, None, :],
    )


def _legs(
    guesses: tuple[Guess, ...],
    places: Places,
    starts: Variants,
    hop: Open,
    goals: Variants,
    length_m: Floats,
    structure: Int64s,
) -> Legs:
    """For a search: the nearest of the guesses and of the places, and burdens for unlikely ones and unlikely legs."""
    known = np.log(np.maximum([guess.weight for guess in guesses], 1e-12))
    begin, end = (known - known.max())[:, None], places.weight - places.weight.max()
    return Legs(
        np.minimum(*(start.metres.min(axis=0) for start in starts)),
        np.minimum(*((start.metres - DETOUR_M * (start.cost + begin)).min(axis=0) for start in starts)),
        hop.metres,
        hop.metres - DETOUR_M * hop.cost,
        np.minimum(*(goal.metres.min(axis=1) for goal in goals)),
        np.minimum(*((goal.metres - DETOUR_M * (goal.cost + end)).min(axis=1) for goal in goals)),
        length_m,
        structure,
    )


def _laid(found: list[Chain], hop: Open, length_m: Floats, length_s: Floats) -> tuple[Floats, Open]:
    """Seconds from the first entrance to each bore's [chain, bore]; the whole from first entrance to last exit."""
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
    return _padded(begins), Open(np.array(metres), np.array(seconds), np.array(cost))


def _padded(rows: list[list[float]]) -> Floats:
    longest = max(map(len, rows))
    return np.array([row + [0.0] * (longest - len(row)) for row in rows])


def _to_bores(around: Approaches, guesses: tuple[Guess, ...], bores: Int64s, straight: Floats) -> Variants:
    """[guess, bore] from each guess to each entrance."""
    roads = around.roads
    edge = np.array([guess.edge for guess in guesses], dtype=np.int64)
    along = np.array([guess.along_m for guess in guesses])
    way = roads.end[edge][:, None], around.near.entrance[bores]
    share = 1.0 - along / np.maximum(roads.length_m[edge], 0.1)
    metres = (roads.length_m[edge] - along)[:, None] + around.open_m[way]
    seconds = (share * roads.seconds[edge])[:, None] + around.open_s[way]
    return _variants((edge == NOWHERE)[:, None], straight, metres, seconds)


def _from_bores(around: Approaches, places: Places, bores: Int64s, straight: Floats) -> Variants:
    """[bore, place] from each exit to each place."""
    roads = around.roads
    way = around.near.exit[bores][:, None], roads.start[places.edge]
    share = places.along_m / np.maximum(roads.length_m[places.edge], 0.1)
    metres = around.open_m[way] + places.along_m
    seconds = around.open_s[way] + share * roads.seconds[places.edge]
    return _variants(places.edge == NOWHERE, straight[:, None], metres, seconds)


def _variants(is_off: npt.NDArray[np.bool_], straight: Floats, metres: Floats, seconds: Floats) -> Variants:
    """As the map has it, or straight over no known road where the guess or place is on none; and over a road that the map lacks."""
    straight, is_off = np.broadcast_arrays(straight, is_off)
    within = np.where(straight <= _FARTHEST_OFF_ROAD_M, straight, np.inf)
    mapped = Open(
        np.where(is_off, within, metres),
        np.where(is_off, straight / OFF_ROAD_M_S, seconds),
        np.where(is_off, off_road(straight), 0.0),
    )
    return mapped, Open(np.where(is_off, np.inf, within), straight / UNMAPPED_M_S, unmapped(straight))
