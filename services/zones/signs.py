"""What the map itself says of single roads: closed to dangerous goods, too low or too weak for a vehicle. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.osm_tags import height_limit_mm, mass_limit_g
from services.errors import Basis, Reason
from services.errors.zones import ROAD_CLOSED_TO_GOODS, ROAD_LIMIT_EXCEEDED
from services.zones.model import Outcome
from services.zones.roads import Int64s, Region
from services.zones.rules import Decision

Mask = npt.NDArray[np.bool_]
Tags = Mapping[str, str]

MAP_RULE = "hazmat=no"  # the rule id of a road that the map itself closes to dangerous goods
HEIGHT_RULE, MASS_RULE = "maxheight", "maxweight"
_MAP = Basis(zh="OpenStreetMap 地图标注", en="OpenStreetMap tag", verified=False)


@dataclass(frozen=True, slots=True)
class Sign:
    """Roads that stay closed to a trip whatever zones say, and what the sign there tells."""

    rule_id: str
    edges: Mask
    reason: Reason
    values: Callable[[Tags], Mapping[str, str]]

    def first_on(self, route: Sequence[int]) -> int | None:
        return next((edge for edge in route if self.edges[edge]), None)

    def decision(self, region: Region, edge: int) -> Decision:
        tags = region.graph.edge_tags[edge]
        name = tags.get("name") or tags.get("ref") or f"way {int(region.graph.edge_way[edge])}"
        return Decision(
            zone_id="", zone_name=name, version="", rule_id=self.rule_id, outcome=Outcome.FORBIDDEN, reason=self.reason,
            basis=_MAP, values={"zone": name, **self.values(tags)},
        )  # fmt: skip


def signs_against(region: Region, *, is_dangerous: bool, height_mm: int, gross_g: int) -> Iterator[Sign]:
    """The signs a trip minds: those about goods with dangerous goods aboard, those about the vehicle where its measures are told (not 0)."""
    if is_dangerous:
        yield Sign(MAP_RULE, tagged(region, {"hazmat": frozenset({"no"})}), ROAD_CLOSED_TO_GOODS, lambda _: {})
    if height_mm:
        yield Sign(
            HEIGHT_RULE, _below(region.by_tags(HEIGHT_RULE, height_limit_mm), height_mm), ROAD_LIMIT_EXCEEDED,
            lambda tags: {"what_zh": "限高", "what": "height limit", "limit": _metres(height_limit_mm(tags)), "vehicle": _metres(height_mm)},
        )  # fmt: skip
    if gross_g:
        yield Sign(
            MASS_RULE, _below(region.by_tags(MASS_RULE, mass_limit_g), gross_g), ROAD_LIMIT_EXCEEDED,
            lambda tags: {"what_zh": "限重", "what": "mass limit", "limit": _tonnes(mass_limit_g(tags)), "vehicle": _tonnes(gross_g)},
        )  # fmt: skip


def tagged(region: Region, values: Mapping[str, frozenset[str]]) -> Mask:
    """The edges whose tags have one of the values."""
    name = repr(sorted((key, sorted(bad)) for key, bad in values.items()))
    found: Mask = region.by_tags(name, lambda tags: any(tags.get(key) in bad for key, bad in values.items())) != 0
    return found


def _below(limits: Int64s, has: int) -> Mask:
    """The edges with a limit lower than that."""
    below: Mask = (limits > 0) & (limits < has)
    return below


def _metres(millimetres: int) -> str:
    return f"{millimetres / 1000:g} m"


def _tonnes(grams: int) -> str:
    return f"{grams / 1_000_000:g} t"
