"""What must not happen at the bay: over-filled, expired, changed, or refused loads that leave all the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hazway.alarms.v1 import alarms_pb2 as alarms
from hazway.loading.v1 import loading_pb2 as pb
from hazway.monitoring.v1 import monitoring_pb2 as monitoring
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.waybill.v1 import waybill_pb2 as waybill
from services.waybill import clearances_store
from tests.cast import CARRIER, a_tank
from tests.integration.loading.depot import APPROVER, NET, PHOTO, SECOND, Depot, a_fill, failed, reasons
from tests.integration.monitoring.road_house import ALARMS, MONITORING, drive
from tests.integration.waybill.test_waybill_life import told


def code(name: str) -> int:
    return pb.CheckCode.Value(f"CHECK_CODE_{name}")


def expire_tank(depot: Depot, day: str = "2026-11-01") -> None:
    tank = a_tank()
    tank.next_inspection.iso = day
    tank.ClearField("state")
    depot.cast.register(registry.PutTankRequest(tank=tank))


def test_a_fault_in_the_registry_outweighs_a_pass_by_hand_until_it_is_mended(depot: Depot) -> None:
    expire_tank(depot)
    answer = depot.submit()
    assert failed(answer) == {"INSPECTION"}
    fault = next(item for item in answer.items if item.code == code("INSPECTION")).findings[0]
    assert (fault.rule, fault.article) == ("LC-03", "第二十八条第三项 Art 28(3)")
    assert "2026-11-01" in fault.message_zh
    assert "2026-11-01" in fault.message_en
    expire_tank(depot, "2027-12-31")
    assert depot.submit().outcome == pb.RESULT_PASS


def test_an_objection_is_kept_as_one_and_the_departure_still_asks_the_registry(depot: Depot) -> None:
    expire_tank(depot)
    check = depot.a_check()
    item = next(each for each in check.items if each.code == code("INSPECTION"))
    item.objection.CopyFrom(
        pb.Objection(document_sha256=PHOTO, second_person_id=SECOND, approver_id=APPROVER, explanation="证书已换新")
    )
    answer = depot.submit(check)
    assert answer.outcome == pb.RESULT_PASS
    assert [each.code for each in answer.items if each.contested] == [code("INSPECTION")]
    assert [each.code for each in depot.loading().items if each.contested] == [code("INSPECTION")]
    depot.weigh()
    depot.seal()
    depot.record()
    with pytest.raises(Refused) as caught:
        depot.depart()
    assert "INSPECTION_EXPIRED" in reasons(caught)


def test_strangers_approve_nothing(depot: Depot) -> None:
    check = depot.a_check()
    check.items[0].objection.CopyFrom(
        pb.Objection(document_sha256=PHOTO, second_person_id="driver", approver_id="escort", explanation="换新")
    )
    with pytest.raises(Refused) as caught:
        depot.submit(check)
    assert reasons(caught) == {"OBJECTION_INVALID"}


def test_all_faults_of_a_check_come_back_at_once_in_two_languages(depot: Depot) -> None:
    check = depot.a_check(KEYS_HELD=pb.RESULT_FAIL)
    check.items[-1].result = pb.RESULT_NOT_APPLICABLE
    del check.items[0]
    check.items[0].photo_sha256.append("nonsense")
    next(each for each in check.items if each.code == code("KEYS_HELD")).note = ""
    with pytest.raises(Refused) as caught:
        depot.submit(check)
    assert reasons(caught) == {"CHECK_ITEM_MISSING", "CHECK_ITEM_APPLIES", "FIELD_INVALID", "FAIL_NEEDS_NOTE"}
    assert all(fault.zh and fault.en for fault in caught.value.faults)


def test_other_goods_at_the_bay_are_a_fail(depot: Depot) -> None:
    check = depot.a_check()
    check.fills[0].CopyFrom(a_fill(un_number="1202", name="柴油"))
    assert failed(depot.submit(check)) == {"GOODS_AS_WAYBILL"}


def test_a_gram_above_the_permit_is_pumped_back_and_weighed_again(depot: Depot) -> None:
    most = depot.submit().permit.entries[0].maximum_g
    assert most == 28_560_000
    over = depot.weigh(most + 1)
    assert over.overfilled
    assert over.state == pb.STATE_PERMITTED
    assert [each.reason for each in over.warnings]
    with pytest.raises(Refused) as caught:
        depot.seal()
    assert reasons(caught) == {"LOADING_NOT_FILLED"}
    assert depot.weigh(most).state == pb.STATE_FILLED
    depot.seal()
    with pytest.raises(Refused) as caught:
        depot.record(most + 1)
    assert "OVERFILLED_PUMP_BACK" in reasons(caught)
    assert depot.record(most).record.lines[0].mass_g == most
    departed = depot.depart()
    assert departed.waybill.goods[0].actual_mass_g == most


def test_a_fail_after_the_record_voids_permit_record_and_clearance(depot: Depot) -> None:
    depot.load()
    answer = depot.fail("STATIC_EARTH")
    assert answer.outcome == pb.RESULT_FAIL
    with depot.cast.world.host.engine.begin() as connection:
        clearance = clearances_store.find(connection, depot.waybill.id)
        assert clearance is not None
        assert clearance.voided_at is not None
        voided = connection.exec_driver_sql("SELECT voided_at, void_reason FROM loading_records").all()
    assert [bool(row.voided_at) for row in voided] == [True]
    assert "STATIC_EARTH" in voided[0].void_reason
    with pytest.raises(Refused) as caught:
        depot.depart()
    assert {"CLEARANCE_MISSING"} & reasons(caught)
    # Whoever follows the lorry hears that it leaves empty, but for what is left in its tank, until it is loaded again.
    facts = [
        (fact["event"], fact["loaded"], fact["under_way"], bool(fact["tunnel_forbidden"])) for fact in told(depot.cast)
    ]
    assert facts == [("LOADED", True, False, True), ("VOIDED", False, False, True)]
    assert depot.load().record.waybill_number == depot.waybill.number
    assert depot.depart().waybill.state == waybill.STATE_IN_TRANSIT
    assert [(fact["event"], fact["loaded"]) for fact in told(depot.cast)[2:]] == [("LOADED", True), ("DEPARTED", True)]


def test_detection_goes_by_what_is_aboard_after_a_fail_and_after_the_next_loading(depot: Depot) -> None:
    """Turned away it drives off empty and nobody minds; loaded again it must not leave without having departed."""
    depot.load()
    depot.fail("STATIC_EARTH")
    assert alarms_of_a_drive(depot, 0) == []
    depot.load()
    assert alarms_of_a_drive(depot, 5_000) == [alarms.ALARM_KIND_NO_WAYBILL]


def alarms_of_a_drive(depot: Depot, north_m: int) -> list[int]:
    """Of five kilometres the tractor drives from now on."""
    world, client = depot.cast.world, depot.cast.clients[CARRIER]
    world.settle()
    since = world.clock.now()
    fixes = drive(since + timedelta(seconds=1), minutes=10, dkmh=300, vehicle_id="tractor", north_m=north_m)
    world.clock.advance(minutes=11)
    (answer,) = client.stream(f"{MONITORING}/ReportFixes", iter([monitoring.ReportFixesRequest(batch=1, fixes=fixes)]))
    assert not answer.refused
    world.settle()
    listed = client.call(f"{ALARMS}/ListAlarms", alarms.ListAlarmsRequest(vehicle_id="tractor"), purpose="值班").alarms
    return [alarm.kind for alarm in listed if alarm.occurred_at.ToMilliseconds() >= since.timestamp() * 1000]


def test_a_fail_after_the_departure_is_refused(depot: Depot) -> None:
    check = depot.a_check(KEYS_HELD=pb.RESULT_FAIL)
    depot.load()
    depot.depart()
    with pytest.raises(Refused) as caught:
        depot.submit(check)
    assert reasons(caught) == {"ALREADY_DEPARTED"}


def test_a_second_pass_does_not_replace_a_record(depot: Depot) -> None:
    depot.load()
    for again in (depot.submit, depot.weigh, depot.seal, depot.record):
        with pytest.raises(Refused) as caught:
            again()
        assert reasons(caught) == {"LOADING_RECORDED"}


def test_no_step_is_skipped(depot: Depot) -> None:
    for early in (depot.weigh, depot.seal, depot.record):
        with pytest.raises(Refused) as caught:
            early()
        assert reasons(caught) == {"LOADING_NOT_PERMITTED"}
    depot.submit()
    with pytest.raises(Refused) as caught:
        depot.record()
    assert reasons(caught) == {"LOADING_NOT_FILLED"}
    depot.weigh(0)
    with pytest.raises(Refused) as caught:
        depot.record()
    assert reasons(caught) == {"LOADING_NOT_FILLED"}
    depot.weigh()
    with pytest.raises(Refused) as caught:
        depot.record()
    assert reasons(caught) == {"POST_FILL_MISSING"}
    assert depot.seal(CLOSURES=pb.RESULT_FAIL).outcome == pb.RESULT_FAIL
    with pytest.raises(Refused) as caught:
        depot.record()
    assert reasons(caught) == {"POST_FILL_MISSING"}


def test_an_expired_permit_fills_nothing_and_a_new_check_gives_another(depot: Depot) -> None:
    depot.submit()
    depot.cast.world.clock.advance(hours=4)
    with pytest.raises(Refused) as caught:
        depot.weigh()
    assert reasons(caught) == {"FILL_PERMIT_EXPIRED"}
    depot.submit()
    assert depot.weigh().state == pb.STATE_FILLED


def test_another_revision_of_the_waybill_makes_permit_and_weights_stale(depot: Depot) -> None:
    depot.submit()
    depot.weigh()
    with depot.cast.world.host.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE waybill_waybills SET body = jsonb_set(body, '{revision}', '2'), version = version + 1"
        )
    with pytest.raises(Refused) as caught:
        depot.permit()
    assert reasons(caught) == {"FILL_PERMIT_STALE"}
    with pytest.raises(Refused):
        depot.record()
    assert depot.submit().permit.revision == 2
    depot.weigh()
    depot.seal()
    assert depot.record().record.revision == 2


def test_a_void_waybill_is_not_loaded(depot: Depot) -> None:
    check = depot.a_check()
    depot.cast.call(CARRIER, "VoidWaybill", waybill.VoidWaybillRequest(waybill_id=depot.waybill.id, reason="取消"))
    with pytest.raises(Refused) as caught:
        depot.submit(check)
    assert "WAYBILL_VOID" in reasons(caught)


def test_a_check_of_tomorrow_is_refused(depot: Depot) -> None:
    check = depot.a_check()
    check.checked_at.FromDatetime(depot.cast.world.clock.now() + timedelta(seconds=1))
    with pytest.raises(Refused) as caught:
        depot.submit(check)
    assert reasons(caught) == {"FIELD_INVALID"}


def test_the_gate_sees_only_what_changed_since_the_night_before(depot: Depot) -> None:
    appointment = pb.Appointment(bay="3")
    appointment.planned_at.FromDatetime(depot.cast.world.clock.now() + timedelta(hours=8))
    request = pb.CreateAppointmentRequest(waybill_id=depot.waybill.id, appointment=appointment)
    assert depot.call("CreateAppointment", request).checklist.state == pb.STATE_APPOINTED
    at_gate = pb.GetChecklistRequest(waybill_id=depot.waybill.id, only_changed=True)
    assert list(depot.call("GetChecklist", at_gate).items) == []
    expire_tank(depot, "2027-06-30")
    changed = depot.call("GetChecklist", at_gate).items
    assert [item.code for item in changed] == [code("INSPECTION")]
    assert any("2027-06-30" in line for line in changed[0].known)
    assert depot.submit().outcome == pb.RESULT_PASS
    assert list(depot.call("GetChecklist", at_gate).items) == []


def test_the_tank_remembers_what_was_loaded(depot: Depot) -> None:
    depot.load()
    state = depot.tank().state
    assert state.condition == registry.TANK_CONDITION_LOADED
    assert list(state.last_un_numbers) == ["1203"]


def test_less_than_ordered_is_recorded_with_a_warning(depot: Depot) -> None:
    answer = depot.load(NET - 1_000_000)
    assert answer.warnings
    assert depot.depart().waybill.goods[0].actual_mass_g == NET - 1_000_000


def test_every_act_stands_on_the_waybills_chain(depot: Depot) -> None:
    answers: list[Any] = [depot.fail(), depot.submit(), depot.weigh(0), depot.weigh(), depot.seal(), depot.record()]
    assert {answer.registered.subject for answer in answers} == {f"waybill/{depot.waybill.id}"}
    assert [answer.registered.seq for answer in answers] == [2, 3, 4, 5, 6, 7]
    with depot.cast.world.host.engine.begin() as connection:
        kinds = connection.exec_driver_sql(
            "SELECT kind FROM traceability_registrations WHERE subject = %s ORDER BY seq",
            (f"waybill/{depot.waybill.id}",),
        ).scalars()
        assert list(kinds) == [
            "waybill.issue", "loading.check", "loading.check", "loading.weights", "loading.weights",
            "loading.post_fill", "loading.record",
        ]  # fmt: skip
