"""The map of a place by its name, fetched through osmnx; the one thing that needs a network."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any

from geo.osm import RegionError


def fetch_place(name: str, wanted: Mapping[str, list[str]], file: Path) -> None:
    """Write the map of a place, by name, into ``file`` (``.osm.pbf``): its roads, and what has one of the ``wanted`` tags.

    osmnx asks Nominatim for the outline and Overpass for what lies in it; the servers' answers are kept whole, so that the file
    is read like any extract. Raises ``RegionError`` without a network, and when the place is not found or has no outline.
    """
    import osmnx

    settings = osmnx.settings
    before = settings.use_cache, settings.cache_folder, settings.cache_only_mode
    with tempfile.TemporaryDirectory(prefix="hazway-place-") as folder:
        try:
            settings.use_cache, settings.cache_folder, settings.cache_only_mode = True, folder, True
            with contextlib.suppress(InterruptedError):  # osmnx's word for "fetched, as you asked"
                osmnx.graph_from_place(name, custom_filter='["highway"]', retain_all=True)
            with contextlib.suppress(InterruptedError):
                osmnx.features_from_place(name, dict(wanted))
        except (OSError, ValueError, TypeError) as problem:
            raise RegionError(
                f"无法联网取得“{name}”的地图；请下载该地区的 OpenStreetMap 文件后用 FILE 导入",
                f"the map of {name!r} could not be fetched ({type(problem).__name__}): download an OpenStreetMap extract of"
                " the place and import the FILE",
            ) from problem
        finally:
            settings.use_cache, settings.cache_folder, settings.cache_only_mode = before
        _write_answers([json.loads(kept.read_text("utf-8")) for kept in sorted(Path(folder).glob("*.json"))], file)


def _write_answers(answers: Iterable[Any], file: Path) -> None:
    """Overpass answers as one file, each element once."""
    import osmium

    mutable = osmium.osm.mutable
    elements: dict[tuple[str, int], Any] = {}
    header = osmium.io.Header()
    for answer in answers:
        if not isinstance(answer, dict):  # Nominatim's
            continue
        if stamp := answer.get("osm3s", {}).get("timestamp_osm_base", ""):
            header.set("osmosis_replication_timestamp", stamp)
        for element in answer.get("elements", ()):
            elements.setdefault((element["type"], element["id"]), element)
    with osmium.SimpleWriter(str(file), header=header) as writer:
        for kind in ("node", "way", "relation"):
            for number, element in sorted(
                ((number, each) for (of, number), each in elements.items() if of == kind), key=itemgetter(0)
            ):
                tags = element.get("tags", {})
                if kind == "node":
                    location = (element["lon"], element["lat"])  # osmium wants (longitude, latitude)
                    writer.add_node(mutable.Node(id=number, version=1, location=location, tags=tags))
                elif kind == "way":
                    writer.add_way(mutable.Way(id=number, version=1, nodes=element["nodes"], tags=tags))
                else:
                    members = [(each["type"][0], each["ref"], each.get("role", "")) for each in element["members"]]
                    writer.add_relation(mutable.Relation(id=number, version=1, members=members, tags=tags))
