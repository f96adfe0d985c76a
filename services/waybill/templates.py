"""A carrier's templates, and the waybills made of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from hazway import ids
from hazway.waybill.v1 import template_pb2 as pb
from hazway.waybill.v1 import waybill_pb2
from services.errors import Finding, Findings, Refusal, refuse
from services.errors.common import FIELD_MISSING, NOT_FOUND, invalid
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.wire import is_output, text_of, time_of
from services.waybill import templates_store
from services.waybill.templates_store import Template
from services.waybill.wire import waybill_from_wire

MOST = 200
MOST_BYTES = 256 * 1024
# What every waybill has of its own.
_NOT_KEPT = ("id", "consignment_list_ids", "issued_offline_at", "external_refs")


def put_template(call: Call, request: Any) -> pb.Template:
    """The caller's own, new or changed; it must be readable, not complete."""
    call.allow([Relation.OWN], subject=f"organisation/{call.caller.organisation}")
    stated = request.template
    waybill = _bare(stated.waybill)
    refuse((*_faults(stated, waybill), *_room(call, stated.id)))
    template = Template(
        organisation_id=call.caller.organisation, id=stated.id, name=stated.name, body=waybill.SerializeToString(),
        changed_at=call.now,
    )  # fmt: skip
    templates_store.put(call.transaction, template)
    return _shown(template)


def get_template(call: Call, request: Any) -> pb.Template:
    """The caller's own. Raises a refusal NOT_FOUND."""
    return _shown(_own(call, request.template_id))


def list_templates(call: Call, _request: Any) -> pb.ListTemplatesResponse:
    """The caller's own, without their routes."""
    call.allow([Relation.OWN], subject=f"organisation/{call.caller.organisation}")
    shown = [_shown(each) for each in templates_store.templates_of(call.transaction, call.caller.organisation)]
    for each in shown:
        each.waybill.ClearField("route")
    return pb.ListTemplatesResponse(templates=shown)


def delete_template(call: Call, request: Any) -> pb.DeleteTemplateResponse:
    """Waybills made of it stay."""
    template = _own(call, request.template_id)
    templates_store.delete(call.transaction, template.organisation_id, template.id)
    return pb.DeleteTemplateResponse()


def preview_from_template(call: Call, request: Any) -> pb.PreviewFromTemplateResponse:
    """A waybill as the template has it, moved to another departure; nothing is kept."""
    departure, faults = time_of(request.planned_departure, "planned_departure")
    template = _own(call, request.template_id, faults)
    waybill = waybill_pb2.Waybill.FromString(template.body)
    if departure is not None:
        if waybill.HasField("planned_departure"):
            _move(waybill, departure - waybill.planned_departure.ToDatetime(departure.tzinfo))
        waybill.planned_departure.FromDatetime(departure)
    waybill.id = ids.new_id()
    return pb.PreviewFromTemplateResponse(waybill=waybill)


def _own(call: Call, template_id: str, faults: Findings = ()) -> Template:
    """Raises a refusal NOT_FOUND; another organisation's template looks the same as none."""
    call.allow([Relation.OWN], subject=f"organisation/{call.caller.organisation}")
    refuse((*text_of(template_id, "template_id", required=True), *faults))
    template = templates_store.find(call.transaction, call.caller.organisation, template_id)
    if template is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="template_id"),))
    return template


def _bare(message: waybill_pb2.Waybill) -> waybill_pb2.Waybill:
    """What a template keeps of a waybill: nothing the server writes, nothing each waybill has of its own."""
    bare = waybill_pb2.Waybill()
    bare.CopyFrom(message)
    name: Any
    for name in _NOT_KEPT:
        bare.ClearField(name)
    _without_output(bare)
    return bare


def _without_output(message: Any) -> None:
    for field, value in message.ListFields():
        if is_output(field):
            message.ClearField(field.name)
        elif field.message_type is not None:
            for part in value if field.is_repeated else (value,):
                _without_output(part)


def _faults(stated: pb.Template, waybill: waybill_pb2.Waybill) -> Iterator[Finding]:
    """A template need not be complete; what it does say must be readable."""
    yield from text_of(stated.id, "template.id", required=True)
    yield from text_of(stated.name, "template.name", required=True)
    read = waybill_from_wire(waybill, "template.waybill")
    yield from (finding for finding in read.findings if finding.reason is not FIELD_MISSING)
    if waybill.ByteSize() > MOST_BYTES:
        yield invalid("template.waybill", f"more than {MOST_BYTES} bytes 模板过大")


def _room(call: Call, template_id: str) -> Iterator[Finding]:
    if not text_of(template_id, "id") and (
        templates_store.count_others(call.transaction, call.caller.organisation, template_id) >= MOST
    ):
        yield invalid("template.id", f"more than {MOST} templates 模板过多")


def _move(waybill: waybill_pb2.Waybill, by: timedelta) -> None:
    """Loading, arrivals and seats as long before or after the departure as they were."""
    times: list[tuple[Any, str]] = [(waybill, name) for name in ("planned_loading", "planned_arrival", "dispatched_at")]
    times += [(stop, "planned_arrival") for stop in waybill.stops]
    times += [(each, name) for each in waybill.assignments for name in ("from_at", "to_at")]
    for message, name in times:
        if message.HasField(name):
            _shift(getattr(message, name), by)


def _shift(at: Timestamp, by: timedelta) -> None:
    at.FromDatetime(at.ToDatetime() + by)


def _shown(template: Template) -> pb.Template:
    message = pb.Template(id=template.id, name=template.name)
    message.waybill.ParseFromString(template.body)
    message.changed_at.FromDatetime(template.changed_at)
    return message
