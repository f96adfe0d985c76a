"""The same thing registered twice: which entries may be one, and what an alias leads to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from services.errors import Finding
from services.errors.registry import MERGE_REFUSED
from services.registry.identifiers import plain
from services.registry.model import Licence, Organisation, Tank, Vehicle

Registered = Organisation | Vehicle | Tank | Licence


def merge_key(thing: Registered) -> str:
    """What makes two entries one: VIN, credit code, tank number, licence kind and number; "" when it has none."""
    if isinstance(thing, Organisation):
        key = thing.credit_code
    elif isinstance(thing, Vehicle):
        key = thing.vin
    elif isinstance(thing, Tank):
        key = thing.number
    else:
        key = f"{thing.kind.value}:{plain(thing.number)}" if thing.number else ""
    return plain(key)


def duplicates(things: Iterable[Registered]) -> tuple[tuple[str, ...], ...]:
    """Ids of entries that are one by their key, each group in the order given; entries without a key stand alone."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for thing in things:
        if key := merge_key(thing):
            groups[type(thing).__name__, key].append(thing.id)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def check_merge(kept: Registered, merged: Registered, *, successor: bool = False) -> tuple[Finding, ...]:
    """Two entries are merged only when their keys agree, or when a document names one the ``successor`` of the other."""
    if kept.id == merged.id:
        problem = "both are the same entry"
    elif type(kept) is not type(merged):
        problem = "they are of different kinds"
    elif not successor and (not merge_key(kept) or merge_key(kept) != merge_key(merged)):
        problem = "their identifiers differ"
    else:
        return ()
    return (Finding(reason=MERGE_REFUSED, path="merged_id", rule="RG-12", values={"problem": problem}),)


def resolve(aliases: Mapping[str, str], thing_id: str) -> str:
    """The id that stands at the end of the chain of aliases. Raises ``ValueError`` for a chain that bites its tail."""
    seen = {thing_id}
    while thing_id in aliases:
        thing_id = aliases[thing_id]
        if thing_id in seen:
            raise ValueError(f"aliases of {thing_id} form a ring")
        seen.add(thing_id)
    return thing_id
