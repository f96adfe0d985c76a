"""The ways between two fixes that avoid all tunnels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
from geo.stretches import Stretch, begin_of, rest_of
from geo.transit_places import Places
from geo.transit_state import NOWHERE, Guess
from geo.ways import OFF_ROAD_M_S, off_road

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_TURN_ROUND = -4.0
_SLIP_M = 25.0  # noise along the road may set a vehicle back by this much
_WORTH_TURNING_M = 400.0


@dataclass(frozen=True, slots=True)
class OpenWays:
    """Ways [guess, place] outside all bores: the likeliest of going on, turning round first, and a straight line off the roads."""

    metres: Floats
    seconds: Floats  # at legal speed
    cost: Floats
    turned: Mask  # round before it goes on
    along: Mask  # one road, or none: no turn is known
    around: Approaches
    edge: Int64s  # [guess]
    along_m: Floats  # [guess]
    places: Places

    def at(self, guess: Int64s, place: Int64s) -> Stretch:
        """Some of the ways, with their turns."""
        roads = self.around.roads
        turned, edge, along_m = self.turned[guess, place], self.edge[guess], self.along_m[guess]
        edge = np.where(turned, roads.reverse[edge], edge)
        along_m = np.where(turned, roads.length_m[edge] - along_m, along_m)
        goal = self.places.edge[place]
        way = self.around.between.at((roads.end[edge], roads.start[goal]))
        begin, end = rest_of(roads.whole.at(edge), along_m), begin_of(roads.whole.at(goal), self.places.along_m[place])
        straight = Stretch.straight(self.metres[guess, place], self.seconds[guess, place])
        return straight.choose(self.along[guess, place], begin.then(way).then(end))


def open_ways(around: Approaches, guesses: tuple[Guess, ...], places: Places, straight_m: float) -> OpenWays:
    """From every guess to every place, ``straight_m`` away."""
    roads, between = around.roads, around.between
    edge = np.array([guess.edge for guess in guesses], dtype=np.int64)
    along = np.array([guess.along_m for guess in guesses])
    rest, back = roads.length_m[edge] - along, roads.reverse[edge]
    pace, starts = roads.pace[edge], roads.start[places.edge]
    tail_s = places.along_m * roads.pace[places.edge]
    can_turn = (back != NOWHERE)[:, None]
    way = roads.end[edge][:, None], starts
    metres = rest[:, None] + between.metres[way] + places.along_m
    seconds = (rest * pace)[:, None] + between.seconds[way] + tail_s
    turned = straight = np.zeros(metres.shape, dtype=bool)
    cost = np.zeros(metres.shape)
    if can_turn.any():
        way = roads.end[back][:, None], starts
        turned_m = along[:, None] + between.metres[way] + places.along_m
        turned = can_turn & (turned_m < metres - _WORTH_TURNING_M)
        if turned.any():
            metres = np.where(turned, turned_m, metres)
            seconds = np.where(turned, (along * pace)[:, None] + between.seconds[way] + tail_s, seconds)
        ahead = places.along_m - rest[:, None]
        on_the_spot = can_turn & (back[:, None] == places.edge) & (ahead >= -_SLIP_M)
        turned = turned | on_the_spot
        if on_the_spot.any():
            metres, seconds, straight = _along(ahead, pace, on_the_spot, metres, seconds, straight)
        cost = np.where(turned, _TURN_ROUND, cost)
    ahead = places.along_m - along[:, None]
    stays = (edge[:, None] == places.edge) & (ahead >= -_SLIP_M)
    if stays.any():
        metres, seconds, straight = _along(ahead, pace, stays, metres, seconds, straight)
        cost = np.where(stays, 0.0, cost)
    is_off, becomes_off = (edge == NOWHERE)[:, None], places.edge == NOWHERE
    off = is_off | becomes_off
    metres, seconds = np.where(off, straight_m, metres), np.where(off, straight_m / OFF_ROAD_M_S, seconds)
    cost = np.where(off, off_road(straight_m) - 1.0 * (is_off != becomes_off), cost)
    return OpenWays(metres, seconds, cost, turned & ~straight & ~off, straight | off, around, edge, along, places)


def _along(
    ahead: Floats, pace: Floats, where: Mask, metres: Floats, seconds: Floats, straight: Mask
) -> tuple[Floats, Floats, Mask]:
    """Where a way stays on the road it is on."""
    gone = np.maximum(ahead, 0.0)
    return np.where(where, gone, metres), np.where(where, gone * pace[:, None], seconds), straight | where
