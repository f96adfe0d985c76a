"""Every field of every request with what it should never hold, over the wire: never an internal error."""

from __future__ import annotations

import random
from typing import Any

import pytest

from hazway.errors import VerificationError
from hazway.loading.v1 import loading_pb2 as pb
from hazway.refusals import Refused
from services.loading.service import SERVICE
from tests.integration.loading.depot import CHECKER, PHOTO, SECOND, Depot
from tests.spoilt import spoilt

STAGES = ("NEW", "PERMITTED", "FILLED", "RECORDED")


def good(depot: Depot, method: str, check: pb.Check) -> Any:
    """A request that says everything, so that the fuzz reaches every field."""
    waybill_id = depot.waybill.id
    weights = pb.Weights(tare_g=16_000_000, gross_g=44_000_000, scale="S", ticket="T")
    item = pb.PostFillItem(code=pb.POST_FILL_CODE_MARKS, result=pb.RESULT_PASS, checked_by_id=CHECKER)
    requests: dict[str, Any] = {
        "CreateAppointment": pb.CreateAppointmentRequest(waybill_id=waybill_id, appointment=pb.Appointment(bay="1")),
        "GetChecklist": pb.GetChecklistRequest(waybill_id=waybill_id),
        "SubmitCheck": pb.SubmitCheckRequest(check=check),
        "GetFillPermit": pb.GetFillPermitRequest(waybill_id=waybill_id),
        "RecordWeights": pb.RecordWeightsRequest(waybill_id=waybill_id, weights=weights),
        "RecordPostFill": pb.RecordPostFillRequest(
            waybill_id=waybill_id, post_fill=pb.PostFill(items=[item], seals=[pb.Seal(number="1", compartment=1)])
        ),
        "RecordLoading": pb.RecordLoadingRequest(record=depot.a_record()),
        "GetLoading": pb.GetLoadingRequest(waybill_id=waybill_id),
    }
    if method == "CreateAppointment":
        requests[method].appointment.planned_at.FromDatetime(depot.cast.world.clock.now())
    return requests[method]


def reach(depot: Depot, stage: str) -> pb.Check:
    check = depot.a_check()
    check.id = "another"
    check.items[2].objection.CopyFrom(
        pb.Objection(document_sha256=PHOTO, second_person_id=SECOND, approver_id="approver", explanation="-")
    )
    if stage != "NEW":
        depot.submit()
    if stage in ("FILLED", "RECORDED"):
        depot.weigh()
        depot.seal()
    if stage == "RECORDED":
        depot.record()
    return check


@pytest.mark.parametrize("stage", STAGES)
def test_no_field_of_a_request_brings_an_internal_error(depot: Depot, stage: str) -> None:
    check = reach(depot, stage)
    chance = random.Random(stage)
    for method in SERVICE.unary:
        cases = list(spoilt(good(depot, method, check), depth=4))
        for request in chance.sample(cases, min(len(cases), 120)):
            attempt(depot, method, request)


def attempt(depot: Depot, method: str, request: Any) -> None:
    if "validate_only" in request.DESCRIPTOR.fields_by_name:
        request.validate_only = True  # rolled back, so that every case meets the same loading
        request.statement = b"\x00"
    assert not outcome(depot, method, request) & {"INTERNAL", "BUSY", "NO_DETAILS"}, (method, request)


def outcome(depot: Depot, method: str, request: Any) -> frozenset[str]:
    """The reasons of the refusal, none where it was answered or the client itself cannot state it."""
    try:
        depot.call(method, request, patience_s=0.0)
    except Refused as refusal:
        return refusal.reasons or frozenset({"NO_DETAILS"})
    except VerificationError:
        pass
    return frozenset()


@pytest.mark.parametrize("stage", ["NEW", "FILLED"])
def test_nothing_that_is_stated_for_good_brings_an_internal_error(depot: Depot, stage: str) -> None:
    check = reach(depot, stage)
    chance = random.Random(stage)
    for method in ("CreateAppointment", "RecordWeights", "RecordPostFill", "RecordLoading", "SubmitCheck"):
        cases = list(spoilt(good(depot, method, check), depth=4))
        for request in chance.sample(cases, min(len(cases), 40)):
            request.validate_only = False
            assert not outcome(depot, method, request) & {"INTERNAL", "BUSY", "NO_DETAILS"}, (method, request)


def test_odd_texts_are_stated_as_they_are(depot: Depot) -> None:
    check = depot.a_check(KEYS_HELD=pb.RESULT_FAIL)
    check.items[0].note = "🚚“〔\u202e\\" * 50
    assert depot.submit(check).outcome == pb.RESULT_FAIL
