"""Acts that change one thing about a thing: suspend, tank state, leaving, revoking, merging."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from google.protobuf.message import Message

from hazway.registry.v1 import registry_pb2 as pb
from services import traceability
from services.errors import Finding, Findings, Refusal, refuse
from services.errors.common import NOT_FOUND, invalid
from services.errors.registry import MERGE_REFUSED
from services.registry import standing, store
from services.registry.aliases_store import lead_on
from services.registry.employment import off_board
from services.registry.kinds import ORGANISATION, PERMIT, PERSON, TANK, VEHICLE, Kind
from services.registry.merge import check_merge
from services.registry.model import TankState
from services.registry.puts import show
from services.registry.relations import for_writing
from services.registry.rules import check_tank
from services.registry.sameness import Told
from services.registry.writing import Span, check_etag, span_of, write
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.clock import legal_day
from services.runtime.wire import day_of, from_wire, text_of

Answer = TypeVar("Answer", bound=Message)


def suspend_organisation(call: Call, request: Any) -> pb.SuspendOrganisationResponse:
    """Stop everybody who acts for the organisation, from the next call on; or let them act again."""
    faults = _texts(request, "organisation_id", "reason")
    head, organisation, relation = _standing_thing(call, ORGANISATION, request.organisation_id, faults)
    mistaken = head.id == call.caller.organisation
    refuse((*faults, *((invalid("organisation_id", "your own 不能暂停本单位"),) if mistaken else ())))
    response = pb.SuspendOrganisationResponse()
    if not request.validate_only:
        registered = traceability.record(call, request)
        standing.set_suspended(call.transaction, head.id, not request.lifted)
        response.registered.CopyFrom(registered.to_wire())
    show(call, relation, organisation, head.version, response.organisation)
    return response


def set_tank_state(call: Call, request: Any) -> pb.SetTankStateResponse:
    faults = _texts(request, "tank_id")
    head, tank, relation = _standing_thing(call, TANK, request.tank_id, faults)
    read = from_wire(TankState, request.state, "state")
    span, late = span_of(call, request, is_new=False)
    state = replace(read.value, at=read.value.at or span.valid_from)
    changed = replace(tank, state=state)
    refuse((*faults, *read.findings, *late, *_state_faults(changed), *check_etag(head, request.etag)))
    return _changed(call, request, head, changed, relation, pb.SetTankStateResponse(), span)


def end_employment(call: Call, request: Any) -> pb.EndEmploymentResponse:
    """The last day is kept in the fact; the person's access ends with this call, whatever the day."""
    faults = _texts(request, "person_id", "organisation_id", optional=("reason",))
    head, person, relation = _standing_thing(call, PERSON, request.person_id, faults, request.organisation_id)
    today = legal_day(call.now)
    day, wrong = day_of(request.last_day, "last_day")
    last_day = day or today
    if last_day > today:
        wrong += (invalid("last_day", "lies in the future 晚于今天"),)
    if request.organisation_id not in standing.employers(call.transaction, head.id, today):
        wrong += (Finding(reason=NOT_FOUND, path="organisation_id"),)
    refuse((*faults, *wrong))
    left = off_board(person, request.organisation_id, last_day)
    response = _changed(call, request, head, left, relation, pb.EndEmploymentResponse())
    if not request.validate_only:
        standing.keep_members(call.transaction, left)
        standing.cut_off(call.transaction, head.id, request.organisation_id)
    return response


def revoke_permit(call: Call, request: Any) -> pb.RevokePermitResponse:
    faults = _texts(request, "permit_id", "organisation_id", "reason")
    head, permit, relation = _standing_thing(call, PERMIT, request.permit_id, faults)
    if not faults and permit.organisation_id != request.organisation_id:
        faults += (invalid("organisation_id", "not its holder 不是持有人"),)
    refuse(faults)
    return _changed(call, request, head, replace(permit, revoked=True), relation, pb.RevokePermitResponse())


def merge_vehicles(told: Told, call: Call, request: Any) -> pb.MergeVehiclesResponse:
    """From now on the merged id leads to the kept entry; both entries' facts stay as they are.

    Permits and tanks that name the merged one name the kept one. While the two are on trips at one time they are not one.
    """
    faults = _texts(request, "kept_id", "merged_id", optional=("document",))
    relation = call.allow((Relation.ANY,), subject=f"vehicle/{request.kept_id}")
    refuse(faults)
    pairs = {thing_id: _thing(call, VEHICLE, thing_id) for thing_id in sorted({request.kept_id, request.merged_id})}
    (head, kept), (_, merged) = pairs[request.kept_id], pairs[request.merged_id]
    refuse(check_merge(kept, merged, successor=bool(request.document.strip())))
    response = pb.MergeVehiclesResponse()
    if not told(call.transaction, VEHICLE.name, request.merged_id, request.kept_id, call.now):
        values = {"problem": "both are on trips at the same time 两车同时在途"}
        raise Refusal((Finding(reason=MERGE_REFUSED, path="merged_id", rule="RG-12", values=values),))
    if not request.validate_only:
        registered = traceability.record(call, request)
        store.alias(call.transaction, VEHICLE.name, request.merged_id, request.kept_id, call.now)
        lead_on(
            call.transaction, request.merged_id, now=call.now, by=call.caller.organisation, registered=registered.digest
        )
        response.registered.CopyFrom(registered.to_wire())
    show(call, relation, kept, head.version, response.vehicle)
    return response


def _thing(call: Call, kind: Kind, thing_id: str) -> tuple[store.Head, Any]:
    """The locked head and the present value. Raises a refusal NOT_FOUND, for an entry merged away too."""
    head = store.head(call.transaction, kind.name, thing_id, lock=True)
    found = store.find(call.transaction, kind.name, thing_id, call.now) if head else None
    if head is None or found is None or store.resolved(call.transaction, kind.name, [thing_id]):
        raise Refusal((Finding(reason=NOT_FOUND),))
    return head, found.value


def _standing_thing(
    call: Call, kind: Kind, thing_id: str, faults: Findings, employer: str = ""
) -> tuple[store.Head, Any, Relation]:
    """As ``_thing``, for a caller who may write it; ``employer`` is whose employment it is about."""
    head = None if faults else store.head(call.transaction, kind.name, thing_id, lock=True)
    found = store.find(call.transaction, kind.name, thing_id, call.now) if head else None
    relations = for_writing(call, kind, head, found.value) if head and found else []
    if employer and employer != call.caller.organisation:
        relations = [relation for relation in relations if relation is not Relation.OWN]
    if faults:
        relations = [Relation.ANY, Relation.OWN]  # nothing was looked up: only whether the role may at all is told
    relation = call.allow(relations, subject=f"{kind.name}/{thing_id}")
    refuse(faults)
    if head is None or found is None:
        raise Refusal((Finding(reason=NOT_FOUND),))
    return head, found.value, relation


def _changed(
    call: Call, request: Any, head: store.Head, value: Any, relation: Relation, answer: Answer, span: Span | None = None
) -> Answer:
    """Write the changed thing as a stated act of its own and answer with it."""
    response: Any = answer
    version = head.version
    if not request.validate_only:
        registered = traceability.record(call, request, decision={"replaces": head.version})
        version = write(call, head, value, span or Span(call.now), registered.digest)
        response.registered.CopyFrom(registered.to_wire())
    show(call, relation, value, version, getattr(response, head.kind))
    return answer


def _state_faults(tank: Any) -> Findings:
    return tuple(
        replace(finding, path=finding.path.removeprefix("tank."))
        for finding in check_tank(tank)
        if finding.path.startswith("tank.state")
    )


def _texts(request: Any, *required: str, optional: tuple[str, ...] = ()) -> Findings:
    return (
        *(finding for name in required for finding in text_of(getattr(request, name), name, required=True)),
        *(finding for name in optional for finding in text_of(getattr(request, name), name)),
    )
