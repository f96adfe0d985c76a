"""Administrative divisions 行政区划 by their shapes: which ones hold a position. Pure.

Codes are those of GB/T 2260, six digits in three pairs (province, prefecture, county); trailing ``00`` pairs name the wider ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from geo.position import Position
from geo.shapes import HALF_TURN_E7, METRES_PER_E7, TURN_E7, MultiPolygon


@dataclass(frozen=True, eq=False)
class Division:
    """One division as a map draws it; ``element`` names the map's object, like ``relation/123``."""

    code: str
    name: str
    shape: MultiPolygon
    element: str = ""


def level_of(code: str) -> int:
    """1 province, 2 prefecture, 3 county."""
    return 1 if code.endswith("0000") else 2 if code.endswith("00") else 3


class Divisions:
    """Finds the divisions that hold positions, a boundary belonging to both sides; a few microseconds each, any number of shapes."""

    def __init__(self, shapes: Mapping[str, MultiPolygon]) -> None:
        # narrowest first, so that rows come out in the order promised
        self.codes: tuple[str, ...] = tuple(sorted(shapes, key=lambda code: (-level_of(code), code)))
        self._areas = np.array([shapes[code].to_geometry() for code in self.codes], dtype=object)
        shapely.prepare(self._areas)
        self._tree = shapely.STRtree(self._areas)

    def __len__(self) -> int:
        return len(self.codes)

    def at(self, position: Position) -> tuple[str, ...]:
        """The codes of all divisions that hold the position, the narrowest first; empty where no known shape does."""
        return self.at_all([position])[0]

    def at_all(self, positions: Sequence[Position]) -> list[tuple[str, ...]]:
        """``at`` for many positions at once."""
        found: list[list[str]] = [[] for _ in positions]
        if not positions or not self.codes:
            return [()] * len(positions)
        latitudes = np.array([each.latitude_e7 for each in positions], dtype=np.float64)
        longitudes = np.array([each.longitude_e7 for each in positions], dtype=np.float64)
        rows: set[tuple[int, int]] = set()
        for turn in (0, TURN_E7, -TURN_E7) if self._is_over_date_line() else (0,):
            points = shapely.points(longitudes + turn, latitudes)
            near, area = self._tree.query(points)
            held = shapely.covers(self._areas[area], points[near])
            rows.update(zip(near[held].tolist(), area[held].tolist(), strict=True))
        for position, area_number in sorted(rows):
            found[position].append(self.codes[area_number])
        return [tuple(codes) for codes in found]

    def _is_over_date_line(self) -> bool:
        bounds = shapely.total_bounds(self._areas)
        return bool(bounds[0] < -HALF_TURN_E7 or bounds[2] > HALF_TURN_E7)

    def touched_by(self, area: MultiPolygon, *, share: float, depth_m: float) -> tuple[str, ...]:
        """The codes of all divisions that hold more than ``share`` of the area, or a part of it deeper than ``depth_m``, narrowest first.

        What is less may be one boundary drawn in two ways. ``depth_m`` is exact north to south.
        """
        geometry = area.to_geometry()
        numbers = sorted(int(number) for number in self._tree.query(geometry))
        parts = {number: shapely.intersection(self._areas[number], geometry) for number in numbers}
        least, inwards = share * shapely.area(geometry), -depth_m / 2 / METRES_PER_E7
        return tuple(
            self.codes[number]
            for number, part in parts.items()
            if shapely.area(part) > least or not shapely.is_empty(shapely.buffer(part, inwards))
        )
