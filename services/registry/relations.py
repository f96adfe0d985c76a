"""What the caller has to do with a thing of the registry: nothing, its own, or under its jurisdiction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.registry import standing, store
from services.registry.kinds import PERSON, Kind
from services.runtime.access import AUTHORITIES, Relation, Role
from services.runtime.call import Call, Caller
from services.runtime.clock import legal_day

_OVERSEERS = AUTHORITIES | {Role.MARKET_AUTHORITY}


def oversees(caller: Caller) -> bool:
    """Whether the caller is an authority, which sees by jurisdiction."""
    return bool(caller.roles & _OVERSEERS and caller.division)


def division_prefix(code: str) -> str:
    """The part of a GB/T 2260 code all divisions inside it begin with: 440000 → 44, 440300 → 4403."""
    while len(code) > 2 and code.endswith("00"):
        code = code[:-2]
    return code


def covers(division: str, others: Iterable[str]) -> bool:
    """Whether one of ``others`` lies in the division, or is it. An empty division covers nothing."""
    prefix = division_prefix(division)
    return bool(prefix) and any(other.startswith(prefix) for other in others)


def for_reading(call: Call, kind: Kind, head: store.Head) -> list[Relation]:
    """By whose it is now, and for an authority where it is registered or was seen."""
    relations = [Relation.ANY]
    if _is_own(call, kind, head):
        relations.append(Relation.OWN)
    if oversees(call.caller) and covers(call.caller.division, store.divisions_of(call.transaction, head.kind, head.id)):
        relations.append(Relation.JURISDICTION)
    return relations


def for_writing(call: Call, kind: Kind, before: store.Head | None, value: Any) -> list[Relation]:
    """Own is what belongs to the caller, and did so before: nobody takes a thing, or gives it away, by writing it."""
    if kind is PERSON:
        own = _may_write_person(call, before, value)
    else:
        owners = {kind.owner(value), before.owner_id if before else kind.owner(value)}
        own = owners == {call.caller.organisation}
    return [Relation.ANY, Relation.OWN] if own else [Relation.ANY]


def _is_own(call: Call, kind: Kind, head: store.Head) -> bool:
    if kind is not PERSON:
        return head.owner_id == call.caller.organisation
    return call.caller.organisation in standing.employers(call.transaction, head.id, legal_day(call.now))


def _may_write_person(call: Call, before: store.Head | None, value: Any) -> bool:
    """Whoever employs the person; a former employer too, while nobody else does (to take the person on again)."""
    mine = call.caller.organisation
    if before is None:
        return any(each.carrier_id == mine for each in value.employment)
    known = standing.employers(call.transaction, before.id, legal_day(call.now))
    return known.get(mine, False) or (mine in known and not any(known.values()))
