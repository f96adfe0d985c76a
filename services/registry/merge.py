"""The same thing registered twice: which entries may be one."""

from __future__ import annotations

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
