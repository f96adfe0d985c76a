"""The ways between two fixes that avoid all tunnels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
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
    shape = openly.metres.shape
    lacking = (straight_m, straight_m / UNMAPPED_M_S, float(unmapped(straight_m)))
    return Open(*(np.stack([part, np.full(shape, other)], axis=1) for part, other in zip(openly, lacking, strict=True)))


def _mapped(around: Approaches, guesses: tuple[Guess, ...], places: Places, straight_m: float) -> Open:
    """[guess, place] outside all bores: the likeliest of going on, turning round first, and a road the map lacks."""
    roads = around.roads
    edge = np.array([guess.edge for guess in guesses], dtype=np.int64)
    along = np.array([guess.along_m for guess in guesses])
    rest, back = roads.length_m[edge] - along, roads.reverse[edge]
    starts, pace = roads.start[places.edge], roads.pace[edge]
    tail_s = places.along_m * roads.pace[places.edge]
    can_turn = (back != NOWHERE)[:, None]
    way = roads.end[edge][:, None], starts
    best = Open(
        rest[:, None] + around.open_m[way] + places.along_m,
        (rest * pace)[:, None] + around.open_s[way] + tail_s,
        np.zeros((len(edge), len(starts))),
    )
    if can_turn.any():
        way = roads.end[back][:, None], starts
        metres = along[:, None] + around.open_m[way] + places.along_m
        is_shorter = can_turn & (metres < best.metres - _WORTH_TURNING_M)
        if is_shorter.any():
            turned_s = (along * pace)[:, None] + around.open_s[way] + tail_s
            best = _choose(is_shorter, Open(metres, turned_s, np.full_like(metres, _TURN_ROUND)), best)
        ahead = places.along_m - rest[:, None]
        on_the_spot = can_turn & (back[:, None] == places.edge) & (ahead >= -_SLIP_M)
        if on_the_spot.any():
            best = _choose(on_the_spot, _along(ahead, pace, _TURN_ROUND), best)
    ahead = places.along_m - along[:, None]
    stays = (edge[:, None] == places.edge) & (ahead >= -_SLIP_M)
    if stays.any():
        best = _choose(stays, _along(ahead, pace, 0.0), best)
    is_off, becomes_off = (edge == NOWHERE)[:, None], places.edge == NOWHERE
    straight = np.full_like(best.cost, straight_m)
    off = Open(straight, straight / OFF_ROAD_M_S, off_road(straight_m) - 1.0 * (is_off != becomes_off))
    return _choose(is_off | becomes_off, off, best)


def _along(ahead: Floats, pace: Floats, cost: float) -> Open:
    metres = np.maximum(ahead, 0.0)
    return Open(metres, metres * pace[:, None], np.full_like(ahead, cost))


def _choose(where: npt.NDArray[np.bool_], one: Open, other: Open) -> Open:
    return Open(*(np.where(where, a, b) for a, b in zip(one, other, strict=True)))
