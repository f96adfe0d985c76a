"""What this process knows of zones and road networks by heart, for each database it talks to.

Versions never change and are numbered in the order of commits, so that only what was written since the last look is read. A
transaction that has written zones must not look here before it ends: it would remember what may be rolled back.
"""

from __future__ import annotations

import tempfile
import threading
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from pathlib import Path
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from geo.roads import RoadGraph
from services.zones import regions_store, store
from services.zones.model import Effective, ZoneVersion
from services.zones.plan import Held
from services.zones.roads import Region, edges_of

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_NO_TIME = (_LAST, _FIRST)
_INSTANT = timedelta(microseconds=1)
_AFTER_ALL = chr(0x10FFFF)  # no id of a zone comes later
_AT_ONCE = 1_000
LONGEST_TRIP = timedelta(days=7)
_MOST_REGIONS = 8


Moment = tuple[int, datetime]  # by what was written up to that change, at that time


class Book:
    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._versions: dict[str, list[ZoneVersion]] = {}
        self._spans: dict[str, tuple[Effective, ...]] = {}
        self._written: list[tuple[int, str]] = []  # (version, zone) in order
        self._edges_in_time: list[tuple[datetime, str]] = []  # (when a version begins or ends, zone) in order
        self._last = 0
        self._chosen_for = _NO_TIME
        self._now: tuple[Effective, ...] = ()
        self._coming: tuple[Effective, ...] = ()
        self._regions: dict[str, Region] = {}
        self._edges: dict[str, dict[int, frozenset[int]]] = {}

    def active(self, connection: Connection, at: datetime) -> tuple[ZoneVersion, ...]:
        """The zones in force at ``at`` by all that is known, ordered by id."""
        return tuple(each.version for each in self.in_force(connection, at, at))

    def in_force(self, connection: Connection, at: datetime, until: datetime) -> tuple[Effective, ...]:
        """The zones in force at ``at``, ordered by id, then what begins before ``until``, in the order of beginning."""
        with self._lock:
            self._read_on(connection)
            if not self._chosen_for[0] <= at < self._chosen_for[1]:
                self._choose(at)
            return (*self._now, *takewhile(lambda each: each.valid_from < until, self._coming))

    def region(self, connection: Connection, region_id: str) -> Region:
        """The road network. Raises ``LookupError`` when there is none of this id."""
        with self._lock:
            if region_id not in self._regions:
                stored = regions_store.graph_of(connection, region_id)
                if stored is None:
                    raise LookupError(f"no region {region_id}")
                while len(self._regions) >= _MOST_REGIONS:
                    forgotten = next(iter(self._regions))
                    del self._regions[forgotten]
                    self._edges.pop(forgotten, None)
                self._regions[region_id] = Region(region_id, graph_from_bytes(stored))
            return self._regions[region_id]

    def held(self, connection: Connection, region: Region, at: datetime) -> tuple[Held, ...]:
        """The zones that hold edges of the region and are in force at ``at`` or will be before a trip that starts then ends."""
        with self._lock:
            in_force = self.in_force(connection, at, at + LONGEST_TRIP)
            known = self._edges.setdefault(region.id, {})
            known.update(edges_of(region, [each.version for each in in_force if each.version.number not in known]))
            return tuple(Held(each, edges) for each in in_force if (edges := known[each.version.number]))

    def next_edge(self, connection: Connection, at: datetime) -> datetime | None:
        """When something comes into force or goes out of it next; ``None``: never again, by all that is known."""
        with self._lock:
            self._read_on(connection)
            for edge, zone_id in self._edges_in_time[bisect_right(self._edges_in_time, (at, _AFTER_ALL)) :]:
                if self._true_at(zone_id, self._last, edge) is not self._true_at(zone_id, self._last, edge - _INSTANT):
                    return edge
            return None

    def turned(self, connection: Connection, was: Moment, now: Moment) -> dict[str, ZoneVersion | None]:
        """Of every zone that may be another at one moment than at the other: the version true ``now``, ``None`` where there is none."""
        with self._lock:
            self._read_on(connection)
            changes, times = sorted((was[0], now[0])), sorted((was[1], now[1]))
            first, last = (bisect_right(self._written, (change, _AFTER_ALL)) for change in changes)
            begin, end = (bisect_right(self._edges_in_time, (at, _AFTER_ALL)) for at in times)
            touched = {zone_id for _, zone_id in (*self._written[first:last], *self._edges_in_time[begin:end])}
            return {zone_id: self._true_at(zone_id, *now) for zone_id in touched}

    def _true_at(self, zone_id: str, change: int, at: datetime) -> ZoneVersion | None:
        version = true_at([each for each in self._versions[zone_id] if each.number <= change], at)
        return None if version is None or version.withdrawn else version

    def timeline(self, connection: Connection, change: int) -> tuple[Effective, ...]:
        """Which version of each zone is in force when, by what was written up to that change."""
        with self._lock:
            self._read_on(connection)
            if change >= self._last:
                return tuple(span for zone in sorted(self._spans) for span in self._spans[zone])
            written = (
                [each for each in self._versions[zone] if each.number <= change] for zone in sorted(self._versions)
            )
            return tuple(span for versions in written for span in spans(versions))

    def _read_on(self, connection: Connection) -> None:
        """Read what was written since; what was chosen by what was known before is chosen no more."""
        changed: set[str] = set()
        edges: list[tuple[datetime, str]] = []
        while changes := store.changes_since(connection, self._last, _AT_ONCE):
            for version in changes:
                self._versions.setdefault(version.zone.id, []).append(version)
                changed.add(version.zone.id)
                self._written.append((version.number, version.zone.id))
                edges += ((at, version.zone.id) for at in (version.valid_from, version.valid_to) if at is not None)
            self._last = changes[-1].number
        self._edges_in_time += edges
        self._edges_in_time.sort()  # in order already but for the few new ones
        self._spans.update((zone_id, tuple(spans(self._versions[zone_id]))) for zone_id in changed)
        if changed:
            self._chosen_for = _NO_TIME

    def _choose(self, at: datetime) -> None:
        """Sort what is known into what is true at ``at`` and what comes later, and note for how long that holds."""
        since, until = _FIRST, _LAST
        now, coming = [], []
        for zone_id in sorted(self._spans):
            for span in self._spans[zone_id]:
                for edge in (span.valid_from, span.valid_to or _LAST):
                    since, until = (max(since, edge), until) if edge <= at else (since, min(until, edge))
                if span.is_true_at(at):
                    now.append(span)
                elif span.valid_from > at:
                    coming.append(span)
        self._chosen_for, self._now = (since, until), tuple(now)
        self._coming = tuple(sorted(coming, key=lambda span: span.valid_from))


def true_at(versions: list[ZoneVersion], at: datetime) -> ZoneVersion | None:
    """Of the versions of one zone the one true at ``at``; of several the one written last."""
    true = (each for each in versions if each.valid_from <= at and (each.valid_to is None or at < each.valid_to))
    return max(true, key=lambda version: version.number, default=None)


def spans(versions: list[ZoneVersion]) -> Iterator[Effective]:
    """The spans in which each version of one zone is the true one, in order; none where the zone is withdrawn."""
    edges = sorted({at for each in versions for at in (each.valid_from, each.valid_to) if at is not None})
    begun: Effective | None = None
    for since, until in pairwise([*edges, None]):
        version = true_at(versions, since) if since else None
        if begun is not None and begun.version is version:
            begun = Effective(version, begun.valid_from, until)
            continue
        if begun is not None and not begun.version.withdrawn:
            yield begun
        begun = Effective(version, since, until) if version is not None and since else None
    if begun is not None and not begun.version.withdrawn:
        yield begun


_books: WeakKeyDictionary[Engine, Book] = WeakKeyDictionary()
_books_lock = threading.Lock()


def book_of(connection: Connection) -> Book:
    with _books_lock:
        return _books.setdefault(connection.engine, Book())


def graph_to_bytes(graph: RoadGraph) -> bytes:
    with tempfile.TemporaryDirectory(prefix="hazway-region-") as folder:
        path = Path(folder) / "graph.npz"
        graph.save(path)
        return path.read_bytes()


def graph_from_bytes(stored: bytes) -> RoadGraph:
    with tempfile.TemporaryDirectory(prefix="hazway-region-") as folder:
        path = Path(folder) / "graph.npz"
        path.write_bytes(stored)
        return RoadGraph.load(path)
