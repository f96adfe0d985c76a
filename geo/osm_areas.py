"""Areas of OpenStreetMap files: closed ways and multipolygons with their holes, put together by osmium (imported late).

Coordinates come through as the map's own whole numbers, degrees x 10^7. Everything works offline, from the file alone.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from geo.divisions import Division
from geo.osm import check_file, malformed
from geo.position import Position
from geo.shapes import MultiPolygon, ShapeError

Tags = Mapping[str, str]

# Keys under which mappers keep the GB/T 2260 code of a Chinese division, the ministry's own first
# (https://wiki.openstreetmap.org/wiki/Key:ref:admin:CN); longer codes are those of townships and villages.
_CODE_KEYS = ("ref:admin:CN:mca", "ref:admin:CN", "division_code", "ref")
_CODE = re.compile(r"[1-9][0-9]{5}(?:0{6})?")


@dataclass(frozen=True, eq=False)
class MapObject:
    """Something on a map: an area, or a mere point where ``shape`` is None. ``element`` is its name there: ``way/123``."""

    element: str
    tags: Tags
    shape: MultiPolygon | None
    point: Position | None = None


@dataclass(slots=True)
class Found:
    """``skipped`` counts what was left out, by reason; ``invalid`` names the areas whose outline makes no sense."""

    objects: list[MapObject] = field(default_factory=list)
    invalid: set[str] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)


NO_AREA = "no closed area in this extract 范围不完整"


def read_objects(path: Path, keys: Sequence[str], wanted: Callable[[Tags], bool], *, points: bool = False) -> Found:
    """The areas with one of these keys that are ``wanted``, ordered by element; with ``points`` also such nodes.

    An area the extract holds only in part is skipped and counted. Raises ``RegionError``.
    """
    check_file(path)
    try:
        try:
            relations, found = _read(path, keys, wanted, points)
        except RuntimeError:  # osmium wants nodes, ways, relations, each by id; editors save otherwise
            with tempfile.TemporaryDirectory(prefix="hazway-region-") as folder:
                relations, found = _read(_sorted(path, Path(folder)), keys, wanted, points)
    except Exception as problem:  # osmium has no common error
        raise malformed(path, problem) from problem
    areas = {each.element for each in found.objects} | found.invalid
    if partly := relations - areas:
        found.skipped[NO_AREA] += len(partly)
    found.objects.sort(key=lambda each: each.element)
    return found


def _sorted(path: Path, folder: Path) -> Path:
    import osmium

    merged, file = osmium.MergeInputReader(), folder / "sorted.osm.pbf"
    merged.add_file(str(path))
    with osmium.SimpleWriter(str(file)) as writer:
        merged.apply(writer)
    return file


def _read(path: Path, keys: Sequence[str], wanted: Callable[[Tags], bool], points: bool) -> tuple[set[str], Found]:
    """The relations that were looked at, and what was found."""
    import osmium

    relations, found = set[str](), Found()
    with_key = osmium.filter.KeyFilter(*keys)
    for thing in osmium.FileProcessor(str(path)).with_areas(with_key).with_filter(with_key):
        tags = {tag.k: tag.v for tag in thing.tags}
        if not wanted(tags):
            continue
        if isinstance(thing, osmium.osm.Relation):
            relations.add(f"relation/{thing.id}")
        elif isinstance(thing, osmium.osm.Area):
            _add_area(f"{'way' if thing.from_way() else 'relation'}/{thing.orig_id()}", tags, thing, found)
        elif points and isinstance(thing, osmium.osm.Node) and thing.location.valid():
            point = Position(thing.location.y, thing.location.x)
            found.objects.append(MapObject(f"node/{thing.id}", tags, None, point))
    return relations, found


def _add_area(element: str, tags: Tags, area: Any, found: Found) -> None:
    try:
        shape = MultiPolygon.of(*_polygons(area))
        shape.check()
    except ShapeError as problem:
        found.invalid.add(element)
        found.skipped[f"not a valid area 形状无效: {str(problem).partition('[')[0]}"] += 1
        return
    found.objects.append(MapObject(element, tags, shape))


def _polygons(area: Any) -> Iterator[list[list[Position]]]:
    for outer in area.outer_rings():
        yield [_ring(outer), *(_ring(inner) for inner in area.inner_rings(outer))]


def _ring(ring: Any) -> list[Position]:
    return [Position(node.location.y, node.location.x) for node in ring]


def extracted_on(path: Path) -> date | None:
    """The day the map was cut out, as its header says; None where it does not say."""
    import osmium

    try:
        with osmium.io.Reader(str(path), osmium.osm.NOTHING) as reader:
            header = reader.header()
            stamps = (header.get(key) for key in ("osmosis_replication_timestamp", "timestamp"))
            return next((date.fromisoformat(stamp[:10]) for stamp in stamps if stamp), None)
    except (RuntimeError, ValueError):
        return None


def code_of(tags: Tags) -> str:
    """The six digits of GB/T 2260 a boundary carries, empty when it carries none."""
    return next((tags[key][:6] for key in _CODE_KEYS if _CODE.fullmatch(tags.get(key, ""))), "")


def read_divisions(path: Path) -> tuple[list[Division], Counter[str]]:
    """The administrative boundaries of a map that carry a code and are whole, by code, and what was skipped.

    Raises ``RegionError`` for a file that is no map.
    """
    found = read_objects(path, ["boundary"], lambda tags: tags.get("boundary") == "administrative")
    divisions: dict[str, Division] = {}
    for each in found.objects:
        code = code_of(each.tags)
        if not code:
            found.skipped["no GB/T 2260 code 无行政区划代码"] += 1
        elif code in divisions:
            found.skipped["a code drawn twice 代码重复"] += 1
        elif each.shape is not None:
            name = each.tags.get("name:zh") or each.tags.get("name", "")
            divisions[code] = Division(code, name, each.shape, each.element)
    return [divisions[code] for code in sorted(divisions)], found.skipped
