"""The place on the edge of an area that is nearest to a point, and how far the edge is for many points at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from geo.position import E7, Position
from geo.shapes import HALF_TURN_E7, METRES_PER_E7, TURN_E7, MultiPolygon

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def distances_to_edge_m(areas: Sequence[MultiPolygon], latitude_e7: Int64s, longitude_e7: Int64s) -> Floats:
    """Metres from each point to the nearest edge of the area beside it, as ``MultiPolygon.distance_m`` has it."""
    if not areas:
        return np.zeros(0)
    points = np.array([len(area.latitude_e7) for area in areas])
    begin = np.cumsum(points) - points
    latitude = np.concatenate([area.latitude_e7 for area in areas])
    longitude = np.concatenate([area.longitude_e7 for area in areas])
    west, east = np.minimum.reduceat(longitude, begin), np.maximum.reduceat(longitude, begin)
    turn = np.rint(((west + east) // 2 - longitude_e7) / TURN_E7).astype(np.int64) * TURN_E7
    y = (latitude - np.repeat(latitude_e7, points)).astype(np.float64)
    x = (longitude - np.repeat(longitude_e7 + turn, points)) * np.repeat(np.cos(np.radians(latitude_e7 / E7)), points)
    dx, dy = np.diff(x), np.diff(y)
    ax, ay = x[:-1], y[:-1]
    along = np.minimum(np.maximum(-(ax * dx + ay * dy) / np.maximum(dx * dx + dy * dy, 1e-9), 0.0), 1.0)
    away = np.full(len(x), np.inf)
    away[:-1] = np.hypot(ax + along * dx, ay + along * dy)
    ring_ends = np.concatenate([area.ring_offset[1:] for area in areas])
    rings = np.array([len(area.ring_polygon) for area in areas])
    away[ring_ends - 1 + np.repeat(begin, rings)] = np.inf  # no edge joins two rings
    return np.asarray(np.minimum.reduceat(away, begin) * METRES_PER_E7)


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
