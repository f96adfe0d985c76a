"""What the map itself says of single roads: closed to dangerous goods, too low, narrow, short or weak for a vehicle. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.followed import followed_edges
from geo.position import Position
from services.errors import Basis
from services.errors.zones import ROAD_CLOSED_TO_GOODS
from services.zones.limits import KINDS, Limit
from services.zones.measures import Measures
from services.zones.model import Outcome
from services.zones.roads import Region
from services.zones.rules import Decision

Mask = npt.NDArray[np.bool_]

MAP_RULE = "hazmat=no"  # the rule id of a road that the map itself closes to dangerous goods


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads the signs: with dangerous goods aboard or not, in a vehicle of these measures."""

    is_dangerous: bool
    measures: Measures


@dataclass(frozen=True, slots=True)
class Sign:
    """Roads that stay closed to a trip whatever zones say."""

    rule_id: str
    edges: Mask

    def first_on(self, route: Sequence[int]) -> int | None:
        return next((edge for edge in route if self.edges[edge]), None)


def signs_against(region: Region, reader: Reader) -> Iterator[Sign]:
    """The signs that surely close roads to a trip."""
    if reader.is_dangerous:
        yield Sign(MAP_RULE, _closed_to_goods(region))
    for kind in KINDS:
        if has := kind.has(reader.measures).least:
            limits = region.by_tags(kind.key, kind.told)
            yield Sign(kind.key, (limits > 0) & (limits < has))


def signs_on(region: Region, edges: Iterable[int], reader: Reader) -> tuple[Decision, ...]:
    """What the signs on these roads say to a trip, in their order, once for each place: what closes the road, or cannot be judged."""
    told: dict[tuple[str, str, str], Decision] = {}
    has_sign = signed(region)
    for edge in edges:
        if has_sign[edge]:
            for decision in decisions_at(region, edge, reader):
                told.setdefault((decision.rule_id, decision.zone_name, decision.values.get("limit", "")), decision)
    return tuple(told.values())


def signs_along(region: Region, line: Sequence[Position], reader: Reader) -> tuple[Decision, ...]:
    """The same for the roads a line on the map follows."""
    return signs_on(region, followed_edges(region.graph, np.flatnonzero(signed(region)), line), reader)


def decisions_at(region: Region, edge: int, reader: Reader) -> Iterator[Decision]:
    """What the signs on one road say to a trip."""
    graph = region.graph
    tags, way = graph.edge_tags[edge], int(graph.edge_way[edge])
    place = tags.get("tunnel:name") or tags.get("bridge:name") or tags.get("name") or tags.get("ref") or f"way {way}"
    if reader.is_dangerous and _CLOSED.items() <= tags.items():
        yield Decision(
            zone_id="", zone_name=place, version="", rule_id=MAP_RULE, outcome=Outcome.FORBIDDEN, reason=ROAD_CLOSED_TO_GOODS,
            basis=_source(way, MAP_RULE), values={"zone": place},
        )  # fmt: skip
    for kind in KINDS:
        if limit := kind.told(tags):
            said = Limit(kind=kind, limit=limit, place=place, source=_source(way, kind.key)).judge(reader.measures)
            if said is not None:
                yield said


def signed(region: Region) -> Mask:
    """The edges with any sign of these."""
    mask: Mask = region.by_tags("signed", _has_sign) != 0
    return mask


def _has_sign(tags: Mapping[str, str]) -> bool:
    return _CLOSED.items() <= tags.items() or any(kind.told(tags) for kind in KINDS)


def tagged(region: Region, values: Mapping[str, frozenset[str]]) -> Mask:
    """The edges whose tags have one of the values."""
    name = repr(sorted((key, sorted(bad)) for key, bad in values.items()))
    found: Mask = region.by_tags(name, lambda tags: any(tags.get(key) in bad for key, bad in values.items())) != 0
    return found


_CLOSED = {"hazmat": "no"}


def _closed_to_goods(region: Region) -> Mask:
    return tagged(region, {key: frozenset({value}) for key, value in _CLOSED.items()})


def _source(way: int, tag: str) -> Basis:
    return Basis(
        zh=f"OpenStreetMap 地图标注 {tag}", en=f"OpenStreetMap tag {tag}", article=f"way/{way}", verified=False
    )
