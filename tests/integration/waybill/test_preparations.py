"""Checks and briefings before a trip: on record, whole, by the right people; told when they are missing at the gate."""

from __future__ import annotations

from typing import Any

import pytest

from hazway.refusals import Refused
from hazway.waybill.v1 import preparation_pb2 as pb
from hazway.waybill.v1 import waybill_pb2 as waybill
from tests.cast import CARRIER, LOADER, RIVAL, Cast, a_waybill

SERVICE = "hazway.waybill.v1.PreparationService"
BEFORE = (
    pb.PREPARATION_ITEM_VEHICLE,
    pb.PREPARATION_ITEM_TANK,
    pb.PREPARATION_ITEM_EQUIPMENT,
    pb.PREPARATION_ITEM_POSITIONING,
)
OUTSIDE = (pb.PREPARATION_ITEM_MARKS, pb.PREPARATION_ITEM_CLOSURES, pb.PREPARATION_ITEM_PAPERS)


def test_what_was_prepared_is_on_record_and_what_was_not_is_told_at_the_gate(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    cast.clear(issued)
    cast.world.clock.advance(hours=1)
    assert gate(cast, issued.id) == [("PREP-01", "MISSING"), ("PREP-03", "MISSING"), ("PREP-02", "MISSING")]
    failed = a_check(issued.id, pb.PREPARATION_KIND_TRIP_CHECK, "dispatcher", BEFORE)
    failed.items[1].passed, failed.items[1].note = False, "安全阀铅封缺失"
    assert not calls(cast, failed).preparation.passed
    driver = cast.world.client(CARRIER, person="driver", signer=cast.clients[CARRIER]._signer)
    outer = a_check(issued.id, pb.PREPARATION_KIND_OUTER_CHECK, "driver", OUTSIDE)
    assert driver.call(f"{SERVICE}/RecordTripCheck", outer).registered.subject == f"waybill/{issued.id}"
    told = calls(cast, a_briefing(issued.id, "driver"))
    assert [warning.message_zh for warning in told.warnings] == ["安全告知缺少或重复：escort"]
    assert gate(cast, issued.id) == [("PREP-01", "FAILED"), ("PREP-02", "INCOMPLETE")]
    calls(cast, a_check(issued.id, pb.PREPARATION_KIND_TRIP_CHECK, "dispatcher", BEFORE))
    calls(cast, a_briefing(issued.id, "escort"))
    assert gate(cast, issued.id) == []
    listed = cast.call(LOADER, f"{SERVICE}/ListPreparations", pb.ListPreparationsRequest(waybill_id=issued.id))
    assert [each.passed for each in listed.preparations] == [False, True, True, True, True]
    assert listed.preparations[0].items[1].note == "安全阀铅封缺失"
    departed = cast.call(CARRIER, "DepartWaybill", waybill.DepartWaybillRequest(waybill_id=issued.id)).waybill
    cast.world.clock.advance(hours=1)
    late = a_check(issued.id, pb.PREPARATION_KIND_TRIP_CHECK, "dispatcher", BEFORE)
    assert refusal(cast, late) == {"PREPARATION_TOO_LATE"}
    late.checked_at.CopyFrom(departed.departed_at)  # made in time, sent late
    late.statement = b""
    assert calls(cast, late).preparation.passed


def test_a_check_is_whole_and_by_the_right_people(cast: Cast) -> None:
    issued = cast.issue(a_waybill()).waybill
    for items in (BEFORE[:-1], (*BEFORE, BEFORE[0]), ()):
        assert refusal(cast, a_check(issued.id, pb.PREPARATION_KIND_TRIP_CHECK, "x", items)) == {
            "PREPARATION_INCOMPLETE"
        }
    assert refusal(cast, a_check(issued.id, pb.PREPARATION_KIND_OUTER_CHECK, "passer-by", OUTSIDE)) == {"NOT_ASSIGNED"}
    assert refusal(cast, a_briefing(issued.id, "passer-by")) == {"NOT_ASSIGNED", "PREPARATION_INCOMPLETE"}
    assert refusal(cast, a_check(issued.id, pb.PREPARATION_KIND_BRIEFING, "driver", OUTSIDE)) >= {"FIELD_INVALID"}
    escort = cast.world.client(CARRIER, person="escort", signer=cast.clients[CARRIER]._signer)
    with pytest.raises(Refused) as refused:
        escort.call(
            f"{SERVICE}/RecordTripCheck", a_check(issued.id, pb.PREPARATION_KIND_OUTER_CHECK, "driver", OUTSIDE)
        )
    assert refused.value.reasons == {"FIELD_INVALID"}
    for stranger in (RIVAL, LOADER):
        with pytest.raises(Refused) as refused:
            cast.call(stranger, f"{SERVICE}/RecordBriefing", a_briefing(issued.id, "driver"))
        assert refused.value.reasons in ({"NOT_FOUND"}, {"NOT_ALLOWED"})
    cast.call(CARRIER, "VoidWaybill", waybill.VoidWaybillRequest(waybill_id=issued.id, reason="取消"))
    assert refusal(cast, a_check(issued.id, pb.PREPARATION_KIND_OUTER_CHECK, "driver", OUTSIDE)) == {"WAYBILL_VOID"}


def a_check(
    waybill_id: str, kind: pb.PreparationKind.ValueType, person: str, items: tuple[Any, ...]
) -> pb.RecordTripCheckRequest:
    checked = [pb.CheckedItem(item=item, passed=True) for item in items]
    return pb.RecordTripCheckRequest(waybill_id=waybill_id, kind=kind, person_id=person, items=checked)


def a_briefing(waybill_id: str, attendee: str) -> pb.RecordBriefingRequest:
    return pb.RecordBriefingRequest(
        waybill_id=waybill_id, person_id="dispatcher", attendee_ids=[attendee], content="车用汽油，易燃；严禁烟火；泄漏时疏散并报警"
    )  # fmt: skip


def calls(cast: Cast, request: Any) -> Any:
    return cast.call(CARRIER, f"{SERVICE}/{type(request).__name__.removesuffix('Request')}", request)


def refusal(cast: Cast, request: Any) -> frozenset[str] | set[str]:
    with pytest.raises(Refused) as refused:
        calls(cast, request)
    return refused.value.reasons


def gate(cast: Cast, waybill_id: str) -> list[tuple[str, str]]:
    """What a departure now would be warned of for want of preparation."""
    answer: Any = cast.call(
        CARRIER, "DepartWaybill", waybill.DepartWaybillRequest(waybill_id=waybill_id, validate_only=True)
    )
    names = {"没有": "MISSING", "不合": "FAILED", "缺少": "INCOMPLETE"}
    return [
        (each.rule, next(name for word, name in names.items() if word in each.message_zh))
        for each in answer.warnings if each.rule.startswith("PREP")
    ]  # fmt: skip
