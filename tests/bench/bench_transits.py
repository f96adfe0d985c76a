"""How many tunnel transits are found, and how many claimed that were none: `python tests/bench/bench_transits.py`.

Environment: REGION, an OSM extract (default: the model region); DRIVES (default 2000); SEED. Prints one JSON line for the
region and one for made-up stretches (tunnels of 100 m to 5 km, curved, a road beside). Half of the drives go through a
tunnel of at least 100 m; the others take the way round it, turn off before it, or turn back. Reports every 10 or 30 s, none
inside, 2 % lost, and on 15 % of the drives two or three in a row lost in the open; the detector's map has its portals moved
by 10 to 30 m and 2 % of the roads missing. ``found``: of the tunnels really driven through, those told. ``false``: of the drives, those for which a
transit was told of a tunnel not driven through. ``ambiguous``: of the pairs of drive and tunnel near it, those left undecided.
"""

from __future__ import annotations

import json
import math
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from geo.approaches import Approaches, approaches
from geo.position import distance_m
from geo.roads import RoadGraph
from geo.transit import Event, Kind, Seen, Tick, TransitState, step
from tests.bench.tunnel_drives import SHORTEST_DM, Drive, Driver, stretch, wrong_map

REACH_M = 3000.0
WAITED_MS = 7_200_000  # after the last report the clock runs on
Z = 1.96


@dataclass
class Tally:
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    steps: int = 0
    most_state_bytes: int = 0

    def judge(self, drive: Drive, watched: dict[str, Approaches]) -> None:
        """Let every watched structure near the drive have its say."""
        self.counts["drives"] += 1
        claimed = False
        for structure, region in watched.items():
            if structure in drive.brushes or (structure not in drive.passes and not _comes_near(drive, region)):
                continue
            told = self._watch(region, drive.reports)
            transits = sum(event.kind is Kind.TRANSIT for event in told)
            unsure = any(event.kind is Kind.AMBIGUOUS for event in told)
            if structure in drive.passes:
                self.counts["through"] += 1
                self.counts["found"] += transits >= 1
                self.counts[f"through {drive.interval_s}"] += 1
                self.counts[f"found {drive.interval_s}"] += transits >= 1
                self.counts["warned"] += any(event.kind is Kind.PRE_ALARM for event in told)
                self.counts["twice"] += transits > 1
            else:
                self.counts["past"] += 1
                claimed = claimed or transits >= 1
            self.counts["ambiguous"] += unsure and not transits
        self.counts["false"] += claimed

    def _watch(self, region: Approaches, reports: tuple[Seen, ...]) -> list[Event]:
        state: TransitState | None = None
        told: list[Event] = []
        begun = time.process_time()
        for report in reports:
            state, events = step(region, state, report)
            told += events
            if state is not None and events:
                self.most_state_bytes = max(self.most_state_bytes, len(repr(state.to_plain())))
        if state is not None:
            told += step(region, state, Tick(reports[-1].at_ms + WAITED_MS))[1]
        self.seconds += time.process_time() - begun
        self.steps += len(reports)
        return told

    def line(self, region: str) -> str:
        counts = self.counts
        asked = counts["through"] + counts["past"]
        return json.dumps({
            "name": "tunnel_transits",
            "region": region,
            "found": _share(counts["found"], counts["through"]),
            "found_interval": _wilson(counts["found"], counts["through"]),
            "false": _share(counts["false"], counts["drives"]),
            "false_interval": _wilson(counts["false"], counts["drives"]),
            "ambiguous": _share(counts["ambiguous"], asked),
            "ambiguous_interval": _wilson(counts["ambiguous"], asked),
            "n": counts["drives"],
            "through": counts["through"],
            "past": counts["past"],
            "twice": counts["twice"],
            "found_10s": _share(counts["found 10"], counts["through 10"]),
            "found_30s": _share(counts["found 30"], counts["through 30"]),
            "warned_before": _share(counts["warned"], counts["through"]),
            "microseconds_per_report": round(self.seconds / max(1, self.steps) * 1e6, 1),
            "most_state_bytes": self.most_state_bytes,
        })  # fmt: skip


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 5) if whole else None


def _wilson(part: int, whole: int) -> list[float] | None:
    """The 95 % interval of Wilson."""
    if not whole:
        return None
    share, base = part / whole, 1 + Z**2 / whole
    middle = (share + Z**2 / (2 * whole)) / base
    half = Z * math.sqrt(share * (1 - share) / whole + Z**2 / (4 * whole**2)) / base
    return [round(max(0.0, middle - half), 5), round(min(1.0, middle + half), 5)]


def _comes_near(drive: Drive, region: Approaches) -> bool:
    portals = [portal for bore in region.bores for portal in (bore.entrance, bore.exit)]
    return any(distance_m(report.position, portal) < REACH_M for report in drive.reports for portal in portals)


def one_drive(driver: Driver, rng: random.Random, *, through: bool) -> Drive | None:
    edges = driver.through() if through else driver.elsewhere()
    if not edges:
        return None
    drive = driver.drive(edges, rng.choice((10, 30)))
    return drive if drive.is_judgeable and drive.reports else None


def watch(graph: RoadGraph) -> dict[str, Approaches]:
    """The surroundings of every structure with a bore of at least 100 m."""
    structures = {bore.structure_id for bore in graph.tunnels if bore.length_dm >= SHORTEST_DM}
    return {structure: approaches(graph, structure) for structure in sorted(structures)}


def judge_region(graph: RoadGraph, rng: random.Random, drives: int) -> Tally:
    """Many drives on one graph; the map is wrong in a new way every hundred drives."""
    tally, driver = Tally(), Driver(graph, rng)
    watched: dict[str, Approaches] = {}
    attempts = 0
    while tally.counts["drives"] < drives and attempts < 20 * drives:
        if attempts % 200 == 0:
            told = wrong_map(graph, rng)
            watched = watch(told)
        attempts += 1
        drive = one_drive(driver, rng, through=attempts % 2 == 0)
        if drive is not None:
            tally.judge(drive, watched)
    return tally


def judge_stretches(rng: random.Random, drives: int) -> Tally:
    tally = Tally()
    while tally.counts["drives"] < drives:
        graph = stretch(rng)
        told, driver = wrong_map(graph, rng), Driver(graph, rng)
        watched = watch(told)
        for number in range(8):
            drive = one_drive(driver, rng, through=number % 2 == 0)
            if drive is not None:
                tally.judge(drive, watched)
    return tally


def region_graph() -> tuple[str, RoadGraph]:
    from geo import model_region
    from geo.osm import read_region

    if os.environ.get("REGION"):
        path = Path(os.environ["REGION"])
        return path.name, read_region(path)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.osm"
        path.write_bytes(model_region.build())
        return "model", read_region(path)


def main() -> None:
    drives, seed = int(os.environ.get("DRIVES", "2000")), int(os.environ.get("SEED", "1"))
    name, graph = region_graph()
    if any(bore.length_dm >= SHORTEST_DM for bore in graph.tunnels):
        print(judge_region(graph, random.Random(seed), drives).line(name), flush=True)
    else:
        print(
            json.dumps(
                {
                    "name": "tunnel_transits",
                    "region": name,
                    "found": None,
                    "false": None,
                    "n": 0,
                    "note": "no tunnel of 100 m",
                }
            )
        )
    if not os.environ.get("REGION"):
        print(judge_stretches(random.Random(seed), drives).line("stretches"), flush=True)


if __name__ == "__main__":
    main()
