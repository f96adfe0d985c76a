"""Hand-overs over the wire of a real server: two hands, one digest; and every way of signing for somebody else."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from hazway import base45, ids, keys, record, roadside_code, trust
from hazway.alarms.v1 import alarms_pb2 as alarms
from hazway.client import Client
from hazway.errors import VerificationError
from hazway.refusals import Refused
from hazway.registry.v1 import registry_pb2 as registry
from hazway.roadside_code import Content
from hazway.statement import Statement
from hazway.waybill.v1 import handover_pb2 as pb
from hazway.waybill.v1 import waybill_pb2 as waybill
from services import traceability
from services.waybill.handover.overdue import raise_overdue
from tests.cast import CARRIER, CONSIGNEE, CONSIGNOR, LOADER, REGISTRY, RIVAL, Cast, a_person, a_waybill, put_fleet
from tests.integration.waybill.test_waybill_fuzzed import BROKEN
from tests.integration.waybill.test_waybill_life import arrives, departs
from tests.spoilt import spoilt

SERVICE = "hazway.waybill.v1.HandoverService"
ROLES = (waybill.ROLE_TRACTOR, waybill.ROLE_DRIVER, waybill.ROLE_ESCORT, waybill.ROLE_TRAILER, waybill.ROLE_TANK)
TONNES_28 = pb.HandedLine(goods_number=1, compartment=1, mass_g=28_000_000)


def test_loader_and_carrier_sign_the_same_digest(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    cast.clear(issued)
    before = custody(cast, issued.id)
    assert before.holder.organisation_id == LOADER
    assert len(before.revision_digest) == len(before.loading_record_digest) == 32
    offer = a_handover(issued, pb.HANDOVER_KIND_LOADING, seals=["S-001", "S-002"])
    offer.revision_digest, offer.loading_record_digest = before.revision_digest, before.loading_record_digest
    offered = offers(cast, LOADER, offer).handover
    assert (offered.state, offered.giver.organisation_id, offered.taker.organisation_id) == (
        pb.HANDOVER_STATE_OFFERED, LOADER, CARRIER,
    )  # fmt: skip
    answer = signs(cast.clients[CARRIER], offered)
    assert answer.handover.state == pb.HANDOVER_STATE_COUNTERSIGNED
    assert (answer.handover.answer.method, answer.handover.answer.discrepancy) == (pb.SIGNATURE_METHOD_KEY, False)
    assert custody(cast, issued.id).holder.organisation_id == CARRIER
    # Both stand in the record, and the taker's names the giver's.
    facts = on_record(cast, issued.id)
    gave, took = facts[-2:]
    assert (gave.kind, gave.issuer, took.kind, took.issuer) == (
        "waybill.hand_over",
        LOADER,
        "waybill.countersign",
        CARRIER,
    )
    assert took.body["statement_digest"] == gave.digest == offered.statement_digest
    assert "交出方声明摘要" in (took.text or "")
    # What is signed is signed: not again, not refused, not taken back.
    for client, request in (
        (CARRIER, answering(offered)),
        (CARRIER, refusing(offered)),
        (LOADER, pb.WithdrawHandoverRequest(waybill_id=issued.id, handover_id=offered.id, reason="x")),
    ):
        assert refusal(cast.clients[client], request) == {"HANDOVER_ANSWERED"}
    assert refusal(cast.clients[LOADER], offering(a_handover(issued, pb.HANDOVER_KIND_LOADING))) == {"HANDOVER_NOT_NOW"}


def test_nobody_signs_for_another(cast: Cast) -> None:
    """The giver above all: not with its key, not by the code, not under another's name."""
    issued = cast.issue(a_waybill()).waybill
    cast.clear(issued)
    offered = offers(cast, LOADER, a_handover(issued, pb.HANDOVER_KIND_LOADING)).handover
    for stranger in (LOADER, RIVAL, CONSIGNEE, CONSIGNOR):
        for request in (answering(offered), refusing(offered)):
            assert refusal(cast.clients[stranger], request) == {"NOT_FOUND"}, stranger
    for stranger in (LOADER, RIVAL):
        asking = pb.GetHandoverCodeRequest(waybill_id=issued.id, handover_id=offered.id)
        assert refusal(cast.clients[stranger], asking) == {"NOT_FOUND"}
        renew = pb.RenewHandoverCodeRequest(waybill_id=issued.id, handover_id=offered.id)
        assert refusal(cast.clients[stranger], renew) == {"NOT_FOUND"}
    # A statement of the giver's own key, sent by the taker, is no word of the taker.
    forger = cast.world.client(CARRIER, signer=cast.clients[LOADER]._signer)
    assert refusal(forger, answering(offered)) == {"KEY_UNKNOWN"}
    wrong = answering(offered)
    wrong.statement_digest = b"\x07" * 32
    assert refusal(cast.clients[CARRIER], wrong) == {"HANDOVER_DIGEST_DIFFERS"}
    elsewhere = cast.issue(a_waybill(departure=cast.world.clock.now().replace(hour=12))).waybill
    misplaced = answering(offered)
    misplaced.waybill_id = elsewhere.id
    assert refusal(cast.clients[CARRIER], misplaced) == {"NOT_FOUND"}
    assert custody(cast, issued.id).handovers[0].state == pb.HANDOVER_STATE_OFFERED
    # A loader that is the carrier too must name two people.
    assert refusal(cast.clients[RIVAL], offering(a_handover(issued, pb.HANDOVER_KIND_LOADING))) == {"NOT_FOUND"}


def test_a_hand_over_taken_back_is_offered_anew_under_an_id_of_its_own(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    cast.clear(issued)
    first = a_handover(issued, pb.HANDOVER_KIND_LOADING)
    offers(cast, LOADER, first)
    back = pb.WithdrawHandoverRequest(waybill_id=issued.id, handover_id=first.id, reason="写错")
    calls(cast.clients[LOADER], back)
    assert refusal(cast.clients[LOADER], offering(first)) == {"HANDOVER_EXISTS"}
    offers(cast, LOADER, a_handover(issued, pb.HANDOVER_KIND_LOADING))


def test_the_last_hand_over_is_the_consignees_receipt(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    arrives(cast, departs(cast, issued))
    too_much = a_handover(issued, pb.HANDOVER_KIND_DELIVERY)
    too_much.lines[0].mass_g += 1
    assert refusal(cast.clients[CARRIER], offering(too_much)) == {"DELIVERY_IMPOSSIBLE", "HANDOVER_IMPOSSIBLE"}
    offered = offers(cast, CARRIER, a_handover(issued, pb.HANDOVER_KIND_DELIVERY)).handover
    assert offered.taker.organisation_id == CONSIGNEE
    alone = waybill.SignDeliveryRequest(waybill_id=issued.id, signed_by="陈站长")
    with pytest.raises(Refused) as refused:
        cast.call(CONSIGNEE, "SignDelivery", alone)
    assert refused.value.reasons == {"HANDOVER_WAITS"}
    request = answering(offered, differences="2 号封签破损")
    request.received.add(goods_number=1, delivered_g=27_990_000)
    answer = calls(cast.clients[CONSIGNEE], request)
    assert answer.handover.answer.discrepancy
    assert {each.path for each in answer.warnings} >= {"received[0]"}
    done = cast.call(CARRIER, "GetWaybill", waybill.GetWaybillRequest(waybill_id=issued.id))
    assert (done.state, done.stops[0].signed_by) == (waybill.STATE_COMPLETED, "陈站长")
    assert done.stops[0].drops[0].delivered_g == 27_990_000
    assert custody(cast, issued.id).holder.organisation_id == CONSIGNEE


def test_goods_that_are_refused_at_the_stop_go_back(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    arrives(cast, departs(cast, issued))
    offered = offers(cast, CARRIER, a_handover(issued, pb.HANDOVER_KIND_DELIVERY)).handover
    assert "FIELD_MISSING" in refusal(cast.clients[CONSIGNEE], refusing(offered, reason=" "))
    assert calls(cast.clients[CONSIGNEE], refusing(offered)).handover.state == pb.HANDOVER_STATE_REFUSED
    done = cast.call(CARRIER, "GetWaybill", waybill.GetWaybillRequest(waybill_id=issued.id))
    assert (done.state, done.stops[0].refused_reason) == (waybill.STATE_REJECTED, "货不对")
    assert not open_alarms(cast)


def test_a_consignee_without_an_account_signs_by_a_code_that_the_giver_never_learns(cast: Cast) -> None:
    issued, offered = unregistered_delivery(cast)
    assert offered.taker.name == "山脚加油点"
    assert not offered.taker.organisation_id
    ask = pb.GetHandoverCodeRequest(waybill_id=issued.id, handover_id=offered.id)
    assert refusal(cast.clients[CARRIER], ask) == {"NOT_FOUND"}
    told = calls(cast.clients[CONSIGNOR], ask)
    assert calls(cast.clients["operator"], ask).code == told.code
    assert len(told.code) == 6
    assert told.taker.phone == "13900000001"
    # Who learnt it is kept, and who was refused did not.
    with cast.world.host.engine.connect() as connection:
        looks = connection.exec_driver_sql("SELECT organisation, method, subject FROM runtime_looks ORDER BY looked_at")
        assert [tuple(look) for look in looks] == [
            (who, f"{SERVICE}/GetHandoverCode", f"waybill/{issued.id}") for who in (CONSIGNOR, traceability.OPERATOR)
        ]
    for stored in tables(cast, "waybill_handover_codes", "waybill_handovers", "runtime_requests", "runtime_looks"):
        assert told.code not in stored
    # It is typed into the driver's phone.
    entered = calls(cast.clients[CARRIER], entering(offered, told.code))
    assert entered.accepted
    assert entered.handover.answer.method == pb.SIGNATURE_METHOD_ONE_TIME_CODE
    assert entered.handover.answer.signed_by == "周某"
    done = cast.call(CARRIER, "GetWaybill", waybill.GetWaybillRequest(waybill_id=issued.id))
    assert (done.state, done.stops[0].signed_by) == (waybill.STATE_COMPLETED, "周某")
    facts = on_record(cast, issued.id)
    said = facts[-1]
    assert (said.kind, said.issuer) == ("waybill.countersign_by_code", traceability.OPERATOR)
    assert (said.body["method"], said.body["custodial"]) == ("SIGNATURE_METHOD_ONE_TIME_CODE", True)
    assert (said.body["signed_by"], said.body["entered_by"]) == ("周某", CARRIER)
    assert said.body["statement_digest"] == offered.statement_digest
    assert "code" not in said.body
    # Once.
    assert refusal(cast.clients[CARRIER], entering(offered, told.code)) == {"HANDOVER_ANSWERED"}
    assert refusal(cast.clients[CONSIGNOR], ask) == {"HANDOVER_ANSWERED"}


def test_a_code_is_guessed_at_five_times_and_good_for_one_statement_and_one_day(cast: Cast) -> None:
    issued, offered = unregistered_delivery(cast)
    ask = pb.GetHandoverCodeRequest(waybill_id=issued.id, handover_id=offered.id)
    code = calls(cast.clients[CONSIGNOR], ask).code
    wrong = f"{(int(code) + 1) % 10**6:06}"
    guess = entering(offered, wrong)
    guess.request_id = "guess-1"
    for _ in range(3):  # the same guess again is the same guess
        answer = calls(cast.clients[CARRIER], guess)
        assert (answer.accepted, answer.attempts_left) == (False, 4)
    for left in (3, 2, 1, 0):
        assert calls(cast.clients[CARRIER], entering(offered, wrong)).attempts_left == left
    assert refusal(cast.clients[CARRIER], entering(offered, code)) == {"HANDOVER_CODE_DEAD"}
    assert refusal(cast.clients[CONSIGNOR], ask) == {"HANDOVER_CODE_DEAD"}
    assert custody(cast, issued.id).handovers[0].state == pb.HANDOVER_STATE_OFFERED
    renew = pb.RenewHandoverCodeRequest(waybill_id=issued.id, handover_id=offered.id)
    calls(cast.clients[CONSIGNOR], renew)
    fresh = calls(cast.clients[CONSIGNOR], ask).code
    assert fresh != code
    assert not calls(cast.clients[CARRIER], entering(offered, code)).accepted  # the dead one stays dead
    cast.world.clock.advance(hours=24)
    assert refusal(cast.clients[CARRIER], entering(offered, fresh)) == {"HANDOVER_CODE_DEAD"}
    calls(cast.clients[CONSIGNOR], pb.RenewHandoverCodeRequest(waybill_id=issued.id, handover_id=offered.id))
    # An offer made anew has another digest, and the code of the one before is none of its.
    old = calls(cast.clients[CONSIGNOR], ask).code
    calls(
        cast.clients[CARRIER], pb.WithdrawHandoverRequest(waybill_id=issued.id, handover_id=offered.id, reason="重开")
    )
    again = offers(cast, CARRIER, a_handover(issued, pb.HANDOVER_KIND_DELIVERY)).handover
    assert refusal(cast.clients[CARRIER], entering(offered, old)) == {"HANDOVER_ANSWERED"}
    assert not calls(cast.clients[CARRIER], entering(again, old)).accepted


def test_of_two_takers_at_once_one_signs(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    arrives(cast, departs(cast, issued))
    offered = offers(cast, CARRIER, a_handover(issued, pb.HANDOVER_KIND_DELIVERY)).handover
    code = calls(cast.clients[CONSIGNOR], pb.GetHandoverCodeRequest(waybill_id=issued.id, handover_id=offered.id)).code
    outcomes: list[Any] = []

    def attempt(client: Client, request: Any) -> None:
        try:
            calls(client, request)
            outcomes.append("signed")
        except Refused as refused:
            outcomes.append(refused.reasons)

    racers = [
        threading.Thread(target=attempt, args=(cast.clients[who], request))
        for who, request in (
            (CONSIGNEE, answering(offered)), (CARRIER, entering(offered, code)), (CONSIGNEE, refusing(offered)),
        )
    ]  # fmt: skip
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert outcomes.count("signed") == 1, outcomes
    assert all("HANDOVER_ANSWERED" in other for other in outcomes if other != "signed"), outcomes


def test_an_overdue_signature_alarms_and_blocks_nothing_and_a_late_one_withdraws_the_alarm(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    cast.clear(issued)
    offered = offers(cast, LOADER, a_handover(issued, pb.HANDOVER_KIND_LOADING)).handover
    cast.world.clock.advance(minutes=59)
    cast.world.settle()
    assert not open_alarms(cast)
    cast.world.clock.advance(minutes=1)
    cast.world.settle()
    (alarm,) = open_alarms(cast)
    assert (alarm.kind, alarm.waybill_id, alarm.cause) == (alarms.ALARM_KIND_HANDOVER_OPEN, issued.id, "LOADING")
    assert alarm.evidence["handover_id"] == offered.id
    departed = departs(cast, issued, hours=1)
    assert departed.state == waybill.STATE_IN_TRANSIT
    late = signs(cast.clients[CARRIER], offered).handover
    assert late.answer.late
    assert not open_alarms(cast)
    (closed,) = listed(cast)
    assert (closed.state, closed.revision) == (alarms.ALARM_STATE_WITHDRAWN, 2)
    cast.world.clock.advance(hours=48)
    cast.world.settle()
    assert [each.state for each in listed(cast) if each.kind == alarms.ALARM_KIND_HANDOVER_OPEN] == [
        alarms.ALARM_STATE_WITHDRAWN
    ]


def test_what_the_desk_has_handled_stays_handled_and_what_is_void_waits_for_nobody(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    cast.clear(issued)
    offered = offers(cast, LOADER, a_handover(issued, pb.HANDOVER_KIND_LOADING)).handover
    cast.world.clock.advance(hours=1)
    cast.world.settle()
    (alarm,) = open_alarms(cast)
    handle = alarms.HandleAlarmRequest(alarm_id=alarm.id, reason=alarms.HANDLING_REASON_TRUE, note="已催促")
    cast.clients[CARRIER].call("hazway.alarms.v1.AlarmService/HandleAlarm", handle)
    signs(cast.clients[CARRIER], offered)
    assert [each.state for each in listed(cast)] == [alarms.ALARM_STATE_HANDLED]
    second = cast.issue(a_waybill(departure=cast.world.clock.now().replace(hour=12))).waybill
    cast.clear(second, "record-2")
    waiting = offers(cast, LOADER, a_handover(second, pb.HANDOVER_KIND_LOADING)).handover
    cast.call(CARRIER, "VoidWaybill", waybill.VoidWaybillRequest(waybill_id=second.id, reason="取消"))
    for request in (answering(waiting), refusing(waiting)):
        assert refusal(cast.clients[CARRIER], request) == {"WAYBILL_VOID"}
    cast.world.clock.advance(hours=2)
    cast.world.settle()
    assert not open_alarms(cast)
    third = cast.issue(a_waybill(departure=cast.world.clock.now() + timedelta(hours=4))).waybill
    cast.clear(third, "record-3")
    offers(cast, LOADER, a_handover(third, pb.HANDOVER_KIND_LOADING))
    cast.world.clock.advance(hours=1)
    cast.world.settle()
    (alarm,) = open_alarms(cast)
    cast.call(CARRIER, "VoidWaybill", waybill.VoidWaybillRequest(waybill_id=third.id, reason="取消"))
    assert not open_alarms(cast)
    (gone,) = [each for each in listed(cast) if each.id == alarm.id]
    assert (gone.state, gone.revision) == (alarms.ALARM_STATE_WITHDRAWN, 2)
    assert "运单已作废" in gone.text_zh


def test_a_refusal_that_leaves_the_load_with_nobody_alarms_at_once(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    cast.clear(issued)
    offered = offers(cast, LOADER, a_handover(issued, pb.HANDOVER_KIND_LOADING)).handover
    calls(cast.clients[CARRIER], refusing(offered, reason="封签号不符"))
    (alarm,) = open_alarms(cast)
    assert alarm.evidence["refused_reason"] == "封签号不符"
    assert custody(cast, issued.id).holder.organisation_id == LOADER
    # Put right, it is offered again.
    again = offers(cast, LOADER, a_handover(issued, pb.HANDOVER_KIND_LOADING)).handover
    signs(cast.clients[CARRIER], again)
    assert custody(cast, issued.id).holder.organisation_id == CARRIER


def test_a_dropped_trailer_is_in_a_sites_custody_until_the_site_gives_it_back(cast: Cast) -> None:
    keeper = registry.Organisation()
    keeper.CopyFrom(
        cast.call(CARRIER, f"{REGISTRY}/GetOrganisation", registry.GetOrganisationRequest(organisation_id=RIVAL))
    )
    keeper.sites.add(id="yard", name="罗湖危货停车场", division_code="440303")
    cast.register(registry.RegisterOrganisationRequest(organisation=keeper), by="operator")
    issued = cast.issue(a_waybill()).waybill
    departs(cast, issued)
    parked = a_handover(issued, pb.HANDOVER_KIND_PARKED)
    parked.taker.organisation_id, parked.taker.site_id, parked.taker.name = RIVAL, "nowhere", "罗湖危货停车场"
    assert refusal(cast.clients[CARRIER], offering(parked)) == {"RESOURCE_UNKNOWN"}
    parked.taker.site_id = "yard"
    offered = offers(cast, CARRIER, parked).handover
    signs(cast.clients[RIVAL], offered)
    holder = custody(cast, issued.id).holder
    assert (holder.organisation_id, holder.site_id) == (RIVAL, "yard")
    # The site sees what it keeps, and no waybill.
    seen = calls(cast.clients[RIVAL], pb.GetCustodyRequest(waybill_id=issued.id))
    assert [each.id for each in seen.handovers] == [offered.id]
    with pytest.raises(Refused):
        cast.call(RIVAL, "GetWaybill", waybill.GetWaybillRequest(waybill_id=issued.id))
    # Tractor and crew have left, and may be on another trip while the trailer waits.
    left = cast.call(CARRIER, "GetWaybill", waybill.GetWaybillRequest(waybill_id=issued.id))
    assert [current(left, role) for role in ROLES] == [[], [], [], ["trailer"], ["tank"]]
    alone = on_the_code(cast, issued.id)
    assert (alone.tractor, alone.driver, alone.trailer) == ("", "", "粤B1001挂")
    put_fleet(cast, "-2", 2)
    other = a_waybill(departure=cast.world.clock.now(), suffix="-2")
    for assignment, name in ((0, "tractor"), (3, "driver"), (4, "escort")):
        other.assignments[assignment].resource_id = name
    cast.issue(other)
    issued.revision = left.revision
    # While the site holds it, the carrier delivers nothing, and nobody else gives it back.
    assert refusal(cast.clients[CARRIER], offering(a_handover(issued, pb.HANDOVER_KIND_DELIVERY))) == {
        "HANDOVER_NOT_HOLDER"
    }
    taken_up = a_handover(issued, pb.HANDOVER_KIND_TAKEN_UP)
    assert "HANDOVER_NOT_HOLDER" in refusal(cast.clients[CARRIER], offering(taken_up))
    back = offers(cast, RIVAL, taken_up).handover
    assert refusal(cast.clients[RIVAL], answering(back)) == {"NOT_FOUND"}
    signs(cast.clients[CARRIER], back)
    for role, name in (
        (waybill.ROLE_TRACTOR, "tractor-2"),
        (waybill.ROLE_DRIVER, "driver-2"),
        (waybill.ROLE_ESCORT, "escort-2"),
    ):
        again = cast.call(CARRIER, "SwapAssignment", swap(issued.id, role, "", name)).waybill
    assert [current(again, role) for role in ROLES] == [
        ["tractor-2"],
        ["driver-2"],
        ["escort-2"],
        ["trailer"],
        ["tank"],
    ]
    holder = custody(cast, issued.id).holder
    assert (holder.organisation_id, holder.person_id) == (CARRIER, "driver-2")
    assert on_the_code(cast, issued.id).tractor == "粤B11002"
    assert on_the_code(cast, issued.id).driver.startswith("张4号")
    issued.revision = again.revision
    offers(cast, CARRIER, a_handover(issued, pb.HANDOVER_KIND_DELIVERY))


def test_the_new_driver_countersigns_the_swap_from_a_phone(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    issued = cast.issue(a_waybill()).waybill
    departs(cast, issued)
    cast.clients[CARRIER].register_custodial_key()
    request = swap(issued.id, waybill.ROLE_DRIVER, "driver", "driver-2")
    answer = cast.call(CARRIER, "SwapAssignment", request)
    assert set(answer.revision.required) == {waybill.SIGNER_CARRIER, waybill.SIGNER_CREW}
    assert list(answer.revision.signed) == [waybill.SIGNER_CARRIER]
    assert current(answer.waybill, waybill.ROLE_DRIVER) == ["driver-2"]  # who drives now is a fact
    (offered,) = custody(cast, issued.id).handovers
    assert [offered.id] == list(answer.handover_ids)
    assert (offered.kind, offered.state, offered.taker.person_id) == (
        pb.HANDOVER_KIND_CREW, pb.HANDOVER_STATE_OFFERED, "driver-2",
    )  # fmt: skip
    # The carrier's own certificate, the driver who left and another carrier are not the new driver.
    assert refusal(cast.clients[CARRIER], answering(offered)) == {"NOT_FOUND"}
    for organisation, person in ((CARRIER, "driver"), (CARRIER, "escort"), (RIVAL, "driver-2")):
        with pytest.raises(Refused):
            calls(cast.world.client(organisation, person=person), answering(offered))
    cast.world.clock.advance(minutes=30)
    cast.world.settle()
    assert [each.cause for each in open_alarms(cast) if each.kind == alarms.ALARM_KIND_HANDOVER_OPEN] == ["CREW"]
    signed = calls(cast.world.client(CARRIER, person="driver-2"), answering(offered)).handover
    assert (signed.answer.method, signed.answer.late) == (pb.SIGNATURE_METHOD_CUSTODIAL_KEY, True)
    assert not [each for each in open_alarms(cast) if each.kind == alarms.ALARM_KIND_HANDOVER_OPEN]
    revisions = cast.call(CARRIER, "ListRevisions", waybill.ListRevisionsRequest(waybill_id=issued.id)).revisions
    assert set(revisions[-1].signed) == {waybill.SIGNER_CARRIER, waybill.SIGNER_CREW}


def test_who_states_a_swap_does_not_sign_it_and_a_new_tractor_is_signed_by_its_driver(cast: Cast) -> None:
    put_fleet(cast, "-2", 2)
    issued = cast.issue(a_waybill()).waybill
    departs(cast, issued)
    cast.clients[CARRIER].register_custodial_key()
    phone = cast.world.client(CARRIER, person="driver")
    with pytest.raises(Refused) as refused:
        phone.call(
            "hazway.waybill.v1.WaybillService/SwapAssignment",
            swap(issued.id, waybill.ROLE_TRACTOR, "tractor", "tractor-2"),
        )
    assert refused.value.reasons == {"HANDOVER_TO_ONESELF"}
    cast.call(CARRIER, "SwapAssignment", swap(issued.id, waybill.ROLE_TRACTOR, "tractor", "tractor-2"))
    (offered,) = custody(cast, issued.id).handovers
    assert (offered.kind, offered.taker.person_id) == (pb.HANDOVER_KIND_VEHICLE, "driver")
    assert calls(phone, answering(offered)).handover.state == pb.HANDOVER_STATE_COUNTERSIGNED


def test_each_of_a_double_crew_signs_its_new_seat(cast: Cast) -> None:
    driver, escort = a_person("driver", number=2), a_person("escort", number=3, escort=True)
    for person, other in ((driver, escort), (escort, driver)):
        person.qualifications.append(other.qualifications[0])
        cast.register(registry.PutPersonRequest(person=person))
    issued = cast.issue(a_waybill()).waybill
    departs(cast, issued)
    cast.clients[CARRIER].register_custodial_key()
    exchange = swap(issued.id, waybill.ROLE_DRIVER, "driver", "escort")
    for one_of_them in ("driver", "escort"):
        with pytest.raises(Refused) as refused:
            cast.world.client(CARRIER, person=one_of_them).call(
                "hazway.waybill.v1.WaybillService/SwapAssignment", exchange
            )
        assert refused.value.reasons == {"HANDOVER_TO_ONESELF"}
    cast.call(CARRIER, "SwapAssignment", exchange)
    first, second = custody(cast, issued.id).handovers
    assert {first.taker.person_id, second.taker.person_id} == {"driver", "escort"}
    assert first.statement_digest == second.statement_digest
    calls(cast.world.client(CARRIER, person=first.taker.person_id), answering(first))
    assert waybill.SIGNER_CREW not in last_revision(cast, issued.id).signed
    calls(cast.world.client(CARRIER, person=second.taker.person_id), answering(second))
    assert waybill.SIGNER_CREW in last_revision(cast, issued.id).signed


def test_a_signature_in_the_very_second_of_the_alarm_leaves_none_open(cast: Cast) -> None:
    """The worker holds the timer and wants the record, whoever signs holds the waybill and wants both: no ring, no leftover."""
    for number in range(6):
        issued = cast.issue(a_waybill(departure=cast.world.clock.now() + timedelta(hours=2 + 6 * number))).waybill
        cast.clear(issued, f"record-{number}")
        offered = offers(cast, LOADER, a_handover(issued, pb.HANDOVER_KIND_LOADING)).handover
        cast.world.clock.advance(hours=1)
        worker = threading.Thread(target=raise_overdue, args=(cast.world.host,))
        worker.start()
        answer = signs(cast.clients[CARRIER], offered)
        worker.join()
        assert answer.handover.state == pb.HANDOVER_STATE_COUNTERSIGNED
        assert not raise_overdue(cast.world.host)
        assert not [each for each in open_alarms(cast) if each.kind == alarms.ALARM_KIND_HANDOVER_OPEN], number
        cast.call(CARRIER, "VoidWaybill", waybill.VoidWaybillRequest(waybill_id=issued.id, reason="试"))


def test_no_spoilt_answer_brings_a_server_error_or_a_signature(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    arrives(cast, departs(cast, issued))
    offered = offers(cast, CARRIER, a_handover(issued, pb.HANDOVER_KIND_DELIVERY)).handover
    answer = answering(offered)
    answer.received.add(goods_number=1, delivered_g=28_000_000)
    code = entering(offered, "x")
    code.received.add(goods_number=1, delivered_g=28_000_000)
    for sound, client in (
        (answer, CONSIGNEE),
        (refusing(offered), CONSIGNEE),
        (code, CARRIER),
        (offering(offered), CARRIER),
    ):
        for worse in spoilt(sound):
            if "signed_by" in worse.DESCRIPTOR.fields_by_name:
                worse.signed_by = " "  # nothing of it can pass
            try:
                calls(cast.clients[client], worse)
            except VerificationError:
                continue
            except Refused as refused:
                if refused.code in BROKEN:
                    pytest.fail(f"{refused.code} for {worse}")
    assert custody(cast, issued.id).handovers[-1].state == pb.HANDOVER_STATE_OFFERED


# What the tests above say it with.


def a_handover(
    message: waybill.Waybill, kind: pb.HandoverKind.ValueType, seals: list[str] | None = None
) -> pb.Handover:
    """All of the petrol; stated as of the waybill's revision."""
    return pb.Handover(
        id=ids.new_id(), waybill_id=message.id, kind=kind, revision=message.revision, lines=[TONNES_28], seals=seals or []
    )  # fmt: skip


def offering(handover: pb.Handover) -> pb.OfferHandoverRequest:
    return pb.OfferHandoverRequest(handover=handover)


def answering(offered: pb.Handover, differences: str = "") -> pb.CountersignHandoverRequest:
    return pb.CountersignHandoverRequest(
        waybill_id=offered.waybill_id, handover_id=offered.id, statement_digest=offered.statement_digest,
        signed_by="陈站长", differences=differences,
    )  # fmt: skip


def refusing(offered: pb.Handover, reason: str = "货不对") -> pb.RefuseHandoverRequest:
    return pb.RefuseHandoverRequest(
        waybill_id=offered.waybill_id, handover_id=offered.id, statement_digest=offered.statement_digest,
        signed_by="陈站长", refused_reason=reason,
    )  # fmt: skip


def entering(offered: pb.Handover, code: str) -> pb.EnterHandoverCodeRequest:
    return pb.EnterHandoverCodeRequest(
        waybill_id=offered.waybill_id, handover_id=offered.id, statement_digest=offered.statement_digest,
        code=code, signed_by="周某",
    )  # fmt: skip


def swap(waybill_id: str, role: waybill.Role.ValueType, outgoing: str, incoming: str) -> waybill.SwapAssignmentRequest:
    return waybill.SwapAssignmentRequest(
        waybill_id=waybill_id, role=role, outgoing_id=outgoing, incoming_id=incoming, reason="换班"
    )  # fmt: skip


def calls(client: Client, request: Any) -> Any:
    return client.call(f"{SERVICE}/{type(request).__name__.removesuffix('Request')}", request)


def offers(cast: Cast, giver: str, handover: pb.Handover) -> pb.HandoverResponse:
    answer: pb.HandoverResponse = calls(cast.clients[giver], offering(handover))
    return answer


def signs(client: Client, offered: pb.Handover) -> pb.HandoverResponse:
    answer: pb.HandoverResponse = calls(client, answering(offered))
    return answer


def refusal(client: Client, request: Any) -> frozenset[str] | set[str]:
    with pytest.raises(Refused) as refused:
        calls(client, request)
    return refused.value.reasons


def custody(cast: Cast, waybill_id: str) -> pb.GetCustodyResponse:
    answer: pb.GetCustodyResponse = calls(cast.clients[CARRIER], pb.GetCustodyRequest(waybill_id=waybill_id))
    return answer


def on_record(cast: Cast, waybill_id: str) -> list[Statement]:
    """What was stated about the waybill, as anybody verifies it."""
    cast.world.settle()
    trusted = trust.parse(traceability.trust_file(traceability.keeper_of(cast.world.host.settings)))
    verified = record.verify(cast.clients[CARRIER].export_record(f"waybill/{waybill_id}"), trusted)
    (subject,) = [each for each in verified.subjects if each.subject == f"waybill/{waybill_id}"]
    return [fact.statement for fact in subject.facts if fact.statement and not fact.statement.kind.startswith("alarm.")]


def on_the_code(cast: Cast, waybill_id: str) -> Content:
    """What the lorry shows at the roadside now."""
    cast.world.settle()
    answer: Any = cast.call(CARRIER, "GetRoadsideCode", waybill.GetRoadsideCodeRequest(waybill_id=waybill_id))
    assert cast.call(CARRIER, "ExportWaybillPdf", waybill.ExportWaybillPdfRequest(waybill_id=waybill_id)).pdf
    signed = roadside_code.inflate(base45.decode(roadside_code.unprefixed(answer.code)))
    return roadside_code.read_content(roadside_code.read_signed(signed).payload)


def last_revision(cast: Cast, waybill_id: str) -> waybill.Revision:
    answer: Any = cast.call(CARRIER, "ListRevisions", waybill.ListRevisionsRequest(waybill_id=waybill_id))
    revision: waybill.Revision = answer.revisions[-1]
    return revision


def current(message: waybill.Waybill, role: waybill.Role.ValueType) -> list[str]:
    return [each.resource_id for each in message.assignments if each.role == role and not each.HasField("to_at")]


def listed(cast: Cast) -> list[alarms.Alarm]:
    return list(
        cast.clients[CARRIER].call("hazway.alarms.v1.AlarmService/ListAlarms", alarms.ListAlarmsRequest()).alarms
    )


def open_alarms(cast: Cast) -> list[alarms.Alarm]:
    return [each for each in listed(cast) if each.state == alarms.ALARM_STATE_OPEN]


def unregistered_delivery(cast: Cast) -> tuple[waybill.Waybill, pb.Handover]:
    """Arrived at a filling point that is in no register, with the carrier's offer waiting there."""
    message = a_waybill()
    message.consignee.CopyFrom(waybill.Party(name="山脚加油点", phone="13900000001"))
    issued = cast.issue(message).waybill
    arrives(cast, departs(cast, issued))
    return issued, offers(cast, CARRIER, a_handover(issued, pb.HANDOVER_KIND_DELIVERY)).handover


def tables(cast: Cast, *names: str) -> list[str]:
    from sqlalchemy import text

    with cast.world.host.engine.connect() as connection:
        return [str(connection.execute(text(f"SELECT * FROM {name}")).all()) for name in names]


def test_a_key_of_nobody_countersigns_nothing(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    cast.clear(issued)
    offered = offers(cast, LOADER, a_handover(issued, pb.HANDOVER_KIND_LOADING)).handover
    assert refusal(cast.world.client(CARRIER, signer=keys.generate()), answering(offered)) == {"KEY_UNKNOWN"}
    assert refusal(cast.world.client(CARRIER), answering(offered)) == {"STATEMENT_MISSING"}
