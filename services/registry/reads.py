"""Reading: one thing as it was at a time, and lists page by page, each only as far as the caller may see."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from hazway.registry.v1 import affiliation_pb2
from hazway.registry.v1 import registry_pb2 as pb
from services.errors import Finding, Refusal, refuse
from services.errors.common import NOT_FOUND, invalid, missing
from services.registry import identities, lists_store, store
from services.registry.kinds import (
    AFFILIATION,
    LICENCE,
    ORGANISATION,
    PERMIT,
    PERSON,
    TANK,
    VEHICLE,
    Keys,
    Kind,
    plate_key,
)
from services.registry.model import OrganisationKind, Person, PlateColour
from services.registry.puts import show
from services.registry.relations import division_prefix, for_reading, oversees
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.paging import next_page_token, page_of
from services.runtime.wire import text_of, time_of

Answer = TypeVar("Answer", bound=Message)


def get_organisation(call: Call, request: Any) -> pb.Organisation:
    refuse(text_of(request.organisation_id, "organisation_id", required=True))
    return _get(call, request, ORGANISATION, request.organisation_id, pb.Organisation())


def get_tank(call: Call, request: Any) -> pb.Tank:
    refuse(text_of(request.tank_id, "tank_id", required=True))
    return _get(call, request, TANK, request.tank_id, pb.Tank())


def get_person(call: Call, request: Any) -> pb.Person:
    refuse(text_of(request.person_id, "person_id", required=True))
    return _get(call, request, PERSON, request.person_id, pb.Person())


def get_affiliation(call: Call, request: Any) -> affiliation_pb2.Affiliation:
    refuse(text_of(request.vehicle_id, "vehicle_id", required=True))
    return _get(call, request, AFFILIATION, request.vehicle_id, affiliation_pb2.Affiliation())


def get_vehicle(call: Call, request: Any) -> pb.Vehicle:
    refuse((*text_of(request.vehicle_id, "vehicle_id"), *text_of(request.plate, "plate")))
    return _get(call, request, VEHICLE, request.vehicle_id or _by_plate(call, request), pb.Vehicle())


def _by_plate(call: Call, request: Any) -> str:
    """The id of the vehicle that has this plate now, "" when none has."""
    if not request.plate:
        raise Refusal((missing("vehicle_id"),))
    colour = next((each for each in PlateColour if each.value == request.plate_colour), None)
    if colour is None:
        raise Refusal((missing("plate_colour"),))
    key: Keys = (plate_key(request.plate, colour),)
    return store.by_key(call.transaction, key).get(key[0], "")


def _get(call: Call, request: Any, kind: Kind, thing_id: str, answer: Answer) -> Answer:
    at, known_at = times_of(request)
    thing_id = store.resolved(call.transaction, kind.name, [thing_id]).get(thing_id, thing_id)
    head = store.head(call.transaction, kind.name, thing_id)
    relation = call.allow(for_reading(call, kind, head) if head else (), subject=f"{kind.name}/{thing_id}")
    found = store.find(call.transaction, kind.name, thing_id, at or call.now, known_at)
    if found is None or head is None or not was_own(call, relation, kind, found.value):
        raise Refusal((Finding(reason=NOT_FOUND),))
    show(call, relation, found.value, head.version if at is None and known_at is None else "", answer)
    if isinstance(answer, pb.Person) and relation is not Relation.OWN:
        answer.same_person_ids.extend(identities.entries_of(call.transaction, thing_id))
    return answer


def was_own(call: Call, relation: Relation, kind: Kind, value: Any) -> bool:
    """A thing bought from another is the buyer's since then; what it was before stays the other's, a person's too."""
    if relation is not Relation.OWN:
        return True
    if isinstance(value, Person):
        return any(each.carrier_id == call.caller.organisation for each in value.employment)
    return kind.owner(value) == call.caller.organisation


def times_of(request: Any) -> tuple[datetime | None, datetime | None]:
    at, faults = time_of(request.at, "at")
    known_at, more = time_of(request.known_at, "known_at")
    refuse((*faults, *more))
    return at, known_at


def list_vehicles(call: Call, request: Any) -> pb.ListVehiclesResponse:
    return _list(call, request, VEHICLE, "carrier_id", pb.ListVehiclesResponse())


def list_tanks(call: Call, request: Any) -> pb.ListTanksResponse:
    return _list(call, request, TANK, "carrier_id", pb.ListTanksResponse())


def list_persons(call: Call, request: Any) -> pb.ListPersonsResponse:
    return _list(call, request, PERSON, "organisation_id", pb.ListPersonsResponse())


def list_licences(call: Call, request: Any) -> pb.ListLicencesResponse:
    return _list(call, request, LICENCE, "organisation_id", pb.ListLicencesResponse())


def list_permits(call: Call, request: Any) -> pb.ListPermitsResponse:
    return _list(call, request, PERMIT, "organisation_id", pb.ListPermitsResponse())


def list_organisations(call: Call, request: Any) -> pb.ListOrganisationsResponse:
    relation = call.allow((Relation.ANY,))
    where = {}
    if request.kind:
        names = pb.OrganisationKind.DESCRIPTOR.values_by_number
        if request.kind not in names:
            raise Refusal((invalid("kind", "no such kind 无此类别"),))
        where["role"] = OrganisationKind[names[request.kind].name.removeprefix("ORGANISATION_KIND_")].name
    return _page(call, request, ORGANISATION, where, relation, pb.ListOrganisationsResponse())


def _list(call: Call, request: Any, kind: Kind, field: str, answer: Answer) -> Answer:
    """What is the caller's own, or under its jurisdiction; of one organisation where ``field`` names one."""
    organisation = getattr(request, field)
    relation = call.allow((Relation.ANY, _list_relation(call)), subject=f"{kind.name}/*")
    refuse(text_of(organisation, field))
    where = {"owner": organisation} if organisation else {}
    if relation is Relation.OWN:
        if organisation not in ("", call.caller.organisation):
            raise Refusal((Finding(reason=NOT_FOUND),))
        where = {"owner": call.caller.organisation}
    elif relation is Relation.JURISDICTION:
        where["division"] = division_prefix(call.caller.division)
    return _page(call, request, kind, where, relation, answer)


def _list_relation(call: Call) -> Relation:
    return Relation.JURISDICTION if oversees(call.caller) else Relation.OWN


def _page(call: Call, request: Any, kind: Kind, where: dict[str, str], relation: Relation, answer: Answer) -> Answer:
    """One more is read than is shown, so that the last page is known to be the last."""
    response: Any = answer
    asked = page_of(call, request)
    rows = lists_store.page(call.transaction, kind.name, call.now, after=asked.cursor, most=asked.size + 1, where=where)
    items = getattr(response, f"{kind.name}s")
    for head, value in rows[: asked.size]:
        show(call, relation, value, head.version, items.add())
    if len(rows) > asked.size:
        response.next_page_token = next_page_token(call, request, rows[asked.size - 1][0].id)
    return answer
