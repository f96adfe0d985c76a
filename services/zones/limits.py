"""Limits of height, width, length and mass 限高、限宽、限长、限重, as a map or an authority writes them in tags, against a vehicle. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from geo.osm_tags import height_limit_mm, length_limit_mm, mass_limit_g, width_limit_mm
from services.errors import Basis
from services.errors.zones import ROAD_LIMIT_EXCEEDED, ROAD_LIMIT_UNJUDGED
from services.zones.measures import Between, Measures
from services.zones.model import Outcome, ZoneVersion
from services.zones.rules import Decision

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitKind:
    """``key`` is the tag's name and the rule id; ``told`` reads it (0: it gives no number), ``has`` is the vehicle's own figure."""

    key: str
    told: Callable[[Tags], int]
    has: Callable[[Measures], Between]
    zh: str
    en: str
    figure_zh: str
    figure_en: str
    unit: str
    units: int  # in one shown unit

    def shown(self, figure: int) -> str:
        return f"{figure / self.units:g} {self.unit}"


KINDS = (
    LimitKind(
        key="maxheight", told=height_limit_mm, has=lambda measures: measures.height_mm, zh="限高", en="height limit",
        figure_zh="外廓高", figure_en="height", unit="m", units=1_000,
    ),
    LimitKind(
        key="maxwidth", told=width_limit_mm, has=lambda measures: measures.width_mm, zh="限宽", en="width limit",
        figure_zh="外廓宽", figure_en="width", unit="m", units=1_000,
    ),
    LimitKind(
        key="maxlength", told=length_limit_mm, has=lambda measures: measures.length_mm, zh="限长", en="length limit",
        figure_zh="外廓长", figure_en="length", unit="m", units=1_000,
    ),
    LimitKind(
        key="maxweight", told=mass_limit_g, has=lambda measures: measures.gross_g, zh="限重", en="mass limit",
        figure_zh="总质量", figure_en="gross mass", unit="t", units=1_000_000,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit at one place; ``zone_id`` and ``version`` are empty where it stands on a road of the map and no zone."""

    kind: LimitKind
    limit: int
    place: str
    source: Basis
    zone_id: str = ""
    version: str = ""

    def judge(self, measures: Measures) -> Decision | None:
        """What it says to a vehicle; ``None`` where it surely keeps to it."""
        has = self.kind.has(measures)
        if has.most <= self.limit:
            return None
        values = {
            "zone": self.place, "limit": self.kind.shown(self.limit), "source": self.source.zh, "source_en": self.source.en,
            "what_zh": self.kind.zh, "what": self.kind.en, "figure_zh": self.kind.figure_zh, "figure": self.kind.figure_en,
        }  # fmt: skip
        broken = has.least > self.limit
        if broken:
            values["vehicle"] = self.kind.shown(has.least)
        return Decision(
            zone_id=self.zone_id, zone_name=self.place, version=self.version, rule_id=self.kind.key,
            outcome=Outcome.FORBIDDEN if broken else Outcome.UNJUDGED,
            reason=ROAD_LIMIT_EXCEEDED if broken else ROAD_LIMIT_UNJUDGED, basis=self.source, values=values,
        )  # fmt: skip


def limits_of(version: ZoneVersion) -> Iterator[Limit]:
    """Those an authority put with the zone; of what is a map's alone the map's roads tell, each for itself."""
    zone = version.zone
    if zone.proposed or version.withdrawn or (zone.map_source and not zone.source):
        return
    tags = {tag.name: tag.value for tag in zone.tags}
    source = zone.source.basis() if zone.source else Basis(version.recorded_by, version.recorded_by)
    for kind in KINDS:
        if limit := kind.told(tags):
            yield Limit(
                kind=kind, limit=limit, place=zone.name, source=source, zone_id=zone.id, version=version.version
            )
