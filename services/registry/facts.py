"""What the rules of higher slices judge by: the facts of all that takes part, with the versions that were used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from services.registry import store
from services.registry.model import RegistryFacts

# A permit that ended lately is told as ended, not as missing; older ones only cost time.
_LONG_OVER = timedelta(days=90)

Found = dict[tuple[str, str], store.Found]


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
    and is a key of its own in the answer. What is not there was not known. ``versions`` names each version used.
    """
    wanted_vehicles, wanted_organisations = sorted(set(vehicles)), sorted(set(organisations))
    aliases = store.resolved(connection, "vehicle", wanted_vehicles)
    pairs = {
        *(("organisation", each) for each in wanted_organisations),
        *(("vehicle", aliases.get(each, each)) for each in wanted_vehicles),
        *(("tank", each) for each in tanks),
        *(("person", each) for each in persons),
        *store.owned(connection, ("licence", "permit"), wanted_organisations, ending_after=at - _LONG_OVER),
    }
    return _facts(at, store.find_all(connection, sorted(pairs), at, known_at), aliases)


def facts_of_versions(connection: Connection, at: datetime, versions: Mapping[str, str]) -> RegistryFacts:
    """The very facts a decision used, by the ``versions`` it kept: exact also where two calls crossed each other."""
    return _facts(at, store.find_versions(connection, versions.values()), {})


def _facts(at: datetime, found: Found, aliases: Mapping[str, str]) -> RegistryFacts:
    of: dict[str, dict[str, Any]] = {}
    for (kind, thing_id), each in found.items():
        of.setdefault(kind, {})[thing_id] = each.value
    vehicles = of.get("vehicle", {})
    vehicles |= {alias: vehicles[kept] for alias, kept in aliases.items() if kept in vehicles}
    return RegistryFacts(
        at=at,
        organisations=of.get("organisation", {}),
        licences=tuple(of.get("licence", {}).values()),
        vehicles=vehicles,
        tanks=of.get("tank", {}),
        persons=of.get("person", {}),
        permits=tuple(of.get("permit", {}).values()),
        versions={thing_id: each.version for (_, thing_id), each in found.items()},
    )
