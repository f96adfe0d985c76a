"""Corrections with their signers, exchanges of crew and vehicle, and finding waybills again."""

from __future__ import annotations

import pytest

from hazway.alarms.v1 import alarms_pb2 as alarms
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import waybill_pb2 as pb
from tests.cast import CARRIER, CONSIGNOR, LOADER, POLICE, TRANSPORT, Cast, a_person, a_waybill, put_fleet


def test_a_change_of_the_carriers_own_holds_at_once(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    cast.clear(waybill)
    waybill.remarks = "走东线"
    answer = cast.call(CARRIER, "AmendWaybill", pb.AmendWaybillRequest(waybill=waybill, reason="路况"))
    assert answer.revision.state == pb.REVISION_STATE_MADE
    assert [(change.path, change.before, change.after) for change in answer.revision.changes] == [
        ("remarks", "", "走东线")
    ]
    assert not answer.voids_clearance
    assert (answer.waybill.remarks, answer.waybill.revision, answer.waybill.state) == ("走东线", 2, pb.STATE_LOADED)
    revisions = cast.call(CARRIER, "ListRevisions", pb.ListRevisionsRequest(waybill_id=waybill.id)).revisions
    assert [revision.number for revision in revisions] == [1, 2]


def test_other_goods_need_all_signatures_and_void_the_clearance(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    cast.clear(waybill)
    waybill.goods[0].mass_g = 27_000_000
    answer = cast.call(CARRIER, "AmendWaybill", pb.AmendWaybillRequest(waybill=waybill, reason="少装"))
    assert answer.voids_clearance
    assert answer.waybill.under_correction == answer.revision.id
    assert answer.waybill.goods[0].mass_g == 28_000_000
    assert set(answer.revision.required) == {pb.SIGNER_CONSIGNOR, pb.SIGNER_CARRIER, pb.SIGNER_LOADER}
    assert list(answer.revision.signed) == [pb.SIGNER_CARRIER]
    cast.world.clock.advance(hours=2)
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill.id))
    assert "REVISION_OPEN" in refused.value.reasons
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "AmendWaybill", pb.AmendWaybillRequest(waybill=waybill, reason="再改"))
    assert "REVISION_OPEN" in refused.value.reasons
    sign = pb.SignRevisionRequest(waybill_id=waybill.id, revision_id=answer.revision.id, signer=pb.SIGNER_LOADER)
    with pytest.raises(Refused) as refused:
        cast.call(CONSIGNOR, "SignRevision", sign)
    assert refused.value.reasons == {"SIGNER_NOT_REQUIRED"}
    cast.call(LOADER, "SignRevision", sign_as(answer.revision, pb.SIGNER_LOADER))
    made = cast.call(CONSIGNOR, "SignRevision", sign_as(answer.revision, pb.SIGNER_CONSIGNOR))
    assert made.revision.state == pb.REVISION_STATE_MADE
    assert (made.waybill.goods[0].mass_g, made.waybill.revision) == (27_000_000, 2)
    assert made.waybill.state == pb.STATE_ISSUED
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill.id))
    assert {"CLEARANCE_VOID", "CLEARANCE_MISSING"} & refused.value.reasons
    cast.clear(made.waybill, "record-2")
    cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill.id))


def test_a_correction_taken_back_leaves_the_waybill_as_it_was(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    before = pb.Waybill()
    before.CopyFrom(waybill)
    waybill.goods[0].mass_g = 27_000_000
    revision = cast.call(CARRIER, "AmendWaybill", pb.AmendWaybillRequest(waybill=waybill, reason="少装")).revision
    revert = pb.RevertRevisionRequest(waybill_id=waybill.id, revision_id=revision.id)
    after = cast.call(CARRIER, "RevertRevision", revert).waybill
    for message in (before, after):
        message.ClearField("etag")
    assert after == before
    with pytest.raises(Refused) as refused:
        cast.call(CONSIGNOR, "SignRevision", sign_as(revision, pb.SIGNER_CONSIGNOR))
    assert refused.value.reasons == {"NOT_FOUND"}


def test_a_correction_is_refused_for_what_makes_it_another_waybill(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    waybill.consignor.name = "别家"
    request = pb.AmendWaybillRequest(waybill=waybill, reason="x", etag="99")
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "AmendWaybill", request)
    assert refused.value.reasons == {"FIELD_IMMUTABLE", "STALE_ETAG"}
    unchanged = cast.call(CARRIER, "GetWaybill", pb.GetWaybillRequest(waybill_id=waybill.id))
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "AmendWaybill", pb.AmendWaybillRequest(waybill=unchanged, reason="x"))
    assert refused.value.reasons == {"REVISION_EMPTY"}


def test_what_changes_on_the_way_for_those_who_come_to_an_accident_is_told_to_the_regulator_at_once(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    cast.clear(issued)
    cast.world.clock.advance(hours=2)
    moving = cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=issued.id)).waybill
    moving.remarks = "绕行"
    moving = cast.call(CARRIER, "AmendWaybill", pb.AmendWaybillRequest(waybill=moving, reason="路况")).waybill
    assert told_to(cast, TRANSPORT) == []  # nobody else's business
    moving.destination.name = "盐田加油站"
    proposed = cast.call(CARRIER, "AmendWaybill", pb.AmendWaybillRequest(waybill=moving, reason="改卸"))
    assert told_to(cast, TRANSPORT) == []  # not made yet
    made = cast.call(CONSIGNOR, "SignRevision", sign_as(proposed.revision, pb.SIGNER_CONSIGNOR))
    assert made.revision.state == pb.REVISION_STATE_MADE
    (alarm,) = told_to(cast, TRANSPORT)
    assert (alarm.kind, alarm.waybill_id) == (alarms.ALARM_KIND_AMENDED_UNDER_WAY, issued.id)
    assert alarm.severity == alarms.SEVERITY_GRAVE
    assert alarm.evidence["changes"] == "destination.name"
    assert "途中更正运单" in alarm.text_zh
    assert told_to(cast, CARRIER) == [alarm]


def told_to(cast: Cast, organisation: str) -> list[alarms.Alarm]:
    answer = cast.clients[organisation].call(
        "hazway.alarms.v1.AlarmService/ListAlarms", alarms.ListAlarmsRequest(), purpose="处置"
    )
    return list(answer.alarms)


def test_a_number_of_the_fleets_own_may_be_given_later_and_leads_to_one_waybill(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    first, other = cast.issue(a_waybill()).waybill, a_waybill(suffix="-2")
    first.external_refs.add(system="tms", number="A-1")
    first.external_refs.add(system="tms", number="A-1")
    answer = cast.call(CARRIER, "AmendWaybill", pb.AmendWaybillRequest(waybill=first, reason="补编号"))
    assert answer.revision.state == pb.REVISION_STATE_MADE
    assert [each.number for each in answer.waybill.external_refs] == ["A-1"]
    assert [(each.path, each.after) for each in answer.revision.changes] == [("external_refs", "tms A-1")]
    found = cast.call(CARRIER, "ListWaybills", pb.ListWaybillsRequest(external_number="A-1")).waybills
    assert [each.id for each in found] == [first.id]
    # Sent again as it is, or without what is known already: nothing to change, nothing lost.
    again = answer.waybill
    again.ClearField("external_refs")
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "AmendWaybill", pb.AmendWaybillRequest(waybill=again, reason="再试"))
    assert refused.value.reasons == {"REVISION_EMPTY"}
    second = cast.issue(other).waybill
    second.external_refs.add(system="tms", number="A-1")
    with pytest.raises(Refused) as refused:
        cast.call(CARRIER, "AmendWaybill", pb.AmendWaybillRequest(waybill=second, reason="补编号"))
    assert refused.value.reasons == {"REFERENCE_TAKEN"}


def test_a_change_of_crew_is_signed_by_the_crew_itself(cast: Cast) -> None:
    cast.register(registry.PutPersonRequest(person=a_person("driver-9", number=99)))
    waybill = cast.issue(a_waybill()).waybill
    waybill.assignments[3].resource_id = "driver-9"
    answer = cast.call(CARRIER, "AmendWaybill", pb.AmendWaybillRequest(waybill=waybill, reason="换人"))
    assert set(answer.revision.required) == {pb.SIGNER_CARRIER, pb.SIGNER_CREW}
    request = sign_as(answer.revision, pb.SIGNER_CREW)
    with pytest.raises(Refused):
        cast.call(CARRIER, "SignRevision", request)
    crew = cast.world.client(CARRIER, person="driver-9", signer=cast.clients[CARRIER]._signer)
    made = crew.call("hazway.waybill.v1.WaybillService/SignRevision", sign_as(answer.revision, pb.SIGNER_CREW))
    assert made.waybill.assignments[3].resource_id == "driver-9"


def test_a_driver_is_exchanged_on_the_way_by_the_carriers_word(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    waybill = on_the_way(cast)
    cast.world.clock.advance(hours=1)
    request = pb.SwapAssignmentRequest(
        waybill_id=waybill.id,
        role=pb.ROLE_DRIVER,
        outgoing_id="driver",
        incoming_id="driver-2",
        reason="疲劳",
        approved_by="王调度",
    )
    answer = cast.call(CARRIER, "SwapAssignment", request)
    drivers = [each for each in answer.waybill.assignments if each.role == pb.ROLE_DRIVER]
    assert [each.resource_id for each in drivers] == ["driver", "driver-2"]
    assert drivers[0].to_at == drivers[1].from_at
    assert (answer.waybill.revision, answer.waybill.state) == (2, pb.STATE_IN_TRANSIT)
    cast.issue(a_waybill_with("driver"))  # who left is free
    with pytest.raises(Refused) as refused:
        cast.issue(a_waybill_with("driver-2"))
    assert "RESOURCE_BUSY" in refused.value.reasons


def test_a_double_crew_exchanges_seats_in_one_act(cast: Cast) -> None:
    driver, escort = a_person("driver", number=2), a_person("escort", number=3, escort=True)
    for person, other in ((driver, escort), (escort, driver)):
        person.qualifications.append(other.qualifications[0])
        cast.register(registry.PutPersonRequest(person=person))
    waybill = on_the_way(cast)
    cast.world.clock.advance(hours=1)
    request = pb.SwapAssignmentRequest(
        waybill_id=waybill.id, role=pb.ROLE_DRIVER, outgoing_id="driver", incoming_id="escort", reason="轮换"
    )
    swapped = cast.call(CARRIER, "SwapAssignment", request).waybill
    now = {each.role: each.resource_id for each in swapped.assignments if not each.HasField("to_at")}
    assert (now[pb.ROLE_DRIVER], now[pb.ROLE_ESCORT]) == ("escort", "driver")


def test_nobody_unfit_or_busy_joins_on_the_way(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    unfit = a_person("novice", number=77)
    del unfit.qualifications[:]
    cast.register(registry.PutPersonRequest(person=unfit))
    waybill = on_the_way(cast)
    cast.issue(a_waybill(suffix="-2"))
    for joins, reason in (
        ("novice", "QUALIFICATION_MISSING"),
        ("driver-2", "RESOURCE_BUSY"),
        ("nobody", "RESOURCE_UNKNOWN"),
    ):
        request = pb.SwapAssignmentRequest(
            waybill_id=waybill.id, role=pb.ROLE_DRIVER, outgoing_id="driver", incoming_id=joins, reason="换人"
        )
        with pytest.raises(Refused) as refused:
            cast.call(CARRIER, "SwapAssignment", request)
        assert reason in refused.value.reasons, joins


def test_a_trailer_exchanged_before_the_departure_voids_the_clearance(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    waybill = cast.issue(a_waybill()).waybill
    cast.clear(waybill)
    request = pb.SwapAssignmentRequest(
        waybill_id=waybill.id, role=pb.ROLE_TRACTOR, outgoing_id="tractor", incoming_id="tractor-2", reason="故障"
    )
    swapped = cast.call(CARRIER, "SwapAssignment", request).waybill
    assert [each.resource_id for each in swapped.assignments if each.role == pb.ROLE_TRACTOR] == ["tractor-2"]
    assert swapped.state == pb.STATE_ISSUED
    assert not swapped.goods[0].HasField("actual_mass_g")


def test_pages_hold_every_waybill_once_the_latest_departure_first(cast: Cast) -> None:
    hours = (2, 8, 14, 20)
    issued = [cast.issue(a_waybill(departure=cast.world.clock.now().replace(hour=hour))).waybill for hour in hours]
    request, seen = pb.ListWaybillsRequest(page_size=3), []
    for size in (3, 1):
        answer = cast.call(CARRIER, "ListWaybills", request)
        assert len(answer.waybills) == size
        seen += [each.id for each in answer.waybills]
        request.page_token = answer.next_page_token
    assert seen == [each.id for each in reversed(issued)]
    assert not request.page_token
    within = pb.ListWaybillsRequest(states=[pb.STATE_ISSUED])
    within.departs_from.CopyFrom(issued[1].planned_departure)
    within.departs_to.CopyFrom(issued[3].planned_departure)
    assert [each.id for each in cast.call(CARRIER, "ListWaybills", within).waybills] == [issued[2].id, issued[1].id]
    by_number = pb.ListWaybillsRequest(number=f" {issued[0].number.lower()} ")
    assert [each.id for each in cast.call(CARRIER, "ListWaybills", by_number).waybills] == [issued[0].id]
    assert not cast.call(CARRIER, "ListWaybills", pb.ListWaybillsRequest(states=[pb.STATE_VOIDED])).waybills


def test_authorities_see_what_touches_their_division_and_say_what_for(cast: Cast) -> None:
    waybill = cast.issue(a_waybill()).waybill
    request = pb.GetWaybillRequest(waybill_id=waybill.id)
    with pytest.raises(Refused):
        cast.call(TRANSPORT, "GetWaybill", request)
    assert cast.call(TRANSPORT, "GetWaybill", request, purpose="路检").id == waybill.id
    assert len(cast.call(TRANSPORT, "ListWaybills", pb.ListWaybillsRequest(), purpose="统计").waybills) == 1
    with pytest.raises(Refused) as refused:
        cast.call(POLICE, "GetWaybill", request, purpose="路检")
    assert refused.value.reasons == {"NOT_FOUND"}
    assert not cast.call(POLICE, "ListWaybills", pb.ListWaybillsRequest(), purpose="统计").waybills
    from services import waybill as door

    cast.clear(waybill)
    cast.world.clock.advance(hours=2)
    cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill.id))
    with cast.world.host.engine.begin() as connection:
        door.record_presence(connection, "tractor", "440106")
    assert cast.call(POLICE, "GetWaybill", request, purpose="路检").id == waybill.id


def sign_as(revision: pb.Revision, signer: pb.Signer.ValueType) -> pb.SignRevisionRequest:
    return pb.SignRevisionRequest(waybill_id=revision.waybill_id, revision_id=revision.id, signer=signer)


def on_the_way(cast: Cast) -> pb.Waybill:
    waybill = cast.issue(a_waybill()).waybill
    cast.clear(waybill)
    cast.world.clock.advance(hours=2)
    departed: pb.Waybill = cast.call(CARRIER, "DepartWaybill", pb.DepartWaybillRequest(waybill_id=waybill.id)).waybill
    return departed


def a_waybill_with(driver: str) -> pb.Waybill:
    """The second fleet with this driver, while the first is still on the way."""
    from datetime import UTC, datetime

    waybill = a_waybill(departure=datetime(2026, 11, 2, 4, tzinfo=UTC), suffix="-2")
    waybill.assignments[3].resource_id = driver
    return waybill
