"""Fixes a second through ``step`` with all detectors on, and bytes of state: JSON lines, five runs, median.

400,000 vehicles in 256 shards make some 1,560 a shard. Vehicles drive over a country of 30,000 zones and 20,000 tunnels on roads and
planned routes of their own; one in fifty is too fast, one in ten passes a zone, one in twenty a tunnel without being seen inside,
one in twenty stands, all are loaded. One tunnel in sixteen is closed to them, as many as are extra-long ones in China (902 of
16,229 at the end of 2017), by chance as near to a vehicle as it may be. Speed limits come from the road graph. The last
lines are without roads and tunnels, and the same by vehicles in an entry and by zones. ``QUICK=1`` leaves the curves out.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import statistics
import time
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from geo.position import E7, Position, distances_m
from geo.roads import RoadClass, RoadGraph
from geo.shapes import MultiPolygon
from geo.tunnels import with_bores
from services.monitoring.engine import Roads, ShardState, World, step, thresholds_on
from services.monitoring.facts import Goods, TripFact
from services.monitoring.fixes import ENGINE_ON, POSITIONED, Fixes
from services.monitoring.model import FixesEntry, TickEntry, TripEntry, ZoneKind, ZoneRecord, ZoneRule

START_MS = 1_780_000_000_000
ZONES, TUNNELS, VEHICLES, ROUNDS, PERIOD_MS = 30_000, 20_000, 1_560, 61, 30_000
SOUTH, WEST, SIDE = 22.0, 100.0, 18.0
METRES_PER_DEGREE, TUNNEL_M = 111_195.0, 1_000.0

Floats = npt.NDArray[np.float64]
Piece = tuple[Floats, bool, bool]  # points of an edge in degrees; whether it is of an expressway, and in a tunnel


def zones(rng: np.random.Generator, count: int) -> list[ZoneRecord]:
    """Restricted areas of 200 m to 6 km and 20 to 100 corners all over the country; half bar petrol."""
    records = []
    for number in range(count):
        middle = SOUTH + rng.uniform(0, SIDE), WEST + rng.uniform(0, SIDE)
        corners = int(rng.integers(20, 101))
        angle = np.linspace(0, 2 * math.pi, corners, endpoint=False)
        reach = rng.uniform(100, 3000) / 111_000 * rng.uniform(0.8, 1.2, corners)
        ring = [
            Position.from_degrees(middle[0] + r * math.sin(a), middle[1] + r * math.cos(a) * 1.15)
            for r, a in zip(reach, angle, strict=True)
        ]
        rule = ZoneRule(id="r", classes=frozenset({"3" if number % 2 else "1"}))
        kind = ZoneKind.RESTRICTED_AREA
        records.append(
            ZoneRecord(id=f"z{number}", version="1", kind=kind, shape=MultiPolygon.of([ring]), rules=(rule,))
        )
    return records


@dataclass(frozen=True)
class Fleet:
    """Every vehicle drives straight on at one speed; some come through a tunnel half-way."""

    latitude: Floats
    longitude: Floats
    heading: Floats
    speed: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rng: np.random.Generator) -> Fleet:
        latitude, longitude = SOUTH + rng.uniform(0, SIDE, VEHICLES), WEST + rng.uniform(0, SIDE, VEHICLES)
        speed = np.where(np.arange(VEHICLES) % 50 == 0, 900, rng.integers(300, 780, VEHICLES))
        speed[np.arange(VEHICLES) % 20 == 7] = 0
        return cls(latitude, longitude, rng.uniform(0, 360, VEHICLES), speed)

    @property
    def reach_m(self) -> Floats:
        return self.speed / 36 * ROUNDS * PERIOD_MS / 1000

    @property
    def has_tunnel(self) -> npt.NDArray[np.bool_]:
        return (np.arange(VEHICLES) % 20 == 3) & (self.reach_m > 10_000)

    def at(self, metres: Floats, which: int | slice = slice(None)) -> tuple[Floats, Floats]:
        """Degrees of latitude and longitude after so many metres."""
        course, latitude = np.radians(self.heading[which]), self.latitude[which]
        degrees = metres / METRES_PER_DEGREE
        aside = degrees * np.sin(course) / np.cos(np.radians(latitude))
        return latitude + degrees * np.cos(course), self.longitude[which] + aside


def road_graph(rng: np.random.Generator, fleet: Fleet) -> RoadGraph:
    """One road under every vehicle, and stretches with a tunnel of 100 m to 5 km all over the country."""
    roads: list[list[Piece]] = []
    for number in range(VEHICLES):
        reach = float(fleet.reach_m[number]) + 2_000
        bore = float(fleet.reach_m[number]) / 2 if fleet.has_tunnel[number] else math.inf
        joints = {joint for joint in np.arange(-2_000, reach, 2_000).tolist() if not bore <= joint <= bore + TUNNEL_M}
        joints |= {reach} | ({bore, bore + TUNNEL_M} if math.isfinite(bore) else set())
        ways = [(np.linspace(begin, end, 4), begin == bore) for begin, end in pairwise(sorted(joints))]
        is_fast = bool(fleet.speed[number] > 600)
        roads.append([(np.column_stack(fleet.at(way, number)), is_fast, under) for way, under in ways])
    for _ in range(TUNNELS - int(fleet.has_tunnel.sum())):
        y, x, course = SOUTH + rng.uniform(0, SIDE), WEST + rng.uniform(0, SIDE), rng.uniform(0, 2 * math.pi)
        length = math.exp(rng.uniform(math.log(100), math.log(5000)))
        marks = [-1_000.0, 0.0, length, length + 1_000]
        ways = [(np.linspace(begin, end, 4), begin == 0.0) for begin, end in pairwise(marks)]
        up, aside = (
            math.cos(course) / METRES_PER_DEGREE,
            math.sin(course) / METRES_PER_DEGREE / math.cos(math.radians(y)),
        )
        roads.append([(np.column_stack([y + way * up, x + way * aside]), False, under) for way, under in ways])
    edges = [piece for road in roads for piece in road]
    nodes = np.rint(
        np.vstack([np.vstack([road[0][0][:1], *(edge[-1:] for edge, _, _ in road)]) for road in roads]) * E7
    )
    first = np.cumsum([0, *(len(road) + 1 for road in roads)])
    begins = np.concatenate([first[number] + np.arange(len(road)) for number, road in enumerate(roads)])
    points = np.rint(np.vstack([edge for edge, _, _ in edges]) * E7).astype(np.int64)
    lengths = [
        distances_m(*(np.rint(edge[at] * E7)[axis] for at in (0, -1) for axis in (0, 1))) for edge, _, _ in edges
    ]
    tags = {True: {"highway": "motorway", "tunnel": "yes"}, False: {"highway": "motorway"}}
    return with_bores(
        RoadGraph(
            node_id=np.arange(1, len(nodes) + 1), node_latitude_e7=nodes[:, 0].astype(np.int64),
            node_longitude_e7=nodes[:, 1].astype(np.int64), edge_from=begins.astype(np.int32),
            edge_to=(begins + 1).astype(np.int32), edge_length_dm=np.rint(np.array(lengths) * 10).astype(np.int64),
            edge_class=np.array([RoadClass.MOTORWAY if fast else RoadClass.SECONDARY for _, fast, _ in edges], dtype=np.uint8),
            edge_way=np.arange(1, len(edges) + 1), edge_tunnel=np.full(len(edges), -1, dtype=np.int32),
            edge_maxspeed_dkmh=np.zeros(len(edges), dtype=np.int32),
            edge_geometry_offset=np.cumsum([0, *(len(edge) for edge, _, _ in edges)]),
            geometry_latitude_e7=points[:, 0].copy(), geometry_longitude_e7=points[:, 1].copy(),
            edge_tags=tuple(tags[under] for _, _, under in edges), tunnels=(),
        )
    )  # fmt: skip


def tunnel_zones(graph: RoadGraph) -> list[ZoneRecord]:
    """Every tunnel is classified; one in sixteen is closed to petrol in tanks."""
    structures = sorted({bore.structure_id for bore in graph.tunnels})
    return [
        ZoneRecord(id=f"t{name}", version="1", kind=ZoneKind.TUNNEL, structure_id=name, category="D" if number % 16 == 0 else "B")
        for number, name in enumerate(structures)
    ]  # fmt: skip


def traffic(rng: np.random.Generator, fleet: Fleet) -> tuple[list[TripFact], list[Fixes]]:
    """One report of every vehicle each period, and their waybills with planned routes."""
    vehicle = np.arange(VEHICLES, dtype=np.int64)
    facts, batches = [], []
    for number in range(VEHICLES):
        y, x = fleet.at(np.linspace(0, float(fleet.reach_m[number]), 60), number)
        line = np.rint(np.column_stack([y, x]) * E7).astype(np.int64)
        facts.append(
            TripFact(
                vehicle=number, at_ms=START_MS - 1, waybill_id=f"w{number}", carrier_id="c", under_way=True, loaded=True,
                tunnel_forbidden="DE", goods=(Goods("1203", ("3",)),), driver_id=f"d{number}",
                route=tuple(map(tuple, line.tolist())),
            )
        )  # fmt: skip
    for number in range(ROUNDS):
        along = fleet.speed / 36 * number * PERIOD_MS / 1000
        y, x = (degrees + rng.normal(0, 5e-5, VEHICLES) for degrees in fleet.at(along))
        inside = fleet.has_tunnel & (np.abs(along - fleet.reach_m / 2 - TUNNEL_M / 2) < TUNNEL_M / 2)
        order = rng.permutation(VEHICLES)
        rows = np.column_stack(
            [
                vehicle, np.full(VEHICLES, START_MS + number * PERIOD_MS) + vehicle * 13 % PERIOD_MS,
                np.rint(y * E7), np.rint(x * E7), fleet.speed, fleet.heading, np.full(VEHICLES, 50),
                np.where(inside, ENGINE_ON, ENGINE_ON | POSITIONED), np.rint(along * 10) + 1_000_000,
            ]
        )[order]  # fmt: skip
        batches.append(Fixes.of(rows.astype(np.int64)))
    return facts, batches


def run(world: World, facts: list[TripFact], batches: list[Fixes], group: int) -> tuple[float, int, ShardState]:
    """CPU-seconds for all fixes and ticks but the first round, in which waybills come into force; effects; the state left."""
    state = ShardState()
    for fact in facts:
        step(state, world, TripEntry(fact))
    step(state, world, FixesEntry(batches[0]))
    entries = [FixesEntry(Fixes.joined(*batches[at : at + group])) for at in range(1, len(batches), group)]
    effects, began = 0, time.process_time()
    for number, entry in enumerate(entries, start=1):
        effects += len(step(state, world, entry))
        effects += len(step(state, world, TickEntry(START_MS + number * group * PERIOD_MS)))
    return time.process_time() - began, effects, state


def rate(world: World, facts: list[TripFact], batches: list[Fixes], group: int = 1) -> dict[str, object]:
    fixes = sum(len(batch) for batch in batches[1:])
    runs = [run(world, facts, batches, group) for _ in range(5)]
    return {
        "name": "engine_fixes_per_core_second", "value": round(statistics.median(fixes / took for took, _, _ in runs)),
        "zones": len(world.zones) - len(world.watched), "tunnels": len(world.watched), "vehicles": len(facts),
        "fixes_in_an_entry": group * len(batches[0]), "effects": runs[0][1], "runs": 5,
    }  # fmt: skip


def some(batches: list[Fixes], vehicles: int) -> list[Fixes]:
    return [Fixes(*(column[batch.vehicle < vehicles] for column in dataclasses.astuple(batch))) for batch in batches]


def main() -> None:
    rng = np.random.default_rng(5)
    fleet = Fleet.of(rng)
    areas, graph = zones(rng, ZONES), road_graph(rng, fleet)
    tunnels = tunnel_zones(graph)
    roads = Roads([graph], thresholds_on(date(2026, 6, 1)))
    began = time.process_time()
    world = World.build([*areas, *tunnels], roads=roads)
    built = time.process_time() - began
    began = time.process_time()
    world.changed([dataclasses.replace(areas[0], version="2")])
    changed = time.process_time() - began
    facts, batches = traffic(rng, fleet)
    targets = {"goal": 500_000, "floor": 150_000}
    for group in (1, 4):
        print(json.dumps(rate(world, facts, batches, group) | targets), flush=True)
    bare = World.build(areas)
    print(json.dumps(rate(bare, facts, batches) | {"without": "roads and tunnels"}), flush=True)
    if not os.environ.get("QUICK"):
        for count in (2_000, 10_000):
            smaller = World.build([*areas[:count], *tunnels], roads=roads)
            print(json.dumps(rate(smaller, facts, batches) | {"curve": "zones"}), flush=True)
        for count in (100, 400):
            print(json.dumps(rate(world, facts[:count], some(batches, count)) | {"curve": "vehicles"}), flush=True)
        for group in (2, 8, 20):
            print(json.dumps(rate(world, facts, batches, group) | {"curve": "fixes in an entry"}), flush=True)
    state = run(world, facts, batches, 4)[2]
    blob = state.snapshot()
    began = time.perf_counter()
    ShardState.restore(blob)
    restored = time.perf_counter() - began
    line = {
        "name": "state_bytes_per_vehicle", "snapshot": round(len(blob) / VEHICLES),
        "columns": round(state.columns.nbytes / VEHICLES), "restore_s": round(restored, 3), "goal": 1024, "floor": 2048,
    }  # fmt: skip
    print(json.dumps(line))
    body = batches[0].encode()
    print(json.dumps({"name": "fixes_encoded_bytes_each", "value": round(len(body) / len(batches[0]), 1)}))
    print(json.dumps({"name": "world_build_cpu_s", "value": round(built, 2), "zones": len(world.zones)}))
    print(json.dumps({"name": "world_change_cpu_ms", "value": round(changed * 1000, 1), "zones": len(world.zones)}))


if __name__ == "__main__":
    main()
