"""One organisation learns nothing of another's; an authority sees what is, or was, in its division, and says why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hazway.registry.v1 import registry_pb2 as pb
from services import registry
from services.errors import Refusal
from services.runtime.access import Relation
from services.runtime.adapter import Asked
from services.runtime.call import Call
from services.traceability import OPERATOR
from tests.integration.registry.registry_house import (
    CARRIER,
    POLICE,
    RIVAL,
    TRANSPORT,
    House,
    a_person,
    a_tank,
    a_vehicle,
    reasons,
)

CLEANED = pb.TankState(condition=pb.TANK_CONDITION_CLEANED, certificate="C-1", station="清洗站")


@pytest.fixture
def furnished(house: House) -> House:
    return furnish(house)


@pytest.fixture(scope="module")
def standing(standing_house: House) -> House:
    return furnish(standing_house)


def furnish(house: House) -> House:
    house.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle()))
    house.call(CARRIER, "PutTank", pb.PutTankRequest(tank=a_tank()))
    house.call(CARRIER, "PutPerson", pb.PutPersonRequest(person=a_person()))
    return house


# What a rival tries, about a thing of this id.
ATTEMPTS: dict[str, Callable[[str], Any]] = {
    "GetVehicle": lambda it: pb.GetVehicleRequest(vehicle_id=it),
    "GetTank": lambda it: pb.GetTankRequest(tank_id=it),
    "GetPerson": lambda it: pb.GetPersonRequest(person_id=it),
    "SetTankState": lambda it: pb.SetTankStateRequest(tank_id=it, state=CLEANED),
    "EndEmployment": lambda it: pb.EndEmploymentRequest(person_id=it, organisation_id=CARRIER),
    "PutVehicle": lambda it: pb.PutVehicleRequest(vehicle=a_vehicle(it)),
    "PutTank": lambda it: pb.PutTankRequest(tank=a_tank(it)),
    "PutPerson": lambda it: pb.PutPersonRequest(person=a_person(it)),
}
OURS = {"Vehicle": "vehicle-1", "Tank": "tank-1", "Person": "person-1"}


@pytest.mark.parametrize("method", ATTEMPTS)
def test_not_yours_looks_like_unknown(standing: House, method: str) -> None:
    thing = next((thing_id for word, thing_id in OURS.items() if word in method), "person-1")
    answers = []
    for thing_id in (thing, "nobody-knows-it"):
        with pytest.raises(Refusal) as refusal:
            standing.call(RIVAL, method, ATTEMPTS[method](thing_id))
        answers.append([(each.path, each.reason.name, dict(each.values)) for each in refusal.value.findings])
    assert answers[0] == answers[1]
    assert answers[0][0][1] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle(carrier=RIVAL))),
        ("PutTank", pb.PutTankRequest(tank=a_tank(carrier=RIVAL))),
        ("PutPerson", pb.PutPersonRequest(person=a_person(carrier=RIVAL))),
    ],
)
def test_nobody_takes_a_thing_by_writing_his_name_on_it(standing: House, method: str, request_: Any) -> None:
    with pytest.raises(Refusal) as refusal:
        standing.call(RIVAL, method, request_)
    assert reasons(refusal) == {("", "NOT_FOUND")}


def test_nobody_gives_a_thing_away_by_writing_anothers_name_on_it(furnished: House) -> None:
    with pytest.raises(Refusal) as refusal:
        furnished.call(CARRIER, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle(carrier=RIVAL)))
    assert reasons(refusal) == {("", "NOT_FOUND")}


def test_a_vehicle_handed_over_keeps_its_past_to_itself(furnished: House) -> None:
    before = furnished.clock.now()
    furnished.clock.advance(days=1)
    furnished.call(TRANSPORT, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle(carrier=RIVAL)))
    assert furnished.call(RIVAL, "GetVehicle", pb.GetVehicleRequest(vehicle_id="vehicle-1")).carrier_id == RIVAL
    past = pb.GetVehicleRequest(vehicle_id="vehicle-1")
    past.at.FromDatetime(before)
    for organisation in (CARRIER, RIVAL):
        with pytest.raises(Refusal):
            furnished.call(organisation, "GetVehicle", past)


def test_a_tank_cannot_be_fixed_on_anothers_vehicle_and_does_not_tell_there_is_one(furnished: House) -> None:
    tank = a_tank("tank-2", RIVAL, "T-0002")
    told = []
    for vehicle in ("vehicle-1", "no-vehicle"):
        tank.fixed_on = vehicle
        with pytest.raises(Refusal) as refusal:
            furnished.call(RIVAL, "PutTank", pb.PutTankRequest(tank=tank))
        told.append(str(refusal.value))
    assert told[0] == told[1]


def test_a_rivals_list_is_empty_and_cannot_name_another(furnished: House) -> None:
    assert not furnished.call(RIVAL, "ListVehicles", pb.ListVehiclesRequest()).vehicles
    with pytest.raises(Refusal):
        furnished.call(RIVAL, "ListVehicles", pb.ListVehiclesRequest(carrier_id=CARRIER))
    assert len(furnished.call(CARRIER, "ListVehicles", pb.ListVehiclesRequest()).vehicles) == 1
    assert len(furnished.call(OPERATOR, "ListVehicles", pb.ListVehiclesRequest()).vehicles) == 1


def test_an_authority_sees_its_own_division_and_says_why(furnished: House) -> None:
    request = pb.GetVehicleRequest(vehicle_id="vehicle-1")
    assert furnished.call(TRANSPORT, "GetVehicle", request).id == "vehicle-1"
    with furnished.engine.begin() as connection:
        looks = connection.execute(text("SELECT organisation, subject, purpose FROM runtime_looks")).all()
    assert (TRANSPORT, "vehicle/vehicle-1", "查验") in [tuple(look) for look in looks]
    with pytest.raises(Refusal) as refusal:
        furnished.call(TRANSPORT, "GetVehicle", request, purpose="")
    assert reasons(refusal) == {("hazway-purpose", "FIELD_MISSING")}
    with pytest.raises(Refusal) as refusal:
        furnished.call(POLICE, "GetVehicle", request)
    assert reasons(refusal) == {("", "NOT_FOUND")}
    assert not furnished.call(POLICE, "ListVehicles", pb.ListVehiclesRequest()).vehicles
    assert len(furnished.call(TRANSPORT, "ListVehicles", pb.ListVehiclesRequest()).vehicles) == 1


def test_an_authority_sees_a_vehicle_that_was_in_its_division(furnished: House) -> None:
    with furnished.engine.begin() as connection:
        registry.record_presence(connection, "vehicle-1", "440106", furnished.clock.now())
    request = pb.GetVehicleRequest(vehicle_id="vehicle-1")
    assert furnished.call(POLICE, "GetVehicle", request).id == "vehicle-1"
    assert len(furnished.call(POLICE, "ListVehicles", pb.ListVehiclesRequest()).vehicles) == 1
    with pytest.raises(Refusal):
        furnished.call(POLICE, "GetTank", pb.GetTankRequest(tank_id="tank-1"))


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("PutLicence", pb.PutLicenceRequest(licence=pb.Licence(id="licence-1", organisation_id=CARRIER))),
        ("PutPermit", pb.PutPermitRequest(permit=pb.Permit(id="permit-1", organisation_id=CARRIER))),
        ("MergeVehicles", pb.MergeVehiclesRequest(kept_id="vehicle-1", merged_id="vehicle-2")),
        ("SuspendOrganisation", pb.SuspendOrganisationRequest(organisation_id=RIVAL, reason="x")),
        ("RegisterOrganisation", pb.RegisterOrganisationRequest(organisation=pb.Organisation(id=CARRIER))),
    ],
)
def test_a_carrier_grants_itself_nothing(standing: House, method: str, request_: Any) -> None:
    with pytest.raises(Refusal) as refusal:
        standing.call(CARRIER, method, request_)
    assert reasons(refusal) == {("", "NOT_ALLOWED")}


def test_nobody_acts_for_a_suspended_organisation_until_it_is_reinstated(furnished: House) -> None:
    suspend = pb.SuspendOrganisationRequest(organisation_id=CARRIER, reason="停业整顿")
    assert furnished.call(TRANSPORT, "SuspendOrganisation", suspend).organisation.suspended
    with pytest.raises(Refusal) as refusal:
        furnished.call(CARRIER, "GetVehicle", pb.GetVehicleRequest(vehicle_id="vehicle-1"))
    assert reasons(refusal) == {("", "NOT_AUTHENTICATED")}
    lift = pb.SuspendOrganisationRequest(organisation_id=CARRIER, reason="整改合格", lifted=True)
    assert not furnished.call(TRANSPORT, "SuspendOrganisation", lift).organisation.suspended
    assert furnished.call(CARRIER, "GetVehicle", pb.GetVehicleRequest(vehicle_id="vehicle-1"))


def test_a_stranger_is_not_let_in(standing: House) -> None:
    with pytest.raises(Refusal) as refusal:
        standing.call("stranger", "GetVehicle", pb.GetVehicleRequest(vehicle_id="vehicle-1"))
    assert reasons(refusal) == {("", "NOT_AUTHENTICATED")}


def test_a_list_holds_ones_own_and_an_authoritys_division_and_nothing_else(furnished: House) -> None:
    licence = pb.Licence(
        id="licence-1", kind=pb.LICENCE_KIND_FILLING, number="1", organisation_id=CARRIER, scope_text="充装"
    )
    furnished.call(TRANSPORT, "PutLicence", pb.PutLicenceRequest(licence=licence))
    permit = pb.Permit(
        id="permit-1", kind=pb.PERMIT_KIND_ZONE_PASS, number="1", issuer="公安局", organisation_id=CARRIER
    )
    permit.valid_from.FromDatetime(furnished.clock.now())
    permit.valid_to.FromDatetime(furnished.clock.now() + timedelta(days=1))
    furnished.call(TRANSPORT, "PutPermit", pb.PutPermitRequest(permit=permit))
    for things in ("Vehicles", "Tanks", "Persons", "Licences", "Permits"):
        seen = {}
        for organisation in (CARRIER, RIVAL, TRANSPORT, POLICE, OPERATOR):
            answer = furnished.call(organisation, f"List{things}", getattr(pb, f"List{things}Request")())
            seen[organisation] = len(getattr(answer, things.lower()))
        assert seen == {CARRIER: 1, RIVAL: 0, TRANSPORT: 1, POLICE: 0, OPERATOR: 1}, things


def statement_relations(house: House, organisation: str, subject: str) -> set[Relation]:
    kind, _, thing_id = subject.partition("/")
    asked = Asked(
        method="hazway.traceability.v1.TraceabilityService/ListStatements", organisation=organisation, person=""
    )

    def work(call: Call) -> set[Relation]:
        call.allowed = True
        return set(registry.subject_relations[kind](call, thing_id))

    found: set[Relation] = asyncio.run(house.adapter.run(asked, work))
    return found


def test_statements_of_a_thing_are_for_its_only_owner_its_division_and_the_operator(furnished: House) -> None:
    for subject in ("vehicle/vehicle-1", "tank/tank-1", "person/person-1", f"organisation/{CARRIER}"):
        assert statement_relations(furnished, CARRIER, subject) == {Relation.OWN}
        assert statement_relations(furnished, RIVAL, subject) == set()
        assert statement_relations(furnished, TRANSPORT, subject) == {Relation.JURISDICTION}
        assert statement_relations(furnished, POLICE, subject) == set()
        assert statement_relations(furnished, OPERATOR, subject) == {Relation.ANY}
    assert statement_relations(furnished, OPERATOR, "vehicle/none") == set()


def test_statements_of_what_was_anothers_are_shown_to_neither(furnished: House) -> None:
    furnished.call(TRANSPORT, "PutVehicle", pb.PutVehicleRequest(vehicle=a_vehicle(carrier=RIVAL)))
    person = a_person()
    person.employment.add(carrier_id=RIVAL).valid_from.iso = "2026-01-01"
    furnished.call(TRANSPORT, "PutPerson", pb.PutPersonRequest(person=person))
    for subject in ("vehicle/vehicle-1", "person/person-1"):
        for organisation in (CARRIER, RIVAL):
            assert statement_relations(furnished, organisation, subject) == set()


def test_a_fleet_is_told_with_the_division_of_its_owner(furnished: House) -> None:
    with furnished.engine.begin() as connection:
        assert registry.fleet(connection, CARRIER) == {"vehicle-1": "440306"}
        assert registry.fleet(connection, RIVAL) == {}
