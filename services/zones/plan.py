"""The quickest route under the rules of zones, why it is not the quickest of all, and what a given route passes. Pure.

Rules are judged at the time the vehicle is there, at legal speed all the way from departure; waiting for a window to close is
not considered. A zone that was found to forbid a passage is closed as a whole for the rest of the search: under rules that do
not depend on the time the answer is the quickest legal route, under others it is a legal one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from geo.position import Position
from geo.roads import OTHER_ROAD_DKMH
from geo.routing import Network, Route, costs
from services.registry.model import Permit
from services.zones.limits import limits_of
from services.zones.measures import UNKNOWN, Measures
from services.zones.model import Effective, ZoneVersion
from services.zones.roads import Region, Segments, follows, metres_inside, segments_of
from services.zones.rules import Cargo, Decision, judge_stay
from services.zones.signs import Reader, decisions_at, signs_against, signs_on, tagged

Mask = npt.NDArray[np.bool_]

_CLOSED: Mapping[str, frozenset[str]] = {
    "access": frozenset({"no"}),
    "motor_vehicle": frozenset({"no"}),
    "hgv": frozenset({"no"}),
}
_PRIVATE: Mapping[str, frozenset[str]] = {"access": frozenset({"private"}), "motor_vehicle": frozenset({"private"})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Who goes where is told apart; this is with what, when, and with which passes."""

    cargo: Cargo
    departure: datetime
    passes: tuple[Permit, ...] = ()
    measures: Measures = UNKNOWN

    @property
    def reader(self) -> Reader:
        return Reader(is_dangerous=self.cargo.is_dangerous, measures=self.measures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One way through one zone; of a tunnel through these ``bores``, empty where nobody can tell."""

    version: ZoneVersion
    enter_at: datetime
    leave_at: datetime
    length_dm: int
    decisions: tuple[Decision, ...]
    bores: frozenset[str] = frozenset()

    @property
    def tunnel_category(self) -> str:
        """The strictest of the bores gone through."""
        tunnel = self.version.zone.tunnel
        return tunnel.strictest(self.bores) if tunnel else ""

    @property
    def blocking(self) -> tuple[Decision, ...]:
        return tuple(decision for decision in self.decisions if decision.outcome.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``route`` is None when no way is legal; ``binding`` closed off every quicker one."""

    route: Route | None
    passages: tuple[Passage, ...]
    binding: tuple[Decision, ...]
    unrestricted: Route
    signs: tuple[Decision, ...]  # along the route, as ``signs_on`` tells them


@dataclass(frozen=True, slots=True)
class Held:
    """A zone while a version of it is in force, and its edges in the region."""

    effective: Effective
    edges: frozenset[int]


def plan(
    region: Region, held: Sequence[Held], origin: int, destination: int, trip: Trip, *, obey: bool = True
) -> Plan | None:
    """The plan between two nodes; ``None`` when no road joins them. Without ``obey`` the route is the unrestricted one."""
    always = _always_closed(region, origin, destination)
    unrestricted = _quickest(region, origin, destination, always)
    if unrestricted is None:
        return None
    signs = list(signs_against(region, trip.reader))
    route: Route | None = unrestricted
    edges_of = {each.effective.version.number: each.edges for each in held}
    forbidden, passed = always.copy(), tuple[Passage, ...]()
    binding: dict[tuple[str, str], Decision] = {}
    while route is not None:
        passed = passages(region, held, route.edges, trip)
        blocking = [passage for passage in passed if passage.blocking]
        met = [(sign, edge) for sign in signs if (edge := sign.first_on(route.edges)) is not None]
        if not obey or not (blocking or met):
            break
        for passage in blocking:
            binding.update({(each.version, each.rule_id): each for each in passage.blocking})
            forbidden[list(_closed_by(region, passage) or edges_of[passage.version.number])] = True
        for sign, edge in met:
            said = (each for each in decisions_at(region, edge, trip.reader) if each.rule_id == sign.rule_id)
            binding.setdefault(("", sign.rule_id), next(said))
            forbidden |= sign.edges
        route = _quickest(region, origin, destination, forbidden)
    return Plan(
        route=route,
        passages=passed if route is not None else (),
        binding=tuple(binding.values()),
        unrestricted=unrestricted,
        signs=signs_on(region, route.edges, trip.reader) if route is not None else (),
    )


def _closed_by(region: Region, passage: Passage) -> frozenset[int]:
    """The edges of the bores that are closed, when all that blocks a way through a tunnel means some bores; else empty."""
    tunnel, named = passage.version.zone.tunnel, [decision.bore_ids for decision in passage.blocking]
    if tunnel is None or not all(named):
        return frozenset()
    bores = [bore for bore in tunnel.bores if bore.id in frozenset[str]().union(*named)]
    return frozenset(region.edge_of[key] for bore in bores for key in bore.edge_keys if key in region.edge_of)


def passages(region: Region, held: Iterable[Held], edges: Sequence[int], trip: Trip) -> tuple[Passage, ...]:
    """Each uninterrupted way through each zone, in the order of entering, with what its rules say at that time."""
    milliseconds = costs(region.graph, "time")
    clock = [0, *accumulate(int(milliseconds[edge]) for edge in edges)]
    found, met = [], frozenset(edges)
    for each in held:
        if each.edges.isdisjoint(met):
            continue
        for first, last in _runs([edge in each.edges for edge in edges]):
            enter, leave = (trip.departure + timedelta(milliseconds=clock[place]) for place in (first, last))
            length_dm = sum(int(region.graph.edge_length_dm[edge]) for edge in edges[first:last])
            bores = _bores(region, each.effective, edges[first:last])
            found.append(_passage(each.effective, enter, leave, length_dm, trip, bores))
    return _ordered(found)


def passages_of_line(zones: Sequence[Effective], line: Sequence[Position], trip: Trip) -> tuple[Passage, ...]:
    """The same for a line on the map, travelled at 60 km/h."""
    segments = segments_of(line)
    clock = [0.0, *accumulate(segments.metres.tolist())]
    meets = dict(zip(*_met(segments, [each.version for each in zones]), strict=True))
    found = []
    for each in zones:
        inside = meets[each.version.number]
        for first, last in _runs([number in inside for number in range(len(segments.metres))]):
            metres = sum(inside[number] for number in range(first, last))
            if follows(each.version, metres, clock[last] - clock[first]):
                enter, leave = (trip.departure + _ride(clock[place]) for place in (first, last))
                bores = each.version.zone.bores_along((), line[first], line[last])
                found.append(_passage(each, enter, leave, round(metres * 10), trip, bores))
    return _ordered(found)


def _met(segments: Segments, versions: Sequence[ZoneVersion]) -> tuple[list[int], list[dict[int, float]]]:
    """For each version, once: its number, and how far which segments run inside."""
    distinct = list({version.number: version for version in versions}.values())
    return [version.number for version in distinct], list(metres_inside(segments, distinct))


def _ride(metres: float) -> timedelta:
    return timedelta(milliseconds=round(metres * 36_000 / OTHER_ROAD_DKMH))


def ride_s(line: Sequence[Position]) -> tuple[int, int]:
    """Length in decimetres and seconds at 60 km/h of a line."""
    metres = float(segments_of(line).metres.sum())
    return round(metres * 10), -(-_ride(metres) // timedelta(seconds=1))


def _bores(region: Region, effective: Effective, edges: Sequence[int]) -> frozenset[str]:
    if effective.version.zone.tunnel is None:
        return frozenset()
    graph = region.graph
    ends = graph.node_position(int(graph.edge_from[edges[0]])), graph.node_position(int(graph.edge_to[edges[-1]]))
    return effective.version.zone.bores_along([region.edge_keys[edge] for edge in edges], *ends)


def _passage(
    effective: Effective, enter: datetime, leave: datetime, length_dm: int, trip: Trip, bores: frozenset[str]
) -> Passage | None:
    """The passage as far as this version is in force then; None when it is not."""
    first = max(enter, effective.valid_from)
    last = min(leave, effective.valid_to) if effective.valid_to else leave
    if not effective.is_true_at(first) or first > last or (first == last and enter < leave):
        return None
    return Passage(
        version=effective.version,
        enter_at=enter,
        leave_at=leave,
        length_dm=length_dm,
        decisions=(
            *judge_stay(effective.version, trip.cargo, first, last, trip.passes, bores),
            *(said for limit in limits_of(effective.version) if (said := limit.judge(trip.measures)) is not None),
        ),
        bores=bores,
    )


def _ordered(found: Iterable[Passage | None]) -> tuple[Passage, ...]:
    return tuple(sorted(filter(None, found), key=lambda passage: (passage.enter_at, passage.version.zone.id)))


def _runs(inside: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """(first, one past the last) of each run of true."""
    first: int | None = None
    for place, is_inside in enumerate([*inside, False]):
        if is_inside and first is None:
            first = place
        elif not is_inside and first is not None:
            yield first, place
            first = None


def _quickest(region: Region, origin: int, destination: int, forbidden: Mask) -> Route | None:
    return Network(region.graph, forbidden_edges=forbidden, weight="time").tree(origin).find_route(destination)


def _always_closed(region: Region, origin: int, destination: int) -> Mask:
    """Roads no lorry may use; private ones too, unless there is no other way in or out."""
    closed = tagged(region, _CLOSED)
    both = closed | tagged(region, _PRIVATE)
    return both if _quickest(region, origin, destination, both) is not None else closed
