"""A lorry's motion along a route, seen as GPS would show it: legal speed, smooth acceleration, noise, silence in tunnels."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from geo.position import Position, bearing_deg, distances_m, offset
from geo.roads import EXPRESSWAY_DKMH, OTHER_ROAD_DKMH, RoadGraph
from geo.routing import Route
from geo.turning import ACCELERATION_M_S2, BRAKING_M_S2, SHARP_TURN_DEG, SHARP_TURN_M_S

_STEP_M = 5.0  # the speed profile is solved at points this far apart
_CRAWL_M_S = 0.5  # leaving standstill, so that the first step takes a finite time
_SPEED_NOISE_DKMH = 3.0
_HEADING_NOISE_DEG = 2.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DrivenFix:
    """One fix: whole units, WGS 84, heading clockwise from north, odometer since the start of the drive."""

    at: datetime
    position: Position
    speed_dkmh: int
    heading_deg: int
    odometer_dm: int


@dataclass(frozen=True)
class Overspeed:
    """Drive ``speed_dkmh`` instead of the legal speed on the edges ``first`` to ``last`` (numbers within the route)."""

    first: int
    last: int
    speed_dkmh: int


@dataclass(frozen=True)
class _Profile:
    """The drive at close points: metres along the route, seconds since the start, speed, and place."""

    along_m: Floats
    seconds: Floats
    speed_m_s: Floats
    silent_m: tuple[tuple[float, float], ...]  # stretches inside tunnels


def drive(
    graph: RoadGraph,
    edges: Sequence[int],
    *,
    start: datetime,
    rng: random.Random,
    interval_s: float = 10,
    noise_m: float = 5.0,
    speed_factor: float = 0.95,
    expressway_dkmh: int = EXPRESSWAY_DKMH,
    other_dkmh: int = OTHER_ROAD_DKMH,
    overspeed: Overspeed | None = None,
    reacquire_s: float = 4.0,
) -> Iterator[DrivenFix]:
    """Fixes of one drive over ``edges``, from standstill at ``start`` to standstill at the end, the last on arrival.

    A fix falls every ``interval_s`` except inside tunnels, from the entrance portal until ``reacquire_s`` after the exit.
    ``noise_m`` is the standard deviation of the position on each axis. The same ``rng`` state gives the same drive.
    Raises ``ValueError`` for edges that do not follow one another or a naive ``start``.
    """
    if start.tzinfo is None:
        raise ValueError("start must be an aware datetime")
    if not edges:
        return
    Route.along(graph, edges)  # refuses edges that do not follow one another
    line = _Line(graph, edges)
    targets = (
        graph.legal_speeds_dkmh(expressway_dkmh=expressway_dkmh, other_dkmh=other_dkmh)[list(edges)] * speed_factor
    )
    if overspeed is not None:
        targets[overspeed.first : overspeed.last + 1] = overspeed.speed_dkmh
    profile = _profile(line, targets / 36)
    arrival = float(profile.seconds[-1])
    # half a second short of it, so that the fix on arrival never doubles the one before
    for seconds in [*np.arange(0, arrival - 0.5, interval_s).tolist(), arrival]:
        if not _is_silent(profile, seconds, reacquire_s):
            yield _fix(line, profile, seconds, start, noise_m, rng)


def find_overspeed(
    graph: RoadGraph, edges: Sequence[int], *, excess_dkmh: int = 250, minimum_m: float = 400.0
) -> Overspeed | None:
    """Where a driver could speed: the longest straight run of edges in the open under one legal speed; None below ``minimum_m``.

    The speed is ``excess_dkmh`` over the legal one, reached and left smoothly, so the run is exceeded in one piece.
    """
    if not edges:
        return None
    line, legal = _Line(graph, edges), graph.legal_speeds_dkmh()[list(edges)].tolist()
    corners = set(_sharp_turns(line))
    runs: list[tuple[float, int, int]] = []
    first, begin_m = 0, 0.0
    for index, end_m in enumerate(line.edge_end_m.tolist()):
        breaks = line.in_tunnel[index] or legal[index] != legal[first]
        if breaks:
            first, begin_m = index, float(line.edge_end_m[index - 1]) if index else 0.0
        if not line.in_tunnel[index]:
            runs.append((end_m - begin_m, first, index))
        if line.in_tunnel[index] or end_m in corners:
            first, begin_m = min(index + 1, len(legal) - 1), end_m
    length, first, last = max(runs, key=lambda run: (run[0], -run[1]), default=(0.0, 0, 0))
    return Overspeed(first, last, legal[first] + excess_dkmh) if length >= minimum_m else None


class _Line:
    """The geometry of a route, measured along in metres."""

    def __init__(self, graph: RoadGraph, edges: Sequence[int]) -> None:
        self.points = Route.along(graph, edges).positions(graph)
        latitude = np.array([point.latitude_e7 for point in self.points], dtype=np.int64)
        longitude = np.array([point.longitude_e7 for point in self.points], dtype=np.int64)
        counts = np.diff(graph.edge_geometry_offset)[list(edges)] - 1
        self.edge_end = np.cumsum(counts)  # index of the last point of each edge
        self.along_m: Floats = np.concatenate(
            [[0.0], np.cumsum(distances_m(latitude[:-1], longitude[:-1], latitude[1:], longitude[1:]))]
        )
        self.edge_end_m: Floats = self.along_m[self.edge_end]
        self.latitude, self.longitude = latitude.astype(np.float64), longitude.astype(np.float64)
        self.in_tunnel = graph.edge_tunnel[list(edges)] >= 0

    @property
    def length_m(self) -> float:
        return float(self.along_m[-1])

    def place(self, along_m: float) -> tuple[Position, float]:
        """Position and bearing at a distance along the route."""
        segment = int(np.clip(np.searchsorted(self.along_m, along_m, side="right") - 1, 0, len(self.points) - 2))
        length = self.along_m[segment + 1] - self.along_m[segment]
        share = (along_m - self.along_m[segment]) / length if length > 0 else 0.0
        latitude = self.latitude[segment] + share * (self.latitude[segment + 1] - self.latitude[segment])
        longitude = self.longitude[segment] + share * (self.longitude[segment + 1] - self.longitude[segment])
        return Position(round(latitude), round(longitude)), bearing_deg(self.points[segment], self.points[segment + 1])

    def silent_stretches(self) -> tuple[tuple[float, float], ...]:
        """Stretches (from, to) in metres that lie in tunnels, adjoining ones merged."""
        begin_m = [0.0, *self.edge_end_m[:-1].tolist()]
        stretches: list[tuple[float, float]] = []
        for begin, end, inside in zip(begin_m, self.edge_end_m.tolist(), self.in_tunnel.tolist(), strict=True):
            if inside and stretches and stretches[-1][1] == begin:
                stretches[-1] = (stretches[-1][0], end)
            elif inside:
                stretches.append((begin, end))
        return tuple(stretches)


def _profile(line: _Line, target_m_s: Floats) -> _Profile:
    """The fastest smooth drive below the target speeds: limited, then spread forwards and backwards by what a lorry can do."""
    along = np.linspace(0, line.length_m, max(2, math.ceil(line.length_m / _STEP_M) + 1))
    step = float(along[1] - along[0])
    limit = target_m_s[np.minimum(np.searchsorted(line.edge_end_m, along, side="left"), len(target_m_s) - 1)].copy()
    for corner_m in _sharp_turns(line):
        near = np.abs(along - corner_m) <= step
        limit[near] = np.minimum(limit[near], SHARP_TURN_M_S)
    limit[0] = limit[-1] = 0.0
    speed = limit.tolist()
    for index in range(1, len(speed)):
        speed[index] = min(speed[index], math.sqrt(speed[index - 1] ** 2 + 2 * ACCELERATION_M_S2 * step))
    for index in range(len(speed) - 2, -1, -1):
        speed[index] = min(speed[index], math.sqrt(speed[index + 1] ** 2 + 2 * BRAKING_M_S2 * step))
    speeds = np.array(speed)
    mean = np.maximum((speeds[1:] + speeds[:-1]) / 2, _CRAWL_M_S)
    seconds = np.concatenate([[0.0], np.cumsum(step / mean)])
    return _Profile(along, seconds, speeds, line.silent_stretches())


def _sharp_turns(line: _Line) -> Iterator[float]:
    bearings = [bearing_deg(one, other) for one, other in pairwise(line.points)]
    for index, (before, after) in enumerate(pairwise(bearings), start=1):
        if abs((after - before + 180) % 360 - 180) > SHARP_TURN_DEG:
            yield float(line.along_m[index])


def _is_silent(profile: _Profile, seconds: float, reacquire_s: float) -> bool:
    along = float(np.interp(seconds, profile.seconds, profile.along_m))
    for begin, end in profile.silent_m:
        exit_s = float(np.interp(end, profile.along_m, profile.seconds))
        if along >= begin and seconds <= exit_s + reacquire_s:
            return True
    return False


def _fix(
    line: _Line, profile: _Profile, seconds: float, start: datetime, noise_m: float, rng: random.Random
) -> DrivenFix:
    along = float(np.interp(seconds, profile.seconds, profile.along_m))
    position, bearing = line.place(along)
    north_m, east_m = rng.gauss(0, noise_m), rng.gauss(0, noise_m)
    seen = offset(position, math.degrees(math.atan2(east_m, north_m)), math.hypot(north_m, east_m))
    speed = float(np.interp(seconds, profile.seconds, profile.speed_m_s)) * 36
    return DrivenFix(
        at=start + timedelta(milliseconds=round(seconds * 1000)),
        position=seen,
        speed_dkmh=max(0, round(speed + rng.gauss(0, _SPEED_NOISE_DKMH))),
        heading_deg=round(bearing + rng.gauss(0, _HEADING_NOISE_DEG)) % 360,
        odometer_dm=round(along * 10),
    )
