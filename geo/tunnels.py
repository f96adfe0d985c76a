"""Road tunnels as directed bores, portal to portal in the open air, and the structures (twin tubes, branches) they form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from geo.position import Position


@dataclass(frozen=True)
class Tunnel:
    """One directed bore: from an entrance portal through contiguous tunnel edges to an exit portal.

    Both portals lie in the open, so a vehicle can be seen before and after. A tube driven both ways is two bores; a tunnel
    that branches underground is one bore for each pair of portals. ``structure_id`` is shared by all bores of one physical
    tunnel: the two directions, twin tubes, branches; a rule for "the tunnel" is a rule for the structure.
    """

    id: str
    structure_id: str
    name: str  # "" where the map gives none
    ref: str  # road number, "" where the map gives none
    entrance: Position
    exit: Position
    length_dm: int
    edges: tuple[int, ...]  # indexes into the road graph, in the order of travel
    way_ids: tuple[int, ...]  # OSM ways in the order of travel
    tags: Mapping[str, str]  # tags of its longest way
