"""Whether a vehicle keeps to its planned route, looked at for one fix; ``corridor`` does it for many."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from geo.position import Position
from geo.shapes import METRES_PER_E7
from services.monitoring.routes import Point, corners_of

Floats = npt.NDArray[np.float64]

_ON_PLAN_M = 40.0
_TURN_DEG = 40.0


@lru_cache(maxsize=256)
def _pieces(route: tuple[Point, ...]) -> tuple[Floats, Floats]:
    points = corners_of(route).astype(np.float64)
    return points[:-1], np.diff(points, axis=0)


def away_m(route: tuple[Point, ...], place: Position) -> tuple[float, float]:
    """Metres from a place to the line, and the course of the line there in degrees; infinitely far from a line of no length."""
    start, step = _pieces(route)
    if not len(start):
        return float("inf"), 0.0
    scale = np.array([METRES_PER_E7, METRES_PER_E7 * float(np.cos(np.radians(place.latitude)))])
    offset, along = (np.array([place.latitude_e7, place.longitude_e7]) - start) * scale, step * scale
    square = np.maximum((along**2).sum(axis=1), 1e-6)
    share = np.clip((offset * along).sum(axis=1) / square, 0.0, 1.0)
    away = np.hypot(*(offset - share[:, None] * along).T)
    nearest = int(np.argmin(away))
    course = float(np.degrees(np.arctan2(along[nearest, 1], along[nearest, 0])) % 360)
    return float(away[nearest]), course


def keeps_to(route: tuple[Point, ...], place: Position, heading_deg: int) -> bool:
    """Whether the vehicle is on the line and goes its way."""
    away, course = away_m(route, place)
    return away <= _ON_PLAN_M and abs((course - heading_deg + 180) % 360 - 180) <= _TURN_DEG


def goes_through(route: tuple[Point, ...], one: Position, other: Position) -> bool:
    """Whether the line comes by both portals of a tunnel."""
    return all(away_m(route, portal)[0] <= _ON_PLAN_M for portal in (one, other))
