"""The ways between two fixes that avoid all tunnels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
from geo.stretches import Stretch, begin_of, rest_of
from geo.transit_places import Places
from geo.transit_state import NOWHERE, Guess
from geo.ways import OFF_ROAD_M_S, UNMAPPED_M_S, Open, off_road, unmapped

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

_TURN_ROUND = -4.0
_SLIP_M = 25.0  # noise along the road may set a vehicle back by this much
_WORTH_TURNING_M = 400.0


def open_ways(around: Approaches, guesses: tuple[Guess, ...], places: Places, straight_m: float) -> Open:
    """[guess, 2, place]: the ways, and beside each the straight line over a road that the map lacks."""
    openly = _mapped(around, guesses, places, straight_m)
    shape = openly.cost.shape
    lacking = Stretch.straight(np.full(shape, straight_m), np.full(shape, straight_m / UNMAPPED_M_S))
    ways = [openly, Open(lacking, np.full(shape, unmapped(straight_m)))]
    return Open.concatenated([way.at((slice(None), None)) for way in ways], axis=1)


def _mapped(around: Approaches, guesses: tuple[Guess, ...], places: Places, straight_m: float) -> Open:
    """[guess, place] outside all bores: the likeliest of going on, turning round first, and a road the map lacks."""
    roads = around.roads
    edge = np.array([guess.edge for guess in guesses], dtype=np.int64)
    along = np.array([guess.along_m for guess in guesses])
    back = roads.reverse[edge]
    goal = begin_of(roads.whole.at(places.edge), places.along_m)
    can_turn = (back != NOWHERE)[:, None]
    way = around.between.at((roads.end[edge][:, None], roads.start[places.edge]))
    onwards = rest_of(roads.whole.at((edge, None)), along[:, None]).then(way).then(goal)
    best = Open(onwards, np.zeros(onwards.metres.shape))
    if can_turn.any():
        way = around.between.at((roads.end[back][:, None], roads.start[places.edge]))
        turned = (
            rest_of(roads.whole.at((back, None)), roads.length_m[back][:, None] - along[:, None]).then(way).then(goal)
        )
        is_shorter = can_turn & (turned.metres < best.metres - _WORTH_TURNING_M)
        if is_shorter.any():
            best = Open(turned, np.full_like(turned.metres, _TURN_ROUND)).choose(is_shorter, best)
        ahead = places.along_m - (roads.length_m[edge] - along)[:, None]
        on_the_spot = can_turn & (back[:, None] == places.edge) & (ahead >= -_SLIP_M)
        if on_the_spot.any():
            best = _along(roads.whole, edge, ahead, _TURN_ROUND).choose(on_the_spot, best)
    ahead = places.along_m - along[:, None]
    stays = (edge[:, None] == places.edge) & (ahead >= -_SLIP_M)
    if stays.any():
        best = _along(roads.whole, edge, ahead, 0.0).choose(stays, best)
    is_off, becomes_off = (edge == NOWHERE)[:, None], places.edge == NOWHERE
    straight = np.full_like(best.cost, straight_m)
    off = Open(
        Stretch.straight(straight, straight / OFF_ROAD_M_S), off_road(straight_m) - 1.0 * (is_off != becomes_off)
    )
    return off.choose(is_off | becomes_off, best)


def _along(whole: Stretch, edge: Int64s, ahead: Floats, cost: float) -> Open:
    metres = np.maximum(ahead, 0.0)
    pace = whole.seconds[edge] / np.maximum(whole.metres[edge], 0.1)
    return Open(Stretch.straight(metres, metres * pace[:, None]), np.full_like(ahead, cost))
