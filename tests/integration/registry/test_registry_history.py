"""History over the wire: every version with when it was true and when it was learnt, and each only to whom it belongs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from hazway.registry.v1 import affiliation_pb2, history_pb2
from hazway.registry.v1 import registry_pb2 as pb
from services.errors import Refusal
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

VEHICLE, PERSON, AFFILIATION = (
    history_pb2.THING_KIND_VEHICLE,
    history_pb2.THING_KIND_PERSON,
    history_pb2.THING_KIND_AFFILIATION,
)


def put_vehicle(house: House, by: str = CARRIER, **more: Any) -> str:
    request = pb.PutVehicleRequest(vehicle=a_vehicle(carrier=more.pop("carrier", CARRIER)))
    for name in ("valid_from", "valid_to"):
        if name in more:
            getattr(request, name).FromDatetime(more.pop(name))
    for name, value in more.items():
        setattr(request.vehicle, name, value)
    etag: str = house.call(by, "PutVehicle", request).vehicle.etag
    return etag


def versions(house: House, by: str, kind: int, thing_id: str, **more: Any) -> list[Any]:
    """All pages of three each."""
    request = history_pb2.ListVersionsRequest(kind=kind, thing_id=thing_id, page_size=3)  # type: ignore[arg-type]
    if "known_at" in more:
        request.known_at.FromDatetime(more["known_at"])
    found: list[Any] = []
    while True:
        answer = house.call(by, "ListVersions", request)
        found += answer.versions
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


def version(house: House, by: str, kind: int, thing_id: str, **times: datetime) -> Any:
    request = history_pb2.GetVersionRequest(kind=kind, thing_id=thing_id)  # type: ignore[arg-type]
    for name, value in times.items():
        getattr(request, name).FromDatetime(value)
    return house.call(by, "GetVersion", request)


def test_every_version_is_listed_newest_first_with_its_dates_and_its_author(house: House) -> None:
    monday = house.clock.now()
    etags = []
    for day in range(7):
        etags.append(put_vehicle(house, positioning_device=f"T{day}", valid_from=monday + timedelta(days=day)))
        house.clock.advance(days=1)
    correction = put_vehicle(
        house, TRANSPORT, positioning_device="corrected", valid_from=monday, valid_to=monday + timedelta(hours=1)
    )
    found = versions(house, CARRIER, VEHICLE, "vehicle-1")
    assert [each.version for each in found] == [correction, *reversed(etags)]
    assert [each.vehicle.positioning_device for each in found[1:]] == [f"T{day}" for day in reversed(range(7))]
    newest = found[0]
    assert newest.valid_from.ToDatetime(monday.tzinfo) == monday
    assert newest.valid_to.ToDatetime(monday.tzinfo) == monday + timedelta(hours=1)
    assert not found[1].HasField("valid_to")
    assert (newest.recorded_by, found[1].recorded_by) == (TRANSPORT, CARRIER)
    assert len(newest.registered) == 32
    then = versions(house, CARRIER, VEHICLE, "vehicle-1", known_at=monday + timedelta(days=2))
    assert [each.version for each in then] == list(reversed(etags[:3]))
    at = monday + timedelta(minutes=1)
    assert version(house, CARRIER, VEHICLE, "vehicle-1", at=at).vehicle.positioning_device == "corrected"
    before = version(house, CARRIER, VEHICLE, "vehicle-1", at=at, known_at=monday + timedelta(days=3))
    assert before.vehicle.positioning_device == "T0"


def test_what_another_had_before_is_told_to_authorities_only(house: House) -> None:
    put_vehicle(house, positioning_device="first owner's")
    house.clock.advance(days=1)
    put_vehicle(house, TRANSPORT, carrier=RIVAL, positioning_device="second owner's")
    assert [each.vehicle.carrier_id for each in versions(house, RIVAL, VEHICLE, "vehicle-1")] == [RIVAL]
    assert len(versions(house, TRANSPORT, VEHICLE, "vehicle-1")) == 2
    for stranger, name in ((CARRIER, "ListVersions"), (POLICE, "GetVersion")):
        request = getattr(history_pb2, f"{name}Request")(kind=VEHICLE, thing_id="vehicle-1")
        absent = getattr(history_pb2, f"{name}Request")(kind=VEHICLE, thing_id="no-such")
        theirs, nobodys = (
            [each.reason.name for each in house.outcome(stranger, name, one)] for one in (request, absent)
        )
        assert theirs == nobodys == ["NOT_FOUND"]
    with pytest.raises(Refusal) as refused:
        version(house, RIVAL, VEHICLE, "vehicle-1", at=house.clock.now() - timedelta(hours=1))
    assert reasons(refused) == {("thing_id", "NOT_FOUND")}


def test_an_employer_reads_of_a_person_what_was_since_it_employed_him_and_nothing_of_others(house: House) -> None:
    house.call(CARRIER, "PutPerson", pb.PutPersonRequest(person=a_person()))
    house.clock.advance(days=1)
    both = a_person()
    both.employment.add(carrier_id=RIVAL).valid_from.iso = "2026-01-01"
    house.call(OPERATOR, "PutPerson", pb.PutPersonRequest(person=both))
    house.clock.advance(days=1)
    mine = a_person(carrier=RIVAL)
    mine.phone = "13900000000"
    house.call(RIVAL, "PutPerson", pb.PutPersonRequest(person=mine))
    seen = versions(house, RIVAL, PERSON, "person-1")
    assert [each.person.phone for each in seen] == ["13900000000", "13800000000"]
    assert {one.carrier_id for each in seen for one in each.person.employment} == {RIVAL}
    assert [each.recorded_by for each in seen] == [RIVAL, ""]
    assert [len(each.registered) for each in seen] == [32, 0]
    assert not any(each.person.identity_number for each in versions(house, OPERATOR, PERSON, "person-1"))
    assert len(versions(house, OPERATOR, PERSON, "person-1")) == 3


def test_a_merged_entry_keeps_its_own_history_and_is_the_other_from_then_on(house: House) -> None:
    put_vehicle(house, id="old", plate="粤B00001", vin="LHAZWAY0000000001")
    put_vehicle(house, id="new", plate="粤B00002", vin="LHAZWAY0000000002")
    house.clock.advance(hours=1)
    house.call(TRANSPORT, "MergeVehicles", pb.MergeVehiclesRequest(kept_id="new", merged_id="old", document="换牌证明"))
    answer = house.call(
        CARRIER, "ListVersions", history_pb2.ListVersionsRequest(kind=VEHICLE, thing_id="old", page_size=1)
    )
    assert (answer.merged_into, [each.vehicle.id for each in answer.versions]) == ("new", ["old"])
    assert version(house, CARRIER, VEHICLE, "old").vehicle.id == "new"
    then = house.clock.now() - timedelta(minutes=30)
    assert version(house, CARRIER, VEHICLE, "old", at=then, known_at=then).vehicle.id == "old"


def test_licences_permits_and_tanks_have_a_history_too(house: House) -> None:
    house.call(CARRIER, "PutTank", pb.PutTankRequest(tank=a_tank()))
    state = pb.TankState(condition=pb.TANK_CONDITION_CLEANED, certificate="C-1", station="清洗站")
    house.call(CARRIER, "SetTankState", pb.SetTankStateRequest(tank_id="tank-1", state=state))
    conditions = [each.tank.state.condition for each in versions(house, CARRIER, history_pb2.THING_KIND_TANK, "tank-1")]
    assert conditions == [pb.TANK_CONDITION_CLEANED, pb.TANK_CONDITION_EMPTY_UNCLEANED]
    licence = pb.Licence(
        id="licence-1", kind=pb.LICENCE_KIND_ROAD_OPERATION, number="1", organisation_id=CARRIER, scope_text="危险货物运输(3类)"
    )  # fmt: skip
    house.call(OPERATOR, "PutLicence", pb.PutLicenceRequest(licence=licence))
    licence.suspended = True
    house.call(OPERATOR, "PutLicence", pb.PutLicenceRequest(licence=licence))
    listed = versions(house, CARRIER, history_pb2.THING_KIND_LICENCE, "licence-1")
    assert [each.licence.suspended for each in listed] == [True, False]


def evidence(**more: Any) -> Any:
    thing = affiliation_pb2.Affiliation(id="vehicle-1", carrier_id=CARRIER)
    for name, value in more.items():
        setattr(thing, name, value)
    return affiliation_pb2.PutAffiliationRequest(affiliation=thing)


def test_the_affiliation_score_follows_what_is_stated_and_keeps_its_history(house: House) -> None:
    put_vehicle(house)
    unknown = house.call(TRANSPORT, "PutAffiliation", evidence()).affiliation.score
    assert (unknown.points, unknown.possible, list(unknown.reasons)) == (0, 0, [])
    monday = house.clock.now()
    house.clock.advance(days=1)
    house.call(
        TRANSPORT, "PutAffiliation",
        evidence(insurance_payer_id="person-9", crew_insured_by_id=CARRIER, nights_known=30, nights_at_base=14),
    )  # fmt: skip
    seen = house.call(CARRIER, "GetAffiliation", affiliation_pb2.GetAffiliationRequest(vehicle_id="vehicle-1"))
    assert (seen.score.points, seen.score.possible) == (40, 70)
    assert [each.code for each in seen.score.reasons] == ["INSURANCE_PAID_BY_OTHER", "BASED_ELSEWHERE"]
    assert all(each.zh and each.en and each.weight for each in seen.score.reasons)
    asked = affiliation_pb2.GetAffiliationRequest(vehicle_id="vehicle-1")
    asked.at.FromDatetime(monday)
    assert house.call(TRANSPORT, "GetAffiliation", asked).score.possible == 0
    history = versions(house, CARRIER, AFFILIATION, "vehicle-1")
    assert [each.affiliation.score.points for each in history] == [40, 0]


def test_who_is_scored_states_nothing_and_no_other_carrier_reads_it(house: House) -> None:
    put_vehicle(house)
    house.call(TRANSPORT, "PutAffiliation", evidence(freight_account_id="person-9"))
    assert [each.reason.name for each in house.outcome(CARRIER, "PutAffiliation", evidence())] == ["NOT_ALLOWED"]
    asked = affiliation_pb2.GetAffiliationRequest(vehicle_id="vehicle-1")
    for stranger in (RIVAL, POLICE):
        assert [each.reason.name for each in house.outcome(stranger, "GetAffiliation", asked)] == ["NOT_FOUND"]
    put_vehicle(house, TRANSPORT, carrier=RIVAL)
    # Sold: what was found at the first carrier is no word on the second.
    assert [each.reason.name for each in house.outcome(RIVAL, "GetAffiliation", asked)] == ["NOT_FOUND"]
    outdated = house.outcome(TRANSPORT, "PutAffiliation", evidence())
    assert [(each.path, each.reason.name) for each in outdated] == [("affiliation.id", "FIELD_INVALID")]


@pytest.mark.parametrize(
    ("nights_known", "nights_at_base", "path"),
    [(-1, 0, "nights_known"), (3_661, 0, "nights_known"), (20, 21, "nights_at_base"), (20, -1, "nights_at_base")],
)
def test_more_nights_at_home_than_nights_are_refused(
    house: House, nights_known: int, nights_at_base: int, path: str
) -> None:
    put_vehicle(house)
    request = evidence(nights_known=nights_known, nights_at_base=nights_at_base)
    found = house.outcome(TRANSPORT, "PutAffiliation", request)
    assert [(each.path, each.reason.name) for each in found] == [(f"affiliation.{path}", "FIELD_INVALID")]
    assert not house.outcome(TRANSPORT, "PutAffiliation", evidence(nights_known=3_660, nights_at_base=3_660))
