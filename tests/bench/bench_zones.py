"""Fixes per second through the zone index and the visits, beside an STRtree with the same refine: `python tests/bench/bench_zones.py`.

Environment: ZONES (default "2000,30000,100000"), VEHICLES (20000), ROUNDS (5 fixes of each vehicle in a run), RUNS (5).
Zones of 20 to 500 corners, 200 m to 5 km across (one in a hundred up to 50 km), over China; every fourth vehicle
beside a zone, four in ten parked, the others at up to 80 km/h with a fix every 30 s. Both sides get the same segments, refine the same
candidates by the same exact tests, and run the same state machine; the peer finds its candidates with shapely's STRtree. Prints
one JSON line for each number of zones: medians over the runs of processor time, and the ratio. The two must agree on every event.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely

sys.path.insert(0, str(Path(__file__).parents[2]))

from geo.edges import EdgePool
from geo.index import Crossings, ZoneIndex
from geo.position import E7, Position
from geo.shapes import METRES_PER_E7, MultiPolygon
from tests.bench.visit_table import Depths, Event, Policy, Steps, VisitTable

Int64s = npt.NDArray[np.int64]
Told = tuple[int, int, Event]
Finder = Callable[[Int64s, Int64s, Int64s, Int64s], Crossings]
EVERY_MS = 30_000


@dataclass(frozen=True)
class Setting:
    """Where zones lie (south, west, north, east) and how many of the vehicles begin beside one."""

    name: str
    box: tuple[int, int, int, int]
    near_share: float


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("crowded", (22 * E7, 98 * E7, 42 * E7, 120 * E7), 0.5),
        Setting("whole country", (20 * E7, 76 * E7, 48 * E7, 128 * E7), 0.25),
    )
}


def some_zones(rng: np.random.Generator, setting: Setting, count: int) -> dict[int, MultiPolygon]:
    zones = {}
    south, west, north, east = setting.box
    for key in range(count):
        corners = int(rng.integers(20, 501))
        reach_m = rng.uniform(2500, 25_000) if key % 100 == 0 else math.exp(rng.uniform(math.log(100), math.log(2500)))
        angle = np.arange(corners) * 2 * math.pi / corners
        pull = reach_m / METRES_PER_E7 * rng.uniform(0.6, 1.0, corners)
        latitude = np.rint(rng.integers(south, north) + pull * np.sin(angle)).astype(np.int64)
        longitude = np.rint(rng.integers(west, east) + pull * np.cos(angle) * 1.2).astype(np.int64)
        zones[key] = MultiPolygon(
            latitude_e7=np.append(latitude, latitude[0]),
            longitude_e7=np.append(longitude, longitude[0]),
            ring_offset=np.array([0, corners + 1]),
            ring_polygon=np.array([0]),
        )
    return zones


@dataclass
class Traffic:
    """Places of every vehicle, round by round, and its speed."""

    latitude: list[Int64s]
    longitude: list[Int64s]
    speed_dkmh: Int64s

    @classmethod
    def of(
        cls, rng: np.random.Generator, setting: Setting, zones: dict[int, MultiPolygon], vehicles: int, rounds: int
    ) -> Traffic:
        south, west, north, east = setting.box
        latitude, longitude = rng.integers(south, north, vehicles), rng.integers(west, east, vehicles)
        boxes = np.array([shape.box for shape in zones.values()])
        near = int(vehicles * setting.near_share)
        chosen = rng.integers(0, len(boxes), near)
        spread = 300_000
        latitude[:near] = (boxes[chosen, 0] + boxes[chosen, 2]) // 2 + rng.integers(-spread, spread, near)
        longitude[:near] = (boxes[chosen, 1] + boxes[chosen, 3]) // 2 + rng.integers(-spread, spread, near)
        speed = np.where(rng.random(vehicles) < 0.4, 0, rng.integers(200, 800, vehicles))
        heading = rng.uniform(0, 2 * math.pi, vehicles)
        places = [(latitude, longitude)]
        for _ in range(rounds):
            way = speed / 36 * EVERY_MS / 1000 / METRES_PER_E7
            up = np.rint(way * np.cos(heading) + rng.normal(0, 60, vehicles)).astype(np.int64)
            aside = np.rint(way * np.sin(heading) * 1.15 + rng.normal(0, 60, vehicles)).astype(np.int64)
            places.append((places[-1][0] + up, places[-1][1] + aside))
        return cls([place[0] for place in places], [place[1] for place in places], speed)


class Tree:
    """The peer: boxes of zones in an STRtree, candidates of whole batches, the same exact refine."""

    def __init__(self, zones: dict[int, MultiPolygon], pool: EdgePool) -> None:
        boxes = np.array([shape.box for shape in zones.values()], dtype=np.float64) / E7
        self.tree = shapely.STRtree(shapely.box(boxes[:, 1], boxes[:, 0], boxes[:, 3], boxes[:, 2]))
        self.pool = pool

    def through(self, latitude: Int64s, longitude: Int64s, latitude_2: Int64s, longitude_2: Int64s) -> Crossings:
        ends = np.empty((len(latitude), 2, 2))
        ends[:, 0, 0], ends[:, 0, 1] = longitude / E7, latitude / E7
        ends[:, 1, 0], ends[:, 1, 1] = longitude_2 / E7, latitude_2 / E7
        segment, zone = self.tree.query(shapely.linestrings(ends))
        order = np.lexsort((zone, segment))
        segment, zone = segment[order], zone[order]
        up, across = latitude_2 - latitude, longitude_2 - longitude
        found = self.pool.through(zone, latitude[segment], longitude[segment], up[segment], across[segment])
        keep = np.flatnonzero(found.meets)
        return Crossings(
            segment[keep],
            zone[keep],
            found.t_in[keep],
            found.t_out[keep],
            found.starts_inside[keep],
            found.ends_inside[keep],
        )


def run(find: Finder, traffic: Traffic, zones: dict[int, MultiPolygon]) -> tuple[float, float, list[Told]]:
    """Seconds of processor in all, seconds in the finder, and the events of all rounds."""
    count = len(traffic.speed_dkmh)
    table, told = VisitTable(count, Policy()), []
    vehicle, no_metres, accuracy = np.arange(count), np.zeros(count), np.full(count, Policy().accuracy_m)
    finding, begun = 0.0, time.process_time()
    for number, (latitude, longitude) in enumerate(zip(traffic.latitude, traffic.longitude, strict=True)):
        before = max(0, number - 1)
        start = time.process_time()
        found = find(traffic.latitude[before], traffic.longitude[before], latitude, longitude)
        finding += time.process_time() - start
        from_ms = np.full(count, (number - 1) * EVERY_MS if number else -1)
        steps = Steps(vehicle, from_ms, np.full(count, number * EVERY_MS), no_metres, traffic.speed_dkmh, accuracy)
        told.append(table.advance(steps, found, depths(zones, latitude, longitude)))
    took = time.process_time() - begun
    return took, finding, [row for events in told for row in events.told()]


def depths(zones: dict[int, MultiPolygon], latitude: Int64s, longitude: Int64s) -> Depths:
    def depth_m(vehicle: Int64s, zone: Int64s) -> npt.NDArray[np.float64]:
        rows = zip(latitude[vehicle].tolist(), longitude[vehicle].tolist(), zone.tolist(), strict=True)
        return np.array([zones[number].distance_m(Position(up, aside)) for up, aside, number in rows])

    return depth_m


def measure(setting: Setting, count: int, vehicles: int, rounds: int, runs: int) -> dict[str, object]:
    rng = np.random.default_rng(count)
    zones = some_zones(rng, setting, count)
    traffic = Traffic.of(rng, setting, zones, vehicles, rounds)
    begun = time.process_time()
    index = ZoneIndex(zones)
    built = time.process_time() - begun
    begun = time.process_time()
    pool = EdgePool()
    pool.add(list(zones.values()))
    tree = Tree(zones, pool)
    tree_built = time.process_time() - begun
    ours, peers = [], []
    for _ in range(runs):
        ours.append(run(index.through, traffic, zones))
        peers.append(run(tree.through, traffic, zones))
    if ours[0][2] != peers[0][2]:
        raise SystemExit("the index and the peer disagree")
    fixes = vehicles * (rounds + 1)
    begun = time.process_time()
    index.changed({count: zones[0]})
    added_ms = (time.process_time() - begun) * 1000
    rate, peer_rate = (fixes / statistics.median(result[0] for result in side) for side in (ours, peers))
    find_rate, peer_find_rate = (fixes / statistics.median(result[1] for result in side) for side in (ours, peers))
    return {
        "name": "zones",
        "setting": setting.name,
        "zones": count,
        "fixes_per_s": round(rate),
        "strtree_fixes_per_s": round(peer_rate),
        "ratio": round(rate / peer_rate, 2),
        "found_per_s": round(find_rate),
        "strtree_found_per_s": round(peer_find_rate),
        "found_ratio": round(find_rate / peer_find_rate, 2),
        "events": len(ours[0][2]),
        "fixes": fixes,
        "build_s": round(built, 1),
        "strtree_build_s": round(tree_built, 1),
        "add_one_ms": round(added_ms, 1),
        "entries": index.entries,
        "megabytes": round(index.nbytes / 1e6),
        "runs": runs,
    }


def main() -> None:
    vehicles, rounds, runs = (
        int(os.environ.get(*pair)) for pair in (("VEHICLES", "20000"), ("ROUNDS", "5"), ("RUNS", "5"))
    )
    for name in os.environ.get("SETTINGS", ",".join(SETTINGS)).split(","):
        for count in os.environ.get("ZONES", "2000,30000,100000").split(","):
            print(json.dumps(measure(SETTINGS[name], int(count), vehicles, rounds, runs)), flush=True)


if __name__ == "__main__":
    main()
