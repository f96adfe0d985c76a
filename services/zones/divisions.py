"""Which administrative division a position is in, by boundaries the operator imported; what nobody imported nobody knows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from geo.divisions import Divisions
from geo.osm_areas import read_divisions
from geo.position import Position
from services.runtime.database import take_your_time
from services.zones import divisions_store


@dataclass(frozen=True, slots=True)
class ImportedDivisions:
    """``changed`` of the ``divisions`` found are new or drawn anew; ``skipped`` counts boundaries left out, by reason."""

    divisions: int
    changed: int
    skipped: dict[str, int]


_known: WeakKeyDictionary[Engine, tuple[int, Divisions]] = WeakKeyDictionary()
_lock = threading.Lock()


def divisions(connection: Connection) -> Divisions:
    """The divisions known now, kept in this process until others are imported; ``at_all`` looks many positions up at once."""
    newest = divisions_store.newest(connection)
    with _lock:
        number, found = _known.get(connection.engine, (-1, None))
    if found is None or number != newest:
        found = Divisions({code: each.shape for code, each in divisions_store.known(connection).items()})
        with _lock:
            _known[connection.engine] = newest, found
    return found


def divisions_at(connection: Connection, position: Position) -> tuple[str, ...]:
    """The GB/T 2260 codes of every known division that holds the position, the narrowest first; a boundary belongs to both sides.

    Empty where no imported shape holds it: "unknown", never "outside".
    """
    return divisions(connection).at(position)


def division_at(connection: Connection, position: Position) -> str:
    """The code of the narrowest known division there, empty where none is known; on a boundary the lower of the codes."""
    return next(iter(divisions_at(connection, position)), "")


def divisions_at_all(connection: Connection, positions: Sequence[Position]) -> list[tuple[str, ...]]:
    """``divisions_at`` for many positions."""
    return divisions(connection).at_all(positions)


def import_divisions(engine: Engine, path: Path, at: datetime, *, name: str = "") -> ImportedDivisions:
    """Keep the administrative boundaries of a map that carry a code; the same again changes nothing. Raises ``RegionError``.

    A division that is not in the map stays as it is known.
    """
    found, skipped = read_divisions(path)
    map_name = name or path.name.split(".")[0]
    with engine.begin() as connection:
        take_your_time(connection)
        changed = sum(divisions_store.add(connection, each, map_name=map_name, at=at) for each in found)
    return ImportedDivisions(len(found), changed, dict(skipped))
