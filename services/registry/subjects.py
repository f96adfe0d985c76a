"""Who may read what was stated about a thing of the registry: the whole chain, from its first owner on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sqlalchemy import text

from services.registry import store
from services.registry.kinds import ORGANISATION, PERSON, TANK, VEHICLE, Kind
from services.registry.relations import for_reading
from services.runtime.access import Relation, Role
from services.runtime.call import Call
from services.runtime.wire import text_of

# A chain of statements cannot be shown in part: whoever was told a share of it would learn of the others.
_OTHERS = {
    "organisation": "false",
    "vehicle": "body->>'carrier_id' <> :organisation",
    "tank": "body->>'carrier_id' <> :organisation",
    "person": (
        "EXISTS (SELECT FROM jsonb_array_elements(body->'employment') e WHERE e->>'carrier_id' <> :organisation)"
    ),
}
_WAS_ANOTHERS = {
    kind: text(f"SELECT EXISTS (SELECT FROM registry_facts WHERE kind = :kind AND id = :id AND {others})")
    for kind, others in _OTHERS.items()
}


def _relations(kind: Kind, call: Call, thing_id: str) -> Sequence[Relation]:
    """ANY for the operator only; OWN only where it was never, and in no part, another's."""
    head = None if text_of(thing_id, "id") else store.head(call.transaction, kind.name, thing_id)
    if head is None:
        return ()
    found = set(for_reading(call, kind, head))
    if Role.OPERATOR not in call.caller.roles:
        found.discard(Relation.ANY)
    if Relation.OWN in found and _was_ever_anothers(call, kind, thing_id):
        found.discard(Relation.OWN)
    return tuple(found)


def _was_ever_anothers(call: Call, kind: Kind, thing_id: str) -> bool:
    arguments = {"kind": kind.name, "id": thing_id, "organisation": call.caller.organisation}
    return bool(call.transaction.execute(_WAS_ANOTHERS[kind.name], arguments).scalar())


subject_relations: Mapping[str, Callable[[Call, str], Sequence[Relation]]] = {
    kind.name: partial(_relations, kind) for kind in (ORGANISATION, VEHICLE, TANK, PERSON)
}
