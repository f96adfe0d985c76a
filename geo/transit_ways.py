"""The ways from the guesses of a state to the places of a fix: in the open, and through chains of bores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
from geo.position import Position, distance_m
from geo.transit_chains import Chain
from geo.transit_open import open_ways
from geo.transit_places import Places
from geo.transit_state import Guess
from geo.transit_through import DETOUR_M, through_ways
from geo.ways import Open

Floats = npt.NDArray[np.float64]

# a way longer than the best by so many metres and this share of it is e times less likely
_DETOUR_LEAST_M = 50.0
_DETOUR_SHARE = 0.05
_DETOUR_AT_MOST = 6.0
UNMAPPED = 1  # the number of the ways that the map lacks
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
    straight_m = distance_m(before, after)
    openly = open_ways(around, guesses, places, straight_m)
    through = through_ways(around, before, guesses, after, places, limit_m)
    ways = Open(*(np.concatenate([one, other], axis=1) for one, other in zip(openly, through.ways, strict=True)))
    none = np.zeros((len(guesses), openly.metres.shape[1], 1, through.enters_s.shape[-1]))
    return Candidates(
        ((),) * openly.metres.shape[1] + through.chains,
        *_with_detours(ways, straight_m),
        np.concatenate([none, through.enters_s], axis=1),
        np.concatenate([none, through.leaves_s], axis=1),
    )


def _with_detours(ways: Open, straight_m: float) -> Open:
    """[guess, way, place] with the log cost of being longer than the best way there is: few drive about for nothing."""
    burden = ways.metres - DETOUR_M * ways.cost
    burden[:, UNMAPPED] = np.inf
    shortest = np.minimum(burden.min(axis=1, keepdims=True), _FARTHEST_M)
    extra = np.minimum(ways.metres - shortest, _FARTHEST_M) / (_DETOUR_LEAST_M + _DETOUR_SHARE * shortest)
    detour = np.clip(extra, 0.0, _DETOUR_AT_MOST) + np.clip((shortest - straight_m) / DETOUR_M, 0.0, _DETOUR_AT_MOST)
    detour[:, UNMAPPED] = 0.0
    return ways._replace(cost=ways.cost - detour)
