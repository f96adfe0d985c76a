"""What the rules of higher slices judge by: the facts of all that takes part, with the versions that were used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from services.registry import store
from services.registry.model import RegistryFacts

# A permit that ended lately is told as ended, not as missing; older ones only cost time.
_LONG_OVER = timedelta(days=90)
_GRANTED = ("licence", "permit")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakingPart:
    """Ids of what takes part in something."""

    organisations: frozenset[str] = frozenset()
    vehicles: frozenset[str] = frozenset()
    tanks: frozenset[str] = frozenset()
    persons: frozenset[str] = frozenset()

    def pairs(self) -> list[tuple[str, str]]:
        kinds = {
            "organisation": self.organisations,
            "vehicle": self.vehicles,
            "tank": self.tanks,
            "person": self.persons,
        }
        return [(kind, each) for kind, ids in kinds.items() for each in sorted(ids)]


class Known:
    """The facts about all that takes part in several things, as of one time, read at once."""

    def __init__(self, at: datetime, rows: Iterable[store.Named]) -> None:
        self._at = at
        self._named: dict[tuple[str, str], store.Named] = {}
        self._granted: dict[str, list[store.Named]] = {}
        for row in rows:
            if row.kind in _GRANTED:
                self._granted.setdefault(row.found.value.organisation_id, []).append(row)
            else:
                self._named[row.kind, row.asked] = row

    def about(self, taking_part: TakingPart) -> RegistryFacts:
        """What was read about these."""
        named = [self._named[pair] for pair in taking_part.pairs() if pair in self._named]
        granted = [each for owner in sorted(taking_part.organisations) for each in self._granted.get(owner, ())]
        return _facts(self._at, [*named, *sorted(granted, key=lambda each: (each.kind, each.id))])


def known_of(
    connection: Connection, at: datetime, parts: Iterable[TakingPart], known_at: datetime | None = None
) -> Known:
    """As ``facts_at``, for all of ``parts`` in one read."""
    every = list(parts)
    rows = store.find_all(
        connection, {pair for each in every for pair in each.pairs()}, at, known_at,
        granted=_GRANTED, owners={owner for each in every for owner in each.organisations}, ending_after=at - _LONG_OVER,
    )  # fmt: skip
    return Known(at, rows)


def facts_at(
    connection: Connection,
    at: datetime,
    known_at: datetime | None = None,
    *,
    organisations: Iterable[str] = (),
    vehicles: Iterable[str] = (),
    tanks: Iterable[str] = (),
    persons: Iterable[str] = (),
) -> RegistryFacts:
    """What was true at ``at`` by what was known at ``known_at`` (now when not told) of these ids.

    Licences and permits are those of the organisations; permits over for longer than ``_LONG_OVER`` are left out. An id that was merged into another entry stands for that one,
    and is a key of its own in the answer. What is not there was not known. ``versions`` names each version used, by ``<kind>/<id>``.
    """
    parts = TakingPart(
        organisations=frozenset(organisations),
        vehicles=frozenset(vehicles),
        tanks=frozenset(tanks),
        persons=frozenset(persons),
    )
    return known_of(connection, at, [parts], known_at).about(parts)


def facts_of_versions(connection: Connection, at: datetime, versions: Mapping[str, str]) -> RegistryFacts:
    """The very facts a decision used, by the ``versions`` it kept: exact also where two calls crossed each other."""
    found = store.find_versions(connection, versions.values())
    return _facts(at, [store.Named(kind, thing_id, thing_id, each) for (kind, thing_id), each in found.items()])


def _facts(at: datetime, named: Iterable[store.Named]) -> RegistryFacts:
    of: dict[str, dict[str, Any]] = {}
    versions: dict[str, str] = {}
    for each in named:
        values = of.setdefault(each.kind, {})
        values[each.asked] = values[each.id] = each.found.value
        versions[f"{each.kind}/{each.id}"] = each.found.version
    return RegistryFacts(
        at=at,
        organisations=of.get("organisation", {}),
        licences=tuple(of.get("licence", {}).values()),
        vehicles=of.get("vehicle", {}),
        tanks=of.get("tank", {}),
        persons=of.get("person", {}),
        permits=tuple(of.get("permit", {}).values()),
        versions=versions,
    )
