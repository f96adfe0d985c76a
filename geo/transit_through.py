"""The ways between two fixes that lead through tunnels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
from geo.position import Position
from geo.stretches import Stretch, begin_of, rest_of
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
    """Ways through chains of bores, and when along the way each bore of the chain begins and ends [guess, chain, 1, bore]."""

    chains: tuple[Chain, ...]
    front: Open  # [guess, chain] from the guess to the last exit
    back: Open  # [chain, place] from there on
    enters_s: Floats  # an empty interval where the chain has no more bores
    leaves_s: Floats


def through_ways(
    around: Approaches, before: Position, guesses: tuple[Guess, ...], after: Position, places: Places, limit_m: float
) -> Through | None:
    """The likely chains of at most ``limit_m``; none where the structure itself is out of reach and was not passed before."""
    near, plane = around.near, around.plane
    here, there = ((float(plane.x(place.longitude_e7)), float(plane.y(place.latitude_e7))) for place in (before, after))
    to_entrance = np.hypot(near.entrance_x - here[0], near.entrance_y - here[1])
    from_exit = np.hypot(near.exit_x - there[0], near.exit_y - there[1])
    within = np.flatnonzero(to_entrance + near.length_m + from_exit <= limit_m)
    if not len(within) or (within[0] >= near.own and not any(guess.passed for guess in guesses)):
        return None
    inside, hop = near.inside.at(within), near.hop.at(np.ix_(within, within))
    starts = _to_bores(around, guesses, within, to_entrance[within])
    goals = _from_bores(around, places, within, from_exit[within])
    found = chains(_legs(guesses, places, starts, hop, goals, inside.metres, near.structure[within]), limit_m)
    if not found:
        return None
    first, last = [chain[0] for chain in found], [chain[-1] for chain in found]
    inner, enters, leaves = _laid(found, hop, inside)
    fronts, backs, since = [], [], []
    for start, goal in ((starts[0], goals[0]), (starts[0], goals[1]), (starts[1], goals[0])):
        begin = start.at((slice(None), first))
        fronts.append(begin.then(inner))
        backs.append(goal.at(last))
        since.append((begin.stretch.seconds + begin.stretch.lost_s)[:, :, None, None])
    return Through(
        tuple(tuple(within[list(chain)].tolist()) for chain in found) * len(fronts),
        Open.concatenated(fronts, axis=1),
        Open.concatenated(backs, axis=0),
        np.concatenate([begin + enters[:, None] for begin in since], axis=1),
        np.concatenate([begin + leaves[:, None] for begin in since], axis=1),
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


def _laid(found: list[Chain], hop: Open, inside: Stretch) -> tuple[Open, Floats, Floats]:
    """From first entrance to last exit, and the seconds from there to each bore's entrance and exit [chain, bore]."""
    longest = max(map(len, found))
    bores = np.array([chain + (-1,) * (longest - len(chain)) for chain in found])
    whole = Open(inside.at(bores[:, 0]), np.zeros(len(found)))
    enters, leaves = np.zeros(bores.shape), np.zeros(bores.shape)
    leaves[:, 0] = whole.seconds
    for place in range(1, longest):
        has = bores[:, place] >= 0
        reached = whole.then(hop.at((bores[:, place - 1], bores[:, place])))
        gone = reached.then(Open(inside.at(bores[:, place]), np.zeros(len(found))))
        enters[has, place], leaves[has, place] = reached.seconds[has], gone.seconds[has]
        whole = gone.choose(has, whole)
    return whole, enters, leaves


def _to_bores(around: Approaches, guesses: tuple[Guess, ...], bores: Int64s, straight: Floats) -> Variants:
    """[guess, bore] from each guess to each entrance."""
    roads = around.roads
    edge = np.array([guess.edge for guess in guesses], dtype=np.int64)
    along = np.array([guess.along_m for guess in guesses])
    way = around.between.at((roads.end[edge][:, None], around.near.entrance[bores]))
    mapped = rest_of(roads.whole.at((edge, None)), along[:, None]).then(way)
    return _variants((edge == NOWHERE)[:, None], straight, mapped)


def _from_bores(around: Approaches, places: Places, bores: Int64s, straight: Floats) -> Variants:
    """[bore, place] from each exit to each place."""
    roads = around.roads
    way = around.between.at((around.near.exit[bores][:, None], roads.start[places.edge]))
    mapped = way.then(begin_of(roads.whole.at(places.edge), places.along_m))
    return _variants(places.edge == NOWHERE, straight[:, None], mapped)


def _variants(is_off: npt.NDArray[np.bool_], straight: Floats, mapped: Stretch) -> Variants:
    """As the map has it, or straight over no known road where the guess or place is on none; and over a road that the map lacks."""
    straight, is_off = np.broadcast_arrays(straight, is_off)
    within = np.where(straight <= _FARTHEST_OFF_ROAD_M, straight, np.inf)
    off = Open(Stretch.straight(within, straight / OFF_ROAD_M_S), off_road(straight))
    lacking = Stretch.straight(np.where(is_off, np.inf, within), straight / UNMAPPED_M_S)
    return off.choose(is_off, Open(mapped, np.zeros(straight.shape))), Open(lacking, unmapped(straight))
