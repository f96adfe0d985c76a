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
from geo.ways import OFF_ROAD_M_S, Open, off_road

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

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
    start = _to_bores(around, guesses, within, to_entrance[within])
    goal = _from_bores(around, places, within, from_exit[within])
    hop = Open(*(part[np.ix_(within, within)] for part in near.hop))
    found = chains(_legs(guesses, places, start, hop, goal, length_m, near.structure[within]), limit_m)
    if not found:
        return none
    first, last = [chain[0] for chain in found], [chain[-1] for chain in found]
    begin, inner = _laid(found, hop, length_m, length_s)
    takes = _padded([length_s[list(chain)].tolist() for chain in found])
    enters = start.seconds[:, first, None, None] + begin[:, None, :]
    return Through(
        tuple(tuple(within[list(chain)].tolist()) for chain in found),
        Open(
            *(
                one[:, first, None] + two[:, None] + three[last]
                for one, two, three in zip(start, inner, goal, strict=True)
            )
        ),
        enters,
        enters + takes[:, None, :],
    )


def _legs(
    guesses: tuple[Guess, ...], places: Places, start: Open, hop: Open, goal: Open, length_m: Floats, structure: Int64s
) -> Legs:
    """For a search: the nearest of the guesses and of the places, and burdens for unlikely ones and unlikely legs."""
    known = np.log(np.maximum([guess.weight for guess in guesses], 1e-12))
    begin = start.cost + (known - known.max())[:, None]
    end = goal.cost + places.weight - places.weight.max()
    return Legs(
        start.metres.min(axis=0),
        (start.metres - DETOUR_M * begin).min(axis=0),
        hop.metres,
        hop.metres - DETOUR_M * hop.cost,
        goal.metres.min(axis=1),
        (goal.metres - DETOUR_M * end).min(axis=1),
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


def _to_bores(around: Approaches, guesses: tuple[Guess, ...], bores: Int64s, straight: Floats) -> Open:
    """[guess, bore] from each guess to each entrance."""
    roads = around.roads
    edge = np.array([guess.edge for guess in guesses], dtype=np.int64)
    along = np.array([guess.along_m for guess in guesses])
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
    within = np.where(straight <= _FARTHEST_OFF_ROAD_M, straight, np.inf)
    return Open(
        np.where(is_off, within, mapped.metres),
        np.where(is_off, straight / OFF_ROAD_M_S, mapped.seconds),
        np.where(is_off, off_road(straight), mapped.cost),
    )
