"""While it is filled: the permit, the weighbridge, the check of closures, seals and marks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hazway.loading.v1 import loading_pb2 as pb
from services import traceability
from services.errors import Finding, Refusal, Severity, refuse
from services.errors.common import missing
from services.errors.loading import FILL_PERMIT_STALE, LOADING_NOT_PERMITTED
from services.loading.bases import RULES
from services.loading.bay import Bay, own_people, result_to_wire, standing, state_to_wire, statuses
from services.loading.lifecycle import Event, check_event, moved
from services.loading.model import FillPermit, Loading, PostFill, Result, State, Weights
from services.loading.rules import SHA256, digest_invalid, person_unknown
from services.loading.weighing import (
    check_post_fill,
    check_unexpired,
    check_weights,
    is_weighed,
    most_g,
    overfilled,
    post_fill_asked,
)
from services.runtime.call import Call
from services.runtime.refusals import warnings_to_wire
from services.runtime.wire import from_wire, moment, to_wire
from services.waybill.rules import check_not_before


def get_fill_permit(call: Call, request: Any) -> pb.FillPermit:
    bay = standing(call, request.waybill_id, lock=False)
    return to_wire(permit_of(bay), pb.FillPermit())  # type: ignore[no-any-return]


def permit_of(bay: Bay) -> FillPermit:
    """The permit that stands. Raises a refusal that says why there is none."""
    if bay.loading.permit is not None:
        return bay.loading.permit
    reason = FILL_PERMIT_STALE if bay.stale else LOADING_NOT_PERMITTED
    values = {"state": bay.loading.state.value, "event": "FILL", "revision": str(bay.waybill.revision)}
    raise Refusal((Finding(reason=reason, path="waybill_id", rule="LC", basis=RULES["LC"], values=values),))


def record_weights(call: Call, request: Any) -> pb.RecordWeightsResponse:
    """A ticket above the permit is kept as evidence, and the lorry stays unfilled for us until it is weighed again."""
    bay = standing(call, request.waybill_id)
    refuse(bay.guards())
    permit = permit_of(bay)
    read = from_wire(Weights, request.weights, "weights")
    at, late = moment(request.weights, "weighed_at", call.now)
    weights: Weights = replace(read.value, weighed_at=at)
    over = overfilled(weights.net_g, most_g(permit, bay.trip), severity=Severity.WARNING)
    event = Event.WEIGH if not weights.gross_g else Event.OVERFILL if over else Event.FILL
    findings = (
        *read.findings,
        *late,
        *(() if weights.scale else (missing("weights.scale"),)),
        *check_event(bay.loading.state, event),
        *check_weights(weights, permit, at),
        *check_not_before("weights.weighed_at", at, permit.issued_at),
        *over,
    )
    refuse(findings)
    changed = replace(bay.loading, state=moved(bay.loading.state, event), weights=weights)
    if over:
        changed = replace(changed, post_fill=None)  # what is pumped back opens the closures again
    response = pb.RecordWeightsResponse(
        state=state_to_wire(changed.state),
        net_g=weights.net_g,
        overfilled=bool(over),
        warnings=warnings_to_wire(findings),
    )
    if not request.validate_only:
        decision = {"permit": permit.id, "net_g": weights.net_g, "overfilled": bool(over)}
        registered = traceability.record(call, request, decision=bay.decision(**decision))
        bay.keep(changed)
        response.registered.CopyFrom(registered.to_wire())
    return response


def record_post_fill(call: Call, request: Any) -> pb.RecordPostFillResponse:
    """LC-08. Goods that are not weighed are filled with this; the others were with their gross weight."""
    bay = standing(call, request.waybill_id)
    refuse(bay.guards())
    permit = permit_of(bay)
    read = from_wire(PostFill, request.post_fill, "post_fill")
    at, late = moment(request.post_fill, "checked_at", call.now)
    post_fill: PostFill = replace(read.value, checked_at=at)
    unweighed = bay.loading.state is State.PERMITTED and not is_weighed(bay.trip)
    event = Event.FILL if unweighed else Event.POST_FILL
    findings = (
        *read.findings,
        *late,
        *check_event(bay.loading.state, event),
        *(() if read.findings else check_post_fill(post_fill, post_fill_asked(bay.trip))),
        *_answered(call, post_fill),
        *(check_unexpired(permit, "post_fill", at) if unweighed else ()),
        *check_not_before("post_fill.checked_at", at, permit.issued_at),
    )
    refuse(findings)
    changed = replace(bay.loading, state=moved(bay.loading.state, event), post_fill=post_fill)
    outcome = Result.PASS if post_fill.passed else Result.FAIL
    response = pb.RecordPostFillResponse(outcome=result_to_wire(outcome), state=state_to_wire(changed.state))
    if not request.validate_only:
        registered = traceability.record(call, request, decision=bay.decision(outcome=outcome.name))
        bay.keep(changed)
        response.registered.CopyFrom(registered.to_wire())
    return response


def _answered(call: Call, post_fill: PostFill) -> Iterator[Finding]:
    """Who checked, with readable evidence; and seals that have numbers."""
    people, _ = own_people(call, {item.checked_by_id for item in post_fill.items})
    for index, item in enumerate(post_fill.items):
        path = f"post_fill.items[{index}]"
        if not item.checked_by_id:
            yield missing(f"{path}.checked_by_id")
        elif item.checked_by_id not in people:
            yield person_unknown(f"{path}.checked_by_id", item.checked_by_id)
        if any(not SHA256.fullmatch(each) for each in item.photo_sha256):
            yield digest_invalid(f"{path}.photo_sha256")
    for index, seal in enumerate(post_fill.seals):
        if not seal.number.strip():
            yield missing(f"post_fill.seals[{index}].number")


def get_loading(call: Call, request: Any) -> pb.Loading:
    bay = standing(call, request.waybill_id, lock=False)
    return loading_to_wire(bay, bay.loading)


def loading_to_wire(bay: Bay, loading: Loading) -> pb.Loading:
    message = pb.Loading(
        waybill_id=loading.waybill_id,
        state=state_to_wire(loading.state),
        revision=loading.revision,
        check_id=loading.check_id,
        items=statuses(bay.says, loading.seen),
    )
    for name in ("appointment", "permit", "weights", "post_fill", "record"):
        if (value := getattr(loading, name)) is not None:
            to_wire(value, getattr(message, name))
    return message
