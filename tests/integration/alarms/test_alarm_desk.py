"""The desk: the carrier first, the regulator what is grave or left lying; groups, false shares, supervision on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hazway import ids
from hazway.alarms.v1 import alarms_pb2 as pb
from hazway.refusals import Refused
from services import alarms, traceability
from services.alarms.model import escalated_after
from services.runtime.clock import legal_day
from tests.cast import CARRIER, POLICE, RIVAL, TRANSPORT
from tests.integration.monitoring.road_house import ALARMS, House
from tests.integration.monitoring.test_watchers import watch_alarms

GRAVE, ORDINARY = alarms.Kind.TUNNEL_TRANSIT, alarms.Kind.OVERSPEED


def an_alarm(house: House, name: str, kind: alarms.Kind = ORDINARY, **changes: Any) -> alarms.Alarm:
    fields: dict[str, Any] = {
        "id": f"alarm-{name}", "kind": kind, "vehicle_id": "lorry1", "carrier_id": CARRIER, "division": "440307",
        "waybill_id": "trip1", "occurred_at": house.now - timedelta(minutes=1), "text_zh": "报警", "text_en": "alarm",
    }  # fmt: skip
    return alarms.Alarm(**(fields | changes))


def put(house: House, *raised: alarms.Alarm) -> None:
    host = house.world.host
    with host.engine.begin() as connection:
        alarms.put_alarms(connection, traceability.keeper_of(host.settings), raised, house.now)


def seen(house: House, by: str) -> set[str]:
    return {alarm.id for alarm in house.alarms(by)}


def handle(house: House, alarm_id: str, reason: int = pb.HANDLING_REASON_TRUE, by: str = CARRIER) -> None:
    request = pb.HandleAlarmRequest(alarm_id=alarm_id, reason=reason)  # type: ignore[arg-type]
    house.clients[by].call(f"{ALARMS}/HandleAlarm", request, purpose="处置")


def later(house: House, **duration: float) -> None:
    house.world.clock.advance(**duration)
    while alarms.escalate_due(house.world.host.engine, house.world.host.bus, house.world.clock):
        pass


def the_wait(house: House) -> float:
    return escalated_after(legal_day(house.now)).total_seconds()


def test_the_carrier_sees_all_at_once_and_the_regulator_what_is_grave(house: House) -> None:
    put(house, an_alarm(house, "grave", GRAVE), an_alarm(house, "ordinary"), an_alarm(house, "told", grave=True))
    assert seen(house, CARRIER) == {"alarm-grave", "alarm-ordinary", "alarm-told"}
    assert seen(house, TRANSPORT) == {"alarm-grave", "alarm-told"}
    assert seen(house, POLICE) == seen(house, RIVAL) == set()


def test_what_lies_unhandled_is_shown_to_the_regulator_when_its_time_is_over_and_not_before(house: House) -> None:
    watcher = watch_alarms(house, TRANSPORT, "0")
    put(house, an_alarm(house, "ordinary"))
    later(house, seconds=the_wait(house) - 1)
    assert seen(house, TRANSPORT) == set()
    later(house, seconds=1)
    assert seen(house, TRANSPORT) == {"alarm-ordinary"}
    shown = watcher.next().alarms[0]
    assert shown.id == "alarm-ordinary"
    assert shown.escalated_at.ToDatetime(house.now.tzinfo) == house.now


@pytest.mark.parametrize("end", ["handled", "withdrawn"])
def test_what_was_handled_or_withdrawn_in_time_never_reaches_the_regulator(house: House, end: str) -> None:
    put(house, an_alarm(house, "ordinary"))
    if end == "handled":
        handle(house, "alarm-ordinary")
    else:
        put(house, an_alarm(house, "ordinary", revision=2, state=alarms.State.WITHDRAWN))
    later(house, days=3)
    assert seen(house, TRANSPORT) == set()


def test_what_one_step_says_of_an_alarm_is_stored_and_stated_in_its_order(house: House) -> None:
    """Raised, told again, amended and withdrawn at once, among others: each revision once, and no timer is left."""
    host = house.world.host
    raised, other = an_alarm(house, "ordinary"), an_alarm(house, "other", waybill_id="trip2")
    amended = an_alarm(house, "ordinary", revision=2, ended_at=house.now)
    withdrawn = an_alarm(house, "ordinary", revision=3, state=alarms.State.WITHDRAWN)
    keeper = traceability.keeper_of(host.settings)
    with host.engine.begin() as connection:
        said = alarms.put_alarms(connection, keeper, [raised, other, raised, amended, withdrawn, amended], house.now)
        assert said == [raised, other, amended, withdrawn]
        assert alarms.put_alarms(connection, keeper, [withdrawn, other], house.now) == []
        kinds = connection.execute(
            text("SELECT kind FROM traceability_registrations WHERE subject = 'waybill/trip1' ORDER BY seq")
        ).scalars()
        assert list(kinds)[-3:] == ["alarm.raise", "alarm.amend", "alarm.amend"]
    stored = {alarm.id: (alarm.state, alarm.revision) for alarm in house.alarms(CARRIER)}
    assert stored == {"alarm-ordinary": (pb.ALARM_STATE_WITHDRAWN, 3), "alarm-other": (pb.ALARM_STATE_OPEN, 1)}
    later(house, days=1)
    assert seen(house, TRANSPORT) == {"alarm-other"}


def test_a_revision_does_not_give_the_carrier_more_time(house: House) -> None:
    put(house, an_alarm(house, "ordinary"))
    later(house, seconds=the_wait(house) / 2)
    put(house, an_alarm(house, "ordinary", revision=2, ended_at=house.now))
    later(house, seconds=the_wait(house) / 2)
    assert seen(house, TRANSPORT) == {"alarm-ordinary"}


def test_the_regulator_cannot_handle_what_it_does_not_see(house: House) -> None:
    put(house, an_alarm(house, "ordinary"))
    with pytest.raises(Refused) as refusal:
        handle(house, "alarm-ordinary", by=TRANSPORT)
    assert refusal.value.reasons == {"NOT_FOUND"}
    later(house, seconds=the_wait(house))
    handle(house, "alarm-ordinary", by=TRANSPORT)


def test_alarms_of_one_trip_and_cause_are_one_group(house: House) -> None:
    put(
        house,
        an_alarm(house, "1", GRAVE, cause="zone-a"),
        an_alarm(house, "2", GRAVE, cause="zone-a", occurred_at=house.now),
        an_alarm(house, "3", GRAVE, cause="zone-b"),
        an_alarm(house, "4", GRAVE, cause="zone-a", waybill_id="trip2"),
        an_alarm(house, "5", cause=""),
        an_alarm(house, "6", GRAVE, cause="zone-a", revision=2, state=alarms.State.WITHDRAWN),
    )
    handle(house, "alarm-3")
    answer = house.clients[CARRIER].call(f"{ALARMS}/ListAlarmGroups", pb.ListAlarmGroupsRequest())
    found = {(group.waybill_id, group.cause, group.kind): (group.alarms, group.open) for group in answer.groups}
    tunnel, fast = pb.ALARM_KIND_TUNNEL_TRANSIT, pb.ALARM_KIND_OVERSPEED
    assert found == {
        ("trip1", "zone-a", tunnel): (2, 2),
        ("trip1", "zone-b", tunnel): (1, 0),
        ("trip2", "zone-a", tunnel): (1, 1),
        ("trip1", "", fast): (1, 1),
    }
    (of_zone,) = [group for group in answer.groups if (group.waybill_id, group.cause) == ("trip1", "zone-a")]
    assert (of_zone.alarm_id, of_zone.severity) == ("alarm-2", pb.SEVERITY_GRAVE)
    still_open = house.clients[CARRIER].call(f"{ALARMS}/ListAlarmGroups", pb.ListAlarmGroupsRequest(open_only=True))
    assert len(still_open.groups) == 3
    shown = house.clients[TRANSPORT].call(f"{ALARMS}/ListAlarmGroups", pb.ListAlarmGroupsRequest(), purpose="值班")
    assert {group.kind for group in shown.groups} == {tunnel}


def test_the_false_share_of_each_rule_is_counted_from_what_alarms_turned_out_to_be(house: House) -> None:
    outcomes = [
        pb.HANDLING_REASON_TRUE, pb.HANDLING_REASON_TRUE, pb.HANDLING_REASON_DEVICE_FAULT,
        pb.HANDLING_REASON_MAP_WRONG, pb.HANDLING_REASON_EXEMPT,
    ]  # fmt: skip
    put(house, *[an_alarm(house, str(number)) for number in range(len(outcomes) + 1)])
    for number, reason in enumerate(outcomes):
        handle(house, f"alarm-{number}", reason)
    put(house, an_alarm(house, "other", vehicle_id="other1", carrier_id=RIVAL, division="440303"))
    request = pb.GetAlarmFiguresRequest()
    request.start.FromDatetime(house.now - timedelta(hours=1))
    request.end.FromDatetime(house.now)
    for by, raised in ((CARRIER, 6), (TRANSPORT, 7), (RIVAL, 1)):
        (figure,) = house.clients[by].call(f"{ALARMS}/GetAlarmFigures", request, purpose="考核").figures
        assert figure.raised == raised
        if by != RIVAL:
            assert (figure.handled, figure.found_true, figure.device_fault, figure.map_wrong, figure.exempt) == (
                5, 2, 1, 1, 1,
            )  # fmt: skip


def demand(house: House, alarm_id: str, by: str = TRANSPORT, due_at: datetime | None = None, **more: Any) -> Any:
    fields = {"supervision_id": ids.new_id(), "alarm_id": alarm_id, "demand": "请于期限内查明原因", **more}
    request = pb.RequestSupervisionRequest(**fields)
    request.due_at.FromDatetime(due_at or house.now + timedelta(hours=24))
    return house.clients[by].call(f"{ALARMS}/RequestSupervision", request, purpose="督办")


def answer(house: House, supervision: pb.Supervision, by: str = CARRIER) -> Any:
    request = pb.AnswerSupervisionRequest(
        supervision_id=supervision.id, alarm_id=supervision.alarm_id, answer="驾驶员已教育"
    )
    return house.clients[by].call(f"{ALARMS}/AnswerSupervision", request)


def test_a_supervision_request_and_its_answer_are_acts_on_the_alarms_record(house: House) -> None:
    put(house, an_alarm(house, "grave", GRAVE))
    asked = demand(house, "alarm-grave")
    assert (asked.registered.subject, asked.registered.seq) == ("alarm/alarm-grave", 1)
    listed = house.clients[CARRIER].call(f"{ALARMS}/ListSupervisions", pb.ListSupervisionsRequest(open_only=True))
    assert [one.id for one in listed.supervisions] == [asked.supervision.id]
    answered = answer(house, asked.supervision)
    assert (answered.registered.seq, answered.supervision.answered_by) == (2, CARRIER)
    with pytest.raises(Refused) as refusal:
        answer(house, asked.supervision)
    assert refusal.value.reasons == {"SUPERVISION_ANSWERED"}
    later(house, days=2)
    (one,) = (
        house.clients[TRANSPORT]
        .call(f"{ALARMS}/ListSupervisions", pb.ListSupervisionsRequest(), purpose="督办")
        .supervisions
    )
    assert (one.answer, one.overdue) == ("驾驶员已教育", False)


def test_an_answer_that_does_not_come_is_overdue(house: House) -> None:
    put(house, an_alarm(house, "grave", GRAVE))
    asked = demand(house, "alarm-grave", due_at=house.now + timedelta(hours=1)).supervision
    later(house, minutes=59)
    late = [one.overdue for one in _listed(house)]
    later(house, minutes=1)
    assert (late, [one.overdue for one in _listed(house)]) == ([False], [True])
    assert answer(house, asked).supervision.overdue, "an answer too late is taken, and stays too late"


NO_DEMANDS: list[tuple[str, dict[str, Any], str]] = [
    (TRANSPORT, {"alarm_id": "nosuchalarm"}, "NOT_FOUND"),
    (POLICE, {}, "NOT_FOUND"),
    (CARRIER, {}, "NOT_ALLOWED"),
    (TRANSPORT, {"demand": ""}, "FIELD_MISSING"),
    (TRANSPORT, {"supervision_id": ""}, "FIELD_MISSING"),
    (TRANSPORT, {"due_at": datetime(2020, 1, 1)}, "SUPERVISION_DUE_PAST"),
]


def test_who_may_not_demand_what(house: House) -> None:
    put(house, an_alarm(house, "grave", GRAVE))
    for by, changes, reason in NO_DEMANDS:
        asked: dict[str, Any] = {"alarm_id": "alarm-grave", **changes}
        with pytest.raises(Refused) as refusal:
            demand(house, asked.pop("alarm_id"), by, asked.pop("due_at", None), **asked)
        assert refusal.value.reasons == {reason}, (by, changes)
    with house.world.host.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alarms_supervisions")).scalar_one() == 0


def test_another_carrier_can_neither_answer_nor_see_it(house: House) -> None:
    put(house, an_alarm(house, "grave", GRAVE))
    asked = demand(house, "alarm-grave").supervision
    with pytest.raises(Refused) as refusal:
        answer(house, asked, RIVAL)
    assert refusal.value.reasons == {"NOT_FOUND"}
    assert not house.clients[RIVAL].call(f"{ALARMS}/ListSupervisions", pb.ListSupervisionsRequest()).supervisions
    with pytest.raises(Refused) as taken:
        demand(house, "alarm-grave", supervision_id=asked.id)
    assert taken.value.reasons == {"SUPERVISION_ID_TAKEN"}


def _listed(house: House) -> list[pb.Supervision]:
    return list(house.clients[CARRIER].call(f"{ALARMS}/ListSupervisions", pb.ListSupervisionsRequest()).supervisions)
