"""The road graph: directed edges with geometry and kept tags as flat arrays, made to be searched, masked and stored.

Coordinates are degrees x 10^7, (latitude, longitude); lengths decimetres; speeds 0.1 km/h.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.position import Position
from geo.tunnels import Tunnel

FORMAT = 1

# Order 29 of 2019 of the Ministry of Transport and others, Art. 46: vehicles carrying dangerous goods keep to 80 km/h on
# expressways and 60 km/h on other roads; a lower posted limit prevails. Callers with dated rules pass their own figures.
EXPRESSWAY_DKMH = 800
OTHER_ROAD_DKMH = 600

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Bytes8 = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


class RoadClass(IntEnum):
    """Importance of a road; a link (ramp) has the class of the road it serves."""

    MOTORWAY = 0
    TRUNK = 1
    PRIMARY = 2
    SECONDARY = 3
    TERTIARY = 4
    OTHER = 5

    @classmethod
    def of_highway(cls, highway: str) -> RoadClass:
        """The class of an OSM ``highway`` value: unknown ones are OTHER."""
        return cls.__members__.get(highway.removesuffix("_link").upper(), cls.OTHER)

    @property
    def is_expressway(self) -> bool:
        """Chinese expressways (高速公路) are motorways in OSM; trunk roads are not."""
        return self is RoadClass.MOTORWAY


@dataclass(frozen=True, eq=False)
class RoadGraph:
    """Nodes, directed edges, their geometry and tunnels. Every edge lies on exactly one OSM way and keeps that way's tags.

    Points of edge ``e`` are ``geometry_*[edge_geometry_offset[e]:edge_geometry_offset[e + 1]]``, both ends included.
    """

    node_id: Int64s
    node_latitude_e7: Int64s
    node_longitude_e7: Int64s
    edge_from: Int32s
    edge_to: Int32s
    edge_length_dm: Int64s
    edge_class: Bytes8
    edge_way: Int64s
    edge_tunnel: (
        Int32s  # index of a bore in ``tunnels`` that holds the edge, -1 in the open; all its bores share a structure
    )
    edge_maxspeed_dkmh: Int32s  # posted limit, 0 = unknown
    edge_geometry_offset: Int64s
    geometry_latitude_e7: Int64s
    geometry_longitude_e7: Int64s
    edge_tags: tuple[Mapping[str, str], ...]  # one per edge; edges of one way share the mapping
    tunnels: tuple[Tunnel, ...]

    @property
    def node_count(self) -> int:
        return len(self.node_id)

    @property
    def edge_count(self) -> int:
        return len(self.edge_from)

    def node_position(self, node: int) -> Position:
        return Position(int(self.node_latitude_e7[node]), int(self.node_longitude_e7[node]))

    def edge_positions(self, edge: int) -> tuple[Position, ...]:
        """The points of an edge in the order of travel, both ends included."""
        points = slice(int(self.edge_geometry_offset[edge]), int(self.edge_geometry_offset[edge + 1]))
        latitudes, longitudes = self.geometry_latitude_e7[points].tolist(), self.geometry_longitude_e7[points].tolist()
        return tuple(Position(latitude, longitude) for latitude, longitude in zip(latitudes, longitudes, strict=True))

    def edge_road_class(self, edge: int) -> RoadClass:
        """The class of road an edge, by its number here, belongs to."""
        return RoadClass(int(self.edge_class[edge]))

    def legal_speeds_dkmh(
        self, *, expressway_dkmh: int = EXPRESSWAY_DKMH, other_dkmh: int = OTHER_ROAD_DKMH
    ) -> npt.NDArray[np.int64]:
        """Legal speed of each edge for a vehicle carrying dangerous goods: the rule for the road, or a lower posted limit."""
        rule = np.where(self.edge_class == RoadClass.MOTORWAY, expressway_dkmh, other_dkmh)
        posted = self.edge_maxspeed_dkmh.astype(np.int64)
        return np.where(posted > 0, np.minimum(posted, rule), rule).astype(np.int64)

    def structure_edges(self, structure_id: str) -> frozenset[int]:
        """Every edge inside a physical tunnel, in all its bores; empty for an unknown id."""
        return frozenset(edge for bore in self.tunnels if bore.structure_id == structure_id for edge in bore.edges)

    def save(self, path: Path) -> None:
        """Write one compressed ``.npz`` (arrays, and JSON as bytes; nothing is pickled)."""
        distinct = {id(tags): tags for tags in self.edge_tags}
        number = {key: index for index, key in enumerate(distinct)}
        notes = {
            "format": FORMAT,
            "tags": [dict(tags) for tags in distinct.values()],
            "tunnels": [_tunnel_to_json(bore) for bore in self.tunnels],
        }
        arrays: dict[str, npt.NDArray[Any]] = {name: getattr(self, name) for name in _ARRAYS}
        arrays["edge_tag_number"] = np.array([number[id(tags)] for tags in self.edge_tags], dtype=np.int32)
        arrays["notes"] = np.frombuffer(json.dumps(notes, ensure_ascii=False).encode(), dtype=np.uint8)
        with path.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> RoadGraph:
        """Read what ``save`` wrote; ``ValueError`` for anything else, ``OSError`` when the file cannot be opened."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                notes = json.loads(stored["notes"].tobytes())
                if notes["format"] != FORMAT:
                    raise ValueError(f"road graph format {notes['format']}, expected {FORMAT}")
                tags = tuple(notes["tags"][number] for number in stored["edge_tag_number"].tolist())
                tunnels = tuple(_tunnel_from_json(bore) for bore in notes["tunnels"])
                return cls(**{name: stored[name] for name in _ARRAYS}, edge_tags=tags, tunnels=tunnels)
        except (OSError, ValueError):
            raise
        except Exception as problem:  # zip, zlib, numpy's header parser and JSON each fail in their own way
            raise ValueError(f"not a stored road graph: {path.name}") from problem


_ARRAYS = tuple(field.name for field in dataclasses.fields(RoadGraph) if field.name not in ("edge_tags", "tunnels"))


def _tunnel_to_json(bore: Tunnel) -> dict[str, Any]:
    return {
        **{
            name: getattr(bore, name) for name in ("id", "structure_id", "name", "ref", "length_dm", "edges", "way_ids")
        },
        "entrance": [bore.entrance.latitude_e7, bore.entrance.longitude_e7],
        "exit": [bore.exit.latitude_e7, bore.exit.longitude_e7],
        "tags": dict(bore.tags),
    }


def _tunnel_from_json(stored: dict[str, Any]) -> Tunnel:
    positions = {name: Position(*stored[name]) for name in ("entrance", "exit")}
    sequences = {name: tuple(stored[name]) for name in ("edges", "way_ids")}
    return Tunnel(**{**stored, **positions, **sequences})
