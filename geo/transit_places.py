"""Where a fix may be: the roads near it, weighed by distance and heading, and no known road."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
from geo.transit_state import NOWHERE, Policy, Seen

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

FAR_M = 1500.0  # from every portal: out of reach of the tunnel


@dataclass(frozen=True, slots=True)
class Places:
    """Where a fix may be: edges with the distance along them and the log-likelihood; the last one is no known road."""

    edge: Int64s
    along_m: Floats
    weight: Floats


_MOST_PLACES = 8
_ELSEWHERE = -7.0  # seeing a vehicle off all known roads
_TAIL = 4.0  # degrees of freedom of Student's distribution: maps and receivers are far off now and then
_FARTHEST_FROM_ROAD_M = 80.0


NO_PLACE = Places(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))
OFF_ROAD = Places(np.array([NOWHERE]), np.zeros(1), np.array([_ELSEWHERE]))


def places_of(around: Approaches, report: Seen, policy: Policy) -> Places:
    """Roads near a fix; nothing at all when the vehicle is out of reach of the tunnel."""
    roads = around.roads
    x, y = float(around.plane.x(report.position.longitude_e7)), float(around.plane.y(report.position.latitude_e7))
    ax, ay = x - roads.piece_x, y - roads.piece_y
    square = np.maximum(roads.piece_dx**2 + roads.piece_dy**2, 1e-6)
    share = np.clip((ax * roads.piece_dx + ay * roads.piece_dy) / square, 0.0, 1.0)
    away = np.hypot(ax - share * roads.piece_dx, ay - share * roads.piece_dy)
    near = np.flatnonzero(away < _FARTHEST_FROM_ROAD_M)
    if not len(near):
        return NO_PLACE if around.portal_m(x, y).min() > FAR_M else OFF_ROAD
    weight = -(_TAIL + 1) / 2 * np.log1p((away[near] / policy.noise_m) ** 2 / _TAIL)
    if report.heading_deg is not None and (report.speed_dkmh is None or report.speed_dkmh >= 80):
        course = np.degrees(np.arctan2(roads.piece_dx[near], roads.piece_dy[near]))
        turn = np.abs((course - report.heading_deg + 180) % 360 - 180)
        weight = weight - np.minimum((turn / 25.0) ** 2 / 2, 6.0)
    order = np.lexsort((-weight, roads.piece_edge[near]))
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(roads.piece_edge[near][order]) != 0
    best = order[first]
    best = best[np.argsort(-weight[best], kind="stable")][:_MOST_PLACES]
    piece = near[best]
    along = roads.piece_from_m[piece] + share[piece] * np.sqrt(square[piece])
    return Places(
        np.append(roads.piece_edge[piece], NOWHERE), np.append(along, 0.0), np.append(weight[best], _ELSEWHERE)
    )
