"""What a map shows beside roads that matters to dangerous goods: waters, protected areas, schools, hospitals, places to stop. Pure but for reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import shapely

from geo.osm_areas import MapObject, read_objects
from geo.position import Position
from geo.shapes import METRES_PER_E7, Corridor, MultiPolygon, ShapeError, from_geometry

Tags = Mapping[str, str]

POINT_RADIUS_M = 50  # a place mapped as a point is taken for a disc of this radius
LEAST_WATER_M2 = 10_000  # smaller ponds are left out
LEAST_PARKING_M2 = 2_000  # where nothing says that lorries may park, a smaller place is one for cars
_MOST_POINTS = 20_000
# what a map is asked for, by key
WANTED: Mapping[str, list[str]] = {
    "amenity": ["school", "college", "university", "kindergarten", "hospital", "parking", "fuel"],
    "boundary": ["water_protection_area", "protected_area", "national_park"],
    "leisure": ["nature_reserve"],
    "natural": ["water"],
    "waterway": ["riverbank"],
    "landuse": ["reservoir"],
    "highway": ["services", "rest_area"],
}


class LandmarkKind(Enum):
    WATER = "WATER"  # 水域
    WATER_SOURCE = "WATER_SOURCE"  # 饮用水水源保护区
    NATURE_RESERVE = "NATURE_RESERVE"  # 自然保护地
    SCHOOL = "SCHOOL"  # 学校
    KINDERGARTEN = "KINDERGARTEN"  # 幼儿园
    HOSPITAL = "HOSPITAL"  # 医院
    SERVICE_AREA = "SERVICE_AREA"  # 服务区
    PARKING = "PARKING"  # 停车场
    FUEL = "FUEL"  # 加油站


@dataclass(frozen=True, eq=False)
class Landmark:
    """``element`` is the map's object (``way/123``); ``is_disc`` tells that the map gives a point only, ``simplified_m`` by how
    much its outline may be off because the map draws it with more than 20,000 points."""

    kind: LandmarkKind
    element: str
    name: str  # "" where the map gives none
    shape: MultiPolygon
    tags: Tags
    is_disc: bool = False
    simplified_m: int = 0


_AMENITIES = {
    "school": LandmarkKind.SCHOOL,
    "college": LandmarkKind.SCHOOL,
    "university": LandmarkKind.SCHOOL,
    "kindergarten": LandmarkKind.KINDERGARTEN,
    "hospital": LandmarkKind.HOSPITAL,
    "parking": LandmarkKind.PARKING,
    "fuel": LandmarkKind.FUEL,
}


def kind_of(tags: Tags) -> LandmarkKind | None:
    """What the tags say it is; None for what is no landmark of ours."""
    boundary, water = tags.get("boundary"), tags.get("natural") == "water" or tags.get("waterway") == "riverbank"
    # https://wiki.openstreetmap.org/wiki/Key:protect_class: 12 is the protection of water
    if boundary == "water_protection_area" or (
        boundary == "protected_area" and (tags.get("protect_class") == "12" or "水源" in _words(tags))
    ):
        return LandmarkKind.WATER_SOURCE
    if boundary in ("protected_area", "national_park") or tags.get("leisure") == "nature_reserve":
        return LandmarkKind.NATURE_RESERVE
    if tags.get("highway") in ("services", "rest_area"):
        return LandmarkKind.SERVICE_AREA
    if tags.get("amenity") in _AMENITIES:
        return _AMENITIES[tags["amenity"]]
    return LandmarkKind.WATER if water or tags.get("landuse") == "reservoir" else None


def _words(tags: Tags) -> str:
    return tags.get("protection_title", "") + tags.get("name", "") + tags.get("protection_object", "")


_KEPT = frozenset(
    (
        *(
            "amenity",
            "boundary",
            "leisure",
            "natural",
            "waterway",
            "landuse",
            "highway",
            "water",
            "parking",
            "layer",
            "access",
            "operator",
        ),
        *(
            "protect_class",
            "protection_title",
            "motor_vehicle",
            "vehicle",
            "opening_hours",
            "name",
            "name:zh",
            "name:en",
            "covered",
        ),
    )
)
_KEPT_STEMS = frozenset({"hazmat", "maxheight", "maxweight", "hgv", "capacity"})


def kept_tags(tags: Tags) -> dict[str, str]:
    """The tags worth keeping of a thing on the map, by key."""
    return {key: tags[key] for key in sorted(tags) if key in _KEPT or key.split(":")[0] in _KEPT_STEMS}


def read_landmarks(path: Path) -> tuple[list[Landmark], Counter[str]]:
    """The landmarks of a map, ordered by element, and how many objects were left out, by reason. Raises ``RegionError``."""
    found = read_objects(path, list(WANTED), lambda tags: kind_of(tags) is not None, points=True)
    landmarks, skipped = chosen(found.objects)
    return landmarks, found.skipped + skipped


def chosen(objects: list[MapObject]) -> tuple[list[Landmark], Counter[str]]:
    """The landmarks among map objects, and why the others are none."""
    skipped: Counter[str] = Counter()
    landmarks: dict[str, Landmark] = {}
    for each in objects:
        made = _landmark(each)
        if isinstance(made, str):
            skipped[made] += 1
        else:
            landmarks.setdefault(each.element, made)
    doubled = _discs_inside_areas(list(landmarks.values()))
    if doubled:
        skipped["a point inside its own area 与面重复的点"] += len(doubled)
    return [mark for element, mark in landmarks.items() if element not in doubled], skipped


def _landmark(each: MapObject) -> Landmark | str:
    """The landmark, or why it is left out."""
    kind = kind_of(each.tags)
    if kind is None:
        return "no landmark 非所需要素"
    if each.shape is None and kind in (LandmarkKind.WATER, LandmarkKind.WATER_SOURCE, LandmarkKind.NATURE_RESERVE):
        return f"{kind.value}: a mere point 仅为点"
    area_m2 = _area_m2(each.shape) if each.shape is not None else 0.0
    if kind is LandmarkKind.WATER and area_m2 < LEAST_WATER_M2:
        return f"WATER: below {LEAST_WATER_M2} m2 面积过小"
    if kind is LandmarkKind.PARKING and (why := _not_for_lorries(each.tags, area_m2)):
        return why
    try:
        shape, simplified_m = _drawn(each)
    except ShapeError:
        return f"{kind.value}: not a valid area 形状无效"
    name = each.tags.get("name:zh") or each.tags.get("name", "")
    return Landmark(kind, each.element, name, shape, kept_tags(each.tags), each.shape is None, simplified_m)


def _not_for_lorries(tags: Tags, area_m2: float) -> str:
    if tags.get("hgv") in ("yes", "designated", "only") or "capacity:hgv" in tags:
        return ""
    if tags.get("hgv") == "no" or tags.get("parking") in (
        "underground",
        "multi-storey",
        "rooftop",
        "street_side",
        "lane",
        "garage_boxes",
    ):
        return "PARKING: not for lorries 货车不可停放"
    if tags.get("access") in ("no", "private"):
        return "PARKING: private 非公用"
    return f"PARKING: below {LEAST_PARKING_M2} m2 面积过小" if area_m2 < LEAST_PARKING_M2 else ""


def _area_m2(shape: MultiPolygon) -> float:
    south, _, north, _ = shape.box
    scale = float(np.cos(np.radians((south + north) / 2 / 10_000_000)))
    return float(shapely.area(shape.to_geometry()) * METRES_PER_E7**2 * scale)


def _drawn(each: MapObject) -> tuple[MultiPolygon, int]:
    """The shape, and by how many metres it was made simpler."""
    if each.shape is None:
        point = each.point or Position(0, 0)
        return Corridor((point, point), 2.0 * POINT_RADIUS_M).area(), 0
    shape, metres = each.shape, 0
    while len(shape.latitude_e7) > _MOST_POINTS:
        metres = max(1, 2 * metres)
        shape = from_geometry(shapely.simplify(each.shape.to_geometry(), metres / METRES_PER_E7))
    return shape, metres


def _discs_inside_areas(landmarks: list[Landmark]) -> set[str]:
    """Points that stand inside an area of their own kind: the same school drawn twice."""
    doubled: set[str] = set()
    for kind in LandmarkKind:
        areas = [each.shape.to_geometry() for each in landmarks if each.kind is kind and not each.is_disc]
        discs = [each for each in landmarks if each.kind is kind and each.is_disc]
        if areas and discs:
            middles = shapely.centroid(np.array([each.shape.to_geometry() for each in discs], dtype=object))
            numbers = shapely.STRtree(areas).query(middles, predicate="intersects")[0]
            doubled.update(discs[number].element for number in numbers.tolist())
    return doubled
