"""Supervision requests 督办 on the wire: an authority demands, the carrier answers, both on record."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from hazway.alarms.v1 import alarms_pb2 as pb
from services import traceability
from services.alarms import escalation, store, supervision_store
from services.alarms.model import State
from services.errors import Finding, Refusal, refuse
from services.errors.alarms import ALARM_WITHDRAWN, SUPERVISION_ANSWERED, SUPERVISION_DUE_PAST, SUPERVISION_ID_TAKEN
from services.errors.common import NOT_FOUND, missing
from services.runtime.access import Relation
from services.runtime.call import Call

_MOST = 500


def request_supervision(call: Call, request: pb.RequestSupervisionRequest) -> pb.RequestSupervisionResponse:
    """An authority may demand account for any alarm of its division, also one not yet shown to it."""
    alarm = store.find(call.transaction, request.alarm_id)
    ours = alarm is not None and call.caller.is_authority and store.lies_in(alarm, call.caller.division)
    call.allow([Relation.JURISDICTION] if ours else [], subject=f"alarm/{request.alarm_id}")
    if alarm is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="alarm_id"),))
    refuse(_missing(request, "supervision_id", "demand"))
    due_at = request.due_at.ToDatetime(call.now.tzinfo)
    if due_at <= call.now:
        raise Refusal((Finding(reason=SUPERVISION_DUE_PAST, path="due_at"),))
    if alarm.state == State.WITHDRAWN.name:
        raise Refusal((Finding(reason=ALARM_WITHDRAWN, path="alarm_id"),))
    made = supervision_store.insert(
        call.transaction, supervision_id=request.supervision_id, alarm_id=alarm.id,
        authority_id=call.caller.organisation, demand=request.demand, at=call.now, due_at=due_at,
    )  # fmt: skip
    if not made:
        raise Refusal((Finding(reason=SUPERVISION_ID_TAKEN, path="supervision_id"),))
    escalation.must_be_answered(call.transaction, request.supervision_id, due_at)
    registered = traceability.record(call, request)
    return pb.RequestSupervisionResponse(
        supervision=_found(call, request.supervision_id), registered=registered.to_wire()
    )


def answer_supervision(call: Call, request: pb.AnswerSupervisionRequest) -> pb.AnswerSupervisionResponse:
    """The carrier accounts for the alarm; too late is said, and taken."""
    row = supervision_store.find(call.transaction, request.supervision_id)
    ours = row is not None and row.carrier_id == call.caller.organisation and row.alarm_id == request.alarm_id
    call.allow([Relation.OWN] if ours else [], subject=f"alarm/{request.alarm_id}")
    refuse(_missing(request, "answer"))
    by = call.caller.person or call.caller.organisation
    if not supervision_store.answer(call.transaction, request.supervision_id, said=request.answer, by=by, at=call.now):
        raise Refusal((Finding(reason=SUPERVISION_ANSWERED, path="supervision_id"),))
    escalation.was_answered(call.transaction, request.supervision_id)
    registered = traceability.record(call, request)
    return pb.AnswerSupervisionResponse(
        supervision=_found(call, request.supervision_id), registered=registered.to_wire()
    )


def list_supervisions(call: Call, request: pb.ListSupervisionsRequest) -> pb.ListSupervisionsResponse:
    """A carrier sees what is asked of it, an authority what it has asked."""
    relation = call.allow(
        [Relation.JURISDICTION] if call.caller.is_authority else [Relation.OWN], subject="supervisions"
    )
    filters: dict[str, object] = {
        "carrier_id" if relation is Relation.OWN else "authority_id": call.caller.organisation
    }
    if request.alarm_id:
        filters["alarm_id"] = request.alarm_id
    most = min(request.page_size or 100, _MOST)
    rows = supervision_store.newest(call.transaction, filters, open_only=request.open_only, most=most)
    return pb.ListSupervisionsResponse(supervisions=[_to_wire(row) for row in rows])


def _missing(request: Any, *names: str) -> list[Finding]:
    return [missing(name) for name in names if not getattr(request, name)]


def _found(call: Call, supervision_id: str) -> pb.Supervision:
    row = supervision_store.find(call.transaction, supervision_id)
    if row is None:
        raise LookupError(supervision_id)
    return _to_wire(row)


def _to_wire(row: Row[Any]) -> pb.Supervision:
    told = pb.Supervision(
        id=row.id,
        alarm_id=row.alarm_id,
        authority_id=row.authority_id,
        demand=row.demand,
        answer=row.answer or "",
        answered_by=row.answered_by or "",
        overdue=row.overdue,
    )
    for name in ("requested_at", "due_at", "answered_at"):
        if (at := getattr(row, name)) is not None:
            getattr(told, name).FromDatetime(at)
    return told
