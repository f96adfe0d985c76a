"""Checks and briefings before a trip, on the wire."""

from __future__ import annotations

from typing import Any

from hazway.waybill.v1 import preparation_pb2 as pb
from services import traceability
from services.errors import Findings, refuse
from services.errors.common import invalid
from services.runtime.call import Call
from services.runtime.refusals import warnings_to_wire
from services.runtime.wire import from_wire, moment, text_of, to_wire
from services.traceability import Registered
from services.waybill.acts import standing
from services.waybill.preparation import store
from services.waybill.preparation.rules import CheckedItem, Preparation, PreparationKind, check_preparation
from services.waybill.reads import readable

_CHECKS = {
    pb.PREPARATION_KIND_TRIP_CHECK: PreparationKind.TRIP_CHECK,
    pb.PREPARATION_KIND_OUTER_CHECK: PreparationKind.OUTER_CHECK,
}
_MOST_ITEMS = 50


def record_trip_check(call: Call, request: Any) -> pb.RecordTripCheckResponse:
    """An outer check is the word of the driver or escort who made it, where a person is on the line."""
    waybill = standing(call, request.waybill_id).waybill
    at, faults = moment(request, "checked_at", call.now)
    kind = _CHECKS.get(request.kind, PreparationKind.TRIP_CHECK)
    read = [from_wire(CheckedItem, each, f"items[{index}]") for index, each in enumerate(request.items[:_MOST_ITEMS])]
    items = tuple(each.value for each in read)
    made = Preparation(
        kind=kind, person_id=request.person_id, done_at=at, items=items, passed=all(each.passed for each in items)
    )  # fmt: skip
    refuse((
        *faults,
        *(() if request.kind in _CHECKS else (invalid("kind", "neither check 不是检查"),)),
        *(() if len(request.items) <= _MOST_ITEMS else (invalid("items", f"more than {_MOST_ITEMS} 过多"),)),
        *_person(call, request, kind),
        *(finding for each in read for finding in each.findings),
        *check_preparation(waybill, made),
    ))  # fmt: skip
    registered = _kept(call, request, made)
    return pb.RecordTripCheckResponse(preparation=_shown(made), registered=registered.to_wire())


def record_briefing(call: Call, request: Any) -> pb.RecordBriefingResponse:
    """Who told whom of what (Order 2019 No. 29, Art. 25); late or incomplete ones are refused."""
    waybill = standing(call, request.waybill_id).waybill
    at, faults = moment(request, "briefed_at", call.now)
    made = Preparation(
        kind=PreparationKind.BRIEFING, person_id=request.person_id, done_at=at,
        attendee_ids=tuple(dict.fromkeys(request.attendee_ids)), content=request.content,
    )  # fmt: skip
    findings = (
        *faults,
        *_person(call, request, made.kind),
        *text_of(request.content, "content", required=True),
        *check_preparation(waybill, made),
    )
    refuse(findings)
    registered = _kept(call, request, made)
    warnings = warnings_to_wire(findings)
    return pb.RecordBriefingResponse(preparation=_shown(made), registered=registered.to_wire(), warnings=warnings)


def list_preparations(call: Call, request: Any) -> pb.ListPreparationsResponse:
    """Checks and briefings of a waybill."""
    waybill = readable(call, request.waybill_id).waybill
    made = store.preparations_of(call.transaction, waybill.id)
    return pb.ListPreparationsResponse(preparations=map(_shown, made))


def _person(call: Call, request: Any, kind: PreparationKind) -> Findings:
    """Nobody's check is made by another person than who is on the line."""
    other = kind is PreparationKind.OUTER_CHECK and call.caller.person not in ("", request.person_id)
    return text_of(request.person_id, "person_id", required=True) or (
        (invalid("person_id", "not the person who signs 不是签署人"),) if other else ()
    )  # fmt: skip


def _kept(call: Call, request: Any, made: Preparation) -> Registered:
    registered = traceability.record(call, request)
    store.insert(call.transaction, request.waybill_id, made, registered.digest)
    return registered


def _shown(made: Preparation) -> pb.Preparation:
    message: pb.Preparation = to_wire(made, pb.Preparation())
    return message
