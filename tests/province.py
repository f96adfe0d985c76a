"""An invented province as an OpenStreetMap file: a lattice of winding roads with motorways, tunnels, bridges, waters and schools.

With 300 lines each way it has a million nodes and two hundred thousand ways, 3,000 tunnels, 5,000 bridges and 2,000 multipolygons.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import osmium

Place = tuple[float, float]  # degrees north, degrees east
Tags = Mapping[str, str]

_SOUTH, _WEST, _APART = 26.0, 109.0, 0.01  # where it lies, and a kilometre from line to line
_BENDS = 4  # nodes of a road between two crossings


@dataclass(frozen=True, slots=True)
class Size:
    lines: int = 300
    tunnels: int = 3_000
    bridges: int = 5_000
    places: int = 15_000
    multipolygons: int = 2_000


class _Province:
    def __init__(self, size: Size, seed: int) -> None:
        self.size, self.rng = size, random.Random(seed)
        self.nodes: list[Place] = []
        self.ways: list[tuple[list[int], Tags]] = []
        self.relations: list[tuple[list[tuple[str, int, str]], Tags]] = []

    def drawn(self) -> None:
        lines = range(self.size.lines)
        crossings = [[self._node(self._crossing(row, column)) for column in lines] for row in lines]
        marks = self._marks(2 * self.size.lines * (self.size.lines - 1))
        for row, column in ((row, column) for row in lines for column in lines):
            for far_row, far_column in ((row, column + 1), (row + 1, column)):
                if far_row < self.size.lines and far_column < self.size.lines:
                    along = row if far_row == row else column
                    ends = crossings[row][column], crossings[far_row][far_column]
                    self._road(ends, self._highway(along, f"{'东西南北'[far_row != row]}{along}"), next(marks))
        for number in range(self.size.places):
            tags = {"amenity": ("school", "hospital")[number % 2], "name": f"示例{number}"}
            self._ring(0.0004, 8, tags if number % 3 else {"natural": "water", "name": f"示例湖{number}"})
        for number in range(self.size.multipolygons):
            middle = self._anywhere()
            outer, inner = (self._ring(reach, 24, {}, middle) for reach in (0.003, 0.001))
            tags = {"type": "multipolygon", "natural": "water", "name": f"示例水库{number}"}
            self.relations.append(([("w", outer, "outer"), ("w", inner, "inner")], tags))

    def _marks(self, roads: int) -> Iterator[Tags]:
        """What the roads are in turn, shuffled: tunnels, bridges, and nothing of the sort."""
        marks: list[Tags] = [{}] * roads
        chosen = self.rng.sample(range(roads), self.size.tunnels + self.size.bridges)
        for turn, road in enumerate(chosen):
            if turn >= self.size.tunnels:
                marks[road] = {"bridge": "yes", "layer": "1", "maxweight": "30"}
            elif turn % 50 == 0:
                marks[road] = {"tunnel": "yes", "layer": "-1", "maxheight": "4", "hazmat": "no"}
            else:
                marks[road] = {"tunnel": "yes", "layer": "-1", "name": f"示例隧道{turn}"}
        return iter(marks)

    def _highway(self, along: int, name: str) -> Tags:
        if along % 20 == 0:
            return {"highway": "motorway", "oneway": "no", "ref": f"G{along}"}
        return {"highway": "primary" if along % 5 == 0 else "tertiary", "name": f"示例路{name}"}

    def _road(self, ends: tuple[int, int], road: Tags, mark: Tags) -> None:
        (south, west), (north, east) = (self.nodes[end - 1] for end in ends)
        bends = []
        for step in range(1, _BENDS + 1):
            share, sway = step / (_BENDS + 1), self.rng.uniform(-0.0004, 0.0004)
            bends.append(self._node((south + share * (north - south) + sway, west + share * (east - west) - sway)))
        self.ways.append(([ends[0], *bends, ends[1]], {**road, **mark}))

    def _ring(self, reach: float, corners: int, tags: Tags, middle: Place | None = None) -> int:
        """The number of a closed way round a place."""
        north, east = middle or self._anywhere()
        turns = [2 * math.pi * corner / corners for corner in range(corners)]
        ring = [self._node((north + reach * math.sin(turn), east + reach * math.cos(turn))) for turn in turns]
        self.ways.append(([*ring, ring[0]], tags))
        return len(self.ways)

    def _node(self, place: Place) -> int:
        self.nodes.append(place)
        return len(self.nodes)

    def _crossing(self, row: int, column: int) -> Place:
        north, east = (self.rng.uniform(-0.001, 0.001) for _ in range(2))
        return _SOUTH + _APART * row + north, _WEST + _APART * column + east

    def _anywhere(self) -> Place:
        north, east = (self.rng.uniform(0, _APART * self.size.lines) for _ in range(2))
        return _SOUTH + north, _WEST + east


def write(file: Path, size: Size | None = None, *, seed: int = 1) -> Path:
    """The file, of a kind its suffix names; the same seed and size give the same map."""
    province = _Province(size or Size(), seed)
    province.drawn()
    mutable = osmium.osm.mutable
    with osmium.SimpleWriter(str(file)) as writer:
        for number, (north, east) in enumerate(province.nodes, start=1):
            writer.add_node(mutable.Node(id=number, version=1, location=(east, north)))
        for number, (nodes, tags) in enumerate(province.ways, start=1):
            writer.add_way(mutable.Way(id=number, version=1, nodes=nodes, tags=dict(tags)))
        for number, (members, tags) in zip(count(1), province.relations, strict=False):
            writer.add_relation(mutable.Relation(id=number, version=1, members=members, tags=dict(tags)))
    return file
