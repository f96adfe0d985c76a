"""What other slices ask of zones; see the package."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from geo.roads import RoadGraph
from services.zones import regions_store, store
from services.zones.book import Moment, book_of
from services.zones.model import Effective, ZoneVersion


def region(connection: Connection, region_id: str) -> RoadGraph:
    """The road network, kept in this process. Raises ``LookupError`` when there is none of this id."""
    return book_of(connection).region(connection, region_id).graph


def regions(connection: Connection) -> tuple[str, ...]:
    """The ids of the road networks to go by, the newest first: of several imported under one name the last."""
    newest: dict[str, str] = {}
    for row in regions_store.regions(connection):
        newest.setdefault(row.name, row.id)
    return tuple(newest.values())


def edge_keys(connection: Connection, region_id: str) -> tuple[str, ...]:
    """The key of each edge of the road network, by its number. Raises ``LookupError``."""
    return book_of(connection).region(connection, region_id).edge_keys


def active(connection: Connection, at: datetime) -> tuple[ZoneVersion, ...]:
    """The zones in force at ``at``, by id; ``version.area`` is ready for ``geo.index``, ``version.number`` its change number.

    What a map proposes and nobody confirmed is not in force, but for tunnels, which are where they are.
    """
    return tuple(each for each in book_of(connection).active(connection, at) if each.zone.is_in_force)


def changes_since(connection: Connection, number: int, most: int = 1_000) -> list[ZoneVersion]:
    """Up to ``most`` versions written after change ``number``, in the order of their commits: none is ever missed."""
    return store.changes_since(connection, number, most)


def last_change(connection: Connection) -> int:
    """The number of the newest change, 0 before the first."""
    return store.last_change(connection)


def timeline(connection: Connection, change: int) -> tuple[Effective, ...]:
    """Every zone by what was written up to change ``change``: which version is in force from when to when, for ever the same.

    Spans are half open and ordered by zone and time; nothing is said of times in which a zone is withdrawn or not there yet, nor of
    proposals (as in ``active``).
    """
    return tuple(span for span in book_of(connection).timeline(connection, change) if span.version.zone.is_in_force)


def turned(connection: Connection, was: Moment, now: Moment) -> dict[str, ZoneVersion | None]:
    """Of every zone that may be another at one moment (a change, an instant) than at the other: the version in force ``now``, ``None``
    where there is none, nor of proposals (as in ``timeline``)."""
    found = book_of(connection).turned(connection, was, now)
    return {
        key: version if version is not None and version.zone.is_in_force else None for key, version in found.items()
    }


def next_edge(connection: Connection, at: datetime) -> datetime | None:
    """The first instant after ``at`` at which a version comes into force or goes out of it; ``None``: never again."""
    return book_of(connection).next_edge(connection, at)


def version_of(connection: Connection, version: str) -> ZoneVersion:
    """The very version a decision named. Raises ``LookupError``."""
    found = store.find_version(connection, int(version)) if version.isdigit() else None
    if found is None:
        raise LookupError(f"no zone version {version}")
    return found
