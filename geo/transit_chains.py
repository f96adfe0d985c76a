"""Ways underground from a place to another: sequences of bores, the likeliest first."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Chain = tuple[int, ...]  # bores in the order of travel

MOST_CHAINS = 120
_MOST_LOOKS = 800  # at unfinished chains
_ALIKE_M = 150.0  # chains through the same structures to the same bore that differ by less are one
MOST_BURDEN_M = 3000.0  # a chain this much longer than the best is no likely way


@dataclass(frozen=True, slots=True)
class Legs:
    """Metres that must be driven and the burden of them, which adds to the metres what makes a leg unlikely."""

    start_m: Floats  # [bore] from the place to the entrance
    start_burden_m: Floats
    hop_m: Floats  # [bore, bore] from exit to entrance
    hop_burden_m: Floats
    goal_m: Floats  # [bore] from the exit to the other place
    goal_burden_m: Floats
    length_m: Floats  # [bore]
    structure: Int64s  # [bore] number of the tunnel it belongs to


def chains(legs: Legs, limit_m: float, most: int = MOST_CHAINS) -> list[Chain]:
    """The chains of no more metres than ``limit_m``, the least burdensome first; no bore comes twice in one.

    Of chains through the same structures to the same last bore, and of about the same length, only the least burdensome.
    """
    rest = _rest(legs)
    structure = legs.structure.tolist()
    whole = legs.start_burden_m + legs.length_m + rest
    waiting: list[tuple[float, Chain, float, float, bool]] = []
    for bore in np.flatnonzero(np.isfinite(whole) & (legs.start_m + legs.length_m <= limit_m)).tolist():
        gone = float(legs.length_m[bore])
        burden, metres = float(legs.start_burden_m[bore]) + gone, float(legs.start_m[bore]) + gone
        waiting.append((float(whole[bore]), (bore,), burden, metres, False))
    if not waiting:
        return []
    heapq.heapify(waiting)
    found: list[Chain] = []
    farthest = waiting[0][0] + MOST_BURDEN_M
    looks = 0
    seen: set[tuple[int, frozenset[int], int]] = set()
    while waiting and len(found) < most and looks < _MOST_LOOKS:
        estimate, chain, burden, metres, is_whole = heapq.heappop(waiting)
        if estimate > farthest:
            break
        if is_whole:
            found.append(chain)
            continue
        last = chain[-1]
        label = last, frozenset(structure[bore] for bore in chain), round(metres / _ALIKE_M)
        if label in seen:
            continue
        seen.add(label)
        looks += 1
        if metres + legs.goal_m[last] <= limit_m:
            heapq.heappush(waiting, (burden + float(legs.goal_burden_m[last]), chain, burden, metres, True))
        onwards = burden + legs.hop_burden_m[last] + legs.length_m
        further = metres + legs.hop_m[last] + legs.length_m
        for bore in np.flatnonzero((onwards + rest <= farthest) & (further <= limit_m)).tolist():
            if bore not in chain:
                total = float(onwards[bore])
                heapq.heappush(waiting, (total + float(rest[bore]), (*chain, bore), total, float(further[bore]), False))
    return found


def _rest(legs: Legs) -> Floats:
    """For each bore the least burden from its exit to the goal, through any further bores."""
    rest: Floats = legs.goal_burden_m
    onwards = legs.hop_burden_m + legs.length_m
    for _ in range(len(rest)):
        better = np.minimum(rest, (onwards + rest).min(axis=1))
        if np.array_equal(better, rest):
            break
        rest = better
    return rest
