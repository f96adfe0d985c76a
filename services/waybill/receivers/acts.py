"""An organisation's receivers, what they were told and what waits for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hazway.waybill.v1 import fleet_pb2 as pb
from services.errors import Finding, Refusal, refuse
from services.errors.common import NOT_FOUND, invalid, missing
from services.runtime.access import Relation
from services.runtime.call import Call
from services.runtime.paging import next_page_token, page_of
from services.runtime.wire import text_of, time_of
from services.waybill.receivers import store
from services.waybill.receivers.changes import EVENTS
from services.waybill.receivers.sending import check_url
from services.waybill.receivers.store import PROVINCE, WEBHOOK, Delivery, Receiver
from services.waybill.receivers.telling import sealer_of

MOST_RECEIVERS = 20
_MOST_REPLAYED = 1_000
_SECRET = re.compile(r"[\x21-\x7e]{16,200}")
_PROVINCE = re.compile(r"[1-9]\d")
_KINDS = {pb.RECEIVER_KIND_WEBHOOK: WEBHOOK, pb.RECEIVER_KIND_PROVINCE: PROVINCE}
_STATES = {
    pb.DELIVERY_STATE_WAITING: store.WAITING,
    pb.DELIVERY_STATE_ACCEPTED: store.ACCEPTED,
    pb.DELIVERY_STATE_REFUSED: store.REFUSED,
}


def put_receiver(call: Call, request: Any) -> pb.PutReceiverResponse:
    """At most ``MOST_RECEIVERS`` for one organisation. The secret is never shown again."""
    call.allow([Relation.OWN], subject=f"organisation/{call.caller.organisation}")
    stated = request.receiver
    known = store.receivers_of(call.transaction, call.caller.organisation)
    fresh = stated.id not in {each.id for each in known}
    findings = list(_faults(stated, fresh=fresh, private=call.settings.private_receivers))
    if fresh and len(known) >= MOST_RECEIVERS:
        findings.append(invalid("receiver.id", f"more than {MOST_RECEIVERS} receivers 接收端过多"))
    refuse(findings)
    secret = sealer_of(call.settings).encrypt(stated.secret.encode()) if stated.secret else b""
    receiver = Receiver(
        number=0, organisation_id=call.caller.organisation, id=stated.id, kind=_KINDS[stated.kind], url=stated.url,
        secret=secret, events=tuple(sorted(set(stated.events))), province=stated.province,
    )  # fmt: skip
    store.put(call.transaction, receiver)
    return pb.PutReceiverResponse(receiver=_shown(replace(receiver, rests_until=None, last_error="")))


def list_receivers(call: Call, _request: Any) -> pb.ListReceiversResponse:
    """The caller's own, without their secrets."""
    call.allow([Relation.OWN], subject=f"organisation/{call.caller.organisation}")
    known = store.receivers_of(call.transaction, call.caller.organisation)
    return pb.ListReceiversResponse(receivers=map(_shown, known))


def remove_receiver(call: Call, request: Any) -> pb.RemoveReceiverResponse:
    """Nothing more is told to it, what waits included."""
    return pb.RemoveReceiverResponse(dropped=store.remove(call.transaction, _own(call, request.receiver_id)))


def list_deliveries(call: Call, request: Any) -> pb.ListDeliveriesResponse:
    """One more is read than is shown, so that the last page is known to be the last."""
    receiver = _own(call, request.receiver_id)
    wrong = [invalid(f"states[{index}]", f"no state {state} 无此状态")
             for index, state in enumerate(request.states) if state not in _STATES]  # fmt: skip
    refuse((*wrong, *text_of(request.waybill_id, "waybill_id")))
    asked = page_of(call, request)
    found = store.page(
        call.transaction,
        receiver,
        states=[_STATES[state] for state in request.states],
        waybill_id=request.waybill_id,
        before=int(asked.cursor) if asked.cursor else None,
        most=asked.size + 1,
    )
    response = pb.ListDeliveriesResponse(deliveries=[_delivery(receiver, each) for each in found[: asked.size]])
    if len(found) > asked.size:
        response.next_page_token = next_page_token(call, request, str(found[asked.size - 1].number))
    return response


def replay_deliveries(call: Call, request: Any) -> pb.ReplayDeliveriesResponse:
    """Those named, or all since a time, are told again."""
    receiver = _own(call, request.receiver_id)
    since, faults = time_of(request.queued_from, "queued_from")
    findings = [*faults]
    if len(request.delivery_ids) > _MOST_REPLAYED:
        findings.append(invalid("delivery_ids", f"more than {_MOST_REPLAYED} 过多"))
    if not request.delivery_ids and since is None:
        findings.append(missing("delivery_ids"))
    numbers = [int(each) for each in request.delivery_ids if re.fullmatch(r"[0-9]{1,18}", each)]
    if len(numbers) < len(request.delivery_ids):
        findings.append(invalid("delivery_ids", "not ids of deliveries 不是推送编号"))
    refuse(findings)
    return pb.ReplayDeliveriesResponse(replayed=store.replay(call.transaction, receiver, numbers, since))


def _own(call: Call, receiver_id: str) -> Receiver:
    """Raises a refusal NOT_FOUND for what is not the caller's."""
    call.allow([Relation.OWN], subject=f"organisation/{call.caller.organisation}")
    refuse(text_of(receiver_id, "receiver_id", required=True))
    receiver = store.find(call.transaction, call.caller.organisation, receiver_id)
    if receiver is None:
        raise Refusal((Finding(reason=NOT_FOUND, path="receiver_id"),))
    return receiver


def _faults(stated: pb.Receiver, *, fresh: bool, private: bool) -> Iterator[Finding]:
    yield from text_of(stated.id, "receiver.id", required=True)
    if stated.kind not in _KINDS:
        yield invalid("receiver.kind", "neither webhook nor province 应为 webhook 或 province")
    if problem := check_url(stated.url, private=private):
        yield invalid("receiver.url", problem)
    if fresh and not stated.secret:
        yield missing("receiver.secret")
    elif stated.secret and not _SECRET.fullmatch(stated.secret):
        yield invalid("receiver.secret", "not 16 to 200 printable ASCII characters 应为16至200个可打印ASCII字符")
    for index, event in enumerate(stated.events):
        if event not in EVENTS:
            yield invalid(f"receiver.events[{index}]", f"none of {', '.join(sorted(EVENTS))} 无此事件")
    if (stated.kind == pb.RECEIVER_KIND_PROVINCE) != bool(_PROVINCE.fullmatch(stated.province)):
        yield invalid("receiver.province", "two digits for a province, else empty 省级平台应填两位代码，其他应为空")


def _shown(receiver: Receiver) -> pb.Receiver:
    kind = next(number for number, name in _KINDS.items() if name == receiver.kind)
    message = pb.Receiver(
        id=receiver.id, kind=kind, url=receiver.url, events=receiver.events, province=receiver.province,
        last_error=receiver.last_error,
    )  # fmt: skip
    if receiver.rests_until is not None:
        message.rests_until.FromDatetime(receiver.rests_until)
    return message


def _delivery(receiver: Receiver, delivery: Delivery) -> pb.Delivery:
    state = next(number for number, name in _STATES.items() if name == delivery.state)
    message = pb.Delivery(
        id=str(delivery.number), receiver_id=receiver.id, waybill_id=delivery.waybill_id, event=delivery.event, state=state,
        attempts=delivery.attempts, last_error=delivery.last_error, last_status=delivery.last_status,
    )  # fmt: skip
    message.queued_at.FromDatetime(delivery.queued_at)
    if delivery.state == store.WAITING:
        message.due_at.FromDatetime(max(filter(None, (delivery.due_at, receiver.rests_until))))
    if delivery.answered_at is not None:
        message.answered_at.FromDatetime(delivery.answered_at)
    return message
