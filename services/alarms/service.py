"""The alarm desk on the wire."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Engine, Row

from hazway.alarms.v1 import alarms_pb2 as pb
from services import traceability
from services.alarms import counting, escalation, store, supervision
from services.alarms.model import HandlingReason, Severity
from services.alarms.waking import Wakes, woken
from services.errors import Finding, Refusal, refuse
from services.errors.alarms import ALARM_CLOSED, RESUME_TOKEN_INVALID
from services.errors.common import NOT_FOUND, PAGE_TOKEN_INVALID, missing
from services.runtime.access import Relation
from services.runtime.bus import Bus
from services.runtime.call import Call
from services.runtime.service import Service, StreamCall
from services.runtime.together import Together

_MOST = 500
_SHARED_S = 1.0  # a look is good for all who ask within
_SIGN_OF_LIFE_S = 15
_WAKES = Wakes()  # of this process: it listens only while somebody watches
_LOOKS: Together[tuple[pb.WatchAlarmsResponse, int]] = Together()


def list_alarms(call: Call, request: pb.ListAlarmsRequest) -> pb.ListAlarmsResponse:
    """Of those the caller may see, the latest change first."""
    filters = _visible(call)
    if request.vehicle_id:
        filters["vehicle_id"] = request.vehicle_id
    if request.waybill_id:
        filters["waybill_id"] = request.waybill_id
    if request.kind:
        filters["kind"] = pb.AlarmKind.Name(request.kind).removeprefix("ALARM_KIND_")
    if request.state:
        filters["state"] = pb.AlarmState.Name(request.state).removeprefix("ALARM_STATE_")
    most = min(request.page_size or 100, _MOST)
    before = _number(request.page_token, PAGE_TOKEN_INVALID, "page_token") if request.page_token else None
    rows = store.newest(call.transaction, filters, before=before, most=most)
    token = _token(rows[-1].change) if len(rows) == most else ""
    return pb.ListAlarmsResponse(alarms=[_to_wire(row) for row in rows], next_page_token=token)


def handle_alarm(call: Call, request: pb.HandleAlarmRequest) -> pb.HandleAlarmResponse:
    """Close an open alarm with a finding. Raises a refusal ALARM_CLOSED where another was quicker."""
    row = store.find(call.transaction, request.alarm_id)
    call.allow(_relations(call, row), subject=f"alarm/{request.alarm_id}")
    if row is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="alarm_id"),))
    if not request.reason:
        refuse([missing("reason", field="reason 处置结论")])
    reason = HandlingReason[pb.HandlingReason.Name(request.reason).removeprefix("HANDLING_REASON_")]
    by = call.caller.person or call.caller.organisation
    if not store.handle(call.transaction, row.id, reason=reason, note=request.note, by=by, at=call.now):
        raise Refusal((Finding(reason=ALARM_CLOSED, path="alarm_id"),))
    escalation.was_handled(call.transaction, row.id)
    registered = traceability.record(call, request)
    handled = store.find(call.transaction, row.id)
    return pb.HandleAlarmResponse(alarm=_to_wire(handled or row), registered=registered.to_wire())


async def watch_alarms(
    call: StreamCall, requests: AsyncIterator[pb.WatchAlarmsRequest]
) -> AsyncIterator[pb.WatchAlarmsResponse]:
    """Every change in order from the token on; a watcher that reads slowly is simply further behind, at no cost here, and those
    of one caller who are equally far look together."""
    request = await anext(requests)
    after, visible, engine, bus = await call.run(partial(_start, resume_token=request.resume_token))
    yield pb.WatchAlarmsResponse(resume_token=_token(after))
    quiet_since = time.monotonic()
    with _WAKES.watching(engine, bus, after, visible) as watcher:
        while call.is_active():
            watcher.event.clear()
            response, after = await _LOOKS.do(
                (engine, call.organisation, call.person, after, watcher.known),
                partial(call.run, partial(_look, after=after)),
                fresh_s=_SHARED_S,
            )
            if response.alarms or time.monotonic() - quiet_since >= _SIGN_OF_LIFE_S:
                quiet_since = time.monotonic()
                yield response
            if not response.alarms:
                await woken(watcher.event, _SIGN_OF_LIFE_S)


def list_alarm_groups(call: Call, request: pb.ListAlarmGroupsRequest) -> pb.ListAlarmGroupsResponse:
    """One row for each trip (else vehicle), kind and cause, so that one matter is one line on a desk."""
    filters = _visible(call)
    filters |= {name: value for name in ("vehicle_id", "waybill_id") if (value := getattr(request, name))}
    most = min(request.page_size or 100, _MOST)
    rows = counting.groups(call.transaction, filters, open_only=request.open_only, most=most)
    return pb.ListAlarmGroupsResponse(groups=[_group(row) for row in rows])


def get_alarm_figures(call: Call, request: pb.GetAlarmFiguresRequest) -> pb.GetAlarmFiguresResponse:
    """What the alarms of a span turned out to be, kind by kind, those not shown to an authority counted too."""
    filters = {name: value for name, value in _visible(call).items() if name != "shown"}  # counted are all
    refuse([missing(name) for name in ("start", "end") if not request.HasField(name)])
    since, until = (value.ToDatetime(call.now.tzinfo) for value in (request.start, request.end))
    rows = counting.by_outcome(call.transaction, filters, since, until)
    names = ("raised", "handled", "withdrawn", "found_true", "device_fault", "map_wrong", "exempt")
    return pb.GetAlarmFiguresResponse(
        figures=[
            pb.AlarmFigure(
                kind=pb.AlarmKind.Value(f"ALARM_KIND_{row.kind}"), **{name: getattr(row, name) for name in names}
            )
            for row in rows
        ]
    )


SERVICE = Service(
    name="hazway.alarms.v1.AlarmService",
    unary={
        "ListAlarms": list_alarms,
        "HandleAlarm": handle_alarm,
        "ListAlarmGroups": list_alarm_groups,
        "GetAlarmFigures": get_alarm_figures,
        "RequestSupervision": supervision.request_supervision,
        "AnswerSupervision": supervision.answer_supervision,
        "ListSupervisions": supervision.list_supervisions,
    },
    streams={"WatchAlarms": watch_alarms},
)


def _start(call: Call, resume_token: str) -> tuple[int, dict[str, object], Engine, Bus]:
    visible, last = _visible(call), store.last_change(call.transaction)
    after = last
    if resume_token:
        after = 0 if resume_token == "0" else _number(resume_token, RESUME_TOKEN_INVALID, "resume_token")  # noqa: S105
    if after > last:  # of a database that has been set back since: what changes next would be missed
        raise Refusal((Finding(reason=RESUME_TOKEN_INVALID, path="resume_token"),))
    return after, visible, call.transaction.engine, call.bus


def _look(call: Call, after: int) -> tuple[pb.WatchAlarmsResponse, int]:
    last = store.last_change(call.transaction)
    rows = list(store.changed_since(call.transaction, _visible(call, again=True), after=after, most=_MOST))
    after = rows[-1].change if len(rows) == _MOST else max(last, rows[-1].change if rows else after)
    return pb.WatchAlarmsResponse(alarms=[_to_wire(row) for row in rows], resume_token=_token(after)), after


def _visible(call: Call, *, again: bool = False) -> dict[str, object]:
    """The columns that bound what the caller may see: a carrier its own, an authority its division."""
    relation = call.allow(
        [Relation.JURISDICTION] if call.caller.is_authority else [Relation.OWN], subject="alarms", again=again
    )
    if relation is Relation.OWN:
        return {"carrier_id": call.caller.organisation}
    return {"division": store.prefix_of(call.caller.division), "shown": True}


def _relations(call: Call, row: Row[Any] | None) -> list[Relation]:
    if row is None:
        return []
    relations = [Relation.OWN] * (row.carrier_id == call.caller.organisation)
    is_shown = row.severity == Severity.GRAVE.name or row.escalated_at is not None
    if call.caller.is_authority and is_shown and store.lies_in(row, call.caller.division):
        relations.append(Relation.JURISDICTION)
    return relations


def _group(row: Row[Any]) -> pb.AlarmGroup:
    group = pb.AlarmGroup(
        vehicle_id=row.vehicle_id,
        waybill_id=row.waybill_id,
        kind=pb.AlarmKind.Value(f"ALARM_KIND_{row.kind}"),
        cause=row.cause,
        severity=pb.SEVERITY_GRAVE if row.grave else pb.SEVERITY_ORDINARY,
        alarms=row.alarms,
        open=row.open,
        alarm_id=row.alarm_id,
    )
    group.first_occurred_at.FromDatetime(row.first_occurred_at)
    group.last_occurred_at.FromDatetime(row.last_occurred_at)
    return group


def _token(change: int) -> str:
    return base64.urlsafe_b64encode(f"a{change}".encode()).decode()


def _number(token: str, reason: Any, path: str) -> int:
    try:
        number = int(base64.urlsafe_b64decode(token.encode()).decode()[1:])
        if token != _token(number) or not 0 <= number < 1 << 62:
            raise ValueError(token)
        return number
    except (ValueError, IndexError, UnicodeError):
        raise Refusal((Finding(reason=reason, path=path),)) from None


def _to_wire(row: Row[Any]) -> pb.Alarm:
    evidence: Mapping[str, str] = row.evidence
    alarm = pb.Alarm(
        id=row.id,
        kind=pb.AlarmKind.Value(f"ALARM_KIND_{row.kind}"),
        severity=pb.Severity.Value(f"SEVERITY_{row.severity}"),
        state=pb.AlarmState.Value(f"ALARM_STATE_{row.state}"),
        vehicle_id=row.vehicle_id,
        carrier_id=row.carrier_id,
        waybill_id=row.waybill_id,
        zone_id=row.zone_id,
        evidence=evidence,
        revision=row.revision,
        text_zh=row.text_zh,
        text_en=row.text_en,
        handling_note=row.handling_note or "",
        handled_by=row.handled_by or "",
        cause=row.cause,
    )
    if row.handling_reason:
        alarm.handling_reason = pb.HandlingReason.Value(f"HANDLING_REASON_{row.handling_reason}")
    if row.latitude_e7 is not None:
        alarm.position.latitude_e7, alarm.position.longitude_e7 = row.latitude_e7, row.longitude_e7
    for name in ("occurred_at", "ended_at", "raised_at", "handled_at", "escalated_at"):
        if (at := getattr(row, name)) is not None:
            getattr(alarm, name).FromDatetime(at)
    return alarm
