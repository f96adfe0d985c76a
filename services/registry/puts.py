"""The put acts: one thing each, created or changed as one stated act."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from google.protobuf.message import Message

from hazway.registry.v1 import affiliation_pb2
from hazway.registry.v1 import registry_pb2 as pb
from services import traceability
from services.errors import Finding, Findings, refuse
from services.errors.common import NOT_ALLOWED, invalid
from services.registry import people, standing
from services.registry.affiliation import affiliation
from services.registry.kinds import AFFILIATION, LICENCE, ORGANISATION, PERMIT, PERSON, TANK, VEHICLE, Kind
from services.registry.model import AUTHORITIES
from services.registry.relations import for_writing
from services.registry.sameness import Told, nobody
from services.registry.writing import Draft, check, check_etag, draft, span_of, write
from services.runtime.access import Relation, Role
from services.runtime.call import Call
from services.runtime.wire import to_wire

Answer = TypeVar("Answer", bound=Message)


def register_organisation(call: Call, request: Any) -> pb.RegisterOrganisationResponse:
    return _put(call, request, ORGANISATION, pb.RegisterOrganisationResponse())


def put_licence(call: Call, request: Any) -> pb.PutLicenceResponse:
    return _put(call, request, LICENCE, pb.PutLicenceResponse())


def put_vehicle(call: Call, request: Any) -> pb.PutVehicleResponse:
    return _put(call, request, VEHICLE, pb.PutVehicleResponse())


def put_tank(call: Call, request: Any) -> pb.PutTankResponse:
    return _put(call, request, TANK, pb.PutTankResponse())


def put_person(told: Told, call: Call, request: Any) -> pb.PutPersonResponse:
    return _put(call, request, PERSON, pb.PutPersonResponse(), told)


def put_permit(call: Call, request: Any) -> pb.PutPermitResponse:
    return _put(call, request, PERMIT, pb.PutPermitResponse())


def put_affiliation(call: Call, request: Any) -> affiliation_pb2.PutAffiliationResponse:
    return _put(call, request, AFFILIATION, affiliation_pb2.PutAffiliationResponse())


def _put(call: Call, request: Any, kind: Kind, answer: Answer, told: Told = nobody) -> Answer:
    response: Any = answer
    message = getattr(request, kind.name)
    drafted = prepare(call, kind, message)
    relation = call.allow(for_writing(call, kind, drafted.before, drafted.value), subject=f"{kind.name}/{message.id}")
    finished, findings = complete(call, drafted, message, relation)
    span, late = span_of(call, request, is_new=finished.before is None)
    refuse((*findings, *late, *check_etag(finished.before, request.etag)))
    if request.validate_only:
        show(call, relation, finished.value, "", getattr(response, kind.name))
        return answer
    decision = {"replaces": finished.before.version} if finished.before else {}
    registered = traceability.record(call, request, decision=decision)
    version = write(call, finished.before, finished.value, span, registered.digest)
    settle(call, finished.value, message, told)
    show(call, relation, finished.value, version, getattr(response, kind.name))
    response.registered.CopyFrom(registered.to_wire())
    return answer


def prepare(call: Call, kind: Kind, message: Any) -> Draft:
    """The draft of a message; a tank that says nothing of its state keeps the one it has."""
    if kind is not TANK or message.HasField("state"):
        return draft(call, kind, message)
    drafted = draft(call, kind, message)
    if drafted.found is None:
        return drafted
    findings = tuple(finding for finding in drafted.findings if not finding.path.startswith("tank.state"))
    value = replace(drafted.value, state=drafted.found.value.state)
    return replace(drafted, value=value, findings=findings)


def complete(call: Call, drafted: Draft, message: Any, relation: Relation) -> tuple[Draft, Findings]:
    """The thing as it will be kept by a caller of this relation, and everything wrong with it."""
    if drafted.kind is PERSON:
        return people.complete(call, drafted, message, relation)
    findings = check(call, drafted)
    if drafted.kind is ORGANISATION and drafted.value.id == traceability.OPERATOR:
        findings += (invalid("organisation.id", "reserved 保留标识"),)
    if drafted.kind is ORGANISATION and drafted.value.kinds & AUTHORITIES and Role.OPERATOR not in call.caller.roles:
        findings += (Finding(reason=NOT_ALLOWED, path="organisation.kinds"),)
    if drafted.kind is PERMIT and drafted.found:
        earlier = drafted.found.value
        drafted = replace(drafted, value=replace(drafted.value, used_by=earlier.used_by, revoked=earlier.revoked))
    return drafted, findings


def settle(call: Call, value: Any, message: Any, told: Told) -> None:
    """What stands beside the fact of a person."""
    if isinstance(message, pb.Person):
        people.keep(call, value, message, told)


def show(call: Call, relation: Relation, value: Any, version: str, message: Any) -> None:
    """Fill the answer with what this caller may see."""
    if isinstance(message, pb.Person) and relation is Relation.OWN:
        value = people.seen_by(value, call.caller.organisation)
    to_wire(value, message)
    message.etag = version
    if isinstance(message, pb.Organisation):
        message.suspended = standing.is_suspended(call.transaction, value.id)
    if isinstance(message, affiliation_pb2.Affiliation):
        to_wire(affiliation(value), message.score)
