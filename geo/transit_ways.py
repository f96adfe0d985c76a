"""The ways from the guesses of a state to the places of a fix: in the open, and through chains of bores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
from geo.position import Position, distance_m
from geo.stretches import Stretch
from geo.transit_chains import Chain
from geo.transit_open import OpenWays, open_ways
from geo.transit_places import Places
from geo.transit_state import Guess
from geo.transit_through import DETOUR_M, Through, through_ways
from geo.ways import UNMAPPED_M_S, unmapped

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

# a way longer than the best by so many metres and this share of it is e times less likely
_DETOUR_LEAST_M = 50.0
_DETOUR_SHARE = 0.05
_DETOUR_AT_MOST = 6.0
_FEW_BORES = 8
UNMAPPED = 1  # the number of the ways that the map lacks
_FARTHEST_M = 8000.0


@dataclass(frozen=True, slots=True)
class Candidates:
    """Ways [guess, chain, place]; the first two chains are empty: the way in the open, and one that the map lacks."""

    chains: tuple[Chain, ...]
    metres: Floats
    seconds: Floats  # at legal speed, slower in some turns
    cost: Floats  # log-likelihood of taking such a way at all
    enters_s: Floats  # [guess, chain, 1, bore of the chain] along the way; empty intervals where the chain is shorter
    leaves_s: Floats
    openly: OpenWays
    through: Through | None

    @property
    def turns_matter(self) -> bool:
        """Where tunnels are in reach, or many about, the time must tell which way it was; elsewhere looking is not worth it."""
        return self.through is not None or len(self.openly.around.near.entrance) > _FEW_BORES

    def at(self, guess: Int64s, chain: Int64s, place: Int64s) -> Stretch:
        """Some of the ways, with their turns."""
        straight = self.straight(guess, chain, place)
        ways = self.openly.at(guess, place)
        if self.through is None:
            return straight.choose(chain == UNMAPPED, ways)
        number = np.maximum(chain - UNMAPPED - 1, 0)
        through = self.through.front.stretch.at((guess, number)).then(self.through.back.stretch.at((number, place)))
        return straight.choose(chain == UNMAPPED, through.choose(chain > UNMAPPED, ways))

    def straight(self, guess: Int64s, chain: Int64s, place: Int64s) -> Stretch:
        """The same without their turns."""
        return Stretch.straight(self.metres[guess, chain, place], self.seconds[guess, chain, place])


def candidates(
    around: Approaches, before: Position, guesses: tuple[Guess, ...], after: Position, places: Places, limit_m: float
) -> Candidates:
    """Ways of at most ``limit_m`` through bores, and those in the open of any length."""
    straight_m = distance_m(before, after)
    openly = open_ways(around, guesses, places, straight_m)
    through = through_ways(around, before, guesses, after, places, limit_m)
    metres = _beside(openly.metres, straight_m)
    seconds, cost = _beside(openly.seconds, straight_m / UNMAPPED_M_S), _beside(openly.cost, unmapped(straight_m))
    enters = leaves = np.zeros((len(guesses), 2, 1, 1))
    if through is not None:
        front, back = through.front, through.back
        metres = np.concatenate([metres, front.metres[:, :, None] + back.metres], axis=1)
        seconds = np.concatenate([seconds, front.seconds[:, :, None] + back.seconds], axis=1)
        cost = np.concatenate([cost, front.cost[:, :, None] + back.cost], axis=1)
        none = np.zeros((len(guesses), 2, 1, through.enters_s.shape[-1]))
        enters = np.concatenate([none, through.enters_s], axis=1)
        leaves = np.concatenate([none, through.leaves_s], axis=1)
    chains = ((), (), *(through.chains if through is not None else ()))
    detours = _detours(metres, cost, straight_m)
    return Candidates(chains, metres, seconds, cost - detours, enters, leaves, openly, through)


def _beside(mapped: Floats, lacking: float) -> Floats:
    """[guess, 2, place] a figure of the mapped ways, and that of a road which the map lacks."""
    both = np.empty((len(mapped), 2, mapped.shape[1]))
    both[:, 0], both[:, UNMAPPED] = mapped, lacking
    return both


def _detours(metres: Floats, cost: Floats, straight_m: float) -> Floats:
    """[guess, way, place] what it costs to be longer than the best way there is: few drive about for nothing."""
    burden = metres - DETOUR_M * cost
    burden[:, UNMAPPED] = np.inf
    shortest = np.minimum(burden.min(axis=1, keepdims=True), _FARTHEST_M)
    extra = np.minimum(metres - shortest, _FARTHEST_M) / (_DETOUR_LEAST_M + _DETOUR_SHARE * shortest)
    detour = np.clip(extra, 0.0, _DETOUR_AT_MOST) + np.clip((shortest - straight_m) / DETOUR_M, 0.0, _DETOUR_AT_MOST)
    detour[:, UNMAPPED] = 0.0
    return np.asarray(detour)
