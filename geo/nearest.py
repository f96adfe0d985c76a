"""The place on the edge of an area that is nearest to a point."""

from __future__ import annotations

import numpy as np

from geo.position import E7, Position
from geo.shapes import HALF_TURN_E7, METRES_PER_E7, TURN_E7, MultiPolygon


def nearest_on_edge(area: MultiPolygon, position: Position) -> tuple[Position, float]:
    """That place, in whole units, and how many metres it is away, measured as in ``MultiPolygon.distance_m``."""
    starts = area.edge_starts()
    narrowing = np.cos(np.radians(position.latitude))
    y = (area.latitude_e7 - position.latitude_e7).astype(np.float64)
    middle = (int(area.longitude_e7.min()) + int(area.longitude_e7.max())) // 2
    turn = round((middle - position.longitude_e7) / TURN_E7) * TURN_E7
    x = (area.longitude_e7 - (position.longitude_e7 + turn)) * narrowing
    up, across = y[starts + 1] - y[starts], x[starts + 1] - x[starts]
    share = np.clip(-(x[starts] * across + y[starts] * up) / np.maximum(across * across + up * up, 1e-9), 0.0, 1.0)
    off_x, off_y = x[starts] + share * across, y[starts] + share * up
    away = np.hypot(off_x, off_y)
    nearest = int(np.argmin(away))
    longitude = position.longitude_e7 + round(off_x[nearest] / max(narrowing, 1 / E7))
    place = Position(position.latitude_e7 + round(off_y[nearest]), (longitude + HALF_TURN_E7) % TURN_E7 - HALF_TURN_E7)
    return place, float(away[nearest] * METRES_PER_E7)
