"""What the operator takes in by his own hand: a map, whose tunnels become zones, and zones drawn as GeoJSON. All of it stated."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, Engine

from geo import model_region, osm
from geo.position import Position
from geo.roads import RoadGraph
from geo.tunnels import Tunnel as MapBore
from hazway import body
from hazway.zones.v1 import zones_pb2 as pb
from services import traceability
from services.errors import Finding, Refusal
from services.errors.zones import ZONE_KIND_FIXED
from services.runtime.bus import Bus
from services.zones import store
from services.zones.book import graph_to_bytes
from services.zones.model import Bore, Tunnel, Zone, ZoneKind
from services.zones.puts import WAKE_ZONES
from services.zones.roads import Region
from services.zones.wire import zone_to_wire

MODEL = "model"


@dataclass(frozen=True, slots=True)
class Imported:
    """``tunnels`` are physical ones, ``changed`` those whose zone got a new version; ``fresh`` is false for a known map."""

    region_id: str
    tunnels: int
    edges: int
    changed: int
    fresh: bool


def import_region(
    engine: Engine,
    keeper: traceability.Keeper,
    path: Path | None,
    at: datetime,
    *,
    name: str = "",
    bus: Bus | None = None,
) -> Imported:
    """Take a map in, or the bundled model region without a ``path``; the same map again changes nothing.

    A tunnel that is a zone already keeps its category and rules and gets the map's shape. Listeners on ``bus`` are woken.
    Raises ``geo.osm.RegionError``.
    """
    graph = read_map(path)
    name = name or (path.name.split(".")[0] if path else MODEL)
    with engine.begin() as connection:
        imported = keep_region(connection, keeper, graph, name, at)
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
        store.queue_up(connection)
        changed = sum(_keep(connection, keeper, zone, at) for zone in zones)
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
    """The same for a network that was read already, in the caller's transaction."""
    region = Region(f"region-{content_digest(graph)[:24]}", graph)
    zones = list(tunnel_zones(region))
    row = store.RegionRow(
        id=region.id,
        name=name,
        nodes=graph.node_count,
        edges=graph.edge_count,
        tunnels=len(zones),
        box=region.box,
        imported_at=at,
    )
    store.queue_up(connection)
    fresh = store.insert_region(connection, row, graph_to_bytes(graph))
    changed = sum(_keep_tunnel(connection, keeper, zone, at) for zone in zones) if fresh else 0
    return Imported(region.id, len(zones), graph.edge_count, changed, fresh)


def tunnel_zones(region: Region) -> Iterator[Zone]:
    """One zone for each physical tunnel, all its bores together, in the order of their ids; nobody has classified them."""
    bores: dict[str, list[MapBore]] = {}
    for bore in region.graph.tunnels:
        bores.setdefault(bore.structure_id, []).append(bore)
    for structure_id, of_structure in sorted(bores.items()):
        longest = max(of_structure, key=lambda bore: (bore.length_dm, bore.id))
        name = next((bore.name for bore in of_structure if bore.name), "") or f"{longest.ref} {structure_id}".strip()
        yield Zone(
            id=structure_id,
            kind=ZoneKind.TUNNEL,
            name=name,
            tunnel=Tunnel(
                length_dm=longest.length_dm,
                bores=tuple(_bore(region, bore) for bore in sorted(of_structure, key=lambda bore: bore.id)),
            ),
        )


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


def _bore(region: Region, bore: MapBore) -> Bore:
    line: list[Position] = []
    for edge in bore.edges:
        line += region.graph.edge_positions(edge)[1 if line else 0 :]
    return Bore(
        id=bore.id,
        entrance=bore.entrance,
        exit=bore.exit,
        length_dm=bore.length_dm,
        edge_keys=tuple(region.edge_keys[edge] for edge in bore.edges),
        way_ids=bore.way_ids,
        line=tuple(line),
    )


def _keep_tunnel(connection: Connection, keeper: traceability.Keeper, mapped: Zone, at: datetime) -> bool:
    """State the tunnel unless the map says nothing new of it; one that was withdrawn stays so."""
    known = store.find(connection, mapped.id, at)
    if known is not None and known.withdrawn:
        return False
    return _keep(connection, keeper, mapped if known is None else _with_map(known.zone, mapped), at)


def _keep(connection: Connection, keeper: traceability.Keeper, zone: Zone, at: datetime) -> bool:
    """State the zone unless it is just so already; whether it was stated."""
    known = store.find(connection, zone.id, at)
    if known is not None and not known.withdrawn and known.zone == zone:
        return False
    newest = store.newest(connection, zone.id)
    if newest is not None and newest.zone.kind is not zone.kind:
        raise Refusal((Finding(reason=ZONE_KIND_FIXED, path=zone.id, values={"kind": newest.zone.kind.name}),))
    registered = traceability.state(
        connection,
        keeper,
        kind="zone.put",
        subject=f"zone/{zone.id}",
        body=body.body_of(pb.PutZoneRequest(zone=zone_to_wire(zone, pb.Zone()))),
        request_id=f"import:{zone.id}:{known.version if known else 'new'}",
        at=at,
    )
    store.append(
        connection,
        zone,
        box=zone.area().box,
        valid_from=at,
        valid_to=store.next_begin(connection, zone.id, at),
        now=at,
        by=traceability.OPERATOR,
        registered=registered.digest,
    )
    return True


def _with_map(known: Zone, mapped: Zone) -> Zone:
    """What was declared of the tunnel, with the shape and name the map gives now."""
    tunnel, drawn = known.tunnel, mapped.tunnel
    if tunnel is None or drawn is None:
        return known
    return replace(known, name=mapped.name, tunnel=replace(tunnel, length_dm=drawn.length_dm, bores=drawn.bores))
