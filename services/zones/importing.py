"""What the operator takes in by his own hand: a map, whose things become zones, and zones drawn as GeoJSON. All of it stated."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, Engine

from geo import model_region, osm
from geo.landmarks import Landmark, read_landmarks
from geo.osm_areas import extracted_on
from geo.roads import RoadGraph
from services import traceability
from services.errors import Finding, Refusal
from services.errors.zones import ZONE_KIND_FIXED
from services.runtime.bus import Bus
from services.runtime.database import take_your_time
from services.zones import imports_store, regions_store, store
from services.zones.book import graph_to_bytes
from services.zones.divisions import divisions
from services.zones.merging import Merged, Merger
from services.zones.model import Zone, ZoneKind
from services.zones.proposals import MapSheet, proposed_zones
from services.zones.puts import WAKE_ZONES
from services.zones.roads import Region
from services.zones.stating import Change, Told, put_of, state_decided, untold

MODEL = "model"


@dataclass(frozen=True, slots=True)
class Imported:
    """``tunnels`` are physical ones, ``changed`` counts zones with a new version; ``fresh`` is false for a known road network.

    ``skipped`` counts by reason what the map has and became no zone, ``merged`` tells what became of the rest.
    """

    region_id: str
    tunnels: int
    edges: int
    changed: int
    fresh: bool
    merged: Merged
    skipped: Mapping[str, int]


def import_region(
    engine: Engine,
    keeper: traceability.Keeper,
    path: Path | None,
    at: datetime,
    *,
    name: str = "",
    bus: Bus | None = None,
    told: Told = untold,
) -> Imported:
    """Take a map in, or the bundled model region without a ``path``; the same map again changes nothing.

    Its road network is kept; tunnels, bridges and places become proposed zones, as ``services.zones.merging`` says. A map of the
    same ``name`` is taken for a newer one: what it no longer shows is closed. Listeners on ``bus`` are woken. Raises
    ``geo.osm.RegionError``.
    """
    told("读取道路 reading roads", 0, 0)
    graph = read_map(path)
    told("读取场所 reading places", 0, 0)
    landmarks, skipped = read_landmarks(path) if path else ([], Counter[str]())
    sheet = MapSheet(
        name=name or (path.name.split(".")[0] if path else MODEL), extracted_on=extracted_on(path) if path else None
    )
    with engine.begin() as connection:
        take_your_time(connection)
        imported = keep_map(connection, keeper, graph, landmarks, sheet, at, told)
    imported = replace(imported, skipped=dict(Counter(imported.skipped) + skipped))
    if bus is not None and imported.changed:
        bus.publish(WAKE_ZONES)
    return imported


def import_zones(
    engine: Engine, keeper: traceability.Keeper, zones: Sequence[Zone], at: datetime, *, bus: Bus | None = None
) -> int:
    """Put all of these checked zones from now on, or none; how many were new or different.

    Raises a refusal ZONE_KIND_FIXED for a zone that is of another kind already.
    """
    with engine.begin() as connection:
        take_your_time(connection)
        given = {zone.id: zone for zone in zones}

        def decide(ids: Sequence[str]) -> dict[str, Change | None]:
            return _different(connection, [given[zone_id] for zone_id in ids], at)

        changed = len(state_decided(connection, keeper, given, decide, at))
    if bus is not None and changed:
        bus.publish(WAKE_ZONES)
    return changed


def read_map(path: Path | None) -> RoadGraph:
    """The road network of a file, or of the bundled model region."""
    if path is not None:
        return osm.read_region(path)
    with tempfile.TemporaryDirectory(prefix="hazway-region-") as folder:
        file = Path(folder) / "model.osm"
        file.write_bytes(model_region.build())
        return osm.read_region(file)


def keep_region(
    connection: Connection, keeper: traceability.Keeper, graph: RoadGraph, name: str, at: datetime
) -> Imported:
    """The same for a network that was read already, without places, in the caller's transaction."""
    return keep_map(connection, keeper, graph, (), MapSheet(name=name), at)


def keep_map(
    connection: Connection,
    keeper: traceability.Keeper,
    graph: RoadGraph,
    landmarks: Sequence[Landmark],
    sheet: MapSheet,
    at: datetime,
    told: Told = untold,
) -> Imported:
    """The same for what was read already, in the caller's transaction."""
    told("整理区域 drawing zones", 0, 0)
    region = Region(f"region-{content_digest(graph)[:24]}", graph)
    zones, skipped = proposed_zones(region, landmarks, sheet, divisions(connection))
    tunnels = sum(zone.kind is ZoneKind.TUNNEL for zone in zones)
    row = regions_store.RegionRow(
        id=region.id,
        name=sheet.name,
        nodes=graph.node_count,
        edges=graph.edge_count,
        tunnels=tunnels,
        box=region.box,
        imported_at=at,
    )
    imports_store.queue_up(connection)
    fresh = regions_store.insert(connection, row, graph_to_bytes(graph))
    merged = Merger(connection, keeper, sheet.name, at, told).merge(zones)
    return Imported(region.id, tunnels, graph.edge_count, merged.written, fresh, merged, skipped)


def content_digest(graph: RoadGraph) -> str:
    """SHA-256 over everything a network holds, whatever compressed it."""
    digest = hashlib.sha256()
    for field in dataclasses.fields(graph):
        value = getattr(graph, field.name)
        if isinstance(value, np.ndarray):
            digest.update(f"{field.name}:{value.dtype.str}:{value.shape}\n".encode())
            digest.update(np.ascontiguousarray(value).tobytes())
    tags = json.dumps([dict(tags) for tags in graph.edge_tags], sort_keys=True, ensure_ascii=False)
    bores = [(bore.id, bore.structure_id, bore.name, bore.ref, bore.edges, bore.way_ids) for bore in graph.tunnels]
    digest.update(tags.encode() + json.dumps(bores, ensure_ascii=False).encode())
    return digest.hexdigest()


def _different(connection: Connection, zones: Sequence[Zone], at: datetime) -> dict[str, Change | None]:
    """What puts those of the zones that are not just so already."""
    ids = [zone.id for zone in zones]
    known, newest = store.current(connection, ids, at), store.newest_of(connection, ids)
    changes: dict[str, Change | None] = {}
    for zone in zones:
        if zone.id in newest and newest[zone.id].zone.kind is not zone.kind:
            values = {"kind": newest[zone.id].zone.kind.name}
            raise Refusal((Finding(reason=ZONE_KIND_FIXED, path=zone.id, values=values),))
        has = known.get(zone.id)
        is_so = has is not None and not has.withdrawn and has.zone == zone
        changes[zone.id] = None if is_so else put_of(zone)
    return changes
