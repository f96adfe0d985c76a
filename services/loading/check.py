"""Before anything is filled: the appointment, the list of what to check, and the check itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from hazway.loading.v1 import loading_pb2 as pb
from services import traceability, waybill
from services.errors import Finding, Refusal, refuse
from services.errors.common import missing
from services.errors.loading import LOADING_ID_TAKEN
from services.loading import store
from services.loading.bay import (
    Bay,
    judged_as_plain,
    own_people,
    result_to_wire,
    seen_now,
    standing,
    state_to_wire,
    statuses,
)
from services.loading.lifecycle import Event, check_event, moved
from services.loading.model import Appointment, Check, FillPermit, Loading, Result
from services.loading.permit import check_densities, permit_for
from services.loading.rules import Judged, check_form, judge, outcome_of
from services.runtime.call import Call
from services.runtime.plain import to_plain
from services.runtime.refusals import warnings_to_wire
from services.runtime.wire import from_wire, moment, to_wire
from services.traceability import Registered
from services.waybill.model import State as WaybillState
from services.waybill.rules import check_not_before


def create_appointment(call: Call, request: Any) -> pb.CreateAppointmentResponse:
    """The pre-check of the night before: what the registry says now is kept, nothing is decided."""
    bay = standing(call, request.waybill_id)
    read = from_wire(Appointment, request.appointment, "appointment")
    refuse((*read.findings, *bay.guards(), *check_event(bay.loading.state, Event.APPOINT)))
    response = pb.CreateAppointmentResponse(checklist=_checklist(bay))
    if request.validate_only:
        return response
    registered = traceability.record(call, request, decision=bay.decision())
    state = moved(bay.loading.state, Event.APPOINT)
    bay.keep(replace(bay.loading, state=state, appointment=read.value, seen=seen_now(bay.says)))
    response.checklist.state = state_to_wire(state)
    response.registered.CopyFrom(registered.to_wire())
    return response


def get_checklist(call: Call, request: Any) -> pb.Checklist:
    return _checklist(standing(call, request.waybill_id, lock=False), only_changed=request.only_changed)


def _checklist(bay: Bay, *, only_changed: bool = False) -> pb.Checklist:
    items = statuses(bay.says, bay.loading.seen)
    return pb.Checklist(
        waybill_id=bay.waybill.id,
        state=state_to_wire(bay.loading.state),
        items=(item for item in items if not only_changed or (item.changed and item.applies)),
        revision=bay.waybill.revision,
    )


def submit_check(call: Call, request: Any) -> pb.SubmitCheckResponse:
    """A FAIL is kept as one and undoes what was permitted or cleared; only what cannot be judged is refused."""
    bay = standing(call, request.check.waybill_id)
    check, at, versions, findings = _read(bay, request)
    judged = judge(check, bay.trip, bay.says)
    outcome = outcome_of(judged)
    event = Event.FAIL if outcome is Result.FAIL else Event.PASS
    findings = (*findings, *bay.guards(), *check_event(bay.loading.state, event), *_unsettled(bay, check, outcome))
    refuse(findings)
    permit = permit_for(check, bay.trip, call.now) if outcome is Result.PASS else None
    response = _answer(bay, judged, outcome, permit, findings)
    if request.validate_only:
        return response
    decision = bay.decision(people=dict(versions), **_decided(judged, outcome, permit))
    registered = traceability.record(call, request, decision=decision)
    _keep(bay, check, judged, outcome, permit, at, registered)
    response.registered.CopyFrom(registered.to_wire())
    return response


def _read(bay: Bay, request: Any) -> tuple[Check, datetime, dict[str, str], tuple[Finding, ...]]:
    """The check, and everything it lacks. What cannot be read is refused before anything is judged."""
    read = from_wire(Check, request.check, "check")
    at, late = moment(request.check, "checked_at", bay.call.now)
    check: Check = read.value
    absent = [missing(f"check.{name}") for name in ("id", "items", "fills") if not getattr(check, name)]
    if read.findings or absent:
        refuse((*read.findings, *absent, *late, *bay.guards()))
    people, versions = own_people(bay.call, set(_people(check)))
    early = check_not_before("check.checked_at", at, bay.waybill.issued_at)
    return check, at, dict(versions), (*late, *early, *check_form(check, bay.says, people))


def _people(check: Check) -> Iterator[str]:
    for item in check.items:
        yield item.checked_by_id
        if item.objection is not None:
            yield from (item.objection.second_person_id, item.objection.approver_id)


def _unsettled(bay: Bay, check: Check, outcome: Result) -> Iterator[Finding]:
    """What a permit needs and a FAIL does not."""
    if outcome is Result.PASS:
        yield from bay.settled()
        yield from check_densities(check.fills, bay.trip)


def _answer(
    bay: Bay,
    judged: tuple[Judged, ...],
    outcome: Result,
    permit: FillPermit | None,
    findings: tuple[Finding, ...],
) -> pb.SubmitCheckResponse:
    response = pb.SubmitCheckResponse(
        outcome=result_to_wire(outcome),
        items=statuses(bay.says, bay.loading.seen, judged),
        may_leave_empty=outcome is Result.FAIL,
        warnings=warnings_to_wire(findings),
    )
    if permit is not None:
        to_wire(permit, response.permit)
    return response


def _decided(judged: tuple[Judged, ...], outcome: Result, permit: FillPermit | None) -> dict[str, Any]:
    """What the registration says came of the check; the fill permit is part of it, so that nobody can deny it."""
    return {
        "outcome": outcome.name,
        "failed": [each.code.name for each in judged if each.result is Result.FAIL],
        "contested": [each.code.name for each in judged if each.contested],
        "fill_permit": to_plain(permit),
    }


def _keep(
    bay: Bay,
    check: Check,
    judged: tuple[Judged, ...],
    outcome: Result,
    permit: FillPermit | None,
    at: datetime,
    registered: Registered,
) -> None:
    fresh = store.insert_check(
        bay.call.transaction, check, revision=bay.waybill.revision, outcome=outcome, judged=judged_as_plain(judged), at=at,
        registered=registered.digest,
    )  # fmt: skip
    if not fresh:
        raise Refusal((Finding(reason=LOADING_ID_TAKEN, path="check.id", values={"id": check.id}),))
    if outcome is Result.FAIL:
        _undo(bay, judged)
    event = Event.FAIL if outcome is Result.FAIL else Event.PASS
    bay.keep(
        Loading(
            waybill_id=bay.waybill.id,
            revision=bay.waybill.revision,
            state=moved(bay.loading.state, event),
            appointment=bay.loading.appointment,
            check_id=check.id,
            seen=seen_now(bay.says, judged),
            permit=permit,
        )
    )


def _undo(bay: Bay, judged: tuple[Judged, ...]) -> None:
    """A refused load never leaves as loaded: record and clearance are void in the transaction of the FAIL."""
    connection, now = bay.call.transaction, bay.call.now
    failed = "、".join(each.code.name for each in judged if each.result is Result.FAIL)
    reason = f"check failed 查验不合格: {failed}"
    store.void_record(connection, bay.waybill.id, reason, now)
    if bay.waybill.state is WaybillState.LOADED:
        waybill.void_clearance(connection, bay.waybill.id, reason=reason, at=now, catalogue=bay.catalogue)
