"""Which road a fix may be on, and how fast one may drive there: a grid over the pieces of the road graph, asked for many fixes at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.key_table import KeyTable
from geo.position import E7
from geo.roads import RoadClass, RoadGraph
from geo.shapes import METRES_PER_E7

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_CELL_E7 = 25_000  # about 280 m
_ACROSS = 360 * E7 // _CELL_E7 + 2
_PIECE_E7 = 25_000
_NEAR_M = 30.0  # a fix this near to a road may be on it
_MOST_BLUR_M = 30.0  # a receiver that claims to be worse is not believed to be on any farther road
_TURN_DEG = 45


@dataclass(frozen=True, slots=True)
class Limits:
    """For each fix the highest limit of any road it may be on, loaded and unladen, and the edge that has it (-1: no road near;
    edges are counted through all graphs)."""

    loaded_dkmh: Int64s
    unladen_dkmh: Int64s
    edge: Int64s


@dataclass(frozen=True, slots=True)
class Rates:
    """Speed limits by class of road, 0.1 km/h; lower posted limits prevail."""

    expressway_dkmh: int
    other_dkmh: int
    unladen_expressway_dkmh: int
    unladen_other_dkmh: int


class RoadGrid:
    """Made once for some graphs, at least one, and their rates."""

    def __init__(self, graphs: Sequence[RoadGraph], rates: Rates) -> None:
        self._rates = rates
        expressway = np.concatenate([graph.edge_class == RoadClass.MOTORWAY for graph in graphs])
        posted = np.concatenate([graph.edge_maxspeed_dkmh for graph in graphs]).astype(np.int64)
        posted = np.where(posted > 0, posted, 1 << 20)
        self._loaded = np.minimum(posted, np.where(expressway, rates.expressway_dkmh, rates.other_dkmh))
        self._unladen = np.minimum(
            posted, np.where(expressway, rates.unladen_expressway_dkmh, rates.unladen_other_dkmh)
        )
        self._pieces(graphs)
        self._file()

    def _pieces(self, graphs: Sequence[RoadGraph]) -> None:
        """Straight pieces of at most ``_PIECE_E7``: where they start, how far they go, their edge and course."""
        counts = np.concatenate([np.diff(graph.edge_geometry_offset) for graph in graphs])
        latitude = np.concatenate([graph.geometry_latitude_e7 for graph in graphs])
        longitude = np.concatenate([graph.geometry_longitude_e7 for graph in graphs])
        edge = np.repeat(np.arange(len(counts)), counts)
        is_last = np.zeros(len(latitude), dtype=bool)
        is_last[np.cumsum(counts) - 1] = True
        point = np.flatnonzero(~is_last)
        up, across = latitude[point + 1] - latitude[point], longitude[point + 1] - longitude[point]
        across = (across + 180 * E7) % (360 * E7) - 180 * E7
        cuts = np.maximum(1, -(-np.maximum(np.abs(up), np.abs(across)) // _PIECE_E7))
        row = np.repeat(np.arange(len(point)), cuts)
        number = np.arange(len(row)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
        share = 1.0 / cuts[row]
        self._y = latitude[point][row] + up[row] * (number * share)
        self._x = longitude[point][row] + across[row] * (number * share)
        self._up, self._across = up[row] * share, across[row] * share
        self._edge = edge[point][row]
        narrowing = np.cos(np.radians(self._y / E7))
        self._course = np.degrees(np.arctan2(self._across * narrowing, self._up)) % 360

    def _file(self) -> None:
        """Under every cell a fix within reach of the piece may lie in."""
        reach = (_NEAR_M + _MOST_BLUR_M) / METRES_PER_E7
        aside = reach / np.cos(np.radians(np.minimum(np.abs(self._y) / E7 + 0.01, 89.0)))
        south = np.floor((np.minimum(self._y, self._y + self._up) - reach) / _CELL_E7).astype(np.int64)
        north = np.floor((np.maximum(self._y, self._y + self._up) + reach) / _CELL_E7).astype(np.int64)
        west = np.floor((np.minimum(self._x, self._x + self._across) - aside) / _CELL_E7).astype(np.int64)
        east = np.floor((np.maximum(self._x, self._x + self._across) + aside) / _CELL_E7).astype(np.int64)
        tall, broad = north - south + 1, east - west + 1
        piece = np.repeat(np.arange(len(south)), tall * broad)
        place = np.arange(len(piece)) - np.repeat(np.cumsum(tall * broad) - tall * broad, tall * broad)
        key = (south[piece] + place // broad[piece]) * _ACROSS + west[piece] + place % broad[piece]
        order = np.argsort(key, kind="stable")
        self._filed = piece[order]
        cell, first = np.unique(key[order], return_index=True)
        self._cell = KeyTable(cell)
        self._offset = np.append(first, len(key))
        lowest = self._loaded[self._edge[self._filed]]
        self._lowest = np.minimum.reduceat(lowest, first) if len(first) else np.empty(0, dtype=np.int64)
        self.least_dkmh = int(self._lowest.min(initial=self._rates.expressway_dkmh))

    def floor_dkmh(self, latitude_e7: Int64s, longitude_e7: Int64s) -> Int64s:
        """A speed below which nobody can be too fast at that place; cheap."""
        slowest = np.full(len(latitude_e7), self._rates.expressway_dkmh, dtype=np.int64)
        row, cell = self._cells(latitude_e7, longitude_e7)
        slowest[row] = np.minimum(slowest[row], self._lowest[cell])
        return slowest

    def limits(self, latitude_e7: Int64s, longitude_e7: Int64s, heading_deg: Int64s, accuracy_dm: Int64s) -> Limits:
        """In doubt the higher limit; far from every road that of expressways."""
        count = len(latitude_e7)
        answer = Limits(
            np.full(count, self._rates.expressway_dkmh, dtype=np.int64),
            np.full(count, self._rates.unladen_expressway_dkmh, dtype=np.int64),
            np.full(count, -1, dtype=np.int64),
        )
        row, edge = self._near(latitude_e7, longitude_e7, heading_deg, accuracy_dm)
        order = np.lexsort((edge, -self._loaded[edge], row))  # the highest limit first, of equals the lowest edge
        row, edge = row[order], edge[order]
        best = np.ones(len(row), dtype=bool)
        best[1:] = row[1:] != row[:-1]
        row, edge = row[best], edge[best]
        answer.loaded_dkmh[row], answer.unladen_dkmh[row], answer.edge[row] = (
            self._loaded[edge],
            self._unladen[edge],
            edge,
        )
        return answer

    def _cells(self, latitude_e7: Int64s, longitude_e7: Int64s) -> tuple[Int64s, Int64s]:
        """(row, place of its cell) for the fixes whose cell has roads."""
        wanted = latitude_e7 // _CELL_E7 * _ACROSS + longitude_e7 // _CELL_E7
        return self._cell.find(wanted)

    def _near(
        self, latitude_e7: Int64s, longitude_e7: Int64s, heading_deg: Int64s, accuracy_dm: Int64s
    ) -> tuple[Int64s, Int64s]:
        """(row, edge) for every road a fix may be on by place and heading."""
        row, cell = self._cells(latitude_e7, longitude_e7)
        counts = self._offset[cell + 1] - self._offset[cell]
        start = np.repeat(self._offset[cell] - (np.cumsum(counts) - counts), counts)
        piece = self._filed[start + np.arange(int(counts.sum()))]
        row = np.repeat(row, counts)
        narrowing = np.cos(np.radians(latitude_e7 / E7))[row] * METRES_PER_E7
        y, x = (latitude_e7[row] - self._y[piece]) * METRES_PER_E7, (longitude_e7[row] - self._x[piece]) * narrowing
        up, across = self._up[piece] * METRES_PER_E7, self._across[piece] * narrowing
        share = np.clip((y * up + x * across) / np.maximum(up * up + across * across, 1e-6), 0.0, 1.0)
        away = np.hypot(y - share * up, x - share * across)
        turn = np.abs((self._course[piece] - heading_deg[row] + 180) % 360 - 180)
        blur = np.minimum(accuracy_dm[row] / 10, _MOST_BLUR_M)
        fits = (away <= _NEAR_M + blur) & (turn <= _TURN_DEG)
        return row[fits], self._edge[piece[fits]]
