"""Where a fix may be: the roads near it, weighed by distance and heading, and no known road."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.approaches import Approaches
from geo.local_roads import NEAR_M
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


NO_PLACE = Places(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))
OFF_ROAD = Places(np.array([NOWHERE]), np.zeros(1), np.array([_ELSEWHERE]))


def places_of(around: Approaches, report: Seen, policy: Policy) -> Places:
    """Roads near a fix; nothing at all when the vehicle is out of reach of the tunnel."""
    x, y = float(around.plane.x(report.position.longitude_e7)), float(around.plane.y(report.position.latitude_e7))
    pieces = around.roads.near(x, y)
    ax, ay = x - pieces.x, y - pieces.y
    along = np.clip((ax * pieces.dx + ay * pieces.dy) / pieces.length_m, 0.0, pieces.length_m)
    share = along / pieces.length_m
    away = np.hypot(ax - share * pieces.dx, ay - share * pieces.dy)
    near = np.flatnonzero(away < NEAR_M)
    if not len(near):
        return NO_PLACE if around.portal_m(x, y).min() > FAR_M else OFF_ROAD
    weight = -(_TAIL + 1) / 2 * np.log1p((away[near] / policy.noise_m) ** 2 / _TAIL)
    if report.heading_deg is not None and (report.speed_dkmh is None or report.speed_dkmh >= 80):
        turn = np.abs((pieces.course_deg[near] - report.heading_deg + 180) % 360 - 180)
        weight = weight - np.minimum((turn / 25.0) ** 2 / 2, 6.0)
    edge, along = pieces.edge[near], pieces.from_m[near] + along[near]
    order = np.lexsort((-weight, edge))
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(edge[order]) != 0
    best = order[first]
    best = best[np.argsort(-weight[best], kind="stable")][:_MOST_PLACES]
    return Places(np.append(edge[best], NOWHERE), np.append(along[best], 0.0), np.append(weight[best], _ELSEWHERE))
