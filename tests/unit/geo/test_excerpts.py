"""A part of the map round a tunnel tells of it all that the whole map does."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geo.approaches import approaches
from geo.excerpts import Excerpts
from geo.osm import read_region
from tests import province

LOCAL = {"graph_edge", "edges"}  # numbers of a graph's own


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other))
    if is_dataclass(one):
        return all(
            same(getattr(one, each.name), getattr(other, each.name)) for each in fields(one) if each.name not in LOCAL
        )
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def test_what_lies_round_a_tunnel_is_the_same_on_a_part_of_the_map(tmp_path: Path) -> None:
    size = province.Size(lines=36, tunnels=200, bridges=10, places=0, multipolygons=0)
    graph = read_region(province.write(tmp_path / "province.osm.pbf", size))
    excerpts = Excerpts(graph)
    for structure in sorted({bore.structure_id for bore in graph.tunnels})[::40]:
        part = excerpts.around(structure)
        assert part.edge_count < graph.edge_count
        assert same(approaches(part, structure), approaches(graph, structure)), structure


def test_a_tunnel_the_map_lacks_is_named(tmp_path: Path) -> None:
    size = province.Size(lines=3, tunnels=1, bridges=1, places=0, multipolygons=0)
    excerpts = Excerpts(read_region(province.write(tmp_path / "county.osm.pbf", size)))
    with pytest.raises(KeyError, match="tunnel-none"):
        excerpts.around("tunnel-none")
