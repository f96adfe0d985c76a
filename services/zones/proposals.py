"""Zones as a map proposes them: tunnels, bridges and places with what the map says of them. Pure.

None of them is a ban: an authority confirms a proposal by putting it with its rules. Only what the map itself marks as closed to
dangerous goods, or as a tunnel of a category, says so, with the map as its source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from geo import bridges
from geo.bridges import bridges_of
from geo.divisions import Divisions
from geo.landmarks import Landmark, LandmarkKind
from geo.position import Position
from geo.tunnels import Tunnel as MapBore
from services.goods.model import TUNNEL_CATEGORIES
from services.registry.relations import division_prefix
from services.zones.checks import check_zone
from services.zones.mapped import Bridge, Deck, MapSource, PlaceKind, Tag
from services.zones.model import Zone, ZoneKind
from services.zones.roads import Region
from services.zones.ruling import Action, Notice, Rule
from services.zones.shapes import polygons_of
from services.zones.tunnels import Bore, Tunnel

LICENCE = "ODbL 1.0 © OpenStreetMap contributors"
MAP_RULE = "map-hazmat"
SHARE, DEPTH_M = 0.05, 100.0  # less of a zone in a neighbouring division may be one boundary drawn in two ways
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_MOST_NAME, _MOST_VALUE = 200, 500
_STOPS = frozenset({LandmarkKind.SERVICE_AREA, LandmarkKind.PARKING, LandmarkKind.FUEL})
_WORDS: Mapping[LandmarkKind, str] = {
    LandmarkKind.WATER: "水域",
    LandmarkKind.WATER_SOURCE: "饮用水水源保护区",
    LandmarkKind.NATURE_RESERVE: "自然保护地",
    LandmarkKind.SCHOOL: "学校",
    LandmarkKind.KINDERGARTEN: "幼儿园",
    LandmarkKind.HOSPITAL: "医院",
    LandmarkKind.SERVICE_AREA: "服务区",
    LandmarkKind.PARKING: "停车场",
    LandmarkKind.FUEL: "加油站",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSheet:
    """Which map things come from."""

    name: str
    extracted_on: date | None = None

    def source(self, element: str) -> MapSource:
        return MapSource(element=element, map_name=self.name, extracted_on=self.extracted_on, map_licence=LICENCE)

    def notice(self, element: str, title: str) -> Notice:
        return Notice(issuer="OpenStreetMap 地图标注 tag", number=element, title=title, issued_on=self.extracted_on)


def proposed_zones(
    region: Region, landmarks: Iterable[Landmark], sheet: MapSheet, divisions: Divisions
) -> tuple[list[Zone], Counter[str]]:
    """Every zone the map proposes, each in its division where that is known, and what was left out, by reason."""
    skipped: Counter[str] = Counter()
    zones = []
    made = (*tunnel_zones(region, sheet), *_bridge_zones(region, sheet, skipped), *_landmark_zones(landmarks, sheet))
    for zone in made:
        faults = check_zone(zone)
        if faults:
            skipped[f"{zone.kind.name}: {faults[0].en}"] += 1
        else:
            zones.append(_in_division(zone, divisions))
    return zones, skipped


def tunnel_zones(region: Region, sheet: MapSheet) -> Iterator[Zone]:
    """One zone for each physical tunnel, all its bores together, in the order of their ids."""
    bores: dict[str, list[MapBore]] = {}
    for bore in region.graph.tunnels:
        bores.setdefault(bore.structure_id, []).append(bore)
    for structure_id, of_structure in sorted(bores.items()):
        longest = max(of_structure, key=lambda bore: (bore.length_dm, bore.id))
        name = next((bore.name for bore in of_structure if bore.name), "") or f"{longest.ref} {structure_id}"
        element = f"way/{min(way for bore in of_structure for way in bore.way_ids)}"
        closed = [bore for bore in of_structure if _is_closed(bore.tags)]
        only = frozenset(bore.id for bore in closed) if len(closed) < len(of_structure) else frozenset[str]()
        rules = (_map_rule(element, sheet, only),) if closed else ()
        tunnel = _tunnel(region, sorted(of_structure, key=lambda bore: bore.id), sheet)
        yield Zone(
            id=structure_id,
            kind=ZoneKind.TUNNEL,
            name=_name(name, structure_id),
            tunnel=tunnel,
            rules=rules,
            tags=_tags(longest.tags),
            map_source=sheet.source(element),
            proposed=not (rules or tunnel.strictest()),
        )


def _bridge_zones(region: Region, sheet: MapSheet, skipped: Counter[str]) -> Iterator[Zone]:
    for bridge in bridges_of(region.graph):
        if bridge.length_dm < bridges.LEAST_DM:
            skipped["BRIDGE: below 8 m, a culvert 涵洞"] += 1
            continue
        element = f"way/{bridge.id.removeprefix('bridge-')}"
        rules = (_map_rule(element, sheet),) if _is_closed(bridge.tags) else ()
        yield Zone(
            id=bridge.id,
            kind=ZoneKind.BRIDGE,
            name=_name(bridge.tags.get("bridge:name", "") or f"{bridge.name or bridge.ref} {bridge.id}", bridge.id),
            bridge=Bridge(
                length_dm=bridge.length_dm,
                longest_span_dm=bridge.longest_span_dm,
                decks=tuple(Deck(line=deck.line, way_ids=deck.way_ids) for deck in bridge.decks),
            ),
            edge_keys=tuple(region.edge_keys[edge] for edge in bridge.edges),
            rules=rules,
            tags=_tags(bridge.tags),
            map_source=sheet.source(element),
            proposed=not rules,
        )


def _landmark_zones(landmarks: Iterable[Landmark], sheet: MapSheet) -> Iterator[Zone]:
    for mark in landmarks:
        zone_id = f"osm-{mark.element.replace('/', '-')}"
        drawn = {"hazway:disc": "yes"} if mark.is_disc else {}
        if mark.simplified_m:
            drawn["hazway:simplified_m"] = str(mark.simplified_m)
        yield Zone(
            id=zone_id,
            kind=ZoneKind.PARKING if mark.kind in _STOPS else ZoneKind.RESTRICTED_AREA,
            name=_name(mark.name or f"{_WORDS[mark.kind]} {zone_id}", zone_id),
            polygons=polygons_of(mark.shape),
            place_kind=PlaceKind[mark.kind.name],
            tags=_tags({**mark.tags, **drawn}),
            map_source=sheet.source(mark.element),
            proposed=True,
        )


def _tunnel(region: Region, bores: Sequence[MapBore], sheet: MapSheet) -> Tunnel:
    """With the category the map gives all its bores alike, else each bore with its own."""
    categories = [category_of(bore.tags) for bore in bores]
    sources = [
        sheet.notice(f"way/{min(bore.way_ids)}", f"hazmat:{category}=no") if category else None
        for bore, category in zip(bores, categories, strict=True)
    ]
    drawn = [_bore(region, bore) for bore in bores]
    length_dm = max(bore.length_dm for bore in bores)
    if len(set(categories)) == 1:
        return Tunnel(length_dm=length_dm, category=categories[0], category_source=sources[0], bores=tuple(drawn))
    told = zip(drawn, categories, sources, strict=True)
    own = tuple(replace(bore, category=category, category_source=source) for bore, category, source in told)
    return Tunnel(length_dm=length_dm, bores=own)


def category_of(tags: Mapping[str, str]) -> str:
    """The tunnel category a map tells by the restriction codes it closes the tunnel to: the last of B, C, D, E with ``hazmat:<code>=no``."""
    return max((code for code in TUNNEL_CATEGORIES if code != "A" and tags.get(f"hazmat:{code}") == "no"), default="")


def _is_closed(tags: Mapping[str, str]) -> bool:
    """Whether the map itself bans dangerous goods: https://wiki.openstreetmap.org/wiki/Key:hazmat."""
    return tags.get("hazmat") == "no"


def _map_rule(element: str, sheet: MapSheet, bore_ids: frozenset[str] = frozenset()) -> Rule:
    return Rule(id=MAP_RULE, action=Action.FORBID, source=sheet.notice(element, "hazmat=no"), bore_ids=bore_ids)


def _in_division(zone: Zone, divisions: Divisions) -> Zone:
    """With the code of the narrowest division that holds it all, where shapes are known."""
    code = narrowest_over(divisions.touched_by(zone.area(), share=SHARE, depth_m=DEPTH_M)) if len(divisions) else ""
    return replace(zone, division_code=code) if code else zone


def narrowest_over(codes: Iterable[str]) -> str:
    """The narrowest GB/T 2260 code that covers all of these, wider ones given beside narrower ones aside; empty for none."""
    prefixes = {division_prefix(code) for code in codes}
    narrow = {one for one in prefixes if not any(other != one and other.startswith(one) for other in prefixes)}
    for length in (6, 4, 2):
        heads = {one[:length] for one in narrow}
        if len(heads) == 1 and all(len(one) >= length for one in narrow):
            return heads.pop().ljust(6, "0")
    return ""


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


def _name(text: str, instead: str) -> str:
    return _CONTROL.sub(" ", text).strip()[:_MOST_NAME] or instead


def _tags(tags: Mapping[str, str]) -> tuple[Tag, ...]:
    """As the map has them, but for what no message may hold."""
    return tuple(
        Tag(name=name, value=value[:_MOST_VALUE])
        for name, value in sorted(tags.items())
        if name and not _CONTROL.search(name + value)
    )
