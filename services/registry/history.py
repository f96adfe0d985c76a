"""Reading history: every version of a thing, or the one that was true, and known, at a time."""

from __future__ import annotations

from typing import Any

from hazway.registry.v1 import history_pb2 as pb
from services.errors import Finding, Refusal, refuse
from services.errors.common import NOT_FOUND, missing
from services.registry import history_store, store
from services.registry.kinds import KINDS, PERSON, Kind
from services.registry.puts import show
from services.registry.reads import times_of, was_own
from services.registry.relations import for_reading
from services.registry.versions import FactVersion
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.paging import next_page_token, page_of
from services.runtime.wire import text_of, time_of

_KINDS = {number: KINDS[name.removeprefix("THING_KIND_").lower()] for name, number in pb.ThingKind.items() if number}


def list_versions(call: Call, request: Any) -> pb.ListVersionsResponse:
    """Of the very entry that is named, also where it was merged into another."""
    kind = _asked(request)
    known_at, faults = time_of(request.known_at, "known_at")
    refuse(faults)
    asked = page_of(call, request)
    relation = _relation(call, kind, request.thing_id)
    found = history_store.versions_of(
        call.transaction,
        kind,
        request.thing_id,
        known_at=known_at,
        owner=call.caller.organisation if relation is Relation.OWN else "",
        before=int(asked.cursor or 0),
        most=asked.size + 1,
    )
    if not found and not asked.cursor:
        raise Refusal((Finding(reason=NOT_FOUND, path="thing_id"),))
    response = pb.ListVersionsResponse(
        versions=[_shown(call, relation, kind, each) for each in found[: asked.size]],
        merged_into=history_store.merged_into(call.transaction, kind, request.thing_id, known_at),
    )
    if len(found) > asked.size:
        response.next_page_token = next_page_token(call, request, found[asked.size - 1].id)
    return response


def get_version(call: Call, request: Any) -> pb.Version:
    """An entry that was known by then to be another one is that one."""
    kind = _asked(request)
    at, known_at = times_of(request)
    thing_id = history_store.merged_into(call.transaction, kind, request.thing_id, known_at) or request.thing_id
    relation = _relation(call, kind, thing_id)
    found = history_store.version_at(call.transaction, kind, thing_id, at or call.now, known_at)
    if found is None or not was_own(call, relation, kind, found.value):
        raise Refusal((Finding(reason=NOT_FOUND, path="thing_id"),))
    return _shown(call, relation, kind, found)


def _asked(request: Any) -> Kind:
    """Raises a refusal."""
    kind = _KINDS.get(request.kind)
    unknown = () if kind else (missing("kind"),)
    refuse((*unknown, *text_of(request.thing_id, "thing_id", required=True)))
    return kind or PERSON


def _relation(call: Call, kind: Kind, thing_id: str) -> Relation:
    head = store.head(call.transaction, kind.name, thing_id)
    return call.allow(for_reading(call, kind, head) if head else (), subject=f"{kind.name}/{thing_id}")


def _shown(call: Call, relation: Relation, kind: Kind, version: FactVersion[Any]) -> pb.Version:
    """Of a person an employer is not told which other one wrote."""
    message = pb.Version(version=version.id, registered=version.registered)
    hidden = kind is PERSON and relation is Relation.OWN and version.recorded_by != call.caller.organisation
    message.recorded_by = "" if hidden else version.recorded_by
    message.registered = b"" if hidden else version.registered
    message.valid_from.FromDatetime(version.valid_from)
    message.recorded_at.FromDatetime(version.recorded_at)
    if version.valid_to is not None:
        message.valid_to.FromDatetime(version.valid_to)
    show(call, relation, version.value, version.id, getattr(message, kind.name))
    return message
