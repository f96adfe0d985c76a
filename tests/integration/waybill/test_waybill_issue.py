"""Issuing: every fault at once in two languages, once and only once, and never two trips at a time."""

from __future__ import annotations

import threading
from datetime import UTC, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hazway import ids
from hazway.client import Client
from hazway.refusal.v1 import refusal_pb2
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import waybill_pb2 as pb
from hazway.zones.v1 import zones_pb2 as zones
from services.traceability import store as traceability_store
from tests.cast import CARRIER, WAYBILL, Cast, a_person, a_tank, a_vehicle, a_waybill, put_fleet
from tests.integration.zones import zone_house


def test_all_that_is_wrong_comes_back_at_once_in_chinese_and_english(cast: Cast) -> None:
    """A tank not approved for petrol, an expired escort, a route through a forbidden tunnel, a second trip at the time."""
    zone_house.import_model(cast.world)
    zone_house.call(
        cast.world,
        "DeclareTunnel",
        zones.DeclareTunnelRequest(zone_id=zone_house.structure(), category="D", source=zone_house.NOTICE),
    )
    plan = zone_house.call(cast.world, "PlanRoute", zone_house.plan_request(ignore_restrictions=True))
    cast.issue(a_waybill())
    tank, escort = a_tank(), a_person("escort", number=3, escort=True)
    del tank.permitted_media[0]
    escort.qualifications[0].valid_to.iso = "2026-10-31"
    cast.register(registry.PutTankRequest(tank=tank))
    cast.register(registry.PutPersonRequest(person=escort))
    wrong = a_waybill()
    wrong.route.edge_keys.extend(plan.edge_keys)
    with pytest.raises(Refused) as refused:
        cast.issue(wrong)
    assert refused.value.reasons == {
        "TANK_MEDIUM_NOT_PERMITTED", "QUALIFICATION_EXPIRED", "TUNNEL_FORBIDDEN", "RESOURCE_BUSY",
    }  # fmt: skip
    for fault in refused.value.faults:
        assert any("一" <= letter <= "鿿" for letter in fault.zh)
        assert fault.path.startswith("waybill.")
        assert "[WB-" in fault.en or "[RT-" in fault.en
        assert "Measures" in fault.en or "JT/T" in fault.en or "Hainan" in fault.en
    around = zone_house.call(cast.world, "PlanRoute", zone_house.plan_request())
    put_fleet(cast, "-2", 2)
    right = a_waybill(suffix="-2")
    right.route.edge_keys.extend(around.edge_keys)
    assert cast.issue(right).waybill.route.edge_keys == around.edge_keys


def test_a_route_nobody_knows_is_told_among_the_other_faults(cast: Cast) -> None:
    message = a_waybill()
    message.route.edge_keys.extend(["1:2:3", "1:3:4"])
    message.ClearField("consignee")
    with pytest.raises(Refused) as refused:
        cast.issue(message)
    assert {fault.path for fault in refused.value.faults} == {"waybill.route.edge_keys", "waybill.consignee"}


def test_the_same_request_twice_gives_the_same_answer(cast: Cast) -> None:
    request = pb.IssueWaybillRequest(request_id=ids.new_id(), waybill=a_waybill())
    first = cast.call(CARRIER, "IssueWaybill", request)
    assert cast.call(CARRIER, "IssueWaybill", request) == first
    other = pb.IssueWaybillRequest(request_id=request.request_id, waybill=a_waybill())
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "IssueWaybill", other)
    assert refused.value.reasons == {"REQUEST_ID_REUSED"}


def test_trying_an_issue_tells_warnings_and_keeps_nothing(cast: Cast) -> None:
    person = a_person("driver", number=2)
    person.employment[0].valid_to.iso = "2026-11-01"
    cast.register(registry.PutPersonRequest(person=person))
    message = a_waybill()
    answer = cast.issue(message, validate_only=True)
    assert [warning.path for warning in answer.warnings] == ["waybill.assignments[3]"]
    assert not answer.HasField("registered")
    with pytest.raises(Refused):
        cast.call(CARRIER, "GetWaybill", pb.GetWaybillRequest(waybill_id=message.id))
    assert [warning.path for warning in cast.issue(message).warnings] == ["waybill.assignments[3]"]


def test_only_the_carrier_named_in_it_issues_a_waybill(cast: Cast) -> None:
    with pytest.raises(Refused) as refused:
        cast.issue(a_waybill(), by="rival")
    assert refused.value.reasons == {"NOT_FOUND"}
    with pytest.raises(Refused) as refused:
        cast.issue(a_waybill(), by="consignor")
    assert refused.value.reasons == {"NOT_ALLOWED"}


def test_the_statement_must_say_what_the_request_says(cast: Cast) -> None:
    client: Client = cast.clients[CARRIER]
    request = pb.IssueWaybillRequest(request_id=ids.new_id(), waybill=a_waybill())
    client.complete(f"{WAYBILL}/IssueWaybill", request)
    request.waybill.goods[0].mass_g -= 1
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "IssueWaybill", request)
    assert refused.value.reasons == {"STATEMENT_INVALID"}


def test_an_id_is_one_waybills_alone(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    first, second = a_waybill(), a_waybill(suffix="-2")
    second.id = first.id
    cast.issue(first)
    with pytest.raises(Refused) as refused:
        cast.issue(second)
    assert refused.value.reasons == {"WAYBILL_EXISTS"}


def test_the_fleets_own_number_leads_to_one_waybill(cast: Cast) -> None:
    first = a_waybill()
    first.external_refs.add(system="fleet", number="F-1")
    issued = cast.issue(first).waybill
    again = pb.Waybill()
    again.CopyFrom(first)
    again.id = ids.new_id()
    assert cast.issue(again).waybill == issued
    again.remarks = "改了"
    with pytest.raises(Refused) as refused:
        cast.issue(again)
    assert refused.value.reasons == {"REFERENCE_TAKEN"}
    found = cast.call(CARRIER, "ListWaybills", pb.ListWaybillsRequest(external_number="F-1")).waybills
    assert [waybill.id for waybill in found] == [issued.id]
    cast.call(CARRIER, "VoidWaybill", pb.VoidWaybillRequest(waybill_id=issued.id, reason="重开"))
    assert cast.issue(again).waybill.id == again.id


@pytest.mark.parametrize("shared", ["tractor", "trailer", "tank", "driver", "escort"])
def test_nothing_and_nobody_is_on_two_trips_at_a_time(cast: Cast, shared: str) -> None:
    put_fleet(cast, "-2", 2)
    cast.issue(a_waybill())
    second = a_waybill(suffix="-2")
    for assignment in second.assignments:
        if assignment.resource_id == f"{shared}-2":
            assignment.resource_id = shared
    with pytest.raises(Refused) as refused:
        cast.issue(second)
    assert "RESOURCE_BUSY" in refused.value.reasons
    assert any("C44030700000120261102000" in fault.zh for fault in refused.value.faults)
    right_after = a_waybill(departure=cast.world.clock.now().replace(hour=6))
    cast.issue(right_after)


def test_a_trailer_and_a_tank_of_one_id_are_both_on_the_trip(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    cast.register(registry.PutVehicleRequest(vehicle=a_vehicle("one", number=9, trailer=True)))
    cast.register(registry.PutTankRequest(tank=a_tank("one", number=9, fixed_on="one")))
    first = a_waybill()
    for assignment in first.assignments[1:3]:
        assignment.resource_id = "one"
    cast.issue(first)
    for shared in (1, 2):
        second = a_waybill(suffix="-2")
        second.assignments[shared].resource_id = "one"
        with pytest.raises(Refused) as refused:
            cast.issue(second)
        assert "RESOURCE_BUSY" in refused.value.reasons


@pytest.mark.parametrize("contest", range(3))
def test_of_two_issues_in_the_same_moment_exactly_one_wins(cast: Cast, contest: int) -> None:
    outcomes: list[Any] = []
    start = threading.Barrier(4)

    def issue() -> None:
        message = a_waybill()
        start.wait()
        try:
            outcomes.append(cast.issue(message).waybill.state)
        except Refused as refused:
            outcomes.append(refused.reasons)

    threads = [threading.Thread(target=issue) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(pb.STATE_ISSUED) == 1
    assert outcomes.count(frozenset({"RESOURCE_BUSY"})) == 3


def test_the_database_itself_refuses_a_second_trip(cast: Cast) -> None:
    """Whoever writes past the rules meets the exclusion: the row copied to another waybill is one too many."""
    put_fleet(cast, "-2", 2)
    first = cast.issue(a_waybill()).waybill
    second = cast.issue(a_waybill(suffix="-2")).waybill
    with cast.world.host.engine.connect() as connection, pytest.raises(Exception, match="waybill_occupancy_slots_excl"):
        connection.execute(
            text(
                "INSERT INTO waybill_occupancy SELECT :second, resource_id, resource, int8range(lower(slots) + 60,"
                " upper(slots) + 60), from_at, to_at, under_way FROM waybill_occupancy WHERE waybill_id = :first LIMIT 1"
            ),
            {"first": first.id, "second": second.id},
        )


def test_a_batch_answers_each_by_itself(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    good, busy, other = a_waybill(), a_waybill(), a_waybill(suffix="-2")
    unsigned, foreign = a_waybill(), a_waybill(carrier="rival")
    request = pb.BatchIssueWaybillsRequest(requests=[signed(cast, each) for each in (good, busy, other)])
    request.requests.add(request_id=ids.new_id(), waybill=unsigned)
    request.requests.append(signed(cast, foreign))
    results = cast.call(CARRIER, "BatchIssueWaybills", request).results
    assert [result.waybill.state for result in results] == [pb.STATE_ISSUED, 0, pb.STATE_ISSUED, 0, 0]
    assert "RESOURCE_BUSY" in {str_reason(finding.reason) for finding in results[1].findings}
    assert results[0].registered.subject == f"waybill/{good.id}"
    assert cast.call(CARRIER, "GetWaybill", pb.GetWaybillRequest(waybill_id=other.id)).state == pb.STATE_ISSUED
    assert cast.call(CARRIER, "BatchIssueWaybills", request).results == results


def test_waybills_of_a_batch_stand_in_each_others_way(cast: Cast) -> None:
    """As if called for one after the other: vehicle, id and the fleet's own number are taken by the first."""
    put_fleet(cast, "-2", 2)
    put_fleet(cast, "-3", 3)
    first, twin = a_waybill(), a_waybill(suffix="-2")
    first.external_refs.add(system="erp", number="7")
    later = a_waybill(departure=first.planned_arrival.ToDatetime(UTC))
    again = pb.Waybill()
    again.CopyFrom(first)
    again.id = ids.new_id()
    twin.id = first.id
    different = a_waybill(suffix="-3")
    different.external_refs.add(system="erp", number="7")
    many = [signed(cast, each) for each in (first, twin, later, again, different)]
    results = cast.call(CARRIER, "BatchIssueWaybills", pb.BatchIssueWaybillsRequest(requests=many)).results
    assert [{str_reason(each.reason) for each in result.findings if each.severity == refusal_pb2.SEVERITY_ERROR} for result in results] == [
        set(), {"WAYBILL_EXISTS"}, set(), set(), {"REFERENCE_TAKEN"},
    ]  # fmt: skip
    assert results[3].waybill.number == results[0].waybill.number
    assert not results[3].HasField("registered")
    assert [results[0].waybill.number[-3:], results[2].waybill.number[-3:]] == ["000", "001"]


def test_what_only_the_database_sees_holds_up_no_other_of_the_batch(cast: Cast) -> None:
    """Fractions of a second are free by the rules, and one second on the line of trips; the rest of the batch is issued."""
    for number in (2, 3, 4):
        put_fleet(cast, f"-{number}", number)
    brief, next_to_it = a_waybill(hours=0.3 / 3600), a_waybill()
    next_to_it.planned_departure.FromDatetime(brief.planned_departure.ToDatetime() + timedelta(milliseconds=600))
    many = [a_waybill(suffix="-2"), brief, a_waybill(suffix="-3"), next_to_it, a_waybill(suffix="-4")]
    request = pb.BatchIssueWaybillsRequest(requests=[signed(cast, each) for each in many])
    results = cast.call(CARRIER, "BatchIssueWaybills", request).results
    assert [result.HasField("registered") for result in results] == [True, True, True, False, True]
    assert {str_reason(each.reason) for each in results[3].findings} == {"RESOURCE_BUSY"}
    assert len({result.waybill.number for result in results}) == len(many)


def test_a_batch_of_a_key_that_was_revoked_is_refused_one_by_one(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    request = pb.BatchIssueWaybillsRequest(
        requests=[signed(cast, each) for each in (a_waybill(), a_waybill(suffix="-2"))]
    )
    with cast.world.host.engine.begin() as connection:
        [kid] = (each.kid for each in traceability_store.keys_of(connection, CARRIER))
        traceability_store.revoke_key(connection, kid, cast.world.clock.now(), "lost")
    results = cast.call(CARRIER, "BatchIssueWaybills", request).results
    assert [{str_reason(each.reason) for each in result.findings} for result in results] == [{"KEY_UNKNOWN"}] * 2


def test_a_batch_that_only_tries_keeps_nothing(cast: Cast) -> None:
    request = pb.BatchIssueWaybillsRequest(requests=[signed(cast, a_waybill())], validate_only=True)
    assert cast.call(CARRIER, "BatchIssueWaybills", request).results[0].waybill.id
    assert not cast.call(CARRIER, "ListWaybills", pb.ListWaybillsRequest()).waybills


def test_numbers_allotted_ahead_are_used_without_a_network(cast: Cast) -> None:
    allotted = cast.call(CARRIER, "AllotNumbers", pb.AllotNumbersRequest(size=2)).numbers
    assert allotted == ["C44030700000120261102000", "C44030700000120261102001"]
    offline_at = cast.world.clock.now()
    cast.world.clock.advance(hours=1)
    message = a_waybill()
    message.issued_offline_at.FromDatetime(offline_at)
    assert cast.issue(message, offline_number=allotted[1]).waybill.number == allotted[1]
    later = a_waybill(departure=cast.world.clock.now().replace(hour=8))
    later.issued_offline_at.FromDatetime(offline_at)
    for number, reason in ((allotted[1], "NUMBER_TAKEN"), ("C44030700000120261102007", "NUMBER_NOT_IN_BLOCK")):
        with pytest.raises(Refused) as refused:
            cast.issue(later, offline_number=number)
        assert refused.value.reasons == {reason}
    online = a_waybill(departure=cast.world.clock.now().replace(hour=8))
    assert cast.issue(online).waybill.number == "C44030700000120261102002"


def signed(cast: Cast, message: pb.Waybill) -> pb.IssueWaybillRequest:
    request = pb.IssueWaybillRequest(request_id=ids.new_id(), waybill=message)
    cast.clients[CARRIER].complete(f"{WAYBILL}/IssueWaybill", request)
    return request


def str_reason(number: Any) -> str:
    return str(refusal_pb2.Reason.Name(number)).removeprefix("REASON_")
